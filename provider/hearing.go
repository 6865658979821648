package provider

import (
	"context"
	"errors"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// Linear16 writes a frame as signed 16-bit little-endian, 640 bytes. It allocates nothing.
func Linear16(wire []byte, f *audio.Frame) {
	for i, s := range f {
		wire[2*i], wire[2*i+1] = byte(s), byte(uint16(s)>>8)
	}
}

// Farewell reports whether err is the orderly close of a websocket.
func Farewell(err error) bool {
	var v *parley.VendorError
	return errors.As(err, &v) && (v.Status == 1000 || v.Status == 1005)
}

// Hold waits, such as for a vendor that takes sound no faster than it is spoken; the error is that of ctx.
func Hold(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
