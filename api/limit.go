package api

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/parley-voice/parley"
)

const (
	defaultRate = 1000   // requests a second that each key may make; bursts of twice as many
	maxLimiters = 10_000 // keys remembered; beyond that those that are idle are forgotten
)

// limits holds each key to its rate.
type limits struct {
	perSecond float64
	mu        sync.Mutex // guards by
	by        map[string]*rate.Limiter
}

func newLimits(perSecond float64) *limits {
	if perSecond == 0 {
		perSecond = defaultRate
	}
	return &limits{perSecond: perSecond, by: map[string]*rate.Limiter{}}
}

// take counts a request of a key; one too many is a 429 that says when to come back.
func (l *limits) take(key string) error {
	if l.perSecond < 0 {
		return nil
	}
	now := time.Now()
	r := l.of(key, now).ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if r.OK() && wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return &parley.Error{Status: http.StatusTooManyRequests, Code: "too_many_requests", RetryAfter: max(wait, time.Second),
		Message: "this key asks too often: wait as long as Retry-After says"}
}

func (l *limits) of(key string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.by[key]; one != nil {
		return one
	}
	burst := max(int(2*l.perSecond), 1)
	if len(l.by) >= maxLimiters {
		for k, one := range l.by {
			if one.TokensAt(now) >= float64(burst) {
				delete(l.by, k)
			}
		}
	}
	one := rate.NewLimiter(rate.Limit(l.perSecond), burst)
	l.by[key] = one
	return one
}
