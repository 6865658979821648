package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/parley-voice/parley/provider"
)

// An envFile is the path of a file of variables, which count before those that the process was started with: a running process can be
// given no others. A hyphen before it, as systemd has it: it need not be there.
type envFile string

// BeforeResolve reads the file.
func (f envFile) BeforeResolve(ctx *kong.Context, trace *kong.Path, e *environment) error {
	path := string(ctx.FlagValue(trace.Flag).(envFile))
	if path == "" {
		return nil
	}
	given, err := readEnvFile(path)
	if err != nil {
		return fmt.Errorf("PARLEY_ENV_FILE: %w", err)
	}
	e.given = given
	ctx.AddResolver(fileVariables(given))
	return nil
}

// readEnvFile reads lines NAME=value. What systemd would read otherwise than it is written is refused. An error has no value in it: it may be a key.
func readEnvFile(path string) (map[string]string, error) {
	path, may := strings.CutPrefix(path, "-")
	b, err := os.ReadFile(path)
	if may && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	given := map[string]string{}
	for i, line := range strings.Split(string(b), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, is := strings.Cut(line, "=")
		value, ok := unquote(strings.TrimSpace(value))
		_, twice := given[name]
		wrong := func(what string) error { return fmt.Errorf("%s, line %d: %s", path, i+1, what) }
		switch {
		case !is || name == "" || strings.ContainsFunc(name, notInName):
			return nil, wrong("it is no setting; write NAME=value")
		case !ok:
			return nil, wrong("the value of " + name + ` has quotes or backslashes that can be read in several ways; put all of it between ' and '`)
		case twice:
			return nil, wrong(name + " is there twice; write it once")
		}
		given[name] = value
	}
	return given, nil
}

func notInName(r rune) bool {
	return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
}

// unquote reads a value that may stand between quotes.
func unquote(s string) (string, bool) {
	for _, q := range []string{`"`, `'`} {
		if len(s) >= 2 && strings.HasPrefix(s, q) && strings.HasSuffix(s, q) {
			s = s[1 : len(s)-1]
			return s, !strings.Contains(s, q) && (q == `'` || !strings.ContainsAny(s, "\\$`"))
		}
	}
	return s, !strings.ContainsAny(s, `"'\`)
}

// fileVariables are those of the file, as flags take them.
type fileVariables map[string]string

// Validate refuses names of ours that no flag has.
func (v fileVariables) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(n kong.Visitable, next kong.Next) error {
		if f, is := n.(*kong.Flag); is {
			for _, e := range f.Envs {
				known[e] = true
			}
		}
		return next(nil)
	})
	for name := range v {
		if strings.HasPrefix(name, "PARLEY_") && !known[name] {
			return fmt.Errorf("PARLEY_ENV_FILE: there is no setting %s; \"parley serve --help\" says which there are", name)
		}
	}
	if v["PARLEY_ENV_FILE"] != "" {
		return errors.New("PARLEY_ENV_FILE: the file names another; only one is read")
	}
	return nil
}

// Resolve finds the value for a flag.
func (v fileVariables) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, e := range flag.Envs {
		if value, given := v[e]; given {
			return value, nil
		}
	}
	return nil, nil
}

// environment is what variables say, those of the file first, and how the command line is read again. The zero value has no file.
type environment struct {
	given map[string]string
	again func() (*serveCmd, *environment, error)
}

func (e *environment) get(name string) string {
	if v, given := e.given[name]; given {
		return v
	}
	return os.Getenv(name)
}

// newEnvironment is that of a command line, once it is read with it.
func newEnvironment(args []string) *environment {
	return &environment{again: func() (*serveCmd, *environment, error) {
		var c cli
		e := newEnvironment(args)
		k, err := kong.New(&c, append(options(context.Background(), e, func(int) {}), resources()...)...)
		if err == nil {
			_, err = k.Parse(args)
		}
		return &c.Serve, e, err
	}}
}

// begin has the file alone say what it says, from now on: systemd may have given the process the same lines, which would outlast their
// removal. What is no setting of ours is left as it is, but for carriers' addresses, which are read once.
func (e *environment) begin(vendors map[string]bool) {
	for name, value := range e.given {
		switch {
		case vendors[name] || strings.HasPrefix(name, "PARLEY_"):
			_ = os.Unsetenv(name)
		case name == "TWILIO_BASE_URL" || name == "TELNYX_BASE_URL":
			_ = os.Setenv(name, value)
		}
	}
}

// vendorVariables are the names by which vendors are set up.
func vendorVariables(specs []provider.Spec) map[string]bool {
	names := map[string]bool{}
	for i := range specs {
		for _, s := range []provider.Spec{specs[i], specs[i].Thinks()} {
			if s.Env == "" {
				continue
			}
			names[s.Env+"_API_KEY"], names[s.Env+"_BASE_URL"] = true, true
			for _, v := range s.Vars {
				names[s.Env+"_"+strings.ToUpper(v)] = true
			}
		}
	}
	return names
}
