//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/leg/stream"
)

// A telnyxOffice is a server with an account at a Telnyx of ours, and a number there that an agent answers.
type telnyxOffice struct {
	*server
	x          *carriertest.TelnyxCalls
	connection string
	agentID    string
}

const telnyxNumber = carriertest.From

func newTelnyxOffice(t *testing.T, agent m) *telnyxOffice {
	t.Helper()
	o := &telnyxOffice{x: carriertest.NewTelnyxCalls()}
	mux := http.NewServeMux()
	mux.Handle("/v2/calls", o.x)
	mux.Handle("/v2/calls/", o.x)
	mux.Handle("/", &carriertest.Carrier{})
	rest := httptest.NewServer(mux)
	t.Cleanup(rest.Close)
	t.Cleanup(o.x.Close)
	o.server = prepare(t, "TELNYX_BASE_URL="+rest.URL)
	o.env = append(o.env, "PARLEY_PUBLIC_URL="+o.http)
	o.start()
	var c m
	o.api("POST", "/v1/account_connections/create", m{"type": "account_connection_telnyx", "credentials": m{"api_key": carriertest.Key,
		"public_key": o.x.PublicKey(), "connection_id": carriertest.App}}, &c)
	o.connection, _ = c["id"].(string)
	o.x.Webhook = o.http + "/carriers/telnyx/voice/" + o.connection
	o.agentID, _ = o.agent(agent)
	o.api("POST", "/v1/numbers/link", m{"phone_number": telnyxNumber, "telephony_provider": "telnyx", "telephony_account_connection": o.connection, "inbound_agent": o.agentID}, nil)
	return o
}

// ringUp is a call of somebody's, once it has sound.
func (o *telnyxOffice) ringUp() *carriertest.TelnyxLine {
	o.t.Helper()
	l := o.x.Ring("+14155550123", telnyxNumber, map[string]any{"caller_id_name": "JANE DOE"})
	select {
	case <-l.Talks():
	case <-time.After(10 * time.Second):
		o.t.Fatalf("there is no sound: %q", o.x.Refused())
	}
	return l
}

// fairly checks that the server kept to the protocol.
func (o *telnyxOffice) fairly(l *carriertest.TelnyxLine) {
	o.t.Helper()
	o.until("the call is over", 10*time.Second, func() bool {
		select {
		case <-l.Gone():
			return true
		default:
			return false
		}
	})
	if f := l.Caller().Faults(); len(f) > 0 {
		o.t.Errorf("against the protocol: %q", f)
	}
	if r := o.x.Refused(); len(r) > 0 {
		o.t.Errorf("refused by Telnyx: %q", r)
	}
}

// alikeAt compares what was said with the recording, and the agent's side of it with what was heard.
func (o *telnyxOffice) alikeAt(id string, l *carriertest.TelnyxLine, said *audio.Sound) {
	o.t.Helper()
	rec := o.recording(id)
	var ear []int16
	for _, f := range l.Ear() {
		ear = append(ear, f[:]...)
	}
	agent := utterance(spoken(rec.Channel(1), rec.Rate), rec.Rate)
	if len(agent) < rec.Rate {
		o.t.Fatalf("the agent said %d samples", len(agent))
	}
	in := correlation(spoken(said.PCM, said.Rate), said.Rate, rec.Channel(0), rec.Rate)
	out := likeSegments(agent, rec.Rate, audio.NewResampler(audio.Rate, 8000).Process(nil, ear), 8000)
	o.t.Logf("correlation: said and recorded %.4f, recorded and heard %.4f", in, out)
	if in < alike || out < alike {
		o.t.Errorf("the sound is not the same at both ends: %.4f, %.4f", in, out)
	}
}

// utterance is what is said before the first pause of 300 ms: pauses between are left out of what a line heard.
func utterance(pcm []int16, rate int) []int16 {
	block, still := rate/50, 0
	for i := 0; i+block <= len(pcm); i += block {
		if still++; audio.DBFS(pcm[i:i+block]) > -50 {
			still = 0
		}
		if still == 15 {
			return pcm[:i]
		}
	}
	return pcm
}

// TestTelnyxCallsIn: somebody calls the number, is understood and answered, presses keys, is pressed some, and hangs up.
func TestTelnyxCallsIn(t *testing.T) {
	t.Parallel()
	o := newTelnyxOffice(t, nil)
	o.hearing()
	_, speech := sentence(t, "What are your opening hours?")
	l := o.ringUp()
	o.said(1)
	l.Say(frames(speech)...)
	o.until("what was said is said", 20*time.Second, l.Caller().Quiet)
	o.said(2)
	l.Press("742")
	o.api("POST", "/v1/calls/dtmf?id="+o.calls()[0].ID, m{"digits": "19#"}, nil)
	o.until("the agent's digits come", 10*time.Second, func() bool { return l.Digits() == "19#" })
	l.Hangup()
	c := o.ended(10 * time.Second)
	if c.Ended != "caller_hung_up" || c.Outgoing || c.From != "+14155550123" {
		t.Errorf("%+v", c)
	}
	if text := strings.ToLower(c.Text); !strings.Contains(text, "human: ") || !strings.Contains(text, "opening") || strings.Count(text, "bot: ") < 2 {
		t.Errorf("the transcript is\n%s", c.Text)
	}
	o.pressed(c.ID, "742")
	o.alikeAt(c.ID, l, speech)
	var whole m
	o.api("GET", "/v1/calls?id="+c.ID, nil, &whole)
	md, _ := whole["telephony_metadata"].(m)
	if md["type"] != "telephony_metadata_telnyx" || md["call_control_id"] != l.ControlID || md["call_leg_id"] != l.LegID || md["call_session_id"] != l.SessionID || md["stream_id"] == "" {
		t.Errorf("telephony_metadata %v", md)
	}
	o.fairly(l)
}

// TestTelnyxBargesIn: a caller who speaks while the agent does is heard at once: what Telnyx has not played is taken back.
func TestTelnyxBargesIn(t *testing.T) {
	t.Parallel()
	o := newTelnyxOffice(t, m{"interrupt_sensitivity": "high"})
	o.hearing()
	_, ask := sentence(t, "What are your opening hours?")
	_, stop := sentence(t, "Stop. Wait a moment please.")
	l := o.ringUp()
	o.said(1)
	l.Say(frames(ask)...)
	o.until("what was said is said", 20*time.Second, l.Caller().Quiet)
	n := len(l.Ear())
	o.until("the agent answers", 20*time.Second, func() bool { return len(l.Ear()) > n+25 })
	cleared := l.Caller().Clears()
	l.Say(frames(stop)...)
	o.until("Telnyx is told to forget", 10*time.Second, func() bool { return l.Caller().Clears() > cleared })
	time.Sleep(3 * time.Second)
	l.Hangup()
	if c := o.ended(10 * time.Second); !strings.Contains(c.Text, "-\n") {
		t.Errorf("nothing was cut off:\n%s", c.Text)
	}
	o.fairly(l)
}

// TestTelnyxIsCalled: calls are placed by Telnyx once, and end as they are ended, by the codes and in the words of Telnyx.
func TestTelnyxIsCalled(t *testing.T) {
	o := newTelnyxOffice(t, nil)
	o.x.Fate = func(to string) carriertest.Fate {
		return map[string]carriertest.Fate{"+14155550486": {Cause: "user_busy", Code: "486"}, "+14155550603": {Cause: "call_rejected", Code: "603"},
			"+14155550404": {Cause: "not_found", Code: "404"}, "+14155550000": {Quiet: true}}[to]
	}
	_, speech := sentence(t, "Hello, this is Bob speaking, who is calling me please")
	place := func(to string) string {
		var made m
		o.api("POST", "/v1/calls/create", m{"agent": o.agentID, "from_number": telnyxNumber, "to_number": to}, &made)
		return fmt.Sprint(made["id"])
	}
	for _, to := range []string{"+14155550123", "+14155550000"} { // of the second POST breaks off
		n := len(o.x.Lines())
		id := place(to)
		o.until("the phone rings", 10*time.Second, func() bool { return len(o.x.Lines()) == n+1 })
		l := o.x.Lines()[n]
		select {
		case <-l.Talks():
		case <-time.After(10 * time.Second):
			t.Fatalf("there is no sound: %q", o.x.Refused())
		}
		l.Say(frames(speech)...)
		time.Sleep(10 * time.Second)
		o.api("POST", "/v1/calls/end?id="+id, nil, nil)
		o.fairly(l)
		if c := o.whole(id); c["ended_reason"] != "agent_ended" || c["telephony_id"] != nil && c["telephony_id"] != l.ControlID {
			t.Errorf("%v", c)
		}
		if c := l.Commands(); !slices.Equal(c, []string{"hangup"}) {
			t.Errorf("commands %q", c)
		}
		o.alikeAt(id, l, speech)
	}
	for to, want := range map[string][2]string{"+14155550486": {"busy", ""}, "+14155550603": {"declined", ""}, "+14155550404": {"unreachable", "not_found"}, carriertest.Nobody: {"unreachable", "10016"}} {
		if c := o.whole(place(to)); c["ended_reason"] != want[0] || !strings.Contains(fmt.Sprint(c["error_message"]), want[1]) {
			t.Errorf("%s: %v, %v", to, c["ended_reason"], c["error_message"])
		}
	}
	if n := len(o.x.Lines()); n != 5 {
		t.Errorf("%d calls were placed, not 5", n)
	}
}

// whole is a call that is over.
func (o *telnyxOffice) whole(id string) (c m) {
	o.t.Helper()
	o.until("the call is over", 20*time.Second, func() bool {
		o.api("GET", "/v1/calls?id="+id, nil, &c)
		return c["ended_reason"] != nil && c["ended_reason"] != ""
	})
	return c
}

// TestTelnyxForged: what Telnyx has not signed does not make a phone ring.
func TestTelnyxForged(t *testing.T) {
	t.Parallel()
	o := newTelnyxOffice(t, nil)
	stranger := carriertest.NewTelnyxCalls()
	for i := range 50 {
		body := stranger.Event("call.initiated", map[string]any{"call_control_id": fmt.Sprint("v3:", i), "direction": "incoming", "from": "+14155550123", "to": telnyxNumber})
		req, err := http.NewRequest(http.MethodPost, o.x.Webhook, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = stranger.Sign(body, time.Now())
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Fatalf("%d %s", res.StatusCode, said)
		}
	}
	if n := len(o.calls()); n > 0 {
		t.Errorf("%d calls", n)
	}
}

// TestTelnyxSDK: Telnyx' own SDK takes the webhooks of what stands for Telnyx here for its own, and commands calls there.
func TestTelnyxSDK(t *testing.T) {
	t.Parallel()
	x := carriertest.NewTelnyxCalls()
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer sink.Close()
	near := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, err := stream.Accept(w, r); err == nil {
			for err == nil {
				_, err = s.Read()
			}
			s.Close()
		}
	}))
	defer near.Close()
	rest := httptest.NewServer(x)
	defer rest.Close()
	x.Webhook = sink.URL
	line := x.Ring("+14155550123", telnyxNumber, nil)
	command(t, rest.URL+"/v2/calls/"+line.ControlID+"/actions/answer", m{"stream_url": strings.Replace(near.URL, "http", "ws", 1)})
	select {
	case <-line.Talks():
	case <-time.After(10 * time.Second):
		t.Fatal("there is no sound")
	}
	time.Sleep(100 * time.Millisecond)
	line.Hangup()
	x.Close()
	var hooks []m
	for _, told := range x.Told() {
		hooks = append(hooks, m{"headers": told.Header, "body": string(told.Body)})
	}
	out := node(t, m{"webhooks": hooks, "public": x.PublicKey(), "rest": rest.URL, "key": carriertest.Key, "app": carriertest.App}, []string{"telnyx@7.24.0"}, "testdata/telnyx_sdk.cjs")
	t.Logf("%s", out)
	x.Close()
}

// command asks what stands for Telnyx to do something.
func command(t *testing.T, url string, params m) {
	t.Helper()
	b, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer " + carriertest.Key}, "Content-Type": {"application/json"}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if said, _ := io.ReadAll(res.Body); res.StatusCode != 200 {
		t.Fatalf("%s: %d %s", url, res.StatusCode, said)
	}
}

// TestTelnyxLive talks to Telnyx itself: with TELNYX_LIVE_KEY, _PUBLIC_KEY, _APP, _FROM and _TO, and PARLEY_PUBLIC_URL leading to PARLEY_HTTP here.
func TestTelnyxLive(t *testing.T) {
	env := func(name string) string { return os.Getenv("TELNYX_LIVE_" + name) }
	if env("KEY") == "" {
		t.Skip("without TELNYX_LIVE_KEY")
	}
	s := prepare(t)
	s.env = append(s.env, "PARLEY_PUBLIC_URL="+os.Getenv("PARLEY_PUBLIC_URL"))
	if at := os.Getenv("PARLEY_HTTP"); at != "" {
		s.env, s.http = append(s.env, "PARLEY_HTTP="+at), "http://127.0.0.1"+at[strings.LastIndexByte(at, ':'):]
	}
	s.start()
	var c, made m
	s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_telnyx", "credentials": m{"api_key": env("KEY"), "public_key": env("PUBLIC_KEY"), "connection_id": env("APP")}}, &c)
	id, _ := s.agent(nil)
	s.api("POST", "/v1/numbers/link", m{"phone_number": env("FROM"), "telephony_provider": "telnyx", "telephony_account_connection": c["id"], "inbound_agent": id}, nil)
	s.api("POST", "/v1/calls/create", m{"agent": id, "from_number": env("FROM"), "to_number": env("TO")}, &made)
	s.until("somebody talks to the agent, and hangs up", 3*time.Minute, func() bool {
		s.api("GET", fmt.Sprint("/v1/calls?id=", made["id"]), nil, &c)
		return c["ended_reason"] != nil && c["ended_reason"] != ""
	})
	t.Logf("%v %v\n%v", c["ended_reason"], c["error_message"], c["transcript"])
	if c["ended_reason"] != "caller_hung_up" {
		t.Error("nobody talked to it")
	}
}
