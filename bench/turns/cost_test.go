//go:build unix

package turns

import (
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
	"github.com/parley-voice/parley/audio/denoise"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
	"github.com/parley-voice/parley/turn/journal"
)

// talk is a minute of a call, 20 ms by 20 ms: both sides speak by turns and for a fifth of the time at once, on a line with noise.
func talk() (caller, agent []audio.Frame) {
	const frames = 3000
	dice := rand.New(rand.NewPCG(1, 2))
	voices := [2]*babble.Voice{babble.New(1), babble.New(2)}
	caller, agent = make([]audio.Frame, frames), make([]audio.Frame, frames)
	for i := range frames {
		at := i % 500 // of ten seconds
		if at < 250 {
			voices[0].Fill(caller[i][:])
		}
		if at >= 150 && at < 450 {
			voices[1].Fill(agent[i][:])
		}
		for k := range caller[i] {
			caller[i][k] += int16(dice.NormFloat64() * 60)
		}
	}
	return caller, agent
}

// spent is what this process has used of the processor: what others use at the same time does not count.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCall is what taking turns costs of a core: the detector with its journal; who answered besides, which an outbound call
// wants for its first seconds, or to its end with enable_dynamic_vm_detection; noise suppression besides, where an agent has it.
func BenchmarkCall(b *testing.B) {
	caller, agent := talk()
	for _, with := range []struct {
		name          string
		who, suppress bool
	}{{"turns", false, false}, {"turns+who", true, false}, {"turns+noise", false, true}, {"all", true, true}} {
		b.Run(with.name, func(b *testing.B) {
			d := journal.New(turn.Options{Language: "en"}, journal.NewWriter(io.Discard), func(journal.Decision) {})
			who := d.Who(answer.Options{Language: "en", Dynamic: true}, 0)
			noise := denoise.New(50)
			now := time.Duration(0)
			b.ReportAllocs()
			began := spent()
			for i := 0; b.Loop(); i++ {
				i %= len(caller)
				now += audio.FrameDur
				switch i % 500 {
				case 0:
					d.Agent(turn.Idle)
				case 150:
					d.Agent(turn.Busy)
				case 100, 200:
					d.Heard(turn.Words{Text: "what are your opening hours today"}, now)
				case 250:
					d.Heard(turn.Words{Text: "what are your opening hours today please", Final: true}, now)
				}
				f := caller[i]
				if with.suppress {
					noise.Frame(&f)
				}
				d.Played(&agent[i], now, now)
				d.Frame(&f, now, now)
				if with.who {
					who.Frame(&f, now)
					who.Verdict()
				}
				if at, ok := d.Due(); ok && at <= now {
					d.Tick(now)
				}
			}
			b.ReportMetric(100*float64(spent()-began)/float64(b.N)/float64(audio.FrameDur), "%core")
		})
	}
}
