// Package sphinx speaks to the pocketsphinx libraries of the system, opened at run time. A crash in them takes the process
// along, so it belongs in one that may die. It starts no goroutine.
package sphinx

import (
	"strings"
	"time"
)

// frame is the step of the recogniser's features.
const frame = 10 * time.Millisecond

// Config is what a decoder is built from.
type Config struct {
	Acoustic   string   // directory of the acoustic model
	Dictionary string   // file
	Rate       int      // Hz of the sound it will be given
	Options    []string // further ones of the library: "-name", "value"
}

// A Word with its place in the utterance.
type Word struct {
	Text       string
	Start, End time.Duration
}

// spoken is the word without the mark of its second pronunciation; false for silence, noise and the sentence marks.
func spoken(w string) (string, bool) {
	if w == "" || strings.ContainsAny(w[:1], "<[+") {
		return "", false
	}
	if i := strings.IndexByte(w, '('); i > 0 {
		w = w[:i]
	}
	return w, true
}
