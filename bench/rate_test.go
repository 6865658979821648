package bench

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPaceWaitsForNobody: a server that hangs for a second makes all that was due meanwhile late, and none of it is left out.
func TestPaceWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, answers := time.Now(), newTally()
		hung := start.Add(time.Second) // until then nobody is answered
		late := pace(t.Context(), 100, 2*time.Second, func(_ int, due time.Time) {
			time.Sleep(max(time.Until(hung), time.Millisecond))
			answers.add("ask", time.Since(due), nil)
		})
		each, all := answers.operations([]string{"ask"})
		if all.N != 200 || each[0].N != 200 {
			t.Fatalf("%d answers", all.N)
		}
		if all.Max != 1000 || all.P50 < 1 || all.P50 > 20 || all.Mean < 200 || all.Mean > 300 {
			t.Errorf("%+v: half of them waited half a second", all)
		}
		if late.max > 0 || time.Since(start) > 2*time.Second {
			t.Errorf("late by %v, over after %v", late.max, time.Since(start))
		}
	})
}

func TestPaceEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var n atomic.Int64
	pace(ctx, 1000, time.Hour, func(int, time.Time) {
		if n.Add(1) == 5 {
			cancel()
		}
	})
	if n.Load() < 5 {
		t.Errorf("%d were done", n.Load())
	}
}

func TestTally(t *testing.T) {
	a := newTally()
	for range 10 {
		a.add("bad", time.Second, errors.New("no"))
	}
	a.add("good", 2*time.Millisecond, nil)
	each, all := a.operations([]string{"good", "bad"})
	if each[0].N != 1 || each[0].P99 != 2 || each[1].Failed != 10 || each[1].N != 0 || all.Failed != 10 || all.N != 1 {
		t.Errorf("%+v %+v", each, all)
	}
	if len(a.notes) != 5 || a.notes[0] != "bad: no" {
		t.Errorf("%q", a.notes)
	}
}

// TestMix: the shares make a whole, and each request can be asked.
func TestMix(t *testing.T) {
	k := known{&past{Rows: 1000, Begin: time.Now(), Agents: []string{"a", "b"}}, []string{"n"}}
	m := k.reads()
	picked := map[string]int{}
	for n := range 100 {
		picked[m.pick(n).name]++
	}
	for _, r := range m {
		if picked[r.name] != r.share {
			t.Errorf("%s: %d of a hundred, not %d", r.name, picked[r.name], r.share)
		}
		path := r.path(rand.New(rand.NewPCG(1, 2)))
		if u, err := url.Parse(path); err != nil || !strings.HasPrefix(u.Path, "/v1/") || strings.Contains(path, "=&") || strings.HasSuffix(path, "=") {
			t.Errorf("%s: %s", r.name, path)
		}
	}
	if got := m.pick(100).name; got != m[len(m)-1].name {
		t.Errorf("beyond a hundred: %s", got)
	}
}

func TestAsk(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			if r.Header.Get("Authorization") != "Bearer k" {
				t.Errorf("%v", r.Header)
			}
		case "/bad":
			http.Error(w, "what is wrong", http.StatusBadRequest)
		case "/file":
			io.WriteString(w, "profile")
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer s.Close()
	c, closeIdle := client{base: s.URL, key: "k"}.keeping()
	defer closeIdle()
	if err := c.ask(t.Context(), http.MethodGet, "/good", nil); err != nil {
		t.Error(err)
	}
	if err := c.ask(t.Context(), http.MethodPost, "/bad", []byte("{}")); err == nil || !strings.Contains(err.Error(), "what is wrong") {
		t.Errorf("%v", err)
	}
	file := filepath.Join(t.TempDir(), "answer")
	if err := c.save(t.Context(), "/saved", file); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("%v", err)
	}
	if err := c.save(t.Context(), "/file", file); err != nil {
		t.Error(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "profile" {
		t.Errorf("%q, %v", b, err)
	}
	s.Close()
	if err := c.ask(t.Context(), http.MethodGet, "/gone", nil); err == nil {
		t.Error("nobody answered, and that is no error")
	}
}
