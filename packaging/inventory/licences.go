package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A licence is one file of terms, or of what has to be passed on with them.
type licence struct {
	file string   // within the module
	ids  []string // SPDX; none of a NOTICE and the like
	text string
}

// terms are the files that go with a module: licences, and what some of them want to be passed on.
var terms = regexp.MustCompile(`(?i)^(.+-)?(un)?(licen[cs]e|copying|copyright|notice|patents)([-.].*)?$`)

// notTerms are files that only sound like it: code, and those of pictures that are not linked.
var notTerms = regexp.MustCompile(`(?i)\.(go|s|c|h|json|ya?ml)$|-logo$`)

// known are licences by what only their texts say, with blanks and letters' sizes as one. Of a kind the first that fits counts.
var known = []struct {
	kind, id string
	says     []string
}{
	{"Apache", "Apache-2.0", []string{"apache license", "version 2.0, january 2004"}},
	{"Apache", "Apache-2.0", []string{"licensed under the apache license, version 2.0"}},
	{"MPL", "MPL-2.0", []string{"mozilla public license", "version 2.0"}},
	{"BSD", "BSD-3-Clause", []string{"redistribution and use in source and binary forms", "endorse or promote products"}},
	{"BSD", "BSD-2-Clause", []string{"redistribution and use in source and binary forms", "this list of conditions"}},
	{"ISC", "ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided"}},
	{"ISC", "ISC", []string{"permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted, provided"}},
	{"MIT", "MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "the above copyright notice and this permission notice"}},
	{"MIT", "MIT-0", []string{"permission is hereby granted, free of charge, to any person obtaining a copy"}},
	{"public", "Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
	{"public", "blessing", []string{"all of the code and documentation in sqlite has been dedicated to the public domain"}},
	{"public", "CC0-1.0", []string{"cc0 1.0 universal"}},
}

// passedOn are files beside a licence that go with it as they are, whatever licences they quote.
var passedOn = regexp.MustCompile(`(?i)^(notice|patents|copyright)|3rd-?party`)

// inside is what modules carry of others without saying so in a file of terms.
var inside = []struct {
	module, name string
	version      *regexp.Regexp // in the module's README
	id           string
}{
	{"github.com/swaggest/swgui", "swagger-ui", regexp.MustCompile(`Swagger\s+UI \[v(5[0-9.]*)\]`), "Apache-2.0"},
}

// carried are the parts inside of the binary's modules.
func (b *binary) carried() (out []module, err error) {
	for _, in := range inside {
		at := slices.IndexFunc(b.modules, func(m module) bool { return m.path == in.module })
		if at < 0 {
			continue
		}
		m := b.modules[at]
		readme, err := os.ReadFile(filepath.Join(m.dir, "README.md"))
		if err != nil {
			return nil, err
		}
		v := in.version.FindSubmatch(readme)
		if v == nil {
			return nil, fmt.Errorf("%s: its README does not say which version of %s is in it", m.path, in.name)
		}
		out = append(out, module{path: in.name, version: string(v[1]), npm: true, licences: []licence{{file: "in " + m.path, ids: []string{in.id}, text: "The text of " + in.id + " is in this file."}}})
	}
	return out, nil
}

// inPages reads which parts of others are built into the pages that a package of ours embeds, from the list that its build wrote, if it has one.
func (b *binary) inPages(dir string) error {
	list, err := os.ReadFile(filepath.Join(dir, "built", "licences.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for part := range strings.SplitSeq(string(list), "\n----------\n\n") {
		head, text, _ := strings.Cut(part, "\n")
		name, version, ok := strings.Cut(head, " ")
		l := licence{file: "in the pages of " + b.name, text: strings.TrimSpace(text)}
		if l.ids = identify(l.text); !ok || len(l.ids) == 0 {
			return fmt.Errorf("%s: %q is under a licence that is not known here", dir, head)
		}
		b.pages = append(b.pages, module{path: name, version: version, npm: true, licences: []licence{l}})
	}
	return nil
}

// licencesIn reads the terms in one folder of a module.
func licencesIn(root, dir string) ([]licence, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []licence
	for _, f := range files {
		if !f.Type().IsRegular() || !terms.MatchString(f.Name()) || notTerms.MatchString(f.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		name, err := filepath.Rel(root, filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		l := licence{file: filepath.ToSlash(name), text: strings.TrimSpace(string(b))}
		if !passedOn.MatchString(f.Name()) {
			l.ids = identify(l.text)
		}
		if len(l.ids) == 0 && !passedOn.MatchString(f.Name()) {
			return nil, fmt.Errorf("%s is a licence that is not known here: read it, and add it to the table in packaging/inventory/licences.go", l.file)
		}
		out = append(out, l)
	}
	return out, nil
}

// identify gives the SPDX names of all that a text grants; none: it is not known.
func identify(text string) (ids []string) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	found := map[string]bool{}
	for _, k := range known {
		if found[k.kind] || slices.ContainsFunc(k.says, func(s string) bool { return !strings.Contains(text, s) }) {
			continue
		}
		found[k.kind] = true
		ids = append(ids, k.id)
	}
	return ids
}

// ids are the names of a module's licences, each once.
func (m module) ids() (out []string) {
	for _, l := range m.licences {
		out = append(out, l.ids...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// thirdParty is the text that goes with the binary: each module with its terms, in full.
func (b *binary) thirdParty() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s contains code of others. What it is, and its terms:\n\n", b.name, b.version)
	for _, m := range b.modules {
		fmt.Fprintf(&out, "  %s %s  (%s)\n", m.path, m.version, strings.Join(m.ids(), " and "))
	}
	for _, m := range b.modules {
		slices.SortFunc(m.licences, func(x, y licence) int { return strings.Compare(x.file, y.file) })
		for _, l := range m.licences {
			fmt.Fprintf(&out, "\n%s\n%s %s: %s\n%s\n\n%s\n", strings.Repeat("=", 80), m.path, m.version, l.file, strings.Repeat("=", 80), l.text)
		}
	}
	return out.Bytes()
}
