package local

import (
	"errors"
	"fmt"
	"os/exec"

	"github.com/parley-voice/parley/provider/local/flite"
	"github.com/parley-voice/parley/provider/local/sphinx"
)

// Missing says for each part of this machine's speech why it cannot be used: nil, if it can.
func Missing() map[string]error {
	_, err := exec.LookPath("espeak-ng")
	out := map[string]error{"hearing": sphinx.Loads(), "English": flite.Loads(), "other languages": err}
	for what, err := range out {
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			out[what] = fmt.Errorf("%w; apt-get install flite espeak-ng pocketsphinx pocketsphinx-en-us", err)
		}
	}
	return out
}
