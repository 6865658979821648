package telnyx

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// desk is an Account that does what it is told and keeps it.
type desk struct {
	mu   sync.Mutex // guards did
	did  []string
	dial func(params map[string]any) (IDs, error)
}

func (d *desk) Dial(_ context.Context, params map[string]any) (IDs, error) { return d.dial(params) }

func (d *desk) Command(_ context.Context, id, action string, _ map[string]any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.did = append(d.did, action+" "+id)
	return nil
}

// A post office delivers webhooks to a door.
type office struct {
	t       *testing.T
	door    *Door
	desk    *desk
	private ed25519.PrivateKey
	offered atomic.Int64
	n       int
}

func newOffice(t *testing.T) *office {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, desk: &desk{}, private: private}
	o.door = New(Config{Public: "https://parley.example.com", Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Open: func(_ context.Context, id string) (Connection, error) {
		if id != "a" && id != "b" {
			return Connection{}, parley.NotFound("account connection")
		}
		return Connection{Trunk: parley.TrunkAccount{ID: id}, Account: o.desk, PublicKey: base64.StdEncoding.EncodeToString(public), App: "app"}, nil
	}})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = o.door.Serve(ctx, func(ctx context.Context, _ leg.Offer) {
			o.offered.Add(1)
			<-ctx.Done()
		})
	}()
	for {
		o.door.mu.Lock()
		ok := o.door.answer != nil
		o.door.mu.Unlock()
		if ok {
			break
		}
		time.Sleep(time.Millisecond)
	}
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return o
}

func (o *office) sign(body []byte, at time.Time) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return http.Header{"Telnyx-Timestamp": {stamp},
		"Telnyx-Signature-Ed25519": {base64.StdEncoding.EncodeToString(ed25519.Sign(o.private, append([]byte(stamp+"|"), body...)))}}
}

func (o *office) event(kind, control string, more map[string]any) []byte {
	o.n++
	p := map[string]any{"call_control_id": control, "call_leg_id": "leg " + control, "call_session_id": "s"}
	for k, v := range more {
		p[k] = v
	}
	b, err := json.Marshal(map[string]any{"data": map[string]any{"id": fmt.Sprint("event ", o.n), "event_type": kind, "payload": p}})
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *office) deliver(connection string, body []byte, h http.Header) int {
	r := httptest.NewRequest(http.MethodPost, VoicePath+connection, bytes.NewReader(body))
	r.Header = h
	w := httptest.NewRecorder()
	o.door.ServeHTTP(w, r)
	return w.Code
}

// settle waits until nobody is busy but with so many offers.
func (o *office) settle(calls int) {
	o.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Microsecond) {
		o.door.mu.Lock()
		n := len(o.door.calls) + len(o.door.dialled)
		o.door.mu.Unlock()
		if n == calls {
			return
		}
		if time.Now().After(end) {
			o.t.Fatalf("%d calls, not %d", n, calls)
		}
	}
}

// shuffled are events in any order, each once at least.
func shuffled(events [][]byte, r *mrand.Rand) (all [][]byte) {
	for _, e := range events {
		for range 1 + r.IntN(3) {
			all = append(all, e)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// TestShuffles: 1,000 calls, half of them ours, whose webhooks come in any order and up to three times, some of them at once. All end alike: the
// call is over, it was offered once at most, nothing is kept, and a call of ours was busy.
func TestShuffles(t *testing.T) {
	o := newOffice(t)
	r := mrand.New(mrand.NewPCG(8, 1))
	for n := range 500 {
		control := fmt.Sprint("in ", n)
		began := o.offered.Load()
		events := [][]byte{
			o.event("call.initiated", control, map[string]any{"direction": "incoming", "from": "+15557654321", "to": "+15550001111"}),
			o.event("call.initiated", control, map[string]any{"direction": "incoming", "from": "+15557654321", "to": "+15550001111"}), // as another event
			o.event("streaming.started", control, nil), o.event("call.dtmf.received", control, map[string]any{"digit": "1"}),
			o.event("call.hangup", control, map[string]any{"hangup_cause": "normal_clearing"}),
		}
		o.deliverAll(shuffled(events, r))
		o.settle(0)
		if m := o.offered.Load() - began; m > 1 {
			t.Fatalf("call %d was offered %d times", n, m)
		}
	}
	if len(o.desk.did) > 0 {
		t.Errorf("calls that are over were told %q", o.desk.did)
	}
	for n := range 500 {
		control := fmt.Sprint("out ", n)
		var late sync.WaitGroup
		o.desk.dial = func(params map[string]any) (IDs, error) {
			events := [][]byte{
				o.event("call.initiated", control, map[string]any{"direction": "outgoing", "client_state": params["client_state"]}),
				o.event("call.cost", control, map[string]any{"client_state": params["client_state"]}),
				o.event("call.machine.detection.ended", control, map[string]any{"client_state": params["client_state"], "result": "machine"}),
				o.event("call.hangup", control, map[string]any{"client_state": params["client_state"], "hangup_cause": "user_busy", "sip_hangup_cause": "486"}),
				o.event("call.hangup", control, map[string]any{"client_state": params["client_state"], "hangup_cause": "unspecified", "sip_hangup_cause": "486"}),
			}[:4+n%2]
			all := shuffled(events, r)
			half := r.IntN(len(all) + 1) // comes before POST is answered
			o.deliverAll(all[:half])
			late.Go(func() { o.deliverAll(all[half:]) })
			return IDs{control, "leg " + control, "s"}, nil
		}
		_, err := o.door.Dial(t.Context(), leg.Call{From: "+15550001111", To: "+15557654321", Trunk: &parley.TrunkAccount{ID: "a"}})
		if no, ok := err.(*leg.Rejected); !ok || *no != (leg.Rejected{Cause: parley.Busy, Code: 486}) {
			t.Fatalf("call %d: %v", n, err)
		}
		late.Wait()
		o.settle(0)
	}
	if len(o.desk.did) > 0 {
		t.Errorf("calls that are over were told %q", o.desk.did)
	}
}

// deliverAll delivers to connection a, some at the same time.
func (o *office) deliverAll(all [][]byte) {
	var at sync.WaitGroup
	for i, e := range all {
		do := func() {
			if code := o.deliver("a", e, o.sign(e, time.Now())); code != 200 {
				o.t.Errorf("%d for %s", code, e)
			}
		}
		if i%3 == 0 {
			at.Go(do)
		} else {
			do()
		}
	}
	at.Wait()
}

// TestForged: of 1,000 webhooks that Telnyx did not send, or sent before, none is acted on.
func TestForged(t *testing.T) {
	o := newOffice(t)
	r := mrand.New(mrand.NewPCG(8, 2))
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := func(control string) []byte {
		return o.event("call.initiated", control, map[string]any{"direction": "incoming", "from": "+15557654321", "to": "+15550001111"})
	}
	genuine := ring("genuine")
	headers := o.sign(genuine, time.Now())
	if code := o.deliver("a", genuine, headers); code != 200 {
		t.Fatal(code)
	}
	o.settle(1)
	forgeries := []func(n int) (code int, replay bool){
		func(n int) (int, bool) { // another's key
			b := ring(fmt.Sprint("f", n))
			h := o.sign(b, time.Now())
			h.Set("Telnyx-Signature-Ed25519", base64.StdEncoding.EncodeToString(ed25519.Sign(stranger, append([]byte(h.Get("Telnyx-Timestamp")+"|"), b...))))
			return o.deliver("a", b, h), false
		},
		func(int) (int, bool) { // a genuine one, altered
			b := slices.Clone(genuine)
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
			return o.deliver("a", b, headers), false
		},
		func(n int) (int, bool) { // signed too long ago, or for later
			b := ring(fmt.Sprint("f", n))
			return o.deliver("a", b, o.sign(b, time.Now().Add([]time.Duration{-1, 1}[n%2]*(signedWithin+time.Duration(2+r.IntN(3600))*time.Second)))), false
		},
		func(n int) (int, bool) { // with another's time
			b := ring(fmt.Sprint("f", n))
			h := o.sign(b, time.Now().Add(-time.Hour))
			h.Set("Telnyx-Timestamp", strconv.FormatInt(time.Now().Unix(), 10))
			return o.deliver("a", b, h), false
		},
		func(n int) (int, bool) { // with pieces of a signature, or none
			b := ring(fmt.Sprint("f", n))
			h := o.sign(b, time.Now())
			s := h.Get("Telnyx-Signature-Ed25519")
			h.Set("Telnyx-Signature-Ed25519", s[:r.IntN(len(s))])
			return o.deliver("a", b, h), false
		},
		func(int) (int, bool) { return o.deliver("a", genuine, headers), true }, // again
		func(int) (int, bool) { return o.deliver("a", genuine, o.sign(genuine, time.Now())), true },
	}
	for n := range 1000 {
		code, replay := forgeries[n%len(forgeries)](n)
		if want := map[bool]int{false: 403, true: 200}[replay]; code != want { // Telnyx stops to repeat what was had
			t.Fatalf("forgery %d of kind %d: %d", n, n%len(forgeries), code)
		}
	}
	o.settle(1)
	if n := o.offered.Load(); n != 1 {
		t.Errorf("%d calls were offered, 1 is genuine", n)
	}
}

// TestOtherConnection: what comes by one account connection moves no call of another, though it knows its id.
func TestOtherConnection(t *testing.T) {
	o := newOffice(t)
	b := o.event("call.initiated", "c", map[string]any{"direction": "incoming", "from": "+1", "to": "+2"})
	o.deliver("a", b, o.sign(b, time.Now()))
	o.settle(1)
	b = o.event("call.hangup", "c", nil)
	if code := o.deliver("b", b, o.sign(b, time.Now())); code != 200 {
		t.Fatal(code)
	}
	o.settle(1)
	b = o.event("call.hangup", "c", nil)
	o.deliver("a", b, o.sign(b, time.Now()))
	o.settle(0)
}

func TestWebhooksThatAreNone(t *testing.T) {
	o := newOffice(t)
	for name, tc := range map[string]struct {
		connection string
		body       string
		want       int
	}{
		"no connection":    {"c", `{"data":{"id":"1","event_type":"call.hangup","payload":{"call_control_id":"c"}}}`, 404},
		"no JSON":          {"a", `{"data"`, 400},
		"nothing":          {"a", ``, 400},
		"a list":           {"a", `[]`, 400},
		"no id":            {"a", `{"data":{"event_type":"call.hangup","payload":{"call_control_id":"c"}}}`, 400},
		"no call":          {"a", `{"data":{"id":"1","event_type":"call.hangup","payload":{}}}`, 400},
		"a long id":        {"a", `{"data":{"id":"` + strings.Repeat("1", 300) + `","event_type":"call.hangup","payload":{"call_control_id":"c"}}}`, 400},
		"a long call":      {"a", `{"data":{"id":"1","event_type":"call.hangup","payload":{"call_control_id":"` + strings.Repeat("c", 300) + `"}}}`, 400},
		"not about a call": {"a", `{"data":{"id":"1","event_type":"message.received","payload":{"id":"m"}}}`, 400},
		"other types":      {"a", `{"data":{"id":"2","event_type":"call.hangup","payload":{"call_control_id":"c","hangup_cause":7,"tags":{},"custom_headers":"x"}}}`, 200},
		"much":             {"a", `{"data":"` + strings.Repeat("x", eventsMost) + `"}`, 400},
	} {
		if got := o.deliver(tc.connection, []byte(tc.body), o.sign([]byte(tc.body), time.Now())); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
	if d := New(Config{Open: o.door.cfg.Open}); true { // not served
		b := o.event("call.initiated", "x", nil)
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, VoicePath+"a", bytes.NewReader(b))
		r.Header = o.sign(b, time.Now())
		if d.ServeHTTP(w, r); w.Code != http.StatusServiceUnavailable {
			t.Errorf("before it is served: %d", w.Code)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, key := range []string{"", "x", "AAAA", strings.Repeat("A", 44)} {
		if err := verify(key, http.Header{}, nil, time.Now()); err == nil {
			t.Errorf("%q is a key", key)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	for i := range 3 * memoryMost {
		if s := strconv.Itoa(i); !m.add(s) || m.add(s) || !m.knows(s) {
			t.Fatal(i)
		}
	}
	if n := len(m.now) + len(m.old); n > 2*memoryMost {
		t.Errorf("%d are kept", n)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"data":{"id":"1","event_type":"call.hangup","payload":{"call_control_id":"c","from":"sip:a@b","hangup_cause":"x","sip_hangup_cause":"486","offered_codecs":"G722, PCMU","custom_headers":[{"name":"X-A","value":"b"}]}}}`))
	f.Add([]byte(`{"data":{"id":1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parse(b)
		if err != nil {
			return
		}
		p := &e.Payload
		for k, v := range p.headers() {
			if !clean(k) || !clean(v) || len(v) > valueMost {
				t.Errorf("the header %q: %q", k, v)
			}
		}
		if s := party(p.From); strings.ContainsAny(s, "\r\n@;") {
			t.Errorf("the party %q", s)
		}
		if c := unanswered(p.Cause, p.status()); !c.Known() {
			t.Errorf("the cause %q", c)
		}
		offered(p)
		p.who()
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("sip:alice@example.com")
	f.Add("+15550001111,99")
	f.Fuzz(func(t *testing.T, s string) {
		if (address(s) || e164(s)) && strings.ContainsAny(s, ",\r\n <>\"") {
			t.Errorf("%q may be dialled", s)
		}
	})
}
