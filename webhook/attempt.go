package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// A message is the body of a delivery.
type message struct {
	Type      parley.EventType `json:"type"`
	CallID    string           `json:"call_id"`
	Payload   json.RawMessage  `json:"payload"`
	ID        string           `json:"id"`
	Timestamp time.Time        `json:"timestamp"`
	Sequence  int64            `json:"sequence"`
}

// attempt makes one attempt and writes what came of it. An attempt that the end of the process cut short does not count.
func (d *Courier) attempt(ctx context.Context, n store.Delivery) report {
	r := report{Delivery: n}
	h, m, err := d.prepare(ctx, n)
	switch {
	case err != nil && ctx.Err() != nil:
		return r
	case parley.IsNotFound(err) || err == nil && !h.active:
		r.State = store.Dropped
	case !d.mine(ctx):
		r.NextAt = time.Now().Add(errorWait) // in memory alone: whoever delivers now has it, or finds it
		return r
	case err != nil:
		r.fail(store.Try{At: time.Now().UTC(), Error: err.Error()}, 0)
	default:
		try, after := d.send(ctx, h, m)
		switch {
		case ctx.Err() != nil && (try.Status < 200 || try.Status > 299):
			return r
		case try.Status >= 200 && try.Status <= 299:
			r.State = store.Delivered
			r.Attempts++
			r.Tries = append(r.Tries, try)
		case try.Status == http.StatusGone:
			r.fail(try, after)
			r.State, r.gone = store.Dropped, true
			d.disable(ctx, h)
		default:
			r.fail(try, after)
		}
	}
	d.keep(ctx, r.Delivery)
	if d.Attempted != nil {
		d.Attempted(r.State)
	}
	return r
}

// mine reports whether an attempt is this process's to make. One that stood still has deliveries in memory that another may have made since.
func (d *Courier) mine(ctx context.Context) bool {
	if d.Mine == nil {
		return true
	}
	is, err := d.Mine(ctx)
	if err != nil && ctx.Err() == nil {
		d.Logger.Error("a webhook waits: whose it is to deliver is not known", "error", err)
	}
	return err == nil && is
}

// fail notes a failed attempt and when the next is due.
func (r *report) fail(try store.Try, after time.Duration) {
	r.Attempts++
	r.Tries = append(r.Tries, try)
	if r.Attempts >= len(ladder) {
		r.State = store.Failed
		return
	}
	wait := ladder[r.Attempts]
	wait -= time.Duration(rand.Float64() * jitter * float64(wait))
	r.NextAt = time.Now().Add(max(wait, min(after, maxRetry))).UTC()
}

// keep writes what came of an attempt, also while the process ends. What cannot be written is tried again after a restart.
func (d *Courier) keep(ctx context.Context, n store.Delivery) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := d.DB.KeepDelivery(ctx, n); err != nil {
		d.Logger.Error("writing a delivery", "delivery", n.ID, "error", err)
	}
}

// disable switches a webhook off that answered 410; an update with active: true switches it on again.
func (d *Courier) disable(ctx context.Context, h hook) {
	d.Logger.Warn("webhook answered 410 and is switched off", "webhook", h.id)
	if strings.HasPrefix(h.id, inline) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := d.DB.Update(ctx, h.env, store.Webhooks, h.id, store.Doc{"active": false})
	if err = errors.Join(err, d.DB.DropDeliveries(ctx, h.id)); err != nil {
		d.Logger.Error("switching a webhook off", "webhook", h.id, "error", err)
	}
}

// prepare reads what is to be sent, and where.
func (d *Courier) prepare(ctx context.Context, n store.Delivery) (hook, message, error) {
	h, err := d.forDelivery(ctx, n)
	if err != nil {
		return hook{}, message{}, err
	}
	e, err := d.DB.Log().Event(ctx, n.EventID)
	if err != nil {
		return hook{}, message{}, err
	}
	m := message{Type: e.Type, CallID: e.CallID, Payload: e.Payload, ID: e.ID, Timestamp: e.Time, Sequence: e.Sequence}
	if e.Type == parley.EventRecording && d.RecordingURL != nil {
		var p map[string]any
		if json.Unmarshal(e.Payload, &p) != nil || p == nil {
			p = map[string]any{}
		}
		p["recording_url"] = d.RecordingURL(e.CallID)
		if m.Payload, err = json.Marshal(p); err != nil {
			return hook{}, message{}, err
		}
	}
	return h, m, nil
}

// send makes the request. after is what the receiver asked to be waited.
func (d *Courier) send(ctx context.Context, h hook, m message) (try store.Try, after time.Duration) {
	began := time.Now()
	try.At = began.UTC()
	defer func() { try.TookMS = time.Since(began).Milliseconds() }()
	r, err := d.request(ctx, h, m, began)
	if err != nil {
		try.Error = err.Error()
		return try, 0
	}
	res, err := d.Sender.Do(ctx, r)
	if res != nil {
		try.Status = res.Status
		after = retryAfter(res.Header.Get("Retry-After"), time.Now())
	}
	if err != nil && !errors.Is(err, fetch.ErrTooLarge) {
		try.Error = err.Error()
	}
	return try, after
}

// request is the message as it goes over the wire, signed. A GET carries the fields of the body in its query, the payload as
// JSON, and the signature is over the raw query.
func (d *Courier) request(ctx context.Context, h hook, m message, now time.Time) (fetch.Request, error) {
	r := fetch.Request{Method: h.method, URL: h.url, Header: http.Header{"User-Agent": {"Parley-Webhook"}}}
	body, err := json.Marshal(m)
	if err != nil {
		return r, err
	}
	signed := body
	if h.method == http.MethodGet {
		u, err := url.Parse(h.url)
		if err != nil {
			return r, errors.New("url is not a URL")
		}
		q := u.Query()
		q.Set("type", string(m.Type))
		q.Set("call_id", m.CallID)
		q.Set("payload", string(m.Payload))
		q.Set("id", m.ID)
		q.Set("timestamp", m.Timestamp.Format(time.RFC3339Nano))
		q.Set("sequence", strconv.FormatInt(m.Sequence, 10))
		u.RawQuery = q.Encode()
		r.URL, signed = u.String(), []byte(u.RawQuery)
	} else {
		r.Body = body
		r.Header.Set("Content-Type", "application/json")
	}
	name, value, err := d.authorization(ctx, h)
	if err != nil {
		return r, err
	}
	if name != "" {
		r.Header.Set(name, value)
	}
	r.Header.Set("webhook-id", m.ID)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	var signatures []string
	for _, s := range h.secrets {
		signatures = append(signatures, secret.SignWebhook(s, m.ID, now, signed))
	}
	if len(signatures) > 0 {
		r.Header.Set("webhook-signature", strings.Join(signatures, " "))
	}
	return r, nil
}

// retryAfter reads the header of that name, seconds or a date (RFC 9110, 10.2.3); 0 when there is none.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Duration(min(max(n, 0), int64(maxRetry/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return min(max(t.Sub(now), 0), maxRetry)
	}
	return 0
}
