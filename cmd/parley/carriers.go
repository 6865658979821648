package main

import (
	"net/http"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// A carrierDoor is calls by a carrier that asks us by HTTP. It knows its own from strangers.
type carrierDoor interface {
	leg.Trunk
	http.Handler
}

// carrierDoors are those that there are, by TrunkAccount.Carrier; they are served below /carriers/<carrier>/, and have no API key.
func (h *house) carrierDoors() map[string]carrierDoor {
	return map[string]carrierDoor{parley.CarrierTwilio: h.twilio(), parley.CarrierTelnyx: h.telnyx()}
}
