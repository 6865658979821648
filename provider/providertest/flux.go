package providertest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/coder/websocket"
)

// fluxKnows are the fields that /v2/listen takes.
var fluxKnows = []string{"model", "encoding", "sample_rate", "eager_eot_threshold", "eot_threshold", "eot_timeout_ms", "keyterm", "language_hint", "profanity_filter", "numerals", "redact", "mip_opt_out", "tag"}

// fluxRefuses is why a handshake is refused; "": it is not.
func fluxRefuses(q url.Values) string {
	for name := range q {
		if !slices.Contains(fluxKnows, name) {
			return "unknown query parameter " + name
		}
	}
	between := func(name string, low, high float64) bool {
		f, err := strconv.ParseFloat(q.Get(name), 64)
		return !q.Has(name) || err == nil && f >= low && f <= high
	}
	model := q.Get("model")
	switch {
	case model != "flux-general-en" && model != "flux-general-multi":
		return "no such model: " + model
	case q.Has("language_hint") && model != "flux-general-multi":
		return "language_hint is only supported on flux-general-multi"
	case !slices.Contains([]string{"linear16", "mulaw"}, q.Get("encoding")) || q.Get("sample_rate") == "":
		return "encoding and sample_rate are required of raw audio"
	case !between("eot_threshold", 0.5, 1), !between("eager_eot_threshold", 0.3, 0.9), !between("eot_timeout_ms", 500, 60000):
		return "a threshold is out of range"
	case len(q["keyterm"]) > 100:
		return "more than 100 keyterms"
	}
	return ""
}

// A fluxStream is one stream of /v2/listen (https://developers.deepgram.com/reference/speech-to-text/listen-flux).
type fluxStream struct {
	ctx      context.Context
	conn     *websocket.Conn
	ear      ear
	eager    bool
	going    bool
	turn     int
	sequence int
	told     int // samples heard when the last TurnInfo was sent
	words    []heardWord
}

func (d *Deepgram) flux(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if why := fluxRefuses(q); why != "" && r.Header.Get("Authorization") != "" {
		http.Error(w, `{"err_code":"INVALID_QUERY_PARAMETER","err_msg":"`+why+`","request_id":"x"}`, http.StatusBadRequest)
		return
	}
	c := d.accept(w, r)
	if c == nil {
		return
	}
	defer c.CloseNow()
	rate, _ := strconv.Atoi(q.Get("sample_rate"))
	s := fluxStream{ctx: r.Context(), conn: c, ear: ear{rate: rate}, eager: q.Has("eager_eot_threshold")}
	s.send(map[string]any{"type": "Connected"})
	for n, f := 0, faultOf(r); ; n++ {
		typ, b, err := c.Read(s.ctx)
		if err != nil {
			return
		}
		if typ == websocket.MessageText {
			d.got(string(b))
			var m struct{ Type string }
			json.Unmarshal(b, &m)
			if m.Type == "CloseStream" { // ends no turn
				s.info("Update")
				c.Close(websocket.StatusNoStatusRcvd, "")
				return
			}
			s.send(map[string]any{"type": "Error", "code": "UNPARSABLE_CLIENT_MESSAGE", "description": "Could not parse the message of type " + m.Type})
			c.Close(websocket.StatusPolicyViolation, "UNPARSABLE_CLIENT_MESSAGE")
			return
		}
		if n == 6 && !s.spoil(f) {
			return
		}
		s.hear(samples(q.Get("encoding"), b))
	}
}

// spoil plays a fault. False: the connection is over.
func (s *fluxStream) spoil(f Fault) bool {
	switch f {
	case Close:
		s.conn.Close(websocket.StatusInternalError, "NET-0000")
		return false
	case CutJSON:
		s.conn.Write(s.ctx, websocket.MessageText, []byte(`{"type":"TurnInfo","turn_ind`))
		return false
	case Garbage:
		s.conn.Write(s.ctx, websocket.MessageText, []byte("\x01\x02 no JSON at all"))
	}
	return true
}

func (s *fluxStream) hear(pcm []int16) {
	for len(pcm) > 0 {
		n := min(len(pcm), s.ear.rate/50)
		for _, x := range s.ear.hear(pcm[:n]) {
			s.words = x.words
			switch {
			case x.final && s.eager:
				s.info("EagerEndOfTurn")
				s.info("EndOfTurn")
			case x.final:
				s.info("EndOfTurn")
			case !s.going:
				s.info("StartOfTurn")
			default:
				s.info("Update")
			}
		}
		pcm = pcm[n:]
		if s.ear.at-s.told >= s.ear.rate/4 {
			s.info("Update")
		}
	}
}

// info tells of the turn.
func (s *fluxStream) info(event string) {
	words, rate := []map[string]any{}, float64(s.ear.rate)
	for _, w := range s.words {
		words = append(words, map[string]any{"word": w.text, "confidence": 0.99, "start": w.start, "end": w.end})
	}
	m := map[string]any{"type": "TurnInfo", "event": event, "turn_index": s.turn, "audio_window_start": float64(s.told) / rate,
		"audio_window_end": float64(s.ear.at) / rate, "transcript": textOf(s.words), "words": words, "end_of_turn_confidence": 0.1}
	s.told, s.going = s.ear.at, s.going || event == "StartOfTurn"
	if event == "EndOfTurn" {
		m["trigger"], m["end_of_turn_confidence"] = "model", 0.9
		s.turn, s.going, s.words = s.turn+1, false, nil
	}
	s.send(m)
}

func (s *fluxStream) send(m map[string]any) {
	m["request_id"], m["sequence_id"] = strings.Repeat("0", 8)+"-0000-4000-8000-000000000000", s.sequence
	s.sequence++
	send(s.ctx, s.conn, m)
}
