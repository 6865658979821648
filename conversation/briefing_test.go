package conversation

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
)

func refund() *History {
	return &History{Turns: []parley.Turn{{Who: parley.Bot, Text: "Hello."}, {Who: parley.Human, Text: "I am Ann and\nwant my money back"}}}
}

func answering(text string, after time.Duration, read *[]llm.Message) llm.Model {
	return llm.Func(func(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
		return func(yield func(llm.Delta, error) bool) {
			*read = r.Messages
			select {
			case <-time.After(after):
				if yield(llm.Delta{Text: text}, nil) {
					yield(llm.Delta{Usage: &llm.Usage{In: 10, Out: 3}}, nil)
				}
			case <-ctx.Done():
				yield(llm.Delta{}, ctx.Err())
			}
		}
	})
}

func TestSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read []llm.Message
		s := Setup{History: refund(), Think: answering("**Ann** wants\n- her money back.", time.Second, &read)}
		s.Turns.Language = "de"
		if got := Summary(t.Context(), &s); got != "Ann wants her money back." {
			t.Errorf("%q", got)
		}
		if len(read) != 2 || !strings.Contains(read[0].Text, `"de"`) || read[1].Text != "ASSISTANT: Hello.\nCALLER: I am Ann and want my money back" {
			t.Errorf("it read %q", read)
		}
		if u := s.History.Usage; u.TokensIn != 10 || u.TokensOut != 3 {
			t.Errorf("used %+v", u)
		}
		s.Think = answering("late", summaryWait+time.Second, &read)
		if got := Summary(t.Context(), &s); got != "" {
			t.Errorf("too late: %q", got)
		}
		s.History = &History{}
		if got := Summary(t.Context(), &s); got != "" {
			t.Errorf("of nothing: %q", got)
		}
	})
}

func TestLongCallsAreSummedUpByTheirEnd(t *testing.T) {
	h := &History{}
	for range 100 {
		h.Turns = append(h.Turns, parley.Turn{Who: parley.Human, Text: strings.Repeat("word ", 100)})
	}
	h.Turns = append(h.Turns, parley.Turn{Who: parley.Human, Text: "the end"})
	if got := soFar(h); len(got) > mostTold || !strings.HasSuffix(got, "CALLER: the end") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-20:])
	}
}

func TestBrief(t *testing.T) {
	h := refund()
	s := Brief(Setup{Prompt: "You sell shoes.", Greeting: "Shop.", History: h, Untransferred: true, Control: make(chan Command)}, "Ann wants a refund.")
	if !strings.Contains(s.Greeting, "Ann wants a refund. Can you take the call?") || strings.Contains(s.Prompt, "shoes") || !strings.Contains(s.Prompt, "CALLER: I am Ann") {
		t.Errorf("%q\n%q", s.Greeting, s.Prompt)
	}
	if s.History == h || s.Control != nil || s.Untransferred || s.Callee == nil || !s.Callee.HangUp {
		t.Errorf("%+v", s)
	}
	for i, want := range []parley.Cause{parley.Transferred, parley.Declined} {
		a := s.Actions[i]
		r, err := a.Run(t.Context(), action.Input{Args: json.RawMessage(`{"reason":" at\nlunch "}`)})
		if err != nil || r.End.Cause != want || r.End.Detail != "at lunch" || r.Say == "" {
			t.Errorf("%s: %+v, %v", a.Tool().Name, r, err)
		}
		if r, err := a.Run(t.Context(), action.Input{Args: json.RawMessage(`{"reason":"` + strings.Repeat("é", 300) + `"}`)}); err != nil || len(r.End.Detail) > mostDeclined {
			t.Errorf("%s: %+v, %v", a.Tool().Name, r, err)
		}
		if r, err := a.Run(t.Context(), action.Input{}); err != nil || r.End.Detail != "" {
			t.Errorf("%s: what was said once is said again: %+v, %v", a.Tool().Name, r, err)
		}
		if s.Reflexes[i].On != KeyPressed || s.Reflexes[i].Action != a {
			t.Errorf("the key: %+v", s.Reflexes[i])
		}
	}
	if s := Brief(Setup{History: &History{}}, " "); !strings.Contains(s.Greeting, "A caller would like to speak with you.") {
		t.Errorf("%q", s.Greeting)
	}
}

// Each language of the contract has all of it.
func TestHandoversAreWhole(t *testing.T) {
	for language := range spoken {
		h, ok := handovers[language]
		if !ok {
			t.Errorf("none in %s", language)
			continue
		}
		for i, text := range []string{h.hello, h.somebody, h.ask, h.accepted, h.declined, h.connected, h.unavailable} {
			if text == "" || language != "en" && text == []string{handovers["en"].hello, handovers["en"].somebody, handovers["en"].ask, handovers["en"].accepted,
				handovers["en"].declined, handovers["en"].connected, handovers["en"].unavailable}[i] {
				t.Errorf("%s: the %d. text is %q", language, i+1, text)
			}
		}
		if len(h.yes) < 3 || len(h.no) < 3 || !strings.Contains(h.ask, "1") || !strings.Contains(h.ask, "2") {
			t.Errorf("%s: %+v", language, h)
		}
	}
	if Connected("xx") != Connected("en") || Unavailable("de") == Unavailable("en") {
		t.Error("a language that nobody knows is English")
	}
}

// briefed runs a briefing and says how it ended. do is on the other end of the line.
func briefed(t *testing.T, model []string, do func(p *play)) (out parley.Outcome, took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		if model != nil {
			p.model.answers = [][]string{model}
		}
		phone, l := legtest.Pipe(t.Context())
		p.phone = phone
		ctx, stop := context.WithCancel(t.Context())
		p.wire = ctx
		go do(p)
		began := time.Now()
		s := Brief(p.setup, "Ann wants a refund.")
		out, _ = Run(ctx, l, s)
		took = time.Since(began)
		stop()
		phone.Hangup()
		synctest.Wait()
	})
	return out, took
}

func TestTheyDecideByKeys(t *testing.T) {
	for key, want := range map[string]parley.Cause{"1": parley.Transferred, "2": parley.Declined} {
		for _, at := range []time.Duration{time.Second, 4 * time.Second, 12 * time.Second} { // before, within and after the briefing
			out, took := briefed(t, nil, func(p *play) { time.Sleep(at); p.phone.Press(key) })
			if out.Cause != want || took < at || took > at+4*time.Second {
				t.Errorf("%s at %v: %+v after %v", key, at, out, took)
			}
		}
	}
	if out, _ := briefed(t, nil, func(p *play) {
		time.Sleep(4 * time.Second)
		p.phone.Press("7")
		time.Sleep(time.Second)
		p.phone.Hangup()
	}); out.Cause != parley.CallerHungUp {
		t.Errorf("another key: %+v", out)
	}
}

func TestTheyDecideByWords(t *testing.T) {
	for _, tc := range []struct {
		model []string
		cause parley.Cause
		why   string
	}{
		{[]string{"100ms", "tool", "accept_call", `{}`}, parley.Transferred, ""},
		{[]string{"100ms", "tool", "decline_call", `{"reason":"in a meeting"}`}, parley.Declined, "in a meeting"},
	} {
		out, _ := briefed(t, tc.model, func(p *play) { time.Sleep(15 * time.Second); p.speak(time.Second, "well then") })
		if out.Cause != tc.cause || out.Detail != tc.why {
			t.Errorf("%v: %+v", tc.model, out)
		}
	}
}

// Who says nothing is asked again, twice, and then given up; a voicemail is not talked to.
func TestNobodyDecides(t *testing.T) {
	if out, took := briefed(t, nil, func(*play) {}); out.Cause != parley.Idle || took < 20*time.Second || took > time.Minute {
		t.Errorf("%+v after %v", out, took)
	}
	if out, took := briefed(t, nil, func(p *play) {
		p.speak(3*time.Second, "you have reached the mailbox of Dan please leave a message after the tone")
	}); out.Cause != parley.Voicemail || took > 10*time.Second {
		t.Errorf("%+v after %v", out, took)
	}
}

func TestOnlyIsHeardToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		phone, l := legtest.Pipe(t.Context())
		p.phone, p.wire = phone, t.Context()
		p.setup.Greeting, p.setup.History = "Hello.", &History{Muted: false}
		go func() { time.Sleep(300 * time.Millisecond); p.speak(500*time.Millisecond, "stop that now") }()
		out, err := Run(t.Context(), l, Only(p.setup, "You are connected to somebody now."))
		if err != nil || out.Cause != parley.Transferred || len(p.setup.History.Turns) == 0 {
			t.Fatalf("%+v, %v, %+v", out, err, p.setup.History)
		}
		if turn := p.setup.History.Turns[len(p.setup.History.Turns)-1]; turn.Who == parley.Bot && (turn.Interrupted || turn.Text != "You are connected to somebody now.") {
			t.Errorf("%+v", p.setup.History.Turns)
		}
		phone.Hangup()
		synctest.Wait()
	})
}
