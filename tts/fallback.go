package tts

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// How long a voice may take to be heard, when its Vendor does not say.
const (
	firstSound = 1500 * time.Millisecond
	lastSound  = 5 * time.Second // with nobody left to speak, a late word beats none
	stallLimit = 1500 * time.Millisecond
	lastStall  = 3 * time.Second
)

// A Vendor is a synthesizer and the name that its breaker, its errors and its notices go by.
type Vendor struct {
	Name        string
	Synthesizer Synthesizer
	FirstSound  time.Duration // from a piece to sound that is not silence; 0: 1.5 s, 5 s for the last vendor there is
	Stall       time.Duration // from one to the next while words are owed; 0: 1.5 s, 3 s for the last
	Breaker     string        // what its breaker goes by, such as the name and the account; "": Name
	Missing     error         // why it cannot be asked at all, such as a key that is not there; nil: it can
}

// key is what the vendor's breaker goes by.
func (v Vendor) key() string { return cmp.Or(v.Breaker, v.Name) }

// breakers are shared by all calls of the process, by vendor name.
var breakers parley.Breakers

// Fallback is a Synthesizer that speaks by the first of vs and, when it fails, by the next within the same reply. A vendor
// fails by an error, by giving no sound but silence in time, by stalling while words are owed, or by ending early. The next
// begins with the first word whose end was not told; nothing told is spoken again. A vendor whose breaker is open comes
// last. One goroutine hands the pieces on; it ends with the vendor's stream.
//
// The result is an io.Closer: Close closes those vendors that are.
func Fallback(vs ...Vendor) Synthesizer {
	can, cannot := parley.Askable(vs, func(v Vendor) error { return v.Missing })
	return &fallback{vendors: can, missing: cannot}
}

type fallback struct {
	vendors []Vendor
	missing []Vendor // that cannot be asked
}

// Warm warms the first vendor, until ctx is done.
func (f *fallback) Warm(ctx context.Context) error {
	if len(f.vendors) == 0 {
		return nil
	}
	return Inner{f.vendors[0].Synthesizer}.Warm(ctx)
}

func (f *fallback) Close() error {
	var errs []error
	for _, v := range f.vendors {
		errs = append(errs, Inner{v.Synthesizer}.Close())
	}
	return errors.Join(errs...)
}

func (f *fallback) Speak(ctx context.Context, text <-chan string, o Options) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		r := reply{ctx: ctx, options: o, yield: yield, script: script{in: text}}
		var err error = &parley.VendorError{Code: parley.VendorUnavailable, Message: "no vendor is configured"}
		for _, v := range f.missing {
			err = v.Missing
			r.note(v.Name, parley.CodeOf(err), "was not asked: "+err.Error())
		}
		var shunned []Vendor
		for i, v := range f.vendors {
			if len(f.vendors) > 1 && !breakers.Of(v.key()).Allow() {
				shunned = append(shunned, v)
				r.note(v.Name, parley.VendorShunned, "has kept failing")
				continue
			}
			if err = r.speak(v, i == len(f.vendors)-1 && len(shunned) == 0); r.over(err) {
				return
			}
		}
		for i, v := range shunned {
			if err = r.speak(v, i == len(shunned)-1); r.over(err) {
				return
			}
		}
		if len(f.vendors) == 1 && again(err) { // nobody else is left, and a connection that was lost is worth a second try
			if err = r.speak(f.vendors[0], true); r.over(err) {
				return
			}
		}
		yield(Chunk{}, r.ended(err))
	}
}

// again reports whether the same vendor may well do better at once.
func again(err error) bool {
	var v *parley.VendorError
	return errors.As(err, &v) && (v.Code == parley.VendorUnavailable || v.Code == parley.VendorBadOutput)
}

// A reply is one stream of speech, by however many vendors it takes.
type reply struct {
	ctx     context.Context
	options Options
	yield   func(Chunk, error) bool
	script  script
	notice  string          // why the vendor changed, told with the next chunk
	failed  parley.Failures // and who was passed over
	stopped bool            // the consumer ended the loop
}

func (r *reply) over(err error) bool {
	if err == nil || r.stopped {
		return true
	}
	if r.ctx.Err() != nil {
		r.yield(Chunk{}, r.ctx.Err())
		return true
	}
	return false
}

// ended is the error that nobody is left after.
func (r *reply) ended(err error) error {
	if len(r.failed) == 0 {
		return err
	}
	return &parley.FailedError{Failures: r.failed, Err: err}
}

func (r *reply) note(vendor string, code parley.VendorCode, why string) {
	if r.notice != "" {
		r.notice += "; "
	}
	r.notice += vendor + " " + why
	r.failed = append(r.failed, parley.Failure{Vendor: vendor, Reason: code})
}

// speak has one vendor speak what is left; last: nobody is left after it. A nil error ends the reply.
func (r *reply) speak(v Vendor, last bool) error {
	first, stall := firstSound, stallLimit
	if last {
		first, stall = lastSound, lastStall
	}
	first, stall = cmp.Or(v.FirstSound, first), cmp.Or(v.Stall, stall)
	ctx, cancel := context.WithCancelCause(r.ctx)
	w := &watch{cancel: func() {
		cancel(&parley.VendorError{Vendor: v.Name, Code: parley.VendorTimeout, Message: "nothing to be heard in time"})
	}, limit: first, stall: stall}
	pieces := make(chan string)
	var feeder sync.WaitGroup
	feeder.Go(func() { r.script.feed(ctx, pieces, w) })
	err := r.listen(ctx, v, pieces, w)
	w.stop()
	cancel(nil)
	feeder.Wait()
	if err == nil && !r.stopped && r.ctx.Err() == nil && !r.script.finished() {
		err = &parley.VendorError{Vendor: v.Name, Code: parley.VendorUnavailable, Message: "ended before all was spoken"}
	}
	if err == nil || r.stopped {
		return nil
	}
	if r.script.finished() { // all was heard; how the connection ended is nobody's concern
		return nil
	}
	if r.ctx.Err() == nil {
		breakers.Of(v.key()).Failed()
		r.note(v.Name, parley.CodeOf(err), "failed: "+err.Error())
	}
	return err
}

func (r *reply) listen(ctx context.Context, v Vendor, pieces <-chan string, w *watch) error {
	told, heard := false, false
	for c, err := range v.Synthesizer.Speak(ctx, pieces, r.options) {
		if err == nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != nil {
			var late *parley.VendorError
			if errors.As(context.Cause(ctx), &late) {
				return late
			}
			return err
		}
		useful := c.Text != "" || loud(&c.Frame)
		w.pause()
		r.script.spoken(c.Text)
		if !told {
			told = true
			c.Vendor = v.Name
			if r.notice != "" {
				c.Notice, r.notice = strings.TrimSuffix(r.notice+"; "+c.Notice, "; "), ""
				c.Failed, r.failed = r.failed, nil
			}
		}
		if !r.yield(c, nil) {
			r.stopped = true
			return nil
		}
		if useful && !heard {
			heard = true
			if !c.Kept {
				breakers.Of(v.key()).Worked()
			}
		}
		w.resume(useful, r.script.owed())
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// loud reports whether anyone could hear f: a peak over −54 dBFS.
func loud(f *audio.Frame) bool {
	for _, s := range f {
		if s > 64 || s < -64 {
			return true
		}
	}
	return false
}
