package room

import (
	"context"
	"testing"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// The agent's leg is a leg like any other, whoever is in the room.
func TestConformance(t *testing.T) {
	for name, others := range map[string]func(ctx context.Context, r *Room){
		"alone": func(context.Context, *Room) {},
		"with one who waits": func(ctx context.Context, r *Room) {
			_, l := legtest.Pipe(ctx)
			r.Join(ctx, l).Hold(true)
		},
		"with a silent one": func(ctx context.Context, r *Room) {
			_, l := legtest.Pipe(ctx)
			r.Join(ctx, l)
		},
		"alone again": func(ctx context.Context, r *Room) {
			_, l := legtest.Pipe(ctx)
			if m := r.Join(ctx, l); m.Take() != nil {
				_ = l.Hangup(ctx, "")
			}
		},
	} {
		open := func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
			ctx, cancel := context.WithCancel(context.Background())
			phone, near := legtest.PipeLimits(ctx, l)
			r := New(near)
			others(ctx, r)
			t.Cleanup(func() {
				_ = r.Agent().Hangup(context.Background(), "")
				cancel()
			})
			return r.Agent(), phone
		}
		t.Run(name, func(t *testing.T) { legtest.RunVirtual(t, open) })
	}
}
