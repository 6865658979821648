package turns

import (
	"fmt"
	"io"
	"time"

	"github.com/parley-voice/parley/turn"
)

// promptly is how soon the last packet of the agent is to have gone.
const promptly = 250 * time.Millisecond

// stages are the moments on the way from an interruption's first sound to the agent's last packet. Zero: it did not come to that.
type stages struct {
	from    time.Duration // the first sound
	noticed time.Duration // the first speech in it
	hushed  time.Duration // the agent first fell silent
	resumed bool          // and went on before it was stopped
	worded  time.Duration // the transcriber's first word of it
	started bool          // it told of speech before
	stopped bool
}

func first(at *time.Duration, now time.Duration) {
	if *at == 0 {
		*at = now
	}
}

func (s *stages) heard(speech bool, now time.Duration) {
	if speech && now > s.from {
		first(&s.noticed, now)
	}
}

func (s *stages) told(t *told) {
	switch {
	case t.at <= s.from || s.stopped:
	case t.Text != "":
		first(&s.worded, t.at)
	case t.Started && s.worded == 0:
		s.started = true
	}
}

func (s *stages) decided(k turn.Kind, now time.Duration) {
	if now <= s.from || s.stopped {
		return
	}
	switch k {
	case turn.Pause:
		first(&s.hushed, now)
	case turn.Resume:
		s.resumed = s.resumed || s.hushed > 0
	case turn.BargeIn, turn.TurnEnd:
		s.stopped = true
		first(&s.hushed, now)
	}
}

// Stages is where the time goes between an interruption and the agent's last packet.
type Stages struct {
	Steps []Step
	Late  []Reason // why the last packet went later than it should
	Of    int

	times [len(stepNames)][]time.Duration
	why   [len(reasons)]int
}

// A Step is a moment after the first sound of an interruption, in milliseconds.
type Step struct {
	Name          string
	P50, P95, P99 int64
	Of            int
}

// A Reason is why some last packets went late.
type Reason struct {
	Name string
	N    int
}

var stepNames = [...]string{"speech noticed in the sound", "agent first silent", "first word told", "last packet"}

var reasons = [...]string{"fell silent in time, and went on before the words came", "the sound was noticed in time, its voice was not", "the sound was noticed late", "silent for the words alone"}

func (s *Stages) add(x *Result) {
	st := &x.stages
	s.Of++
	for i, at := range []time.Duration{st.noticed, st.hushed, st.worded, x.Stop + st.from} {
		if at > 0 {
			s.times[i] = append(s.times[i], at-st.from)
		}
	}
	if x.Stop <= promptly {
		return
	}
	switch {
	case st.resumed:
		s.why[0]++
	case st.worded > 0 && st.hushed >= st.worded:
		s.why[3]++
	case st.noticed > 0 && st.noticed-st.from <= promptly-playedOut:
		s.why[1]++
	default:
		s.why[2]++
	}
}

func (s *Stages) settle() {
	for i, all := range s.times {
		ms := func(p float64) int64 { return percentile(all, p).Milliseconds() }
		s.Steps = append(s.Steps, Step{stepNames[i], ms(0.5), ms(0.95), ms(0.99), len(all)})
	}
	for i, n := range s.why {
		s.Late = append(s.Late, Reason{reasons[i], n})
	}
}

func (s *Stages) print(w io.Writer) {
	if s.Of == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-42s %8s %8s %8s %7s\n", "after an interruption's first sound, ms", "p50", "p95", "p99", "items")
	for _, t := range s.Steps {
		fmt.Fprintf(w, "%-42s %8d %8d %8d %7d\n", t.Name, t.P50, t.P95, t.P99, t.Of)
	}
	for _, r := range s.Late {
		fmt.Fprintf(w, "later than %d ms: %3d of %d: %s\n", promptly.Milliseconds(), r.N, s.Of, r.Name)
	}
}
