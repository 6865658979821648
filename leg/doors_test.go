package leg

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/parley-voice/parley"
)

// way is a trunk that says who dialled, and serves until it is stopped or fails.
type way struct {
	name  string
	fails error
}

func (w way) Serve(ctx context.Context, _ func(context.Context, Offer)) error {
	if w.fails == nil {
		<-ctx.Done()
	}
	return w.fails
}

func (w way) Dial(context.Context, Call) (Leg, error) { return nil, errors.New(w.name) }

func TestDoorsDialByTheAccount(t *testing.T) {
	d := Doors{parley.CarrierSIP: way{name: "sip"}, parley.CarrierTwilio: way{name: "twilio"}}
	for want, account := range map[string]*parley.TrunkAccount{
		"sip": nil, "sip ": {}, "twilio": {Carrier: parley.CarrierTwilio}, "not answered: configuration (0)": {Carrier: parley.CarrierTelnyx},
	} {
		if _, err := d.Dial(t.Context(), Call{Trunk: account}); err == nil || err.Error() != want && err.Error()+" " != want {
			t.Errorf("%v: %v, want %q", account, err, want)
		}
	}
}

func TestDoorsServeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- Doors{"": way{}, "twilio": way{}}.Serve(ctx, nil) }()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("ended with %v before it was stopped", err)
		default:
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		broken := errors.New("broken")
		if err := (Doors{"": way{}, "twilio": way{fails: broken}}).Serve(t.Context(), nil); !errors.Is(err, broken) {
			t.Errorf("%v, want that one of them is broken", err)
		}
	})
}
