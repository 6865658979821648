package conversation

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/tts"
)

// TestRepliesDoNotOverlap: a voice that is slow to stop delays the next reply, and what it still plays is taken back.
func TestRepliesDoNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lateLeg{let: make(chan struct{})}
		var streams, most atomic.Int32
		slow := tts.Func(func(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
			return func(yield func(tts.Chunk, error) bool) {
				most.Store(max(most.Load(), streams.Add(1)))
				defer streams.Add(-1)
				<-text
				yield(tts.Chunk{Frame: legtest.Tone(400, 20*time.Millisecond, 9000)[0], Text: "word"}, nil)
				<-ctx.Done()
				time.Sleep(time.Second) // a connection that takes its time
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		c := newLoop(l, Setup{Speak: slow})
		c.begin(ctx, &reply{text: "first"})
		synctest.Wait() // its frame is on its way
		c.cut()
		if _, clears := l.state(); clears != 1 || c.cur != nil {
			t.Errorf("%d clears at the cut", clears)
		}
		c.begin(ctx, &reply{text: "second"})
		l.let <- struct{}{} // the frame of the first slips in
		synctest.Wait()
		if queued, _ := l.state(); streams.Load() != 1 || queued != 1 {
			t.Errorf("%d streams, %d frames: the test does not test", streams.Load(), queued)
		}
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if queued, clears := l.state(); clears != 2 || queued != 0 {
			t.Errorf("%d clears, %d frames of a reply that was cut off", clears, queued)
		}
		l.let <- struct{}{} // the second speaks
		synctest.Wait()
		if queued, _ := l.state(); most.Load() != 1 || queued != 1 {
			t.Errorf("%d streams at once, %d frames of the second reply", most.Load(), queued)
		}
		cancel()
		c.cur.cancel(nil)
		c.wg.Wait()
		if len(c.notes) == 0 { // that of the first; the second's may give way to the end
			t.Errorf("%d notes", len(c.notes))
		}
	})
}

// TestStalledVoice: only a voice that owes words and gives no sound has stalled.
func TestStalledVoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newLoop(idleLeg{}, Setup{})
		r := &reply{}
		r.mouth.leg, r.mouth.id, r.mouth.loud = idleLeg{}, func() uint64 { return 1 }, func() {}
		r.mouth.moved = time.Now()
		pieces := make(chan string, 8)
		r.mind.pieces = pieces
		due := func(want time.Duration, what string) {
			t.Helper()
			if got := r.stalled(&c.clock); got != want {
				t.Errorf("%s: due at %s, want %s", what, got, want)
			}
		}
		time.Sleep(time.Minute)
		due(time.Minute+mute, "nothing owed")
		r.mind.write(t.Context(), "One two. ")
		time.Sleep(5 * time.Second)
		due(time.Minute+mute, "words owed for 5 s")
		if err := r.mouth.play(t.Context(), &tts.Chunk{Frame: audio.Frame{1}, Text: "One "}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		due(time.Minute+5*time.Second+mute, "a word came a second ago")
		if err := r.mouth.play(t.Context(), &tts.Chunk{Text: "two."}); err != nil { // the space was lost: that owes nothing
			t.Fatal(err)
		}
		due(time.Minute+6*time.Second+mute, "all came")
		r.mind.write(t.Context(), "Three. ")
		r.mouth.pause()
		time.Sleep(time.Minute)
		due(2*time.Minute+6*time.Second+mute, "paused")
	})
}
