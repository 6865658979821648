package carriertest

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg/stream/streamtest"
)

// A TelnyxLine is a call, and whoever is at its other end: they say and hear by media streaming, once there is any.
type TelnyxLine struct {
	x                           *TelnyxCalls
	From, To                    string
	Incoming                    bool
	ControlID, LegID, SessionID string

	gone  chan struct{} // closed when the call is over
	talks chan struct{} // closed when there is sound
	did   chan string   // commands that were obeyed

	mu       sync.Mutex // guards all below
	asked    map[string]any
	state    string
	known    []string // command_ids
	commands []string // those obeyed, with what matters of them
	digits   strings.Builder
	caller   *streamtest.Caller
	over     bool
	answered bool
	mute     bool // no webhook tells of the end
}

// payload is what every webhook about the call says.
func (l *TelnyxLine) payload(more map[string]any) map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := map[string]any{"call_control_id": l.ControlID, "call_leg_id": l.LegID, "call_session_id": l.SessionID, "connection_id": App, "from": l.From, "to": l.To,
		"client_state": nil, "start_time": time.Now().UTC().Format(time.RFC3339Nano)}
	if l.state != "" {
		p["client_state"] = l.state
	}
	maps.Copy(p, more)
	return p
}

func (l *TelnyxLine) incoming(more map[string]any) {
	p := map[string]any{"direction": "incoming", "state": "parked", "caller_id_name": l.From, "offered_codecs": "PCMU,PCMA", "connection_codecs": "G722,PCMU,PCMA", "tags": []any{}}
	maps.Copy(p, more)
	l.x.tell("call.initiated", l.payload(p))
}

func (l *TelnyxLine) place(in map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = in
	l.state, _ = in["client_state"].(string)
}

func (l *TelnyxLine) outgoing(f Fate) {
	l.x.tell("call.initiated", l.payload(map[string]any{"direction": "outgoing", "state": "bridging"}))
	if f.Early {
		l.connect()
	}
	limit := f.After
	l.mu.Lock()
	rings, _ := l.asked["timeout_secs"].(float64)
	detects := l.asked["answering_machine_detection"] != nil
	l.mu.Unlock()
	if most := time.Duration(rings) * time.Second; most > 0 && limit > most {
		limit, f.Cause, f.Code = most, "timeout", "487"
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.gone:
		return
	}
	if f.Cause != "" {
		l.end(f.Cause, f.Code, "callee")
		return
	}
	l.pickUp(f.Early || f.Deaf)
	if f.Who != "" && detects {
		l.x.tell("call.machine.detection.ended", l.payload(map[string]any{"result": f.Who}))
	}
}

// pickUp is the answer, by whichever side.
func (l *TelnyxLine) pickUp(connected bool) {
	l.mu.Lock()
	l.answered = true
	l.mu.Unlock()
	l.x.tell("call.answered", l.payload(map[string]any{"state": "answered"}))
	if !connected {
		l.connect()
	}
}

// connect opens the websocket that was asked for.
func (l *TelnyxLine) connect() {
	l.mu.Lock()
	url, _ := l.asked["stream_url"].(string)
	codec, _ := l.asked["stream_bidirectional_codec"].(string)
	state := l.state
	l.mu.Unlock()
	if url == "" {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	socket, _, err := streamtest.Dial(ctx, url, http.Header{"User-Agent": {"Telnyx"}})
	id := l.x.id()
	if err != nil {
		l.x.tell("streaming.failed", l.payload(map[string]any{"failure_reason": "connection_failed", "stream_id": id, "stream_type": "websocket",
			"stream_params": map[string]any{"stream_url": url, "track": "inbound_track"}}))
		return
	}
	encoding := "PCMU"
	if codec == "PCMA" {
		encoding = codec
	}
	c := streamtest.On(socket, streamtest.Call{Dialect: streamtest.Telnyx, ID: id, Alaw: encoding == "PCMA",
		Start: map[string]any{"user_id": "3e6f995f-85f7-4705-9741-53b116d28237", "call_control_id": l.ControlID, "call_session_id": l.SessionID, "from": l.From, "to": l.To,
			"client_state": state, "tags": []any{}, "media_format": map[string]any{"encoding": encoding, "sample_rate": 8000, "channels": 1}},
		Stop: map[string]any{"user_id": "3e6f995f-85f7-4705-9741-53b116d28237", "call_control_id": l.ControlID}})
	l.mu.Lock()
	over := l.over
	if !over {
		l.caller = c
		close(l.talks)
	}
	l.mu.Unlock()
	if over {
		c.Close()
		return
	}
	l.x.tell("streaming.started", l.payload(map[string]any{"stream_url": url, "stream_id": id}))
}

// obey does a command; what it returns is why not. One that was had before is not done again.
func (l *TelnyxLine) obey(action string, in map[string]any) string {
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		return "This call is no longer active and can't receive commands."
	}
	id, _ := in["command_id"].(string)
	if id != "" && slices.Contains(l.known, id) {
		l.mu.Unlock()
		return ""
	}
	if action == "answer" && (l.answered || !l.Incoming) {
		l.mu.Unlock()
		return "This call can't be answered."
	}
	l.known = append(l.known, id)
	if s, _ := in["client_state"].(string); s != "" {
		l.state = s
	}
	what := action
	switch action {
	case "answer":
		l.asked, l.answered = in, true
	case "reject":
		what += " " + fmt.Sprint(in["cause"])
	case "send_dtmf":
		what += " " + fmt.Sprint(in["digits"])
		l.digits.WriteString(fmt.Sprint(in["digits"]))
	case "refer":
		what += " " + fmt.Sprint(in["sip_address"])
	}
	l.commands = append(l.commands, what)
	l.mu.Unlock()
	select {
	case l.did <- what:
	default: // nobody waits for them
	}
	switch action {
	case "answer":
		l.x.tasks.Go(func() { l.pickUp(false) })
	case "reject":
		l.x.tasks.Go(func() { l.end("call_rejected", "unspecified", "callee") })
	case "hangup":
		l.x.tasks.Go(func() { l.end("normal_clearing", "200", "caller") })
	}
	return ""
}

// end is the end of the call, whoever wants it.
func (l *TelnyxLine) end(cause, code, source string) {
	l.mu.Lock()
	over, c, mute := l.over, l.caller, l.mute
	l.over = true
	l.mu.Unlock()
	if over {
		return
	}
	close(l.gone)
	if c != nil {
		c.Close()
	}
	if !mute {
		l.x.tell("call.hangup", l.payload(map[string]any{"hangup_cause": cause, "sip_hangup_cause": code, "hangup_source": source, "state": "hangup"}))
	}
}

// Refer tells how a transfer by REFER went.
func (l *TelnyxLine) Refer(status int) {
	kind := "call.refer.completed"
	if status >= 300 {
		kind = "call.refer.failed"
	}
	l.x.tell(kind, l.payload(map[string]any{"sip_notify_response": status}))
}

// Did gives the next command that was obeyed.
func (l *TelnyxLine) Did() <-chan string { return l.did }

// Commands are those that were obeyed.
func (l *TelnyxLine) Commands() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.commands)
}

// Asked is what the sound was asked for with.
func (l *TelnyxLine) Asked() map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.asked)
}

// Talks is closed once there is sound.
func (l *TelnyxLine) Talks() <-chan struct{} { return l.talks }

// Caller is the sound; nil: there is none yet.
func (l *TelnyxLine) Caller() *streamtest.Caller {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.caller
}

// Say, Ear, Press, Digits, Hangup, Vanish and Gone are those of a legtest.Far. Digits come by command, not as tones.
func (l *TelnyxLine) Say(fs ...audio.Frame) { l.Caller().Say(fs...) }

func (l *TelnyxLine) Ear() []audio.Frame { return l.Caller().Ear() }

func (l *TelnyxLine) Press(digits string) { l.Caller().Press(digits) }

func (l *TelnyxLine) Digits() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.digits.String()
}

func (l *TelnyxLine) Hangup() { l.end("normal_clearing", "200", "callee") }

func (l *TelnyxLine) Vanish() { l.Caller().Vanish() }

func (l *TelnyxLine) Gone() <-chan struct{} { return l.gone }

// Mute has no webhook tell of the end.
func (l *TelnyxLine) Mute() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute = true
}

// State is the client_state that the call has.
func (l *TelnyxLine) State() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, _ := base64.StdEncoding.DecodeString(l.state)
	return string(b)
}
