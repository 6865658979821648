package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/parley-voice/parley/bench"
)

// benchCmd measures this very program.
type benchCmd struct {
	Calls       int    `default:"1" help:"Calls at once."`
	Seconds     int    `default:"60" help:"How long they talk."`
	Setups      int    `help:"Measure set-ups instead: so many calls a second, for --seconds."`
	Barge       int    `default:"4" help:"Every so many turns the caller interrupts; negative: never."`
	Endpointing string `default:"sensitive" enum:"sensitive,auto,relaxed" help:"The agent's endpointing_sensitivity."`
	Record      bool   `default:"true" negatable:"" help:"Record the calls."`
	Webhook     bool   `default:"true" negatable:"" help:"Tell a webhook about them."`
	JSON        bool   `name:"json" help:"Print JSON instead of a table."`
	Verbose     bool   `help:"Show what the server says."`
}

// Run starts a server, calls it, and prints what it found; docs/performance.md says how to read it.
func (c *benchCmd) Run(ctx context.Context) error {
	self, err := bench.Self()
	if err != nil {
		return err
	}
	o := bench.Options{Command: self, Calls: c.Calls, Talk: time.Duration(c.Seconds) * time.Second, Setups: c.Setups, Barge: c.Barge,
		Endpointing: c.Endpointing, Record: c.Record, Webhook: c.Webhook}
	if c.Verbose {
		o.Log = os.Stderr
	}
	r, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	if c.JSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	r.Print(os.Stdout)
	return nil
}
