package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider/local/sphinx"
	"github.com/parley-voice/parley/stt"
)

// TranscriberOptions of transcriber_local: there is nothing to choose.
type TranscriberOptions struct{}

// transcriber hears English by pocketsphinx. A worker process per stream, killed when it hangs; what the caller may say is
// made of the options' phrases.
type transcriber struct{ l *Local }

// Warm has a worker with its models loaded by the time the call is answered. While they are still being made it does not wait: who
// waits for a Warm would keep the server from stopping.
func (t *transcriber) Warm(context.Context) error {
	select {
	case <-t.l.modelReady:
		return t.l.hearers.warm(t.l.ctx)
	default:
		return nil
	}
}

// openHearer starts a worker that has loaded the models.
func (l *Local) openHearer(ctx context.Context) (*process, error) {
	select {
	case <-l.modelReady:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.modelErr != nil {
		return nil, l.modelErr
	}
	return l.open(ctx, orderBody{Work: workHear, Model: l.model})
}

// startLimit is for a worker to load what it works with, which takes milliseconds on a machine that is not overrun.
const startLimit = 20 * time.Second

// open starts a worker and waits for it, or until ctx is over; the worker lives on.
func (l *Local) open(ctx context.Context, o orderBody) (*process, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	p, err := start(l.ctx, l.config.Command, o)
	if err != nil {
		return nil, err
	}
	release := context.AfterFunc(ctx, p.stop)
	_, err = p.ready()
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// Transcribe hears until in is closed. Languages other than English are refused with a parley.VendorError that names who
// hears them.
func (t *transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		if !english(o.Language) {
			yield(stt.Event{}, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnsupported,
				Message: fmt.Sprintf("this machine hears English only; %q is heard by %s: set a key of one of them and name it as the agent's transcriber",
					o.Language, strings.Join(t.l.config.Hearers, ", "))})
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		p, _, err := t.l.hearers.take(ctx)
		if err != nil {
			defer cancel()
			yield(stt.Event{}, fault(ctx, err))
			return
		}
		var sender sync.WaitGroup
		defer sender.Wait()
		defer p.stop()
		defer cancel()
		dog := watchOver(t.l.lookEach, p.stop)
		defer dog.stop()
		if err := writeJSON(p.stdin, expect, expectation{Phrases: o.Phrases, Keywords: o.Keywords}); err != nil {
			yield(stt.Event{}, fault(ctx, fmt.Errorf("telling the worker what to expect: %w", err)))
			return
		}
		sender.Go(func() { send(ctx, in, p.stdin, dog) })
		more, err := receive(p, yield, dog)
		if dog.stop() {
			err = errors.New("the worker hung as it listened, and was killed")
		}
		if more && err != nil {
			yield(stt.Event{}, fault(ctx, err))
		}
	}
}

// send passes the sound on at 8 kHz until in is closed, which ends the worker's input, or ctx is over. A worker that is slow
// makes it wait, and so whoever feeds in.
func send(ctx context.Context, in <-chan audio.Frame, w io.WriteCloser, dog *watchdog) {
	down := audio.NewResampler(audio.Rate, sphinx.NarrowRate)
	var narrow []int16
	var bytes, buf []byte
	for {
		select {
		case f, ok := <-in:
			if !ok {
				dog.end()
				w.Close()
				return
			}
			narrow = down.Process(narrow[:0], f[:])
			bytes = putSamples(bytes[:0], narrow)
			dog.gave()
			var err error
			if buf, err = writeMessage(w, buf, pcm, bytes); err != nil {
				return // the worker is gone, which its output tells
			}
		case <-ctx.Done():
			return
		}
	}
}

// receive yields what the worker hears until it is done; more is false when the loop has ended.
func receive(p *process, yield func(stt.Event, error) bool, dog *watchdog) (more bool, err error) {
	for {
		k, body, err := p.read()
		if errors.Is(err, io.EOF) {
			return true, errors.New("the worker died as it listened")
		}
		if err != nil {
			return true, err
		}
		dog.sign(k == took)
		switch k {
		case done:
			return true, nil
		case heard:
		default:
			continue // the search is ready, or sound was taken
		}
		var r result
		if err := json.Unmarshal(body, &r); err != nil {
			return true, fmt.Errorf("the worker's words: %w", err)
		}
		e := stt.Event{Text: r.Text, Final: r.Final, End: r.End, Started: r.Started, Vendor: vendor, At: r.At}
		for _, w := range r.Words {
			e.Words = append(e.Words, stt.Word(w))
		}
		dog.read(false)
		if !yield(e, nil) {
			return false, nil
		}
		dog.read(true)
	}
}
