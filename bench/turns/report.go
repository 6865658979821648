package turns

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
)

// A Report is what was measured.
type Report struct {
	Part string
	Loss float64
	Set  []string
	ears
	Missing []string // voices that this machine has not
	Items   int
	Took    time.Duration `json:"took_ns"`
	CPU     float64       // percent of a core per call
	confusion
	Bars    []Bar
	Stages  Stages
	ByLang  map[string]Score
	ByNoise map[string]Score
	Answers Answers
	Menus   Menus
	Failed  []Result                   `json:"-"`
	All     []Result                   `json:"-"`
	noisy   int                        // items with noise, the agent speaking
	ambient int                        // of them, those in which it fell silent without cause
	stops   map[string][]time.Duration // by line: interruption to last packet
}

// A confusion is how often each class came to what.
type confusion struct{ Turns, Floor []Row }

// ears are who heard the words, where it is no model of a transcriber, and how well.
type ears struct {
	Heard       string
	Errors      float64  // percent of the words said that were heard wrongly
	ErrorsQuiet float64  // on quiet lines
	Unheard     []string // items that could not be heard, and why
	said, wrong [2]int   // words; the second, on quiet lines
}

// A Row of a confusion table: how often a class came to an outcome.
type Row struct {
	Class    Class
	Items    int
	Outcomes map[Outcome]int
}

// A Bar is a figure with its bar.
type Bar struct {
	Name  string
	Value float64
	Unit  string
	Bar   float64
	Of    int // items it was drawn from
}

// A Score is shares of a part of the items, in percent.
type Score struct {
	Items                       int
	FalseStops, Missed, CutOffs float64
	stops, missed, cuts         int
	mayStop, mustStop, mayCut   int
}

var (
	turnClasses  = []Class{Finished, Unfinished}
	floorClasses = []Class{Backchannel, Interruption, Sounds, Echo, Television, Bystander}
)

// failed reports whether an outcome is not as the class has it.
func (r *Result) failed() bool {
	switch r.Item.Class {
	case Finished, Unfinished:
		return r.Outcome != OneTurn
	case Interruption:
		return r.Outcome != Stopped
	case Backchannel:
		return r.Outcome == Stopped || r.Outcome == TooLate
	}
	return r.Outcome != WentOn
}

func (r *Report) score(results []Result) {
	tables := map[Class]*Row{}
	r.stops = map[string][]time.Duration{}
	r.ByLang, r.ByNoise = map[string]Score{}, map[string]Score{}
	var cpu time.Duration
	frames := 0
	var waits, unfinished, stops, gaps, silences []time.Duration
	early := map[Class]*earlies{Finished: {}, Unfinished: {}}
	for i := range results {
		x := &results[i]
		if x.Unheard != "" {
			r.Unheard = append(r.Unheard, x.Item.ID+": "+x.Unheard)
		}
		if x.Absent || x.Unheard != "" {
			continue
		}
		r.heard(x)
		r.Items++
		r.All = append(r.All, *x)
		if r.noTurn(x) {
			continue
		}
		cpu += x.CPU
		frames += x.Frames
		row := tables[x.Item.Class]
		if row == nil {
			row = &Row{Class: x.Item.Class, Outcomes: map[Outcome]int{}}
			tables[x.Item.Class] = row
		}
		row.Items++
		row.Outcomes[x.Outcome]++
		if x.Item.Noise != "" && slices.Contains(floorClasses, x.Item.Class) {
			r.noisy++
			if x.Ambient {
				r.ambient++
			}
		}
		if x.failed() {
			r.Failed = append(r.Failed, *x)
		}
		switch {
		case x.Outcome == OneTurn && x.Item.Class == Finished:
			waits = append(waits, x.Wait)
		case x.Outcome == OneTurn:
			unfinished = append(unfinished, x.Wait)
		case x.Item.Class == Interruption && x.Outcome == Stopped && x.Stop > 0:
			stops = append(stops, x.Stop)
			r.stops[noiseOf(x.Item)] = append(r.stops[noiseOf(x.Item)], x.Stop)
			r.Stages.add(x)
		}
		if x.Item.Class != Interruption && x.Silent > 0 {
			gaps, silences = append(gaps, max(0, x.Resumed)), append(silences, x.Silent)
		}
		if e := early[x.Item.Class]; e != nil {
			e.add(&x.early)
		}
		tally(r.ByLang, x.Item.Lang, x)
		tally(r.ByNoise, noiseOf(x.Item), x)
	}
	r.Turns, r.Floor = rows(tables, turnClasses), rows(tables, floorClasses)
	if frames > 0 {
		r.CPU = 100 * cpu.Seconds() / (time.Duration(frames) * audio.FrameDur).Seconds()
	}
	r.bars(tables, waits, unfinished, stops, gaps, silences)
	for _, c := range turnClasses {
		r.Bars = append(r.Bars, early[c].bars(string(c))...)
	}
	r.Errors, r.ErrorsQuiet = share(r.wrong[0], r.said[0]), share(r.wrong[1], r.said[1])
	r.Answers.settle()
	r.Stages.settle()
	r.Menus.settle()
}

func rows(tables map[Class]*Row, classes []Class) []Row {
	var out []Row
	for _, c := range classes {
		if t := tables[c]; t != nil {
			out = append(out, *t)
		}
	}
	return out
}

// heard counts an item's words.
func (e *ears) heard(x *Result) {
	e.said[0], e.wrong[0] = e.said[0]+x.said, e.wrong[0]+x.wrong
	if x.Item.Noise == "" {
		e.said[1], e.wrong[1] = e.said[1]+x.said, e.wrong[1]+x.wrong
	}
}

// noTurn takes a result that is none of taking turns.
func (r *Report) noTurn(x *Result) bool {
	wrong := false
	switch {
	case x.Item.Answer:
		r.Answers.add(x)
		wrong = x.missed()
	case x.Item.Class == Menu:
		r.Menus.add(x)
		wrong = x.Way.asked.outcome(x.Item.Key) != rightKey
	default:
		return false
	}
	if wrong {
		r.Failed = append(r.Failed, *x)
	}
	return true
}

func noiseOf(it *Item) string {
	if it.Noise == "" {
		return "clean"
	}
	return fmt.Sprintf("%g dB", it.SNR)
}

// tally adds a result to the scores of its language, or place.
func tally(all map[string]Score, k string, x *Result) {
	s := all[k]
	s.Items++
	bad := 0
	if x.failed() {
		bad = 1
	}
	switch x.Item.Class {
	case Unfinished:
		s.mayCut++
		if x.Outcome == CutOff {
			s.cuts++
		}
	case Interruption:
		s.mustStop++
		s.missed += bad
	case Backchannel:
		s.mayStop++
		s.stops += bad
	}
	s.FalseStops, s.Missed, s.CutOffs = share(s.stops, s.mayStop), share(s.missed, s.mustStop), share(s.cuts, s.mayCut)
	all[k] = s
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

func (r *Report) bars(t map[Class]*Row, waits, unfinished, stops, gaps, silences []time.Duration) {
	rate := func(name string, bar float64, classes []Class, outcomes ...Outcome) {
		n, of := 0, 0
		for _, c := range classes {
			if row := t[c]; row != nil {
				of += row.Items
				for _, o := range outcomes {
					n += row.Outcomes[o]
				}
			}
		}
		r.Bars = append(r.Bars, Bar{name, share(n, of), "%", bar, of})
	}
	in := func(name string, bar float64, all []time.Duration, p float64) {
		r.Bars = append(r.Bars, Bar{name, float64(percentile(all, p).Milliseconds()), "ms", bar, len(all)})
	}
	rate("false stops (backchannels)", 3, []Class{Backchannel}, Stopped, TooLate)
	rate("false stops (sounds, echo)", 3, []Class{Sounds, Echo}, Stopped, TooLate)
	rate("false stops (TV, bystander)", 3, []Class{Television, Bystander}, Stopped, TooLate)
	rate("pauses on what is no speech", 5, []Class{Sounds}, Paused)
	rate("pauses on the agent's echo", 5, []Class{Echo}, Paused)
	r.Bars = append(r.Bars, Bar{"agent silenced by the place's noise alone", share(r.ambient, r.noisy), "%", 5, r.noisy})
	rate("pauses on TV and bystanders", -1, []Class{Television, Bystander}, Paused)
	rate("pauses on backchannels", -1, []Class{Backchannel}, Paused)
	rate("missed interruptions", 3, []Class{Interruption}, WentOn, Paused, TooLate)
	in("interruption to last packet, p50", -1, stops, 0.5)
	in("interruption to last packet, p95", 250, stops, 0.95)
	for _, line := range []string{"clean", "15 dB", "5 dB"} {
		in("  "+line+", p95", -1, r.stops[line], 0.95)
	}
	in("false stop resumed after the sound, p95", 1000, gaps, 0.95)
	in("false stop silent in all, p95", -1, silences, 0.95)
	rate("cut-offs of unfinished turns", 5, []Class{Unfinished}, CutOff)
	rate("cut-offs of finished turns", 5, []Class{Finished}, CutOff)
	rate("turns that never ended", 0, turnClasses, NoEnd)
	in("added wait after finished, p50", 400, waits, 0.5)
	in("added wait after finished, p95", -1, waits, 0.95)
	in("added wait after unfinished, p50", -1, unfinished, 0.5)
	r.Bars = append(r.Bars, Bar{"detector, share of a core per call", r.CPU, "%", 0.2, r.Items})
}

func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return s[min(len(s)-1, int(p*float64(len(s))))]
}

// Print writes the report as tables.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "corpus: %s, %d items, heard in %.1f s", r.Part, r.Items, r.Took.Seconds())
	if r.Loss > 0 {
		fmt.Fprintf(w, ", %g %% of packets lost", r.Loss)
	}
	if len(r.Set) > 0 {
		fmt.Fprintf(w, ", %s", strings.Join(r.Set, " "))
	}
	if r.Heard != "" {
		fmt.Fprintf(w, ", by %s: %.1f %% of %d words are wrong, on quiet lines %.1f %% of %d", r.Heard, r.Errors, r.said[0], r.ErrorsQuiet, r.said[1])
	}
	fmt.Fprintln(w)
	if len(r.Unheard) > 0 {
		fmt.Fprintf(w, "%d items were not heard: %s, …\n", len(r.Unheard), r.Unheard[0])
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(w, "voices this machine has not (their items are left out): %s\n", strings.Join(r.Missing, ", "))
	}
	if len(r.Turns)+len(r.Floor) > 0 {
		fmt.Fprintf(w, "\n%-42s %10s %8s %7s\n", "figure", "measured", "bar", "items")
		for _, b := range r.Bars {
			bar := "-"
			if b.Bar >= 0 {
				bar = fmt.Sprintf("%g", b.Bar)
				if b.Value > b.Bar {
					bar += " !"
				}
			}
			fmt.Fprintf(w, "%-42s %7.4g %-2s %8s %7d\n", b.Name, b.Value, b.Unit, bar, b.Of)
		}
	}
	table(w, r.Turns, OneTurn, CutOff, NoEnd)
	table(w, r.Floor, WentOn, Paused, Stopped, TooLate)
	r.Stages.print(w)
	scores(w, "language", r.ByLang)
	scores(w, "line", r.ByNoise)
	r.Answers.print(w)
	r.Menus.print(w)
}

func table(w io.Writer, rows []Row, outcomes ...Outcome) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-14s %7s", "class", "items")
	for _, o := range outcomes {
		fmt.Fprintf(w, " %12s", o)
	}
	fmt.Fprintln(w)
	for _, row := range rows {
		fmt.Fprintf(w, "%-14s %7d", row.Class, row.Items)
		for _, o := range outcomes {
			fmt.Fprintf(w, " %12d", row.Outcomes[o])
		}
		fmt.Fprintln(w)
	}
}

func scores(w io.Writer, name string, all map[string]Score) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%-10s %7s %13s %9s %10s\n", name, "items", "false stops %", "missed %", "cut-offs %")
	keys := make([]string, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		s := all[k]
		fmt.Fprintf(w, "%-10s %7d %13.1f %9.1f %10.1f\n", k, s.Items, s.FalseStops, s.Missed, s.CutOffs)
	}
}

// Explain writes what was decided in the items that came out wrong, or in all.
func (r *Report) Explain(w io.Writer, all bool) {
	list := r.Failed
	if all {
		list = r.All
	}
	for i := range list {
		x := &list[i]
		outcome := string(x.Outcome)
		switch {
		case x.Item.Class == Menu:
			outcome = x.Way.asked.outcome(x.Item.Key) + ", with no model " + x.Way.alone.outcome(x.Item.Key)
		case x.Item.Answer:
			outcome = "taken for " + cmp.Or(string(x.Answer.Stands.Class), "nobody")
		}
		fmt.Fprintf(w, "\n%s: %s, %s", x.Item.ID, x.Item.Class, outcome)
		for _, p := range x.Item.Parts {
			if p.Sound != "" {
				fmt.Fprintf(w, " [%s]", p.Sound)
			} else {
				fmt.Fprintf(w, " %q", p.Text)
			}
			if p.After > 0 {
				fmt.Fprintf(w, " <%.1f>", p.After.Seconds())
			}
		}
		fmt.Fprintln(w)
		for _, l := range x.Trace {
			fmt.Fprintln(w, l)
		}
	}
}
