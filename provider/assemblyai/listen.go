package assemblyai

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const together = 3 // frames of one message: AssemblyAI hangs up on less than 50 ms

// Warm opens a connection for the websocket to find: the websocket itself would be paid for from its opening on.
func (t *Transcriber) Warm(ctx context.Context) error { return t.net.Knock(ctx, vendor, t.base) }

// Transcribe hears one stream. Sound is sent 60 ms at a time, never much faster than real time. Closing in lets AssemblyAI
// finish, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return provider.Hear(ctx, in, func(ctx context.Context) (*provider.Ear, error) {
		q := t.query(o)
		address, err := provider.SocketURL(t.base, "/v3/ws", q)
		if err != nil {
			return nil, parley.Invalid("base_url", err.Error())
		}
		socket, err := t.net.Dial(ctx, vendor, address, t.header)
		if err != nil {
			return nil, err
		}
		c := t.options.coding()
		h := &hearing{socket: socket, key: t.header.Get("Authorization"), turns: turns{formatted: q.Has("format_turns"), silent: q.Get("speech_model") == "whisper-rt", told: -1}, coding: c, wire: make([]byte, together*c.Size)}
		h.turns.place = h.pace.heard
		h.ear = &provider.Ear{Vendor: vendor, Socket: socket, Sound: h.sound, Finish: h.finish, Take: h.take, Rest: h.rest}
		return h.ear, nil
	})
}

// hearing is one open connection.
type hearing struct {
	ear    *provider.Ear
	socket *provider.Socket
	key    string // is kept out of errors
	pace   pace
	turns  turns

	coding *provider.Coding
	wire   []byte // what is sent next; belongs to who sends, as n does
	n      int    // frames in wire
}

// sound passes frames on when there are enough of them. It allocates nothing per frame.
func (h *hearing) sound(ctx context.Context, f *audio.Frame) error {
	if h.pace.skip(f, time.Now()) {
		return nil
	}
	h.coding.Write(h.wire, h.n, f)
	h.pace.sent++
	if h.n++; h.n < together {
		return nil
	}
	h.n = 0
	if err := provider.Hold(ctx, h.pace.wait(time.Now())); err != nil {
		return err
	}
	return h.socket.Binary(h.wire)
}

// finish ends the turn that is open, and the session.
func (h *hearing) finish() error {
	if h.n > 0 { // what is missing to the shortest message is silence
		h.coding.Silence(h.wire, h.n)
		if err := h.socket.Binary(h.wire); err != nil {
			return err
		}
	}
	if err := h.socket.Text([]byte(`{"type":"ForceEndpoint"}`)); err != nil {
		return err
	}
	return h.socket.Text([]byte(`{"type":"Terminate"}`))
}

func (h *hearing) take(text bool, b []byte) (events []stt.Event, over bool, err error) {
	if !text {
		return nil, false, nil
	}
	m, err := parseMessage(b)
	if err != nil {
		return nil, false, provider.BadOutput(vendor, "a message is not as documented: "+provider.Line(string(b)), err)
	}
	switch {
	case m.Error != "":
		if h.key != "" {
			m.Error = strings.ReplaceAll(m.Error, h.key, "…")
		}
		return nil, false, fault(m.ErrorCode, m.Error)
	case m.Type == "Termination" && h.ear.Ended():
		return nil, true, nil
	case m.Type == "Termination":
		return nil, false, provider.Closed(vendor, "ended the session")
	}
	return h.turns.take(&m), false, nil
}

// rest tells words that no turn has ended.
func (h *hearing) rest(err error) ([]stt.Event, error) {
	if err = typed(err); err != nil && !(h.ear.Ended() && provider.Farewell(err)) {
		return nil, err
	}
	if e := h.turns.rest(); e != nil {
		return []stt.Event{*e}, nil
	}
	return nil, nil
}
