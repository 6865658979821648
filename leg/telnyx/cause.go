package telnyx

import (
	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// rejection is the cause that actions/reject knows for one of ours.
func rejection(c parley.Cause) string {
	if c == parley.Busy {
		return "USER_BUSY"
	}
	return "CALL_REJECTED"
}

// unanswered is how a call of ours ended that nobody answered, by hangup_cause and the SIP status, which may be 0.
func unanswered(cause string, code int) parley.Cause {
	switch cause {
	case "user_busy":
		return parley.Busy
	case "timeout", "no_answer", "originator_cancel", "time_limit":
		return parley.NoAnswer
	case "not_found":
		return parley.Unreachable
	}
	switch {
	case code == 0 && cause == "call_rejected":
		return parley.Declined
	case code == 0 && cause == "normal_clearing":
		return parley.NoAnswer
	}
	return leg.CauseOf(code)
}

// ended is why Telnyx ended a leg that was answered; "": the far end hung up.
func ended(cause string) parley.Cause {
	if cause == "time_limit" {
		return parley.DurationLimit
	}
	return ""
}
