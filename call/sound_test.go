package call

import (
	"context"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/denoise"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// loudness is a transcriber that understands nothing and knows how loud the newest frame of sound was.
type loudness struct{ rms atomic.Int64 }

func (l *loudness) Transcribe(ctx context.Context, in <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
	return func(func(stt.Event, error) bool) {
		for {
			select {
			case f, ok := <-in:
				if !ok {
					return
				}
				l.rms.Store(int64(f.RMS()))
			case <-ctx.Done():
				return
			}
		}
	}
}

// TestNoiseSuppression: hiss is as much quieter for the agent as its level asks, and is on the recording as it came.
func TestNoiseSuppression(t *testing.T) {
	for _, tc := range []struct {
		level float64 // −1: none given; −2: switched off
		least float64 // of what is heard, in dB of what came
		most  float64
	}{{-2, -1, 1}, {-1, -14, -8}, {0, -1, 1}, {100, -60, -17}} {
		run(t, func(ctx context.Context, b *bench) {
			on := tc.level > -2
			b.desk.agent.NoiseSuppression = &on
			if tc.level >= 0 {
				b.desk.agent.NoiseSuppressionLevel = &tc.level
			}
			ear := &loudness{}
			b.Open = func(context.Context, string, *parley.Agent) (Ready, error) {
				return Ready{Hear: ear, Think: lines(), Speak: voice}, nil
			}
			p, _, done := b.ring(ctx, "desk")
			r := rand.New(rand.NewPCG(1, 2))
			hiss := make([]audio.Frame, 200)
			for i := range hiss {
				for j := range hiss[i] {
					hiss[i][j] = int16(500 * r.NormFloat64())
				}
			}
			p.Say(hiss...)
			time.Sleep(3900 * time.Millisecond)
			db := audio.ToDB(float64(ear.rms.Load()) / 500)
			if db < tc.least || db > tc.most {
				t.Errorf("level %.0f: %.1f dB of the noise is heard", tc.level, db)
			}
			p.Hangup()
			<-done
			if left := recorded(t, b, 0); audio.DBFS(left) < -38 {
				t.Errorf("level %.0f: the recording has %.1f dBFS of it", tc.level, audio.DBFS(left))
			}
		})
	}
}

// recorded is the second to the third second of a channel of the only call's recording.
func recorded(t *testing.T, b *bench, channel int) (pcm []int16) {
	t.Helper()
	f, err := os.Open(filepath.Join(string(b.Recordings.(dir)), b.rows.only(t).Recording))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	for i := 2 * audio.Rate; i < 3*audio.Rate; i++ {
		pcm = append(pcm, s.PCM[2*i+channel])
	}
	return pcm
}

// TestBackgroundSound: it stands behind the agent's voice and its silence, not on the recording, and whoever the caller is transferred to has none.
func TestBackgroundSound(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		sound := "office"
		b.desk.agent.BackgroundSound = &sound
		b.desk.agent.Greeting.InitialMessage = nil
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(4 * time.Second)
		var heard []int16
		for _, f := range p.Ear() {
			heard = append(heard, f[:]...)
		}
		if db := audio.DBFS(heard); len(heard) < 3*audio.Rate || db < -44 || db > -28 {
			t.Errorf("the caller hears %d samples at %.1f dBFS", len(heard), db)
		}
		p.Hangup()
		<-done
		if right := recorded(t, b, 1); audio.RMS(right) != 0 {
			t.Errorf("the recording has it, at %.1f dBFS", audio.DBFS(right))
		}
	})
}

// TestBackgroundEndsWithTheConversation: a caller who is being transferred does not hear the office of an agent that has gone.
func TestBackgroundEndsWithTheConversation(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		sound := "office"
		b.desk.agent.BackgroundSound = &sound
		p, l := legtest.Pipe(ctx)
		line := b.open(&parley.Call{ID: "c1"}, func(error) {}, t.Context().Err)
		defer b.shut(line)
		line.script = write(line.call, &b.desk.agent, nil, time.Now())
		_, silent := b.sound(l, &tap{}, line)
		time.Sleep(time.Second)
		silent()
		time.Sleep(100 * time.Millisecond)
		n := len(p.Ear())
		time.Sleep(time.Second)
		if more := len(p.Ear()); n < 40 || more != n {
			t.Errorf("%d frames, and %d when it had ended", n, more)
		}
		p.Hangup()
	})
}

// TestUnknownBackground: an agent of an older version, whose sound is none any more, talks without one.
func TestUnknownBackground(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		sound := "surf"
		b.desk.agent.BackgroundSound = &sound
		b.model = lines(llm.Delta{Text: "Hello."})
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		p.Hangup()
		<-done
		if w := b.book.payload(t, parley.EventWarning); !strings.Contains(w, "office-2") {
			t.Errorf("the warning: %s", w)
		}
	})
}

// edged is a leg of one frame, which knows when its packet came.
type edged struct {
	leg.Leg
	came time.Time
}

func (e edged) Read(context.Context) (leg.Event, error) {
	return leg.Event{Kind: leg.Audio, Edge: e.came}, nil
}

// TestNoiseSuppressionDelaysNothing: what comes out of it later came as soon as before, and a leg that does not know when tells nothing.
func TestNoiseSuppressionDelaysNothing(t *testing.T) {
	came := time.Now()
	for _, c := range []struct{ in, out time.Time }{{came, came.Add(-denoise.Delay)}, {}} {
		s := suppressed{Leg: edged{came: c.in}, noise: denoise.New(50)}
		if e, err := s.Read(t.Context()); err != nil || !e.Edge.Equal(c.out) {
			t.Errorf("%v, %v", e.Edge, err)
		}
	}
}
