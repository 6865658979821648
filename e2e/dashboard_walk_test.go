//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/turn/journal"
)

// What stood on the telephone of the call that is looked at: a caller of 300 Hz on the left, an agent of 500 on the right.
const callerHz, agentHz, wholeCall = 300, 500, 30 * time.Second

// oneCall keeps a call of half a minute of which everything that can be told is told, as if the server had had it.
func (s *server) oneCall() string {
	s.t.Helper()
	db, env := s.opened()
	defer db.Close()
	const id = "5ca1ab1e-0000-4000-8000-000000000030"
	begun := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	c := parley.Call{ID: id, UserID: env, Status: parley.Ended, Stage: parley.StagePickedUp, From: "+15550001111", To: "+15550002222", IsOutgoing: true, Created: begun, Start: begun, End: begun.Add(wholeCall),
		Agent: json.RawMessage(`{"id":"5ca1ab1e-0000-4000-8000-000000000001","name":"Desk","prompt":{},"voice":{},"actions":[]}`), Ending: parley.Ending{Cause: parley.CallerHungUp}}
	c.Recording, c.RecordingLen = id+".wav", wholeCall
	for i := range 10 {
		c.Turns = append(c.Turns, spokenTurn(i))
	}
	c.ActionHistory = []json.RawMessage{json.RawMessage(`{"event_type":"action_completed","action_type":"action_dtmf","action_label":"Press nine","timestamp":"` + begun.Add(14*time.Second).Format(time.RFC3339Nano) + `","parameters":{"digits":"9"},"result":{"json":{"sent":true}}}`)}
	c.Warnings = []string{"The transcriber was late twice."}
	c.Human = "human"
	c.Collected = []parley.Collected{{Name: "email", Kind: "email", Value: "ann@example.org", Confirmed: true}}
	c.After = parley.Aftermath{Run: "r", Analysis: "She wants to be called back.", Insights: map[string]json.RawMessage{"call_back": json.RawMessage("true")},
		Actions: []parley.AfterAction{{Key: "k", ID: "5ca1ab1e-0000-4000-8000-000000000002", Type: "email", Label: "To the office", State: parley.AfterFailed, Error: "550 no such box", Ended: begun.Add(time.Minute)}}}
	db.Log().Append(parley.NewEvent(id, parley.EventDecision, journal.Decision{What: journal.Answered, At: 1200, Class: "human", Confidence: 0.93, Evidence: []string{"a greeting of two words"}}))
	caller, agent := legtest.Tone(callerHz, time.Second, 9000), legtest.Tone(agentHz, time.Second, 9000)
	var quiet audio.Frame
	s.recorded(db, c, func(at time.Duration) (left, right *audio.Frame) {
		turn, i := c.Turns[at/(3*time.Second)], at/audio.FrameDur%50
		switch {
		case at < turn.Start || at >= turn.End:
			return &quiet, &quiet
		case turn.Who == parley.Human:
			return &caller[i], &quiet
		}
		return &quiet, &agent[i]
	})
	return id
}

// TestDashboardOneCall: everything that is known of a call stands on its page, where it was and when it was; what is saved of it is what was there.
func TestDashboardOneCall(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.stop()
	id := s.oneCall()
	s.start()
	var v struct {
		Text, Side, Decided string
		Astray              []string
		Marks               []struct {
			Kind, Title string
			At          float64
		}
		Heard []struct {
			Turn string
			Word int
			At   float64
		}
		Limits []string
	}
	saved := t.TempDir()
	person(t, s, "wholecall", m{"call": id, "folder": saved}, "", &v)
	if len(v.Astray) > 0 {
		t.Errorf("the waveform is not where the turns are: %q", v.Astray)
	}
	where := map[string]float64{}
	for _, mark := range v.Marks {
		where[mark.Kind] = mark.At
	}
	// the action at 14 s, the interruption at the end of the second turn, who answered at 1.2 s
	for kind, at := range map[string]float64{"action": 14, "cut": 5, "class": 1.2} {
		if got, ok := where[kind]; !ok || math.Abs(got-at) > 0.1 {
			t.Errorf("the mark of %s stands at %.2f s of %v, not at %.1f", kind, got, v.Marks, at)
		}
	}
	if len(v.Heard) != 4 {
		t.Errorf("%+v", v.Heard)
	}
	for _, h := range v.Heard {
		var n int
		for i := range 10 {
			if spokenTurn(i).ID == h.Turn {
				n = i
			}
		}
		if want := spokenTurn(n).Words[h.Word].Start.Seconds(); math.Abs(h.At-want) > 0.05 {
			t.Errorf("word %d of turn %s was played from %.3f s, and was said at %.3f", h.Word, h.Turn, h.At, want)
		}
	}
	for _, told := range []string{"late twice", "She wants to be called back.", "Call back", "ann@example.org", "To the office", "550 no such box", "Human"} {
		if !strings.Contains(v.Side, told) {
			t.Errorf("%q stands nowhere in %q", told, v.Side)
		}
	}
	if !strings.Contains(v.Decided, "0.93") || !strings.Contains(v.Decided, "a greeting of two words") {
		t.Errorf("who answered: %q", v.Decided)
	}
	savedSound(t, saved)
	var api, page m
	s.api("GET", "/v1/calls?id="+id, nil, &api)
	b, err := os.ReadFile(filepath.Join(saved, "call.json"))
	if err != nil || json.Unmarshal(b, &page) != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"created_at", "start_time", "end_time"} { // the page asks for them as text
		delete(api, k)
		if page[k] == nil {
			t.Errorf("what was saved has no %s", k)
		}
		delete(page, k)
	}
	for k, of := range api {
		if k != "post_call_outcomes" && !reflect.DeepEqual(of, page[k]) {
			t.Errorf("%s was saved as %v, and is %v", k, page[k], of)
		}
	}
}

// savedSound holds what was saved of a call's sound against what there was: its length, and each side in its own channel.
func savedSound(t *testing.T, folder string) {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, "call.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wav, err := audio.ReadWAV(f)
	if err != nil || wav.Channels != 2 {
		t.Fatalf("%+v %v", wav, err)
	}
	if got := time.Duration(len(wav.PCM)/2) * time.Second / time.Duration(wav.Rate); got < wholeCall-100*time.Millisecond || got > wholeCall+100*time.Millisecond {
		t.Errorf("the WAV is %v long", got)
	}
	eachSide(t, wav, "WAV")
	need(t, "lame")
	run(t, "lame", "--quiet", "--decode", filepath.Join(folder, "call.mp3"), filepath.Join(folder, "decoded.wav"))
	mp3, err := os.ReadFile(filepath.Join(folder, "call.mp3"))
	if err != nil || !bytes.HasPrefix(mp3, []byte("ID3")) && (len(mp3) < 2 || mp3[0] != 0xff || mp3[1]&0xe0 != 0xe0) {
		t.Errorf("that is no MP3: % x %v", mp3[:min(8, len(mp3))], err)
	}
	d, err := os.Open(filepath.Join(folder, "decoded.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	decoded, err := audio.ReadWAV(d)
	if err != nil || decoded.Channels != 2 {
		t.Fatalf("%+v %v", decoded, err)
	}
	if got := time.Duration(len(decoded.PCM)/2) * time.Second / time.Duration(decoded.Rate); got < wholeCall-200*time.Millisecond || got > wholeCall+300*time.Millisecond {
		t.Errorf("the MP3 is %v long", got)
	}
	eachSide(t, decoded, "MP3")
}

// eachSide hears the caller of the first turn on the left alone, and the agent of the second on the right alone.
func eachSide(t *testing.T, s *audio.Sound, what string) {
	t.Helper()
	part := func(channel int, from float64) []int16 {
		return s.Channel(channel)[int(from*float64(s.Rate)):int((from+0.5)*float64(s.Rate))]
	}
	if l, r := audio.Goertzel(part(0, 0.5), callerHz, s.Rate), audio.DBFS(part(1, 0.5)); l < 0.8 || r > -50 {
		t.Errorf("%s: while the caller spoke the left is %.2f a caller, the right at %.0f dB", what, l, r)
	}
	if l, r := audio.DBFS(part(0, 3.5)), audio.Goertzel(part(1, 3.5), agentHz, s.Rate); r < 0.8 || l > -50 {
		t.Errorf("%s: while the agent spoke the right is %.2f an agent, the left at %.0f dB", what, r, l)
	}
}

// TestDashboardByKeyboard: by Tab alone every control of the pages about calls and deliveries is come to, is seen, and shows that it has the focus; what is
// pressed keeps it while it works and afterwards; back, forward, a reload and another tab lead where they should.
func TestDashboardByKeyboard(t *testing.T) {
	t.Parallel()
	s, agent := scripted(t, "Good morning, this is Harbor Dental. How can I help you?")
	got := make(chan string, 64)
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("webhook-id") }))
	t.Cleanup(far.Close)
	var hook struct{ ID string }
	s.api("POST", "/v1/webhooks/create", m{"label": "Office", "url": far.URL, "subscriptions": []string{"event_phone_call_ended"}}, &hook)
	s.api("POST", "/v1/agents/update?id="+agent, m{"webhook": hook.ID}, nil)
	_, _ = s.ring(time.Minute, "sip:"+agent+"@"+s.sip, "--say", "what are your opening hours", "--limit", "25s")
	c := s.ended(30 * time.Second)
	first := receive(t, got)
	s.crowd(agent, 3)
	var v struct {
		Missed, Unseen, Lost, Kept []string
		Order                      map[string]int
		Ways                       []string
	}
	person(t, s, "keyboard", m{"call": c.ID, "webhook": hook.ID, "agent": agent}, "", &v)
	for _, bad := range [][]string{v.Missed, v.Unseen, v.Lost} {
		for _, b := range bad {
			t.Error(b)
		}
	}
	if len(v.Order) != 10 || len(v.Kept) != 9 {
		t.Errorf("%d pages were gone through (%v), %d things pressed (%q)", len(v.Order), v.Order, len(v.Kept), v.Kept)
	}
	for page, n := range v.Order {
		if n < 2 {
			t.Errorf("on %s Tab came to %d controls", page, n)
		}
	}
	if again := receive(t, got); again != first {
		t.Errorf("sent again as %s, not as %s", again, first)
	}
	want := []string{"/live", "/calls/" + c.ID, "/deliveries?state=delivered", "/calls/" + c.ID, "/deliveries?state=delivered", "/deliveries?state=delivered", "Deliveries"}
	if !reflect.DeepEqual(v.Ways, want) {
		t.Errorf("back, forward, reloaded, another tab: %q, not %q", v.Ways, want)
	}
}
