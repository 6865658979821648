package turns

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
)

// playedOut is how much later than a decision the last packet of the agent goes: the one that was on its way.
const playedOut = audio.FrameDur

// A Result is what was decided on an item.
type Result struct {
	Item    *Item
	Absent  bool   // its voice is not on this machine
	Err     string // it could not be made
	Unheard string // it could not be heard
	Outcome Outcome
	Wait    time.Duration // TurnEnd after the end of speech
	Stop    time.Duration // from the interruption's begin to the agent's last packet
	Silent  time.Duration // how long a pause that was nothing lasted
	Resumed time.Duration // of it, after the caller fell silent
	Ambient bool          // the place's noise alone silenced the agent
	Frames  int
	CPU     time.Duration
	Trace   []string
	Answer  answered
	Way     way
	early   early
	stages  stages

	said, wrong int // words
}

// An Outcome is what happened to an item.
type Outcome string

// Outcomes. Of those with the agent speaking: it went on, it paused and went on, it was stopped.
const (
	OneTurn  Outcome = "one turn"
	CutOff   Outcome = "cut off"
	NoEnd    Outcome = "never ended"
	WentOn   Outcome = "went on"
	Paused   Outcome = "paused"
	Stopped  Outcome = "stopped"
	TooLate  Outcome = "too late"
	Untested Outcome = ""
)

// knows are what a detector may want to be told besides; those that do not exist are not told.
type (
	playedTo interface {
		Played(f *audio.Frame, now time.Duration) // 20 ms of the agent that were put on the wire
	}
	askedOf interface {
		Asked(text string) // what the agent said last
	}
)

// driver is a conversation around a detector.
type driver struct {
	it     *Item
	sc     *scene
	d      *turn.Detector
	floor  bool // the item is one for which the agent speaks
	agent  turn.Agent
	paused bool
	begun  bool          // the agent has its first words
	speaks time.Duration // and is to be heard from then
	at     int           // samples of the agent's speech that were played
	voice  []int16
	ring   []int16 // what was played, for the echo
	echo   float64
	pause  time.Duration // of the pause under way
	stops  []time.Duration
	pauses []Span
	ends   []time.Duration
	res    *Result
	trace  bool
}

const echoDelay = 160 * time.Millisecond

func hear(ctx context.Context, st *store, it *Item, dials turn.Options, o Options) (r Result) {
	r.Item = it
	sc, err := stage(st, it)
	if err != nil {
		r.Absent = true
		r.Err = err.Error()
		return r
	}
	words, err := transcribed(ctx, it, sc, &o)
	if err != nil {
		r.Unheard = err.Error()
		return r
	}
	if o.Hearing != nil {
		r.said, r.wrong = misheard(sc, words)
	}
	switch {
	case it.Answer:
		hearAnswer(it, sc, dials, o, &r, words)
		return r
	case it.Class == Menu:
		r.Way.asked = hearMenu(it, sc, dials, o, &r, words, it.Key)
		r.Way.alone = hearMenu(it, sc, dials, o, &r, words, "")
		return r
	}
	dials.Language = it.Lang
	v := &driver{it: it, sc: sc, d: turn.New(dials), res: &r, trace: o.Trace}
	r.stages.from = sc.begin()
	v.floor = it.Class != Finished && it.Class != Unfinished
	if v.floor {
		v.speak(st)
	}
	if a, ok := any(v.d).(askedOf); ok && it.Asked != "" {
		a.Asked(it.Asked)
	}
	v.run(newWire(it.Seed, o.Loss), words)
	v.judge()
	return r
}

// speak gives the agent words that outlast the item.
func (v *driver) speak(st *store) {
	all := others()
	for i := int(v.it.Seed % 8); len(v.voice) < len(v.sc.near); i++ {
		o := all[i%len(all)]
		p, err := st.get(o.voice, o.text)
		if err != nil {
			break
		}
		v.voice = append(v.voice, p.pcm...)
		v.voice = append(v.voice, make([]int16, audio.Rate/4)...)
	}
	if v.it.Class == Echo {
		rng := rand.New(rand.NewPCG(v.it.Seed, 15))
		v.echo = math.Pow(10, -(14+16*rng.Float64())/20)
	}
	v.ring = make([]int16, samples(echoDelay))
	v.answers(0, false)
}

// run is the call: frames in their time, and between them what is due.
func (v *driver) run(w *wire, words []told) {
	var f audio.Frame
	for n := 0; (n+1)*audio.Samples <= len(v.sc.near); n++ {
		end := time.Duration(n+1) * audio.FrameDur
		for {
			due, ok := v.d.Due()
			if ok && due < end && (len(words) == 0 || due <= words[0].at) {
				now := max(due, end-audio.FrameDur)
				v.timed(func() turn.Signal { return v.d.Tick(now) }, now)
				continue
			}
			if len(words) == 0 || words[0].at >= end {
				break
			}
			t := words[0]
			words = words[1:]
			v.note(t.at, "heard", fmt.Sprintf("%q final=%v end=%v started=%v", t.Text, t.Final, t.End, t.Started))
			v.res.stages.told(&t)
			v.timed(func() turn.Signal { return v.d.Heard(t.Words, t.at) }, t.at)
		}
		copy(f[:], v.sc.near[n*audio.Samples:])
		v.talk(&f, end)
		w.carry(&f)
		v.res.Frames++
		v.timed(func() turn.Signal { return v.d.Frame(&f, end) }, end)
		v.res.stages.heard(v.d.Speech(), end)
	}
}

// talk plays the agent, and adds what comes back of it.
func (v *driver) talk(f *audio.Frame, now time.Duration) {
	if !v.floor {
		return
	}
	v.answers(now, false)
	var out audio.Frame
	v.plays(&out, now)
	if p, ok := any(v.d).(playedTo); ok {
		p.Played(&out, now)
	}
	if v.echo == 0 {
		return
	}
	for i := range f {
		f[i] = int16(max(-32768, min(32767, float64(f[i])+v.echo*float64(v.ring[i]))))
	}
	v.ring = append(v.ring[audio.Samples:], out[:]...)
}

func (v *driver) timed(do func() turn.Signal, now time.Duration) {
	t := time.Now()
	s := do()
	v.res.CPU += time.Since(t)
	v.decide(s, now)
	v.res.early.look(v.d, now)
}

// decide does what a conversation does about a signal.
func (v *driver) decide(s turn.Signal, now time.Duration) {
	if s.Kind == turn.None {
		return
	}
	v.res.stages.decided(s.Kind, now)
	v.note(now, kinds[s.Kind], fmt.Sprintf("%q %s", s.Text, s.Why))
	switch s.Kind {
	case turn.Pause:
		v.paused, v.pause = true, now
	case turn.Resume:
		if v.paused {
			v.paused = false
			v.pauses = append(v.pauses, Span{v.pause, now})
		}
	case turn.BargeIn:
		v.stop(now)
	case turn.TurnEnd:
		v.ends = append(v.ends, now)
		v.res.early.end(s.Text, now)
		v.stop(now)
		v.answers(now, true)
	}
}

// stop ends the agent's speech. A pause that it ends was the stop already.
func (v *driver) stop(now time.Duration) {
	if v.agent != turn.Busy {
		return
	}
	from := now
	if v.paused {
		from = v.pause
	}
	if o := v.sc.opening.End; o > 0 && now < o+answering { // the first turn had not ended: it was answered too soon
		v.agent, v.paused, v.begun = turn.Idle, false, false
		v.d.Agent(turn.Idle)
		return
	}
	v.stops = append(v.stops, from)
	v.agent, v.paused = turn.Idle, false
	v.d.Agent(turn.Idle)
}

var kinds = map[turn.Kind]string{turn.Pause: "pause", turn.Resume: "resume", turn.BargeIn: "barge-in", turn.Backchannel: "backchannel", turn.TurnEnd: "turn end"}

func (v *driver) note(now time.Duration, what, more string) {
	if v.trace {
		v.res.Trace = append(v.res.Trace, fmt.Sprintf("%8.3f  %-12s %s", now.Seconds(), what, strings.TrimSpace(more)))
	}
}

// judge says what became of the item.
func (v *driver) judge() {
	r, sc := v.res, v.sc
	if v.trace {
		for i, s := range sc.spans {
			r.Trace = append(r.Trace, fmt.Sprintf("%8.3f  begins       part %d, until %.3f", s.Start.Seconds(), i+1, s.End.Seconds()))
		}
		slices.SortStableFunc(r.Trace, func(a, b string) int { return strings.Compare(a[:8], b[:8]) })
	}
	if !v.floor {
		v.judgeTurn()
		return
	}
	v.judgeFloor()
}

func (v *driver) judgeTurn() {
	r := v.res
	last := v.sc.spans[len(v.sc.spans)-1]
	switch {
	case len(v.ends) == 0:
		r.Outcome = NoEnd
	case v.ends[0] < last.Start:
		r.Outcome = CutOff
	case v.ends[0] < last.End:
		r.Outcome = CutOff
	default:
		r.Outcome, r.Wait = OneTurn, v.ends[0]-last.End
	}
}

// late is how long after its end an interruption may be noticed.
const late = 1500 * time.Millisecond

// settling is how long after an item's sound a pause is still its doing.
const settling = 300 * time.Millisecond

func (v *driver) judgeFloor() {
	r := v.res
	from, until := v.sc.begin(), v.sc.end()+settling
	if v.it.Class == Echo {
		from = 0
	}
	if v.paused {
		v.pauses = append(v.pauses, Span{v.pause, v.sc.length()})
	}
	paused := false
	for _, p := range v.pauses {
		if p.End < from || p.Start > until { // the place's noise
			r.Ambient = true
			continue
		}
		if p.Start < from {
			r.Ambient = true
		}
		paused = true
		r.Silent = max(r.Silent, p.End-p.Start)
		r.Resumed = max(r.Resumed, p.End-v.sc.end())
	}
	switch {
	case len(v.stops) > 0:
		r.Outcome = Stopped
		if v.stops[0] < from {
			r.Ambient = true
		} else {
			r.Stop = v.stops[0] + playedOut - from
		}
		if v.stops[0] > v.sc.end()+late {
			r.Outcome = TooLate
		}
	case paused:
		r.Outcome = Paused
	default:
		r.Outcome = WentOn
	}
}
