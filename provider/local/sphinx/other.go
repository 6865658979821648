//go:build !linux || static

package sphinx

import (
	"errors"
	"fmt"
)

var errSystem = fmt.Errorf("local hearing needs Linux, and a binary that opens its libraries (this one is static): %w", errors.ErrUnsupported)

// A Decoder hears one caller; on this system there is none.
type Decoder struct{}

func Loads() error                                  { return errSystem }
func Open(Config) (*Decoder, error)                 { return nil, errSystem }
func (d *Decoder) AddWord(word, phones string) bool { return false }
func (d *Decoder) Expect(files ...string) error     { return errSystem }
func (d *Decoder) Start() error                     { return errSystem }
func (d *Decoder) Feed(pcm []int16) error           { return errSystem }
func (d *Decoder) Finish() error                    { return errSystem }
func (d *Decoder) Words() []Word                    { return nil }
func (d *Decoder) Close()                           {}

// Compile needs the library.
func Compile(arpa, bin string) error { return errSystem }
