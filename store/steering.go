package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// maxSteeringPool is how many numbers an account connection may lend to warm transfers.
const maxSteeringPool = 1000

// ChangeSteeringPool adds numbers to, and takes others from, the steering_pool of an account connection. Adding one that is there,
// or taking one that is not, changes nothing.
func (d *DB) ChangeSteeringPool(ctx context.Context, env, connID string, add, remove []string) (Doc, error) {
	var doc Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		old, err := d.readResource(ctx, tx, env, AccountConnections, connID)
		if err != nil {
			return err
		}
		pool := []any{}
		for _, n := range append(texts(old["steering_pool"]), add...) {
			if n = clean(n); !slices.Contains(remove, n) && !slices.Contains(pool, any(n)) {
				pool = append(pool, n)
			}
		}
		if len(pool) > maxSteeringPool {
			return parley.Invalid("phone_numbers", fmt.Sprintf("phone_numbers: a steering pool may have %d numbers", maxSteeringPool))
		}
		doc, err = d.updateResource(ctx, tx, env, AccountConnections, connID, Doc{"steering_pool": pool})
		return err
	})
	if err != nil {
		return nil, wrap(err, "changing a steering pool")
	}
	return masked(doc, false), nil
}
