package journal

import (
	"testing"

	"github.com/parley-voice/parley/turn"
)

// TestFollowerHearsWhatItStopped: what the agent of the call goes on to say is silent for a detector that has stopped it while it
// was thought of, and so is what it has not begun to wait for; else both hear it.
func TestFollowerHearsWhatItStopped(t *testing.T) {
	for name, tc := range map[string]struct {
		is   []string // decisions of the other detector, after the agent began to think
		want turn.Agent
	}{
		"goes on": {nil, turn.Busy}, "stopped": {[]string{Interruption}, turn.Idle}, "stopped, and another turn": {[]string{Interruption, TurnEnd}, turn.Busy},
	} {
		b, p := &follower{}, &player{other: New(turn.Options{}, nil, nil)}
		tell := func(a turn.Agent) {
			if err := b.tell(p, &record{op: opAgent, byte: byte(a)}); err != nil {
				t.Fatal(err)
			}
		}
		tell(turn.Thinks)
		for _, d := range tc.is {
			b.is(p, Decision{What: d})
		}
		tell(turn.Busy)
		if b.agent != tc.want {
			t.Errorf("%s: the agent is %d, want %d", name, b.agent, tc.want)
		}
	}
}
