package main

import (
	"context"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// warming is what a vendor has worth doing while the phone rings, measured.
func warming(w provider.Warmer) func(context.Context) (parley.Warmth, error) {
	return func(ctx context.Context) (parley.Warmth, error) {
		got, err := provider.Measure(ctx, w)
		return parley.Warmth{TookMS: tenths(got.Took), SavedMS: tenths(got.Saved), Open: got.Open, Resumed: got.Resumed}, err
	}
}

// tenths is d in ms, to the tenth.
func tenths(d time.Duration) float64 { return float64(d.Microseconds()/100) / 10 }
