package conversation

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// played is a scripted call whose setup the test may change before.
func played(t *testing.T, change func(p *play), timeline ...string) (out string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		p.model.answers = [][]string{{"200ms", "We are open."}}
		change(p)
		out = p.run(timeline)
	})
	return out
}

// must finds each of want so many times, 0 of none.
func must(t *testing.T, out string, times int, want ...string) {
	t.Helper()
	for _, w := range want {
		if n := strings.Count(out, w); n != times {
			t.Errorf("%q came %d times, want %d, in\n%s", w, n, times, out)
		}
	}
}

// What a vendor's stand-in says of the change becomes a warning; what was said is whole.
func TestNoticesAreWarnings(t *testing.T) {
	out := played(t, func(p *play) {
		ears, model, voice := p.setup.Hear, p.setup.Think, p.setup.Speak
		p.setup.Hear = stt.Func(func(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
			return func(yield func(stt.Event, error) bool) {
				_ = yield(stt.Event{Notice: "ear: now b"}, nil)
				ears.Transcribe(ctx, in, o)(yield)
			}
		})
		p.setup.Think = llm.Func(func(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
			return func(yield func(llm.Delta, error) bool) {
				_ = yield(llm.Delta{Notice: "mind: now b"}, nil)
				model.Chat(ctx, r)(yield)
			}
		})
		p.setup.Speak = tts.Func(func(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
			return func(yield func(tts.Chunk, error) bool) {
				first := true
				voice.Speak(ctx, text, o)(func(c tts.Chunk, err error) bool {
					if first {
						c.Notice, first = "voice: now b", false
					}
					return yield(c, err)
				})
			}
		})
	}, `1s speaks 1s "are you open"`, `5s hangs-up`)
	must(t, out, 1, `code="transcriber_changed" message="ear: now b"`, `code="model_changed" message="mind: now b"`,
		`code="voice_changed" message="voice: now b"`, "bot: We are open.", "outcome: caller_hung_up")
}

// A transcriber that takes no sound loses it, which is said once; the call does not wait for it.
func TestSlowTranscriber(t *testing.T) {
	out := played(t, func(p *play) {
		p.setup.Hear = stt.Func(func(ctx context.Context, _ <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
			return func(func(stt.Event, error) bool) { <-ctx.Done() }
		})
		p.setup.Greeting = "Hello!"
	}, `5s hangs-up`)
	must(t, out, 1, `warning code="slow_transcriber"`, "bot: Hello!", "outcome: caller_hung_up")
}

func TestCommandsOutOfBounds(t *testing.T) {
	var steps []string
	for range maxLines + 3 { // the first is spoken at once
		steps = append(steps, `1s say "One more thing."`)
	}
	out := played(t, func(p *play) { p.ctrl = make(chan Command, 64); p.setup.Control = p.ctrl },
		append(steps, `1.1s press "1x"`, `1.2s say ""`, `1.2s context ""`, `2s hangs-up`)...)
	must(t, out, 2, `warning code="say"`)
	must(t, out, 1, `warning code="dtmf"`, "outcome: caller_hung_up")
}

// Whoever commands may go: the conversation goes on.
func TestControlIsClosed(t *testing.T) {
	out := played(t, func(p *play) { close(p.ctrl) }, `1s speaks 1s "are you open"`, `5s hangs-up`)
	must(t, out, 1, "bot: We are open.", "outcome: caller_hung_up")
}

// oddLeg is a phone's end with one fault.
type oddLeg struct {
	leg.Leg
	clear, read error
	at          time.Duration // read fails from then on
	began       time.Time
}

func (l *oddLeg) Clear() error { return errors.Join(l.clear, l.Leg.Clear()) }
func (l *oddLeg) Read(ctx context.Context) (leg.Event, error) {
	e, err := l.Leg.Read(ctx)
	if l.read != nil && time.Since(l.began) > l.at {
		return leg.Event{}, l.read
	}
	return e, err
}

func TestOddLegs(t *testing.T) {
	for _, c := range []struct {
		name   string
		leg    oddLeg
		cause  parley.Cause
		detail string
	}{
		{"a wire that breaks", oddLeg{read: errors.New("socket closed"), at: 2 * time.Second}, parley.Unknown, "socket closed"},
		{"gone for a reason", oddLeg{read: &leg.GoneError{Cause: parley.MediaTimeout}, at: 2 * time.Second}, parley.MediaTimeout, ""},
		{"a queue that cannot be cleared", oddLeg{clear: errors.New("no")}, parley.CallerHungUp, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				p := newPlay(t)
				p.began = time.Now()
				p.model.answers = [][]string{{"We are open every day of the week from nine to five."}}
				p.wire = ctx
				phone, l := legtest.Pipe(ctx)
				c.leg.Leg, c.leg.began = l, time.Now()
				go func() {
					give(ctx, p.ears, stt.Event{Text: "are you open", Final: true, End: true})
					sleep(ctx, 1500*time.Millisecond)
					give(ctx, p.ears, stt.Event{Text: "thank you that is enough", Final: true, End: true})
					sleep(ctx, 3*time.Second)
					phone.Hangup()
				}()
				out, err := Run(ctx, &c.leg, p.setup)
				if out.Cause != c.cause || out.Detail != c.detail || (err != nil) != (c.detail != "") {
					t.Errorf("%+v, %v", out, err)
				}
				phone.Hangup()
				cancel()
				synctest.Wait()
				p.mu.Lock()
				defer p.mu.Unlock()
				warned := false
				for _, l := range p.lines {
					warned = warned || strings.Contains(l.text, `warning code="leg"`)
				}
				if warned != (c.leg.clear != nil) {
					t.Errorf("warned: %v", warned)
				}
			})
		})
	}
}

// A line on which nothing comes at all is not a silent caller: the leg knows what to do about it.
func TestNoFramesAreNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newLoop(idleLeg{}, Setup{Idle: Idle{Ask: true, After: 5 * time.Second}})
		time.Sleep(6 * time.Second)
		c.due(t.Context())
		if c.cur != nil || c.outcome != nil {
			t.Error("the agent asks into a line without sound")
		}
		if at, ok := c.idleAt(); !ok || at != 11*time.Second {
			t.Errorf("it looks again at %v, %v", at, ok)
		}
	})
}
