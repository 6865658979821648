package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/parley-voice/parley/bench/turns"
	"github.com/parley-voice/parley/provider"
)

// benchTurnsCmd measures turn-taking on the corpus.
type benchTurnsCmd struct {
	Tuning     bool     `help:"The part that may be tuned on. With none of the four: all of them."`
	Validation bool     `help:"The part whose figures may be looked at while tuning: other voices, other words."`
	Former     bool     `help:"The part that was held out until its figures led to changes."`
	HeldOut    bool     `help:"The part whose figures nothing is tuned by: other voices again, other engines, other words."`
	Loss       float64  `help:"Percent of packets that do not come."`
	Set        []string `placeholder:"DIAL=VALUE" sep:"none" help:"A dial of the agent, such as endpointing_sensitivity=sensitive."`
	Hear       string   `enum:"simulated,local" default:"simulated" help:"Who hears: a model of a transcriber, or local hearing (English; some items of each class)."`
	Only       []string `help:"Only items whose name contains one of these, such as en-unfinished or interruption,sound."`
	Draws      int      `default:"1" help:"Every item so often, each time with noises and a transcriber of another seed: how much of a figure is chance."`
	Failed     bool     `help:"Show what was decided in the items that came out wrong."`
	Trace      bool     `help:"Show what was decided in all items."`
	Cache      string   `type:"path" help:"Folder for the sound, which is made once. The user's cache folder by default."`
	JSON       bool     `name:"json" help:"Print JSON instead of tables."`
}

// Run plays the corpus and prints what came of it; docs/turn-taking.md says how to read it.
func (c *benchTurnsCmd) Run(ctx context.Context) error {
	var parts []turns.Split
	for _, p := range []struct {
		on bool
		turns.Split
	}{{c.Tuning, turns.Tuning}, {c.Validation, turns.Validation}, {c.Former, turns.Former}, {c.HeldOut, turns.HeldOut}} {
		if p.on {
			parts = append(parts, p.Split)
		}
	}
	var hearing turns.Hearing
	if c.Hear == "local" {
		speech := newSpeech("", slog.Default())
		defer speech.Close()
		var err error
		if hearing, err = speech.Spec().Hearing.Open(provider.Access{}, nil); err != nil {
			return err
		}
	}
	r, err := turns.Run(ctx, turns.Options{Splits: parts, Hearing: hearing, Loss: c.Loss, Set: c.Set, Only: c.Only, Draws: c.Draws, Cache: c.Cache,
		Trace: c.Failed || c.Trace, Progress: func(s string) { fmt.Fprintln(os.Stderr, s) }})
	if err != nil {
		return err
	}
	if c.Failed || c.Trace {
		r.Explain(os.Stdout, c.Trace)
	}
	return printed(r, c.JSON)
}
