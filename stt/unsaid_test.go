package stt

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
)

// live gives sound as it comes: a part a line, loud or silent.
func live(ctx context.Context, parts ...time.Duration) <-chan audio.Frame {
	out := make(chan audio.Frame)
	go func() {
		defer close(out)
		for i, d := range parts {
			var f audio.Frame
			if i%2 == 0 {
				audio.Sine(300, audio.Rate, -10).Fill(f[:])
			}
			for ; d > 0; d -= audio.FrameDur {
				select {
				case out <- f:
					time.Sleep(audio.FrameDur)
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// mute hears and says nothing, for ever or until its sound ends; it counts its connections.
func mute(n *int) Transcriber {
	return Func(func(ctx context.Context, in <-chan audio.Frame, _ Options) iter.Seq2[Event, error] {
		return func(yield func(Event, error) bool) {
			*n++
			for {
				select {
				case _, ok := <-in:
					if !ok {
						return
					}
				case <-ctx.Done():
					yield(Event{}, ctx.Err())
					return
				}
			}
		}
	})
}

// quick says "words" once 300 ms of silence follow loud sound.
func quick() Transcriber {
	return Func(func(ctx context.Context, in <-chan audio.Frame, _ Options) iter.Seq2[Event, error] {
		return func(yield func(Event, error) bool) {
			loud, quiet := 0, 0
			for {
				select {
				case f, ok := <-in:
					switch {
					case !ok:
						return
					case peaks(&f):
						loud, quiet = loud+1, 0
					default:
						quiet++
					}
					if loud > 0 && quiet == 15 {
						loud = 0
						if !yield(Event{Text: "words", Final: true, End: true}, nil) {
							return
						}
					}
				case <-ctx.Done():
					yield(Event{}, ctx.Err())
					return
				}
			}
		}
	})
}

type unsaidOutcome struct {
	at     []time.Duration
	text   string
	vendor string
	lost   int
	err    error
}

func hearLive(t *testing.T, tr Transcriber, parts ...time.Duration) (o unsaidOutcome) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := time.Now()
	for e, err := range tr.Transcribe(ctx, live(ctx, parts...), Options{}) {
		if err != nil {
			o.err = err
			continue
		}
		if e.Text != "" || e.Lost {
			o.at = append(o.at, time.Since(start))
		}
		if e.Lost {
			o.lost++
		}
		o.text, o.vendor = o.text+e.Text, e.Vendor
	}
	return o
}

// TestNoWordsOfSpeech: a vendor that tells nothing of what was spoken is left for one that does, which hears it again.
func TestNoWordsOfSpeech(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		o := hearLive(t, Fallback(Vendor{Name: t.Name(), Transcriber: mute(&n)}, Vendor{Name: "good", Transcriber: quick()}), time.Second, 4*time.Second)
		if o.err != nil || o.text != "words" || o.vendor != "good" || n != 1 || o.lost != 0 {
			t.Errorf("%+v, %d connections", o, n)
		}
		if limit := time.Second + 300*time.Millisecond + wordsLimit + 40*time.Millisecond; len(o.at) != 1 || o.at[0] > limit {
			t.Errorf("heard at %s, want at %s", o.at, limit)
		}
		if !breakers.Of(t.Name()).Allow() {
			t.Error("one failure opened the breaker")
		}
	})
}

// TestWordlessSound: a cough has no words for anybody, which is nobody's failure; a short one is not even suspicious.
func TestWordlessSound(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		o := hearLive(t, Fallback(Vendor{Name: t.Name(), Transcriber: mute(&n)}), 400*time.Millisecond, 5*time.Second)
		if o.err != nil || o.lost != 0 || n != 1 {
			t.Errorf("%+v, %d connections", o, n)
		}
	})
}

// TestNobodyMakesWords: alone, a vendor that tells nothing is connected to once more; then the caller is to be asked, once.
func TestNobodyMakesWords(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		o := hearLive(t, Fallback(Vendor{Name: t.Name(), Transcriber: mute(&n)}), time.Second, 10*time.Second, time.Second, 10*time.Second)
		if o.err != nil || o.lost != 1 || n != 3 || len(o.at) != 1 || o.at[0] > 9*time.Second {
			t.Errorf("%+v, %d connections", o, n)
		}
		for range 5 {
			if !breakers.Of(t.Name()).Allow() {
				t.Error("silence about a sound opened the breaker")
			}
		}
	})
}
