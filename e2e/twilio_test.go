//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/bench"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/leg/twilio"
)

// A branch is a server with an account at a Twilio of ours, and a number there that an agent answers.
type branch struct {
	*server
	x          *carriertest.Exchange
	connection string
	agentID    string
}

func twilioBranch(t *testing.T, agent m) *branch {
	t.Helper()
	b := &branch{x: &carriertest.Exchange{Ring: 200 * time.Millisecond}}
	rest := httptest.NewServer(b.x)
	t.Cleanup(rest.Close)
	t.Cleanup(b.x.Close)
	b.server = prepare(t, "TWILIO_BASE_URL="+rest.URL)
	b.env = append(b.env, "PARLEY_PUBLIC_URL="+b.http)
	b.start()
	b.account(carriertest.SID, carriertest.Token)
	b.agentID, _ = b.agent(agent)
	b.api("POST", "/v1/numbers/link", m{"phone_number": carriertest.From, "telephony_provider": "twilio", "telephony_account_connection": b.connection, "inbound_agent": b.agentID}, nil)
	return b
}

// account is an account with Twilio.
func (b *branch) account(sid, token string) {
	b.t.Helper()
	var c m
	b.api("POST", "/v1/account_connections/create", m{"type": "account_connection_twilio", "credentials": m{"twilio_account_sid": sid, "twilio_auth_token": token}}, &c)
	b.connection, _ = c["id"].(string)
}

func (b *branch) hook(kind string) string {
	return b.http + "/carriers/twilio/" + kind + "/" + b.connection
}

// ringUp is a call of somebody's, once it has sound.
func (b *branch) ringUp() *carriertest.Phone {
	b.t.Helper()
	p, err := b.x.RingUp(b.t.Context(), b.hook("voice"), b.hook("status"), "+14155550123", carriertest.From)
	if err != nil {
		b.t.Fatal(err)
	}
	<-p.Connected()
	if p.Caller() == nil {
		b.t.Fatalf("there is no sound: %s", p.Refused())
	}
	return p
}

// fair checks that the server kept to the protocol.
func fair(t *testing.T, p *carriertest.Phone) {
	t.Helper()
	<-p.Over()
	if c := p.Caller(); c != nil && len(c.Faults()) > 0 {
		t.Errorf("against the protocol: %q", c.Faults())
	}
}

// heardAlike is how like the recording the caller's ear must be: what it does not hear between words is left out of it.
const heardAlike = 0.98

// heardAs compares what the caller heard with the agent's side of the recording.
func (b *branch) heardAs(id string, p *carriertest.Phone, said *audio.Sound) (theirs, ours float64) {
	b.t.Helper()
	rec := b.recording(id)
	var ear []int16
	for _, f := range p.Caller().Ear() {
		ear = append(ear, f[:]...)
	}
	agent := spoken(rec.Channel(1), rec.Rate)
	if len(agent) < rec.Rate {
		b.t.Fatalf("the agent said %d samples", len(agent))
	}
	theirs = correlation(spoken(said.PCM, said.Rate), said.Rate, rec.Channel(0), rec.Rate)
	if rec.Rate != audio.Rate {
		b.t.Fatalf("the recording has %d Hz", rec.Rate)
	}
	agent = audio.NewResampler(8000, audio.Rate).Process(nil, audio.NewResampler(audio.Rate, 8000).Process(nil, agent)) // what Twilio carries
	ours = likeSegments(agent, rec.Rate, ear, audio.Rate)
	b.t.Logf("correlation: said and recorded %.4f, recorded and heard %.4f", theirs, ours)
	return theirs, ours
}

// TestTwilioCallsIn: somebody calls the number, is understood and answered, presses keys and hangs up.
func TestTwilioCallsIn(t *testing.T) {
	t.Parallel()
	b := twilioBranch(t, nil)
	b.hearing()
	_, speech := sentence(t, "What are your opening hours?")
	p := b.ringUp()
	b.said(1)
	p.Caller().Say(frames(speech)...)
	b.until("what was said is said", 20*time.Second, p.Caller().Quiet)
	b.said(2)
	p.Caller().Press("742")
	time.Sleep(500 * time.Millisecond)
	p.Hangup()
	c := b.ended(10 * time.Second)
	if c.Ended != "caller_hung_up" || c.Outgoing || c.From != "+14155550123" {
		t.Errorf("%+v", c)
	}
	if text := strings.ToLower(c.Text); !strings.Contains(text, "human: ") || !strings.Contains(text, "opening") || strings.Count(text, "bot: ") < 2 {
		t.Errorf("the transcript is\n%s", c.Text)
	}
	b.pressed(c.ID, "742")
	if theirs, ours := b.heardAs(c.ID, p, speech); theirs < alike || ours < heardAlike {
		t.Errorf("the sound is not the same at both ends")
	}
	var whole m
	b.api("GET", "/v1/calls?id="+c.ID, nil, &whole)
	md, _ := whole["telephony_metadata"].(m)
	if md["type"] != "telephony_metadata_twilio" || md["call_sid"] != p.SID || md["account_sid"] != carriertest.SID {
		t.Errorf("telephony_metadata %v", md)
	}
	context, _ := whole["context"].(m)
	if context["caller_name"] != "JANE DOE" || context["from_city"] != "SAN FRANCISCO" {
		t.Errorf("context %v", context)
	}
	fair(t, p)
}

// TestTwilioBargesIn: a caller who speaks while the agent does is heard at once: what Twilio has not played is taken back.
func TestTwilioBargesIn(t *testing.T) {
	t.Parallel()
	b := twilioBranch(t, m{"interrupt_sensitivity": "high"})
	b.hearing()
	_, ask := sentence(t, "What are your opening hours?")
	_, stop := sentence(t, "Stop. Wait a moment please.")
	p := b.ringUp()
	b.said(1)
	p.Caller().Say(frames(ask)...)
	b.until("what was said is said", 20*time.Second, p.Caller().Quiet)
	n := len(p.Caller().Ear())
	b.until("the agent answers", 20*time.Second, func() bool { return len(p.Caller().Ear()) > n+25 })
	cleared := p.Caller().Clears()
	p.Caller().Say(frames(stop)...)
	b.until("Twilio is told to forget", 10*time.Second, func() bool { return p.Caller().Clears() > cleared })
	time.Sleep(3 * time.Second)
	p.Hangup()
	c := b.ended(10 * time.Second)
	if !strings.Contains(c.Text, "-\n") {
		t.Errorf("nothing was cut off:\n%s", c.Text)
	}
	fair(t, p)
}

// TestTwilioIsCalled: calls are placed by Twilio, and end as they are ended.
func TestTwilioIsCalled(t *testing.T) {
	t.Parallel()
	b := twilioBranch(t, nil)
	_, speech := sentence(t, "Hello, this is Bob speaking, who is calling me please")
	b.api("POST", "/v1/calls/create", m{"agent": b.agentID, "from_number": carriertest.From, "to_number": "+14155550123"}, nil)
	b.until("the phone rings", 10*time.Second, func() bool { return len(b.x.Phones()) == 1 })
	p := b.x.Phones()[0]
	<-p.Connected()
	p.Caller().Say(frames(speech)...)
	time.Sleep(10 * time.Second)
	b.api("POST", "/v1/calls/end?id="+b.calls()[0].ID, nil, nil)
	c := b.ended(10 * time.Second)
	if c.Ended != "agent_ended" || !c.Outgoing {
		t.Errorf("%+v", c)
	}
	if theirs, ours := b.heardAs(c.ID, p, speech); theirs < alike || ours < heardAlike {
		t.Errorf("the sound is not the same at both ends")
	}
	fair(t, p)
	if s := p.Status(); s != "completed" {
		t.Errorf("it is %s", s)
	}
	for to, want := range map[string][2]string{carriertest.Engaged: {"busy", ""}, carriertest.Dead: {"unreachable", ""}, carriertest.Unreachable: {"configuration", "21215"}} {
		var made m
		b.api("POST", "/v1/calls/create", m{"agent": b.agentID, "from_number": carriertest.From, "to_number": to}, &made)
		var whole m
		b.until("the call is over", 10*time.Second, func() bool {
			b.api("GET", fmt.Sprint("/v1/calls?id=", made["id"]), nil, &whole)
			return whole["ended_reason"] != nil && whole["ended_reason"] != ""
		})
		if whole["ended_reason"] != want[0] || !strings.Contains(fmt.Sprint(whole["error_message"]), want[1]) {
			t.Errorf("%s: %v, %v", to, whole["ended_reason"], whole["error_message"])
		}
	}
}

// node runs a script with npm packages.
func node(t *testing.T, in any, packages []string, args ...string) []byte {
	t.Helper()
	install := exec.Command("../scripts/vendor_sdk.sh", append([]string{"npm"}, packages...)...)
	install.Stderr = os.Stderr
	where, err := install.Output()
	if err != nil {
		t.Fatalf("installing %v: %v", packages, err)
	}
	cmd := exec.CommandContext(t.Context(), "node", args...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+strings.TrimSpace(string(where)))
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = bytes.NewReader(b)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// A signedRequest is what both sides sign.
type signedRequest struct {
	Token     string         `json:"token"`
	URL       string         `json:"url"`
	Params    map[string]any `json:"params"`
	Signature string         `json:"signature"`
}

// TestTwilioSDK: Twilio's own helper library takes our signatures for Twilio's, and Parley takes its; the TwiML that Parley answers is what
// the library would have built; and it places a call at our stand-in for Twilio as at the real one.
func TestTwilioSDK(t *testing.T) {
	t.Parallel()
	b := twilioBranch(t, nil)
	var cases []signedRequest
	for i, f := range []url.Values{{}, {"CallSid": {"CA1"}, "From": {"+14155550123"}}, {"b": {"2"}, "a": {"ü €"}, "A": {""}, "x": {"a b&c=d"}}, {"many": {"2", "1", "2"}}} {
		c := signedRequest{Token: "0123456789abcdef", URL: fmt.Sprintf("https://parley.example.com/carriers/twilio/voice/%d?a=b%%20c", i), Params: map[string]any{}}
		for k, v := range f {
			if c.Params[k] = v[0]; len(v) > 1 {
				c.Params[k] = v
			}
		}
		c.Signature = twilio.Sign(c.Token, c.URL, f)
		cases = append(cases, c)
	}
	wss := "wss://parley.example.com/carriers/twilio/media/abc"
	cases = append(cases, signedRequest{Token: "t", URL: wss, Params: map[string]any{}, Signature: twilio.Sign("t", wss, nil)})
	rest := httptest.NewServer(b.x)
	defer rest.Close()
	out := node(t, m{"cases": cases, "voice": b.hook("voice"), "status": b.hook("status"), "sid": carriertest.SID, "token": carriertest.Token, "from": carriertest.From, "rest": rest.URL},
		[]string{"twilio@6.2.0"}, "testdata/twilio_sdk.cjs")
	t.Logf("%s", out)
}

// emulator is a server with an account at an emulator of Twilio that somebody else has written, and where that is.
func emulator(t *testing.T) (b *branch, at string) {
	t.Helper()
	install := exec.Command("../scripts/vendor_sdk.sh", "npm", "emulate@0.8.0")
	install.Stderr = os.Stderr
	where, err := install.Output()
	if err != nil {
		t.Fatalf("installing the emulator: %v", err)
	}
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(strings.TrimSpace(string(where)), "emulate/dist/index.js"), "--service", "twilio", "--port", fmt.Sprint(port))
	cmd.Dir = t.TempDir()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	at = fmt.Sprintf("http://127.0.0.1:%d", port)
	b = &branch{server: prepare(t, "TWILIO_BASE_URL="+at)}
	b.env = append(b.env, "PARLEY_PUBLIC_URL="+b.http)
	b.start()
	b.until("the emulator is there", 20*time.Second, func() bool {
		res, err := http.Get(at)
		if err == nil {
			res.Body.Close()
		}
		return err == nil
	})
	b.account("AC"+strings.Repeat("0", 32), "twilio_test_auth_token")
	return b, at
}

// TestTwilioEmulator: an emulator of Twilio that somebody else has written takes our request for a call, and its signed callbacks are heard.
func TestTwilioEmulator(t *testing.T) {
	t.Parallel()
	b, at := emulator(t)
	id, _ := b.agent(nil)
	var made m
	b.api("POST", "/v1/calls/create", m{"agent": id, "from_number": "+15551234567", "to_number": "+14155550123", "telephony_account_connection": b.connection,
		"telephony_params": m{"ring_timeout_seconds": "30"}}, &made)
	call := fmt.Sprint(made["id"])
	b.until("it rings", 20*time.Second, func() bool { return emulated(t, at) == "+14155550123 ringing" })
	b.api("POST", "/v1/calls/end?id="+call, nil, nil)
	if c := b.ended(20 * time.Second); c.Ended != "cancelled" {
		t.Errorf("%+v", c)
	}
	if types, _ := b.events(call); !strings.Contains(strings.Join(types, " "), "ringing") {
		t.Errorf("the callback was not heard: %v", types)
	}
	if got := emulated(t, at); got != "+14155550123 canceled" {
		t.Errorf("the emulator has %s", got)
	}
}

// emulatorHas asks the emulator for what its account has.
func emulatorHas(t *testing.T, at, what string, into any) error {
	t.Helper()
	r, err := http.NewRequest("GET", at+"/2010-04-01/Accounts/AC"+strings.Repeat("0", 32)+"/"+what+".json", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("AC"+strings.Repeat("0", 32), "twilio_test_auth_token")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into)
}

// emulated is whom the emulator's only call is to, and its status.
func emulated(t *testing.T, at string) string {
	t.Helper()
	var list struct{ Calls []struct{ Status, To string } }
	if err := emulatorHas(t, at, "Calls", &list); err != nil || len(list.Calls) != 1 {
		return fmt.Sprint(err, list)
	}
	return list.Calls[0].To + " " + list.Calls[0].Status
}

// TestBenchByTwilio: the measurement of calls works by Media Streams, too, and nothing in it fails.
func TestBenchByTwilio(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), binary(t), "bench", "--twilio", "--calls", "2", "--seconds", "20", "--no-webhook", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var r bench.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if r.Failed != 0 || r.Turns == 0 || r.Matched != r.Turns {
		t.Errorf("%s", out)
	}
}
