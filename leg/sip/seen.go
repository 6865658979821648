package sip

import (
	"net/netip"
	"time"

	"github.com/parley-voice/parley/leg/sip/trace"
)

// seen tells the trace of a message as it is on the wire; raw is the caller's again afterwards.
func (t *Trunk) seen(at time.Time, network string, local, remote netip.AddrPort, out bool, raw []byte) {
	if t.cfg.Trace != nil {
		t.cfg.Trace.See(trace.Message{At: at, Network: network, Local: local, Remote: remote, Out: out, Raw: raw})
	}
}

// traced says that a Call-ID is of a call; owner is that call's own id, as far as it is known here.
func (t *Trunk) traced(callID, owner string) {
	if t.cfg.Trace != nil {
		t.cfg.Trace.Keep(callID, owner)
	}
}
