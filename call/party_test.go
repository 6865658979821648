package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// What is heard: the agent's voice is 1 kHz.
const (
	agentHz  = 1000.0
	callerHz = 440.0
	personHz = 700.0
)

// A bookish is a model that says its lines, one a request, and remembers what it read last.
type bookish struct {
	mu   sync.Mutex
	say  []llm.Delta
	read []string // the last message of each request
}

func (r *bookish) model() llm.Model {
	return llm.Func(func(_ context.Context, req llm.Request) iter.Seq2[llm.Delta, error] {
		return func(yield func(llm.Delta, error) bool) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.read = append(r.read, req.Messages[len(req.Messages)-1].Text)
			d := llm.Delta{Text: "Yes. "}
			if len(r.say) > 0 {
				d, r.say = r.say[0], r.say[1:]
			}
			yield(d, nil)
		}
	})
}

// readings are what the model read last in each request that was ever made.
func (r *bookish) readings() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.read, "\n")
}

func tool(text, name, args string) llm.Delta {
	return llm.Delta{Text: text, Call: &llm.Call{ID: "1", Name: name, Args: json.RawMessage(args)}}
}

func says(text string) llm.Delta { return llm.Delta{Text: text} }

// soundless is the longest that a phone has heard nothing, from from on.
func soundless(p *legtest.Phone, from, to time.Duration) (most time.Duration) {
	last := from
	for _, h := range p.Heard() {
		if h.At < from || h.At > to || !legtest.Loud(h.Frame) {
			continue
		}
		most = max(most, h.At-last)
		last = h.At
	}
	return max(most, to-last)
}

// listens counts the frames of each tone that a phone hears while act goes on.
func listens(p *legtest.Phone, act func()) func(hz float64) int {
	n := len(p.Ear())
	act()
	ear := p.Ear()[n:]
	return func(hz float64) int { return legtest.Count(ear, hz) }
}

// recordedTones says of whom a channel of a call's recording has a tone: of the caller, the agent, the third.
func recordedTones(t *testing.T, b *bench, c parley.Call, channel int) (found [3]bool) {
	t.Helper()
	f, err := os.Open(filepath.Join(string(b.Recordings.(dir)), c.Recording))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	pcm := s.Channel(channel)
	for ; len(pcm) >= audio.Samples; pcm = pcm[audio.Samples:] {
		for i, hz := range []float64{callerHz, agentHz, personHz} {
			found[i] = found[i] || audio.DBFS(pcm[:audio.Samples]) > -40 && audio.Goertzel(pcm[:audio.Samples], hz, audio.Rate) > 0.9
		}
	}
	return found
}

// A callee whom an agent calls has somebody called in, and hangs up.
func TestOutboundConference(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", conference)
		m := &bookish{say: []llm.Delta{tool("I put you on hold and call Ada. ", "add_to_conference", `{}`), says("Hello Ada. "), tool("", "set_hold", `{}`), says("Here we are. ")}}
		b.model = m.model()
		phones := make(chan *legtest.Phone, 2)
		b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) {
			time.Sleep(2 * time.Second)
			p, l := legtest.PipeLimits(context.WithoutCancel(ctx), c.Limits)
			phones <- p
			return l, nil
		}
		done := make(chan error, 1)
		id := outbound(t, b, nil)
		go func() { done <- b.Dial(ctx, id) }()
		callee := <-phones
		time.Sleep(time.Second)
		b.ear <- stt.Event{Text: "hello who is there", Final: true, End: true}
		time.Sleep(6 * time.Second)
		b.ear <- stt.Event{Text: "can we have Ada here please", Final: true, End: true}
		person := <-phones
		time.Sleep(3 * time.Second)
		if n := listens(callee, func() { person.SayTone(personHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(personHz) > 0 {
			t.Errorf("on hold the callee hears %d frames of the third", n(personHz))
		}
		b.ear <- stt.Event{Text: "bring them in", Final: true, End: true}
		time.Sleep(3 * time.Second)
		if n := listens(callee, func() { person.SayTone(personHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(personHz) < 45 {
			t.Errorf("the callee hears %d frames of the third", n(personHz))
		}
		callee.Hangup()
		if err := <-done; err != nil {
			t.Error(err)
		}
		<-person.Gone()
		if c := b.rows.only(t); c.Cause != parley.CallerHungUp {
			t.Errorf("%+v", c)
		}
		if d := b.exchange.dialled[1]; d.From != "+15550001111" || d.To != "+15550009999" {
			t.Errorf("dialled %+v", d)
		}
		if w := b.book.payload(t, parley.EventHeld); w != `{"number":"+15552223333"}` {
			t.Errorf("held: %s", w)
		}
	})
}

const conference = `{"phone_number":"+15550009999"}`

// A conference from its beginning to its end: the caller hears why they wait, then music; the agent speaks with the third alone; then all
// hear each other; the caller leaves, and it is over for all.
func TestConference(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", conference)
		m := &bookish{say: []llm.Delta{tool("I put you on hold and call Ada. ", "add_to_conference", `{}`), says("Hello Ada here is the desk with a caller. "),
			tool("I bring them in. ", "set_hold", `{"on":false}`), says("You hear each other now. ")}}
		b.model = m.model()
		phones := b.answers(6 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		person := <-phones
		time.Sleep(2 * time.Second)
		if n := legtest.Count(person.Ear(), agentHz); n < 40 {
			t.Errorf("the third hears %d frames of the agent", n)
		}
		heard := listens(person, func() { caller.SayTone(callerHz, time.Second); time.Sleep(1500 * time.Millisecond) })
		if heard(callerHz) > 0 {
			t.Errorf("the third hears %d frames of a caller who is on hold", heard(callerHz))
		}
		if n := listens(caller, func() { person.SayTone(personHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(personHz) > 0 || n(agentHz) > 0 {
			t.Error("a caller on hold hears the others")
		}
		b.ear <- stt.Event{Text: "bring them in", Final: true, End: true}
		time.Sleep(3 * time.Second)
		if n := listens(caller, func() { person.SayTone(personHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(personHz) < 45 {
			t.Errorf("the caller hears %d frames of the third", n(personHz))
		}
		if n := listens(person, func() { caller.SayTone(callerHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(callerHz) < 45 {
			t.Errorf("the third hears %d frames of the caller", n(callerHz))
		}
		if n := legtest.Count(caller.Ear(), agentHz); n < (2+8+6)*5-10 {
			t.Errorf("the caller hears %d frames of the agent: not whole sentences", n)
		}
		if gap := soundless(caller, 4*time.Second, 12*time.Second); gap > 2*time.Second {
			t.Errorf("the caller heard nothing for %v", gap)
		}
		caller.Hangup()
		<-done
		<-person.Gone()
		c := b.rows.only(t)
		if c.Cause != parley.CallerHungUp || c.Stage != parley.StagePickedUp || c.RecordingLen < 15*time.Second {
			t.Errorf("%+v", c)
		}
		for channel, want := range [][3]bool{{true, false, true}, {false, true, false}} { // of the caller, the agent, the third
			if got := recordedTones(t, b, c, channel); got != want {
				t.Errorf("channel %d of the recording has the caller, the agent, the third: %v", channel, got)
			}
		}
		if u := c.Usage.TelephonySeconds; u < 30 {
			t.Errorf("%v s of telephone for two legs", u)
		}
		has(t, b.book.types(), parley.EventActionStart, parley.EventHeld, parley.EventPartyJoined, parley.EventAction, parley.EventUnheld, parley.EventPartyLeft, parley.EventEnded)
		if w := b.book.payload(t, parley.EventPartyJoined); w != `{"action_id":"t1","number":"+15550009999"}` {
			t.Errorf("party_joined: %s", w)
		}
		if w := b.book.payload(t, parley.EventHeld); w != `{"number":"+15550001111"}` {
			t.Errorf("held: %s", w)
		}
		if d := b.exchange.dialled[0]; d.To != "+15550009999" || d.From != "desk" {
			t.Errorf("dialled %+v", d)
		}
		if got := m.readings(); !strings.Contains(got, "on the line with you, alone") || !strings.Contains(got, "Everybody hears you and each other") {
			t.Errorf("the model read:\n%s", got)
		}
	})
}

// Nobody comes: the caller is off hold, the agent knows why and tells them, and they were never without a sound.
func TestNobodyJoins(t *testing.T) {
	for _, hold := range []bool{true, false} {
		for _, tc := range []struct {
			rejected leg.Rejected
			why      string
		}{
			{leg.Rejected{Cause: parley.Busy, Code: 486}, "busy (486)"},
			{leg.Rejected{Cause: parley.Declined, Code: 603}, "declined (603)"},
			{leg.Rejected{Cause: parley.NoAnswer, Code: 408}, "no_answer (408)"},
		} {
			t.Run(fmt.Sprintf("%s/%v", tc.why, hold), func(t *testing.T) {
				run(t, func(ctx context.Context, b *bench) {
					acts(b, "action_add_to_conference", fmt.Sprintf(`{"phone_number":"+15550009999","place_primary_on_hold":%v}`, hold))
					m := &bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`), says("She does not answer right now I am sorry. ")}}
					b.model = m.model()
					b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
						time.Sleep(20 * time.Second)
						return nil, &tc.rejected
					}
					caller, _, done := b.ring(ctx, "desk")
					asked(t, b, "can we have Ada here")
					time.Sleep(25 * time.Second)
					if got := m.readings(); !strings.Contains(got, tc.why) || !strings.Contains(got, "on the line with you and hears you") {
						t.Errorf("the model read:\n%s", got)
					}
					if n := listens(caller, func() {
						b.ear <- stt.Event{Text: "what a pity", Final: true, End: true}
						time.Sleep(time.Second)
					}); n(agentHz) == 0 {
						t.Error("the caller does not hear the agent")
					}
					if gap := soundless(caller, 4*time.Second, 23*time.Second); gap > 2*time.Second {
						t.Errorf("the caller heard nothing for %v", gap)
					}
					if hold {
						has(t, b.book.types(), parley.EventHeld, parley.EventUnheld)
					} else {
						hasNot(t, b.book.types(), parley.EventHeld, parley.EventUnheld)
					}
					hasNot(t, b.book.types(), parley.EventPartyJoined)
					caller.Hangup()
					<-done
				})
			})
		}
	}
}

// A caller who is not put on hold hears it ring, and talks with the agent meanwhile; they go on when it is answered.
func TestConferenceWithoutHold(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", `{"phone_number":"+15550009999","place_primary_on_hold":false}`)
		m := &bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`), says("She will be here in a moment. "), says("Here she is. ")}}
		b.model = m.model()
		phones := b.answers(10 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		time.Sleep(3 * time.Second)
		rings := 0
		for _, f := range caller.Ear() {
			if audio.Goertzel(f[:], 440, audio.Rate)+audio.Goertzel(f[:], 480, audio.Rate) > 0.7 {
				rings++
			}
		}
		if rings < 50 {
			t.Errorf("the caller hears it ring for %d frames", rings)
		}
		b.ear <- stt.Event{Text: "how long does that take", Final: true, End: true}
		if n := listens(caller, func() { time.Sleep(2 * time.Second) }); n(agentHz) < 10 {
			t.Errorf("while it rings the caller hears %d frames of an answer", n(agentHz))
		}
		person := <-phones
		time.Sleep(3 * time.Second)
		if n := listens(person, func() { caller.SayTone(callerHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(callerHz) < 45 {
			t.Errorf("the third hears %d frames of the caller", n(callerHz))
		}
		if got := m.readings(); !strings.Contains(got, "has come: +15550009999 has answered and is on the line") {
			t.Errorf("the model read:\n%s", got)
		}
		hasNot(t, b.book.types(), parley.EventHeld)
		person.Hangup()
		time.Sleep(3 * time.Second)
		if got := m.readings(); !strings.HasSuffix(got, "+15550009999 has left the call.") {
			t.Errorf("the model read:\n%s", got)
		}
		if n := listens(caller, func() {
			b.ear <- stt.Event{Text: "thanks", Final: true, End: true}
			time.Sleep(2 * time.Second)
		}); n(agentHz) == 0 {
			t.Error("when the third has left the caller does not hear the agent")
		}
		caller.Hangup()
		<-done
	})
}

// The third leaves while the caller waits for them: the caller is off hold, and the agent speaks to them though nobody said a word.
func TestTheThirdLeavesTheCallerWaiting(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", conference)
		m := &bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`), says("Hello Ada. "), says("Ada had to go I am afraid. ")}}
		b.model = m.model()
		phones := b.answers(3 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		person := <-phones
		time.Sleep(3 * time.Second)
		n := listens(caller, func() {
			person.Hangup()
			time.Sleep(2 * time.Second)
		})
		if n(agentHz) < 20 || !strings.Contains(m.readings(), "The caller was taken off hold") {
			t.Errorf("the caller hears %d frames of the agent, who read:\n%s", n(agentHz), m.readings())
		}
		caller.Hangup()
		<-done
		has(t, b.book.types(), parley.EventHeld, parley.EventPartyJoined, parley.EventPartyLeft, parley.EventUnheld, parley.EventEnded)
	})
}

// However often a model wants somebody, they are called once while they are there.
func TestNobodyIsCalledTwice(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", conference)
		twice := tool("I call Ada. ", "add_to_conference", `{}`)
		m := &bookish{say: []llm.Delta{twice, twice, says("Hello. "), twice, says("As I said. ")}}
		b.model = m.model()
		phones := b.answers(3 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		person := <-phones
		time.Sleep(4 * time.Second)
		if n := len(b.exchange.dialled); n != 1 || !strings.Contains(m.readings(), "they are on the call already. The caller is still on hold") {
			t.Errorf("dialled %d times; the model read:\n%s", n, m.readings())
		}
		person.Hangup()
		time.Sleep(3 * time.Second)
		b.ear <- stt.Event{Text: "call her again", Final: true, End: true}
		<-phones
		caller.Hangup()
		<-done
	})
}

// A voicemail answered: the agent hangs up on it and is with the caller again, who never hears it.
func TestTheThirdIsDropped(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", conference)
		m := &bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`), says("Hello Ada. "), tool("", "set_hold", `{"drop_others":true}`), says("That was her voicemail I am afraid. ")}}
		b.model = m.model()
		phones := b.answers(3 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		person := <-phones
		person.SayTone(personHz, 10*time.Second)
		time.Sleep(3 * time.Second)
		b.ear <- stt.Event{Text: "leave a message after the tone", Final: true, End: true}
		<-person.Gone()
		if person.Cause() != parley.AgentEnded {
			t.Errorf("the voicemail was hung up with %q", person.Cause())
		}
		time.Sleep(3 * time.Second)
		if n := legtest.Count(caller.Ear(), personHz); n > 0 {
			t.Errorf("the caller hears %d frames of the voicemail", n)
		}
		if got := m.readings(); !strings.HasSuffix(got, "The caller is off hold and hears you.") {
			t.Errorf("the model read:\n%s", got)
		}
		if gap := soundless(caller, 4*time.Second, 10*time.Second); gap > 2*time.Second {
			t.Errorf("the caller heard nothing for %v", gap)
		}
		caller.Hangup()
		<-done
		has(t, b.book.types(), parley.EventHeld, parley.EventPartyJoined, parley.EventPartyLeft, parley.EventEnded)
	})
}

// The caller leaves while somebody is called for them, or talks with the agent: nobody is called, or kept, any more.
func TestTheCallerLeavesOnHold(t *testing.T) {
	for _, after := range []time.Duration{3 * time.Second, 10 * time.Second} {
		run(t, func(ctx context.Context, b *bench) {
			acts(b, "action_add_to_conference", conference)
			b.model = (&bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`)}}).model()
			phones := b.answers(6 * time.Second)
			caller, _, done := b.ring(ctx, "desk")
			asked(t, b, "can we have Ada here")
			time.Sleep(after)
			caller.Hangup()
			<-done
			select {
			case p := <-phones:
				<-p.Gone()
			default:
			}
			if c := b.rows.only(t); c.Cause != parley.CallerHungUp || c.Status != parley.Ended {
				t.Errorf("after %v: %+v", after, c)
			}
		})
	}
}

// The agent hangs up: that is the end for all.
func TestTheAgentEndsAConference(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", `{"phone_number":"+15550009999","place_primary_on_hold":false}`)
		b.model = (&bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`), says("Here she is. "), tool("Goodbye. ", "end_conversation", `{}`)}}).model()
		phones := b.answers(time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		person := <-phones
		time.Sleep(4 * time.Second)
		b.ear <- stt.Event{Text: "that is all", Final: true, End: true}
		<-done
		<-person.Gone()
		<-caller.Gone()
		if n := legtest.Count(person.Ear(), agentHz); n < 20-4 {
			t.Errorf("the third hears %d frames of the agent's goodbye and what was before", n)
		}
		if c := b.rows.only(t); c.Cause != parley.AgentEnded {
			t.Errorf("%+v", c)
		}
	})
}

// Of a conference everybody who is there is put through.
func TestAConferenceIsTransferred(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", `{"phone_number":"+15550009999"}`)
		b.model = (&bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`), says("Hello. ")}}).model()
		phones := b.answers(time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		person := <-phones
		time.Sleep(4 * time.Second)
		id := b.rows.only(t).ID
		if err := b.Control(ctx, id, conversation.Command{Kind: conversation.Transfer, Text: "+15550008888"}); err != nil {
			t.Error(err)
		}
		other := <-phones
		time.Sleep(time.Second)
		for who, p := range map[string]*legtest.Phone{"the caller": caller, "the third": person} {
			if n := listens(p, func() { other.SayTone(personHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(personHz) < 45 {
				t.Errorf("%s hears %d frames of whom they were put through to", who, n(personHz))
			}
			if n := listens(other, func() { p.SayTone(callerHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(callerHz) < 45 {
				t.Errorf("who took the call over hears %d frames of %s", n(callerHz), who)
			}
		}
		if len(caller.Refers()) > 0 {
			t.Error("one of two was sent away alone")
		}
		caller.Hangup()
		<-done
		<-person.Gone()
		<-other.Gone()
		if c := b.rows.only(t); c.Cause != parley.Transferred {
			t.Errorf("%+v", c)
		}
	})
}

// An agent that puts a caller on hold and forgets them is reminded.
func TestForgottenOnHold(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_set_hold", `{}`)
		m := &bookish{say: []llm.Delta{tool("One moment. ", "set_hold", `{"on":true}`), says("So. "), says("Sorry that took so long. ")}}
		b.model = m.model()
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "look that up please")
		time.Sleep(58 * time.Second)
		n := listens(caller, func() { time.Sleep(6 * time.Second) })
		if n(agentHz) < 25 || !strings.Contains(m.readings(), "has waited on hold for 60 seconds") {
			t.Errorf("the caller hears %d frames of the agent, who read:\n%s", n(agentHz), m.readings())
		}
		if gap := soundless(caller, 5*time.Second, 62*time.Second); gap > 2*time.Second {
			t.Errorf("the caller heard nothing for %v", gap)
		}
		caller.Hangup()
		<-done
		if c := b.rows.only(t); c.Cause != parley.CallerHungUp {
			t.Errorf("%+v", c)
		}
	})
}

func TestSetHoldToggles(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_set_hold", `{}`)
		m := &bookish{say: []llm.Delta{tool("One moment. ", "set_hold", `{}`), tool("", "set_hold", `{}`), says("I am back. ")}}
		b.model = m.model()
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "look that up please")
		time.Sleep(3 * time.Second)
		has(t, b.book.types(), parley.EventHeld, parley.EventUnheld)
		if n := legtest.Count(caller.Ear(), agentHz); n < (2+2+3)*5-6 {
			t.Errorf("the caller hears %d frames of the agent", n)
		}
		if got := m.readings(); !strings.HasSuffix(got, "The caller is off hold and hears you.") {
			t.Errorf("the model read:\n%s", got)
		}
		caller.Hangup()
		<-done
	})
}

// Whom the trunk's policy forbids is called by no way, and the caller is not left waiting.
func TestConferenceKeepsThePolicy(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_add_to_conference", `{"phone_number":"+4930123456"}`)
		b.desk.trunk = &parley.TrunkAccount{ID: "t1", Policy: parley.DialPolicy{Countries: []string{"US"}}}
		m := &bookish{say: []llm.Delta{tool("I call Ada. ", "add_to_conference", `{}`), says("That did not work. ")}}
		b.model = m.model()
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "can we have Ada here")
		time.Sleep(3 * time.Second)
		if len(b.exchange.dialled) > 0 || !strings.Contains(m.readings(), "did not join") {
			t.Errorf("dialled %v; the model read:\n%s", b.exchange.dialled, m.readings())
		}
		caller.Hangup()
		<-done
	})
}

// An agent without set_hold that puts callers on hold to call somebody can bring them in all the same.
func TestConferenceBringsItsSetHold(t *testing.T) {
	names := func(a *parley.Agent) (all []string) {
		for _, act := range write(&parley.Call{}, a, nil, time.Now()).setup.Actions {
			all = append(all, act.Tool().Name)
		}
		return all
	}
	add := parley.Action{ID: "1", Type: "action_add_to_conference", Config: json.RawMessage(conference)}
	hold := parley.Action{ID: "2", Type: "action_set_hold", Config: json.RawMessage(`{"on":false}`)}
	if got := names(&parley.Agent{Actions: []parley.Action{add}}); fmt.Sprint(got) != "[add_to_conference set_hold]" {
		t.Errorf("tools %v", got)
	}
	if got := names(&parley.Agent{Actions: []parley.Action{add, hold}}); fmt.Sprint(got) != "[add_to_conference set_hold]" {
		t.Errorf("tools %v", got)
	}
	if got := names(&parley.Agent{Actions: []parley.Action{{Type: "action_dtmf"}}}); fmt.Sprint(got) != "[dtmf]" {
		t.Errorf("tools %v", got)
	}
}

// Vendors fail while the caller waits: whoever takes them over talks to them, not to their music.
func TestFallbackTakesACallerOffHold(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_set_hold", `{}`)
		b.desk.fallback = "+15550009999"
		b.model = lines(tool("One moment. ", "set_hold", `{"on":true}`))
		phones := b.answers(2 * time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "look that up please")
		time.Sleep(4 * time.Second)
		b.ear <- stt.Event{Text: "hello", Final: true, End: true}
		person := <-phones
		time.Sleep(time.Second)
		if n := listens(caller, func() { person.SayTone(personHz, time.Second); time.Sleep(1500 * time.Millisecond) }); n(personHz) < 45 {
			t.Errorf("the caller hears %d frames of the fallback", n(personHz))
		}
		caller.Hangup()
		<-done
		has(t, b.book.types(), parley.EventHeld, parley.EventUnheld, parley.EventTransferred)
	})
}

// A signalled is a leg whose far end is told of holds.
type signalled struct {
	leg.Leg
	mu   sync.Mutex // guards told
	told []bool
	err  error
}

func (s *signalled) Hold(_ context.Context, on bool) error {
	time.Sleep(300 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, on)
	return s.err
}

// A far end that is told of holds is told of each, and what it makes of that changes nothing for who waits.
func TestTheFarEndIsTold(t *testing.T) {
	for _, refused := range []error{nil, errors.ErrUnsupported, errors.New("the far end answered 488")} {
		run(t, func(ctx context.Context, b *bench) {
			acts(b, "action_set_hold", `{}`)
			b.model = (&bookish{say: []llm.Delta{tool("One moment. ", "set_hold", `{}`), says("So. "), tool("", "set_hold", `{}`), says("I am back. ")}}).model()
			caller, l := legtest.Pipe(ctx)
			s := &signalled{Leg: l, err: refused}
			done := make(chan struct{})
			go func() {
				defer close(done)
				b.Answer(ctx, &offer{ringing: leg.Ringing{To: "desk"}, leg: s})
			}()
			asked(t, b, "look that up please")
			time.Sleep(4 * time.Second)
			if n := len(caller.Ear()); !legtest.Loud(caller.Ear()[n-1]) {
				t.Error("the caller hears no music")
			}
			b.ear <- stt.Event{Text: "hello", Final: true, End: true}
			time.Sleep(4 * time.Second)
			caller.Hangup()
			<-done
			if fmt.Sprint(s.told) != "[true false]" {
				t.Errorf("told %v", s.told)
			}
			warned := strings.Join(b.rows.only(t).Warnings, " ")
			if strings.Contains(warned, "488") != (refused != nil && refused != errors.ErrUnsupported) {
				t.Errorf("%v: warnings %q", refused, warned)
			}
		})
	}
}
