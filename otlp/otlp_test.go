package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
)

// collector takes traces as a collector does: to the letter of OTLP/JSON, or not at all.
type collector struct {
	t       *testing.T
	mu      sync.Mutex // guards all below
	traces  map[string][]told
	status  []int // of the next answers; then 200
	after   string
	asked   int
	partial string
	got     chan struct{}
}

// told is a span as it is read by its names in opentelemetry-proto; no other may come.
type told struct {
	TraceID                string    `json:"traceId"`
	SpanID                 string    `json:"spanId"`
	ParentSpanID           string    `json:"parentSpanId"`
	TraceState             string    `json:"traceState"`
	Flags                  uint32    `json:"flags"`
	Name                   string    `json:"name"`
	Kind                   int       `json:"kind"`
	StartTimeUnixNano      string    `json:"startTimeUnixNano"`
	EndTimeUnixNano        string    `json:"endTimeUnixNano"`
	Attributes             []keyed   `json:"attributes"`
	DroppedAttributesCount uint32    `json:"droppedAttributesCount"`
	Events                 []happens `json:"events"`
	DroppedEventsCount     uint32    `json:"droppedEventsCount"`
	Links                  []struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	} `json:"links"`
	Status struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
	} `json:"status"`
}

type happens struct {
	TimeUnixNano string  `json:"timeUnixNano"`
	Name         string  `json:"name"`
	Attributes   []keyed `json:"attributes"`
}

type keyed struct {
	Key   string `json:"key"`
	Value struct {
		S *string  `json:"stringValue"`
		B *bool    `json:"boolValue"`
		I *string  `json:"intValue"`
		D *float64 `json:"doubleValue"`
	} `json:"value"`
}

func (k keyed) text() string {
	switch v := k.Value; {
	case v.S != nil:
		return *v.S
	case v.I != nil:
		return *v.I
	case v.B != nil:
		return strconv.FormatBool(*v.B)
	case v.D != nil:
		return strconv.FormatFloat(*v.D, 'f', -1, 64)
	}
	return ""
}

func newCollector(t *testing.T) (*collector, *httptest.Server) {
	c := &collector{t: t, traces: map[string][]told{}, got: make(chan struct{}, 100)}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	return c, s
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if r.Method != "POST" || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer key" {
		c.t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	if len(c.status) > 0 {
		w.Header().Set("Retry-After", c.after)
		status := c.status[0]
		c.status = c.status[1:]
		w.WriteHeader(status)
		return
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		c.t.Error(err)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil {
		c.t.Error(err)
	}
	c.read(body)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"partialSuccess":{%s}}`, c.partial)
	c.got <- struct{}{}
}

func (c *collector) read(body []byte) {
	var in struct {
		ResourceSpans []struct {
			Resource   struct{ Attributes []keyed }
			ScopeSpans []struct {
				Scope struct{ Name, Version string }
				Spans []told
			}
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || len(in.ResourceSpans) != 1 || len(in.ResourceSpans[0].ScopeSpans) != 1 {
		c.t.Errorf("%v in %s", err, body)
		return
	}
	if at := in.ResourceSpans[0].Resource.Attributes; len(at) != 3 || at[0].Key != "service.name" || at[0].text() != "parley" || at[2].text() != "node-1" {
		c.t.Errorf("the resource is %+v", at)
	}
	for _, s := range in.ResourceSpans[0].ScopeSpans[0].Spans {
		c.traces[s.TraceID] = append(c.traces[s.TraceID], s)
	}
	for id, spans := range c.traces {
		sound(c.t, id, spans)
	}
}

// sound checks what any backend relies on: ids of the right form, each span once, its parent there and around it, its time forwards.
func sound(t *testing.T, id string, spans []told) {
	t.Helper()
	form := func(s string, n int) {
		if b, err := hex.DecodeString(s); err != nil || len(b) != n || strings.Trim(s, "0") == "" || s != strings.ToLower(s) {
			t.Errorf("%q is no id of %d bytes", s, n)
		}
	}
	form(id, 16)
	seen := map[string]told{}
	for i, s := range spans {
		form(s.SpanID, 8)
		if _, twice := seen[s.SpanID]; twice || s.Name == "" || s.Kind < 1 || s.Kind > 5 || (s.ParentSpanID == "") != (i == 0) {
			t.Errorf("span %d: %+v", i, s)
		}
		if _, ok := seen[s.ParentSpanID]; !ok && i > 0 {
			t.Errorf("%s is under %s, which has not come", s.Name, s.ParentSpanID)
		}
		if from, to := at(t, s.StartTimeUnixNano), at(t, s.EndTimeUnixNano); from.IsZero() || to.Before(from) {
			t.Errorf("%s is from %v to %v", s.Name, from, to)
		}
		for _, l := range s.Links {
			form(l.TraceID, 16)
			form(l.SpanID, 8)
		}
		seen[s.SpanID] = s
	}
}

func at(t *testing.T, nanos string) time.Time {
	t.Helper()
	n, err := strconv.ParseInt(nanos, 10, 64)
	if err != nil {
		t.Error(err)
	}
	return time.Unix(0, n).UTC()
}

// book is an event log with one reader.
type book struct {
	mu      sync.Mutex // guards all below
	events  map[string][]parley.Event
	readers []chan parley.Event
	fails   error
}

func newBook() *book { return &book{events: map[string][]parley.Event{}} }

func (b *book) Subscribe(string) (<-chan parley.Event, func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := make(chan parley.Event, 1024)
	b.readers = append(b.readers, ch)
	return ch, func() {}
}

func (b *book) Events(_ context.Context, id string, after int64, limit int) ([]parley.Event, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.events[id]
	all = all[min(int(after), len(all)):]
	return all[:min(limit, len(all))], b.fails
}

func (b *book) write(e parley.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.Sequence = int64(len(b.events[e.CallID]) + 1)
	b.events[e.CallID] = append(b.events[e.CallID], e)
	for _, r := range b.readers {
		r <- e
	}
}

func (b *book) followed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.readers) > 0
}

var began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// on is an event so many ms after began.
func on(id string, ms int, kind parley.EventType, payload any) parley.Event {
	e := parley.NewEvent(id, kind, payload)
	e.Time = began.Add(time.Duration(ms) * time.Millisecond)
	return e
}

type fields = map[string]any

const callOne = "6f1c7f0a-1111-4222-8333-abcdefabcdef"

// conversation is a call as the log has it, with things in it that must not get out.
func conversation(id string) []parley.Event {
	const ms = time.Millisecond
	stamp := func(n int) string {
		return began.Add(time.Duration(n) * ms).Format("2006-01-02T15:04:05.000Z")
	}
	return []parley.Event{
		on(id, 0, parley.EventCreated, fields{"direction": "outbound", "from_number": "+15550001111", "to_number": "+15559876543", "received_at": began.Add(-4 * ms),
			"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}),
		on(id, 90, parley.EventRinging, fields{"sip_code": 180, "dialled_at": began.Add(30 * ms)}),
		on(id, 200, parley.EventWarmed, parley.Warmth{Skill: "thinking", Vendor: "openai", TookMS: 80}),
		on(id, 205, parley.EventWarmed, parley.Warmth{Skill: "speaking", Vendor: "rime", TookMS: 80, Error: "SECRET said the vendor"}),
		on(id, 210, parley.EventWarmed, parley.Warmth{Skill: "prompt", Skipped: "SECRET"}),
		on(id, 220, parley.EventContext, parley.ContextAnswer{Field: "context_endpoint", TookMS: 15, Status: 200, Names: []string{"SECRET"}}),
		on(id, 1000, parley.EventConnected, fields{"to_number": "+15559876543", "from_number": "+15550001111", "is_outgoing": true}),
		on(id, 1500, parley.EventHumanDetection, fields{"result": "human", "classification": "human", "evidence": "SECRET words"}),
		on(id, 2000, parley.EventPartial, fields{"text": "SECRET"}),
		on(id, 3000, parley.EventMessage, fields{"text": "SECRET question", "sender": "human", "timestamp": stamp(2000), "turn_id": "t1"}),
		on(id, 3100, parley.EventKnowledge, fields{"query": "SECRET", "ms": 2.5, "chunks": []fields{{"text": "SECRET"}}}),
		on(id, 3150, parley.EventActionStart, fields{"action_id": "a1", "action_type": "action_external", "label": "SECRET", "parameters": fields{"card": "SECRET"}}),
		on(id, 3350, parley.EventAction, fields{"action_id": "a1", "action_type": "action_external", "parameters": fields{"card": "SECRET"},
			"result": fields{"json": "SECRET", "http_status_code": 502, "error": "SECRET"}}),
		on(id, 9000, parley.EventMessage, fields{"text": "SECRET answer", "sender": "bot", "timestamp": stamp(4000), "turn_id": "t2", "interrupted": true,
			"latency": parley.Latency{STT: 300 * ms, Endpointing: 10 * ms, Queue: 5 * ms, LLM: 200 * ms, Actions: 400 * ms, Chunking: 1 * ms, TTS: 150 * ms, Playout: 9 * ms, Total: 1075 * ms},
			"vendors": parley.Credits{Hearing: parley.Given("deepgram", nil), Thinking: parley.Given("google", parley.Failures{{Vendor: "openai", Reason: parley.VendorTimeout}}),
				Speaking: parley.Given("rime", nil)}}),
		on(id, 9001, parley.EventInterrupted, fields{"text": "SECRET"}),
		on(id, 9100, parley.EventDigit, fields{"digit": "SECRET"}),
		on(id, 9200, parley.EventWarning, fields{"code": "vendor_changed", "message": "SECRET", "skill": "thinking", "failed": parley.Failures{{Vendor: "openai", Reason: parley.VendorTimeout}}}),
		on(id, 9300, parley.EventTransferring, fields{"to": "+15551234567"}),
		on(id, 9500, parley.EventTransferFailed, fields{"to": "+15551234567", "reason": "SECRET"}),
		on(id, 10000, parley.EventEnded, fields{"ended_reason": "provider_failed", "fault": "provider", "media": parley.Quality{Received: 500, Sent: 480, Lost: 3, Jitter: 1.5}}),
	}
}

// follow starts a Teller, and gives what ends it.
func follow(t *testing.T, b *book, url string, log *slog.Logger) (stop func()) {
	t.Helper()
	c := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	teller := New(Config{Log: b, Fetch: c, URL: url + "/", Header: http.Header{"Authorization": {"Bearer key"}}, Version: "v1", Node: "node-1", Logger: log})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- teller.Run(ctx) }()
	for !b.followed() {
		time.Sleep(time.Millisecond)
	}
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestACall(t *testing.T) {
	c, s := newCollector(t)
	b := newBook()
	stop := follow(t, b, s.URL, quiet())
	for _, e := range conversation(callOne) {
		b.write(e)
	}
	<-c.got
	stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := c.traces["6f1c7f0a111142228333abcdefabcdef"]
	if len(c.traces) != 1 || len(spans) == 0 {
		t.Fatalf("%d traces, none of the call's id", len(c.traces))
	}
	byID := map[string]told{}
	for _, s := range spans {
		byID[s.SpanID] = s
	}
	var got []string
	for _, s := range spans {
		ms := func(nanos string) int64 { return at(t, nanos).Sub(began).Milliseconds() }
		line := fmt.Sprintf("%s < %s, %d: %d–%d", s.Name, byID[s.ParentSpanID].Name, s.Kind, ms(s.StartTimeUnixNano), ms(s.EndTimeUnixNano))
		if s.Status.Code == 2 {
			line += " failed"
		}
		got = append(got, line)
	}
	want := []string{
		"call outbound < , 3: -4–10000 failed",
		"POST /v1/calls/create < call outbound, 2: -4–0",
		"job dial < call outbound, 1: 0–30",
		"dial < call outbound, 3: 30–90",
		"ring < call outbound, 1: 90–1000",
		"warm thinking openai < call outbound, 3: 120–200",
		"warm speaking rime < call outbound, 3: 125–205 failed",
		"context < call outbound, 3: 205–220",
		"knowledge < call outbound, 3: 3097–3100",
		"action external < call outbound, 3: 3150–3350 failed",
		"turn < call outbound, 1: 2925–4000",
		"hear deepgram < turn, 3: 2925–3225",
		"think google < turn, 3: 3240–3840",
		"speak rime < turn, 3: 3841–3991",
		"transfer < call outbound, 3: 9300–9500 failed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	attributes := map[string]string{}
	for _, k := range spans[0].Attributes {
		attributes[k.Key] = k.text()
	}
	for k, v := range map[string]string{"parley.call.id": callOne, "parley.direction": "outbound", "parley.from": "+1••••••••11", "parley.to": "+1••••••••43",
		"parley.ended_reason": "provider_failed", "parley.fault": "provider", "parley.media.lost": "3", "parley.media.jitter_ms": "1.5"} {
		if attributes[k] != v {
			t.Errorf("%s is %q, want %q", k, attributes[k], v)
		}
	}
	if l := spans[0].Links; len(l) != 1 || l[0].TraceID != "0af7651916cd43dd8448eb211c80319c" || l[0].SpanID != "b7ad6b7169203331" {
		t.Errorf("links %+v", l)
	}
	var names []string
	for _, e := range spans[0].Events {
		names = append(names, e.Name)
	}
	if want := []string{"connected", "human_detection", "interrupted", "warning"}; !slices.Equal(names, want) {
		t.Errorf("events %q, want %q", names, want)
	}
}

// TestNothingPersonal: whatever is said, pressed, looked up or answered, and both numbers, stay here.
func TestNothingPersonal(t *testing.T) {
	var c *trace
	for _, e := range conversation(callOne) {
		if c == nil {
			c = newTrace(e)
		}
		c.add(e)
	}
	out, err := json.Marshal(c.spans)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"SECRET", "15550001111", "15559876543", "15551234567", "0001111", "987654"} {
		if bytes.Contains(out, []byte(secret)) {
			t.Errorf("%q got out: %s", secret, out)
		}
	}
}

// TestCollectorsThatFail: what may be taken later is sent again, what is refused is not; both are told in the log, without a word of a call.
func TestCollectorsThatFail(t *testing.T) {
	for _, x := range []struct {
		name    string
		status  []int
		partial string
		asked   int
		lost    bool
	}{
		{"busy, then not", []int{429, 503}, "", 3, false},
		{"a wrong key", []int{401}, "", 1, true},
		{"some refused", nil, `"rejectedSpans":"7","errorMessage":"too old"`, 1, true},
		{"some refused, as a number", nil, `"rejectedSpans":7`, 1, true},
		{"a warning alone", nil, `"rejectedSpans":"0","errorMessage":"mind the gap"`, 1, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			c, s := newCollector(t)
			c.status, c.after, c.partial = x.status, "1", x.partial
			var said strings.Builder
			b := newBook()
			stop := follow(t, b, s.URL, slog.New(slog.NewTextHandler(&said, nil)))
			b.write(on("c", 0, parley.EventCreated, fields{"direction": "inbound"}))
			b.write(on("c", 9, parley.EventEnded, fields{"ended_reason": "busy"}))
			for n := 0; n < x.asked; {
				c.mu.Lock()
				n = c.asked
				c.mu.Unlock()
				time.Sleep(5 * time.Millisecond)
			}
			stop()
			if c.asked != x.asked || strings.Contains(said.String(), "calls=1") != x.lost {
				t.Errorf("asked %d times, not %d; the log: %s", c.asked, x.asked, said.String())
			}
		})
	}
}

// TestStopped: a server that stops does not wait for a collector that does not answer, and a log that cannot be read is told of.
func TestStopped(t *testing.T) {
	var said strings.Builder
	b := newBook()
	stop := follow(t, b, "http://127.0.0.1:9", slog.New(slog.NewTextHandler(&said, nil)))
	b.write(on("c", 0, parley.EventCreated, fields{"direction": "inbound"}))
	b.write(on("c", 9, parley.EventEnded, fields{}))
	stop()
	if !strings.Contains(said.String(), "calls=1") {
		t.Errorf("the log: %s", said.String())
	}
	said.Reset()
	b = newBook()
	b.fails = errors.New("the database is gone")
	stop = follow(t, b, "http://127.0.0.1:9", slog.New(slog.NewTextHandler(&said, nil)))
	b.write(on("c", 9, parley.EventEnded, fields{}))
	stop()
	if !strings.Contains(said.String(), "the database is gone") {
		t.Errorf("the log: %s", said.String())
	}
}

// TestOddCalls: calls of which the log has little, or nonsense, or too much, are traces all the same.
func TestOddCalls(t *testing.T) {
	for name, events := range map[string][]parley.Event{
		"the end alone":         {on("x", 0, parley.EventEnded, fields{"ended_reason": "a reason of tomorrow"})},
		"no objects":            {on("x", 0, parley.EventCreated, "?"), on("x", 1, parley.EventMessage, 7), on("x", 2, parley.EventActionStart, nil), on("x", 3, parley.EventWarmed, "?"), on("x", 4, parley.EventEnded, "?")},
		"backwards":             {on("x", 100, parley.EventCreated, fields{"direction": "outbound", "received_at": began.Add(time.Hour)}), on("x", 50, parley.EventRinging, fields{"dialled_at": began}), on("x", 0, parley.EventEnded, fields{})},
		"an end of no start":    {on("x", 0, parley.EventAction, fields{"action_id": "a", "action_type": "action_dtmf"}), on("x", 1, parley.EventTransferred, fields{}), on("x", 2, parley.EventEnded, fields{})},
		"took for ever":         {on("x", 0, parley.EventWarmed, fields{"skill": "s", "vendor": "v", "took_ms": 1e300}), on("x", 1, parley.EventEnded, fields{})},
		"a foreign traceparent": {on("x", 0, parley.EventCreated, fields{"traceparent": "00-zz-1"}), on("x", 2, parley.EventEnded, fields{})},
	} {
		c := newTrace(events[0])
		for _, e := range events {
			c.add(e)
		}
		out, err := json.Marshal(c.spans)
		var spans []told
		if err == nil {
			err = json.Unmarshal(out, &spans)
		}
		if err != nil || len(spans) == 0 || len(spans[0].Links) > 0 {
			t.Errorf("%s: %v %s", name, err, out)
		}
		sound(t, spans[0].TraceID, spans)
	}
	c := newTrace(on("long", 0, parley.EventCreated, fields{}))
	for i := range 3 * mostSpans {
		c.add(on("long", i, parley.EventTransferring, fields{}))
		c.add(on("long", i, parley.EventTransferred, fields{}))
		c.add(on("long", i, parley.EventHeld, fields{}))
	}
	c.add(on("long", 9e6, parley.EventEnded, fields{}))
	if len(c.spans) != mostSpans || len(c.spans[0].Events) != mostSpans || c.spans[0].Dropped == 0 {
		t.Errorf("%d spans, %d events, %d dropped", len(c.spans), len(c.spans[0].Events), c.spans[0].Dropped)
	}
}

func TestMask(t *testing.T) {
	for number, want := range map[string]string{"+15551234567": "+1••••••••67", "": "", "911": "•••", "sip:jo@example.com": "sip:…", "anonymous": "an•••••us"} {
		if got := mask(number); got != want {
			t.Errorf("%q is %q, want %q", number, got, want)
		}
	}
}
