// Command parley is the whole platform in one binary: the server, a test phone, and the bench. It alone sees every package:
// it reads the configuration, connects the parts and decides in which order they start and stop.
//
// Goroutines: serve runs one per door (HTTP, SIP, jobs, webhooks) and waits for all of them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	apicli "github.com/parley-voice/parley/client/cli"
	"github.com/parley-voice/parley/provider/local"
)

type cli struct {
	Serve   serveCmd         `cmd:"" default:"withargs" help:"Run the server: HTTP, SIP, agents. The default."`
	Call    callCmd          `cmd:"" help:"Ring an agent with a test phone, or place an outbound call through the API."`
	Bench   benchCmd         `cmd:"" help:"Measure latency, barge-in, packet spacing, CPU and memory on this machine."`
	Replay  replayCmd        `cmd:"" help:"Play a recorded call to the engine once more: why the agent spoke when it did, and what other dials would have changed."`
	Doctor  doctorCmd        `cmd:"" help:"Say what is wrong with this installation: its ports, its data, its keys."`
	Backup  backupCmd        `cmd:"" help:"Copy the database, and what else is wanted, while the server runs."`
	Restore restoreCmd       `cmd:"" help:"Fill a new installation from a backup."`
	Rotate  rotateKeyCmd     `cmd:"" name:"rotate-key" help:"Encrypt all credentials with a new master key; the server must be stopped."`
	Top     topCmd           `cmd:"" help:"Watch a running server: calls, pacer, vendors, trunks, queue, webhooks."`
	About   versionCmd       `cmd:"" name:"version" help:"Say which program this is: its version, what it was built by and from."`
	Hear    hearCmd          `cmd:"" hidden:"" help:"Local speech worker; the server starts it."`
	Version kong.VersionFlag `short:"v" help:"Print the version."`
}

// Exit codes: a command line or a parley.yaml that cannot be understood, and a command that failed.
const (
	misused = 2
	failed  = 1
)

func main() {
	ctx, stop := stopped()
	code := run(ctx, os.Args[1:], os.Stderr, os.Exit)
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit code; exit is for --help and --version.
func run(ctx context.Context, args []string, stderr io.Writer, exit func(int)) int {
	var c cli
	k, err := kong.New(&c, append(options(ctx, newEnvironment(args), exit), resources()...)...)
	if err != nil {
		fmt.Fprintln(stderr, "parley: error:", err)
		return misused
	}
	parsed, err := k.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "parley: error:", explain(k, args, err))
		return misused
	}
	err = parsed.Run()
	var code exitCode
	var wrong *apicli.Misuse
	switch {
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &wrong):
		fmt.Fprintln(stderr, "parley: error:", err)
		return misused
	case err != nil:
		fmt.Fprintln(stderr, "parley: error:", err)
		return failed
	}
	return 0
}

func options(ctx context.Context, env *environment, exit func(int)) []kong.Option {
	return []kong.Option{
		kong.Name("parley"), kong.Exit(exit), kong.Vars{"version": version},
		kong.Description("AI agents that make and answer phone calls. Every flag of serve may stand in parley.yaml, too."),
		kong.Configuration(yamlFile, "parley.yaml", "/etc/parley/parley.yaml"),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(env),
	}
}

// explain says what is wrong with a command line, and where to read what would be right.
func explain(k *kong.Kong, args []string, err error) string {
	var commands []string
	for _, n := range k.Model.Children {
		if !n.Hidden {
			commands = append(commands, n.Name)
		}
	}
	switch {
	case len(args) == 0 || strings.HasPrefix(args[0], "-"):
		return fmt.Sprintf("%v\nRun \"parley serve --help\" for what there is.", err)
	case !slices.Contains(commands, args[0]):
		return fmt.Sprintf("there is no command %q: take one of %s\nRun \"parley --help\" for what they do.", args[0], strings.Join(commands, ", "))
	}
	return fmt.Sprintf("%v\nRun \"parley %s --help\" for what there is.", err, args[0])
}

// exitCode ends the process without a further word.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

type hearCmd struct{}

// Run is the child's side of local speech; it ends when its input does.
func (hearCmd) Run() error { return local.Worker(os.Stdin, os.Stdout) }
