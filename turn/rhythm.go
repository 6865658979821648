package turn

import "time"

const (
	// A pause is a silence after which the same turn goes on, of that length.
	leastPause = 300 * time.Millisecond
	mostPause  = 2200 * time.Millisecond
	// pauseRoom is how much longer than the pauses that a caller is known for is waited.
	pauseRoom = 1.15
	// pauseFades is what is left of a pause's length after a turn without one.
	pauseFades = 0.85
	// wholeRoom is the most that is waited after a finished sentence because this caller pauses there, too.
	wholeRoom = 1300 * time.Millisecond
)

// A rhythm is what is known of how long a caller pauses and then goes on: in mid-sentence, and after what sounded finished.
type rhythm struct {
	within, after time.Duration // the longest of late
	gap           time.Duration // a silence that has just ended; words will tell whether it was a pause
	score         float64       // how finished the words before it sounded
	since         time.Duration // the sound after it began
	paused        bool          // in the turn under way
	here          time.Duration // the longest pause of this turn after words that may have been all
}

// resumes: sound began at now, after a silence in which nothing had been answered to words that were finished to score.
func (r *rhythm) resumes(gap time.Duration, score float64, now time.Duration) {
	r.gap = 0
	if gap >= leastPause && gap <= mostPause {
		r.gap, r.score, r.since = gap, score, now
	}
}

// words: new ones came. Those that come at once belong to what was said before the silence.
func (r *rhythm) words(now time.Duration) {
	if r.gap == 0 || now < r.since+leastPause {
		return
	}
	longest := &r.within
	if r.score >= enough {
		longest = &r.after
	}
	if *longest < r.gap {
		*longest = r.gap
	}
	if r.score > unsure {
		r.here = max(r.here, r.gap)
	}
	r.gap, r.paused = 0, true
}

// turn: one has ended.
func (r *rhythm) turn() {
	if !r.paused {
		r.within, r.after = times(r.within, pauseFades), times(r.after, pauseFades)
	}
	r.paused, r.here = false, 0
}

// least is what this caller is to be given after words that are finished to score. Who has paused in this turn where nothing
// was owed, if in mid-sentence, pauses where it might end, too.
func (r *rhythm) least(score float64) time.Duration {
	switch {
	case score >= sure:
		return 0
	case score >= enough:
		return min(times(max(r.here, r.after), pauseRoom), wholeRoom)
	}
	return min(times(r.within, pauseRoom), forMore)
}
