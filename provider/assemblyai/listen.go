package assemblyai

import (
	"context"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	together  = 3               // frames of one message: AssemblyAI hangs up on less than 50 ms
	lastWords = 5 * time.Second // wait for the last turns once the sound has ended
)

// Transcribe hears one stream. Sound is sent 60 ms at a time, never much faster than real time. Closing in lets AssemblyAI
// finish, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		q := t.query(o)
		address, err := provider.SocketURL(t.base, "/v3/ws", q)
		if err != nil {
			yield(stt.Event{}, parley.Invalid("base_url", err.Error()))
			return
		}
		socket, err := t.net.Dial(ctx, vendor, address, t.header)
		if err != nil {
			yield(stt.Event{}, err)
			return
		}
		stop := socket.CloseOn(ctx)
		defer stop()
		h := hearing{socket: socket, key: t.header.Get("Authorization"), turns: turns{formatted: q.Has("format_turns"), told: -1}}
		h.turns.place = h.pace.heard
		var sending sync.WaitGroup
		defer sending.Wait()
		defer socket.Close()
		defer cancel()
		sending.Go(func() { h.send(ctx, in) })
		more, err := h.listen(yield)
		switch {
		case !more:
		case ctx.Err() != nil:
			yield(stt.Event{}, ctx.Err())
		case err != nil:
			yield(stt.Event{}, err)
		}
	}
}

// hearing is one open connection.
type hearing struct {
	socket  *provider.Socket
	key     string      // is kept out of errors
	closing atomic.Bool // Terminate was sent: from now on an end is no failure
	pace    pace
	turns   turns
}

// send passes the sound on. It allocates nothing per frame.
func (h *hearing) send(ctx context.Context, in <-chan audio.Frame) {
	var wire [together * 2 * audio.Samples]byte
	n := 0
	for {
		select {
		case f, ok := <-in:
			switch {
			case !ok && n > 0: // what is missing to the shortest message is silence
				clear(wire[n*2*audio.Samples:])
				if h.socket.Binary(wire[:]) != nil {
					return
				}
				h.finish(ctx)
				return
			case !ok:
				h.finish(ctx)
				return
			case h.pace.skip(&f, time.Now()):
				continue
			}
			provider.Linear16(wire[n*2*audio.Samples:], &f)
			h.pace.sent++
			if n++; n < together {
				continue
			}
			n = 0
			if !hold(ctx, h.pace.wait(time.Now())) || h.socket.Binary(wire[:]) != nil {
				return // the listener finds out why
			}
		case <-ctx.Done():
			return
		}
	}
}

// hold waits; false: ctx is done.
func hold(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// finish ends the turn that is open, and the session.
func (h *hearing) finish(ctx context.Context) {
	h.closing.Store(true)
	if h.socket.Text([]byte(`{"type":"ForceEndpoint"}`)) != nil || h.socket.Text([]byte(`{"type":"Terminate"}`)) != nil {
		return
	}
	late := time.NewTimer(lastWords)
	defer late.Stop()
	select {
	case <-late.C:
		h.socket.Close()
	case <-ctx.Done():
	}
}

// listen reads turns until the connection ends. More: the consumer wants to know how.
func (h *hearing) listen(yield func(stt.Event, error) bool) (more bool, err error) {
	var buf []byte
	for {
		text, r, err := h.socket.Next()
		if err == nil {
			buf, err = provider.ReadAll(r, buf)
		}
		if err != nil {
			if err = typed(err); h.closing.Load() && provider.Farewell(err) {
				return h.rest(yield), nil
			}
			return true, err
		}
		if !text {
			continue
		}
		m, err := parseMessage(buf)
		if err != nil {
			return true, provider.BadOutput(vendor, "a message is not as documented: "+provider.Line(string(buf)), err)
		}
		switch {
		case m.Error != "":
			if h.key != "" {
				m.Error = strings.ReplaceAll(m.Error, h.key, "…")
			}
			return true, fault(m.ErrorCode, m.Error)
		case m.Type == "Termination" && h.closing.Load():
			return h.rest(yield), nil
		case m.Type == "Termination":
			return true, provider.Closed(vendor, "ended the session")
		}
		for _, e := range h.turns.take(&m) {
			if !yield(e, nil) {
				return false, nil
			}
		}
	}
}

// rest tells words that no turn has ended.
func (h *hearing) rest(yield func(stt.Event, error) bool) (more bool) {
	e := h.turns.rest()
	return e == nil || yield(*e, nil)
}
