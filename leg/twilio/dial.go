package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/number"
)

// Dial implements leg.Trunk. Which numbers may be called was decided before.
func (d *Door) Dial(ctx context.Context, call leg.Call) (leg.Leg, error) {
	no := func(format string, v ...any) (leg.Leg, error) {
		return nil, &leg.Rejected{Cause: parley.Configuration, Detail: fmt.Sprintf(format, v...)}
	}
	if call.Trunk == nil {
		return no("no account with Twilio was named")
	}
	a, err := d.conf.Account(ctx, call.Trunk.ID)
	if err != nil {
		return no("%v", err)
	}
	if err := d.reachable(&a); err != nil {
		return no("%v", err)
	}
	to, err := number.Number("to_number", call.To)
	if err != nil {
		return no("Twilio calls numbers such as +14155550123: %v", err)
	}
	from, err := number.Number("from_number", call.From)
	if err != nil {
		return no("Twilio calls from numbers of its own, or that it has verified: %v", err)
	}
	leave, err := d.use.Await(ctx, call.Trunk)
	if err != nil {
		return nil, err
	}
	c := d.newCall(a, ticketLasts)
	c.limits, c.leave = call.Limits, leave
	d.mu.Lock()
	d.placed[c.key], d.tickets[c.ticket] = c, c
	d.mu.Unlock()
	l, err := c.place(ctx, call, from, to)
	if err != nil {
		d.forget(c)
		return nil, err
	}
	return l, nil
}

// form has the fields of a call that is placed (twilio.com/docs/voice/api/call-resource#create-a-call-resource).
func (c *call) form(call leg.Call, from, to string, ring time.Duration) url.Values {
	d := c.d
	back := d.conf.PublicURL + statusPath + url.PathEscape(c.account.Trunk.ID) + "?" + keyParameter + "=" + c.key
	f := url.Values{
		"From": {from}, "To": {to}, "Twiml": {connect(d.wss(mediaPath+c.ticket), c.key)}, "Timeout": {strconv.Itoa(int(ring / time.Second))},
		"Record": {"false"}, "StatusCallback": {back}, "StatusCallbackMethod": {"POST"},
		"StatusCallbackEvent": {"initiated", "ringing", "answered", "completed"},
	}
	if call.Detect {
		f.Set("MachineDetection", "Enable")
		f.Set("AsyncAmd", "true") // the sound begins at once
		f.Set("AsyncAmdStatusCallback", back)
		f.Set("AsyncAmdStatusCallbackMethod", "POST")
	}
	return f
}

// place asks for the call, once, and waits for what comes of it.
func (c *call) place(ctx context.Context, call leg.Call, from, to string) (leg.Leg, error) {
	ring := call.RingTimeout
	if ring <= 0 {
		ring = ringDefault
	}
	ring = min(max(ring, time.Second), ringMost)
	patience := ring + ringExtra
	type asked struct {
		sid string
		err error
	}
	answer := make(chan asked, 1)
	go func() { // in a context of its own: a request that was begun is not to be left in doubt
		within, done := context.WithTimeout(context.WithoutCancel(ctx), doubtMost)
		defer done()
		sid, err := c.account.API.Place(within, c.form(call, from, to, ring))
		answer <- asked{sid, err}
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	w := &waiting{c: c, progress: call.Progress}
	done := ctx.Done()
	cancelled := false
	for {
		select {
		case got := <-answer:
			answer = nil
			if err := c.taken(got.sid, got.err); err != nil {
				return nil, err
			}
			if got.err != nil { // in doubt: it is ours if it says so by a callback
				late.Reset(doubtMost)
			}
			if cancelled {
				return nil, c.give(ctx, &leg.Rejected{Cause: parley.Cancelled, Code: 487})
			}
		case l := <-c.sound:
			if cancelled {
				l.Stop()
				return nil, c.give(ctx, &leg.Rejected{Cause: parley.Cancelled, Code: 487})
			}
			return l, nil
		case <-c.told:
			if no := w.told(late); no != nil {
				return nil, no
			}
		case <-late.C:
			return nil, c.give(ctx, w.silence())
		case <-done:
			if done, cancelled = nil, true; answer == nil || c.id() != "" {
				return nil, c.give(ctx, &leg.Rejected{Cause: parley.Cancelled, Code: 487})
			}
		}
	}
}

// taken takes the answer to our request. An error: nobody was called.
func (c *call) taken(sid string, err error) error {
	if err == nil {
		if !callSID.MatchString(sid) || !c.name(sid) {
			c.d.conf.Logger.Warn("twilio: a call was placed under no name", "call_sid", sid)
		}
		return nil
	}
	no := &leg.Rejected{Cause: parley.Unreachable, Detail: err.Error()}
	var r Refusal
	if errors.As(err, &r) {
		status, code, doubt := r.Said()
		if doubt {
			c.d.conf.Logger.Warn("twilio: whether a call was placed is not known; it is not placed again", "error", err)
			return nil
		}
		no.Cause = verdict(status, code)
	}
	return no
}

// verdict is what Twilio's refusal of a request means (twilio.com/docs/api/errors).
func verdict(status int, code string) parley.Cause {
	switch code {
	case "21211", "21214", "21217", "13223", "13224", "13225", "13226": // no number that could be called
		return parley.Unreachable
	}
	if status == 400 || status == 401 || status == 403 || status == 404 { // the account, its numbers or permissions
		return parley.Configuration
	}
	return parley.Unreachable
}

// A waiting is for the answer of whoever is called.
type waiting struct {
	c        *call
	progress func(leg.Progress)
	rang     bool
	answered bool
}

// told looks at what the callbacks say; an error: it will not be answered any more. late is set anew once somebody has picked up.
func (w *waiting) told(late *time.Timer) error {
	w.c.mu.Lock()
	s, sid := w.c.state, w.c.sid
	w.c.mu.Unlock()
	if (s.rang || s.answered) && !w.rang {
		if w.rang = true; w.progress != nil {
			w.progress(leg.Progress{Code: 180, ID: sid})
		}
	}
	if s.final != "" {
		return s.rejected()
	}
	if s.answered && !w.answered {
		w.answered = true
		late.Reset(connectMost)
	}
	return nil
}

// silence is why there is still nothing when the time is over.
func (w *waiting) silence() *leg.Rejected {
	switch {
	case w.answered:
		return &leg.Rejected{Cause: parley.MediaTimeout, Detail: "it was answered, but Twilio opened no stream for its sound: is PARLEY_PUBLIC_URL right, and do websockets reach this server?"}
	case w.c.id() == "":
		return &leg.Rejected{Cause: parley.Unreachable, Detail: "Twilio did not say whether it placed the call, and nothing was heard of it; it is not placed again"}
	}
	return &leg.Rejected{Cause: parley.NoAnswer, Code: 480}
}

// give gives a call up: what rings stops ringing.
func (c *call) give(ctx context.Context, no *leg.Rejected) error {
	c.mu.Lock()
	answered, over := c.state.answered, c.state.final != ""
	c.mu.Unlock()
	if over {
		return no
	}
	status := "canceled"
	if answered {
		status = "completed"
	}
	if err := c.end(ctx, status); err != nil {
		if err = c.end(ctx, "completed"); err != nil { // it was answered in this moment
			c.d.conf.Logger.Warn("twilio: giving up a call", "call_sid", c.id(), "error", err)
		}
	}
	return no
}
