package assemblyai

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

// message is what AssemblyAI sends: Begin, SpeechStarted, Turn, Termination, Error
// (https://www.assemblyai.com/docs/streaming/message-sequence).
type message struct {
	Type       string `json:"type"`
	Order      int    `json:"turn_order"`
	Formatted  bool   `json:"turn_is_formatted"`
	EndOfTurn  bool   `json:"end_of_turn"`
	Transcript string `json:"transcript"` // words that will not change
	Words      []word `json:"words"`      // the last may change
	ErrorCode  int    `json:"error_code"`
	Error      string `json:"error"`
}

type word struct {
	Text  string  `json:"text"`
	Start float64 `json:"start"` // ms from the first sound sent
	End   float64 `json:"end"`
}

func parseMessage(b []byte) (m message, err error) {
	err = json.Unmarshal(b, &m)
	return m, err
}

// turns makes events of Turn messages. With format_turns each end comes twice, the second time formatted; that one is told.
type turns struct {
	formatted bool
	silent    bool // the model ends turns by silence, not by what was said
	place     func(time.Duration) time.Duration
	told      int        // the last turn that is final
	open      *stt.Event // words not final so far
	order     int        // the turn of open
}

func (t *turns) take(m *message) (out []stt.Event) {
	switch {
	case m.Type == "SpeechStarted":
		return []stt.Event{{Started: true}}
	case m.Type != "Turn" || m.Order <= t.told:
		return nil
	}
	if t.open != nil && m.Order > t.order { // the end of the turn before has not come
		out = append(out, *t.rest())
	}
	e := stt.Event{Text: m.text(), Words: t.times(m.Words)}
	if m.EndOfTurn && (m.Formatted || !t.formatted) {
		t.told = m.Order
		was := t.open
		if t.open = nil; e.Text == "" {
			if was == nil {
				return out
			}
			e = *was
		}
		e.Final, e.End, e.Semantic = true, true, !t.silent
		return append(out, e)
	}
	if e.Text == "" {
		return out
	}
	t.open, t.order = &e, m.Order
	return append(out, e)
}

// rest is the words that are not final, as a final. nil: there are none.
func (t *turns) rest() *stt.Event {
	e := t.open
	if e == nil {
		return nil
	}
	t.open, t.told = nil, t.order
	e.Final, e.End = true, true
	return e
}

// text is the words so far, also those that may change.
func (m *message) text() string {
	if m.EndOfTurn && m.Transcript != "" {
		return strings.TrimSpace(m.Transcript)
	}
	var ws []string
	for _, w := range m.Words {
		if w.Text != "" {
			ws = append(ws, w.Text)
		}
	}
	if text := strings.TrimSpace(strings.Join(ws, " ")); text != "" {
		return text
	}
	return strings.TrimSpace(m.Transcript)
}

const day = 24 * time.Hour

func (t *turns) times(ws []word) []stt.Word {
	if len(ws) == 0 {
		return nil
	}
	out := make([]stt.Word, 0, len(ws))
	var last time.Duration
	for _, w := range ws {
		start := max(t.place(millis(w.Start)), last)
		last = max(t.place(millis(w.End)), start)
		out = append(out, stt.Word{Text: w.Text, Start: start, End: last})
	}
	return out
}

// millis is ms as a duration, kept within a day: the wire may say anything.
func millis(ms float64) time.Duration {
	return time.Duration(min(max(ms, 0), float64(day/time.Millisecond)) * float64(time.Millisecond))
}

// fault is the error that AssemblyAI told before it hung up, or by the code with which it did
// (https://www.assemblyai.com/docs/streaming/common-session-errors-and-closures).
func fault(code int, text string) *parley.VendorError {
	e := &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Status: code, Message: provider.Line(text)}
	low := strings.ToLower(text)
	switch {
	case code == 3009, code == 4002, code == 4003, code == 4029, code == 4102, strings.Contains(low, "concurrent"), strings.Contains(low, "balance"), strings.Contains(low, "too many"):
		e.Code = parley.VendorRateLimited
	case code == 1008, code == 4001:
		e.Code, e.Message = parley.VendorUnauthorized, "the key is missing, wrong or not allowed to do this"
	case code == 3006, code == 4000, code == 4101:
		e.Code = parley.VendorRefused
	}
	return e
}

// typed gives an error of the connection the code that its close code has here.
func typed(err error) error {
	var v *parley.VendorError
	if errors.As(err, &v) && v.Status >= 1008 && v.Status < 5000 && v.Status != 1011 {
		return fault(v.Status, v.Message)
	}
	return err
}
