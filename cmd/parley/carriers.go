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

// carrierDoors are those that there are, by TrunkAccount.Carrier; they are served below /carriers/<carrier>/.
func (h *house) carrierDoors() map[string]carrierDoor {
	return map[string]carrierDoor{parley.CarrierTwilio: h.twilio(), parley.CarrierTelnyx: h.telnyx()}
}

// besides puts the carriers' paths beside what else is served. They have no API key.
func besides(site http.Handler, doors map[string]carrierDoor) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", site)
	for carrier, d := range doors {
		mux.Handle("/carriers/"+carrier+"/", d)
	}
	return mux
}
