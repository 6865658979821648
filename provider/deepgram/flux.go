package deepgram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	together   = 4               // frames of one message: Flux wants 80 ms at a time
	silentTurn = 5 * time.Second // Flux tells of an open turn every 0.25 s of sound: so long without a word, and it never will again
	pongLimit  = time.Second
	eagerly    = 0.5 // eager_eot_threshold, which is never above eot_threshold then
)

// flux reports whether a model is heard by /v2/listen, which knows when a turn is over.
func flux(model string) bool { return strings.HasPrefix(model, "flux") }

// turnQuery is the query of /v2/listen, which refuses what only /v1/listen knows.
func (t *Transcriber) turnQuery(o stt.Options) (url.Values, error) {
	language := strings.ToLower(t.options.Language)
	if language == "" {
		language = strings.ToLower(o.Language)
	}
	base, _, _ := strings.Cut(language, "-")
	english := base == "" || base == "en"
	model := t.options.Model
	switch {
	case model == "flux" && english:
		model = "flux-general-en"
	case model == "flux":
		model = "flux-general-multi"
	case strings.HasSuffix(model, "-en") && !english:
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnsupported, Message: model + " hears English only: flux-general-multi is the model for " + language}
	}
	q := t.options.encoded(model)
	if strings.HasPrefix(model, "flux-general-multi") && base != "" && base != "multi" {
		q.Set("language_hint", language)
	}
	number := func(name string, x float64) { q.Set(name, strconv.FormatFloat(x, 'g', -1, 64)) }
	if x := t.options.EndThreshold; x != nil {
		number("eot_threshold", *x)
	}
	eager := eagerly
	if x := t.options.EagerThreshold; x != nil {
		eager = *x
	}
	number("eager_eot_threshold", eager)
	if ms := t.options.EndTimeoutMS; ms != nil {
		q.Set("eot_timeout_ms", strconv.Itoa(*ms))
	}
	if (t.options.SmartFormat == nil || *t.options.SmartFormat) && base != "hi" && base != "ja" { // it has no numerals in these
		q.Set("numerals", "true")
	}
	if t.options.ProfanityMask {
		q.Set("profanity_filter", "true")
	}
	addKeywords(q, model, t.options.Keyterms, o.Keywords)
	return q, nil
}

// hearTurns opens a stream of /v2/listen (https://developers.deepgram.com/reference/speech-to-text/listen-flux).
func (t *Transcriber) hearTurns(ctx context.Context, o stt.Options) (*provider.Ear, error) {
	q, err := t.turnQuery(o)
	if err != nil {
		return nil, err
	}
	socket, err := t.dial(ctx, "/v2/listen", q)
	if err != nil {
		return nil, err
	}
	c := t.options.coding()
	h := &turnHearing{socket: socket, turns: turns{told: -1}, coding: c, wire: make([]byte, together*c.Size)}
	h.ear = &provider.Ear{Vendor: vendor, Socket: socket, Sound: h.sound, Idle: keepAlive, Alive: h.alive, Finish: h.finish, Take: h.take, Rest: h.rest}
	return h.ear, nil
}

// turnHearing is one stream of /v2/listen.
type turnHearing struct {
	ear    *provider.Ear
	socket *provider.Socket
	turns  turns
	open   atomic.Int64 // when Flux last told of the turn that is open, in Unix nanoseconds; 0: none is
	stuck  atomic.Bool

	coding *provider.Coding
	wire   []byte // what is sent next; belongs to who sends, as n does
	n      int    // frames in wire
}

func stuck() error {
	return &parley.VendorError{Vendor: vendor, Code: parley.VendorTimeout, Message: fmt.Sprintf("told nothing for %s of a turn that had begun", silentTurn)}
}

// sound passes frames on when there are enough of them. It allocates nothing per frame.
func (h *turnHearing) sound(_ context.Context, f *audio.Frame) error {
	h.coding.Write(h.wire, h.n, f)
	if h.n++; h.n < together {
		return nil
	}
	if at := h.open.Load(); at != 0 && time.Now().UnixNano()-at > int64(silentTurn) {
		h.stuck.Store(true)
		h.socket.Close()
		return stuck()
	}
	h.n = 0
	return h.socket.Binary(h.wire)
}

// alive pings, for Flux takes no KeepAlive. What the turn that is open has to do with is not known while there is no sound.
func (h *turnHearing) alive() error {
	h.open.Store(0)
	return h.socket.Ping(pongLimit)
}

func (h *turnHearing) finish() error {
	h.open.Store(0)
	if h.n > 0 {
		if err := h.socket.Binary(h.wire[:h.n*h.coding.Size]); err != nil {
			return err
		}
	}
	return h.socket.Text([]byte(`{"type":"CloseStream"}`))
}

func (h *turnHearing) take(text bool, b []byte) (events []stt.Event, over bool, err error) {
	if !text {
		return nil, false, nil
	}
	var m turnMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, false, provider.BadOutput(vendor, "a message is not as documented: "+provider.Line(string(b)), err)
	}
	if m.Type == "Error" {
		return nil, false, m.fault()
	}
	events = h.turns.take(&m)
	if !h.turns.going {
		h.open.Store(0)
	} else if !h.ear.Ended() {
		h.open.Store(time.Now().UnixNano())
	}
	return events, false, nil
}

// rest: CloseStream ends no turn, and is answered by a close without a code (https://developers.deepgram.com/docs/flux/close-stream).
func (h *turnHearing) rest(err error) ([]stt.Event, error) {
	switch {
	case h.stuck.Load():
		return nil, stuck()
	case !h.ear.Ended():
		return nil, err
	case provider.Farewell(err), errors.Is(err, io.EOF):
		err = nil
	}
	if e := h.turns.rest(); e != nil {
		return []stt.Event{*e}, err
	}
	return nil, err
}

// turnMessage is what /v2/listen sends: Connected, TurnInfo, Warning, Error.
type turnMessage struct {
	Type        string `json:"type"`
	Event       string `json:"event"`      // of TurnInfo: StartOfTurn, Update, EagerEndOfTurn, TurnResumed, EndOfTurn
	Turn        int    `json:"turn_index"` // counted up after every EndOfTurn
	Transcript  string `json:"transcript"` // of the turn so far
	Words       []word `json:"words"`      // with times since July 2026
	Code        string `json:"code"`
	Description string `json:"description"`
}

func (m *turnMessage) fault() error {
	e := &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Message: provider.Line(m.Code + ": " + m.Description)}
	if strings.HasPrefix(m.Code, "UNPARSABLE") || strings.HasPrefix(m.Code, "INVALID") {
		e.Code = parley.VendorRefused
	}
	return e
}

// turns makes events of TurnInfo (https://developers.deepgram.com/docs/flux/state).
type turns struct {
	told  int        // the last turn that is over
	turn  int        // the turn of open
	going bool       // a turn has begun and is not over
	open  *stt.Event // its words so far
}

func (t *turns) take(m *turnMessage) (out []stt.Event) {
	if m.Type != "TurnInfo" || m.Turn <= t.told {
		return nil
	}
	if t.open != nil && m.Turn > t.turn { // the end of the turn before was never told
		out = append(out, *t.rest())
	}
	if m.Event == "StartOfTurn" {
		out = append(out, stt.Event{Started: true})
	}
	e := stt.Event{Text: strings.TrimSpace(m.Transcript), Words: turnTimes(m.Words)}
	if m.Event == "EndOfTurn" {
		was := t.open
		t.told, t.open, t.going = m.Turn, nil, false
		if e.Text == "" && was == nil {
			return out
		}
		if e.Text == "" {
			e = *was
		}
		e.Final, e.End, e.Semantic = true, true, true
		return append(out, e)
	}
	if m.Event == "StartOfTurn" || e.Text != "" {
		t.going = true
	}
	eager := m.Event == "EagerEndOfTurn"
	if e.Text == "" || t.open != nil && t.open.Text == e.Text && !eager {
		return out
	}
	words := e
	t.open, t.turn = &words, m.Turn
	e.Eager = eager
	return append(out, e)
}

// rest is the words of a turn that is not over, as its end. nil: there are none.
func (t *turns) rest() *stt.Event {
	e := t.open
	if e == nil {
		return nil
	}
	t.open, t.going, t.told = nil, false, t.turn
	e.Final, e.End = true, true // nobody judged that it is over: the sound is
	return e
}

// turnTimes are the words' times; nil where a server does not tell them.
func turnTimes(ws []word) []stt.Word {
	for _, w := range ws {
		if w.End > 0 {
			return times(ws)
		}
	}
	return nil
}
