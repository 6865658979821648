package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/llm"
)

// Thinking is a vendor's model before the suite.
type Thinking struct {
	Open      func(t testing.TB) llm.Model
	Failing   func(t testing.TB, f Fault) llm.Model // the first request meets the fault; nil: there is no wire
	Talk      llm.Request                           // is answered with words
	Say       string                                // which must be in them; "": any will do
	Act       *llm.Request                          // is answered with tool calls
	Calls     []string                              // of these names, in this order
	Usage     bool                                  // tokens are counted
	Endless   *llm.Request                          // is answered without end; nil: not tried
	Cancelled func() int                            // how many requests the server saw given up; nil: there is no server
}

// Test runs the suite.
func (h Thinking) Test(t *testing.T) {
	t.Run("words", h.words)
	t.Run("tools", h.tools)
	t.Run("cancel", h.cancel)
	t.Run("the loop ends", h.breaks)
	t.Run("preload", h.preload)
	if h.Failing == nil {
		return
	}
	for f := range Typed {
		t.Run("fault "+string(f), func(t *testing.T) {
			Leaks(t, func() {
				a := h.ask(t, h.Failing(t, f), h.Talk)
				checkTyped(t, f, a.err)
			})
		})
		t.Run("tools, fault "+string(f), func(t *testing.T) {
			if h.Act == nil {
				t.Skip("no tools to call")
			}
			a := h.ask(t, h.Failing(t, f), *h.Act)
			if checkTyped(t, f, a.err); len(a.calls) > 0 {
				t.Errorf("%s still called %v", f, a.calls)
			}
		})
	}
	for _, f := range append([]Fault{Refuse, Unauthorized, RateLimited, Broken, CutJSON, Garbage, Close}, Untimely...) {
		t.Run("next takes over from "+string(f), func(t *testing.T) { h.fallback(t, f) })
	}
}

type answered struct {
	text   string
	calls  []llm.Call
	usage  *llm.Usage
	notice string
	vendor string
	err    error
}

func (h Thinking) ask(t *testing.T, m llm.Model, r llm.Request) (a answered) {
	t.Helper()
	within(t, deadline, "thinking", func() {
		for d, err := range m.Chat(context.Background(), r) {
			if a.err != nil {
				t.Error("a delta after the error")
			}
			if err != nil {
				a.err = err
				continue
			}
			a.text += d.Text
			if d.Call != nil {
				a.calls = append(a.calls, *d.Call)
			}
			if d.Usage != nil {
				sum := *d.Usage
				if a.usage != nil {
					sum.In, sum.Out = sum.In+a.usage.In, sum.Out+a.usage.Out
				}
				a.usage = &sum
			}
			if d.Notice != "" {
				a.notice = d.Notice
			}
			if d.Vendor != "" {
				a.vendor = d.Vendor
			}
		}
	})
	return a
}

func (h Thinking) words(t *testing.T) {
	Leaks(t, func() {
		a := h.ask(t, h.Open(t), h.Talk)
		if a.err != nil {
			t.Fatal(a.err)
		}
		if strings.TrimSpace(a.text) == "" || !strings.Contains(a.text, h.Say) {
			t.Errorf("answered %q, want %q in it", a.text, h.Say)
		}
		if len(a.calls) > 0 {
			t.Errorf("called %v unasked", a.calls)
		}
		if h.Usage && (a.usage == nil || a.usage.In <= 0 || a.usage.Out <= 0) {
			t.Errorf("usage is %+v", a.usage)
		}
	})
}

func (h Thinking) tools(t *testing.T) {
	if h.Act == nil {
		t.Skip("no tools to call")
	}
	a := h.ask(t, h.Open(t), *h.Act)
	if a.err != nil {
		t.Fatal(a.err)
	}
	var names, ids []string
	for _, c := range a.calls {
		names = append(names, c.Name)
		var args map[string]any
		if err := json.Unmarshal(c.Args, &args); err != nil {
			t.Errorf("arguments of %s: %q: %v", c.Name, c.Args, err)
		}
		if c.ID == "" || slices.Contains(ids, c.ID) {
			t.Errorf("call %s has the id %q", c.Name, c.ID)
		}
		ids = append(ids, c.ID)
	}
	if !slices.Equal(names, h.Calls) {
		t.Errorf("called %q, want %q", names, h.Calls)
	}
}

// cancel: the stream ends within a second, and the server is told.
func (h Thinking) cancel(t *testing.T) {
	if h.Endless == nil {
		t.Skip("no request without end")
	}
	Leaks(t, func() {
		m := h.Open(t)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		time.AfterFunc(50*time.Millisecond, cancel)
		var got error
		within(t, 1050*time.Millisecond, "a cancelled answer", func() {
			for _, err := range m.Chat(ctx, *h.Endless) {
				if err != nil {
					got = err
				}
			}
		})
		if !errors.Is(got, context.Canceled) {
			t.Errorf("a cancelled answer ended with %v", got)
		}
		h.told(t)
	})
}

func (h Thinking) told(t *testing.T) {
	if h.Cancelled == nil {
		return
	}
	for end := time.Now().Add(deadline); h.Cancelled() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("the server did not see the request end")
			return
		}
	}
}

func (h Thinking) breaks(t *testing.T) {
	r := h.Talk
	if h.Endless != nil {
		r = *h.Endless
	}
	Leaks(t, func() {
		m := h.Open(t)
		within(t, deadline, "leaving the loop", func() {
			for _, err := range m.Chat(context.Background(), r) {
				if err != nil {
					t.Error(err)
				}
				break
			}
		})
		if h.Endless != nil {
			h.told(t)
		}
	})
}

// fallback: whatever the vendor does, the next one finishes the turn; nothing is said twice, no tool runs.
func (h Thinking) fallback(t *testing.T, f Fault) {
	Leaks(t, func() {
		const rest = " And that is all."
		next := llm.Func(func(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
			return func(yield func(llm.Delta, error) bool) {
				said := ""
				for _, m := range r.Messages[len(h.Talk.Messages):] {
					if m.Role == llm.Assistant {
						said = m.Text
					}
				}
				yield(llm.Delta{Text: said + rest}, nil) // begins again, as models do
			}
		})
		m := llm.Fallback(
			llm.Vendor{Name: t.Name(), Model: h.Failing(t, f), FirstOutput: 150 * time.Millisecond, Stall: 150 * time.Millisecond},
			llm.Vendor{Name: t.Name() + " next", Model: next})
		a := h.ask(t, m, h.Talk)
		if a.err != nil {
			t.Fatal(a.err)
		}
		said, ok := strings.CutSuffix(a.text, rest)
		if !ok || strings.Contains(said, rest) {
			t.Fatalf("said %q", a.text)
		}
		if said != "" && strings.Count(a.text, strings.Fields(said)[0]) != 1 {
			t.Errorf("said twice: %q", a.text)
		}
		if a.vendor != t.Name()+" next" || a.notice == "" {
			t.Errorf("vendor %q, notice %q", a.vendor, a.notice)
		}
	})
}
