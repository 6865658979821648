package legtest

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
)

const attemptsMost = 3

// attempt is a test that may be made again: what it finds wrong is kept, and does not fail it yet.
type attempt struct {
	*testing.T
	mu    sync.Mutex // guards wrong
	wrong []string
}

func (a *attempt) note(s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrong = append(a.wrong, s)
}

func (a *attempt) Error(v ...any)            { a.note(fmt.Sprint(v...)) }
func (a *attempt) Errorf(f string, v ...any) { a.note(fmt.Sprintf(f, v...)) }

// Fatal ends the goroutine, which is the attempt's own.
func (a *attempt) Fatal(v ...any) {
	a.Error(v...)
	runtime.Goexit()
}

func (a *attempt) Fatalf(f string, v ...any) {
	a.Errorf(f, v...)
	runtime.Goexit()
}

// attempts makes the check until it passes, or has failed too often.
func (k check) attempts(t *testing.T, open Open) {
	for n := 1; ; n++ {
		a := &attempt{T: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			k.run(newProbe(t, a, open, k))
		}()
		<-done
		if t.Failed() || len(a.wrong) == 0 {
			return
		}
		for _, w := range a.wrong {
			if n == attemptsMost {
				t.Error(w)
			} else {
				t.Logf("attempt %d of %d: %s", n, attemptsMost, w)
			}
		}
		if n == attemptsMost {
			return
		}
	}
}
