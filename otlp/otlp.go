// Package otlp tells a collector of OpenTelemetry what calls did and how long each part of them took, one trace a call, by OTLP over
// HTTP in JSON, once the call is over. It reads the event log and nothing else, and passes on times, names of ours and numbers with all
// but their ends taken out: no words, no digits, no variables. A trace's id is the call's.
//
// Goroutines: Run is one that waits for calls to end, and has one that reads their events and sends; both end with its context.
package otlp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
)

// Log is the event log as it is read here. *store.Log is one.
type Log interface {
	Subscribe(callID string) (events <-chan parley.Event, cancel func())
	Events(ctx context.Context, callID string, after int64, limit int) ([]parley.Event, error)
}

// Config is where traces go and who sends them.
type Config struct {
	Log     Log
	Fetch   *fetch.Client
	URL     string      // of the collector, without /v1/traces
	Header  http.Header // such as a key
	Version string      // of this program
	Node    string      // which of several this is: service.instance.id
	Logger  *slog.Logger
}

// A Teller follows calls.
type Teller struct {
	Config
	header atomic.Pointer[http.Header]
	over   chan string // ids of calls that are over
	lost   lost
}

// SetHeader has requests from now on go with these, as Config.Header says it.
func (t *Teller) SetHeader(h http.Header) { t.header.Store(&h) }

const (
	mostOver  = 8_192       // calls that wait to be told of; when the collector keeps nobody waiting, a few
	mostSpans = 1_000       // of a call; the rest is counted as dropped
	page      = 500         // events of a call that are read at once
	resume    = time.Second // before the log is followed again that let go of this reader
)

// New makes a Teller.
func New(c Config) *Teller {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	t := &Teller{Config: c, over: make(chan string, mostOver)}
	t.SetHeader(c.Header)
	return t
}

// Run follows all calls until ctx is done, and sends what is over by then.
func (t *Teller) Run(ctx context.Context) error {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		t.send(ctx)
	}()
	defer func() { close(t.over); <-sent }()
	for {
		events, cancel := t.Log.Subscribe("")
		t.follow(ctx, events)
		cancel()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(resume):
		}
	}
}

func (t *Teller) follow(ctx context.Context, events <-chan parley.Event) {
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			t.heard(e)
		case <-ctx.Done():
			for { // what was told before the stop
				select {
				case e, ok := <-events:
					if !ok {
						return
					}
					t.heard(e)
				default:
					return
				}
			}
		}
	}
}

func (t *Teller) heard(e parley.Event) {
	if e.Type != parley.EventEnded && e.Type != parley.EventDidNotConnect {
		return
	}
	select {
	case t.over <- e.CallID:
	default:
		t.lost.add(1)
	}
}

// trace reads what a call did.
func (t *Teller) trace(ctx context.Context, id string) ([]span, error) {
	var c *trace
	for after := int64(0); ; {
		events, err := t.Log.Events(ctx, id, after, page)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if c == nil {
				c = newTrace(e)
			}
			c.add(e)
			after = e.Sequence
		}
		if len(events) < page {
			break
		}
	}
	if c == nil {
		return nil, errors.New("the log has nothing of the call")
	}
	return c.spans, nil
}
