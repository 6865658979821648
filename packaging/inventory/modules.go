package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// A binary is what was linked into one.
type binary struct {
	name     string // of the command
	main     string // its module
	version  string
	compiler string            // go1.26.8
	settings map[string]string // as the go command stamped them: GOOS, GOARCH, -tags …
	modules  []module          // by path; the standard library first
	pages    []module          // npm's, built into the pages that its packages embed
	needs    map[string][]string
}

// A module is one that the binary has code of.
type module struct {
	path, version string
	sum           string // h1:… of go.sum; none of the standard library
	npm           bool   // not of Go
	dir           string
	licences      []licence
}

// standard is what the Go distribution is called here.
const standard = "std"

// open reads what the go command stamped into the file, and looks for the sources of its modules in the module cache.
func open(file string) (*binary, error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if info.Main.Path == "" {
		return nil, fmt.Errorf("%s: it says nothing of its modules", file)
	}
	b := &binary{name: filepath.Base(info.Path), main: info.Main.Path, version: info.Main.Version, compiler: info.GoVersion, settings: map[string]string{}}
	for _, s := range info.Settings {
		b.settings[s.Key] = s.Value
	}
	return b, b.gather(info.Path, info.Deps)
}

// gather finds what there is to be said of the modules that a command is linked from.
func (b *binary) gather(command string, deps []*debug.Module) error {
	byPath := map[string]*module{}
	for _, d := range deps {
		m := linked(d)
		byPath[m.path] = &m
	}
	if err := b.sources(command, byPath); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		m := byPath[path]
		if len(m.ids()) == 0 {
			return fmt.Errorf("%s %s: no licence found in %s", m.path, m.version, m.dir)
		}
		b.modules = append(b.modules, *m)
	}
	var err error
	if b.needs, err = b.graph(); err != nil {
		return err
	}
	more, err := b.carried()
	b.modules = append(append(b.modules, more...), b.pages...)
	return err
}

// linked is a module as it was linked, replacements followed.
func linked(d *debug.Module) module {
	m := module{path: d.Path, version: d.Version, sum: d.Sum}
	if d.Replace != nil {
		m.version, m.sum = cmp.Or(d.Replace.Version, d.Version), d.Replace.Sum
	}
	return m
}

// sources finds the licences of all that is linked: those beside the code of each package, and those above it in its module.
func (b *binary) sources(command string, byPath map[string]*module) error {
	type pkg struct {
		Dir      string
		Standard bool
		Root     string // of the standard library: GOROOT
		Module   *struct{ Path, Dir string }
	}
	out, err := b.goes("list", "-deps", "-json=Dir,Standard,Root,Module", "-tags="+b.settings["-tags"], command)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		m, root := (*module)(nil), p.Root
		switch {
		case p.Standard && byPath[standard] == nil:
			byPath[standard] = &module{path: standard, version: strings.TrimPrefix(b.compiler, "go"), dir: root}
			fallthrough
		case p.Standard:
			m = byPath[standard]
		case p.Module == nil || p.Module.Path == b.main:
			if err := b.inPages(p.Dir); err != nil {
				return err
			}
			continue
		default:
			m, root = byPath[p.Module.Path], p.Module.Dir
		}
		if m == nil {
			return fmt.Errorf("%s is linked by this source, and not in the binary: they are not of the same version", p.Module.Path)
		}
		m.dir = root
		for dir := p.Dir; !seen[dir]; dir = filepath.Dir(dir) {
			seen[dir] = true
			found, err := licencesIn(root, dir)
			if err != nil {
				return fmt.Errorf("%s: %w", m.path, err)
			}
			m.licences = append(m.licences, found...)
			if dir == root || len(dir) <= len(root) {
				break
			}
		}
	}
}

// graph says which module of the binary asks for which others of it.
func (b *binary) graph() (map[string][]string, error) {
	out, err := b.goes("mod", "graph")
	if err != nil {
		return nil, err
	}
	in := map[string]string{b.main: ""}
	for _, m := range b.modules {
		in[m.path] = m.version
	}
	needs := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		from, version, _ := strings.Cut(from, "@")
		to, _, _ = strings.Cut(to, "@")
		v, linked := in[from]
		if _, ok := in[to]; !ok || !linked || version != v || slices.Contains(needs[from], to) {
			continue
		}
		needs[from] = append(needs[from], to)
	}
	for _, to := range needs {
		slices.Sort(to)
	}
	return needs, nil
}

// goes runs the go command for the system that the binary is for.
func (b *binary) goes(args ...string) ([]byte, error) {
	c := exec.Command("go", args...)
	c.Env = append(c.Environ(), "GOOS="+b.settings["GOOS"], "GOARCH="+b.settings["GOARCH"], "CGO_ENABLED="+cmp.Or(b.settings["CGO_ENABLED"], "0"))
	var wrong bytes.Buffer
	c.Stderr = &wrong
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(wrong.String()))
	}
	return out, nil
}
