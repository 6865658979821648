package main

import (
	"context"
	"io"
	"net/netip"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/leg/sip/trace"
)

// traces are what the wire carries of calls as the API shows it.
type traces struct {
	*trace.Keeper
	sip   *sip.Trunk
	calls *call.Switchboard
}

// Capture implements api.Traces.
func (t traces) Capture(ctx context.Context, w io.Writer, flush func() error, id string, carrierIDs ...string) error {
	if !t.calls.Runs(id) {
		return parley.NotFound("running call")
	}
	return t.Follow(ctx, w, flush, trace.Live{
		Tap: func(callID string, f func(time.Time, bool, netip.AddrPort, netip.AddrPort, []byte)) (func(), bool) {
			return t.sip.Tap(callID, f)
		},
		Runs:  func() bool { return t.calls.Runs(id) },
		Quiet: func() bool { return t.calls.Discreet(id) },
	}, id, carrierIDs...)
}
