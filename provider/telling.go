package provider

import (
	"errors"
	"time"

	"github.com/parley-voice/parley/llm"
)

// A Telling passes one answer of a model on; its first delta says whose it is.
type Telling struct {
	Vendor  string
	Notice  string
	Yield   func(llm.Delta, error) bool
	Stopped bool // the consumer ended the loop
	named   bool // the vendor's name is out
}

// Send passes a delta on. Once the consumer has ended the loop it does nothing.
func (t *Telling) Send(d llm.Delta) {
	if t.Stopped {
		return
	}
	if !t.named {
		t.named = true
		d.Vendor, d.Notice = t.Vendor, t.Notice
	}
	t.Stopped = !t.Yield(d, nil)
}

// afterWhole is how long the end of the body may come after the answer is whole.
const afterWhole = time.Second

// Answer hands every event of an answer to take, which says whether the answer is whole by now. A whole one is read to the end of its body all
// the same, so that the connection is kept, for afterWhole: then it is cancelled. A body that ends before is an error; none is
// told once take has stopped the telling.
func (e *Events) Answer(t *Telling, cancel func(), take func(data []byte) (whole bool, err error)) error {
	var late *time.Timer
	defer func() {
		if late != nil {
			late.Stop()
		}
	}()
	for {
		data, err := e.Next()
		switch {
		case err != nil && late != nil:
			return nil
		case errors.Is(err, ErrTooLong):
			return BadOutput(t.Vendor, err.Error(), err)
		case err != nil:
			return err
		}
		whole, err := take(data)
		if err != nil || t.Stopped {
			return err
		}
		if whole && late == nil {
			late = time.AfterFunc(afterWhole, cancel)
		}
	}
}
