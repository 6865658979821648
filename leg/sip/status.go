package sip

import "github.com/parley-voice/parley"

// rejection is the status an INVITE is refused with, and its phrase.
func rejection(c parley.Cause) (code int, reason string) {
	switch c {
	case parley.Busy:
		return 486, "Busy Here"
	case parley.Declined:
		return 603, "Decline"
	case parley.Unreachable, parley.Unknown, "":
		return 404, "Not Found"
	case parley.NoAnswer, parley.Idle, parley.Cancelled, parley.Expired, parley.AgentEnded:
		return 480, "Temporarily Unavailable"
	case parley.Configuration, parley.ProviderFailed, parley.NodeLost:
		return 503, "Service Unavailable"
	}
	return 500, "Server Internal Error"
}

// refusal is what a final status of a call we placed means. Code 0: nothing answered.
func refusal(code int) parley.Cause {
	switch code {
	case 486, 600:
		return parley.Busy
	case 603, 607, 608, 403, 433:
		return parley.Declined
	case 401, 402, 407:
		return parley.Configuration // the credentials, or the account
	case 408, 480, 487:
		return parley.NoAnswer
	}
	return parley.Unreachable
}
