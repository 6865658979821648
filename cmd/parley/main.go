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
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"

	"github.com/parley-voice/parley/provider/local"
)

var version = "0.1.0-dev"

type cli struct {
	Serve   serveCmd         `cmd:"" default:"withargs" help:"Run the server: HTTP, SIP, agents. The default."`
	Call    callCmd          `cmd:"" help:"Ring an agent with a test phone, or place an outbound call through the API."`
	Bench   benchCmd         `cmd:"" help:"Measure latency, barge-in, packet spacing, CPU and memory on this machine."`
	Hear    hearCmd          `cmd:"" hidden:"" help:"Local speech worker; the server starts it."`
	Version kong.VersionFlag `short:"v" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	k := kong.Parse(&c, kong.Name("parley"),
		kong.Description("AI agents that make and answer phone calls. Every flag of serve may stand in parley.yaml, too."),
		kong.UsageOnError(), kong.Vars{"version": version},
		kong.Configuration(yamlFile, "parley.yaml", "/etc/parley/parley.yaml"),
		kong.BindTo(ctx, (*context.Context)(nil)))
	err := k.Run()
	var code exitCode
	if errors.As(err, &code) {
		os.Exit(int(code))
	}
	k.FatalIfErrorf(err)
}

// exitCode ends the process without a further word.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

type hearCmd struct{}

// Run is the child's side of local speech; it ends when its input does.
func (hearCmd) Run() error { return local.Worker(os.Stdin, os.Stdout) }

// yamlFile lets parley.yaml give every flag by its name or its environment variable's; flags and environment win over it.
func yamlFile(r io.Reader) (kong.Resolver, error) {
	var values map[string]any
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("parley.yaml: %w", err)
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, e := range flag.Envs {
			if _, set := os.LookupEnv(e); set {
				return nil, nil
			}
		}
		for _, name := range append([]string{flag.Name, strings.ReplaceAll(flag.Name, "-", "_")}, flag.Envs...) {
			switch v := values[name].(type) {
			case nil:
			case []any:
				words := make([]string, len(v))
				for i, x := range v {
					words[i] = fmt.Sprint(x)
				}
				return strings.Join(words, ","), nil
			default:
				return fmt.Sprint(v), nil
			}
		}
		return nil, nil
	}), nil
}
