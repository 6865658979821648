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

// limits holds each key, or address, to its rate.
type limits struct {
	says string // of one request too many

	mu        sync.Mutex // guards all below
	perSecond float64    // negative: any number
	burst     int
	by        map[string]*rate.Limiter
}

func newLimits(perSecond float64) *limits {
	perSecond, burst := keyRate(perSecond)
	return limited(perSecond, burst, "this key asks too often")
}

func keyRate(perSecond float64) (float64, int) {
	if perSecond == 0 {
		perSecond = defaultRate
	}
	return perSecond, max(int(2*perSecond), 1)
}

// SetRate has each key make so many requests a second from now on, as Config.RatePerSecond says it.
func (a *API) SetRate(perSecond float64) {
	perSecond, burst := keyRate(perSecond)
	l := a.limits
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perSecond != perSecond {
		l.perSecond, l.burst = perSecond, burst
		clear(l.by)
	}
}

// newWrongs holds addresses to so many wrong keys.
func newWrongs() *limits {
	return limited(1/wrongKeyEvery.Seconds(), wrongKeys, "too many wrong keys from this address")
}

// newProbeLimits holds connections to so many tests.
func newProbeLimits() *limits {
	return limited(1.0/probesEvery, probesFirst, "this connection is tested too often")
}

func limited(perSecond float64, burst int, says string) *limits {
	return &limits{perSecond: perSecond, burst: burst, says: says + ": wait as long as Retry-After says", by: map[string]*rate.Limiter{}}
}

func (l *limits) tooMany(wait time.Duration) error {
	return &parley.Error{Status: http.StatusTooManyRequests, Code: "too_many_requests", RetryAfter: max(wait, time.Second), Message: l.says}
}

// take counts a request of a key; one too many is a 429 that says when to come back.
func (l *limits) take(key string) error {
	now := time.Now()
	one := l.of(key, now)
	if one == nil {
		return nil
	}
	r := one.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if r.OK() && wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return l.tooMany(wait)
}

// of is the limiter of a key; nil: there is no limit.
func (l *limits) of(key string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.perSecond < 0 {
		return nil
	}
	if one := l.by[key]; one != nil {
		return one
	}
	if len(l.by) >= maxLimiters {
		for k, one := range l.by {
			if one.TokensAt(now) >= float64(l.burst) {
				delete(l.by, k)
			}
		}
	}
	one := rate.NewLimiter(rate.Limit(l.perSecond), l.burst)
	l.by[key] = one
	return one
}
