package llm

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// How long a model may take to be useful, when its Vendor does not say.
const (
	firstOutput = 1500 * time.Millisecond
	thoughtful  = 4 * time.Second  // when it was told to reason first
	lastOutput  = 7 * time.Second  // with nobody left to ask, a late answer beats none
	lastThought = 15 * time.Second //
	stallLimit  = 1500 * time.Millisecond
	lastStall   = 5 * time.Second
	busyLimit   = 5 * time.Second // of a tool call being written, or of reasoning
)

// A Vendor is a model and the name that its breaker, its errors and its notices go by.
type Vendor struct {
	Name        string
	Model       Model
	Hedge       time.Duration // ask the next as well when nothing useful came for so long; 0: not before this one has failed
	FirstOutput time.Duration // until text or a whole tool call; 0: 1.5 s, 4 s for one that reasons first; 7 and 15 s for the last vendor there is
	Stall       time.Duration // between one and the next; 0: 1.5 s, 5 s for the last
	Breaker     string        // what its breaker goes by, such as the name and the account; "": Name
	Missing     error         // why it cannot be asked at all, such as a key that is not there; nil: it can
}

// key is what the vendor's breaker goes by.
func (v Vendor) key() string { return cmp.Or(v.Breaker, v.Name) }

// breakers are shared by all calls of the process, by vendor name.
var breakers parley.Breakers

// Fallback is a Model that asks the first of vs and, when it fails, the next within the same turn. A vendor fails by an
// error, by silence (no text and no whole tool call in time), by stalling, or by an empty answer. The next is given the
// words that were already passed on and told to go on from there; what it repeats of them is dropped. Tool calls are held
// back until the answer is whole, so none runs twice or half. A vendor whose breaker is open comes last. The last error is
// the stream's. The iterator runs in the caller's goroutine; only timers are added to it, and, for vendors
// with a Hedge, a goroutine for each of the two that are asked at once.
func Fallback(vs ...Vendor) Model {
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
	if w, ok := f.vendors[0].Model.(interface{ Warm(context.Context) error }); ok {
		return w.Warm(ctx)
	}
	return nil
}

func (f *fallback) Chat(ctx context.Context, r Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		t := turn{ctx: ctx, request: r, yield: yield}
		var err error = &parley.VendorError{Code: parley.VendorUnavailable, Message: "no vendor is configured"}
		for _, v := range f.missing {
			err = v.Missing
			t.note(v.Name, parley.CodeOf(err), "was not asked: "+err.Error())
		}
		t.left, t.alone = f.vendors, len(f.vendors) == 1
		for v, last, ok := t.next(); ok; v, last, ok = t.next() {
			if err = t.ask(v, last); t.over(err) {
				return
			}
		}
		if v := f.last(); v != nil && again(err) { // nobody else is left, and a connection that was lost is worth a second try
			if err = t.ask(*v, true); t.over(err) {
				return
			}
		}
		if errors.Is(err, errEmpty) {
			return
		}
		yield(Delta{}, t.ended(err))
	}
}

func (f *fallback) last() *Vendor {
	if len(f.vendors) != 1 {
		return nil
	}
	return &f.vendors[0]
}

// again reports whether the same vendor may well do better at once.
func again(err error) bool {
	var v *parley.VendorError
	return errors.As(err, &v) && (v.Code == parley.VendorUnavailable || v.Code == parley.VendorBadOutput)
}

var errEmpty = errors.New("an empty answer")

// A turn is one answer, by however many vendors it takes.
type turn struct {
	ctx     context.Context
	request Request
	yield   func(Delta, error) bool
	said    strings.Builder // text passed on so far
	notice  string          // why the vendor changed, told with the next delta
	failed  parley.Failures // and who was passed over
	stopped bool            // the consumer ended the loop
	left    []Vendor        // not asked yet
	shunned []Vendor        // passed over for their breakers, to be asked last
	alone   bool            // there is but one vendor, whatever its breaker says
}

// over reports whether the turn is done, telling the consumer when its own context ended it.
func (t *turn) over(err error) bool {
	if err == nil || t.stopped {
		return true
	}
	if t.ctx.Err() != nil {
		t.yield(Delta{}, t.ctx.Err())
		return true
	}
	return false
}

// ended is the error that nobody is left after.
func (t *turn) ended(err error) error {
	if len(t.failed) == 0 {
		return err
	}
	return &parley.FailedError{Failures: t.failed, Err: err}
}

func (t *turn) note(vendor string, code parley.VendorCode, why string) {
	if t.notice != "" {
		t.notice += "; "
	}
	t.notice += vendor + " " + why
	t.failed = append(t.failed, parley.Failure{Vendor: vendor, Reason: code})
}

// next is who is to be asked; last: nobody is left after it.
func (t *turn) next() (v Vendor, last, ok bool) {
	if v, last, ok = t.allowed(); ok || len(t.shunned) == 0 {
		return v, last, ok
	}
	v, t.shunned = t.shunned[0], t.shunned[1:]
	return v, len(t.shunned) == 0, true
}

// allowed is next of those whose breaker is closed.
func (t *turn) allowed() (v Vendor, last, ok bool) {
	for len(t.left) > 0 {
		v, t.left = t.left[0], t.left[1:]
		if t.alone || breakers.Of(v.key()).Allow() {
			return v, len(t.left) == 0 && len(t.shunned) == 0, true
		}
		t.shunned = append(t.shunned, v)
		t.note(v.Name, parley.VendorShunned, "has kept failing")
	}
	return Vendor{}, false, false
}

// ask has one vendor answer, or go on with the answer; last: nobody is left after it. A nil error ends the turn.
func (t *turn) ask(v Vendor, last bool) error {
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	limit, _ := t.patience(v, last)
	late := &parley.VendorError{Vendor: v.Name, Code: parley.VendorTimeout, Message: "nothing useful in time"}
	watch := time.AfterFunc(limit, func() { cancel(late) })
	defer watch.Stop()

	a := answer{turn: t, vendor: v.Name, echo: echo{said: t.said.String()}}
	alive := time.Now() // when something useful came
	for d, err := range t.stream(ctx, &v, &last, func(v Vendor, last bool) {
		limit, _ := t.patience(v, last)
		watch.Reset(limit)
	}) {
		a.vendor = v.Name
		if err == nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		if err != nil {
			return t.gaveUp(v, first(context.Cause(ctx), err))
		}
		useful := d.Text != "" || d.Call != nil
		lives := useful || d.Busy && time.Since(alive) < busyLimit
		if lives {
			watch.Stop() // the consumer's own time does not count
		}
		if !a.take(d) {
			t.stopped = true
			return nil
		}
		if useful {
			alive = time.Now()
		}
		if lives {
			_, stall := t.patience(v, last)
			watch.Reset(stall)
		}
	}
	if ctx.Err() != nil { // a stream that ends quietly when it is cancelled
		return t.gaveUp(v, context.Cause(ctx))
	}
	if !a.useful {
		t.note(v.Name, parley.VendorEmpty, "gave an empty answer")
		return errEmpty
	}
	breakers.Of(v.key()).Worked()
	t.stopped = !a.finish()
	return nil
}

// patience is how long the vendor may be without output, at first and later.
func (t *turn) patience(v Vendor, last bool) (first, stall time.Duration) {
	reasons := t.request.ReasoningEffort != "" && t.request.ReasoningEffort != "minimal"
	first, stall = firstOutput, stallLimit
	switch {
	case last && reasons:
		first, stall = lastThought, lastStall
	case last:
		first, stall = lastOutput, lastStall
	case reasons:
		first = thoughtful
	}
	return cmp.Or(v.FirstOutput, first), cmp.Or(v.Stall, stall)
}

func (t *turn) gaveUp(v Vendor, err error) error {
	if t.ctx.Err() == nil {
		breakers.Of(v.key()).Failed()
		t.note(v.Name, parley.CodeOf(err), "failed: "+err.Error())
	}
	return err
}

// first is the cause of a cancelled attempt where there is one, else the error.
func first(cause, err error) error {
	var v *parley.VendorError
	if errors.As(cause, &v) {
		return v
	}
	return err
}

// continued is the request, with what was already said and the wish to hear the rest.
func (t *turn) continued() Request {
	r := t.request
	if t.said.Len() == 0 {
		return r
	}
	r.Messages = append(append([]Message(nil), r.Messages...),
		Message{Role: Assistant, Text: t.said.String()},
		Message{Role: System, Text: "Your last message was cut off. Go on exactly where it stops, without repeating any of it."})
	return r
}

// An answer is what one vendor makes of a turn.
type answer struct {
	*turn
	vendor string
	echo   echo
	calls  []Call
	told   bool // Vendor and Notice are out
	useful bool
}

func (a *answer) take(d Delta) bool {
	if d.Call != nil {
		a.useful = true
		a.calls = append(a.calls, *d.Call)
	}
	if d.Text != "" {
		a.useful = true
		d.Text = a.echo.pass(d.Text)
	}
	if d.Text == "" && d.Usage == nil && d.Notice == "" {
		return true
	}
	a.said.WriteString(d.Text)
	return a.send(Delta{Text: d.Text, Usage: d.Usage, Notice: d.Notice})
}

// finish passes the tool calls on: the answer is whole.
func (a *answer) finish() bool {
	if rest := a.echo.rest(); rest != "" {
		a.said.WriteString(rest)
		if !a.send(Delta{Text: rest}) {
			return false
		}
	}
	for i := range a.calls {
		if !a.send(Delta{Call: &a.calls[i]}) {
			return false
		}
	}
	return true
}

func (a *answer) send(d Delta) bool {
	if !a.told {
		a.told = true
		d.Vendor = a.vendor
		if a.notice != "" && d.Notice != "" {
			d.Notice = a.notice + "; " + d.Notice
		} else if a.notice != "" {
			d.Notice = a.notice
		}
		d.Failed, a.notice, a.failed = a.failed, "", nil
	}
	return a.yield(d, nil)
}
