// Package legtest has a phone in memory for tests of whatever talks on a leg, and the conformance suite every leg passes.
// A Phone runs one goroutine, its clock, until the call is over; inside a synctest bubble it runs in virtual time.
package legtest

import (
	"math"
	"time"

	"github.com/parley-voice/parley/audio"
)

// Tone makes d of a sine at hz with peak level (32767 is full scale), starting at phase 0.
func Tone(hz float64, d time.Duration, level float64) []audio.Frame {
	fs := make([]audio.Frame, int(d/audio.FrameDur))
	for i := range fs {
		for j := range fs[i] {
			fs[i][j] = int16(level * math.Sin(2*math.Pi*hz*float64(i*audio.Samples+j)/audio.Rate))
		}
	}
	return fs
}

// Carries reports whether most of the frame's energy is at hz.
func Carries(f audio.Frame, hz float64) bool {
	var energy, re, im float64
	for i, s := range f {
		v, w := float64(s), 2*math.Pi*hz*float64(i)/audio.Rate
		energy += v * v
		re += v * math.Cos(w)
		im += v * math.Sin(w)
	}
	// A pure tone has (re²+im²) = energy·n/2.
	return energy > 1e6 && (re*re+im*im)/(energy*audio.Samples/2) > 0.7
}

// Loud reports whether the frame has any sound worth the name.
func Loud(f audio.Frame) bool {
	var energy float64
	for _, s := range f {
		energy += float64(s) * float64(s)
	}
	return energy/audio.Samples > 100*100
}

// Count is how many frames carry hz.
func Count(fs []audio.Frame, hz float64) (n int) {
	for _, f := range fs {
		if Carries(f, hz) {
			n++
		}
	}
	return n
}
