package twilio

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/parley-voice/parley/leg"
)

// status is the webhook of what becomes of a call (twilio.com/docs/voice/api/call-resource#statuscallback), and of who answered it
// (twilio.com/docs/voice/answering-machine-detection#asyncamdstatuscallback). What is said of a call that nobody here knows is heard, and
// means nothing.
func (d *Door) status(w http.ResponseWriter, r *http.Request) {
	a, f, ok := d.webhook(w, r)
	if !ok {
		return
	}
	sid := f.Get("CallSid")
	if !callSID.MatchString(sid) {
		http.Error(w, "CallSid is none", http.StatusBadRequest)
		return
	}
	ours := r.URL.Query().Get(keyParameter)
	k := key{a.Trunk.ID, sid}
	d.mu.Lock()
	c, over := d.calls[k], d.past.known[k]
	if c == nil && ours != "" {
		c = d.placed[ours] // the answer to our request is still on its way, or was lost
	}
	d.mu.Unlock()
	if c == nil && ours != "" && !over && f.Get("CallStatus") == "ringing" {
		d.orphan(r.Context(), a, sid)
	}
	if c != nil && c.account.Trunk.ID == a.Trunk.ID && c.name(sid) {
		c.hear(f)
	}
	w.WriteHeader(http.StatusNoContent)
}

// orphan stops a phone that rings for a call of ours which nobody waits for any more: it was in doubt and given up, or the server was stopped.
func (d *Door) orphan(ctx context.Context, a Account, sid string) {
	c := d.newCall(a, 0)
	c.sid = sid
	if err := c.end(ctx, "canceled"); err != nil {
		d.conf.Logger.Warn("twilio: a phone rings for a call that was given up", "call_sid", sid, "error", err)
	}
}

// hear takes a callback.
func (c *call) hear(f url.Values) {
	c.mu.Lock()
	was := c.state
	news := c.state.add(f)
	s, l := c.state, c.line
	c.mu.Unlock()
	if !news {
		return
	}
	if l != nil && s.who != was.who {
		l.Tell(leg.Event{Kind: leg.Detected, Who: s.who})
	}
	if s.final != "" {
		if l != nil {
			l.Leave("")
		} else {
			c.cancel(errors.New("the caller hung up"))
		}
	}
	select {
	case c.told <- struct{}{}:
	default:
	}
}
