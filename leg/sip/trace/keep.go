package trace

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// When the messages of a call that is over are written: soon, and once more when repetitions and answers to them have come to an end
// (64·T1, RFC 3261 §17).
const (
	keepSoon  = 2 * time.Second
	keepAgain = 35 * time.Second
)

// Store keeps what was seen of calls that are over. *store.DB is one.
type Store interface {
	KeepTrace(ctx context.Context, callID string, messages []byte) error
	Trace(ctx context.Context, callID string) ([]byte, error) // none: parley.NotFound
}

// A Keeper moves what a Recorder has seen of calls that are over to a store. Its methods may be called from any goroutine; Run is one
// of its own.
type Keeper struct {
	*Recorder
	Store  Store
	Logger *slog.Logger // nil: the default

	mu  sync.Mutex // guards all below
	due []*ended
}

// ended is a call that is over.
type ended struct {
	owner   string
	callIDs []string
	at      time.Time
	written int // messages
}

// Ended says that a call is over. callIDs are those which the Recorder may not know to be its.
func (k *Keeper) Ended(owner string, callIDs ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.due = append(k.due, &ended{owner: owner, callIDs: callIDs, at: time.Now()})
}

// Run writes until ctx is done, and then at once what is left.
func (k *Keeper) Run(ctx context.Context) error {
	whole := context.WithoutCancel(ctx) // what is being written when the end comes is written to its end
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			k.write(whole, now, false)
		case <-ctx.Done():
			k.write(whole, time.Now(), true)
			return nil
		}
	}
}

// write does what is due; last: all.
func (k *Keeper) write(ctx context.Context, now time.Time, last bool) {
	k.mu.Lock()
	calls := k.due
	k.due = nil
	k.mu.Unlock()
	var rest []*ended
	for _, e := range calls {
		age := now.Sub(e.at)
		done := last || age >= keepAgain
		if done || age >= keepSoon && e.written == 0 {
			k.keep(ctx, e)
		}
		if done {
			k.Forget(e.owner, e.callIDs...)
		} else {
			rest = append(rest, e)
		}
	}
	k.mu.Lock()
	k.due = append(rest, k.due...)
	k.mu.Unlock()
}

func (k *Keeper) keep(ctx context.Context, e *ended) {
	ms := k.Of(e.owner, e.callIDs...)
	if len(ms) <= e.written {
		return
	}
	b, err := pack(ms)
	if err == nil {
		err = k.Store.KeepTrace(ctx, e.owner, b)
	}
	if err == nil {
		e.written = len(ms)
		return
	}
	log := k.Logger
	if log == nil {
		log = slog.Default()
	}
	log.Error("the SIP messages of a call were not written", "call", e.owner, "error", err)
}

// Messages are those of a call, whether it runs or is over, as Of gives them. None are known: parley.NotFound.
func (k *Keeper) Messages(ctx context.Context, owner string, callIDs ...string) ([]Message, error) {
	if ms := k.Of(owner, callIDs...); len(ms) > 0 {
		return ms, nil
	}
	b, err := k.Store.Trace(ctx, owner)
	if err != nil {
		return nil, err
	}
	return unpack(b)
}

// WriteTrace writes the messages of a call as json, ladder or pcap. None are known: parley.NotFound, and nothing is written.
func (k *Keeper) WriteTrace(ctx context.Context, w io.Writer, format, owner string, callIDs ...string) error {
	ms, err := k.Messages(ctx, owner, callIDs...)
	if err != nil {
		return err
	}
	switch format {
	case "ladder":
		return Ladder(w, ms)
	case "pcap":
		return Pcap(w, ms)
	}
	return JSON(w, ms)
}

// pack writes messages for the store, unpack reads them.
func pack(ms []Message) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(z).Encode(ms), z.Close()); err != nil {
		return nil, fmt.Errorf("writing a trace: %w", err)
	}
	return b.Bytes(), nil
}

// unpackMost bounds what is read: all that the Call-IDs of one call can hold, some of them.
const unpackMost = 64 * callMost

func unpack(b []byte) (ms []Message, err error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		err = json.NewDecoder(io.LimitReader(z, unpackMost)).Decode(&ms)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a trace: %w", err)
	}
	return ms, nil
}
