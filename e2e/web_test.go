//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/stt"
)

// visit is what a browser tells of a page with a button that calls.
type visit struct {
	Codec         string
	Packets, Lost int
	First         float64 // ms from the click to the first sound
	Shown, Sound  string
	Way           []string // types of the browser's candidate and of ours, such as relay and host
	Words         []struct{ Sender, Text string }
	States        []struct {
		State, Reason string
		At            float64
	}
	Errors []string
}

// visits has Chromium open a page, press its button, and talk for so long. before stands before the command, such as what has it run in
// another network.
func visits(t *testing.T, page, codec string, seconds int, before ...string) (v visit) {
	t.Helper()
	playwright, err := exec.Command("../scripts/vendor_sdk.sh", "npm", "playwright-core@1.65.1").Output()
	if err != nil {
		t.Fatalf("installing a browser: %v", err)
	}
	dir := t.TempDir()
	wav := filepath.Join(dir, "microphone.wav")
	for _, cmd := range [][]string{
		{"flite", "-voice", "rms", "-t", "What are your opening hours?", "-o", filepath.Join(dir, "said.wav")},
		{"sox", filepath.Join(dir, "said.wav"), "-r", "48000", "-c", "1", "-b", "16", wav, "pad", "7", "60"},
	} {
		if out, err := exec.Command(cmd[0], cmd[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
	}
	args := append(before, "node", "testdata/browser.js", strings.TrimSpace(string(playwright)), page, wav, codec, fmt.Sprint(seconds))
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil || json.Unmarshal(out, &v) != nil {
		t.Fatalf("%v: %.2000s", err, out)
	}
	if len(v.Errors) > 0 {
		t.Errorf("the page failed: %q", v.Errors)
	}
	return v
}

// understood is what the local recogniser makes of sound at 16 kHz.
func understood(t *testing.T, pcm []byte) string {
	t.Helper()
	l := local.New(local.Config{Command: []string{binary(t), "hear"}, CacheDir: t.TempDir()})
	t.Cleanup(l.Close)
	hear, err := l.Spec().Hearing.Open(provider.Access{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan audio.Frame)
	go func() {
		defer close(in)
		for ; len(pcm) >= 2*len(audio.Frame{}); pcm = pcm[2*len(audio.Frame{}):] {
			var f audio.Frame
			for i := range f {
				f[i] = int16(uint16(pcm[2*i]) | uint16(pcm[2*i+1])<<8)
			}
			select {
			case in <- f:
			case <-t.Context().Done():
				return
			}
		}
	}()
	var said []string
	for e, err := range hear.Transcribe(t.Context(), in, stt.Options{Language: "en"}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Final {
			said = append(said, e.Text)
		}
	}
	return strings.Join(said, " ")
}

// TestBrowsersTalkToTheDemo: one click on the server's own page, with each codec; what the browser hears is what the agent says.
func TestBrowsersTalkToTheDemo(t *testing.T) {
	for _, codec := range []string{"opus", "PCMU", "G722"} {
		t.Run(codec, func(t *testing.T) {
			s := serve(t)
			v := visits(t, s.http+"/try", codec, 22)
			c := s.ended(20 * time.Second)
			if !strings.EqualFold(v.Codec, "audio/"+codec) || v.Packets < 400 || v.Lost > v.Packets/50 {
				t.Errorf("%s: %d packets, %d lost", v.Codec, v.Packets, v.Lost)
			}
			if v.First == 0 || len(v.States) < 2 || v.States[0].State != "connected" || v.States[len(v.States)-1].Reason != "you hung up" {
				t.Errorf("first sound %v ms after the click; %+v", v.First, v.States)
			}
			if !strings.Contains(v.Shown, "Harbor Dental") || !strings.Contains(v.Shown, "hours") {
				t.Errorf("the page shows %q", v.Shown)
			}
			if c.Ended != "caller_hung_up" || !strings.Contains(c.Text, "BOT: Hello, this is Harbor Dental") || !strings.Contains(c.Text, "hours") || !strings.Contains(c.Text, "nine in the morning") {
				t.Errorf("%s\n%s", c.Ended, c.Text)
			}
			pcm, err := base64.StdEncoding.DecodeString(v.Sound)
			if err != nil {
				t.Fatal(err)
			}
			if got := understood(t, pcm); !strings.Contains(got, "help you") || !strings.Contains(got, "morning") {
				t.Errorf("the browser heard %q", got)
			}
		})
	}
}

// TestWidgetOfAPage: a page elsewhere calls the agent whose owner names it, and no other page does.
func TestWidgetOfAPage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var id string
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>Shop</title><body><script src="%s/widget.js" data-agent="%s" data-label="Call us"></script>`, s.http, id)
	}))
	defer shop.Close()
	id, _ = s.agent(m{"initial_message": "Welcome to the shop.", "provider": "local", "transcriber": m{"type": "transcriber_local"}, "web_origins": []string{shop.URL}})
	v := visits(t, shop.URL, "opus", 5)
	c := s.ended(20 * time.Second)
	if !strings.Contains(v.Shown, "Welcome to the shop.") || !strings.Contains(v.Shown, "Hang up") || !strings.Contains(c.Text, "BOT: Welcome to the shop.") {
		t.Errorf("%q\n%s", v.Shown, c.Text)
	}
	s.api("POST", "/v1/agents/update?id="+id, m{"web_origins": []string{"https://other.example"}}, nil)
	if v = visits(t, shop.URL, "opus", 3); !strings.Contains(v.Shown, "The call could not be made") || !strings.Contains(v.Shown, "Call us") || len(s.calls()) != 1 {
		t.Errorf("%q", v.Shown)
	}
}
