package call

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
)

// reader is a model that reads prompts ahead.
type reader struct {
	llm.Model
	takes time.Duration
	cost  llm.Preloaded
	err   error
	asked atomic.Pointer[llm.Request]
	ended atomic.Bool // by its context
}

func (r *reader) Preload(ctx context.Context, q llm.Request) (llm.Preloaded, error) {
	r.asked.Store(&q)
	select {
	case <-time.After(r.takes):
		return r.cost, r.err
	case <-ctx.Done():
		r.ended.Store(true)
		return llm.Preloaded{Usage: llm.Usage{In: 7}}, ctx.Err() // told before it was cut off
	}
}

func (b *book) warmths(t *testing.T) (out []parley.Warmth) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Type != parley.EventWarmed {
			continue
		}
		var w parley.Warmth
		if err := json.Unmarshal(e.Payload, &w); err != nil {
			t.Fatal(err)
		}
		out = append(out, w)
	}
	return out
}

// TestWarmingDelaysNothing: vendors that take for ever to be warmed, and a model that takes for ever to read, hold up neither the answer nor
// the greeting, in either direction, and end with the call.
func TestWarmingDelaysNothing(t *testing.T) {
	forever := func(ended *atomic.Int32) []Warming {
		var out []Warming
		for _, skill := range []string{"hearing", "speaking"} {
			out = append(out, warms(skill, func(ctx context.Context) error { <-ctx.Done(); ended.Add(1); return ctx.Err() }))
		}
		return append(out, vital(func() error { return nil }))
	}
	on := true
	for _, inbound := range []bool{true, false} {
		run(t, func(ctx context.Context, b *bench) {
			var ended atomic.Int32
			m := &reader{Model: lines(), takes: 24 * time.Hour}
			b.model, b.ready.Warm, b.desk.agent.PreloadPrompt = m, forever(&ended), &on
			began, greeted := time.Now(), time.Duration(0)
			if inbound {
				phone, _, done := b.ring(ctx, "desk")
				time.Sleep(time.Second)
				phone.Hangup()
				<-done
			} else {
				b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) {
					if d := time.Since(began); d != 0 {
						t.Errorf("it rang after %v", d)
					}
					p, l := legtest.PipeLimits(context.WithoutCancel(ctx), c.Limits)
					time.AfterFunc(4*time.Second, p.Hangup)
					return l, nil
				}
				if err := b.Dial(ctx, outbound(t, b, nil)); err != nil {
					t.Fatal(err)
				}
				greeted = 2500 * time.Millisecond // nobody speaks
			}
			if d := time.Since(began); d > 5*time.Second {
				t.Errorf("inbound %v: the call was over after %v", inbound, d)
			}
			c := b.rows.only(t)
			if d := c.Start.Sub(began); d != 0 {
				t.Errorf("inbound %v: answered after %v", inbound, d)
			}
			if len(c.Turns) == 0 || c.Turns[0].Start > greeted+100*time.Millisecond {
				t.Errorf("inbound %v: the greeting came late: %+v", inbound, c.Turns)
			}
			if ended.Load() != 2 || !m.ended.Load() {
				t.Errorf("inbound %v: %d warmings and %v ended with the call", inbound, ended.Load(), m.ended.Load())
			}
			types := b.book.types()
			if last := types[len(types)-1]; last != parley.EventEnded {
				t.Errorf("inbound %v: the last event is %s", inbound, last)
			}
			if b.closed != 1 {
				t.Errorf("closed %d times", b.closed)
			}
		})
	}
}

// TestWarmedBesideEachOther: no vendor waits for another, and the call's events tell what each took and saved.
func TestWarmedBesideEachOther(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		second := func(context.Context) error { time.Sleep(time.Second); return nil }
		failing := func(context.Context) error { time.Sleep(time.Second); return errors.New("acme: 401") }
		b.ready.Warm = []Warming{warms("hearing", second), warms("thinking", second), warms("speaking", failing)}
		phone, _, done := b.ring(ctx, "desk")
		time.Sleep(1001 * time.Millisecond)
		got := b.book.warmths(t)
		if len(got) != 3 {
			t.Fatalf("after a second: %+v", got)
		}
		for _, w := range got {
			if w.Vendor != "acme" || w.TookMS != 1000 || (w.Error != "") != (w.Skill == "speaking") {
				t.Errorf("%+v", w)
			}
		}
		phone.Hangup()
		<-done
	})
}

// TestPreload: the model reads the call's own prompt, filled in, and its tools; what that cost is in the call's usage.
func TestPreload(t *testing.T) {
	yes, no := true, false
	prompt := "You are the desk of ${shop|Acme}."
	for _, c := range []struct {
		on    *bool
		model *reader
		in    int64
		says  string
	}{
		{&yes, &reader{cost: llm.Preloaded{Usage: llm.Usage{In: 1500, Out: 1}, Cached: 1024}}, 1500, ""},
		{&yes, &reader{cost: llm.Preloaded{Usage: llm.Usage{In: 3}}, err: errors.New("acme: 500")}, 3, "acme: 500"},
		{&yes, &reader{cost: llm.Preloaded{Skipped: "too short"}}, 0, "too short"},
		{&yes, &reader{takes: time.Hour}, 0, "never told"},
		{&no, &reader{cost: llm.Preloaded{Usage: llm.Usage{In: 1500}}}, 0, "off"},
		{nil, &reader{cost: llm.Preloaded{Usage: llm.Usage{In: 1500}}}, 0, "off"},
	} {
		run(t, func(ctx context.Context, b *bench) {
			c.model.Model = lines()
			b.model, b.ready.Warm = c.model, []Warming{vital(func() error { return nil })}
			b.desk.agent.PreloadPrompt, b.desk.agent.Prompt = c.on, &parley.Prompt{Content: &prompt}
			phone, _, done := b.ring(ctx, "desk")
			time.Sleep(2 * time.Second)
			phone.Hangup()
			<-done
			row := b.rows.only(t)
			if row.Usage.LLMTokensIn != c.in {
				t.Errorf("%q: %d tokens in, want %d", c.says, row.Usage.LLMTokensIn, c.in)
			}
			var told []parley.Warmth
			for _, w := range b.book.warmths(t) {
				if w.Skill == "prompt" {
					told = append(told, w)
				}
			}
			asked := c.model.asked.Load()
			switch c.says {
			case "off":
				if asked != nil || told != nil {
					t.Errorf("read unasked: %+v, %+v", asked, told)
				}
				return
			case "never told":
				if told != nil {
					t.Errorf("told %+v", told)
				}
				return
			}
			if asked == nil || len(asked.Messages) != 1 || asked.Messages[0].Role != llm.System || asked.Messages[0].Text != "You are the desk of Acme." ||
				len(asked.Tools) != 1 {
				t.Errorf("asked %+v", asked)
			}
			if len(told) != 1 || told[0].TokensIn != int(c.in) || !strings.Contains(told[0].Error+told[0].Skipped, c.says) {
				t.Errorf("told %+v", told)
			}
		})
	}
}

// TestPreloadOfACallNobodyPicksUp: what was read is paid for all the same, and shown.
func TestPreloadOfACallNobodyPicksUp(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		yes := true
		b.model, b.desk.agent.PreloadPrompt = &reader{Model: lines(), cost: llm.Preloaded{Usage: llm.Usage{In: 1200, Out: 1}}}, &yes
		b.ready.Warm = []Warming{vital(func() error { return nil })}
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
			time.Sleep(5 * time.Second)
			return nil, &leg.Rejected{Cause: parley.NoAnswer, Code: 480}
		}
		if err := b.Dial(ctx, outbound(t, b, nil)); err != nil {
			t.Fatal(err)
		}
		if c := b.rows.only(t); c.Usage.LLMTokensIn != 1200 || c.Usage.LLMTokensOut != 1 || c.Cause != parley.NoAnswer {
			t.Errorf("%+v", c)
		}
	})
}
