package leg

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// TestCallsPerSecond: calls that come too fast are spread out; the ones whose turn would come too late are refused.
func TestCallsPerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Usage
		a := &parley.TrunkAccount{ID: "t", Limits: parley.TrunkLimits{CallsPerSecond: 2}}
		start := time.Now()
		var mu sync.Mutex // guards all below
		perSecond := map[int]int{}
		refused := 0
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				leave, err := l.Await(t.Context(), a)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					var r *Rejected
					if !errors.As(err, &r) || r.Cause != parley.Unreachable || !errors.Is(err, ErrLimit) || time.Since(start) > 0 {
						t.Errorf("%v after %v", err, time.Since(start))
					}
					refused++
					return
				}
				defer leave()
				perSecond[int(time.Since(start)/time.Second)]++
			})
		}
		all.Wait()
		for s, n := range perSecond {
			if n > 2 {
				t.Errorf("%d calls in second %d", n, s)
			}
		}
		if most := int(turnMost/time.Second)*2 + 1; 100-refused != most {
			t.Errorf("%d calls were placed, not %d", 100-refused, most)
		}
		time.Sleep(time.Minute)
		at := time.Now()
		leave, err := l.Await(t.Context(), a)
		if err != nil || time.Since(at) > 0 {
			t.Errorf("after a rest: %v, %v", err, time.Since(at))
		}
		leave()
		leave()
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, stop)
		if _, err = l.Await(ctx, a); err == nil || time.Since(at) != 100*time.Millisecond {
			t.Errorf("who gave up: %v after %v", err, time.Since(at))
		}
	})
}

// TestNoLimits: without an account, or without its limits, there are none.
func TestNoLimits(t *testing.T) {
	var l Usage
	for _, a := range []*parley.TrunkAccount{nil, {}, {ID: "t"}, {Limits: parley.TrunkLimits{Calls: 1, CallsPerSecond: 0.001}}} {
		for range 100 {
			if _, err := l.Await(t.Context(), a); err != nil {
				t.Errorf("%+v: %v", a, err)
			}
		}
	}
}

// TestUsageIsForgotten: of an account that has no calls nothing is kept.
func TestUsageIsForgotten(t *testing.T) {
	var l Usage
	a := &parley.TrunkAccount{ID: "t", Limits: parley.TrunkLimits{Calls: 1}}
	for range 3 {
		leave, ok := l.Enter(a)
		if _, more := l.Enter(a); !ok || more {
			t.Errorf("room for one: %v, for two: %v", ok, more)
		}
		leave()
		leave()
	}
	if len(l.used) != 0 {
		t.Errorf("%d accounts in use", len(l.used))
	}
}
