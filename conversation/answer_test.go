package conversation

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// quickLeg says when something is played; it gives no sound.
type quickLeg struct {
	leg.Leg
	played chan time.Time
	marks  chan uint64
}

func (l *quickLeg) Read(ctx context.Context) (leg.Event, error) {
	select {
	case m := <-l.marks:
		return leg.Event{Kind: leg.Marked, Mark: m}, nil
	case <-ctx.Done():
		return leg.Event{}, ctx.Err()
	}
}
func (l *quickLeg) Play(context.Context, audio.Frame) error { l.played <- time.Now(); return nil }
func (l *quickLeg) Mark(id uint64) error                    { l.marks <- id; return nil }
func (l *quickLeg) Clear() error                            { return nil }

// BenchmarkAnswer is the house's own share of a gap: from the transcriber's last words to the first frame played, with a
// model and a voice that take no time. asked, piece and sound are the steps within, in µs.
func BenchmarkAnswer(b *testing.B) {
	l := &quickLeg{played: make(chan time.Time, 8), marks: make(chan uint64, 8)}
	say := make(chan stt.Event)
	var asked, piece time.Time
	hear := stt.Func(func(ctx context.Context, _ <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
		return func(yield func(stt.Event, error) bool) {
			for {
				select {
				case e := <-say:
					if !yield(e, nil) {
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}
	})
	think := llm.Func(func(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
		return func(yield func(llm.Delta, error) bool) {
			asked = time.Now()
			yield(llm.Delta{Text: "Sure, "}, nil)
		}
	})
	speak := tts.Func(func(_ context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
		return func(yield func(tts.Chunk, error) bool) {
			for s := range text {
				piece = time.Now()
				if !yield(tts.Chunk{Frame: audio.Frame{1000}, Text: s}, nil) {
					return
				}
			}
		}
	})
	s := Setup{Hear: hear, Think: think, Speak: speak}
	s.Turns.EndpointingSensitivity = "sensitive"
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _, _ = Run(ctx, l, s) }()
	var toAsk, toPiece, toSound time.Duration
	for b.Loop() {
		began := time.Now()
		say <- stt.Event{Text: "tell me more please", Final: true, End: true}
		at := <-l.played
		toAsk += asked.Sub(began)
		toPiece += piece.Sub(asked)
		toSound += at.Sub(piece)
		time.Sleep(time.Millisecond) // its mark comes back
	}
	cancel()
	<-done
	us := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N) }
	b.ReportMetric(us(toAsk), "asked-µs")
	b.ReportMetric(us(toPiece), "piece-µs")
	b.ReportMetric(us(toSound), "sound-µs")
}
