package leg

import "context"

// Holding is implemented by legs that can tell their far end that it is on hold. What the far end hears is played all the same, and what it
// still sends is not its user's.
type Holding interface {
	// Hold tells it, or that it is back. errors.ErrUnsupported: it is not to be told. It may be called again with what is so already.
	Hold(ctx context.Context, on bool) error
}
