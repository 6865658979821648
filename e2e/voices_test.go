//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider/providertest"
)

// TestVoicesOfVendors: an agent that names nobody speaks by the vendor whose key the server has, and its call has the words that
// the vendor was asked for.
func TestVoicesOfVendors(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func() (url string, texts func() []string){
		"elevenlabs": func() (string, func() []string) { e := providertest.NewElevenLabs(t); return e.URL, e.Texts },
		"cartesia":   func() (string, func() []string) { c := providertest.NewCartesia(t); return c.URL, c.Texts },
	} {
		t.Run(name, func(t *testing.T) {
			url, texts := start()
			prefix := strings.ToUpper(name)
			s := serve(t, prefix+"_API_KEY=k", prefix+"_BASE_URL="+url)
			s.hearing()
			record := filepath.Join(t.TempDir(), "call.wav")
			if out, code := s.ring(time.Minute, "sip:demo@"+s.sip, "--deaf", "--limit", "8s", "--record", record); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, out)
			}
			said := strings.TrimSpace(strings.Join(texts(), ""))
			c := s.ended(10 * time.Second)
			if first, _, _ := strings.Cut(said, " "); first == "" || !strings.Contains(strings.ToLower(c.Text), "bot: "+strings.ToLower(first)) {
				t.Errorf("asked to speak %q, the transcript is\n%s", said, c.Text)
			}
			if w := readWAV(t, record); len(spoken(w.Channel(1), w.Rate)) < w.Rate/2 {
				t.Error("nothing was heard")
			}
		})
	}
}
