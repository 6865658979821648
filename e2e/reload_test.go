//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider/providertest"
)

// A gate is a model's vendor that keeps with which key it was asked, and may be held up.
type gate struct {
	*httptest.Server
	mu    sync.Mutex // guards all below
	keys  []string   // of what was asked of the model
	first func()     // is called before the first answer
}

func newGate(t *testing.T) *gate {
	t.Helper()
	u, err := url.Parse(providertest.NewOpenAI(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	model := httputil.NewSingleHostReverseProxy(u)
	model.FlushInterval = -1
	g := &gate{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			g.mu.Lock()
			g.keys = append(g.keys, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			first := g.first
			g.first = nil
			g.mu.Unlock()
			if first != nil {
				first()
			}
		}
		model.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// asked are the keys since the last time.
func (g *gate) asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	keys := g.keys
	g.keys = nil
	return keys
}

// TestReload: a call during which the settings are read again goes on with its vendors' keys, and the next has the new ones. Settings of which
// one is wrong change nothing, and the log names it. What only a restart changes is named, too.
func TestReload(t *testing.T) {
	t.Parallel()
	need(t, "flite")
	g := newGate(t)
	file := filepath.Join(t.TempDir(), "parley.env")
	write := func(key string, more ...string) {
		lines := append([]string{"OPENAI_API_KEY='" + key + "'", "OPENAI_BASE_URL=" + g.URL + "/v1"}, more...)
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	}
	write("sk-first", "# what follows is another setting", "PARLEY_MAX_CALLS=2")
	s := serve(t, "PARLEY_ENV_FILE="+file, "OPENAI_API_KEY=sk-of-the-environment")
	reload := func(says ...string) {
		var before int
		if b, err := os.ReadFile(s.log.Name()); err == nil {
			before = len(b)
		}
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Error(err)
		}
		for over := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			b, err := os.ReadFile(s.log.Name())
			missing := ""
			for _, text := range says {
				if err != nil || !strings.Contains(string(b[before:]), text) {
					missing = text
				}
			}
			if missing == "" {
				return
			}
			if time.Now().After(over) {
				t.Errorf("it does not say %q", missing)
				return
			}
		}
	}
	agent, _ := s.agent(m{"provider": "openai", "model": "gpt-4o", "transcriber": m{"type": "transcriber_local"}})
	s.hearing()
	ring := func(says ...string) {
		args := []string{"sip:" + agent + "@" + s.sip, "--deaf", "--limit", "40s"}
		for _, text := range says {
			args = append(args, "--say", text)
		}
		if out, code := s.ring(90*time.Second, args...); code != 0 {
			t.Fatalf("%d\n%s", code, out)
		}
	}
	only := func(when, key string, least int) {
		t.Helper()
		keys := g.asked()
		if len(keys) < least {
			t.Errorf("%s the model was asked %d times", when, len(keys))
		}
		for _, k := range keys {
			if k != key {
				t.Errorf("%s the model was asked with %s", when, k)
			}
		}
	}

	g.first = func() {
		write("sk-second", "PARLEY_MAX_CALLS=7", "PARLEY_PUBLIC_URL=https://parley.example.com")
		reload("the settings were read again", "changed=PARLEY_MAX_CALLS,OPENAI_API_KEY", "settings=PARLEY_PUBLIC_URL")
	}
	ring("What are your opening hours?", "And where are you on Saturday?")
	only("in the call during which they were read", "sk-first", 2)
	if c := s.ended(30 * time.Second); c.Ended != "caller_hung_up" {
		t.Errorf("the call ended as %s", c.Ended)
	}
	var nodes struct {
		Items []struct {
			Max int `json:"max_calls"`
		}
	}
	if s.api("GET", "/v1/nodes", nil, &nodes); len(nodes.Items) != 1 || nodes.Items[0].Max != 7 {
		t.Errorf("the limit is told as %+v", nodes.Items)
	}
	ring("What are your opening hours?")
	only("in the next call", "sk-second", 1)

	for wrong, says := range map[string]string{"PARLEY_MAX_CALLS=many": "max-calls", "PARLEY_HTPP=:1": "PARLEY_HTPP", "OPENAI_API_KEY=twice": "OPENAI_API_KEY is there twice",
		"PARLEY_HEDGE=1ms": "PARLEY_HEDGE", "DEEPGRAM_BASE_URL=nowhere": "DEEPGRAM_BASE_URL"} {
		write("sk-third", wrong)
		reload("level=ERROR", "none is taken", says)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	reload("level=ERROR", "PARLEY_ENV_FILE", "no such file")
	ring("What are your opening hours?")
	only("after wrong settings", "sk-second", 1)
	if b, err := os.ReadFile(s.log.Name()); err != nil || strings.Contains(string(b), "sk-") {
		t.Error(fmt.Sprint("a key is in the log, or it cannot be read: ", err))
	}
}
