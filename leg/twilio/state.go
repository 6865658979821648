package twilio

import (
	"net/url"
	"strconv"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// A state is what callbacks have said of a call. They come in any order, more than once, and after the end: each adds to what is known, and
// none takes back anything, so that the same callbacks make the same state.
type state struct {
	rang     bool
	answered bool
	final    string // completed, busy, no-answer, failed or canceled; "" it is not over
	code     int    // the SIP status of the end; 0: not said
	seconds  int    // how long it was
	who      leg.Answerer
}

// finals are the ways a call ends. Should a carrier ever name two, the greater tells more.
var finals = map[string]int{"canceled": 1, "failed": 2, "no-answer": 3, "busy": 4, "completed": 5}

// add takes a callback; news reports whether it said anything new.
// twilio.com/docs/voice/api/call-resource#statuscallback
func (s *state) add(f url.Values) (news bool) {
	was := *s
	switch status := f.Get("CallStatus"); status {
	case "ringing":
		s.rang = true
	case "in-progress", "answered":
		s.answered = true
	default:
		if finals[status] > finals[s.final] {
			s.final = status
		}
		if status == "completed" {
			s.answered = true
		}
	}
	if n, err := strconv.Atoi(f.Get("SipResponseCode")); err == nil && n >= 100 && n <= 699 {
		s.code = max(s.code, n)
	}
	if n, err := strconv.Atoi(f.Get("CallDuration")); err == nil && n > 0 && n < 1<<20 {
		s.seconds = max(s.seconds, n)
	}
	if who := answerers[f.Get("AnsweredBy")]; who > s.who {
		s.who = who
	}
	return *s != was
}

// answerers are what Twilio's detector says (twilio.com/docs/voice/answering-machine-detection).
var answerers = map[string]leg.Answerer{
	"human": leg.HumanAnswered, "machine_start": leg.MachineAnswered, "fax": leg.FaxAnswered,
	"machine_end_beep": leg.MachineAnswered, "machine_end_silence": leg.MachineAnswered, "machine_end_other": leg.MachineAnswered,
}

// rejected is why a call that is over was not answered.
func (s *state) rejected() *leg.Rejected {
	no := &leg.Rejected{Code: s.code}
	switch s.final {
	case "busy":
		no.Cause = parley.Busy
	case "no-answer":
		no.Cause = parley.NoAnswer
	case "canceled":
		no.Cause = parley.Cancelled
	case "completed": // picked up and put down before there was any sound
		no.Cause = parley.CallerHungUp
		return no
	default:
		no.Cause = refusal(s.code)
	}
	if no.Code < 300 {
		no.Code = map[string]int{"busy": 486, "no-answer": 480, "canceled": 487, "failed": 500}[s.final]
	}
	return no
}

// refusal is what a SIP status means that ended a call.
func refusal(code int) parley.Cause {
	switch code {
	case 401, 402, 407, 433: // of Twilio to those behind it: nobody here can set that right, or said no
		return parley.Unreachable
	}
	return leg.CauseOf(code)
}

// past remembers calls that are over, so that a webhook that comes once more has nobody ring again. It forgets the oldest.
type past struct {
	known map[key]bool
	ring  []key
	at    int
}

const pastMost = 50_000

func (p *past) add(k key) {
	if p.known == nil {
		p.known = map[key]bool{}
	}
	if p.known[k] {
		return
	}
	p.known[k] = true
	if len(p.ring) < pastMost {
		p.ring = append(p.ring, k)
		return
	}
	delete(p.known, p.ring[p.at])
	p.ring[p.at] = k
	p.at = (p.at + 1) % pastMost
}
