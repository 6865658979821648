package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

var callSID = regexp.MustCompile(`^CA[0-9a-fA-F]{32}$`)

// webhook is the account of a webhook's path, and what Twilio says there; when there is none, or it is not Twilio, it has answered.
func (d *Door) webhook(w http.ResponseWriter, r *http.Request) (a Account, f url.Values, ok bool) {
	a, err := d.conf.Account(r.Context(), r.PathValue("connection"))
	switch {
	case errors.Is(err, ErrNoAccount):
		http.NotFound(w, r)
	case err != nil:
		d.conf.Logger.Error("reading an account with Twilio", "connection", r.PathValue("connection"), "error", err)
		http.Error(w, "the account cannot be read now", http.StatusServiceUnavailable)
	default:
		if f, err = d.fieldsOf(w, r, &a); err == nil {
			return a, f, true
		}
		d.refuse(w, r, err)
	}
	return a, nil, false
}

// voice is the webhook of a call that comes in (twilio.com/docs/voice/twiml#twilios-request-to-your-application). Asked again for the same
// call, by a retry, it says the same.
func (d *Door) voice(w http.ResponseWriter, r *http.Request) {
	a, f, ok := d.webhook(w, r)
	if !ok {
		return
	}
	sid := f.Get("CallSid")
	if !callSID.MatchString(sid) || f.Get("Direction") != "inbound" {
		http.Error(w, "no call that comes in", http.StatusBadRequest)
		return
	}
	if err := d.reachable(&a); err != nil {
		d.conf.Logger.Error("a call by Twilio cannot be taken", "error", err)
		answerXML(w, reject(""))
		return
	}
	c := d.ring(a, sid, f, remote(r))
	if c == nil {
		answerXML(w, reject(parley.Busy))
		return
	}
	late := time.NewTimer(decideMost)
	defer late.Stop()
	select {
	case <-c.decided:
	case <-late.C:
		if c.ringsOn() {
			answerXML(w, askAgain(d.conf.PublicURL+r.URL.RequestURI()))
			return
		}
		c.giveUp(errors.New("nobody answered in time"))
	case <-r.Context().Done():
		return // it asks again
	}
	c.mu.Lock()
	text := c.twiml
	c.mu.Unlock()
	answerXML(w, text)
}

func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the request is too long", http.StatusRequestEntityTooLarge)
	case errors.Is(err, errForeign):
		d.conf.Logger.Warn("a request that is not Twilio's was refused", "path", r.URL.Path, "from", r.RemoteAddr)
		http.Error(w, err.Error(), http.StatusForbidden)
	default:
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
	}
}

// rings is the call that rings under a key, nil when it is not to; or it is a new one. mu is held.
func (d *Door) rings(k key) (c *call, fresh bool) {
	if c := d.calls[k]; c != nil {
		if c.inbound {
			c.asked()
			return c, false
		}
		return nil, false
	}
	return nil, !d.past.known[k] && d.answer != nil && d.serving.Err() == nil
}

// ring is the call of a webhook: the one that rings already, or a new one. nil: there is nobody for it.
func (d *Door) ring(a Account, sid string, f url.Values, from netip.AddrPort) *call {
	k := key{a.Trunk.ID, sid}
	d.mu.Lock()
	c, fresh := d.rings(k)
	d.mu.Unlock()
	if !fresh {
		return c
	}
	leave, ok := d.use.Enter(&a.Trunk) // may ask a database: nobody else waits for it
	if !ok {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c, fresh := d.rings(k); !fresh {
		leave()
		return c
	}
	c = d.newCall(a, ringsMost+connectMost)
	c.inbound, c.sid, c.fields, c.leave = true, sid, f, leave
	d.calls[k] = c
	answer := d.answer
	ctx, gone := context.WithCancelCause(d.serving)
	c.gone = gone
	d.ringing.Go(func() {
		answer(ctx, &offer{c: c, from: from})
		gone(nil)
		c.decide(reject(""))
		c.mu.Lock()
		l := c.line
		c.mu.Unlock()
		if l != nil {
			_ = l.Hangup(ctx, parley.AgentEnded)
		}
		d.forget(c)
	})
	return c
}

// decide answers the webhook, once.
func (c *call) decide(twiml string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.twiml != "" {
		return false
	}
	c.twiml = twiml
	close(c.decided)
	return true
}

// ringsOn reports whether the phone may ring on while nothing is decided. Should Twilio not ask again then, the caller has gone.
func (c *call) ringsOn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.twiml != "" || time.Until(c.expires) < decideMost+connectMost {
		return false
	}
	if c.again != nil {
		c.again.Stop()
	}
	c.again = time.AfterFunc(againMost, func() { c.giveUp(errors.New("the caller hung up")) })
	return true
}

// asked: Twilio asks again.
func (c *call) asked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.again != nil {
		c.again.Stop()
	}
}

// giveUp refuses a call that nobody has answered yet.
func (c *call) giveUp(why error) {
	if c.decide(reject(parley.Busy)) {
		c.cancel(why)
	}
}

// cancel ends the ringing: the caller has gone.
func (c *call) cancel(why error) {
	c.mu.Lock()
	gone := c.gone
	c.mu.Unlock()
	if gone != nil {
		gone(why)
	}
}

// An offer is a call that comes in, until it is answered.
type offer struct {
	c    *call
	from netip.AddrPort
}

// Ringing implements leg.Offer.
func (o *offer) Ringing() leg.Ringing {
	f := o.c.fields
	r := leg.Ringing{ID: o.c.id(), From: said(f, "From"), To: said(f, "To"), FromName: said(f, "CallerName"), Trunk: o.c.account.Trunk.ID, Source: o.from,
		Carrier: parley.CarrierTwilio, Headers: map[string]string{}}
	for name, field := range map[string]string{"from_city": "FromCity", "from_state": "FromState", "from_zip": "FromZip", "from_country": "FromCountry",
		"forwarded_from": "ForwardedFrom", "stir_verstat": "StirVerstat"} {
		if v := said(f, field); v != "" {
			r.Headers[name] = v
		}
	}
	return r
}

const mostSaid = 128 // bytes of a field

// said is a field without what no text of one line has.
func said(f url.Values, name string) string {
	s := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, f.Get(name))
	if len(s) > mostSaid {
		s = strings.ToValidUTF8(s[:mostSaid], "")
	}
	return strings.TrimSpace(s)
}

// Answer implements leg.Offer: Twilio picks up, and opens the sound.
func (o *offer) Answer(ctx context.Context, l leg.Limits) (leg.Leg, error) {
	c, d := o.c, o.c.d
	c.limits = l
	d.mu.Lock()
	d.tickets[c.ticket] = c
	d.mu.Unlock()
	if !c.decide(connect(d.wss(mediaPath+c.ticket), c.key)) {
		return nil, errors.New("twilio: the caller was refused already")
	}
	late := time.NewTimer(connectMost)
	defer late.Stop()
	for {
		select {
		case s := <-c.sound:
			return s, nil
		case <-c.told:
			if c.over() {
				d.forget(c)
				return nil, errors.New("twilio: the caller hung up before there was sound")
			}
		case <-late.C:
			return nil, o.fail(ctx, fmt.Errorf("twilio: the call was answered, but no stream came for its sound (%w)", &leg.GoneError{Cause: parley.MediaTimeout}))
		case <-ctx.Done():
			return nil, o.fail(ctx, context.Cause(ctx))
		}
	}
}

// fail ends a call that was picked up and has no sound.
func (o *offer) fail(ctx context.Context, err error) error {
	o.c.d.forget(o.c)
	return errors.Join(err, o.c.end(ctx, "completed"))
}

// Reject implements leg.Offer.
func (o *offer) Reject(_ context.Context, cause parley.Cause) error {
	o.c.decide(reject(cause))
	return nil
}

func (c *call) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.final != ""
}

func remote(r *http.Request) netip.AddrPort {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
