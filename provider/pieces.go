package provider

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/parley-voice/parley/tts"
)

// Pieces speaks by one request per piece: each is asked for as it comes, some ahead of the one being spoken, and their sound is given
// in order. Per stream it has one goroutine for the pieces and one per request under way; all end with the loop over the stream.
type Pieces struct {
	Vendor string
	Rate   int // Hz of the sound, signed 16-bit little-endian mono
	Ahead  int // requests waiting behind the piece being spoken
	// Ask sends the request for a piece, without the space around it; before is what was said just before it, at most maxBefore bytes.
	Ask func(ctx context.Context, piece, before string) (io.ReadCloser, error)
	// Sound gives the sound of an answer in order to align.Write, and where its words are to align.Word when the vendor tells. It
	// returns nil at the answer's end, or ErrStopped when Write says that nobody listens. nil: the answer is nothing but sound.
	Sound func(body io.Reader, align *tts.Align, yield func(tts.Chunk, error) bool) error
}

// ErrStopped is what Pieces.Sound returns when nobody listens any more.
var ErrStopped = errors.New("provider: nobody listens")

const maxBefore = 500

// A rendering is a piece that was asked for.
type rendering struct {
	ready chan struct{} // closed when body or err is set
	body  io.ReadCloser
	err   error
}

func (r *rendering) close() {
	if r.body != nil {
		r.body.Close()
	}
}

// Speak is a tts.Synthesizer's.
func (p *Pieces) Speak(ctx context.Context, text <-chan string) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		align := tts.NewAlign(p.Rate)
		queue := make(chan *rendering, p.Ahead)
		var asking sync.WaitGroup
		asking.Go(func() { p.ask(ctx, text, align, queue, &asking) })
		defer func() {
			cancel()
			for r := range queue { // requests nobody will hear
				<-r.ready
				r.close()
			}
			asking.Wait()
		}()
		for r := range queue {
			<-r.ready // one that was cancelled is ready, too
			if err := p.speak(r, align, yield); errors.Is(err, ErrStopped) {
				return
			} else if err != nil {
				yield(tts.Chunk{}, Fault(ctx, p.Vendor, err))
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(tts.Chunk{}, err)
			return
		}
		for align.Left() > 0 { // space after the last word
			if !align.End(yield) {
				return
			}
		}
	}
}

// ask requests every piece, and closes queue after the last.
func (p *Pieces) ask(ctx context.Context, text <-chan string, align *tts.Align, queue chan<- *rendering, asking *sync.WaitGroup) {
	defer close(queue)
	before := ""
	for {
		select {
		case piece, ok := <-text:
			if !ok {
				return
			}
			if strings.TrimSpace(piece) == "" {
				align.Join(piece)
				continue
			}
			align.Add(piece)
			r := &rendering{ready: make(chan struct{})}
			select {
			case queue <- r:
			case <-ctx.Done():
				return
			}
			said := before
			asking.Go(func() {
				defer close(r.ready)
				r.body, r.err = p.Ask(ctx, strings.TrimSpace(piece), strings.TrimSpace(said))
			})
			if before += piece; len(before) > maxBefore {
				before = strings.ToValidUTF8(before[len(before)-maxBefore:], "")
			}
		case <-ctx.Done():
			return
		}
	}
}

// speak gives the sound of a piece, as it comes.
func (p *Pieces) speak(r *rendering, align *tts.Align, yield func(tts.Chunk, error) bool) error {
	if r.err != nil {
		return r.err
	}
	defer r.close()
	sound := p.Sound
	if sound == nil {
		sound = plainSound
	}
	switch err := sound(r.body, align, yield); {
	case err != nil:
		return err
	case align.Mute():
		return BadOutput(p.Vendor, "a piece came back without sound", nil)
	case !align.End(yield):
		return ErrStopped
	}
	return nil
}

func plainSound(body io.Reader, align *tts.Align, yield func(tts.Chunk, error) bool) error {
	buf := make([]byte, 4096)
	for {
		n, err := body.Read(buf)
		switch {
		case !align.Write(buf[:n], yield):
			return ErrStopped
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
