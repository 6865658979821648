package stream_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/stream"
	"github.com/parley-voice/parley/leg/stream/streamtest"
	"github.com/parley-voice/parley/rtp"
)

// end is a stream as a leg.
type end struct{ *stream.Stream }

func (e end) Refer(context.Context, string) error { return errors.ErrUnsupported }

func (e end) Hangup(context.Context, parley.Cause) error {
	e.Stop()
	return nil
}

var words = stream.Words{
	Media: [2]string{`{"event":"media","streamSid":"MZ1","media":{"payload":"`, `"}}`},
	Mark:  [2]string{`{"event":"mark","streamSid":"MZ1","mark":{"name":"`, `"}}`},
	Clear: `{"event":"clear","streamSid":"MZ1"}`,
}

var caller = streamtest.Call{Dialect: streamtest.Twilio, ID: "MZ1", Start: map[string]any{"streamSid": "MZ1", "callSid": "CA1"}}

// begin answers the call on a socket.
func begin(t *testing.T, near stream.Socket, clock *leg.Clock, codec rtp.Codec, l leg.Limits) *stream.Stream {
	t.Helper()
	if _, err := stream.Greet(t.Context(), near); err != nil {
		t.Fatal(err)
	}
	s := stream.New(near, stream.Options{Words: words, Codec: codec, Clock: clock, Limits: l})
	s.Begin()
	return s
}

// inMemory answers a call whose socket is in memory.
func inMemory(t *testing.T, l leg.Limits) (end, *streamtest.Caller) {
	t.Helper()
	near, far := streamtest.Pipe()
	c := streamtest.On(far, caller)
	clock := leg.NewClock()
	s := begin(t, near, clock, 0, l)
	t.Cleanup(func() {
		s.Stop()
		c.Close()
		clock.Close()
		if f := c.Faults(); len(f) > 0 {
			t.Errorf("against the protocol: %q", f)
		}
	})
	return end{s}, c
}

func TestConformanceVirtual(t *testing.T) {
	legtest.RunVirtual(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) { return inMemory(t, l) })
}

// TestConformance is over real websockets, in real time.
func TestConformance(t *testing.T) {
	for _, alaw := range []bool{false, true} {
		codec := rtp.PCMU
		if alaw {
			codec = rtp.PCMA
		}
		t.Run(codec.String(), func(t *testing.T) {
			clock := leg.NewClock()
			t.Cleanup(clock.Close)
			legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
				sockets := make(chan stream.Socket, 1)
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s, err := stream.Accept(w, r)
					if err != nil {
						t.Error(err)
					}
					sockets <- s
				}))
				far, _, err := streamtest.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
				if err != nil {
					t.Fatal(err)
				}
				call := caller
				call.Alaw = alaw
				c := streamtest.On(far, call)
				s := begin(t, <-sockets, clock, codec, l)
				t.Cleanup(func() {
					s.Stop()
					c.Close()
					server.Close()
				})
				return end{s}, c
			})
		})
	}
}
