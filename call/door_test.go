package call

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// Whatever way a number is dialled, or the far end is asked to dial it, the trunk's policy holds.
func TestNothingDialsPastThePolicy(t *testing.T) {
	for _, abroad := range []string{"+442079460958", "+18765550100", "+19005551234", "sip:+442079460958@carrier.example", "201"} {
		for _, way := range []struct {
			name string
			dial func(context.Context, *testing.T, *bench) *legtest.Phone
		}{
			{"an outbound call", func(ctx context.Context, t *testing.T, b *bench) *legtest.Phone {
				id := outbound(t, b, nil)
				b.rows.mu.Lock()
				c := b.rows.rows[id]
				c.To = abroad
				b.rows.rows[id] = c
				b.rows.mu.Unlock()
				if err := b.Dial(ctx, id); err != nil {
					t.Error(err)
				}
				return nil
			}},
			{"a transfer", func(ctx context.Context, t *testing.T, b *bench) *legtest.Phone {
				caller, _, done := b.ring(ctx, "desk")
				time.Sleep(2 * time.Second)
				b.transferTo(t, abroad)
				time.Sleep(time.Second)
				caller.Hangup()
				<-done
				return caller
			}},
			{"the fallback", func(ctx context.Context, t *testing.T, b *bench) *legtest.Phone {
				b.crowded()
				b.desk.fallback = abroad
				_, o, done := b.ring(ctx, "desk")
				<-done
				if o.rejected == "" {
					t.Error("the caller was not refused")
				}
				return nil
			}},
		} {
			run(t, func(ctx context.Context, b *bench) {
				b.desk.trunk = &parley.TrunkAccount{ID: "t1", Policy: parley.DialPolicy{Countries: []string{"US"}}}
				b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
					return nil, &leg.Rejected{Cause: parley.Busy, Code: 486}
				}
				phone := way.dial(ctx, t, b)
				if n := len(b.exchange.dialled); n > 0 {
					t.Errorf("%s to %s: dialled %+v", way.name, abroad, b.exchange.dialled)
				}
				if phone != nil && len(phone.Refers()) > 0 {
					t.Errorf("%s to %s: the far end was asked to dial %v", way.name, abroad, phone.Refers())
				}
				told := ""
				for _, row := range b.rows.rows {
					told += row.ErrorMessage + "\n"
				}
				for _, e := range b.book.events {
					told += string(e.Payload) + "\n"
				}
				if !strings.Contains(told, "allowed_prefixes") && !strings.Contains(told, "extensions") {
					t.Errorf("%s to %s: nobody is told what would allow it:\n%s", way.name, abroad, told)
				}
			})
		}
	}
}
