package turns

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/parley-voice/parley/turn/answer"
)

// Answers are the figures of who answered.
type Answers struct {
	Items, Humans, Machines int
	Table                   map[Class]map[answer.Class]int // what it was → what it was taken for; "" when nothing was decided
	HumanAsMachine          float64                        // percent; for a while, or to the end
	MachineAsHuman          float64                        // to the end of what was heard
	MachineFirstHuman       float64                        // at first
	RevisedP95              time.Duration                  // such a verdict stood so long
	Undecided               float64
	P50, P95                time.Duration // of the verdict, since answer
	GreetingP95             time.Duration // by which a human's greeting waited for the verdict, beyond the end of their turn
	Beeps, Aligned          int           // messages that begin 100–700 ms after the beep
	FirstRight              float64       // percent of the first verdicts, of human or not
	Sure                    []Certainty   // how right they were, by how sure they were
	answerTimes
	answerTally
}

// answerTimes are further times of verdicts.
type answerTimes struct {
	SettledP50, SettledP95 time.Duration // of the first verdict that is no guess, since answer
	HumanP50, HumanP95     time.Duration // of a human's, since their first sound
}

// answerTally is what they are drawn from.
type answerTally struct {
	settled, verdicts, greetings, revised, heard []time.Duration
	wrongHuman, wrongOther, firstHuman, open     int
}

// A Certainty is verdicts of a confidence.
type Certainty struct{ From, Verdicts, Right int } // From in percent, up to the next

const (
	beepLeast = 100 * time.Millisecond
	beepMost  = 700 * time.Millisecond
)

// aligned reports whether the message begins where it is recorded from its first word.
func (a *answered) aligned() bool {
	off := a.Leave - a.Beep
	return a.Left && off >= beepLeast && off <= beepMost
}

func (a *Answers) add(x *Result) {
	a.Items++
	if a.Table == nil {
		a.Table = map[Class]map[answer.Class]int{}
	}
	if a.Table[x.Item.Class] == nil {
		a.Table[x.Item.Class] = map[answer.Class]int{}
	}
	v := x.Answer
	if !v.Decided {
		a.open++
	} else {
		a.verdicts = append(a.verdicts, v.Verdict.At)
		a.weigh(v.Verdict, answer.Class(x.Item.Class))
	}
	if v.Settled > 0 {
		a.settled = append(a.settled, v.Settled)
	}
	a.Table[x.Item.Class][v.Stands.Class]++
	if answer.Class(x.Item.Class) == answer.Human {
		a.Humans++
		if v.Decided {
			a.greetings = append(a.greetings, v.Delay)
			a.heard = append(a.heard, max(0, v.Verdict.At-v.Sound))
		}
		if v.Machine {
			a.wrongHuman++
		}
	} else {
		a.Machines++
		if v.Stands.Class == answer.Human {
			a.wrongOther++
		}
		if v.Verdict.Class == answer.Human {
			if a.firstHuman++; v.Stands.Class != answer.Human {
				a.revised = append(a.revised, v.Stands.At-v.Verdict.At)
			}
		}
	}
	if v.Beep > 0 {
		a.Beeps++
		if v.aligned() {
			a.Aligned++
		}
	}
}

// weigh counts a first verdict by its confidence.
func (a *Answers) weigh(v answer.Verdict, was answer.Class) {
	if a.Sure == nil {
		a.Sure = []Certainty{{From: 50}, {From: 60}, {From: 70}, {From: 80}, {From: 90}}
	}
	s := &a.Sure[min(max(int(v.Confidence*10+1e-9)-5, 0), len(a.Sure)-1)]
	if s.Verdicts++; (v.Class == answer.Human) == (was == answer.Human) {
		s.Right++
	}
}

func (a *Answers) settle() {
	right := 0
	for _, s := range a.Sure {
		right += s.Right
	}
	a.FirstRight = share(right, len(a.verdicts))
	a.HumanAsMachine, a.MachineAsHuman, a.Undecided = share(a.wrongHuman, a.Humans), share(a.wrongOther, a.Machines), share(a.open, a.Items)
	a.MachineFirstHuman, a.RevisedP95 = share(a.firstHuman, a.Machines), percentile(a.revised, 0.95)
	a.P50, a.P95, a.GreetingP95 = percentile(a.verdicts, 0.5), percentile(a.verdicts, 0.95), percentile(a.greetings, 0.95)
	a.SettledP50, a.SettledP95 = percentile(a.settled, 0.5), percentile(a.settled, 0.95)
	a.HumanP50, a.HumanP95 = percentile(a.heard, 0.5), percentile(a.heard, 0.95)
}

func (a *Answers) print(w io.Writer) {
	if a.Items == 0 {
		return
	}
	fmt.Fprintf(w, "\nwho answered: %d calls, %d of humans\n", a.Items, a.Humans)
	fmt.Fprintf(w, "%-42s %10s %8s\n", "figure", "measured", "bar")
	row := func(name string, v float64, unit, bar string) {
		fmt.Fprintf(w, "%-42s %7.4g %-2s %8s\n", name, v, unit, bar)
	}
	row("nothing decided", a.Undecided, "%", "0")
	row("verdict after answer, p50", float64(a.P50.Milliseconds()), "ms", "1500")
	row("verdict after answer, p95", float64(a.P95.Milliseconds()), "ms", "4000")
	row("a verdict that is no guess, p50", float64(a.SettledP50.Milliseconds()), "ms", "")
	row("a verdict that is no guess, p95", float64(a.SettledP95.Milliseconds()), "ms", "")
	row("a human's, after their first sound, p50", float64(a.HumanP50.Milliseconds()), "ms", "")
	row("a human's, after their first sound, p95", float64(a.HumanP95.Milliseconds()), "ms", "")
	row("humans taken for machines", a.HumanAsMachine, "%", "1")
	row("machines taken for humans", a.MachineAsHuman, "%", "3")
	row("first verdict right, human or not", a.FirstRight, "%", "")
	row("machines taken for humans at first", a.MachineFirstHuman, "%", "")
	row("and so for, where it was revised, p95", float64(a.RevisedP95.Milliseconds()), "ms", "")
	row("a human's greeting delayed, p95", float64(a.GreetingP95.Milliseconds()), "ms", "150")
	row("messages begun 100-700 ms after the beep", share(a.Aligned, a.Beeps), "%", ">= 95")
	fmt.Fprintf(w, "\nconfidence of the first verdict: right, human or not\n")
	for _, s := range a.Sure {
		fmt.Fprintf(w, "%3d %% and more %6d of %4d %6.1f %%\n", s.From, s.Right, s.Verdicts, share(s.Right, s.Verdicts))
	}
	taken := map[answer.Class]bool{}
	for _, t := range a.Table {
		for k := range t {
			taken[k] = true
		}
	}
	cols := slices.Sorted(maps.Keys(taken))
	fmt.Fprintf(w, "\n%-15s", "was \\ taken for")
	for _, k := range cols {
		if k == "" {
			k = "undecided"
		}
		fmt.Fprintf(w, " %14s", k)
	}
	fmt.Fprintln(w)
	for _, c := range slices.Sorted(maps.Keys(a.Table)) {
		fmt.Fprintf(w, "%-15s", c)
		for _, k := range cols {
			fmt.Fprintf(w, " %14d", a.Table[c][k])
		}
		fmt.Fprintln(w)
	}
}
