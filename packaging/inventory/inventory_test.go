package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

const self = "github.com/parley-voice/parley"

// server is what cmd/parley would be linked from, for the system that it would be for.
func server(t *testing.T, tags string) *binary {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=Module", "-tags="+tags, self+"/cmd/parley").Output()
	if err != nil {
		t.Fatal(err)
	}
	b := &binary{name: "parley", main: self, version: "v1.2.3+local", compiler: runtime.Version(),
		settings: map[string]string{"GOOS": runtime.GOOS, "GOARCH": runtime.GOARCH, "CGO_ENABLED": "0", "-tags": tags}}
	var deps []*debug.Module
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *debug.Module }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if m := p.Module; m != nil && m.Path != self && !slices.ContainsFunc(deps, func(d *debug.Module) bool { return d.Path == m.Path }) {
			deps = append(deps, m)
		}
	}
	if err := b.gather(self+"/cmd/parley", deps); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTheServer: every module that is linked has terms that are known, and that are passed on in full.
func TestTheServer(t *testing.T) {
	b := server(t, "")
	text := string(b.thirdParty())
	for _, m := range b.modules {
		if !strings.Contains(text, "  "+m.path+" "+m.version+"  (") || len(m.ids()) == 0 {
			t.Errorf("%s %s is not in the list", m.path, m.version)
		}
		for _, l := range m.licences {
			if len(l.text) < 20 || !strings.Contains(text, l.text) {
				t.Errorf("%s: %s is not passed on", m.path, l.file)
			}
		}
	}
	for _, want := range []string{"modernc.org/sqlite", "github.com/ebitengine/purego", "std", "swagger-ui", "svelte", "uplot", "@codemirror/view", "openapi-fetch"} {
		if !slices.ContainsFunc(b.modules, func(m module) bool { return m.path == want }) {
			t.Errorf("%s is not among what is linked", want)
		}
	}
	for _, m := range b.modules {
		for _, id := range m.ids() {
			if strings.Contains(id, "GPL") {
				t.Errorf("%s is under %s", m.path, id)
			}
		}
	}
}

// TestStaticLoadsNothing: what opens the system's libraries is not in the binary that needs none.
func TestStaticLoadsNothing(t *testing.T) {
	for _, m := range server(t, "static").modules {
		if m.path == "github.com/ebitengine/purego" {
			t.Errorf("%s is linked with -tags static", m.path)
		}
	}
}

// TestPages: what the dashboard is built with is what its own list of packages asks for, and each is named as npm names it.
func TestPages(t *testing.T) {
	b := server(t, "static")
	text, err := os.ReadFile("../../dashboard/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var asked struct{ Dependencies map[string]string }
	if err := json.Unmarshal(text, &asked); err != nil || len(asked.Dependencies) == 0 {
		t.Fatal(err)
	}
	out, err := b.sbom()
	if err != nil {
		t.Fatal(err)
	}
	for name, version := range asked.Dependencies {
		if want := `"purl": "pkg:npm/` + strings.Replace(name, "@", "%40", 1) + "@" + version + `"`; !strings.Contains(string(out), want) {
			t.Errorf("there is no %s", want)
		}
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "built"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "built", "licences.txt"), []byte("part 1.0.0\n\nAll rights reserved."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.inPages(dir); err == nil || !strings.Contains(err.Error(), "part 1.0.0") {
		t.Error(err)
	}
}

func TestSBOM(t *testing.T) {
	b := server(t, "static")
	out, err := b.sbom()
	if err != nil {
		t.Fatal(err)
	}
	var got bom
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != "CycloneDX" || got.Spec != "1.6" || got.Version != 1 || got.Metadata.Component.Purl != "pkg:golang/"+self+"@v1.2.3%2Blocal" {
		t.Errorf("%+v", got)
	}
	refs := map[string]bool{got.Metadata.Component.Ref: true}
	for _, c := range got.Components {
		if refs[c.Ref] {
			t.Errorf("%s is there twice", c.Ref)
		}
		refs[c.Ref] = true
		if c.Version == "" || len(c.Licences) == 0 || strings.HasPrefix(c.Purl, "pkg:golang/") && c.Name != standard && (len(c.Hashes) != 1 || len(c.Hashes[0].Content) != 64) {
			t.Errorf("%+v", c)
		}
	}
	if len(got.Components) != len(b.modules) || len(got.Dependencies) != len(refs) {
		t.Errorf("%d components and %d dependencies of %d modules", len(got.Components), len(got.Dependencies), len(b.modules))
	}
	needed := map[string]bool{got.Metadata.Component.Ref: true}
	for _, d := range got.Dependencies {
		if !refs[d.Ref] {
			t.Errorf("%s needs something and is no component", d.Ref)
		}
		for _, to := range d.Need {
			needed[to] = true
			if !refs[to] {
				t.Errorf("%s needs %s, which is no component", d.Ref, to)
			}
		}
	}
	for ref := range refs {
		if !needed[ref] {
			t.Errorf("nobody needs %s", ref)
		}
	}
	if again, err := server(t, "static").sbom(); err != nil || !bytes.Equal(out, again) {
		t.Errorf("it is another one the second time (%v)", err)
	}
}

// TestABinary: from the file to the two texts.
func TestABinary(t *testing.T) {
	dir := t.TempDir()
	bin, sbom, texts := filepath.Join(dir, "inventory"), filepath.Join(dir, "s.json"), filepath.Join(dir, "t.txt")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	if err := run([]string{"--sbom", sbom, "--licences", texts, "--version", "v9", bin}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(sbom); err != nil || !strings.Contains(string(b), `"pkg:golang/std@`) || !strings.Contains(string(b), self+"@v9") || !strings.Contains(string(b), `"go:GOOS"`) {
		t.Error(err, string(b))
	}
	if b, err := os.ReadFile(texts); err != nil || !strings.Contains(string(b), "The Go Authors") {
		t.Error(err, len(b))
	}
	for _, args := range [][]string{{}, {bin}, {"--sbom", sbom}, {"--sbom", sbom, filepath.Join(dir, "nothing")}, {"--sbom", sbom, texts}, {"--sbom", filepath.Join(dir, "no", "folder"), bin}, {"--what"}} {
		if err := run(args, io.Discard); err == nil {
			t.Errorf("%q was carried out", args)
		}
	}
}

func TestIdentify(t *testing.T) {
	const grant = "Permission is hereby granted, free of charge, to any person\n obtaining a copy of this"
	const bsd = "Redistribution and use in source and binary forms, with or without modification … this list of conditions …"
	for text, want := range map[string][]string{
		grant: {"MIT-0"},
		grant + " The above copyright notice and this permission notice shall be": {"MIT"},
		bsd: {"BSD-2-Clause"},
		bsd + " may be used to endorse or promote products derived":          {"BSD-3-Clause"},
		bsd + grant + " Licensed under the Apache License, Version 2.0 (the": {"Apache-2.0", "BSD-2-Clause", "MIT-0"},
		"All rights reserved. Do not copy.":                                  nil,
		"GNU GENERAL PUBLIC LICENSE Version 3":                               nil,
	} {
		if got := identify(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestLicencesInAFolder(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("LICENSE", "cc0 1.0 universal")
	write("NOTICE.txt", "Somebody made this.")
	write("license.go", "package x")
	write("README.md", "all rights reserved")
	found, err := licencesIn(root, root)
	if err != nil || len(found) != 2 || found[0].file != "LICENSE" || found[0].ids[0] != "CC0-1.0" || found[1].ids != nil {
		t.Errorf("%+v %v", found, err)
	}
	write("COPYING", "You may look at this.")
	if _, err := licencesIn(root, root); err == nil || !strings.Contains(err.Error(), "COPYING is a licence that is not known") {
		t.Error(err)
	}
}
