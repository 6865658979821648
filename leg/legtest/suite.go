package legtest

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// Far is what a leg under test talks to: the other end of the same wire.
type Far interface {
	Say(fs ...audio.Frame) // queues sound towards the leg; silence goes out otherwise
	Ear() []audio.Frame    // the sound heard so far; silence may be left out
	Press(digits string)   // towards the leg
	Digits() string        // those the leg has sent
	Hangup()
	Vanish()               // no packet any more, and no goodbye
	Gone() <-chan struct{} // closed once the call is over
}

// Open answers a fresh call with the limits and registers the clean-up of all that belongs to it.
type Open func(t *testing.T, l leg.Limits) (leg.Leg, Far)

// check is one thing every leg does.
type check struct {
	name   string
	limits leg.Limits
	run    func(c *probe)
	raw    bool // reads for itself
	alone  bool // measures the process
}

var checks = []check{
	{name: "sound goes out", run: soundOut},
	{name: "sound comes in", run: soundIn},
	{name: "played follows the wire", run: playedFollows},
	{name: "a background goes under", run: background},
	{name: "marks follow their sound", run: marksFollow},
	{name: "a mark alone is heard", run: markAlone},
	{name: "clear drops", run: clearDrops},
	{name: "play blocks when full", run: playBlocks},
	{name: "a blocked play wakes on clear", run: playWakes},
	{name: "a blocked play wakes on hangup", run: playEnds},
	{name: "digits come in", run: digitsIn},
	{name: "digits go out", run: digitsOut},
	{name: "the far end hangs up", run: farHangup},
	{name: "we hang up", run: nearHangup},
	{name: "marks never heard come back at the end", run: marksAtEnd},
	{name: "the longest call ends", limits: leg.Limits{MaxDuration: 300 * time.Millisecond}, run: longest},
	{name: "a silent far end ends", limits: leg.Limits{MediaTimeout: 300 * time.Millisecond}, run: timeout},
	{name: "reading obeys its context", run: readContext, raw: true},
	{name: "nothing is allocated per frame", run: allocations, raw: true, alone: true},
}

// Run puts legs made by open through everything a leg must do, in real time and many at once; no goroutine may be left of any.
// In real time a machine that is busy with something else stops a leg for long enough to be heard: a check that fails is made again
// on a fresh leg, and fails the test when it has failed attemptsMost times.
func Run(t *testing.T, open Open) {
	noneLeft(t)
	var all sync.WaitGroup // not t.Parallel, which runs as many as there are cores: these wait more than they work
	for _, c := range checks {
		if !c.alone {
			all.Go(func() { t.Run(c.name, func(t *testing.T) { c.attempts(t, open) }) })
		}
	}
	all.Wait()
	for _, c := range checks {
		if c.alone {
			t.Run(c.name, func(t *testing.T) { c.attempts(t, open) })
		}
	}
}

// RunVirtual is Run for legs that live inside a synctest bubble, which itself sees to it that no goroutine is left.
func RunVirtual(t *testing.T, open Open) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(newProbe(t, t, open, c)) })
		})
	}
}
