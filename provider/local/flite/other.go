//go:build !linux || static

package flite

import (
	"errors"
	"fmt"
)

var errSystem = fmt.Errorf("local voices need Linux, and a binary that opens its libraries (this one is static): %w", errors.ErrUnsupported)

// A Speaker speaks; on this system there is none.
type Speaker struct{}

func Loads() error                         { return errSystem }
func New() (*Speaker, error)               { return nil, errSystem }
func Phones(word string) ([]string, error) { return nil, errSystem }
func (s *Speaker) Load(name string) error  { return errSystem }
func (s *Speaker) Speak(name, text string, p Prosody, tokens func([]Token), sound func(pcm []int16, rate int) bool) error {
	return errSystem
}
