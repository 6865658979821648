package otlp

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// A trace is what is known of a call so far. spans[0] is the call itself.
type trace struct {
	id    string
	spans []span
	begun map[string]int // spans that have not ended, by what ends them
}

// callID is the key of the attribute by which a call is found.
const callID = "parley.call.id"

// parent is a traceparent (W3C Trace Context) that api has let through.
var parent = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$`)

// newTrace begins with an event, as a rule that of the call's creation.
func newTrace(e parley.Event) *trace {
	t := &trace{id: e.CallID, begun: map[string]int{}}
	t.span("call", internal, e.Time, e.Time, callID, e.CallID)
	return t
}

// span adds one under the call, and gives its place; a negative one: there are too many.
func (t *trace) span(name string, k kind, from, to time.Time, pairs ...any) int {
	return t.under(0, name, k, from, to, pairs...)
}

func (t *trace) under(above int, name string, k kind, from, to time.Time, pairs ...any) int {
	if len(t.spans) >= mostSpans || above < 0 {
		t.spans[0].Dropped++
		return -1
	}
	n := len(t.spans)
	s := span{TraceID: traceID(t.id), SpanID: spanID(t.id, n), Name: name, Kind: k, Start: nanos(from), End: nanos(to), Attributes: a(pairs...)}
	if to.Before(from) {
		s.End = s.Start
	}
	if n > 0 {
		s.Parent = t.spans[above].SpanID
	}
	t.spans = append(t.spans, s)
	return n
}

// note is an event of the call itself.
func (t *trace) note(e parley.Event, name string, pairs ...any) {
	if len(t.spans[0].Events) >= mostSpans {
		t.spans[0].Dropped++
		return
	}
	t.spans[0].Events = append(t.spans[0].Events, event{nanos(e.Time), name, a(pairs...)})
}

func (t *trace) end(what string, at time.Time, wrong bool, pairs ...any) {
	i, ok := t.begun[what]
	delete(t.begun, what)
	if !ok || i < 0 {
		return
	}
	s := &t.spans[i]
	if s.End = nanos(at); at.Before(time.Time(s.Start)) {
		s.End = s.Start
	}
	s.Attributes = append(s.Attributes, a(pairs...)...)
	if wrong {
		s.Status = &status{Code: failed}
	}
}

// payload is all that is read of events' payloads. Words, numbers but the two ends, variables and what vendors said are not among it.
type payload struct {
	Direction   string          `json:"direction"`
	From        string          `json:"from_number"`
	To          string          `json:"to_number"`
	Asked       time.Time       `json:"received_at"`
	Dialled     time.Time       `json:"dialled_at"`
	Traceparent string          `json:"traceparent"`
	Timestamp   time.Time       `json:"timestamp"`
	Sender      parley.Who      `json:"sender"`
	Turn        string          `json:"turn_id"`
	Interrupted bool            `json:"interrupted"`
	Latency     *parley.Latency `json:"latency"`
	Vendors     parley.Credits  `json:"vendors"`
	Code        string          `json:"code"`
	Skill       string          `json:"skill"`
	Failed      parley.Failures `json:"failed"`
}

// add takes what an event says.
func (t *trace) add(e parley.Event) {
	var p payload
	_ = json.Unmarshal(e.Payload, &p) // what is not there, or not so, is not told
	switch e.Type {
	case parley.EventCreated:
		t.created(e, p)
	case parley.EventRinging:
		t.dialled(e, p)
		t.begun["ring"] = t.span("ring", internal, e.Time, e.Time)
	case parley.EventConnected:
		t.dialled(e, p)
		t.end("ring", e.Time, false)
		t.note(e, "connected")
	case parley.EventMessage:
		t.turn(p)
	case parley.EventActionStart, parley.EventAction:
		t.action(e)
	case parley.EventTransferring:
		t.begun["transfer"] = t.span("transfer", client, e.Time, e.Time)
	case parley.EventTransferred, parley.EventTransferFailed:
		t.end("transfer", e.Time, e.Type == parley.EventTransferFailed)
	case parley.EventWarning, parley.EventError:
		t.note(e, string(e.Type), "parley.code", p.Code, "parley.skill", p.Skill, "parley.failed", p.Failed.String())
	case parley.EventInterrupted, parley.EventHeld, parley.EventUnheld, parley.EventMuted, parley.EventUnmuted:
		t.note(e, string(e.Type))
	case parley.EventWarmed, parley.EventContext, parley.EventKnowledge:
		t.lookup(e)
	case parley.EventHumanDetection:
		var d struct {
			Result string `json:"result"`
			Class  string `json:"classification"`
		}
		_ = json.Unmarshal(e.Payload, &d)
		t.note(e, "human_detection", "parley.result", d.Result, "parley.classification", d.Class)
	case parley.EventEnded, parley.EventDidNotConnect:
		t.ended(e)
	}
}

// created is the request that asked for the call, and what it says of itself.
func (t *trace) created(e parley.Event, p payload) {
	root := &t.spans[0]
	root.Name, root.Kind = "call "+p.Direction, server
	if p.Direction == "outbound" {
		root.Kind = client
	}
	root.Start = nanos(e.Time)
	root.Attributes = a(callID, t.id, "parley.direction", p.Direction, "parley.from", mask(p.From), "parley.to", mask(p.To))
	if m := parent.FindStringSubmatch(p.Traceparent); m != nil {
		root.Links = []link{{m[1], m[2]}}
	}
	if !p.Asked.IsZero() && p.Asked.Before(e.Time) {
		root.Start = nanos(p.Asked)
		t.span("POST /v1/calls/create", server, p.Asked, e.Time, "http.request.method", "POST", "http.route", "/v1/calls/create")
	}
	if p.Direction == "outbound" {
		t.begun["job"] = t.span("job dial", internal, e.Time, e.Time)
	}
}

// dialled ends the wait of the job; what is said of when is in the first event of the far end.
func (t *trace) dialled(e parley.Event, p payload) {
	if _, waits := t.begun["job"]; !waits {
		return
	}
	at := e.Time
	if !p.Dialled.IsZero() && p.Dialled.Before(e.Time) {
		at = p.Dialled
		t.span("dial", client, at, e.Time)
	}
	t.end("job", at, false)
}

// turn is one of the agent's that answers, from the caller's last sound to the agent's first, and what vendors took of it. Its stages
// follow each other (docs/performance.md).
func (t *trace) turn(p payload) {
	l := p.Latency
	if p.Sender != parley.Bot || l == nil || p.Timestamp.IsZero() {
		return
	}
	from := p.Timestamp.Add(-l.Total)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	turn := t.span("turn", internal, from, p.Timestamp, "parley.turn.id", p.Turn, "parley.interrupted", p.Interrupted, "parley.endpointing_ms", ms(l.Endpointing),
		"parley.queue_ms", ms(l.Queue), "parley.actions_ms", ms(l.Actions), "parley.chunking_ms", ms(l.Chunking), "parley.playout_ms", ms(l.Playout))
	at := from
	part := func(name string, by *parley.Credit, took time.Duration) {
		if by != nil {
			t.under(turn, name+" "+by.Vendor, client, at, at.Add(took), "parley.vendor", by.Vendor, "parley.backup_for", by.Reason)
		}
		at = at.Add(took)
	}
	part("hear", p.Vendors.Hearing, l.STT)
	at = at.Add(l.Endpointing + l.Queue)
	part("think", p.Vendors.Thinking, l.LLM+l.Actions)
	at = at.Add(l.Chunking)
	part("speak", p.Vendors.Speaking, l.TTS)
}

// action is something that the agent does; what of is in neither name nor attributes.
func (t *trace) action(e parley.Event) {
	var p struct {
		ID     string `json:"action_id"`
		Type   string `json:"action_type"`
		Result struct {
			Status int             `json:"http_status_code"`
			Error  json.RawMessage `json:"error"`
		} `json:"result"`
	}
	_ = json.Unmarshal(e.Payload, &p)
	if p.Type == "" {
		return
	}
	if e.Type == parley.EventActionStart {
		t.begun["action "+p.ID] = t.span("action "+strings.TrimPrefix(p.Type, "action_"), client, e.Time, e.Time, "parley.action.type", p.Type, "parley.action.id", p.ID)
		return
	}
	wrong := len(p.Result.Error) > 0 && string(p.Result.Error) != "null" && string(p.Result.Error) != `""`
	t.end("action "+p.ID, e.Time, wrong, "http.response.status_code", p.Result.Status)
}

// lookup is what was made ready or asked for, and is told of once it is done.
func (t *trace) lookup(e parley.Event) {
	var p struct {
		Skill, Vendor, Skipped, Error, Field string
		Took                                 float64 `json:"took_ms"`
		MS                                   float64 `json:"ms"`
		Open                                 bool    `json:"already_open"`
		Status                               int
		Cached                               bool
	}
	if json.Unmarshal(e.Payload, &p) != nil || p.Skipped != "" {
		return
	}
	name, pairs := string(e.Type), []any(nil)
	switch e.Type {
	case parley.EventWarmed:
		name, pairs = "warm "+p.Skill+" "+p.Vendor, []any{"parley.vendor", p.Vendor, "parley.skill", p.Skill, "parley.already_open", p.Open}
	case parley.EventContext:
		pairs = []any{"parley.field", p.Field, "http.response.status_code", p.Status, "parley.cached", p.Cached}
	}
	took := min(max(0, p.Took+p.MS), float64(time.Hour.Milliseconds()))
	i := t.span(name, client, e.Time.Add(-time.Duration(took*float64(time.Millisecond))), e.Time, pairs...)
	if i > 0 && p.Error != "" {
		t.spans[i].Status = &status{Code: failed}
	}
}

// ended closes all that is open.
func (t *trace) ended(e parley.Event) {
	var p struct {
		Cause parley.Cause    `json:"ended_reason"`
		SIP   int             `json:"sip_code"`
		Media *parley.Quality `json:"media"`
	}
	_ = json.Unmarshal(e.Payload, &p)
	if !p.Cause.Known() {
		p.Cause = parley.Unknown
	}
	for what := range t.begun {
		t.end(what, e.Time, false)
	}
	root := &t.spans[0]
	if e.Time.After(time.Time(root.Start)) {
		root.End = nanos(e.Time)
	} else {
		root.End = root.Start
	}
	root.Attributes = append(root.Attributes, a("parley.ended_reason", string(p.Cause), "parley.fault", string(p.Cause.Fault()), "parley.sip_code", p.SIP)...)
	if m := p.Media; m != nil {
		root.Attributes = append(root.Attributes, a("parley.media.received", int(m.Received), "parley.media.sent", int(m.Sent), "parley.media.lost", int(m.Lost),
			"parley.media.late", int(m.Late), "parley.media.jitter_ms", m.Jitter)...)
	}
	if p.Cause.Failed() {
		root.Status = &status{string(p.Cause), failed}
	}
}
