package carriertest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// A param says what is wrong with a value; "": nothing.
type param func(v any) string

func text(v any) string {
	if s, ok := v.(string); !ok || s == "" {
		return "must be a text"
	}
	return ""
}

func flag(v any) string {
	if _, ok := v.(bool); !ok {
		return "must be true or false"
	}
	return ""
}

func state(v any) string {
	s, _ := v.(string)
	if _, err := base64.StdEncoding.DecodeString(s); err != nil || s == "" {
		return "must be a valid base64 encoded string"
	}
	return ""
}

func oneOf(words ...string) param {
	return func(v any) string {
		if s, _ := v.(string); !slices.Contains(words, s) {
			return "must be one of " + strings.Join(words, ", ")
		}
		return ""
	}
}

func between(least, most float64) param {
	return func(v any) string {
		if n, ok := v.(float64); !ok || n < least || n > most || n != float64(int(n)) {
			return fmt.Sprintf("must be a whole number from %v to %v", least, most)
		}
		return ""
	}
}

func socketAddress(v any) string {
	if s, _ := v.(string); !strings.HasPrefix(s, "wss://") && !strings.HasPrefix(s, "ws://127.0.0.1:") { // this machine has no certificate
		return "must be a websocket's address"
	}
	return ""
}

func headers(v any) string {
	list, ok := v.([]any)
	if !ok {
		return "must be a list"
	}
	for _, h := range list {
		m, _ := h.(map[string]any)
		if len(m) != 2 || text(m["name"]) != "" || text(m["value"]) != "" {
			return "must have name and value"
		}
	}
	return ""
}

func pressed(v any) string {
	if s, _ := v.(string); s == "" || strings.Trim(s, "0123456789ABCDwW*#") != "" {
		return "must be digits"
	}
	return ""
}

func sipAddress(v any) string {
	if s, _ := v.(string); !strings.HasPrefix(s, "sip:") {
		return "must be a SIP URI"
	}
	return ""
}

var bidirectional = map[string]param{
	"stream_url": socketAddress, "stream_track": oneOf("inbound_track", "outbound_track", "both_tracks"),
	"stream_codec": oneOf("PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16", "default"), "stream_bidirectional_mode": oneOf("mp3", "rtp"),
	"stream_bidirectional_codec": oneOf("PCMU", "PCMA", "G722", "OPUS", "AMR-WB", "L16"), "stream_bidirectional_target_legs": oneOf("both", "self", "opposite"),
	"send_silence_when_idle": flag,
}

// The parameters of POST /v2/calls and of the actions, those without * being optional.
var (
	dialParams = with(bidirectional, map[string]param{"connection_id*": text, "to*": text, "from*": text, "timeout_secs": between(5, 600), "time_limit_secs": between(30, 14400),
		"answering_machine_detection": oneOf("premium", "detect", "detect_beep", "detect_words", "greeting_end", "disabled"), "custom_headers": headers, "sip_headers": headers})
	commands = map[string]map[string]param{
		"answer":    with(bidirectional, map[string]param{"preferred_codecs": text}),
		"reject":    with(map[string]param{"cause*": oneOf("CALL_REJECTED", "USER_BUSY")}),
		"hangup":    with(),
		"send_dtmf": with(map[string]param{"digits*": pressed, "duration_millis": between(100, 500)}),
		"refer":     with(map[string]param{"sip_address*": sipAddress}),
	}
)

// with joins parameters, and those of all commands.
func with(sets ...map[string]param) map[string]param {
	all := map[string]param{"client_state": state, "command_id": text}
	for _, s := range sets {
		for k, p := range s {
			all[k] = p
		}
	}
	return all
}

// check says what is wrong with a request.
func check(params map[string]param, in map[string]any) string {
	for k, p := range params {
		name, required := strings.CutSuffix(k, "*")
		v, given := in[name]
		if !given {
			if required {
				return "The '" + name + "' parameter is required."
			}
			continue
		}
		if why := p(v); why != "" {
			return "The '" + name + "' parameter " + why + "."
		}
	}
	for k := range in {
		if params[k] == nil && params[k+"*"] == nil {
			return "There is no parameter '" + k + "'."
		}
	}
	return ""
}
