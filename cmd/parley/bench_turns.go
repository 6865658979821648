package main

import (
	"context"
	"fmt"
	"os"

	"github.com/parley-voice/parley/bench/turns"
)

// benchTurnsCmd measures turn-taking on the corpus.
type benchTurnsCmd struct {
	Tuning  bool     `help:"Only the part that may be tuned on."`
	HeldOut bool     `help:"Only the part that may not: other voices, other engines, other words."`
	Loss    float64  `help:"Percent of packets that do not come."`
	Set     []string `placeholder:"DIAL=VALUE" sep:"none" help:"A dial of the agent, such as endpointing_sensitivity=sensitive."`
	Only    string   `help:"Only items whose name contains this, such as en-unfinished or interruption."`
	Failed  bool     `help:"Show what was decided in the items that came out wrong."`
	Trace   bool     `help:"Show what was decided in all items."`
	Cache   string   `type:"path" help:"Folder for the sound, which is made once. The user's cache folder by default."`
	JSON    bool     `name:"json" help:"Print JSON instead of tables."`
}

// Run plays the corpus and prints what came of it; docs/turn-taking.md says how to read it.
func (c *benchTurnsCmd) Run(ctx context.Context) error {
	r, err := turns.Run(ctx, turns.Options{Tuning: c.Tuning, HeldOut: c.HeldOut, Loss: c.Loss, Set: c.Set, Only: c.Only, Cache: c.Cache,
		Trace: c.Failed || c.Trace, Progress: func(s string) { fmt.Fprintln(os.Stderr, s) }})
	if err != nil {
		return err
	}
	if c.Failed || c.Trace {
		r.Explain(os.Stdout, c.Trace)
	}
	return printed(r, c.JSON)
}
