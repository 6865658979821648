package bench

import (
	"math/rand/v2"
	"time"
)

// How a caller behaves: the referee's scenario.
const (
	answerWithin = 10 * time.Second        // or the turn is lost
	newSpurt     = 400 * time.Millisecond  // of quiet between two sounds of the agent
	stillTalking = 100 * time.Millisecond  // since the agent's last sound
	stoppedFor   = 400 * time.Millisecond  // of quiet: it has been interrupted
	stopWithin   = 20 * time.Second        //
	partWithin   = 20 * time.Second        // of the last thing
	holeFor      = 150 * time.Millisecond  // of quiet within an answer: it is broken
	quietFor     = 900 * time.Millisecond  // of quiet: it has said all
	quietWithin  = 30 * time.Second        //
	bargeAfter   = time.Second             // into the agent's answer
	breath       = 500 * time.Millisecond  // before the next turn, and up to a second more
	spread       = 2500 * time.Millisecond // over which callers begin
)

// A heardTurn is what one turn was like at the caller's ear. Zero durations: there was none.
type heardTurn struct {
	begin time.Time     // the agent's first sound
	gap   time.Duration // caller's last speech on the wire → begin
	stop  time.Duration // first interrupting speech → the agent's last sound
}

type step uint8

const (
	waiting step = iota // for start
	settling
	awaiting   // an answer
	listening  // until it is time to interrupt
	cutting    // until the agent has stopped
	readdress  // until it answers the interruption
	quietening // until the agent has said all
	breathing
	parting // until the agent has ended the call
	finished
)

// duties are what a caller has the agent do beside talking, and what came of it.
type duties struct {
	parts    bool // once there is no more time, the caller says a last thing, after which the agent is to end the call
	transfer bool // by giving it to somebody else
	acts     int  // every so many turns the agent is to run an action; 0: never

	acting bool // in this turn it is
	parted bool // the last thing is being said, or was
	acted  int  // turns in which it was to
	cut    int  // interruptions
	holes  int  // silences within answers
}

// A script is one caller's side of a conversation: the pacer asks it every 20 ms what to send, and it is told what is heard.
// Not safe for concurrent use.
type script struct {
	u     *utterance
	barge int       // every so many turns the caller interrupts; 0: never
	until time.Time // no turn begins after it
	turns int       // at most; 0: as many as there is time for
	rng   *rand.Rand

	duties
	step     step
	wait     time.Time // when the step's wait is over
	pos      int       // frame of the utterance that is next; -1: silence
	spoke    time.Time // last speech of the utterance was sent; zero: it is still going on
	spokeUp  time.Time // first speech of it
	edge     time.Time // last speech of it that was on the wire; zero: none was told
	heard    time.Time // last sound of the agent
	begin    time.Time // first sound of its present spurt
	turn     int
	answered []heardTurn
	lost     int
}

// newScript is a caller who says nothing until start.
func newScript(u *utterance, seed uint64) *script {
	return &script{u: u, pos: -1, rng: rand.New(rand.NewPCG(seed, 1))}
}

// start has the first turn begin after settle, and none after until.
func (s *script) start(now time.Time, settle time.Duration, until time.Time) {
	s.step, s.until = settling, until
	s.wait = now.Add(settle + time.Duration(s.rng.Int64N(int64(spread))))
}

// sound tells of a packet of the agent with sound in it.
func (s *script) sound(at time.Time) {
	if quiet := at.Sub(s.heard); quiet > holeFor && s.step == quietening && s.replied() && !s.acting {
		s.holes++
	}
	if at.Sub(s.heard) > newSpurt {
		s.begin = at
	}
	s.heard = at
}

// next is the frame of the utterance to be sent now; -1: silence.
func (s *script) next(now time.Time) int {
	s.decide(now)
	p := s.pos
	if p < 0 {
		return -1
	}
	if p == s.u.first {
		s.spokeUp = now
	}
	if p == s.u.last {
		s.spoke = now
	}
	if s.pos++; s.pos == len(s.u.frames) {
		s.pos = -1
	}
	return p
}

// passed: a packet with sound has been put on the wire.
func (s *script) passed(at time.Time) {
	if !s.replied() {
		s.edge = at
	}
}

// lastPassed is when the caller's last speech was on the wire: some of it may be lost, or late.
func (s *script) lastPassed() time.Time {
	if s.edge.IsZero() {
		return s.spoke
	}
	return s.edge
}

func (s *script) speak(then step) {
	s.pos, s.spoke, s.edge, s.spokeUp, s.step = 0, time.Time{}, time.Time{}, time.Time{}, then
}

// late is whether so much time has passed since the caller's last speech.
func (s *script) late(now time.Time, d time.Duration) bool {
	return !s.spoke.IsZero() && now.Sub(s.spoke) > d
}

// replied is whether the agent began to speak after the caller's last speech.
func (s *script) replied() bool { return !s.spoke.IsZero() && s.begin.After(s.spoke) }

func (s *script) decide(now time.Time) {
	switch s.step {
	case settling, breathing:
		if now.Before(s.wait) {
			return
		}
		if now.After(s.until) || s.turns > 0 && s.turn == s.turns {
			s.part()
			return
		}
		s.turn++
		s.acting = s.acts > 0 && s.turn%s.acts == 0
		if s.acting {
			s.acted++
		}
		s.speak(awaiting)
	case parting:
		if s.late(now, partWithin) {
			s.lost++
			s.step = finished
		}
	case awaiting:
		s.awaitAnswer(now)
	case listening:
		if now.Before(s.wait) {
			return
		}
		if now.Sub(s.heard) >= stillTalking { // too late to interrupt
			s.hush(now)
			return
		}
		s.cut, s.acting = s.cut+1, false
		s.speak(cutting)
	case cutting:
		s.awaitStop(now)
	case readdress:
		if s.replied() {
			s.hush(now)
		} else if s.late(now, answerWithin) {
			s.lost++
			s.hush(now)
		}
	case quietening:
		if now.Sub(s.heard) > quietFor || now.After(s.wait) {
			s.step, s.wait = breathing, now.Add(breath+time.Duration(s.rng.Int64N(int64(time.Second))))
		}
	}
}

// part ends the caller's side: at once, or with a last thing.
func (s *script) part() {
	if !s.parts {
		s.step = finished
		return
	}
	s.parted, s.acting = true, false
	s.speak(parting)
}

// left is told that the agent has ended the call.
func (s *script) left() {
	if s.step != parting && s.step != finished {
		s.lost++ // it was not asked to
	}
	s.step = finished
}

func (s *script) awaitAnswer(now time.Time) {
	switch {
	case s.replied():
		s.answered = append(s.answered, heardTurn{begin: s.begin, gap: s.begin.Sub(s.lastPassed())})
		if s.barge > 0 && s.turn%s.barge == 0 {
			s.step, s.wait = listening, s.begin.Add(bargeAfter)
			return
		}
		s.hush(now)
	case s.late(now, answerWithin):
		s.lost++
		s.hush(now)
	}
}

func (s *script) awaitStop(now time.Time) {
	if s.spokeUp.IsZero() {
		return
	}
	if now.Sub(s.heard) <= stoppedFor && now.Sub(s.spokeUp) < stopWithin {
		return
	}
	if s.heard.After(s.spokeUp) {
		s.answered[len(s.answered)-1].stop = s.heard.Sub(s.spokeUp)
	}
	s.step = readdress
}

func (s *script) hush(now time.Time) { s.step, s.wait = quietening, now.Add(quietWithin) }
