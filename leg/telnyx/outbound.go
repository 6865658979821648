package telnyx

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/stream"
	"github.com/parley-voice/parley/rtp"
)

// What keeps calls from being placed before Telnyx is asked.
var (
	ErrNotPublic = errors.New("telnyx: PARLEY_PUBLIC_URL is not set: Telnyx would find no way to this server; write https://parley.example.com")
	ErrNoApp     = errors.New("telnyx: the account connection's credentials lack connection_id, the id of the Call Control application that places calls")
	errTo        = errors.New("telnyx: the number called is none that Telnyx takes: E.164 or a sip: address was expected")
	errFrom      = errors.New("telnyx: the calling number is none that Telnyx takes: E.164 was expected")
)

const ringTimeout = 40 * time.Second

// newState is a client_state that nobody can guess.
func newState() string { return base64.StdEncoding.EncodeToString([]byte("parley:" + rand.Text())) }

// Dial implements leg.Trunk. Any error is a *leg.Rejected, or wraps one.
func (d *Door) Dial(ctx context.Context, c leg.Call) (leg.Leg, error) {
	if !d.enter(true) {
		return nil, &leg.Rejected{Cause: parley.NodeLost}
	}
	defer d.done()
	conn, err := d.open(ctx, &c)
	if err != nil {
		return nil, refused(parley.Configuration, err)
	}
	release, err := d.usage.Await(ctx, &conn.Trunk)
	if err != nil {
		return nil, err
	}
	l := newLine(d, conn, newState())
	l.release = release
	d.mu.Lock()
	d.dialled[l.state] = l
	d.mu.Unlock()
	made, err := d.place(ctx, l, conn, &c)
	if err != nil {
		l.give()
		return nil, err
	}
	return made, nil
}

// refused is why a call was not placed or answered, with what there is to be said about it.
func refused(cause parley.Cause, err error) error {
	return &leg.Rejected{Cause: cause, Detail: err.Error()}
}

// open finds the account that is to carry a call, and checks what is the user's to mend.
func (d *Door) open(ctx context.Context, c *leg.Call) (*Connection, error) {
	if c.Trunk == nil {
		return nil, errTo
	}
	conn, err := d.cfg.Open(ctx, c.Trunk.ID)
	switch {
	case err != nil:
		return nil, err
	case d.cfg.Public == "":
		return nil, ErrNotPublic
	case conn.App == "":
		return nil, ErrNoApp
	case !e164(c.To) && !address(c.To):
		return nil, errTo
	case !e164(c.From):
		return nil, errFrom
	}
	conn.Trunk = *c.Trunk
	return &conn, nil
}

// e164 reports whether s is a number with nothing behind it: Telnyx would press what follows a comma.
func e164(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 3 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}

// give gives a call up that was to be placed. What Telnyx knows of is hung up; of what may yet show up as placed the line stays, deaf to
// all but that.
func (l *line) give() {
	l.deafen()
	l.hangUp()
	if l.control() != "" || l.over.known() {
		l.end()
		return
	}
	l.release()
	l.mu.Lock()
	maybe := l.doubt
	l.mu.Unlock()
	if !maybe {
		l.d.remove(l)
		return
	}
	l.d.begin(func() {
		defer l.d.remove(l)
		late := time.NewTimer(l.d.waits.late)
		defer late.Stop()
		select {
		case <-l.placed.is:
			l.hangUp()
		case <-late.C:
		case <-l.d.ctx.Done():
		}
	})
}

// place dials, and waits until somebody answers and the sound is there.
func (d *Door) place(ctx context.Context, l *line, conn *Connection, c *leg.Call) (leg.Leg, error) {
	ring := c.RingTimeout
	if ring <= 0 {
		ring = ringTimeout
	}
	token, url := d.expect(l)
	defer d.forget(token)
	ids, err := conn.Account.Dial(ctx, l.order(conn, c, url, ring))
	no := new(Refusal)
	switch {
	case err == nil:
		d.mu.Lock()
		if l.ids.Control == "" || l.ids.Control == ids.Control {
			d.named(l, ids)
		}
		d.mu.Unlock()
		l.placed.set()
	case errors.As(err, &no) && no.Doubt:
		l.doubtful()
	case errors.As(err, &no):
		return nil, refused(no.Cause, err)
	default:
		return nil, refused(parley.Unreachable, err)
	}
	return d.await(ctx, l, c, ring, err)
}

// order is the body of POST /v2/calls.
func (l *line) order(conn *Connection, c *leg.Call, url string, ring time.Duration) map[string]any {
	params := sound(url, rtp.PCMU)
	params["connection_id"], params["to"], params["from"] = conn.App, c.To, c.From
	params["command_id"], params["client_state"] = uuid.NewString(), l.state
	params["timeout_secs"] = int(min(max(math.Ceil(ring.Seconds()), 5), 600))
	params["time_limit_secs"] = int(min(c.Limits.OrDefault().MaxDuration.Seconds()+60, 14400)) // should we not be there to hang up
	if c.Detect {
		params["answering_machine_detection"] = "detect"
	}
	custom, sip := []header{}, []header{}
	if c.ID != "" {
		custom = append(custom, header{"X-Parley-Call-ID", c.ID})
	}
	for k, v := range c.Headers {
		switch {
		case !worthwhile(k) || !clean(k) || !clean(v) || len(v) > valueMost || strings.EqualFold(k, "X-Parley-Call-ID"):
		case strings.EqualFold(k, "User-to-User"):
			sip = append(sip, header{"User-to-User", v})
		default:
			custom = append(custom, header{k, v})
		}
	}
	params["custom_headers"] = custom
	if len(sip) > 0 {
		params["sip_headers"] = sip
	}
	return params
}

// await waits for the answer. doubt is why it is not known whether the call was placed; nil: it was.
func (d *Door) await(ctx context.Context, l *line, c *leg.Call, ring time.Duration, doubt error) (leg.Leg, error) {
	rings := time.NewTimer(ring)
	defer rings.Stop()
	unsure := time.NewTimer(d.waits.doubt)
	defer unsure.Stop()
	if doubt == nil {
		unsure.Stop()
	}
	var a *arrival
	var handOver func() stream.Socket
	defer func() {
		if a != nil && handOver != nil {
			a.socket.Close()
		}
	}()
	answered, placed := l.answered.is, l.placed.is
	for {
		select {
		case a = <-l.arrived:
			handOver = a.hold()
		case <-answered:
			answered = nil
			rings.Reset(d.waits.sound)
			unsure.Stop()
		case <-l.over.is:
			return nil, l.unanswered()
		case <-l.failed.is:
			return nil, refused(parley.Unreachable, l.noSound())
		case <-placed:
			placed = nil
			unsure.Stop()
		case <-unsure.C:
			return nil, refused(parley.Unreachable, doubt)
		case <-rings.C:
			if answered == nil {
				return nil, refused(parley.Unreachable, l.noSound())
			}
			return nil, &leg.Rejected{Cause: parley.NoAnswer}
		case <-d.ctx.Done():
			return nil, &leg.Rejected{Cause: parley.NodeLost}
		case <-ctx.Done():
			return nil, &leg.Rejected{Cause: parley.Cancelled}
		}
		if a != nil && answered == nil {
			socket := handOver()
			handOver = nil
			return l.connect(a, socket, rtp.PCMU, c.Limits, address(c.To) && c.Trunk.Media.Refer), nil
		}
	}
}

// unanswered is how a call ended that nobody answered.
func (l *line) unanswered() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	code := l.last.status()
	r := &leg.Rejected{Cause: unanswered(l.last.Cause, code), Code: code}
	if r.Cause == parley.Unreachable || r.Cause == parley.Configuration {
		r.Detail = fmt.Sprintf("telnyx: hangup_cause %s, sip_hangup_cause %s", cut(l.last.Cause), cut(l.last.Code))
	}
	return r
}
