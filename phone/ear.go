package phone

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley/audio"
)

const earFrames = 500 // 10 s that the transcriber may be behind; beyond that it misses frames

// heardText is a segment that the transcriber closed, and when its sound began, since answer.
type heardText struct {
	at   time.Duration
	text string
}

// An ear runs the transcriber in a goroutine of its own, from answer on.
type ear struct {
	in    chan audio.Frame
	heard chan heardText
	done  chan struct{} // closed when the goroutine has ended; nil: there is no transcriber
	stop  context.CancelFunc
	err   error        // valid once done is closed
	began atomic.Int64 // place in the stream, in frames, of the first sound since the last segment; 0: none
	fed   int64        // frames put
}

func startEar(o Options) *ear {
	e := &ear{heard: make(chan heardText, 64)}
	if o.Ear == nil {
		return e
	}
	ctx, stop := context.WithCancel(context.Background())
	e.in, e.done, e.stop = make(chan audio.Frame, earFrames), make(chan struct{}), stop
	go func() {
		defer close(e.done)
		for ev, err := range o.Ear.Transcribe(ctx, e.in, o.Hears) {
			if err != nil {
				if ctx.Err() == nil {
					e.err = err
				}
				return
			}
			text := strings.TrimSpace(ev.Text)
			if !ev.Final || text == "" {
				continue
			}
			at := time.Duration(max(e.began.Swap(0)-1, 0)) * audio.FrameDur
			select {
			case e.heard <- heardText{at, text}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return e
}

// put hands a frame to the transcriber; it never waits. A transcriber that is too far behind does not get the frame.
func (e *ear) put(f *audio.Frame) {
	if e.done == nil {
		return
	}
	e.fed++
	if f.DBFS() > loudDB {
		e.began.CompareAndSwap(0, e.fed)
	}
	select {
	case e.in <- *f:
	default:

	}
}

// finish lets the transcriber hear to the end and returns what was not taken yet.
func (e *ear) finish() (rest []heardText) {
	if e.done == nil {
		return nil
	}
	close(e.in)
	late := time.NewTimer(hearingLimit)
	defer late.Stop()
	for {
		select {
		case h := <-e.heard:
			rest = append(rest, h)
			continue
		case <-late.C:
			e.stop()
			<-e.done
		case <-e.done:
		}
		break
	}
	e.stop()
	for {
		select {
		case h := <-e.heard:
			rest = append(rest, h)
		default:
			return rest
		}
	}
}

// failed is why the transcriber heard nothing more, after finish.
func (e *ear) failed() error {
	if e.err == nil || e.done == nil {
		return nil
	}
	return fmt.Errorf("hearing: %w", e.err)
}
