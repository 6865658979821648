package main

import (
	"slices"
	"strings"

	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/metrics"
)

// trunkStates tells the API how the trunks are doing.
type trunkStates struct{ state func() []sip.TrunkState }

func (t trunkStates) TrunkStatus(id string) api.TrunkStatus {
	all := t.state()
	i := slices.IndexFunc(all, func(s sip.TrunkState) bool { return s.ID == id })
	if i < 0 {
		return api.TrunkStatus{}
	}
	var out api.TrunkStatus
	if r := all[i].Registration; r != nil {
		out.Registration = &api.Registration{Registered: r.Registered, Since: r.Since, Until: r.Until, Contact: r.Contact, Error: told(r.Failure)}
	}
	for _, h := range all[i].Hops {
		out.Addresses = append(out.Addresses, api.TrunkAddress{Transport: strings.ToLower(h.Network), Address: h.Addr.String(), Name: h.Name,
			Up: h.Up, Since: h.Since, RoundTrip: h.RoundTrip, Error: told(h.Failure)})
	}
	return out
}

// lines counts how the trunks are doing.
func lines(trunks []sip.TrunkState) (n metrics.Lines) {
	for _, t := range trunks {
		if t.Registration != nil && t.Registration.Registered {
			n.Registered++
		} else if t.Registration != nil {
			n.Unregistered++
		}
		for _, h := range t.Hops {
			if h.Up {
				n.Up++
			} else {
				n.Down++
			}
		}
	}
	return n
}

func told(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
