package replay

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parley-voice/parley/turn/journal"
)

// names are the words for decisions.
var names = map[string]string{journal.TurnEnd: "turn ends", journal.Backchannel: "only listens", journal.Interruption: "interrupts", journal.Pause: "agent pauses",
	journal.Resume: "agent resumes", journal.Answered: "who answered", journal.Message: "message begins"}

// line is a decision and what it was made from.
func line(d *journal.Decision) string {
	s := fmt.Sprintf("%9.3f  %-14s", float64(d.At)/1000, names[d.What])
	if d.Text != "" {
		s += fmt.Sprintf(" %q", d.Text)
	}
	switch in := d.Inputs; {
	case d.What == journal.Answered:
		s += fmt.Sprintf(" %s (%.2f): %s", d.Class, d.Confidence, strings.Join(d.Evidence, "; "))
	case in == nil:
	case d.What == journal.TurnEnd || d.What == journal.Backchannel:
		s += fmt.Sprintf(" %s: %d ms of silence of %d, sounds finished to %.2f", d.Why, in.Silence, in.Wait, in.Finished)
		for _, more := range []struct {
			is   bool
			text string
		}{{in.Asked != "", "asked for: " + in.Asked}, {in.Melody != "", in.Melody}, {in.Ended, "the transcriber ended it"}, {in.Aside, "too quiet to be the caller's"}, {in.Listening, "a sign of listening"}} {
			if more.is {
				s += ", " + more.text
			}
		}
	case d.What == journal.Interruption:
		s += fmt.Sprintf(" %.1f dB (the caller's are over %.1f)", in.Loudness, in.Least)
		if in.Doubt > 0 {
			s += fmt.Sprintf(", in doubt for %d ms", in.Doubt)
		}
	case d.What == journal.Pause:
		s += fmt.Sprintf(" a voice in %.1f frames, %.1f dB (the place's is %.1f)", in.Voiced, in.Loudness, in.Place)
	case d.What == journal.Resume:
		s += fmt.Sprintf(" nothing for %d ms", in.Silence)
	}
	return strings.TrimRight(s, " ")
}

// change is one, seen from how it was.
func change(c *journal.Change) string {
	switch {
	case c.Was == nil:
		return "+" + line(c.Would)
	case c.Would == nil:
		return "-" + line(c.Was)
	}
	by, how := c.Would.At-c.Was.At, "later"
	if by < 0 {
		by, how = -by, "sooner"
	}
	return fmt.Sprintf("~%s → %.3f, %d ms %s", line(c.Was), float64(c.Would.At)/1000, by, how)
}

// Print writes it for people: what was decided, or, with other dials, what would have been decided otherwise.
func (r *Report) Print(w io.Writer, set ...string) {
	if len(set) == 0 {
		for i := range r.Decisions {
			fmt.Fprintln(w, " "+line(&r.Decisions[i]))
		}
	}
	for i := range r.Changes {
		fmt.Fprintln(w, change(&r.Changes[i]))
	}
	for _, d := range r.Differs {
		fmt.Fprintf(w, "The recording is not what was heard from %.1f to %.1f s: decisions after it may be others.\n", float64(d.From)/1000, float64(d.To)/1000)
	}
	if r.Cut {
		fmt.Fprintln(w, "The end of the call is missing: the server was killed, or the recording was paused.")
	}
	switch {
	case len(set) > 0 && len(r.Changes) == 0:
		fmt.Fprintf(w, "With %s nothing would have been decided otherwise.\n", strings.Join(set, ", "))
	case len(set) > 0:
		fmt.Fprintf(w, "With %s: %s. From the first of them on, caller and agent might have said something else.\n", strings.Join(set, ", "), r.sum())
	case r.Same:
		fmt.Fprintf(w, "%d decisions, all as on the call.\n", len(r.Decisions))
	default:
		fmt.Fprintf(w, "%d decisions, and not all are as on the call: %s.\n", len(r.Decisions), r.sum())
	}
}

// sum counts the changes.
func (r *Report) sum() string {
	var sooner, later []int64
	more, fewer := map[string]int{}, map[string]int{}
	for _, c := range r.Changes {
		switch {
		case c.Was == nil:
			more[c.Would.What]++
		case c.Would == nil:
			fewer[c.Was.What]++
		case c.Would.At < c.Was.At:
			sooner = append(sooner, c.Was.At-c.Would.At)
		default:
			later = append(later, c.Would.At-c.Was.At)
		}
	}
	var parts []string
	for _, k := range []struct {
		by  []int64
		how string
	}{{sooner, "sooner"}, {later, "later"}} {
		if n := len(k.by); n > 0 {
			slices.Sort(k.by)
			parts = append(parts, fmt.Sprintf("%d %s, by %d ms (median)", n, k.how, k.by[n/2]))
		}
	}
	for _, k := range []struct {
		of  map[string]int
		how string
	}{{more, "more"}, {fewer, "no more"}} {
		for _, what := range []string{journal.TurnEnd, journal.Backchannel, journal.Interruption, journal.Pause, journal.Resume, journal.Answered, journal.Message} {
			if n := k.of[what]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s %s", n, k.how, what))
			}
		}
	}
	if len(parts) == 0 {
		return "what they were made from is another"
	}
	return strings.Join(parts, "; ")
}
