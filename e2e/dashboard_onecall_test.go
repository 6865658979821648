//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/turn/journal"
)

// spokenCall is one as the API tells it, with its words.
type spokenCall struct {
	Turns []struct {
		ID, Who, Text string
		Start         int64 `json:"start_ms"`
		End           int64 `json:"end_ms"`
		Words         []struct {
			Text  string
			Start int64 `json:"start_ms"`
			End   int64 `json:"end_ms"`
		}
	}
}

// TestDashboardCall: what happened on a call and why, on its page: its sound is seen, each word is heard where it was said, decisions are explained and
// made once more with another dial, webhooks are sent again.
func TestDashboardCall(t *testing.T) {
	s := serve(t)
	got := make(chan string, 64)
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("webhook-id") }))
	t.Cleanup(far.Close)
	s.hearing()
	id, _ := s.agent(m{"name": "Desk", "provider": "local", "webhook": m{"url": far.URL, "subscriptions": []string{"event_phone_call_ended"}}})
	_, _ = s.ring(time.Minute, "sip:"+id+"@"+s.sip, "--say", "what are your opening hours", "--limit", "40s")
	c := s.ended(30 * time.Second)
	var call spokenCall
	s.api("GET", "/v1/calls?id="+c.ID, nil, &call)
	timed := map[string]int{}
	for _, turn := range call.Turns {
		last := int64(0)
		for i, w := range turn.Words {
			if w.Text != strings.Fields(turn.Text)[i] || w.Start < last || w.End < w.Start || w.Start < turn.Start-1000 || w.End > turn.End+1000 {
				t.Errorf("%s %d–%d: %+v", turn.Who, turn.Start, turn.End, turn.Words)
				break
			}
			last = w.End
		}
		timed[turn.Who] += len(turn.Words)
	}
	if timed["bot"] == 0 || timed["human"] == 0 {
		t.Fatalf("words with times: %v of %+v", timed, call.Turns)
	}
	var v struct {
		Heading, Why, Inputs, Wrong, Replayed, Delivered, Again, Sounding, Slider, JSON string
		Colours, Marks                                                                  int
		Heard                                                                           []struct {
			Turn string
			Word int
			At   float64
		}
		Stepped  []float64
		Download int64
	}
	person(t, s, "onecall", m{"call": c.ID}, "", &v)
	if v.Colours < 3 || v.Slider == "" || v.Marks == 0 && strings.Contains(v.Why, "interrupted") {
		t.Errorf("seen: %+v", v)
	}
	for _, h := range v.Heard {
		for _, turn := range call.Turns {
			if turn.ID == h.Turn && math.Abs(h.At*1000-float64(turn.Words[h.Word].Start)) > 700 {
				t.Errorf("word %d of %q was played from %.2f s, and was said at %d ms", h.Word, turn.Text, h.At, turn.Words[h.Word].Start)
			}
		}
	}
	if len(v.Heard) < 2 || v.Sounding == "" || len(v.Stepped) != 3 || v.Stepped[0] >= v.Stepped[1] || v.Stepped[2] >= v.Stepped[1] {
		t.Errorf("heard: %+v %q %v", v.Heard, v.Sounding, v.Stepped)
	}
	if !strings.Contains(v.Why, "The caller had finished") || !strings.Contains(v.Why, "silence") || !strings.Contains(v.Inputs, "silence_ms") || !strings.Contains(v.Inputs, "Since the caller's last sound") {
		t.Errorf("why: %q, %q", v.Why, v.Inputs)
	}
	if !strings.Contains(v.Wrong, "0.5 to 2") || !strings.Contains(v.Replayed, "endpointing_sensitivity=relaxed") || !strings.Contains(v.Replayed, "later") {
		t.Errorf("replayed: %q, %q", v.Wrong, v.Replayed)
	}
	if !strings.Contains(v.Delivered, "Phone call ended") || !strings.Contains(v.Again, "sent once more") || v.JSON != c.ID || v.Download < 100_000 {
		t.Errorf("delivered: %q, %q; downloaded %s, %d bytes", v.Delivered, v.Again, v.JSON, v.Download)
	}
	first := <-got
	select {
	case second := <-got:
		if first != second {
			t.Errorf("sent again as %s, and first as %s", second, first)
		}
	case <-time.After(30 * time.Second):
		t.Error("nothing was sent again")
	}
}

// TestDashboardLongCall: a call of an hour, with six thousand words, opens at once, whatever its recording weighs.
func TestDashboardLongCall(t *testing.T) {
	s := serve(t)
	s.stop()
	id := s.hour()
	s.start()
	var v struct {
		Opened, Seen   []float64
		Turns          int
		Played, Zoomed float64
		Length         string
	}
	person(t, s, "longcall", m{"call": id}, "", &v)
	if v.Turns != 1200 || !strings.Contains(v.Length, "1:00:00") || v.Played < 3000 || v.Zoomed > 2_000_000 {
		t.Errorf("%+v", v)
	}
	t.Logf("a call of 60 minutes: its words stand there after %.0f ms, its waveform after %.0f ms", v.Opened, v.Seen)
}

// opened is the database of a server that does not run, and its environment.
func (s *server) opened() (*store.DB, string) {
	s.t.Helper()
	db, _, err := store.OpenFolder(s.t.Context(), filepath.Join(s.data, "parley.db"), s.data, "")
	if err != nil {
		s.t.Fatal(err)
	}
	envs, err := db.Environments(s.t.Context(), store.Page{})
	if err != nil || len(envs.Items) == 0 {
		s.t.Fatal(envs, err)
	}
	return db, envs.Items[0].ID
}

// hour keeps a call of an hour, as if the server had had it: its row, its events, its sound.
func (s *server) hour() string {
	s.t.Helper()
	db, env := s.opened()
	defer db.Close()
	const id = "5ca1ab1e-0000-4000-8000-000000000060"
	begun := time.Now().Add(-2 * time.Hour).UTC()
	c := parley.Call{ID: id, UserID: env, Status: parley.Ended, Stage: parley.StagePickedUp, From: "+15550001111", To: "+15550002222", Created: begun, Start: begun, End: begun.Add(time.Hour),
		Agent: json.RawMessage(`{"id":"5ca1ab1e-0000-4000-8000-000000000001","name":"Desk","prompt":{},"voice":{},"actions":[]}`), Ending: parley.Ending{Cause: parley.CallerHungUp}}
	c.Recording, c.RecordingLen = id+".wav", time.Hour
	for i := range 1200 {
		c.Turns = append(c.Turns, spokenTurn(i))
		if turn := c.Turns[i]; turn.Who == parley.Human {
			start, end := turn.Start.Milliseconds(), turn.End.Milliseconds()
			db.Log().Append(parley.NewEvent(id, parley.EventDecision, journal.Decision{What: journal.TurnEnd, At: end + 520, Text: turn.Text, Why: "finished", Start: &start, SpeechEnd: &end, WordsAt: &end,
				Inputs: &journal.Inputs{Silence: 520, Wait: 500, Finished: 0.93, Pace: 1, Loudness: -20, Least: -30, Place: -48}, Dials: &journal.Dials{Endpointing: "auto", Interrupt: "low", Speed: 1}}))
		}
		db.Log().Append(parley.NewEvent(id, parley.EventMessage, m{"text": c.Turns[i].Text, "sender": c.Turns[i].Who, "turn_id": c.Turns[i].ID}))
	}
	var voice, wave, quiet audio.Frame
	for i := range wave {
		wave[i] = int16(12000 * math.Sin(float64(i)*0.1))
	}
	s.recorded(db, c, func(at time.Duration) (left, right *audio.Frame) {
		turn := c.Turns[at/(3*time.Second)]
		for i, loud := 0, math.Abs(math.Sin(at.Seconds()*5)); i < len(voice); i++ {
			voice[i] = int16(float64(wave[i]) * loud)
		}
		left, right = &quiet, &quiet
		if at >= turn.Start && at < turn.End && turn.Who == parley.Human {
			left = &voice
		} else if at >= turn.Start && at < turn.End {
			right = &voice
		}
		return left, right
	})
	return id
}

// recorded keeps a call with its sound, of whose frames it is asked at each time.
func (s *server) recorded(db *store.DB, c parley.Call, sound func(at time.Duration) (left, right *audio.Frame)) {
	s.t.Helper()
	folder := filepath.Join(s.data, "recordings")
	f, err := os.Create(filepath.Join(folder, c.Recording))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	rec, err := audio.NewRecorder(f)
	if err != nil {
		s.t.Fatal(err)
	}
	for at := time.Duration(0); at < c.RecordingLen; at += audio.FrameDur {
		left, right := sound(at)
		_ = rec.AddLeft(at, left)
		_ = rec.AddRight(at, right)
	}
	if err := rec.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, c.ID+audio.PeaksEnding), rec.Peaks(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := db.CreateCall(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
	if err := db.Log().Flush(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// spokenTurn is one of five words in two seconds, every three.
func spokenTurn(i int) parley.Turn {
	at := time.Duration(i) * 3 * time.Second
	turn := parley.Turn{ID: fmt.Sprintf("t%d", i+1), Who: parley.Human, Text: fmt.Sprintf("This is sentence number %d.", i+1), Start: at, End: at + 2*time.Second}
	if i%2 == 1 {
		turn.Who = parley.Bot
		turn.Latency = &parley.Latency{STT: 120 * time.Millisecond, Endpointing: 380 * time.Millisecond, LLM: 240 * time.Millisecond, TTS: 110 * time.Millisecond, Total: 850 * time.Millisecond}
		turn.Interrupted = i%30 == 1
	}
	for w := range 5 {
		start := at + time.Duration(w)*400*time.Millisecond
		turn.Words = append(turn.Words, parley.Span{Start: start, End: start + 350*time.Millisecond})
	}
	return turn
}
