//go:build e2e

package e2e

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/parley-voice/parley/audio"
)

// TestSpokenAnswer: a sentence spoken through G.711 is answered in sound that the test phone's own recogniser understands.
func TestSpokenAnswer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.hearing()
	record := filepath.Join(t.TempDir(), "call.wav")
	out, code := s.ring(2*time.Minute, "sip:demo@"+s.sip, "--say", "What are your opening hours?", "--record", record)
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	_, answer, ok := strings.Cut(out, "you: ")
	if !ok {
		t.Fatalf("nothing was said:\n%s", out)
	}
	found := 0
	for _, word := range []string{"open", "nine", "morning", "six", "evening", "saturday", "monday", "friday"} {
		if strings.Contains(strings.ToLower(answer), word) {
			found++
		}
	}
	if found < 2 {
		t.Errorf("the answer is about something else:\n%s", out)
	}
	w := readWAV(t, record)
	if w.Channels != 2 || len(spoken(w.Channel(0), w.Rate)) < w.Rate/2 || len(spoken(w.Channel(1), w.Rate)) < w.Rate {
		t.Errorf("the phone's recording has %d channels, and not both of them sound", w.Channels)
	}
	if c := s.ended(10 * time.Second); !strings.Contains(strings.ToLower(c.Text), "bot: ") || !strings.Contains(c.Text, "HUMAN: ") {
		t.Errorf("the transcript lacks a side:\n%s", c.Text)
	}
}

// TestNobodyAnswers: the test phone succeeds only when it was answered.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if out, code := s.ring(time.Minute, "sip:nobody-there@"+s.sip, "--deaf"); code == 0 {
		t.Errorf("it succeeds:\n%s", out)
	}
}

// TestWebhooks: the events of a call arrive, in order and signed with the secret that the create answer showed.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var types []string
	var verify *standardwebhooks.Webhook
	var bad []error
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if err := verify.Verify(b, r.Header); err != nil {
			bad = append(bad, err)
		}
		_, rest, _ := strings.Cut(string(b), `"type":"`)
		typ, _, _ := strings.Cut(rest, `"`)
		types = append(types, typ)
	}))
	defer receiver.Close()
	s := serve(t)
	id, agent := s.agent(m{"webhook": m{"url": receiver.URL, "method": "POST", "subscriptions": []string{
		"event_message", "event_phone_call_connected", "event_phone_call_ended", "event_transcript", "event_recording"}}})
	hook, _ := agent["webhook"].(m)
	secret, _ := hook["signing_secret"].(string)
	var err error
	mu.Lock()
	verify, err = standardwebhooks.NewWebhook(secret)
	mu.Unlock()
	if err != nil {
		t.Fatalf("the secret %q: %v", secret, err)
	}
	if out, code := s.ring(time.Minute, "sip:"+id+"@"+s.sip, "--deaf"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	want := []string{"event_phone_call_connected", "event_message", "event_phone_call_ended"}
	s.until("all events arrive", 30*time.Second, func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, w := range append(want, "event_transcript", "event_recording") {
			if !slices.Contains(types, w) {
				return false
			}
		}
		return true
	})
	mu.Lock()
	defer mu.Unlock()
	if len(bad) > 0 {
		t.Errorf("signatures: %v", bad)
	}
	at := -1
	for _, w := range want {
		if i := slices.Index(types, w); i < at {
			t.Errorf("out of order: %v", types)
		} else {
			at = i
		}
	}
}

// TestKilled: the recording of a call whose server was killed plays.
func TestKilled(t *testing.T) {
	s := serve(t)
	phone := exec.Command(binary(t), "call", "sip:demo@"+s.sip, "--deaf", "--dtmf", "1", "--limit", "30s")
	phone.Dir = t.TempDir()
	if err := phone.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		phone.Process.Kill()
		phone.Wait()
	}()
	s.until("the call runs", 10*time.Second, func() bool { return len(s.calls()) == 1 })
	time.Sleep(6 * time.Second)
	s.cmd.Process.Kill()
	<-s.gone
	var files []string
	filepath.WalkDir(s.data, func(path string, _ fs.DirEntry, _ error) error {
		if strings.HasSuffix(path, ".wav") {
			files = append(files, path)
		}
		return nil
	})
	if len(files) != 1 {
		t.Fatalf("recordings: %v", files)
	}
	w := readWAV(t, files[0])
	if length := time.Duration(len(w.PCM)/w.Channels) * time.Second / time.Duration(w.Rate); w.Channels != 2 || length < 3*time.Second {
		t.Errorf("%d channels, %v", w.Channels, length)
	}
	if agent := spoken(w.Channel(1), w.Rate); len(agent) < w.Rate || audio.DBFS(agent) < -40 {
		t.Errorf("the greeting is not on it: %d samples", len(agent))
	}
}
