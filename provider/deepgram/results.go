package deepgram

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

// message is what /v1/listen sends: Results, SpeechStarted, UtteranceEnd, Metadata, Error.
type message struct {
	Type        string          `json:"type"`
	IsFinal     bool            `json:"is_final"`
	SpeechFinal bool            `json:"speech_final"`
	Channel     json.RawMessage `json:"channel"` // an object in Results, an array of numbers elsewhere
	Description string          `json:"description"`
	Message     string          `json:"message"`

	alternative alternative
}

type alternative struct {
	Transcript string `json:"transcript"`
	Words      []word `json:"words"`
}

type word struct {
	Word       string  `json:"word"`
	Punctuated string  `json:"punctuated_word"`
	Start      float64 `json:"start"` // s from the first sound sent
	End        float64 `json:"end"`
}

func parseMessage(b []byte) (m message, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return m, err
	}
	if m.Type != "Results" {
		return m, nil
	}
	var c struct {
		Alternatives []alternative `json:"alternatives"`
	}
	if err := json.Unmarshal(m.Channel, &c); err != nil {
		return m, err
	}
	if len(c.Alternatives) > 0 {
		m.alternative = c.Alternatives[0]
	}
	return m, nil
}

// take turns a message into an event, nil when it tells nothing. A final may be one of several in an utterance: only
// speech_final, or UtteranceEnd where noise hid the silence, ends it.
func (h *hearing) take(m *message) (*stt.Event, error) {
	switch m.Type {
	case "Results":
		e := stt.Event{Text: strings.TrimSpace(m.alternative.Transcript), Final: m.IsFinal}
		if e.Text == "" {
			if m.SpeechFinal && h.said {
				h.said = false
				return &stt.Event{End: true}, nil
			}
			return nil, nil
		}
		e.Words = times(m.alternative.Words)
		e.End = m.SpeechFinal
		h.said = !m.SpeechFinal
		return &e, nil
	case "SpeechStarted":
		return &stt.Event{Started: true}, nil
	case "UtteranceEnd":
		if h.said {
			h.said = false
			return &stt.Event{End: true}, nil
		}
	case "Error":
		text := m.Description
		if text == "" {
			text = m.Message
		}
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Message: provider.Line(text)}
	}
	return nil, nil
}

func times(ws []word) []stt.Word {
	out := make([]stt.Word, 0, len(ws))
	for _, w := range ws {
		text := w.Punctuated
		if text == "" {
			text = w.Word
		}
		out = append(out, stt.Word{Text: text, Start: seconds(w.Start), End: seconds(w.End)})
	}
	return out
}

// seconds is s as a duration, kept within a day: the wire may say anything.
func seconds(s float64) time.Duration {
	if math.IsNaN(s) || s < 0 {
		return 0
	}
	return time.Duration(math.Min(s, 86400) * float64(time.Second))
}
