package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/parley-voice/parley/bench"
)

// benchSoakCmd holds calls for hours.
type benchSoakCmd struct {
	Calls    int           `default:"20" help:"Calls at once, all the time."`
	Hours    float64       `default:"2" help:"How long."`
	Shortest time.Duration `default:"20s" help:"Of the calls."`
	Longest  time.Duration `default:"10m" help:"Of the calls."`
	Sample   time.Duration `default:"1m" help:"How often memory, goroutines, files and threads are looked at."`
	Database string        `placeholder:"URL" help:"Address of an empty PostgreSQL database that the server is to work on, in place of SQLite."`
	NATS     string        `name:"nats" placeholder:"URL" help:"Address of a NATS server that it is to use."`
	Profiles string        `type:"existingdir" help:"Folder for heap profiles of the server: warm, and last."`

	benchShown
}

// Run prints what was found, also when it was stopped before its time.
func (c *benchSoakCmd) Run(ctx context.Context) error {
	self, err := bench.Self()
	if err != nil {
		return err
	}
	o := bench.SoakOptions{Command: self, Calls: c.Calls, Lasts: time.Duration(c.Hours * float64(time.Hour)), Shortest: c.Shortest, Longest: c.Longest,
		Sample: c.Sample, Database: c.Database, NATS: c.NATS, Profiles: c.Profiles, Log: c.log(), Progress: func(s string) { fmt.Fprintln(os.Stderr, s) }}
	r, err := bench.RunSoak(ctx, o)
	if r.Placed > 0 {
		err = errors.Join(err, printed(r, c.JSON))
	}
	return err
}
