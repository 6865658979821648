package stt

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// A connection that drops is opened again after these waits, before its vendor counts as failed. The last vendor gets
// all of them, others the first two.
var pauses = []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

// wordsLimit is how long after something was spoken a vendor that hears may be without a sign of it.
const wordsLimit = 1200 * time.Millisecond

var errUnsaid = errors.New("no words")

// settled is how long a connection must have lasted for its vendor's retries to start over.
const settled = 10 * time.Second

// A Vendor is a transcriber and the name that its breaker, its errors and its notices go by.
type Vendor struct {
	Name        string
	Transcriber Transcriber
	Words       time.Duration // from the end of what was spoken to any sign of it; 0: 1.2 s, and for the last vendor twice as long
	Breaker     string        // what its breaker goes by, such as the name and the account; "": Name
	Missing     error         // why it cannot be asked at all, such as a key that is not there; nil: it can
}

// key is what the vendor's breaker goes by.
func (v Vendor) key() string { return cmp.Or(v.Breaker, v.Name) }

// breakers are shared by all calls of the process, by vendor name.
var breakers parley.Breakers

// Fallback is a Transcriber that hears by the first of vs and, when it fails, by the next. A vendor fails by an error or by
// ending while there is sound; one that had worked, and the last, are connected to again first. Whoever takes over hears
// the sound since the last final (30 s of it at most), so no words are lost and none come twice; its words keep their
// places on the time line of the stream. A vendor whose breaker is open comes last; nobody left, the stream ends with the
// last error. One goroutine keeps the sound; it ends with the stream, and it never makes in wait.
func Fallback(vs ...Vendor) Transcriber {
	can, cannot := parley.Askable(vs, func(v Vendor) error { return v.Missing })
	return &fallback{vendors: can, missing: cannot}
}

type fallback struct {
	vendors []Vendor
	missing []Vendor // that cannot be asked
}

// Warm warms the first vendor, until ctx is done.
func (f *fallback) Warm(ctx context.Context) error {
	if len(f.vendors) > 0 {
		if w, ok := f.vendors[0].Transcriber.(interface{ Warm(context.Context) error }); ok {
			return w.Warm(ctx)
		}
	}
	return nil
}

func (f *fallback) Transcribe(ctx context.Context, in <-chan audio.Frame, o Options) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		s := stream{ctx: ctx, options: o, yield: yield, tape: newTape()}
		var recorder sync.WaitGroup
		recorder.Go(func() { s.tape.run(ctx, in) })
		defer recorder.Wait()
		defer cancel()

		var err error = &parley.VendorError{Code: parley.VendorUnavailable, Message: "no vendor is configured"}
		for _, v := range f.missing {
			err = v.Missing
			s.note(v.Name, parley.CodeOf(err), "was not asked: "+err.Error())
		}
		var shunned []Vendor
		for i, v := range f.vendors {
			if len(f.vendors) > 1 && !breakers.Of(v.key()).Allow() {
				shunned = append(shunned, v)
				s.note(v.Name, parley.VendorShunned, "has kept failing")
				continue
			}
			if err = s.hear(v, i == len(f.vendors)-1 && len(shunned) == 0); s.over(err) {
				return
			}
		}
		for i, v := range shunned {
			if err = s.hear(v, i == len(shunned)-1); s.over(err) {
				return
			}
		}
		yield(Event{}, s.ended(err))
	}
}

// A stream is one call's hearing, by however many vendors it takes.
type stream struct {
	ctx     context.Context
	options Options
	yield   func(Event, error) bool
	tape    *tape
	notice  string          // why the vendor changed, told once the next has connected
	failed  parley.Failures // and who was passed over
	stopped bool            // the consumer ended the loop
	suspect string          // breaker of a vendor that made nothing of what was spoken: that is its failure once another makes words of it
	lost    bool            // nobody made words of what was spoken, which was told
}

func (s *stream) over(err error) bool {
	if err == nil || s.stopped {
		return true
	}
	if s.ctx.Err() != nil {
		s.yield(Event{}, s.ctx.Err())
		return true
	}
	return false
}

// ended is the error that nobody is left after.
func (s *stream) ended(err error) error {
	if len(s.failed) == 0 {
		return err
	}
	return &parley.FailedError{Failures: s.failed, Err: err}
}

func (s *stream) note(vendor string, code parley.VendorCode, why string) {
	if s.notice != "" {
		s.notice += "; "
	}
	s.notice += vendor + " " + why
	s.failed = append(s.failed, parley.Failure{Vendor: vendor, Reason: code})
}

// hear has one vendor hear until the sound ends, connecting again as often as is worth it. A nil error: all was heard.
func (s *stream) hear(v Vendor, last bool) error {
	tries, worked := 0, false
	for {
		began := time.Now()
		events, err := s.once(v, last)
		if err == nil || s.stopped || s.ctx.Err() != nil {
			return err
		}
		if events > 0 || time.Since(began) > settled {
			worked = true
		}
		if time.Since(began) > settled {
			tries = 0
		}
		most := 0
		switch {
		case last:
			most = len(pauses)
		case worked:
			most = 2
		}
		unsaid := errors.Is(err, errUnsaid)
		if unsaid && last {
			if tries > 0 && !s.resign(v) {
				return nil
			}
			most, tries = tries+1, min(tries, 1)
		} else if unsaid {
			most, s.suspect = 0, v.key()
		}
		if hopeless(err) || tries >= most {
			if !unsaid { // a cough has no words
				breakers.Of(v.key()).Failed()
			}
			s.note(v.Name, parley.CodeOf(err), "failed: "+err.Error())
			return err
		}
		select {
		case <-time.After(pauses[tries]):
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
		tries++
	}
}

// resign tells that nobody makes words of what was spoken, and lets go of it.
func (s *stream) resign(v Vendor) bool {
	s.lost = true
	s.tape.forget()
	s.stopped = !s.yield(Event{Vendor: v.Name, Lost: true}, nil)
	return !s.stopped
}

// hopeless reports whether connecting again cannot help.
func hopeless(err error) bool {
	var v *parley.VendorError
	return errors.As(err, &v) && !v.Temporary() && v.Code != parley.VendorBadOutput
}

// once runs one connection, and counts what it told.
func (s *stream) once(v Vendor, last bool) (events int, err error) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	in := s.tape.attach()
	if !s.lost { // once is enough, until there are words again
		limit := cmp.Or(v.Words, wordsLimit)
		if last {
			limit *= 2
		}
		s.tape.expect(limit, func() {
			cancel(&parley.VendorError{Vendor: v.Name, Code: parley.VendorTimeout, Message: "nothing was made of what was spoken", Err: errUnsaid})
		})
	}
	for e, err := range v.Transcriber.Transcribe(ctx, in, s.options) {
		if cause := context.Cause(ctx); cause != nil && s.ctx.Err() == nil {
			err = cause
		}
		if err != nil {
			s.tape.detach()
			return events, err
		}
		s.works(v, e)
		events++
		if !s.pass(v, e) {
			s.stopped = true
			return events, nil
		}
	}
	if s.ctx.Err() != nil {
		return events, s.ctx.Err()
	}
	if cause := context.Cause(ctx); cause != nil {
		s.tape.detach()
		return events, cause
	}
	if !s.tape.detach() {
		return events, &parley.VendorError{Vendor: v.Name, Code: parley.VendorUnavailable, Message: "ended while there was sound to hear"}
	}
	return events, nil
}

// works takes a sign that the vendor lives.
func (s *stream) works(v Vendor, e Event) {
	s.tape.answered()
	breakers.Of(v.key()).Worked()
	if e.Text == "" {
		return
	}
	if s.suspect != "" && s.suspect != v.key() {
		breakers.Of(s.suspect).Failed()
	}
	s.suspect, s.lost = "", false
}

func (s *stream) pass(v Vendor, e Event) bool {
	if s.notice != "" {
		n := Event{Vendor: v.Name, Notice: s.notice, Failed: s.failed}
		s.notice, s.failed = "", nil
		if !s.yield(n, nil) {
			return false
		}
	}
	var end time.Duration
	if base := s.tape.base(); len(e.Words) > 0 {
		words := make([]Word, len(e.Words))
		for i, w := range e.Words {
			words[i] = Word{Text: w.Text, Start: w.Start + base, End: w.End + base}
		}
		e.Words = words
		end = words[len(words)-1].End
	}
	if e.Final {
		s.tape.told(end)
	}
	e.Vendor = v.Name
	return s.yield(e, nil)
}
