package journal

import (
	"cmp"
	"fmt"
	"slices"
)

// Decisions are the same when they differ by no more than a timer does.
const timer = 25 // ms

// how far apart two decisions may be that are one, made at another time, in ms
var apart = map[string]int64{TurnEnd: 5000, Backchannel: 5000, Interruption: 2000, Pause: 1000, Resume: 3000, Answered: 10000, Message: 10000, Menu: 10000}

// A Change is a decision that other dials make at another time or otherwise, or that only one of both makes.
type Change struct {
	Was   *Decision `json:"was"`   // null: it was not made
	Would *Decision `json:"would"` // null: it would not be made
}

// At is when the change shows, in ms since answer.
func (c Change) At() int64 {
	switch {
	case c.Was == nil:
		return c.Would.At
	case c.Would == nil:
		return c.Was.At
	}
	return min(c.Was.At, c.Would.At)
}

func (c Change) String() string {
	switch {
	case c.Was == nil:
		return fmt.Sprintf("+ %s", c.Would)
	case c.Would == nil:
		return fmt.Sprintf("- %s", c.Was)
	}
	by := c.Would.At - c.Was.At
	if by < 0 {
		return fmt.Sprintf("~ %s: %d ms sooner", c.Was, -by)
	}
	return fmt.Sprintf("~ %s: %d ms later", c.Was, by)
}

func (d *Decision) String() string {
	s := fmt.Sprintf("%d.%03d %s", d.At/1000, d.At%1000, d.What)
	if d.Class != "" {
		s += " " + d.Class
	}
	if d.Text != "" {
		s += fmt.Sprintf(" %q", d.Text)
	}
	return s
}

// Compare says what would be decided otherwise, in the order of time.
func Compare(was, would []Decision) []Change {
	taken := make([]bool, len(would))
	var out []Change
	for i := range was {
		a, best := &was[i], -1
		for k := range would {
			b := &would[k]
			if taken[k] || a.What != b.What || a.Class != b.Class || a.Text != b.Text && a.What != Pause && a.What != Resume && a.What != Interruption {
				continue
			}
			if gap(a, b) <= apart[a.What] && (best < 0 || gap(a, b) < gap(a, &would[best])) {
				best = k
			}
		}
		if best < 0 {
			out = append(out, Change{Was: a})
			continue
		}
		taken[best] = true
		if b := &would[best]; gap(a, b) > timer || a.Why != b.Why && gap(a, b) > 0 {
			out = append(out, Change{a, b})
		}
	}
	for k := range would {
		if !taken[k] {
			out = append(out, Change{Would: &would[k]})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(a.At(), b.At()) })
	return out
}

func gap(a, b *Decision) int64 { return max(a.At-b.At, b.At-a.At) }
