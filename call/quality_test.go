package call

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// measured is a leg that counts its packets.
type measured struct {
	leg.Leg
	q leg.Quality
}

func (m measured) Quality() leg.Quality { return m.q }

func TestHowTheSoundTravelledIsKept(t *testing.T) {
	for want, q := range map[string]leg.Quality{
		"null": {Codec: "PCMU"}, // nothing was sent either way
		`{"codec":"PCMU","encrypted":true,"packets_sent":10,"packets_received":9,"lost":3,"late":2,"concealed":5,"jitter_ms":1.24,"far_lost_percent":null,"far_jitter_ms":null,"round_trip_ms":null}`: {
			Codec: "PCMU", Encrypted: true, Sent: 10, Received: 9, Lost: 3, Late: 2, Concealed: 5, Jitter: 1236 * time.Microsecond},
		`{"codec":"opus","encrypted":false,"packets_sent":1,"packets_received":0,"lost":0,"late":0,"concealed":0,"jitter_ms":0,"far_lost_percent":0,"far_jitter_ms":2,"round_trip_ms":null}`: {
			Codec: "opus", Sent: 1, FarJitter: 2 * time.Millisecond},
		`{"codec":"opus","encrypted":false,"packets_sent":1,"packets_received":0,"lost":0,"late":0,"concealed":0,"jitter_ms":0,"far_lost_percent":1.25,"far_jitter_ms":0,"round_trip_ms":38}`: {
			Codec: "opus", Sent: 1, FarLost: 0.0125, RoundTrip: 38 * time.Millisecond},
	} {
		run(t, func(ctx context.Context, b *bench) {
			p, l := legtest.Pipe(ctx)
			o := &offer{ringing: leg.Ringing{ID: "sip-1", From: "+15550001111", To: "desk"}, leg: measured{l, q}}
			time.AfterFunc(3*time.Second, p.Hangup)
			b.Answer(ctx, o)
			got, err := json.Marshal(b.rows.only(t).Quality)
			if err != nil || string(got) != want {
				t.Errorf("%s, want %s", got, want)
			}
			var ended struct{ Media json.RawMessage }
			if err := json.Unmarshal([]byte(b.book.payload(t, "event_phone_call_ended")), &ended); err != nil || string(ended.Media) != want {
				t.Errorf("the event has %s, want %s", ended.Media, want)
			}
		})
	}
}

// After the far end has moved the call it is the new leg that counts.
func TestTheLegThatTheCallWasMovedTo(t *testing.T) {
	_, l := legtest.Pipe(t.Context())
	var c parley.Call
	if measure(&c, l); c.Quality != nil {
		t.Error("a leg that does not count")
	}
	if measure(&c, &moved{Leg: measured{l, leg.Quality{Codec: "PCMA", Sent: 7}}}); c.Quality == nil || c.Quality.Sent != 7 {
		t.Errorf("%+v", c.Quality)
	}
}
