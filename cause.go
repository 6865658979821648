package parley

// A Cause is why a call ended: the closed list behind ended_reason, and the label of every metric about endings.
type Cause string

const (
	CallerHungUp   Cause = "caller_hung_up" // the far end said BYE, in either direction
	AgentEnded     Cause = "agent_ended"
	Transferred    Cause = "transferred"
	Voicemail      Cause = "voicemail"
	NoAnswer       Cause = "no_answer"
	Busy           Cause = "busy"
	Declined       Cause = "declined"
	Unreachable    Cause = "unreachable"
	Idle           Cause = "idle"
	DurationLimit  Cause = "duration_limit"
	MediaTimeout   Cause = "media_timeout"
	ProviderFailed Cause = "provider_failed"
	Cancelled      Cause = "cancelled"
	Expired        Cause = "expired"
	NodeLost       Cause = "node_lost"
	Configuration  Cause = "configuration"
	Unknown        Cause = "unknown"
)

// A Fault is the party a Cause is laid at.
type Fault string

const (
	FaultCaller   Fault = "caller"
	FaultCallee   Fault = "callee"
	FaultAgent    Fault = "agent"
	FaultCarrier  Fault = "carrier"
	FaultProvider Fault = "provider"
	FaultConfig   Fault = "config"
	FaultPlatform Fault = "platform"
)

// causes is the one table about endings: where the fault lies and what stage_outcome the contract shows.
var causes = map[Cause]struct {
	fault   Fault
	outcome string
}{
	CallerHungUp:   {FaultCaller, "human_disconnected"},
	AgentEnded:     {FaultAgent, "bot_disconnected"},
	Transferred:    {FaultAgent, "bot_disconnected"},
	Voicemail:      {FaultCallee, "human_unanswered"},
	NoAnswer:       {FaultCallee, "human_unanswered"},
	Busy:           {FaultCallee, "call_did_not_connect"},
	Declined:       {FaultCallee, "call_did_not_connect"},
	Unreachable:    {FaultCarrier, "call_did_not_connect"},
	Idle:           {FaultCaller, "bot_disconnected"},
	DurationLimit:  {FaultAgent, "bot_disconnected"},
	MediaTimeout:   {FaultCarrier, "human_disconnected"},
	ProviderFailed: {FaultProvider, "bot_disconnected"},
	Cancelled:      {FaultPlatform, "call_did_not_connect"},
	Expired:        {FaultPlatform, "call_did_not_connect"},
	NodeLost:       {FaultPlatform, "bot_disconnected"},
	Configuration:  {FaultConfig, "call_did_not_connect"},
	Unknown:        {FaultPlatform, "call_did_not_connect"},
}

// Causes lists every Cause, for metrics that want each label present from the start.
func Causes() []Cause {
	all := make([]Cause, 0, len(causes))
	for c := range causes {
		all = append(all, c)
	}
	return all
}

// Known reports whether c is one of Causes.
func (c Cause) Known() bool {
	_, ok := causes[c]
	return ok
}

// Fault is who the ending is laid at; an unknown Cause is the platform's.
func (c Cause) Fault() Fault {
	if r, ok := causes[c]; ok {
		return r.fault
	}
	return FaultPlatform
}

// StageOutcome is the contract's stage_outcome for the ending.
func (c Cause) StageOutcome() string {
	if r, ok := causes[c]; ok {
		return r.outcome
	}
	return causes[Unknown].outcome
}

// Failed reports whether a call that ended so has status "error": only faults of configuration, provider or platform do.
func (c Cause) Failed() bool {
	switch c.Fault() {
	case FaultConfig, FaultProvider, FaultPlatform:
		return c != Cancelled && c != Expired
	}
	return false
}

// Status is the status of a call that ended so: error for the faults of configuration, provider or platform, ended otherwise.
func (c Cause) Status() Status {
	if c.Failed() {
		return Failed
	}
	return Ended
}
