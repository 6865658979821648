package call

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// warmly plays a warm transfer of an agent whose action is configured so, up to the moment in which the expert has answered.
func warmly(ctx context.Context, t *testing.T, b *bench, config string, model llm.Model) (p *stageplay, target *legtest.Phone) {
	t.Helper()
	c := cell{"warm", "answered", false}
	b.desk.agent.Actions = []parley.Action{{ID: "t1", Type: "action_warm_transfer", Config: json.RawMessage(config)}}
	m := &matrixModel{tool: "warm_transfer"}
	if b.model = m; model != nil {
		b.model = model
	}
	p = &stageplay{cell: c, bench: b, t: t, model: m, targets: make(chan *legtest.Phone, 1)}
	b.exchange.answer = p.dials
	p.begin(ctx)
	return p, <-p.targets
}

// eventsWith are those in whose payload a text is.
func (b *bench) eventsWith(t *testing.T, text string) (all []parley.EventType) {
	t.Helper()
	b.book.mu.Lock()
	defer b.book.mu.Unlock()
	for _, e := range b.book.events {
		if strings.Contains(string(e.Payload), text) {
			all = append(all, e.Type)
		}
	}
	return all
}

// Without a briefing of the owner's the expert is told what the model makes of the call; what was said to them is not the call's.
func TestExpertIsToldWhatTheModelMakesOfTheCall(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		var mu sync.Mutex // guards both
		var asked, summed []llm.Message
		inner := &matrixModel{tool: "warm_transfer"}
		model := llm.Func(func(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(r.Messages[0].Text, "Tell the colleague") {
				summed = r.Messages
				return func(yield func(llm.Delta, error) bool) {
					yield(llm.Delta{Text: "Ann wants somebody who knows about violins.", Usage: &llm.Usage{In: 7, Out: 5}}, nil)
				}
			}
			asked = r.Messages
			return inner.Chat(ctx, r)
		})
		p, target := warmly(ctx, t, b, `{"phone_number":"`+expert+`"}`, model)
		time.Sleep(12 * time.Second)
		p.hears("who is it")
		time.Sleep(3 * time.Second)
		mu.Lock()
		if len(summed) != 2 || !strings.Contains(summed[1].Text, "CALLER: please put me through to an expert") {
			t.Errorf("summed up %q", summed)
		}
		if !strings.Contains(asked[0].Text, "violins") || !strings.Contains(asked[0].Text, "CALLER: please put me through") || asked[len(asked)-1].Text != "who is it" {
			t.Errorf("the briefing's model read %q", asked)
		}
		mu.Unlock()
		p.hears("yes gladly")
		time.Sleep(5 * time.Second)
		target.Hangup()
		<-p.done
		c := b.rows.only(t)
		if c.Cause != parley.Transferred || c.Outcome() != "transfer_disconnected" {
			t.Errorf("%+v", c)
		}
		for _, own := range []string{"violins", "who is it", "gladly"} {
			if got := b.eventsWith(t, own); len(got) > 0 || strings.Contains(parley.Transcript(c.Record), own) {
				t.Errorf("%q of the briefing is in %v", own, got)
			}
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: Thank you for waiting. You are connected now.") {
			t.Errorf("the transcript:\n%s", got)
		}
		if u := c.Usage; u.LLMTokensIn != 7 || u.LLMTokensOut != 5 || u.TTSCharacters < 150 || u.TelephonySeconds < 20+20 {
			t.Errorf("used %+v", u)
		}
		if w := b.book.payload(t, parley.EventBriefed); w != `{"reason":"","result":"accepted","to":"`+expert+`"}` {
			t.Errorf("briefed: %s", w)
		}
		has(t, b.book.types(), parley.EventTransferring, parley.EventBriefed, parley.EventMessage, parley.EventTransferred, parley.EventEnded)
	})
}

// The caller hears what the action says while somebody is asked, from the end of the agent's words to the next of them.
func TestCallerHearsTheHoldSound(t *testing.T) {
	for sound, rings := range map[string]bool{"music": false, "ringing": true} {
		run(t, func(ctx context.Context, b *bench) {
			p, target := warmly(ctx, t, b, `{"phone_number":"`+expert+`","briefing":"It is Ann.","hold_sound":"`+sound+`"}`, nil)
			time.Sleep(5 * time.Second)
			var pcm []int16
			for _, h := range p.caller.Heard() {
				if h.At > p.began+time.Second {
					pcm = append(pcm, h.Frame[:]...)
				}
			}
			if n := len(pcm) / audio.Samples; n < 300 {
				t.Errorf("%s: %d frames were heard", sound, n)
			}
			share := audio.Goertzel(pcm, 440, audio.Rate) + audio.Goertzel(pcm, 480, audio.Rate)
			if rings != (share > 0.4) {
				t.Errorf("%s: %.2f of it is ringing", sound, share)
			}
			if legtest.Count(target.Ear(), 440) > 0 {
				t.Errorf("%s: they hear the caller's hold sound", sound)
			}
			p.quiet(8 * time.Second)
			p.caller.Hangup()
			<-p.done
		})
	}
}

func TestExpertDeclines(t *testing.T) {
	for _, tc := range []struct {
		name, briefed, why string
		do                 func(p *stageplay, target *legtest.Phone)
	}{
		{"by a key", `"declined"`, "they do not take the call", func(_ *stageplay, target *legtest.Phone) { target.Press("2") }},
		{"by words", `"declined"`, "they do not take the call: in a meeting", func(p *stageplay, _ *legtest.Phone) { p.hears("I am in a meeting") }},
		{"by silence", `"undecided"`, "they did not say whether they take the call", func(*stageplay, *legtest.Phone) { time.Sleep(30 * time.Second) }},
	} {
		run(t, func(ctx context.Context, b *bench) {
			inner := &matrixModel{tool: "warm_transfer"}
			model := llm.Func(func(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
				if r.Messages[len(r.Messages)-1].Text == "I am in a meeting" {
					return func(yield func(llm.Delta, error) bool) {
						yield(llm.Delta{Call: &llm.Call{ID: "c9", Name: "decline_call", Args: json.RawMessage(`{"reason":"in a meeting"}`)}}, nil)
					}
				}
				return inner.Chat(ctx, r)
			})
			p, target := warmly(ctx, t, b, `{"phone_number":"`+expert+`","briefing":"It is Ann."}`, model)
			time.Sleep(12 * time.Second)
			tc.do(p, target)
			time.Sleep(8 * time.Second)
			<-target.Gone()
			p.hears("what now")
			time.Sleep(3 * time.Second)
			if !inner.knows(oneMoment, tc.why, "what now") {
				t.Errorf("%s: the agent reads %+v", tc.name, inner.read)
			}
			if w := b.book.payload(t, parley.EventBriefed); !strings.Contains(w, tc.briefed) {
				t.Errorf("%s: %s", tc.name, w)
			}
			if w := b.book.payload(t, parley.EventTransferFailed); strings.Contains(w, "meeting") || !strings.Contains(w, tc.why[:15]) {
				t.Errorf("%s: %s", tc.name, w)
			}
			p.caller.Hangup()
			<-p.done
			if c := b.rows.only(t); c.Cause != parley.CallerHungUp || c.Stage != parley.StagePickedUp || c.Outcome() != "human_disconnected" {
				t.Errorf("%s: %+v", tc.name, c)
			}
		})
	}
}

func TestExpertAgreesByAKeyAndAtOnce(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, target := warmly(ctx, t, b, `{"phone_number":"`+expert+`","briefing":"It is Ann."}`, nil)
		time.Sleep(4 * time.Second) // the briefing has begun
		target.Press("1")
		time.Sleep(3 * time.Second)
		p.caller.SayTone(440, time.Second)
		time.Sleep(1200 * time.Millisecond)
		if n := legtest.Count(target.Ear(), 440); n < 45 {
			t.Errorf("%d frames of the caller", n)
		}
		p.caller.Hangup()
		<-target.Gone()
		<-p.done
		if c := b.rows.only(t); c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful {
			t.Errorf("%+v", c)
		}
	})
}

func TestNobodyTakesTheCallAndItEnds(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, target := warmly(ctx, t, b, `{"phone_number":"`+expert+`","briefing":"It is Ann.","on_failure":"hangup"}`, nil)
		time.Sleep(5 * time.Second)
		target.Hangup()
		<-p.done
		c := b.rows.only(t)
		if c.Cause != parley.AgentEnded || c.Stage != parley.StageTransferStarted || c.Outcome() != "transfer_unanswered" || c.Status != parley.Ended {
			t.Errorf("%+v", c)
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "nobody can take your call right now") {
			t.Errorf("the transcript:\n%s", got)
		}
		if p.caller.Cause() != parley.AgentEnded {
			t.Errorf("the caller's leg: %s", p.caller.Cause())
		}
	})
}

// The expert hangs up while the two are told that they are connected: the caller is not left alone.
func TestExpertIsGoneAsTheyAreConnected(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, target := warmly(ctx, t, b, `{"phone_number":"`+expert+`","briefing":"It is Ann."}`, nil)
		time.Sleep(12 * time.Second)
		target.Press("1")
		time.Sleep(900 * time.Millisecond) // they are thanked, and then connected
		target.Hangup()
		time.Sleep(5 * time.Second)
		p.hears("what now")
		time.Sleep(3 * time.Second)
		if !p.model.knows("they hung up before the caller was connected", "what now") {
			t.Errorf("the agent reads %+v", p.model.read)
		}
		hasNot(t, b.book.types(), parley.EventTransferred)
		p.caller.Hangup()
		<-p.done
	})
}

// The call is ended, or the server stops, at any moment of a warm transfer: nobody is left on a line.
func TestWarmTransferIsCutAtAnyMoment(t *testing.T) {
	for _, at := range []time.Duration{0, 3 * time.Second, 6 * time.Second, 12500 * time.Millisecond, 14 * time.Second, 20 * time.Second} {
		for _, stop := range []bool{false, true} {
			run(t, func(ctx context.Context, b *bench) {
				ctx, cut := context.WithCancel(ctx)
				defer cut()
				b.steers()
				p, target := warmly(ctx, t, b, `{"phone_number":"`+expert+`","briefing":"It is Ann."}`, nil)
				agrees := time.AfterFunc(12*time.Second, func() { target.Press("1") })
				defer agrees.Stop()
				time.Sleep(at)
				want := parley.AgentEnded
				if stop {
					want = parley.NodeLost
					cut()
				} else if err := b.End(context.Background(), b.running()); err != nil {
					t.Error(err)
				}
				<-p.done
				<-target.Gone()
				<-p.caller.Gone()
				if c := b.rows.only(t); c.Cause != want {
					t.Errorf("at %v, stop %v: %s %s", at, stop, c.Cause, c.ErrorMessage)
				}
				if len(b.steering.lent) > 0 {
					t.Errorf("at %v: still lent %v", at, b.steering.lent)
				}
			})
		}
	}
}

// Of a private call it is told that there was a briefing and what came of it, not why.
func TestBriefingOfAPrivateCall(t *testing.T) {
	e, ok := wordless(parley.NewEvent("c", parley.EventBriefed, map[string]string{"to": expert, "result": "declined", "reason": "Ann is known to us"}))
	if !ok || strings.Contains(string(e.Payload), "Ann") || !strings.Contains(string(e.Payload), "declined") {
		t.Errorf("%s", e.Payload)
	}
}

// What is not the call's business stays with the briefing; that something went wrong does not.
func TestAside(t *testing.T) {
	b := &book{}
	ctx, giveUp := context.WithCancel(t.Context())
	log := aside{ctx, &facts{callID: "c", log: b}}
	for _, typ := range []parley.EventType{parley.EventMessage, parley.EventHumanDetection, parley.EventWarning, parley.EventAction, parley.EventDigit, parley.EventError, parley.EventPartial} {
		log.Append(parley.NewEvent("", typ, map[string]string{"text": "x"}))
	}
	giveUp()
	log.Append(parley.NewEvent("", parley.EventError, map[string]string{"text": "context canceled"}))
	if got := b.types(); !slices.Equal(got, []parley.EventType{parley.EventWarning, parley.EventError}) {
		t.Errorf("%v", got)
	}
}

// A third is on the call already: in the end all three hear each other, and none of them has heard the briefing.
func TestConferenceIsHandedOverWarm(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", `{"phone_number":"+15550007777","place_primary_on_hold":false}`)
		acts(b, "action_warm_transfer", `{"phone_number":"`+expert+`","briefing":"They are two."}`)
		inner := &matrixModel{tool: "warm_transfer"}
		b.model = llm.Func(func(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
			if strings.Contains(r.Messages[len(r.Messages)-1].Text, "Bert") {
				return func(yield func(llm.Delta, error) bool) {
					yield(llm.Delta{Text: "I call Bert.", Call: &llm.Call{ID: "c5", Name: "add_to_conference", Args: json.RawMessage(`{}`)}}, nil)
				}
			}
			return inner.Chat(ctx, r)
		})
		phones := b.answers(2 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(2 * time.Second)
		b.ear <- stt.Event{Text: "have Bert join us", Final: true, End: true}
		bert := <-phones
		time.Sleep(4 * time.Second)
		b.ear <- stt.Event{Text: "please put me through to an expert", Final: true, End: true}
		person := <-phones
		time.Sleep(time.Second)
		if n := listens(bert, func() { time.Sleep(4 * time.Second) }); n(agentHz) > 0 {
			t.Error("whoever is on the call hears the briefing")
		}
		time.Sleep(8 * time.Second)
		person.Press("1")
		time.Sleep(5 * time.Second)
		all := []*legtest.Phone{caller, bert, person}
		for i, speaker := range all {
			hz, before := []float64{callerHz, personHz, 550}[i], []int{}
			for _, p := range all {
				before = append(before, len(p.Ear()))
			}
			speaker.SayTone(hz, time.Second)
			time.Sleep(1500 * time.Millisecond)
			for j, p := range all {
				if n := legtest.Count(p.Ear()[before[j]:], hz); p != speaker && n < 45 || p == speaker && n > 0 {
					t.Errorf("what the %d. says the %d. hears as %d frames", i+1, j+1, n)
				}
			}
		}
		caller.Hangup()
		<-done
		for _, p := range all {
			<-p.Gone()
		}
		if c := b.rows.only(t); c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful {
			t.Errorf("%+v", c)
		}
	})
}
