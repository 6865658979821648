package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Preset is what is known to work with one far end: the credentials of an account_connection_sip that are filled in where they are left out.
type Preset struct {
	Name    string
	Title   string
	Host    string            // "": it is asked for
	Domain  string            // of a customer's own name at the carrier, which host may be alone; %s is the region, where there is one
	Regions map[string]string // by their names: the host, or what stands for %s; "" is where none is said
	Fields  map[string]any    // of credentials, as JSON has them
}

// Presets are all there are. Addresses are those that calls in come from by the carrier's own page, as of 27 Nov 2026.
var Presets = []Preset{
	{
		// twilio.com/docs/sip-trunking/ip-addresses, /docs/sip-trunking/codecs, /docs/global-infrastructure/localized-uris/termination.
		// A trunk with Secure Trunking takes TLS with SRTP and nothing else, one without it neither.
		Name: "twilio", Title: "Twilio Elastic SIP Trunking", Domain: "pstn%s.twilio.com",
		Regions: map[string]string{"": "", "ashburn": ".ashburn", "umatilla": ".umatilla", "dublin": ".dublin", "frankfurt": ".frankfurt", "singapore": ".singapore",
			"tokyo": ".tokyo", "sao-paulo": ".sao-paulo", "sydney": ".sydney"},
		Fields: map[string]any{
			"transport": "udp", "codecs": []any{"PCMU", "PCMA"}, "number_format": "e164", "caller_id": "from", "options_interval_seconds": 60.0,
			"allowed_addresses": []any{"54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30", "54.65.63.192/30", "54.169.127.128/30",
				"54.252.254.64/30", "177.71.206.192/30"},
		},
	},
	{
		// sip.telnyx.com (signalling addresses), developers.telnyx.com/docs/voice/sip-trunking. SRV of each region names both its addresses.
		Name: "telnyx", Title: "Telnyx SIP Trunking", Host: "sip.telnyx.com",
		Regions: map[string]string{"": "sip.telnyx.com", "us": "sip.telnyx.com", "eu": "sip.telnyx.eu", "ca": "sip.telnyx.ca", "au": "sip.telnyx.com.au"},
		Fields: map[string]any{
			"transport": "udp", "codecs": []any{"PCMU", "PCMA", "G722"}, "number_format": "e164", "caller_id": "from", "register": true, "options_interval_seconds": 60.0,
			"allowed_addresses": []any{"192.76.120.10", "64.16.250.10", "185.246.41.140", "185.246.41.141", "103.115.244.145", "103.115.244.146", "192.76.120.31", "64.16.250.13"},
		},
	},
	{
		// developer.vonage.com/en/sip/technical-details, /en/voice/voice-api/concepts/numbers (E.164 without +); the signalling addresses as
		// docs.cloud.google.com/contact-center/ccai-platform/docs/byoc-ip-allow-list repeats them from Vonage's knowledge base.
		Name: "vonage", Title: "Vonage SIP Trunking", Host: "sip.nexmo.com", Domain: "sip-%s.vonage.com",
		Regions: map[string]string{"": "us", "us": "us", "eu": "eu", "ap": "ap"},
		Fields: map[string]any{
			"transport": "udp", "codecs": []any{"PCMA", "PCMU", "G722"}, "number_format": "plain", "caller_id": "from", "options_interval_seconds": 60.0,
			"allowed_addresses": []any{"216.147.0.1", "216.147.0.2", "216.147.1.1", "216.147.1.2", "216.147.2.1", "216.147.2.2", "216.147.3.1", "216.147.3.2",
				"216.147.4.1", "216.147.4.2", "216.147.5.1", "216.147.5.2"},
		},
	},
	{
		// docs.asterisk.org, res_pjsip: an endpoint is found by the user of From, and knows who calls by trust_id_inbound.
		Name: "asterisk", Title: "Asterisk (an endpoint of chan_pjsip)",
		Fields: map[string]any{"transport": "udp", "codecs": []any{"G722", "PCMU", "PCMA"}, "caller_id": "p_asserted_identity", "register": true, "register_expires_seconds": 300.0},
	},
	{
		Name: "freepbx", Title: "FreePBX (an extension)",
		Fields: map[string]any{"transport": "udp", "codecs": []any{"G722", "PCMU", "PCMA"}, "caller_id": "p_asserted_identity", "register": true, "register_expires_seconds": 300.0},
	},
	{
		// developer.signalwire.com/freeswitch: a user of the directory registers at the internal profile.
		Name: "freeswitch", Title: "FreeSWITCH (a user of the directory)",
		Fields: map[string]any{"transport": "udp", "codecs": []any{"G722", "PCMU", "PCMA"}, "caller_id": "remote_party_id", "register": true, "register_expires_seconds": 300.0},
	},
	{
		Name: "3cx", Title: "3CX (an extension; its authentication ID is auth_username)",
		Fields: map[string]any{"transport": "udp", "codecs": []any{"PCMU", "PCMA", "G722"}, "caller_id": "p_asserted_identity", "register": true, "register_expires_seconds": 120.0},
	},
	{Name: "generic", Title: "Any other: nothing is filled in"},
}

// FindPreset is the preset of that name.
func FindPreset(name string) (Preset, bool) {
	i := slices.IndexFunc(Presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return Presets[i], true
}

// Filled are credentials of an account_connection_sip with what their preset fills in, and the names of what it filled in. Whatever they say
// themselves stays. A far end that wants to be registered at is registered at where there is a username.
func Filled(c map[string]any) (full map[string]any, filled []string) {
	p, ok := FindPreset(str(c, "preset"))
	if !ok {
		return c, nil
	}
	full = maps.Clone(c)
	if host := p.at(str(c, "host"), str(c, "region")); host != str(c, "host") {
		full["host"], filled = host, append(filled, "host")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		switch {
		case full[name] != nil:
		case strings.HasPrefix(name, "register") && str(c, "username") == "":
		default:
			full[name] = p.Fields[name]
			filled = append(filled, name)
		}
	}
	return full, filled
}

// at is where the far end is: a name alone is the customer's at the carrier.
func (p Preset) at(host, region string) string {
	part, known := p.Regions[region]
	if !known {
		part = p.Regions[""]
	}
	switch {
	case host == "" && p.Domain == "" && part != "":
		return part
	case host == "":
		return p.Host
	case p.Domain != "" && !strings.ContainsAny(host, ".:"):
		return host + "." + fmt.Sprintf(p.Domain, part)
	}
	return host
}

// NeedsHost reports whether credentials with that preset have to name their host.
func (p Preset) NeedsHost() bool { return p.Host == "" }

// In reports whether there is that region; "" is always one.
func (p Preset) In(region string) bool {
	_, ok := p.Regions[region]
	return ok || region == ""
}

// RegionNames are those that may be said.
func (p Preset) RegionNames() []string {
	names := slices.Sorted(maps.Keys(p.Regions))
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}
