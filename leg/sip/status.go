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
