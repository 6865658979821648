// Package flite speaks to the flite libraries of the system, opened at run time. They keep one speaker's state for the whole
// process: one goroutine speaks at a time, and a crash takes the process along. It starts no goroutine.
package flite

import (
	"slices"
	"time"
)

// voices and what they are, the default first. kal speaks at 8 kHz, the others at 16.
var voices = []string{"rms", "slt", "awb", "kal16", "kal"}

// Voices are the names of the voices.
func Voices() []string { return slices.Clone(voices) }

// Valid reports whether there is a voice of that name.
func Valid(voice string) bool { return slices.Contains(voices, voice) }

// HasPitch reports whether the voice's pitch can be set: rms keeps to the melody it was recorded with.
func HasPitch(voice string) bool { return voice != "rms" }

// Prosody is how fast and how high; 1 is the voice's own, 2 twice as fast or an octave higher.
type Prosody struct {
	Rate, Pitch float64
}

// A Token is a stretch of the text, with the space before it and the marks around it, and when its last sound
// ends. A mark that was understood, such as the stop of an abbreviation, is missing.
type Token struct {
	Text string
	End  time.Duration
}

// kalMean is the pitch of kal and kal16 in Hz, which is given as such.
const kalMean = 95
