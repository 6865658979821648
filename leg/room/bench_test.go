package room

import (
	"context"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// a desk is a leg whose far end talks all the time, in lockstep with the mixing.
type desk struct {
	line *leg.Playout
	feed *leg.Events
	tick leg.Tick
	ev   leg.Event
	at   time.Duration
}

func newDesk(hz float64) *desk {
	return &desk{line: leg.NewPlayout(), feed: leg.NewEvents(), ev: leg.Event{Frame: legtest.Tone(hz, audio.FrameDur, 3000)[0]}}
}

// step is what the clock of the leg and the reader of its wire do every 20 ms.
func (d *desk) step(m *Member) {
	d.line.Next(&d.tick)
	d.ev.Kind, d.ev.At = leg.Audio, d.at
	m.take(&d.ev)
	d.ev.Kind = leg.Played
	m.take(&d.ev)
	for _, mark := range d.tick.Marks {
		m.take(&leg.Event{Kind: leg.Marked, Mark: mark})
	}
	d.at += audio.FrameDur
}

func (d *desk) Read(ctx context.Context) (leg.Event, error)     { return d.feed.Read(ctx) }
func (d *desk) Play(ctx context.Context, f audio.Frame) error   { return d.line.Play(ctx, &f) }
func (d *desk) Mark(id uint64) error                            { return d.line.Mark(id) }
func (d *desk) Clear() error                                    { d.line.Clear(); return nil }
func (d *desk) SendDTMF(_ context.Context, digits string) error { return d.line.Digits(digits) }
func (d *desk) Refer(context.Context, string) error             { return nil }
func (d *desk) Hangup(context.Context, parley.Cause) error      { d.feed.End(nil); return nil }

// conference is a room of n who all talk, without its goroutines: step is 20 ms of it.
func conference(n int) (step func()) {
	r := New(newDesk(300))
	r.mixing = newMixing(r)
	r.mixing.began = r.first
	r.port.feed = leg.NewEvents()
	desks := []*desk{r.first.leg.(*desk)}
	for i := 1; i < n; i++ {
		d := newDesk(300 + 100*float64(i))
		desks = append(desks, d)
		r.members = append(r.members, newMember(r, d))
	}
	now := time.Now()
	voice := legtest.Tone(agentHz, audio.FrameDur, 3000)[0]
	return func() {
		for i, m := range r.members {
			desks[i].step(m)
		}
		_ = r.port.Play(context.Background(), voice)
		r.mixing.step(now)
		now = now.Add(audio.FrameDur)
		for {
			if _, err := r.port.feed.Read(over); err != nil {
				return
			}
		}
	}
}

func TestNothingIsAllocatedPerFrame(t *testing.T) {
	step := conference(16)
	for range 400 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations every 20 ms", n)
	}
}

// BenchmarkConference is 20 ms of a conference of 16 who all talk at once, and the agent with them.
func BenchmarkConference(b *testing.B) {
	step := conference(16)
	for range 100 {
		step()
	}
	for b.Loop() {
		step()
	}
	perStep := float64(b.Elapsed()) / float64(b.N)
	b.ReportMetric(100*perStep/float64(audio.FrameDur), "%core")
}
