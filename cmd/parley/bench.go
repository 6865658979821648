package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/parley-voice/parley/bench"
)

// benchCmd measures this very program.
type benchCmd struct {
	Calls  benchCallsCmd  `cmd:"" default:"withargs" help:"Measure calls: latency, barge-in, packet spacing, CPU and memory. The default."`
	API    benchAPICmd    `cmd:"" name:"api" help:"Measure the API, webhooks and the event log on a store of many calls."`
	Faults benchFaultsCmd `cmd:"" name:"faults" help:"Measure how long callers hear nothing when a vendor goes wrong, in every way."`
	SIP    benchSIPCmd    `cmd:"" name:"sip" help:"Measure the SIP leg: signalling, memory, strangers, floods and far ends that die."`
	Soak   benchSoakCmd   `cmd:"" help:"Hold calls for hours: how many were good, and whether memory, goroutines and files stay."`
	Turns  benchTurnsCmd  `cmd:"" help:"Measure turn-taking and who answered, on the corpus of testdata/speech."`
	Web    benchWebCmd    `cmd:"" help:"Measure calls from browsers: from the click to the first sound, stage by stage."`
}

// benchShown is what is shown of a measurement of a server, and how.
type benchShown struct {
	JSON    bool `name:"json" help:"Print JSON instead of a table."`
	Verbose bool `help:"Show what the server says."`
}

// log is where what the server says goes; nil: nowhere.
func (b benchShown) log() io.Writer {
	if b.Verbose {
		return os.Stderr
	}
	return nil
}

// benchCallsCmd has callers talk to a server.
type benchCallsCmd struct {
	Calls       int           `default:"1" help:"Calls at once."`
	Seconds     int           `default:"60" help:"How long they talk."`
	Setups      int           `help:"Measure set-ups instead: so many calls a second, for --seconds."`
	Barge       int           `default:"4" help:"Every so many turns the caller interrupts; negative: never."`
	Endpointing string        `default:"sensitive" enum:"sensitive,auto,relaxed" help:"The agent's endpointing_sensitivity."`
	Twilio      bool          `help:"The callers come by Twilio's Media Streams instead of SIP."`
	Loss        float64       `help:"Percent of the callers' packets that do not come."`
	Jitter      time.Duration `help:"So much later, at the most, they do."`
	Silence     time.Duration `help:"The voice's sound begins with so much silence."`
	Early       bool          `default:"true" negatable:"" help:"Begin answers before it is certain that the caller has finished (PARLEY_EARLY)."`
	Record      bool          `default:"true" negatable:"" help:"Record the calls."`
	Webhook     bool          `default:"true" negatable:"" help:"Tell a webhook about them."`
	Database    string        `placeholder:"URL" help:"Address of an empty PostgreSQL database that the server is to work on, in place of SQLite."`
	NATS        string        `name:"nats" placeholder:"URL" help:"Address of a NATS server that it is to use."`

	benchShown
}

// Run starts a server, calls it, and prints what it found; docs/performance.md says how to read it.
func (c *benchCallsCmd) Run(ctx context.Context) error {
	self, err := bench.Self()
	if err != nil {
		return err
	}
	o := bench.Options{Command: self, Calls: c.Calls, Talk: time.Duration(c.Seconds) * time.Second, Setups: c.Setups, Barge: c.Barge,
		Endpointing: c.Endpointing, Twilio: c.Twilio, Late: !c.Early, Record: c.Record, Webhook: c.Webhook, Delays: bench.FixedDelays(), Loss: c.Loss, Jitter: c.Jitter, Database: c.Database, NATS: c.NATS, Log: c.log()}
	o.Delays.Silence = c.Silence
	r, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	return printed(r, c.JSON)
}

// benchAPICmd asks a server many things.
type benchAPICmd struct {
	Data     string   `type:"path" help:"Folder of the store: filled once, used again. Without it one is made and removed."`
	Rows     int      `default:"1000000" help:"Calls in the store."`
	Rate     int      `default:"500" help:"Reads a second."`
	Calls    int      `default:"50" help:"Calls that talk while events flood the log."`
	Seconds  int      `default:"30" help:"How long each part takes."`
	Requests int      `default:"0" help:"Watch the memory over so many requests, too."`
	Only     []string `help:"Parts to measure: reads, dials, flood, hooks, memory. All by default."`
	Profiles string   `type:"existingdir" help:"Folder for a CPU profile of the server of each part."`

	benchShown
}

// Run fills a store, starts a server on it, asks it, and prints what it found.
func (c *benchAPICmd) Run(ctx context.Context) error {
	self, err := bench.Self()
	if err != nil {
		return err
	}
	o := bench.APIOptions{Command: self, Data: c.Data, Rows: c.Rows, Rate: c.Rate, Calls: c.Calls, Talk: time.Duration(c.Seconds) * time.Second,
		Requests: c.Requests, Only: c.Only, Profiles: c.Profiles, Log: c.log(), Progress: func(s string) { fmt.Fprintln(os.Stderr, "measuring:", s) }}
	r, err := bench.RunAPI(ctx, o)
	if r.Rows > 0 { // what was measured before something went wrong
		err = errors.Join(err, printed(r, c.JSON))
	}
	return err
}

// benchSIPCmd tries a SIP trunk in this process.
type benchSIPCmd struct {
	Seconds int      `default:"10" help:"How long a part takes that takes time."`
	At      int      `default:"64" help:"Calls that are set up at once."`
	Dialogs int      `default:"1000" help:"Idle calls whose memory is measured."`
	Deaths  int      `default:"100" help:"Calls whose far end dies."`
	Rate    int      `default:"2000" help:"Messages a second of each of the five methods of the flood."`
	Only    []string `help:"Parts to measure: signalling, dialogs, strangers, deaths, flood. All by default; the flood needs root."`
	JSON    bool     `name:"json" help:"Print JSON instead of a table."`
}

// Run prints what was measured, also when a part could not be.
func (c *benchSIPCmd) Run(ctx context.Context) error {
	r, err := bench.RunSIP(ctx, bench.SIPOptions{Talk: time.Duration(c.Seconds) * time.Second, At: c.At, Dialogs: c.Dialogs, Deaths: c.Deaths, Rate: c.Rate,
		Only: c.Only, Progress: func(s string) { fmt.Fprintln(os.Stderr, "measuring:", s) }})
	return errors.Join(err, printed(r, c.JSON))
}

// benchFaultsCmd has vendors go wrong in this process.
type benchFaultsCmd struct {
	Calls int  `default:"1000" help:"Calls, over all cells of the matrix."`
	At    int  `default:"60" help:"Calls at once."`
	JSON  bool `name:"json" help:"Print JSON instead of a table."`
}

// Run prints the matrix.
func (c *benchFaultsCmd) Run(ctx context.Context) error {
	r, err := bench.RunFaults(ctx, bench.FaultOptions{Calls: c.Calls, At: c.At, Progress: func(s string) { fmt.Fprintln(os.Stderr, "measured:", s) }})
	return errors.Join(err, printed(r, c.JSON))
}

// printed shows a report.
func printed(r interface{ Print(io.Writer) }, asJSON bool) error {
	if !asJSON {
		r.Print(os.Stdout)
		return nil
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
