package conversation

import (
	"context"
	"errors"
	"iter"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
	"github.com/parley-voice/parley/tts"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
	"github.com/parley-voice/parley/turn/journal"
)

// calleeOf reads a script's line: continue|hangup [dynamic] [words] [message "text"].
func calleeOf(w []string) *Callee {
	o := &Callee{HangUp: w[0] == "hangup"}
	for i := 1; i < len(w); i++ {
		switch w[i] {
		case "dynamic":
			o.Dynamic = true
		case "words":
			o.WordsOnly = true
		case "navigate":
			o.Navigate = true
		case "message":
			i++
			o.Message = w[i]
		default:
			panic(w[i])
		}
	}
	return o
}

// talk is a voice, of which the transcriber makes the words.
func (p *play) talk(d time.Duration, text string) {
	voice := babble.New(11)
	p.phone.Say(frames(d, voice.Fill)...)
	if text != "" {
		p.understand(d, text)
	}
}

func beep(hz float64, d time.Duration) []audio.Frame {
	tone := audio.Sine(hz, audio.Rate, -15)
	return frames(d, tone.Fill)
}

// music is chords, one after the other, each of which dies away.
func music(d time.Duration) []audio.Frame {
	const bar = 30 // frames
	chords := [][]float64{{262, 330, 392}, {220, 262, 330}, {349, 440, 523}, {392, 494, 587}}
	var all []audio.Frame
	for i := range int(d / audio.FrameDur) {
		var f audio.Frame
		for n := range f {
			at := float64(i*len(f)+n) / audio.Rate
			level := 4000 * math.Exp(-2*float64(i%bar*len(f)+n)/audio.Rate)
			var x float64
			for _, hz := range chords[i/bar%len(chords)] {
				x += level * math.Sin(2*math.Pi*hz*at)
			}
			f[n] = int16(x)
		}
		all = append(all, f)
	}
	return all
}

func frames(d time.Duration, fill func([]int16)) []audio.Frame {
	fs := make([]audio.Frame, d/audio.FrameDur)
	for i := range fs {
		fill(fs[i][:])
	}
	return fs
}

func TestClassOfAnAnswer(t *testing.T) {
	for text, want := range map[string]answer.Class{
		"voicemail": answer.Voicemail, "Human.": answer.Human, "It is: mailbox_full": answer.MailboxFull, "**ivr**": answer.IVR, "call_screening\n": answer.CallScreening,
		"hold": answer.Hold, "sit": answer.SIT, "unclear": "", "": "", "humanoid": "", "fax": "", "silence": "",
	} {
		if got := classIn(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestEchoOfTheMessage(t *testing.T) {
	w := newCallee(&Setup{Callee: &Callee{Message: "Hello Ada, this is Ann of Acme. Please call me back."}}, journal.New(turn.Options{}, nil, nil))
	for text, want := range map[string]bool{"this is Ann of": true, "hello": false, "Hello? Hello!": false, "please call me": true, "this is Ada speaking": false} {
		if got := w.echo(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestNobodyWasCalled: whoever called us is asked nothing.
func TestNobodyWasCalled(t *testing.T) {
	var w *callee
	w.stop()
	if w.holds() || w.judgements() != nil {
		t.Error("a caller is held")
	}
}

// TestListeningToTheCalleeAllocatesNothing: neither to silence nor to sound, while it is open who it is.
func TestListeningToTheCalleeAllocatesNothing(t *testing.T) {
	voice := babble.New(11)
	sound := frames(time.Second, voice.Fill)
	for name, fs := range map[string][]audio.Frame{"silence": make([]audio.Frame, 50), "sound": sound} {
		c := newLoop(idleLeg{}, Setup{CallID: "call", Callee: &Callee{Message: "bye"}})
		ctx, now := context.Background(), time.Duration(0)
		n := testing.AllocsPerRun(100, func() {
			now += audio.FrameDur
			c.calleeSound(ctx, &fs[int(now/audio.FrameDur)%25], now)
		})
		if n != 0 {
			t.Errorf("%s: %v allocations a frame", name, n)
		}
	}
}

// TestPrepared: what was spoken ahead of time is what is heard, also when it is wanted before it is done.
func TestPrepared(t *testing.T) {
	for name, tc := range map[string]struct {
		wait  time.Duration // until it is wanted
		fails bool          // the voice does, after its first sound
	}{"before": {0, false}, "during": {150 * time.Millisecond, false}, "after": {time.Second, false}, "fails": {0, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				speak := tts.Func(func(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
					return func(yield func(tts.Chunk, error) bool) {
						for s := range text {
							if !sleep(ctx, 100*time.Millisecond) || !yield(tts.Chunk{Text: s}, nil) {
								return
							}
							if tc.fails {
								yield(tts.Chunk{}, errors.New("no voice"))
								return
							}
						}
					}
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c := newLoop(idleLeg{}, Setup{Speak: speak, Callee: &Callee{}})
				c.state.who.ready = c.prepare(ctx, "Hello there. How are you?")
				time.Sleep(tc.wait)
				p := c.take()
				if p == nil || c.take() != nil {
					t.Fatal("it can be taken once")
				}
				said, failed := "", error(nil)
				words := make(chan string)
				close(words)
				for ch, err := range p.Speak(ctx, words, tts.Options{}) {
					said += ch.Text
					failed = err
				}
				if (failed != nil) != tc.fails || !tc.fails && said != "Hello there. How are you?" {
					t.Errorf("said %q, %v", said, failed)
				}
				cancel()
				c.wg.Wait()
			})
		})
	}
}

// TestPreparedInVain: what was spoken and not heard is paid for all the same; what failed is spoken anew.
func TestPreparedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		speak := tts.Func(func(context.Context, <-chan string, tts.Options) iter.Seq2[tts.Chunk, error] {
			return func(yield func(tts.Chunk, error) bool) { yield(tts.Chunk{}, errors.New("no voice")) }
		})
		c := newLoop(idleLeg{}, Setup{Speak: speak, Callee: &Callee{}})
		c.state.who.ready = c.prepare(t.Context(), "Hello.")
		synctest.Wait()
		if c.take() != nil || c.History.Usage.TTSCharacters != 6 {
			t.Errorf("it failed, and was taken; %d characters", c.History.Usage.TTSCharacters)
		}
		c.wg.Wait()
	})
}
