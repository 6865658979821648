package call

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// memories are by number and agent.
type memories map[string]parley.Memory

func (m memories) Recall(_ context.Context, env, number, agentID string) (parley.Memory, error) {
	if m == nil {
		return parley.Memory{}, errors.New("the store is away")
	}
	x, ok := m[env+" "+number+" "+agentID]
	if !ok {
		return x, parley.NotFound("memory")
	}
	return x, nil
}

func TestMemoryIsGivenToTheNextCall(t *testing.T) {
	known := memories{"env +15550001111 agent-1": {AgentID: "agent-1", Facts: []string{"is called\nAda"}, Summary: "They moved house."},
		"env +15550001111 ": {Facts: []string{"known to all"}}}
	for name, tc := range map[string]struct {
		scope   string
		combine bool
		private bool
		has     []string
		hasNot  []string
	}{
		"none":                {"none", false, false, nil, []string{"Ada", "all", "moved", "earlier calls"}},
		"one agent":           {"single_agent", false, false, []string{"- is called Ada"}, []string{"moved", "known to all"}},
		"one agent, combined": {"single_agent", true, false, []string{"- is called Ada", "The last call: They moved house."}, nil},
		"all":                 {"all", true, false, []string{"- known to all"}, []string{"Ada", "The last call"}},
		"combined alone":      {"none", true, false, []string{"The last call: They moved house."}, []string{"Ada"}},
		"private":             {"single_agent", true, true, nil, []string{"Ada", "moved"}},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(ctx context.Context, b *bench) {
				var prompt string
				b.model = llm.Func(func(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
					return func(yield func(llm.Delta, error) bool) {
						prompt = r.Messages[0].Text
						yield(llm.Delta{Text: "Hello Ada."}, nil)
					}
				})
				b.Memories = known
				b.desk.agent.MemoryScope, b.desk.agent.CombineLastCall = &tc.scope, &tc.combine
				caller, _, done := b.ring(ctx, "desk")
				if tc.private { // only calls of ours are
					caller.Hangup()
					<-done
					c := parley.Call{UserID: "env", From: "+15550001111", Private: true}
					if _, err := b.recall(ctx, &c, &b.desk.agent); !parley.IsNotFound(err) {
						t.Errorf("a private call is remembered: %v", err)
					}
					return
				}
				time.Sleep(3 * time.Second)
				b.ear <- stt.Event{Text: "it is me", Final: true, End: true}
				time.Sleep(4 * time.Second)
				caller.Hangup()
				<-done
				if !strings.HasPrefix(prompt, "You are the desk.") {
					t.Errorf("the prompt: %q", prompt)
				}
				for _, w := range tc.has {
					if !strings.Contains(prompt, w) {
						t.Errorf("no %q in %q", w, prompt)
					}
				}
				for _, w := range tc.hasNot {
					if strings.Contains(prompt, w) {
						t.Errorf("%q in %q", w, prompt)
					}
				}
				if len(tc.has) > 0 {
					has(t, b.book.types(), parley.EventMemory, parley.EventConnected)
				} else {
					hasNot(t, b.book.types(), parley.EventMemory)
				}
			})
		})
	}
}

func TestMemoryThatCannotBeRead(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Memories = memories(nil)
		b.desk.agent.MemoryScope = ptr("all")
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		caller.Hangup()
		<-done
		if w := strings.Join(b.rows.only(t).Warnings, "\n"); !strings.Contains(w, "could not be read") {
			t.Errorf("warned %q", w)
		}
		c := parley.Call{UserID: "env", From: "anonymous"}
		b.Memories = memories{"env anonymous ": {Facts: []string{"x"}}}
		if _, err := b.recall(ctx, &c, &b.desk.agent); !parley.IsNotFound(err) {
			t.Errorf("a withheld number is everybody's: %v", err)
		}
		if _, facts, _ := (&parley.Agent{Context: parley.Context{MemoryScope: ptr("single_agent")}}).Remembers(); facts {
			t.Error("an agent that is not stored has a memory")
		}
	})
}
