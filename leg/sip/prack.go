package sip

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

var errNoPRACK = errors.New("sip: the far end never acknowledged that we ring")

// reliable is a provisional answer of ours that is repeated until its PRACK (RFC 3262 §3).
type reliable struct {
	seq  uint32 // RSeq
	of   uint32 // CSeq of the INVITE
	once sync.Once
	done chan struct{} // closed by settle
}

func (r *reliable) settle() { r.once.Do(func() { close(r.done) }) }

// ring tells the caller that we ring, reliably where he requires it. Without an offer of his the first reliable answer would have
// to carry ours (RFC 3261 §13.2.1): the 200 is to, so he is told no more than that we try. No 180 describes a session, so the
// 200 need not wait for the PRACK.
func (o *offer) ring() error {
	contact := o.t.contact(o.d.local.uri.User, o.d.peer)
	switch {
	case !lists(o.req, "Require", "100rel"):
		return o.t.reply(o.tx, o.req, 180, "Ringing", contact, sip.NewHeader("Allow", allow))
	case o.sdp == nil:
		return o.t.reply(o.tx, o.req, 100, "Trying")
	}
	r := &reliable{seq: rand.Uint32N(1<<31-1) + 1, of: o.req.CSeq().SeqNo, done: make(chan struct{})}
	o.d.mu.Lock()
	o.d.reliable = r
	o.d.mu.Unlock()
	res := sip.NewResponseFromRequest(o.req, 180, "Ringing", nil)
	for _, h := range []sip.Header{
		contact, sip.NewHeader("Allow", allow), sip.NewHeader("Require", "100rel"), sip.NewHeader("RSeq", strconv.FormatUint(uint64(r.seq), 10)),
	} {
		res.AppendHeader(h)
	}
	if err := o.t.respond(o.tx, res); err != nil {
		return err
	}
	conn := o.tx.Connection()
	o.t.begin(func() { o.insist(r, res, conn) })
	return nil
}

// insist repeats the 180 after T1, 2·T1, 4·T1 …; a caller who has not heard it after 64·T1 is refused. The repetitions do not pass
// the transaction: it would take them for its last word, even after a final one.
func (o *offer) insist(r *reliable, res *sip.Response, conn sip.Connection) {
	pause := sip.T1
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for end := time.Now().Add(64 * sip.T1); ; {
		select {
		case <-r.done:
			return
		case <-o.d.there.Done():
			return
		case <-timer.C:
		}
		if o.state.Load() != undecided {
			return
		}
		if !time.Now().Before(end) {
			if o.decide(cancelled) == nil {
				o.giveUp(errNoPRACK)
				_ = o.refuse(504, "Server Time-out")
			}
			return
		}
		_ = conn.WriteMsg(res)
		pause = min(2*pause, time.Until(end)+time.Millisecond)
		timer.Reset(pause)
	}
}

// prack takes the word that our reliable answer has arrived; mu is held. An offer in it would overtake the one we have not
// answered yet.
func (d *dialog) prack(req *sip.Request, tx *sip.ServerTx) {
	r := d.reliable
	seq, of, err := rack(field(req, "RAck"))
	if err != nil || r == nil || seq != r.seq || of != r.of {
		_ = d.t.reply(tx, req, 481, "Call/Transaction Does Not Exist")
		return
	}
	d.reliable = nil
	r.settle()
	switch sdp, no := offered(req); {
	case no != nil:
		_ = d.t.reply(tx, req, no.code, no.reason, no.instead...)
	case sdp != nil:
		_ = d.t.reply(tx, req, 488, "Not Acceptable Here")
	default:
		_ = d.t.reply(tx, req, 200, "OK")
	}
}

// rack reads a RAck header: the RSeq and the CSeq of what is acknowledged (RFC 3262 §7.2).
func rack(s string) (seq, of uint32, err error) {
	f := strings.Fields(s)
	if len(f) != 3 || f[2] != string(sip.INVITE) {
		return 0, 0, fmt.Errorf("sip: RAck %q", s)
	}
	a, err := strconv.ParseUint(f[0], 10, 32)
	b, err2 := strconv.ParseUint(f[1], 10, 32)
	return uint32(a), uint32(b), errors.Join(err, err2)
}
