package sip

import (
	"strconv"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/rtp"
)

// early is a branch of a call of ours that rings: a dialog with no answer yet (RFC 3261 §12.1.2). What it describes of the
// session is kept for an answer that does not; nobody hears it.
type early struct {
	d *dialog

	// Guarded by the attempt's mu:
	seq       uint32   // RSeq of the last reliable answer taken; 0: none
	due       []uint32 // and of those a PRACK is to be sent for
	acking    bool     // by a goroutine that is at it
	reliable  bool     // the session came in a reliable answer
	described bool     // agreed counts
	updated   bool     // local and agreed are of an UPDATE
	local     rtp.Local
	agreed    rtp.Agreed
}

// rings takes a provisional answer. It is news unless it is a repeated reliable one, or one out of turn, which will be
// repeated (RFC 3262 §4).
func (a *attempt) rings(res *sip.Response) (news bool) {
	tag := toTag(res)
	if res.StatusCode == 100 || tag == "" {
		return res.StatusCode > 100
	}
	e := a.ringing(tag, res)
	if e == nil {
		return false
	}
	a.mu.Lock()
	seq, reliable := rseq(res)
	switch {
	case !reliable:
	case e.seq != 0 && seq != e.seq+1:
		a.mu.Unlock()
		return false
	default:
		e.seq = seq
		e.due = append(e.due, seq)
		if !e.acking {
			e.acking = true
			a.p.t.begin(func() { a.acknowledge(e) })
		}
	}
	if reliable || !e.reliable {
		if agreed, err := agree(a.p.local, res); err == nil && !e.updated {
			e.agreed, e.described, e.reliable = agreed, true, reliable
		}
	}
	a.mu.Unlock()
	return true
}

// ringing is the branch of that tag, a new one if need be; nil: too late for one, or too many. Only the goroutine that reads the
// answers calls it.
func (a *attempt) ringing(tag string, res *sip.Response) *early {
	a.mu.Lock()
	e, no := a.early[tag], a.ended || a.hungUp[tag] || len(a.early) >= forksMost
	a.mu.Unlock()
	if e != nil || no {
		return e
	}
	e = &early{d: a.branch(res)}
	e.d.placed = a.p
	a.mu.Lock()
	defer a.mu.Unlock()
	a.early[tag] = e
	return e
}

// rseq is the number of a reliable provisional answer.
func rseq(res *sip.Response) (uint32, bool) {
	if !lists(res, "Require", "100rel") {
		return 0, false
	}
	n, err := strconv.ParseUint(field(res, "RSeq"), 10, 32)
	return uint32(n), err == nil && n > 0
}

// acknowledge sends the PRACKs that are due, one after the other: their order is their meaning.
func (a *attempt) acknowledge(e *early) {
	of := strconv.FormatUint(uint64(a.invite.CSeq().SeqNo), 10)
	for {
		a.mu.Lock()
		if len(e.due) == 0 || e.d.there.Err() != nil {
			e.acking = false
			a.mu.Unlock()
			return
		}
		seq := e.due[0]
		e.due = e.due[1:]
		a.mu.Unlock()
		res, err := e.d.ask(e.d.there, sip.PRACK, nil, sip.NewHeader("RAck", strconv.FormatUint(uint64(seq), 10)+" "+of+" INVITE"))
		if err != nil {
			a.p.t.log.Debug("sip: PRACK was not answered", "call_id", e.d.callID, "error", err)
		} else if res.StatusCode >= 300 {
			a.p.t.log.Debug("sip: PRACK was refused", "call_id", e.d.callID, "code", res.StatusCode)
		}
	}
}

// renegotiate answers an UPDATE of a branch that rings, once our own offer has its answer in a way that cannot get lost (RFC 3311
// §5.2); the dialog's mu is held.
func (p *placing) renegotiate(d *dialog, sdp *rtp.SDP, req *sip.Request, tx *sip.ServerTx) {
	p.mu.Lock()
	a := p.now
	p.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.early[d.remote.tag]
	if e == nil || !e.described || !e.reliable {
		_ = p.t.reply(tx, req, 491, "Request Pending")
		return
	}
	local := p.local
	if e.updated {
		local = e.local
	}
	local.Version++
	body, agreed, err := rtp.Answer(sdp, local)
	if err != nil {
		_ = p.t.reply(tx, req, 488, "Not Acceptable Here")
		return
	}
	d.refresh(req)
	if p.t.respond(tx, p.t.session(req, body, d, timing{})) == nil {
		e.local, e.agreed, e.updated = local, agreed, true
	}
}
