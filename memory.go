package parley

import (
	"strings"
	"time"
)

// Limits of a memory.
const (
	MemoryFacts   = 50   // of one number
	MemoryFact    = 300  // characters
	MemorySummary = 2000 // characters
)

// A Memory is what is known of whoever has a telephone number, from earlier calls.
type Memory struct {
	ID, UserID string
	Number     string   // E.164, a sip: address, or an extension of digits
	AgentID    string   // whose it is; "" that of all agents with memory_scope all
	Facts      []string // the older ones first
	Summary    string   // of the last call
	CallID     string   // the last call that it was written by; "" it was written by hand
	Created    time.Time
	Updated    time.Time
}

// Memorable reports whether a caller's number says who they are: one that is withheld is everybody's.
func Memorable(number string) bool {
	user, host, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(number), "sip:"), "@")
	return strings.ContainsAny(user, "0123456789") || host != "" && host != "anonymous.invalid" && user != "anonymous"
}

// Remembers says whose memory an agent reads and writes, and what of it: facts by memory_scope, the last call's summary by
// combine_last_call_context.
func (a *Agent) Remembers() (agentID string, facts, summary bool) {
	scope := ""
	if a.MemoryScope != nil {
		scope = *a.MemoryScope
	}
	facts, summary = scope == "single_agent" || scope == "all", a.CombineLastCall != nil && *a.CombineLastCall
	switch {
	case scope == "all":
		return "", facts, summary
	case a.ID == "": // an agent that is not stored calls once
		return "", false, false
	}
	return a.ID, facts, summary
}

// Them is the number of whoever is at the other end of a call.
func (c *Call) Them() string {
	if c.IsOutgoing {
		return c.To
	}
	return c.From
}
