//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// person has somebody in a browser do what a scenario of testdata/dashboard.js says, and reads into told what came of it. said is what they
// say after seven seconds, or the file that their microphone plays again and again.
func person(t *testing.T, s *server, scenario string, given any, said string, told any) {
	t.Helper()
	need(t, "node")
	modules := func(pkg string) string {
		out, err := exec.Command("../scripts/vendor_sdk.sh", "npm", pkg).Output()
		if err != nil {
			t.Fatalf("installing %s: %v", pkg, err)
		}
		return strings.TrimSpace(string(out))
	}
	microphone := ""
	if strings.HasSuffix(said, ".wav") {
		microphone = said
	} else if said != "" {
		dir := t.TempDir()
		microphone = filepath.Join(dir, "microphone.wav")
		run(t, "flite", "-voice", "rms", "-t", said, "-o", filepath.Join(dir, "said.wav"))
		run(t, "sox", filepath.Join(dir, "said.wav"), "-r", "48000", "-c", "1", "-b", "16", microphone, "pad", "7", "60")
	}
	what, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/dashboard.js", modules("playwright-core@1.65.1"), modules("axe-core@4.14.1"), s.http, key, microphone, os.Getenv("PARLEY_SHOTS"), scenario, string(what))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var all struct{ Errors, Outside []string }
	if err != nil || json.Unmarshal(out, &all) != nil || told != nil && json.Unmarshal(out, told) != nil {
		t.Fatalf("%v: %.2000s", err, out)
	}
	for _, e := range all.Errors {
		t.Errorf("%.1500s", e)
	}
	if len(all.Outside) > 0 {
		t.Errorf("loaded from elsewhere: %q", all.Outside)
	}
}

func TestDashboardLogin(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var v struct {
		Empty, Wrong, Focused, Readable, Over string
		Cookie                                struct {
			Name, Value, SameSite string
			HTTPOnly              bool
		}
		Usable float64
		Loaded int
		After  int
	}
	person(t, s, "login", nil, "", &v)
	if !strings.Contains(v.Empty, "Paste the key") || !strings.Contains(v.Wrong, "not known here") || v.Focused != "key" {
		t.Errorf("%+v", v)
	}
	if c := v.Cookie; c.Name != "parley_session" || !c.HTTPOnly || c.SameSite != "Strict" || strings.Contains(c.Value, key) || v.Readable != "" {
		t.Errorf("%+v, scripts read %q", c, v.Readable)
	}
	if v.After != 401 || !strings.Contains(v.Over, "Your login is over") {
		t.Errorf("logged out: %d; over: %q", v.After, v.Over)
	}
	t.Logf("the first page can be used after %.0f ms, of %d files", v.Usable, v.Loaded)
}

// TestDashboardTalk: from the login one click leads to a talk with the demo agent, and one more to what happened.
func TestDashboardTalk(t *testing.T) {
	s := serve(t)
	var v struct {
		Lines, States, Words, Events                    []string
		Latency, Heading, Saved, Address, To, Telephone string
		Ink                                             []int
	}
	person(t, s, "talk", nil, "What are your opening hours?", &v)
	c := s.ended(20 * time.Second)
	said := strings.Join(v.Lines, "\n")
	if !strings.Contains(said, "Hello, this is Harbor Dental") || !strings.Contains(said, "opening") || !strings.Contains(said, "hours") || !strings.Contains(said, "nine in the morning") {
		t.Errorf("the page showed %q", said)
	}
	for _, state := range []string{"Listening", "Speaking"} {
		if !slices.Contains(v.States, state) {
			t.Errorf("the agent was never %s: %q", state, v.States)
		}
	}
	if !strings.Contains(v.Latency, "ms") || !strings.Contains(v.Latency, "Waiting") && !strings.Contains(v.Latency, "Hearing") || !strings.Contains(v.Latency, "Playing") {
		t.Errorf("latency: %q", v.Latency)
	}
	if v.Heading != "Call from a browser" || len(v.Words) < 3 || !strings.Contains(strings.Join(v.Words, "\n"), "nine in the morning") || v.Saved != c.ID || !strings.HasSuffix(v.Address, "/calls/"+c.ID) {
		t.Errorf("%+v", v)
	}
	if v.To != "Harbor Dental" || v.Telephone == "0 s" || !strings.HasSuffix(v.Telephone, " s") {
		t.Errorf("the call was to %q, for %q", v.To, v.Telephone)
	}
	if len(v.Ink) != 2 || v.Ink[0] < 10 || v.Ink[1] < v.Ink[0]*9/10 {
		t.Errorf("of the mark that opens a turn's latency %v pixels are seen on a desk and on a phone", v.Ink)
	}
	if !slices.Contains(v.Events, "Turn ended") || !slices.Contains(v.Events, "Phone call ended") {
		t.Errorf("%q", v.Events)
	}
}

func TestDashboardAgent(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var v struct {
		Refused, Vendor, Nameless, Asked, List []string
		Focused, Status, ID, Undone, Copy      string
		Stayed                                 bool
		Body                                   m
	}
	person(t, s, "agent", nil, "", &v)
	if len(v.Refused) != 2 || !strings.Contains(strings.Join(v.Refused, "\n"), "Must be between 0 and 600000") || v.Focused != "f-initial_message_delay" || v.Status != "2 fields are not right." {
		t.Errorf("%q at %s: %s", v.Refused, v.Focused, v.Status)
	}
	if len(v.Vendor) != 1 || !strings.Contains(v.Vendor[0], "required") || len(v.Nameless) != 1 || !strings.Contains(v.Nameless[0], "name") {
		t.Errorf("%q %q", v.Vendor, v.Nameless)
	}
	if v.Undone != "Front desk" || !v.Stayed || len(v.Asked) != 2 || !strings.Contains(v.Asked[0], "not saved") {
		t.Errorf("undone: %q, stayed: %v, asked: %q", v.Undone, v.Stayed, v.Asked)
	}
	if !slices.Contains(v.List, "Harbor Dental") || !slices.Contains(v.List, "Reception") || slices.Contains(v.List, "Reception (copy)") {
		t.Errorf("%q", v.List)
	}
	var a struct {
		Name, Initial string `json:"-"`
		Prompt        struct{ Content string }
		Voice         struct {
			Type string
			Rate float64
		}
		Rails struct {
			Disclosure string
			NeverSay   []string `json:"never_say"`
		} `json:"guard_rails"`
		Keywords map[string]string `json:"deepgram_keywords"`
		Webhook  struct {
			URL           string
			Subscriptions []string
		}
		Insights []m      `json:"post_call_insights"`
		Delay    *float64 `json:"initial_message_delay"`
		Longest  float64  `json:"call_duration_sec"`
		Noise    bool     `json:"noise_suppression"`
	}
	s.api("GET", "/v1/agents?id="+v.ID, nil, &a)
	if !strings.Contains(a.Prompt.Content, "${from_number}") || a.Voice.Type != "voice_local" || a.Voice.Rate != 1.1 || a.Rails.Disclosure != "This call is recorded." || !slices.Equal(a.Rails.NeverSay, []string{"guarantee*", "refund"}) {
		t.Errorf("%+v", a)
	}
	if a.Keywords["kansas"] != "10" || a.Keywords["Oz"] != "5" || a.Webhook.URL != "https://hooks.example/parley" || !slices.Equal(a.Webhook.Subscriptions, []string{"event_message"}) || len(a.Insights) < 2 || a.Insights[len(a.Insights)-1]["name"] != "topic" || a.Delay != nil || a.Longest != 600 || !a.Noise {
		t.Errorf("%+v", a)
	}
	if v.Body["name"] != "Reception" || v.Body["initial_message_delay"] != nil {
		t.Errorf("%v", v.Body)
	}
}

// TestDashboardOfStrangers: what callers, models and other systems wrote is text on every page, and what belongs to another environment is not there.
func TestDashboardOfStrangers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const markup = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`
	id, _ := s.agent(m{"name": markup, "description": markup, "initial_message": markup + " Hello ${x}.", "prompt": m{"content": "${x} " + markup, "label": markup}, "provider": "local"})
	var made struct{ ID string }
	s.api("POST", "/v1/numbers/link", m{"phone_number": "front", "inbound_agent": id, "label": markup}, nil)
	_, _ = s.ring(time.Minute, "sip:front@"+s.sip, "--from", "%3Cimg%20src=x%20onerror=window.hacked=1%3E", "--say", "hello there", "--limit", "20s")
	c := s.ended(30 * time.Second)
	s.api("POST", "/v1/calls/create", m{"from_number": "+15550001111", "to_number": "sip:nobody@127.0.0.1:9", "agent": id, "context": m{"x": markup}, "not_before": "2099-01-01T00:00:00Z"}, &made)
	var tenant, foreign struct{ ID, Key string }
	s.api("POST", "/v1/environments/create", m{"name": markup}, &tenant)
	s.api("POST", "/v1/keys/create", m{"environment_id": tenant.ID}, &foreign)
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.http+"/v1/calls/create", strings.NewReader(`{"from_number":"+15550001111","to_number":"sip:nobody@127.0.0.1:9","agent":{"prompt":{},"voice":{},"actions":[]},"not_before":"2099-01-01T00:00:00Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+foreign.Key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var other struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&other); err != nil || other.ID == "" {
		t.Fatalf("%s %v", res.Status, err)
	}
	var v struct {
		List, Call, Prompt, Run, Other string
		Elements                       int
		Injected                       map[string]string
	}
	for _, call := range []string{c.ID, made.ID} {
		person(t, s, "strangers", m{"call": call, "agent": id, "other": other.ID}, "", &v)
		if v.Run != "nothing nothing" || v.Elements != 0 {
			t.Errorf("something was run: %s, %d elements", v.Run, v.Elements)
		}
		if !strings.Contains(v.Prompt, markup) || !strings.Contains(v.Call, "<img") || strings.Contains(v.Other, "Call to") {
			t.Errorf("%+v", v)
		}
	}
	if v.Injected["markup"] != "TypeError" || v.Injected["script"] != "TypeError" {
		t.Errorf("the policy lets text become markup: %v", v.Injected)
	}
}

func TestDashboardCalls(t *testing.T) {
	s := serve(t)
	const waiting, running = 29, 3
	var last struct{ ID string }
	for i := range waiting {
		s.api("POST", "/v1/calls/create", m{"from_number": "+15550001111", "to_number": fmt.Sprintf("sip:p%d@127.0.0.1:9", i), "agent": m{"prompt": m{}, "voice": m{}, "actions": []any{}}, "not_before": "2099-01-01T00:00:00Z"}, &last)
	}
	s.api("POST", "/v1/calls/end?id="+last.ID, nil, nil)
	id, _ := s.agent(m{"name": "Desk", "provider": "local"})
	hush := filepath.Join(t.TempDir(), "hush.wav")
	run(t, "sox", "-n", "-r", "16000", "-c", "1", "-b", "16", hush, "trim", "0", "180")
	for i := range running {
		cmd := exec.CommandContext(t.Context(), binary(t), "call", "sip:"+id+"@"+s.sip, "--deaf", "--wav", hush, "--from", fmt.Sprint(3000+i), "--limit", "3m")
		cmd.Env, cmd.Dir = append(os.Environ(), "PARLEY_DATA="+s.data), t.TempDir()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
	var v struct {
		Rows, Second                  int
		Pages, Cancelled, Query, Live string
	}
	person(t, s, "calls", m{"calls": running}, "", &v)
	if v.Rows != 25 || v.Second != waiting+running-25 || !strings.Contains(v.Pages, fmt.Sprintf("1–25 of %d", waiting+running)) {
		t.Errorf("%+v", v)
	}
	if !strings.Contains(v.Cancelled, "p28") || !strings.Contains(v.Query, "ended=cancelled") || !strings.Contains(v.Live, "3000") || !strings.Contains(v.Live, "Desk") {
		t.Errorf("%+v", v)
	}
	if n := slices.IndexFunc(s.calls(), func(c call) bool {
		return c.Ended == "agent_ended" || c.Ended == "cancelled" && c.ID != last.ID || c.Ended == "caller_hung_up"
	}); n < 0 {
		t.Error("no call was ended from the page")
	}
}

// TestDashboardPages looks at every page in both themes and at a phone's width; axe finds nothing serious. PARLEY_SHOTS=folder keeps pictures.
func TestDashboardPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	id, _ := s.agent(m{"name": "Desk", "provider": "local", "skills": []any{m{"type": "skill_collect", "config": m{"fields": []any{m{"name": "email"}}}}},
		"actions": []any{m{"type": "action_warm_transfer", "label": "To sales", "config": m{"phone_number": "+15557654321"}}}, "web_origins": []string{"https://shop.example"}, "guard_rails": m{"disclosure": true}})
	_, _ = s.ring(time.Minute, "sip:"+id+"@"+s.sip, "--say", "what are your opening hours", "--limit", "40s")
	c := s.ended(30 * time.Second)
	person(t, s, "pictures", m{"call": c.ID, "agent": id}, "", nil)
}
