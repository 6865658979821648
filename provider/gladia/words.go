package gladia

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/stt"
)

// message is what the websocket sends: transcript, speech_start, speech_end, start_recording, end_recording, end_session, and what was not
// asked for (https://docs.gladia.io/api-reference/v2/live/websocket).
type message struct {
	Type  string      `json:"type"`
	Error *whatFailed `json:"error"` // of an action or an add-on
	Data  struct {
		IsFinal   bool `json:"is_final"`
		Utterance struct {
			Text  string `json:"text"`
			Words []word `json:"words"`
		} `json:"utterance"`
	} `json:"data"`
}

type whatFailed struct {
	Message string `json:"message"`
}

type word struct {
	Word  string  `json:"word"`
	Start float64 `json:"start"` // s from the first sound sent
	End   float64 `json:"end"`
}

func parseMessage(b []byte) (m message, err error) {
	err = json.Unmarshal(b, &m)
	return m, err
}

// words makes events of messages. A final closes a part of what is said, which its length may have cut: only speech_end, which comes
// before the final of its words, tells that the caller has stopped.
type words struct {
	open    *stt.Event // words not final so far
	said    bool       // words were told since End
	stopped bool       // no speech since speech_end
}

func (w *words) take(m *message) []stt.Event {
	switch m.Type {
	case "speech_start":
		w.stopped = false
		return []stt.Event{{Started: true}}
	case "speech_end":
		w.stopped = true
		if w.said && w.open == nil {
			w.said = false
			return []stt.Event{{End: true}}
		}
	case "transcript":
		e := stt.Event{Text: strings.TrimSpace(m.Data.Utterance.Text), Words: times(m.Data.Utterance.Words), Final: m.Data.IsFinal}
		if !e.Final {
			if e.Text == "" {
				return nil
			}
			w.open = &e
			w.said = true
			return []stt.Event{e}
		}
		if e.Text == "" && w.open == nil {
			return nil
		}
		if e.Text == "" { // nothing came of the partials
			e = *w.open
			e.Final = true
		}
		w.open = nil
		e.End = w.stopped
		w.said = !e.End
		return []stt.Event{e}
	}
	return nil
}

// rest is the words that are not final, as a final. nil: there are none.
func (w *words) rest() *stt.Event {
	e := w.open
	if e == nil {
		return nil
	}
	w.open, w.said = nil, false
	e.Final, e.End = true, true
	return e
}

func times(ws []word) []stt.Word {
	if len(ws) == 0 {
		return nil
	}
	out := make([]stt.Word, 0, len(ws))
	var last time.Duration
	for _, w := range ws {
		start := max(seconds(w.Start), last)
		last = max(seconds(w.End), start)
		if text := strings.TrimSpace(w.Word); text != "" {
			out = append(out, stt.Word{Text: text, Start: start, End: last})
		}
	}
	return out
}

// seconds is s as a duration, kept within a day: the wire may say anything.
func seconds(s float64) time.Duration {
	if math.IsNaN(s) || s < 0 {
		return 0
	}
	return time.Duration(min(s, 86400) * float64(time.Second))
}

// typed gives an error of the connection the code that its close code has here. Of 4400 to 4499 Gladia's own SDK (@gladiaio/sdk) holds that
// the same connection need not be tried again. 4403 is a session that is over: another one may be opened.
func (h *hearing) typed(err error) error {
	var v *parley.VendorError
	if !errors.As(err, &v) {
		return err
	}
	v.Message = h.hide(v.Message)
	switch {
	case v.Status == 4401:
		v.Code, v.Message = parley.VendorUnauthorized, "the key is missing, wrong or not allowed to do this"
	case v.Status == 4429:
		v.Code = parley.VendorRateLimited
	case v.Status >= 4400 && v.Status < 4500 && v.Status != 4403 && v.Status != 4408:
		v.Code = parley.VendorRefused
	}
	return err
}
