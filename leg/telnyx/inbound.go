package telnyx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/stream"
	"github.com/parley-voice/parley/rtp"
)

// webhook takes an event. What is not Telnyx' changes nothing.
func (d *Door) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := stream.Body(w, r, eventsMost)
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	id := r.PathValue("connection")
	conn, err := d.cfg.Open(r.Context(), id)
	switch {
	case parley.IsNotFound(err):
		http.Error(w, "there is no such account connection", http.StatusNotFound)
		return
	case err != nil:
		d.log.Error("reading an account connection with Telnyx", "connection", id, "error", err)
		http.Error(w, "come again", http.StatusServiceUnavailable)
		return
	}
	if err := verify(conn.PublicKey, r.Header, body, time.Now()); err != nil {
		if errors.Is(err, errKey) {
			d.log.Warn("a webhook of Telnyx' was refused", "connection", id, "error", err)
		}
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	e, err := parse(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !d.enter(false) || !d.takes(e) {
		http.Error(w, "come again", http.StatusServiceUnavailable)
		return
	}
	defer d.done()
	if d.seen.add(id + " " + e.ID) {
		d.happened(&conn, e)
	}
	w.WriteHeader(http.StatusOK)
}

// takes reports whether an event can be acted on; otherwise it takes back the enter before it.
func (d *Door) takes(e *event) bool {
	d.mu.Lock()
	ok := d.answer != nil && (!d.closing || e.Type != "call.initiated")
	d.mu.Unlock()
	if !ok {
		d.done()
	}
	return ok
}

// happened acts on an event that is new.
func (d *Door) happened(c *Connection, e *event) {
	p := &e.Payload
	if l := d.find(c.Trunk.ID, p); l != nil {
		l.tell(e)
		return
	}
	switch {
	case e.Type == "call.hangup":
		d.gone.add(c.Trunk.ID + " " + p.Control)  // its beginning may come yet
		if l := d.find(c.Trunk.ID, p); l != nil { // or has come meanwhile
			l.tell(e)
		}
	case e.Type == "call.initiated" && p.Direction == "incoming":
		d.ring(c, p)
	}
}

// ring offers a call to whoever answers.
func (d *Door) ring(c *Connection, p *payload) {
	if !d.enter(true) {
		return
	}
	l := newLine(d, c, newState())
	d.mu.Lock()
	if d.gone.knows(c.Trunk.ID+" "+p.Control) || d.calls[key{l.trunk, p.Control}] != nil {
		d.mu.Unlock()
		d.done()
		return
	}
	d.named(l, IDs{p.Control, p.Leg, p.Session})
	answer := d.answer
	ctx, lost := context.WithCancelCause(d.ctx)
	d.mu.Unlock()
	l.rings(lost)
	o := &offer{l: l, codec: offered(p), sip: strings.Contains(p.From, "@") && c.Trunk.Media.Refer, ringing: leg.Ringing{ID: p.Control, From: party(p.From),
		To: party(p.To), FromName: named(p.Name), Headers: p.headers(), Trunk: l.trunk, Carrier: parley.CarrierTelnyx}}
	go func() {
		defer d.done()
		defer lost(nil)
		defer o.leave()
		release, room := d.usage.Enter(&c.Trunk)
		if !room {
			_ = o.Reject(ctx, parley.Busy)
			return
		}
		l.release = release
		answer(ctx, o)
	}()
}

// rings: somebody is to answer, until the caller gives up.
func (l *line) rings(lost context.CancelCauseFunc) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost = lost; l.over.known() {
		lost(errGone)
	}
}

// named is a display name that may be shown.
func named(s string) string {
	if len(s) > 256 || !clean(s) {
		return ""
	}
	return s
}

// offered is the codec to be spoken: wide where the caller has it and the application does not forbid it.
func offered(p *payload) rtp.Codec {
	if listed(p.Offered, "G722") && (p.Enabled == "" || listed(p.Enabled, "G722")) {
		return rtp.G722
	}
	return rtp.PCMU
}

func listed(list, name string) bool {
	for s := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(s), name) {
			return true
		}
	}
	return false
}

// An offer is a call that comes in.
type offer struct {
	l       *line
	ringing leg.Ringing
	codec   rtp.Codec
	sip     bool
	leg     *call // nil: not answered; its owner's
	refused bool
}

var _ leg.Offer = (*offer)(nil)

// Ringing implements leg.Offer.
func (o *offer) Ringing() leg.Ringing { return o.ringing }

// Answer implements leg.Offer. It returns when the sound is there.
func (o *offer) Answer(ctx context.Context, limits leg.Limits) (leg.Leg, error) {
	d := o.l.d
	if d.cfg.Public == "" {
		return nil, fmt.Errorf("%w (%w)", ErrNotPublic, &leg.GoneError{Cause: parley.Configuration})
	}
	token, url := d.expect(o.l)
	defer d.forget(token)
	params := sound(url, o.codec)
	if o.codec == rtp.G722 {
		params["preferred_codecs"] = "G722,PCMU,PCMA"
	}
	if err := o.l.command(ctx, "answer", params); err != nil {
		return nil, err
	}
	a, err := o.l.awaitSound(ctx)
	if err != nil {
		return nil, err
	}
	o.leg = o.l.connect(a, a.socket, o.codec, limits, o.sip)
	return o.leg, nil
}

// sound asks for media streaming both ways. Of wide sound the call's own codec comes; all else is had as PCMU where Telnyx can.
func sound(url string, c rtp.Codec) map[string]any {
	name, heard := "PCMU", "PCMU"
	if c == rtp.G722 {
		name, heard = "G722", "default"
	}
	return map[string]any{"stream_url": url, "stream_track": "inbound_track", "stream_codec": heard, "stream_bidirectional_mode": "rtp",
		"stream_bidirectional_codec": name, "stream_bidirectional_target_legs": "self", "send_silence_when_idle": true}
}

// Reject implements leg.Offer.
func (o *offer) Reject(ctx context.Context, c parley.Cause) error {
	o.refused = true
	if o.l.over.known() {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer stop()
	return o.l.command(ctx, "reject", map[string]any{"cause": rejection(c)})
}

// leave is the end of whoever was to answer: a call that they did not refuse is hung up.
func (o *offer) leave() {
	if o.leg != nil {
		_ = o.leg.Hangup(context.Background(), parley.AgentEnded)
		return
	}
	if !o.refused {
		o.l.hangUp()
	}
	o.l.end()
}
