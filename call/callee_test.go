package call

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// dials places a call of the agent's and says to it what was heard, two seconds after it was answered and every two seconds on.
func dials(ctx context.Context, t *testing.T, b *bench, change func(*parley.Call), words ...string) parley.Call {
	t.Helper()
	id := outbound(t, b, nil)
	if change != nil {
		if err := b.rows.UpdateCall(ctx, id, func(c *parley.Call) error { change(c); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	b.exchange.answer = func(ctx context.Context, c leg.Call) (leg.Leg, error) {
		p, l := legtest.PipeLimits(context.WithoutCancel(ctx), c.Limits)
		go func() {
			for _, w := range words {
				time.Sleep(2 * time.Second)
				select {
				case b.ear <- stt.Event{Text: w, Final: true, End: true}:
				case <-p.Gone():
					return
				}
			}
			select {
			case <-time.After(10 * time.Second):
				p.Hangup()
			case <-p.Gone():
			}
		}()
		return l, nil
	}
	if err := b.Dial(ctx, id); err != nil {
		t.Fatal(err)
	}
	return b.rows.only(t)
}

func detections(t *testing.T, b *bench) (all []map[string]any) {
	t.Helper()
	b.book.mu.Lock()
	defer b.book.mu.Unlock()
	for _, e := range b.book.events {
		if e.Type == parley.EventHumanDetection {
			var m map[string]any
			if err := json.Unmarshal(e.Payload, &m); err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
	}
	return all
}

const mailbox = "you have reached the mailbox of Dan please leave a message after the tone"

func TestMessageIsLeft(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.agent.VoicemailMessage = ptr("Call ${name|me} back${boss}.")
		c := dials(ctx, t, b, func(c *parley.Call) { c.NoHumanAction = "hangup" }, mailbox)
		if c.Cause != parley.Voicemail || c.Outcome() != "human_unanswered" || c.Human != "no_human" || c.DoNotCall != nil {
			t.Errorf("%+v", c)
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: Call Ada back.") || strings.Contains(got, "Hello Ada") {
			t.Errorf("the transcript:\n%s", got)
		}
		if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "voicemail_message: no value for ${boss}") {
			t.Errorf("warned of %q", c.Warnings)
		}
		if d := detections(t, b); len(d) != 1 || d[0]["classification"] != "voicemail" || d[0]["result"] != "no_human" || len(d[0]["evidence"].([]any)) == 0 {
			t.Errorf("detected %v", d)
		}
	})
}

func TestNobodyHuman(t *testing.T) {
	for action, want := range map[string]parley.Cause{"hangup": parley.Voicemail, "continue": parley.CallerHungUp, "": parley.CallerHungUp} {
		run(t, func(ctx context.Context, b *bench) {
			c := dials(ctx, t, b, func(c *parley.Call) { c.NoHumanAction = action }, mailbox)
			greeted := strings.Contains(parley.Transcript(c.Record), "Hello Ada")
			if c.Cause != want || greeted != (action != "hangup") || c.Human != "no_human" {
				t.Errorf("%q: greeted %v, %+v", action, greeted, c)
			}
		})
	}
}

// TestWordsOfWhoAnsweredArePrivate: what was found out is told, not by which words.
func TestWordsOfWhoAnsweredArePrivate(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		c := dials(ctx, t, b, func(c *parley.Call) { c.Private, c.NoHumanAction = true, "hangup" }, mailbox)
		if d := detections(t, b); c.Human != "no_human" || len(d) != 1 || d[0]["classification"] != "voicemail" || len(d[0]["evidence"].([]any)) != 0 {
			t.Errorf("detected %v", d)
		}
	})
}

// TestCallersAreNotJudged: whoever calls is greeted at once, whatever they say.
func TestCallersAreNotJudged(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.agent.VoicemailMessage = ptr("Call back.")
		phone, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		b.ear <- stt.Event{Text: mailbox, Final: true, End: true}
		time.Sleep(8 * time.Second)
		phone.Hangup()
		<-done
		if c := b.rows.only(t); c.Cause != parley.CallerHungUp || c.Human != "" || len(detections(t, b)) != 0 || c.Turns[0].Who != parley.Bot {
			t.Errorf("%+v", c)
		}
	})
}

func TestDoNotCall(t *testing.T) {
	yes, no := true, false
	for name, tc := range map[string]struct {
		detect *bool
		said   string
		fail   error
		want   *bool
		told   int
	}{
		"asked":         {&yes, "please take me off your list", nil, &yes, 1},
		"did not":       {&yes, "yes that is me", nil, &no, 0},
		"not looked at": {&no, "please take me off your list", nil, nil, 0},
		"unset":         {nil, "please take me off your list", nil, nil, 0},
		"not written":   {&yes, "please take me off your list", errors.New("disk full"), &yes, 1},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(ctx context.Context, b *bench) {
				told := 0
				b.Refused = func(_ context.Context, c parley.Call) error {
					told++
					if c.To != "+15552223333" || c.UserID != "env" || c.ID != "out-1" {
						t.Errorf("told of %+v", c)
					}
					return tc.fail
				}
				b.desk.agent.DoNotCallDetect = tc.detect
				c := dials(ctx, t, b, nil, "hello", tc.said)
				if told != tc.told || (c.DoNotCall == nil) != (tc.want == nil) || tc.want != nil && *c.DoNotCall != *tc.want {
					t.Errorf("told %d times, %v", told, c.DoNotCall)
				}
				if warned := strings.Contains(strings.Join(c.Warnings, " "), "do-not-call"); warned != (tc.fail != nil) {
					t.Errorf("warned of %q", c.Warnings)
				}
			})
		})
	}
}

// TestThroughAMenu: ivr_navigation_mode looks for the human behind a menu, also where machines are hung up on; its keys are a private call's own.
func TestThroughAMenu(t *testing.T) {
	said := []string{"for sales press one for questions about an open invoice press two", "", "", "hello who is there"}
	for name, tc := range map[string]struct {
		mode    string
		private bool
		cause   parley.Cause
		pressed string
		heard   int
	}{"on": {"default", false, parley.CallerHungUp, "2", 4}, "private": {"default", true, parley.CallerHungUp, "", 4}, "off": {"off", false, parley.NoAnswer, "", 1}, "not given": {"", false, parley.NoAnswer, "", 1}} {
		run(t, func(ctx context.Context, b *bench) {
			b.desk.agent.IVRNavigationMode = tc.mode
			b.model = lines(llm.Delta{Call: &llm.Call{ID: "1", Name: "press_keys", Args: json.RawMessage(`{"keys":"2","why":"billing"}`)}})
			c := dials(ctx, t, b, func(c *parley.Call) { c.NoHumanAction, c.Private = "hangup", tc.private }, said[:tc.heard]...)
			text := parley.Transcript(c.Record)
			if c.Cause != tc.cause || !tc.private && strings.Contains(text, "BOT: pressed 2\n") != (tc.pressed != "") || !tc.private && strings.Contains(text, "Hello Ada") != (tc.pressed != "") {
				t.Errorf("%s: %s, %s", name, c.Cause, text)
			}
			chosen := 0
			for _, e := range b.book.events {
				if e.Type != parley.EventMenuChosen {
					continue
				}
				chosen++
				var p struct{ Pressed, Text, By string }
				if err := json.Unmarshal(e.Payload, &p); err != nil || p.Pressed != tc.pressed || p.By != "model" || (p.Text == "") != tc.private {
					t.Errorf("%s: %s", name, e.Payload)
				}
			}
			if want := map[bool]int{true: 1}[tc.mode == "default"]; chosen != want {
				t.Errorf("%s: %d choices", name, chosen)
			}
			if want := map[bool]string{true: "human", false: "no_human"}[tc.mode == "default"]; c.Human != want {
				t.Errorf("%s: %q answered", name, c.Human)
			}
		})
	}
}
