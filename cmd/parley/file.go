package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// fileValues is parley.yaml: it may give every flag by its name or its environment variable's; flags and environment win.
type fileValues map[string]any

// yamlFile reads parley.yaml.
func yamlFile(r io.Reader) (kong.Resolver, error) {
	var values fileValues
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("it must be lines such as \"http: :8080\": %w", err)
	}
	return values, nil
}

// settings are what a flag may be called in the file.
func settings(f *kong.Flag) []string {
	return append([]string{f.Name, strings.ReplaceAll(f.Name, "-", "_")}, f.Envs...)
}

// Validate refuses names that no flag has: a misspelt one would be a setting that is silently not made.
func (v fileValues) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, n := range app.Children {
		for _, f := range n.Flags {
			for _, name := range settings(f) {
				known[name] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if !known[name] {
			return fmt.Errorf("parley.yaml: there is no setting %q; it takes the flags of \"parley serve --help\"", name)
		}
	}
	return nil
}

// Resolve finds the value for a flag.
func (v fileValues) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, e := range flag.Envs {
		if _, set := os.LookupEnv(e); set {
			return nil, nil
		}
	}
	for _, name := range settings(flag) {
		switch v := v[name].(type) {
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
}
