package llm

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/parley-voice/parley"
)

// A runner has one vendor answer on a goroutine of its own, which ends with stop.
type runner struct {
	vendor Vendor
	last   bool
	out    chan delta
	held   []Delta // what came before anything useful
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

type delta struct {
	Delta
	err error
}

func enter(ctx context.Context, v Vendor, last bool, r Request) *runner {
	ctx, cancel := context.WithCancel(ctx)
	x := &runner{vendor: v, last: last, out: make(chan delta), cancel: cancel}
	x.ended.Go(func() {
		defer close(x.out)
		for d, err := range v.Model.Chat(ctx, r) {
			select {
			case x.out <- delta{d, err}:
			case <-ctx.Done():
				return
			}
		}
	})
	return x
}

func (x *runner) stop() {
	x.cancel()
	x.ended.Wait()
}

// stream is the answer of who; where that one is to be hedged and gives nothing useful in time, the next vendor is asked as well,
// and who is whoever was useful first. The other is cancelled; the tokens it told of count. moved is called when the next is asked.
func (t *turn) stream(ctx context.Context, who *Vendor, last *bool, moved func(Vendor, bool)) iter.Seq2[Delta, error] {
	r := t.continued()
	if who.Hedge <= 0 || t.said.Len() > 0 || len(t.left) == 0 {
		return who.Model.Chat(ctx, r)
	}
	return func(yield func(Delta, error) bool) {
		race := race{turn: t, ctx: ctx, first: enter(ctx, *who, *last, r)}
		defer func() { // second may have come, and either may have been let go
			for _, x := range []*runner{race.first, race.second} {
				if x != nil {
					x.stop()
				}
			}
		}()
		won, err := race.run(r, moved)
		if won != nil {
			*who, *last = won.vendor, won.last
		}
		if err != nil {
			yield(Delta{}, err)
			return
		}
		if won == nil {
			return // an empty answer
		}
		for _, d := range append(won.held, race.spent...) {
			if !yield(d, nil) {
				return
			}
		}
		for d := range won.out {
			if !yield(d.Delta, d.err) || d.err != nil {
				return
			}
		}
	}
}

// A race is two vendors at one answer.
type race struct {
	*turn
	ctx           context.Context
	first, second *runner
	spent         []Delta // tokens of the one that lost
}

// run is whoever is useful first, its first useful delta held; nil: an empty answer.
func (r *race) run(request Request, moved func(Vendor, bool)) (*runner, error) {
	start := time.Now()
	timer := time.NewTimer(r.first.vendor.Hedge)
	defer timer.Stop()
	for {
		var other <-chan delta
		if r.second != nil {
			other = r.second.out
		}
		select {
		case d, ok := <-r.first.out:
			if won, err, over := r.take(&r.first, &r.second, d, ok); over {
				return won, err
			}
		case d, ok := <-other:
			if won, err, over := r.take(&r.second, &r.first, d, ok); over {
				if won == r.second && won != nil && r.first != nil {
					r.note(r.first.vendor.Name, parley.VendorSlow, fmt.Sprintf("gave nothing useful in %s, and %s was sooner", time.Since(start).Round(10*time.Millisecond), won.vendor.Name))
					r.lose(&r.first)
				}
				return won, err
			}
			if r.second != nil && r.first == nil {
				r.first, r.second = r.second, nil
			}
		case <-timer.C:
			if v, last, ok := r.allowed(); ok {
				r.second = enter(r.ctx, v, last, request)
				moved(v, last)
			}
		case <-r.ctx.Done():
			if x := r.second; x != nil && r.turn.ctx.Err() == nil {
				_ = r.gaveUp(x.vendor, &parley.VendorError{Vendor: x.vendor.Name, Code: parley.VendorTimeout, Message: "nothing useful in time"})
			}
			return r.first, r.ctx.Err()
		}
		if r.first == nil { // it failed, and the second goes on alone
			r.first, r.second = r.second, nil
		}
	}
}

// take is told what came from one of the two; over: the race is.
func (r *race) take(from, other **runner, d delta, ok bool) (won *runner, err error, over bool) {
	x := *from
	switch {
	case ok && d.err == nil && (d.Text != "" || d.Call != nil):
		x.held = append(x.held, d.Delta)
		if from == &r.first {
			r.lose(&r.second)
		}
		return x, nil, true
	case ok && d.err == nil:
		x.held = append(x.held, d.Delta)
		return nil, nil, false
	case *other == nil:
		return x, d.err, true // with what it held; nothing more comes of it
	case ok:
		_ = r.gaveUp(x.vendor, d.err)
	default:
		r.note(x.vendor.Name, parley.VendorEmpty, "gave an empty answer")
	}
	r.lose(from)
	return nil, nil, false
}

// lose lets go of one of the two, and keeps what it cost.
func (r *race) lose(at **runner) {
	x := *at
	if x == nil {
		return
	}
	*at = nil
	x.stop()
	for _, d := range x.held {
		if d.Usage != nil {
			r.spent = append(r.spent, Delta{Usage: d.Usage})
		}
	}
}
