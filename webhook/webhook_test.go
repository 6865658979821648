package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// A hit is a request that reached a receiver.
type hit struct {
	at time.Time
	fetch.Request
	body map[string]any
}

func (h hit) sequence() int { n, _ := h.body["sequence"].(float64); return int(n) }

// A world has receivers by URL, and notes what reaches them.
type world struct {
	t  *testing.T
	db *store.DB

	mu      sync.Mutex // guards what follows
	hits    map[string][]hit
	answers map[string]func(h hit) (*fetch.Response, error) // nil is 200
	flying  int
	most    int
}

func (w *world) Do(ctx context.Context, r fetch.Request) (*fetch.Response, error) {
	h := hit{at: time.Now(), Request: r}
	json.Unmarshal(r.Body, &h.body)
	base, _, _ := strings.Cut(r.URL, "?")
	w.mu.Lock()
	w.hits[base] = append(w.hits[base], h)
	answer := w.answers[base]
	w.flying++
	w.most = max(w.most, w.flying)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.flying--
		w.mu.Unlock()
	}()
	if answer == nil {
		return &fetch.Response{Status: 200, Header: http.Header{}}, nil
	}
	res, err := answer(h)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return res, err
}

func (w *world) answer(url string, f func(h hit) (*fetch.Response, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[url] = f
}

func (w *world) got(url string) []hit {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.hits[url])
}

func status(code int) func(hit) (*fetch.Response, error) {
	return func(hit) (*fetch.Response, error) { return &fetch.Response{Status: code, Header: http.Header{}}, nil }
}

func openStore(t *testing.T, path string) *store.DB {
	t.Helper()
	k, err := secret.NewKey("a master key for tests only")
	if err != nil {
		t.Fatal(err)
	}
	d, err := store.Open(context.Background(), path, k)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// bubble runs f in virtual time on a store of its own.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.db")
	synctest.Test(t, func(t *testing.T) {
		d := openStore(t, path)
		defer d.Close()
		f(t, &world{t: t, db: d, hits: map[string][]hit{}, answers: map[string]func(hit) (*fetch.Response, error){}})
	})
}

// start runs a courier until stop, which waits for it.
func (w *world) start() (c *Courier, stop func()) {
	c = New(Options{DB: w.db, Sender: w, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		RecordingURL: func(callID string) string { return fmt.Sprintf("https://me/%s?at=%d", callID, time.Now().Unix()) }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	return c, func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) environment() string {
	e, _, err := w.db.EnsureDefaultEnvironment(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return e.ID
}

var every = []any{"event_message", "event_action", "event_phone_call_connected", "event_phone_call_ended", "event_recording"}

// hook makes a webhook; what is given comes on top of the usual.
func (w *world) hook(url string, more store.Doc) (id, key string) {
	doc := store.Doc{"url": url, "subscriptions": every}
	for k, v := range more {
		doc[k] = v
	}
	doc, err := w.db.Create(context.Background(), w.environment(), store.Webhooks, doc)
	if err != nil {
		w.t.Fatal(err)
	}
	return doc["id"].(string), doc["signing_secret"].(string)
}

// call makes a call whose agent has the webhook.
func (w *world) call(id string, webhook store.Doc) {
	agent, _ := json.Marshal(store.Doc{"webhook": webhook})
	if err := w.db.CreateCall(context.Background(), parley.Call{ID: id, UserID: w.environment(), Agent: agent}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) say(call string, typ parley.EventType, payload any) {
	w.db.Log().Append(parley.NewEvent(call, typ, payload))
	if err := w.db.Log().Flush(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) deliveries(filters ...store.Filter) []store.Delivery {
	l, err := w.db.Deliveries(context.Background(), w.environment(), store.Page{Size: 100, SortColumn: "created_at", Filters: filters})
	if err != nil {
		w.t.Fatal(err)
	}
	return l.Items
}

const there = "https://there.example/hook"

func TestDelivery(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, key := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventCreated, nil) // nobody may subscribe to this
		w.say("c", parley.EventMessage, map[string]any{"text": "hi", "sender": "bot"})
		w.say("c", parley.EventTranscript, nil) // nobody did
		w.say("c", parley.EventEnded, nil)
		time.Sleep(time.Second)
		hits := w.got(there)
		if len(hits) != 2 {
			t.Fatalf("%d requests", len(hits))
		}
		h := hits[0]
		if h.Method != "POST" || h.Header.Get("Content-Type") != "application/json" || h.body["type"] != "event_message" || h.body["call_id"] != "c" || h.sequence() != 2 || h.body["id"] == "" {
			t.Errorf("%+v", h)
		}
		if p, _ := h.body["payload"].(map[string]any); p["text"] != "hi" {
			t.Errorf("%v", h.body)
		}
		if _, err := time.Parse(time.RFC3339Nano, h.body["timestamp"].(string)); err != nil {
			t.Error(err)
		}
		var fields []string
		for k := range h.body {
			fields = append(fields, k)
		}
		slices.Sort(fields)
		if want := []string{"call_id", "id", "payload", "sequence", "timestamp", "type"}; !slices.Equal(fields, want) {
			t.Errorf("%v", fields)
		}
		verify(t, key, h)
		if l := w.deliveries(); len(l) != 2 || l[0].State != store.Delivered || l[0].Attempts != 1 || l[0].Tries[0].Status != 200 || l[0].WebhookID != id {
			t.Errorf("%+v", l)
		}
	})
}

// verify checks a request with the specification's own library. It looks at the real clock, hence without the time.
func verify(t *testing.T, key string, h hit) {
	t.Helper()
	v, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		t.Fatal(err)
	}
	body := h.Body
	if h.Method == "GET" {
		u, _ := url.Parse(h.URL)
		body = []byte(u.RawQuery)
	}
	if err := v.VerifyIgnoringTimestamp(body, h.Header); err != nil {
		t.Error(err)
	}
	if h.Header.Get("webhook-timestamp") != fmt.Sprint(h.at.Unix()) {
		t.Errorf("signed at %s, sent at %d", h.Header.Get("webhook-timestamp"), h.at.Unix())
	}
	if err := v.VerifyIgnoringTimestamp(append(body, ' '), h.Header); err == nil {
		t.Error("another body passes")
	}
}

func TestGET(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, key := w.hook(there+"?mine=1", store.Doc{"method": "GET"})
		w.call("c", store.Doc{"id": id})
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, map[string]any{"text": "ä & b"})
		time.Sleep(time.Second)
		hits := w.got(there)
		if len(hits) != 1 || hits[0].Method != "GET" || len(hits[0].Body) != 0 {
			t.Fatalf("%+v", hits)
		}
		u, _ := url.Parse(hits[0].URL)
		q := u.Query()
		if q.Get("mine") != "1" || q.Get("type") != "event_message" || q.Get("call_id") != "c" || q.Get("sequence") != "1" || q.Get("id") == "" || q.Get("payload") == "" {
			t.Errorf("%v", q)
		}
		var p map[string]string
		if json.Unmarshal([]byte(q.Get("payload")), &p); p["text"] != "ä & b" {
			t.Errorf("%v", p)
		}
		verify(t, key, hits[0])
	})
}

func TestSubscriptionsMayBeObjects(t *testing.T) {
	for name, c := range map[string]struct {
		subscriptions any
		want          int
	}{
		"strings": {[]any{"event_message", "event_recording"}, 1}, "type": {[]any{store.Doc{"type": "event_message"}}, 1}, "name": {[]any{store.Doc{"name": "event_phone_call_ended"}}, 1},
		"mixed": {[]any{"event_message", store.Doc{"name": "event_phone_call_ended"}}, 2}, "junk": {[]any{5.0, nil, store.Doc{"type": 5.0}, "event"}, 0}, "none": {[]any{}, 0}, "no list": {"event_message", 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				id, _ := w.hook(there, store.Doc{"subscriptions": c.subscriptions})
				w.call("c", store.Doc{"id": id})
				_, stop := w.start()
				defer stop()
				w.say("c", parley.EventMessage, nil)
				w.say("c", parley.EventEnded, nil)
				time.Sleep(time.Second)
				if n := len(w.got(there)); n != c.want {
					t.Errorf("%d requests, want %d", n, c.want)
				}
			})
		})
	}
}

func TestLadder(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.answer(there, status(500))
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, nil)
		time.Sleep(100 * time.Hour)
		hits := w.got(there)
		if len(hits) != len(ladder) {
			t.Fatalf("%d attempts", len(hits))
		}
		for i := 1; i < len(hits); i++ {
			wait, most := hits[i].at.Sub(hits[i-1].at), ladder[i]
			if wait > most+time.Second || wait < most-time.Duration(jitter*float64(most)) {
				t.Errorf("attempt %d after %v, the ladder says %v", i+1, wait, most)
			}
			if hits[i].Header.Get("webhook-id") != hits[0].Header.Get("webhook-id") || hits[i].Header.Get("webhook-timestamp") == hits[0].Header.Get("webhook-timestamp") {
				t.Error("an attempt has the same id and a time of its own")
			}
		}
		l := w.deliveries()
		if l[0].State != store.Failed || l[0].Attempts != len(ladder) || len(l[0].Tries) != len(ladder) || l[0].Tries[9].Status != 500 {
			t.Errorf("%+v", l[0])
		}
	})
}

func TestOnly2xxIsSuccess(t *testing.T) {
	for code, want := range map[int]string{200: store.Delivered, 201: store.Delivered, 204: store.Delivered, 299: store.Delivered,
		301: store.Pending, 304: store.Pending, 400: store.Pending, 404: store.Pending, 429: store.Pending, 500: store.Pending, 0: store.Pending} {
		bubble(t, func(t *testing.T, w *world) {
			id, _ := w.hook(there, nil)
			w.call("c", store.Doc{"id": id})
			w.answer(there, status(code))
			if code == 0 {
				w.answer(there, func(hit) (*fetch.Response, error) { return nil, errors.New("connection refused") })
			}
			_, stop := w.start()
			defer stop()
			w.say("c", parley.EventMessage, nil)
			time.Sleep(time.Second)
			l := w.deliveries()
			if len(l) != 1 || l[0].State != want || l[0].Attempts != 1 || l[0].Tries[0].Status != code || (code == 0) != (l[0].Tries[0].Error != "") {
				t.Errorf("%d: %+v", code, l)
			}
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.answer(there, func(hit) (*fetch.Response, error) {
			return &fetch.Response{Status: 503, Header: http.Header{"Retry-After": {"600"}}}, nil
		})
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, nil)
		time.Sleep(11 * time.Minute)
		hits := w.got(there)
		if len(hits) != 2 || hits[1].at.Sub(hits[0].at) < 600*time.Second {
			t.Errorf("%d attempts", len(hits))
		}
	})
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{"": 0, "5": 5 * time.Second, "-5": 0, "soon": 0, "99999999999": maxRetry, "Thu, 01 Jan 2026 00:01:00 GMT": time.Minute, "Wed, 31 Dec 2025 00:00:00 GMT": 0} {
		if got := retryAfter(s, now); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestGoneDisables(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.call("d", store.Doc{"id": id})
		w.answer(there, status(410))
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Second)
		for range 5 {
			w.say("d", parley.EventMessage, nil)
		}
		time.Sleep(time.Hour)
		if n := len(w.got(there)); n != 1 {
			t.Errorf("%d requests to one who wants no more", n)
		}
		if doc, err := w.db.Get(t.Context(), w.environment(), store.Webhooks, id); err != nil || doc["active"] != false {
			t.Errorf("%v %v", doc, err)
		}
		w.answer(there, nil)
		if _, err := w.db.Update(t.Context(), w.environment(), store.Webhooks, id, store.Doc{"active": true}); err != nil {
			t.Fatal(err)
		}
		w.say("d", parley.EventMessage, nil)
		time.Sleep(time.Second)
		if n := len(w.got(there)); n != 2 {
			t.Errorf("switched on again, %d requests", n)
		}
	})
}

// TestOrder: first attempts of a call's events go in order, one after the other; a failing one holds the next back for 5 s.
func TestOrder(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.answer(there, func(h hit) (*fetch.Response, error) {
			time.Sleep(300 * time.Millisecond)
			if h.sequence() == 3 {
				return &fetch.Response{Status: 500}, nil
			}
			return &fetch.Response{Status: 200}, nil
		})
		_, stop := w.start()
		defer stop()
		for range 6 {
			w.say("c", parley.EventMessage, nil)
		}
		time.Sleep(20 * time.Second)
		hits := w.got(there)
		first := map[int]time.Time{}
		last := 0
		for _, h := range hits {
			if _, again := first[h.sequence()]; again {
				continue
			}
			if h.sequence() != last+1 {
				t.Errorf("%d came after %d", h.sequence(), last)
			}
			last = h.sequence()
			first[last] = h.at
		}
		if last != 6 {
			t.Fatalf("%d of 6 events", last)
		}
		for n, want := range map[int]time.Duration{2: 300 * time.Millisecond, 3: 300 * time.Millisecond, 4: hold, 5: 300 * time.Millisecond, 6: 300 * time.Millisecond} {
			if wait := first[n].Sub(first[n-1]); wait < want || wait > want+100*time.Millisecond {
				t.Errorf("event %d came %v after the one before, want %v", n, wait, want)
			}
		}
	})
}

// TestASlowReceiverDelaysNobody: neither other webhooks, nor other calls of its own.
func TestASlowReceiverDelaysNobody(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const slow = "https://slow.example/"
		a, _ := w.hook(slow, nil)
		b, _ := w.hook(there, nil)
		w.answer(slow, func(hit) (*fetch.Response, error) {
			time.Sleep(10 * time.Second)
			return nil, errors.New("timeout")
		})
		for i := range 40 {
			w.call(fmt.Sprint("slow", i), store.Doc{"id": a})
		}
		w.call("quick", store.Doc{"id": b})
		_, stop := w.start()
		defer stop()
		for i := range 40 {
			for range 3 {
				w.say(fmt.Sprint("slow", i), parley.EventMessage, nil)
			}
		}
		for range 10 {
			began := time.Now()
			n := len(w.got(there))
			w.say("quick", parley.EventMessage, nil)
			for len(w.got(there)) == n {
				time.Sleep(time.Millisecond)
			}
			if late := time.Since(began); late > 100*time.Millisecond {
				t.Errorf("the quick one waited %v", late)
			}
			time.Sleep(time.Minute)
		}
		if w.most > maxFlying+1 {
			t.Errorf("%d attempts at once", w.most)
		}
		if n := len(w.got(slow)); n < 120 {
			t.Errorf("%d attempts at the slow one", n)
		}
	})
}

func TestRecordingAddressIsSignedAnew(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.answer(there, status(500))
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventRecording, map[string]any{"recording_url": "stale", "other": 1})
		time.Sleep(10 * time.Minute)
		seen := map[string]bool{}
		for _, h := range w.got(there) {
			p := h.body["payload"].(map[string]any)
			u, _ := p["recording_url"].(string)
			if want := fmt.Sprintf("https://me/c?at=%d", h.at.Unix()); u != want || p["other"] != 1.0 || seen[u] {
				t.Errorf("%v at %v", p, h.at)
			}
			seen[u] = true
		}
		if len(seen) != 3 {
			t.Errorf("%d attempts", len(seen))
		}
	})
}

// TestRestart: what was not delivered is, after the process ended, in order; what was delivered is not sent again.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, hits: map[string][]hit{}, answers: map[string]func(hit) (*fetch.Response, error){}}
		w.db = openStore(t, path)
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		_, stop := w.start()
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Second)
		w.answer(there, status(500))
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Second)
		block := make(chan struct{})
		w.answer(there, func(hit) (*fetch.Response, error) { <-block; return &fetch.Response{Status: 200}, nil })
		w.say("c", parley.EventMessage, nil)
		w.say("c", parley.EventMessage, nil)
		time.Sleep(5 * time.Second) // the third is on its way, the fourth waits for it
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			stop()
		}()
		synctest.Wait() // else the fourth may have gone out, too
		close(block)
		<-stopped
		w.say("c", parley.EventEnded, nil) // nobody follows the log
		w.db.Close()
		before := len(w.got(there))

		w.answer(there, nil)
		w.db = openStore(t, path)
		defer w.db.Close()
		_, stop = w.start()
		defer stop()
		time.Sleep(time.Hour)
		var after []int
		for _, h := range w.got(there)[before:] {
			after = append(after, h.sequence())
		}
		for _, l := range w.deliveries() {
			if l.State != store.Delivered {
				t.Errorf("%+v", l)
			}
		}
		if len(w.deliveries()) != 5 || slices.Contains(after, 1) || !slices.Contains(after, 5) || !slices.Contains(after, 4) {
			t.Errorf("after the restart: %v", after)
		}
	})
}

// TestBacklog: more than fits in memory, and all of it arrives, once and in order.
func TestBacklog(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.answer(there, func(hit) (*fetch.Response, error) {
			time.Sleep(time.Millisecond)
			return &fetch.Response{Status: 200}, nil
		})
		const n = 2*maxQueued + 300
		for range n {
			w.db.Log().Append(parley.NewEvent("c", parley.EventMessage, nil))
		}
		_, stop := w.start()
		defer stop()
		for len(w.got(there)) < n {
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		hits := w.got(there)
		for i, h := range hits {
			if h.sequence() != i+1 {
				t.Fatalf("request %d is event %d", i+1, h.sequence())
			}
		}
		if len(hits) != n {
			t.Errorf("%d requests for %d events", len(hits), n)
		}
	})
}

func TestRedeliver(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		c, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, nil)
		w.say("c", parley.EventEnded, nil)
		time.Sleep(time.Second)
		first := w.deliveries()[0]
		again, err := c.Redeliver(t.Context(), w.environment(), first.ID)
		if err != nil || again.ID == first.ID {
			t.Fatal(again, err)
		}
		time.Sleep(time.Second)
		hits := w.got(there)
		if len(hits) != 3 || hits[2].Header.Get("webhook-id") != hits[0].Header.Get("webhook-id") {
			t.Errorf("%d requests", len(hits))
		}
		if d, err := w.db.Delivery(t.Context(), "", again.ID); err != nil || d.State != store.Delivered {
			t.Errorf("%+v %v", d, err)
		}
		if _, err := c.Redeliver(t.Context(), "another", first.ID); !parley.IsNotFound(err) {
			t.Error(err)
		}
	})
}

func TestWebhooksThatChange(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const elsewhere = "https://elsewhere.example/"
		id, old := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.call("deleted", store.Doc{"id": "0190a0a0-0000-7000-8000-000000000000"})
		w.call("none", nil)
		w.answer(there, status(500))
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, nil)
		w.say("deleted", parley.EventMessage, nil)
		w.say("none", parley.EventMessage, nil)
		w.say("no such call", parley.EventMessage, nil)
		time.Sleep(time.Second)
		if _, err := w.db.Update(t.Context(), w.environment(), store.Webhooks, id, store.Doc{"url": elsewhere}); err != nil {
			t.Fatal(err)
		}
		fresh := secret.NewWebhookSecret()
		if _, err := w.db.RotateWebhookSecret(t.Context(), w.environment(), id, fresh, time.Now().Add(24*time.Hour).Format(time.RFC3339)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		hits := w.got(elsewhere)
		if len(hits) != 1 {
			t.Fatalf("the next attempt does not follow the change: %d", len(hits))
		}
		verify(t, fresh, hits[0])
		verify(t, old, hits[0])
		time.Sleep(25 * time.Hour)
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Second)
		hits = w.got(elsewhere)
		v, _ := standardwebhooks.NewWebhook(old)
		if h := hits[len(hits)-1]; v.VerifyIgnoringTimestamp(h.Body, h.Header) == nil {
			t.Error("the old secret signs for ever")
		}
		w.answer(elsewhere, status(500))
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Second)
		if _, err := w.db.Delete(t.Context(), w.environment(), store.Webhooks, id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		l := w.deliveries(store.Filter{Field: "state", Value: store.Dropped})
		if len(l) != 1 || l[0].Attempts != 1 {
			t.Errorf("what was left for a webhook that is gone: %+v", l)
		}
		if len(w.deliveries()) != 3 {
			t.Errorf("%d deliveries", len(w.deliveries()))
		}
	})
}

func TestWebhookOfOneCallAlone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		key := secret.NewWebhookSecret()
		w.call("c", store.Doc{"url": there, "subscriptions": every, "signing_secret": key})
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Second)
		hits := w.got(there)
		if len(hits) != 1 {
			t.Fatal(len(hits))
		}
		verify(t, key, hits[0])
	})
}

func TestAuthorization(t *testing.T) {
	for name, c := range map[string]struct {
		credentials  store.Doc
		header, want string
	}{
		"key":    {store.Doc{"api_key": "k-1"}, "Authorization", "Bearer k-1"},
		"whole":  {store.Doc{"api_key": "Token k-1"}, "Authorization", "Token k-1"},
		"header": {store.Doc{"api_key": "k-1", "header": "X-Api-Key"}, "X-Api-Key", "k-1"},
		"basic":  {store.Doc{"username": "u", "password": "p"}, "Authorization", "Basic dTpw"},
		"none":   {store.Doc{"token_url": "https://x", "username": "u"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				a, err := w.db.Create(t.Context(), w.environment(), store.AccountConnections, store.Doc{"type": "account_connection_external_api_key", "credentials": c.credentials})
				if err != nil {
					t.Fatal(err)
				}
				id, _ := w.hook(there, store.Doc{"account_connection_id": a["id"]})
				w.call("c", store.Doc{"id": id})
				_, stop := w.start()
				defer stop()
				w.say("c", parley.EventMessage, nil)
				time.Sleep(time.Second)
				hits := w.got(there)
				if c.header == "" {
					if l := w.deliveries(); len(hits) != 0 || l[0].Attempts != 1 || !strings.Contains(l[0].Tries[0].Error, "account_connection_id") {
						t.Errorf("%d sent without it; %+v", len(hits), l)
					}
					return
				}
				if len(hits) != 1 || hits[0].Header.Get(c.header) != c.want {
					t.Errorf("%+v", hits)
				}
			})
		})
	}
}
