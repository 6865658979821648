package room

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/legtest"
)

// spent is the process's CPU time.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkParties is a second of 16 phones that all talk, in real time: their CPU as %core when each is read alone, and what it takes more
// when they hear each other.
func BenchmarkParties(b *testing.B) {
	const parties = 16
	second := func(meet bool) (cost time.Duration) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var r *Room
		for i := range parties {
			p, l := legtest.Pipe(ctx)
			p.SayTone(300+100*float64(i), 3*time.Second)
			switch {
			case !meet:
				go listenFor(ctx, l.Read)
			case r == nil:
				r = New(l)
				go listenFor(ctx, r.Agent().Read)
			default:
				r.Join(ctx, l)
			}
		}
		time.Sleep(500 * time.Millisecond)
		from := spent()
		time.Sleep(time.Second)
		cost = spent() - from
		if r != nil {
			_ = r.Agent().Hangup(ctx, parley.AgentEnded)
		}
		return cost
	}
	var apart, together time.Duration
	n := 0
	for b.Loop() {
		apart += second(false)
		together += second(true)
		n++
	}
	percent := func(d time.Duration) float64 { return 100 * d.Seconds() / float64(n) }
	b.ReportMetric(percent(apart), "%core-apart")
	b.ReportMetric(percent(together-apart), "%core-more")
}

func listenFor[E any](ctx context.Context, read func(context.Context) (E, error)) {
	for {
		if _, err := read(ctx); err != nil {
			return
		}
	}
}
