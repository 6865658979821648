package leg

import (
	"context"
	"errors"
	"sync"

	"github.com/parley-voice/parley"
)

// Doors are several trunks as one. A call goes by the one of its account's Carrier; one without an account by SIP's.
type Doors map[string]Trunk

// Serve serves all of them until ctx is done, or one has failed.
func (d Doors) Serve(ctx context.Context, answer func(context.Context, Offer)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, len(d))
	var all sync.WaitGroup
	for _, t := range d {
		all.Go(func() {
			defer cancel()
			failed <- t.Serve(ctx, answer)
		})
	}
	all.Wait()
	close(failed)
	var err error
	for e := range failed {
		err = errors.Join(err, e)
	}
	return err
}

// Dial implements Trunk. No door for the account: *Rejected of cause configuration.
func (d Doors) Dial(ctx context.Context, c Call) (Leg, error) {
	carrier := parley.CarrierSIP
	if c.Trunk != nil {
		carrier = c.Trunk.Carrier
	}
	if t := d[carrier]; t != nil {
		return t.Dial(ctx, c)
	}
	return nil, &Rejected{Cause: parley.Configuration}
}
