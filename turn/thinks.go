package turn

import "time"

// mostHeld is how long sound without words keeps back, in all, what the agent is about to say: a transcriber that tells words as they
// come has told of some by then. Nobody hears that it is kept back, but everybody hears the silence.
const mostHeld = 1600 * time.Millisecond

// longest is how long sound without a word may hold the agent silent.
func (d *Detector) longest() time.Duration {
	if d.agent == Thinks && d.streams {
		return max(0, mostHeld-d.held)
	}
	return longestPause
}

// Thinking reports whether the agent was said to have something to say of which nothing was heard yet.
func (d *Detector) Thinking() bool { return d.agent == Thinks }
