package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"

	"github.com/parley-voice/parley/api"
	apicli "github.com/parley-voice/parley/client/cli"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
)

// resourceCmd is one of the commands over the API: parley agents list.
type resourceCmd struct {
	Args []string `arg:"" optional:""`
	run  func(ctx context.Context, args []string) error
}

// Run hands what follows the resource's name to the command line over the API.
func (c *resourceCmd) Run(ctx context.Context) error { return c.run(ctx, c.Args) }

// resources are the commands over the API as parts of this program.
func resources() (out []kong.Option) {
	p := &apicli.Program{Contract: contract, In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Flags: []kong.Option{kong.Configuration(yamlDefaults, "parley.yaml", "/etc/parley/parley.yaml")}}
	for _, r := range apicli.Resources {
		c := &resourceCmd{run: func(ctx context.Context, args []string) error { return p.Run(ctx, r, args) }}
		out = append(out, kong.DynamicCommand(r.Name, r.Help, "", c, `cmd:""`, `passthrough:""`))
	}
	sip := &resourceCmd{run: p.SIP}
	return append(out, kong.DynamicCommand("sip", "What the telephone did on a call: its SIP messages as a ladder or a capture.", "", sip, `cmd:""`, `passthrough:""`))
}

// contract is what a server of this version serves at /openapi.json.
func contract() ([]byte, error) {
	quiet := slog.New(slog.DiscardHandler)
	a, err := api.New(api.Config{Specs: all.Specs(local.New(local.Config{Logger: quiet})), Logger: quiet})
	if err != nil {
		return nil, err
	}
	return a.Contract(), nil
}

// yamlDefaults is parley.yaml for a command that knows only some of its settings.
func yamlDefaults(r io.Reader) (kong.Resolver, error) {
	values, err := yamlFile(r)
	if err != nil {
		return nil, err
	}
	return kong.ResolverFunc(values.Resolve), nil
}
