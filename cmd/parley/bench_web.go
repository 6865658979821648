package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/parley-voice/parley/bench"
)

// benchWebCmd has browsers call a server.
type benchWebCmd struct {
	Runs     int           `default:"30" help:"Calls of each client, one after the other."`
	Codec    string        `default:"opus" enum:"opus,G722,PCMU,PCMA" help:"What they are carried by."`
	Local    bool          `help:"The agent speaks by this machine's own voice, instead of a vendor's."`
	Voice    time.Duration `default:"0s" help:"The vendor speaks after so long."`
	Chromium string        `placeholder:"PATH" help:"A browser that calls as well; by default whichever Chromium is installed."`

	benchShown
}

// Run starts a server, calls it by a client of its own and by Chromium, and prints what it found.
func (c *benchWebCmd) Run(ctx context.Context) error {
	self, err := bench.Self()
	if err != nil {
		return err
	}
	o := bench.WebOptions{Command: self, Runs: c.Runs, Local: c.Local, Codec: c.Codec, Chromium: c.Chromium, Voice: c.Voice,
		Log: c.log(), Progress: func(s string) { fmt.Fprintln(os.Stderr, "measuring:", s) }}
	r, err := bench.RunWeb(ctx, o)
	if r.Plain != nil { // what was measured before something went wrong
		err = errors.Join(err, printed(r, c.JSON))
	}
	return err
}
