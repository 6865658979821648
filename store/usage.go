package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// MinutesUsed is how long the calls of an environment that were answered from one time until before another were, in minutes. Those
// that still run do not count yet. The sum of more than listWindow calls is remembered for surveyKept.
func (d *DB) MinutesUsed(ctx context.Context, env string, from, to time.Time) (float64, error) {
	name := fmt.Sprint(env, "\x00", from.UnixMicro(), "\x00", to.UnixNano()/int64(surveyKept)) // until now is asked for, again and again
	if n, ok := d.minutes.recall(name); ok {
		return n, nil
	}
	var sum struct{ Us, N int64 }
	err := d.r.NewRaw("SELECT CAST(COALESCE(SUM(end_at - start_at), 0) AS BIGINT) AS us, COUNT(*) AS n FROM calls WHERE environment_id = ? AND start_at >= ? AND start_at < ? AND start_at > 0 AND end_at > start_at",
		clean(env), micros(from), micros(to)).Scan(ctx, &sum)
	if err != nil {
		return 0, fmt.Errorf("counting minutes: %w", err)
	}
	n := (time.Duration(sum.Us) * time.Microsecond).Minutes()
	if sum.N > listWindow {
		d.minutes.keep(name, n)
	}
	return n, nil
}

// sums are remembered for surveyKept.
type sums struct {
	mu   sync.Mutex // guards kept
	kept map[string]kept
}

type kept struct {
	n  float64
	at time.Time
}

func (s *sums) recall(name string) (float64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[name]
	return k.n, ok && time.Since(k.at) < surveyKept
}

func (s *sums) keep(name string, n float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || len(s.kept) >= surveysKept {
		s.kept = map[string]kept{}
	}
	s.kept[name] = kept{n, time.Now()}
}
