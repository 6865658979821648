package api

import (
	"fmt"
	"time"

	"github.com/parley-voice/parley"
)

// Trunks tells how the far ends of SIP trunks are doing, as this process last saw them.
type Trunks interface {
	TrunkStatus(id string) TrunkStatus
}

// A TrunkStatus is how one account's far end is doing. The zero value: nothing is known yet.
type TrunkStatus struct {
	Registration *Registration
	Addresses    []TrunkAddress
}

// A Registration is what a registrar knows of us.
type Registration struct {
	Registered bool
	Since      time.Time // when Registered last changed
	Until      time.Time // when the registrar forgets us
	Contact    string    // where it sends calls
	Error      string    // why the last attempt failed
}

// A TrunkAddress is one of the places where a trunk's calls go.
type TrunkAddress struct {
	Transport, Address, Name string
	Up                       bool
	Since                    time.Time // when Up last changed
	RoundTrip                time.Duration
	Error                    string
}

type (
	trunkStatusDto struct {
		ID           string            `json:"id"`
		Registration *registrationDto  `json:"registration"`
		Addresses    []trunkAddressDto `json:"addresses"`
	}
	registrationDto struct {
		Registered bool `json:"registered"`
		Since      any  `json:"since"`
		Until      any  `json:"until"`
		Contact    any  `json:"contact"`
		Error      any  `json:"error"`
	}
	trunkAddressDto struct {
		Transport string   `json:"transport"`
		Address   string   `json:"address"`
		Name      any      `json:"name"`
		Up        bool     `json:"up"`
		Since     any      `json:"since"`
		RoundTrip *float64 `json:"round_trip_ms"`
		Error     any      `json:"error"`
	}
)

func (a *API) trunkStatus(r *request) (any, error) {
	trunk, err := a.trunk(r.Context(), r.env, r.id, "id")
	if parley.IsNotFound(err) {
		return nil, parley.NotFound("account connection")
	} else if err != nil {
		return nil, err
	}
	if trunk["type"] != sipConnection {
		return nil, parley.Invalid("id", fmt.Sprintf("id must be that of an %s, and that is an %v", sipConnection, trunk["type"]))
	}
	dto := trunkStatusDto{ID: r.id, Addresses: []trunkAddressDto{}}
	if a.Trunks == nil {
		return dto, nil
	}
	s := a.Trunks.TrunkStatus(r.id)
	if g := s.Registration; g != nil {
		dto.Registration = &registrationDto{g.Registered, when(g.Since), when(g.Until), orNull(g.Contact), orNull(g.Error)}
	}
	for _, at := range s.Addresses {
		d := trunkAddressDto{Transport: at.Transport, Address: at.Address, Name: orNull(at.Name), Up: at.Up, Since: when(at.Since), Error: orNull(at.Error)}
		if at.RoundTrip > 0 {
			ms := float64(at.RoundTrip.Microseconds()) / 1000
			d.RoundTrip = &ms
		}
		dto.Addresses = append(dto.Addresses, d)
	}
	return dto, nil
}
