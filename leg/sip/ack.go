package sip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

var errNoACK = errors.New("sip: the far end never acknowledged")

// unacked is a 2xx to an INVITE that is repeated until its ACK comes, by whatever transport (RFC 3261 §13.3.1.4).
type unacked struct {
	d     *dialog
	tx    *sip.ServerTx
	res   *sip.Response
	seq   uint32 // CSeq of the INVITE
	offer bool   // the 2xx offers, the ACK answers
	once  sync.Once
	done  chan struct{} // closed by settle
	body  []byte        // of the ACK; valid once done
	lost  bool          // none came; valid once done
}

// await makes the dialog wait for an ACK; mu is held. An earlier wait ends.
func (d *dialog) await(tx *sip.ServerTx, res *sip.Response, seq uint32) *unacked {
	if d.unacked != nil {
		d.unacked.settle(nil)
	}
	d.unacked = &unacked{d: d, tx: tx, res: res, seq: seq, done: make(chan struct{})}
	return d.unacked
}

// offering reports whether an offer of ours in a 2xx waits for its answer; mu is held.
func (d *dialog) offering() bool { return d.unacked != nil && d.unacked.offer && !d.unacked.over() }

func (u *unacked) over() bool {
	select {
	case <-u.done:
		return true
	default:
		return false
	}
}

func (u *unacked) settle(body []byte) {
	u.once.Do(func() {
		u.body = body
		close(u.done)
	})
}

// implied reports whether the far end would not send this had it not got the 2xx. PRACK and UPDATE it may have sent before; and an
// answer that is still owed is worth waiting for.
func (u *unacked) implied(req *sip.Request) bool {
	return req.CSeq().SeqNo > u.seq && !u.offer && req.Method != sip.PRACK && req.Method != sip.UPDATE
}

// repeat sends the 2xx again after T1, 2·T1 … at most every T2, until the ACK; after 64·T1 it gives the call up.
func (u *unacked) repeat() {
	defer u.forget()
	pause := sip.T1
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for end := time.Now().Add(64 * sip.T1); ; {
		select {
		case <-u.done:
			return
		case ack := <-u.tx.Acks(): // from one that gives the ACK its INVITE's branch
			u.settle(ack.Body())
			return
		case <-u.d.t.quit.Done():
		case <-timer.C:
			if time.Now().Before(end) {
				_ = u.tx.Respond(u.res)
				pause = min(2*pause, sip.T2)
				timer.Reset(pause)
				continue
			}
		}
		u.once.Do(func() {
			u.lost = true
			close(u.done)
		})
		if c := u.d.answered(); u.lost && c != nil {
			c.end(&leg.GoneError{Cause: parley.Unreachable}, true)
		}
		return
	}
}

// forget lets go of the INVITE's transaction and of the 2xx: a call may last for hours. Who has acknowledged is where he says.
func (u *unacked) forget() {
	u.d.mu.Lock()
	defer u.d.mu.Unlock()
	if u.d.leg != nil && !u.lost {
		u.d.leg.unproven.Store(false)
	}
	if u.d.unacked == u {
		u.d.unacked = nil
	}
}

// answer waits for the ACK and reads the answer to our offer from it.
func (u *unacked) answer(ctx context.Context, local rtp.Local) (rtp.Agreed, error) {
	select {
	case <-u.done:
	case <-ctx.Done():
		return rtp.Agreed{}, ctx.Err()
	}
	if u.lost {
		return rtp.Agreed{}, errNoACK
	}
	sdp, err := rtp.ParseSDP(u.body)
	if err != nil {
		return rtp.Agreed{}, fmt.Errorf("answer in the ACK: %w", err)
	}
	return rtp.Accept(local, sdp)
}

// ack takes an ACK to a 2xx. Late and repeated ones mean nothing.
func (d *dialog) ack(req *sip.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unacked != nil && d.unacked.seq == req.CSeq().SeqNo {
		d.unacked.settle(req.Body())
	}
}
