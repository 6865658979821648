package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// The parts of CycloneDX 1.6 (ECMA-424) that are said. No time and no serial number: the same binary has the same SBOM.
type (
	bom struct {
		Schema       string       `json:"$schema"`
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Licences   []choice   `json:"licenses,omitempty"`
		Purl       string     `json:"purl"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Alg     string `json:"alg"`
		Content string `json:"content"`
	}
	choice struct {
		Licence struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref  string   `json:"ref"`
		Need []string `json:"dependsOn,omitempty"`
	}
)

// ours is under what Parley itself is.
const ours = "Apache-2.0"

func (b *binary) sbom() ([]byte, error) {
	self := component{Type: "application", Ref: purl(b.main, b.version), Name: b.main, Version: b.version, Purl: purl(b.main, b.version), Licences: choices([]string{ours})}
	for _, k := range []string{"GOOS", "GOARCH", "CGO_ENABLED", "-tags", "vcs.revision"} {
		if v := b.settings[k]; v != "" {
			self.Properties = append(self.Properties, property{"go:" + strings.TrimPrefix(k, "-"), v})
		}
	}
	out := bom{Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{self}}
	refs := map[string]string{b.main: self.Ref}
	for _, m := range b.modules {
		ref := purl(m.path, m.version)
		if m.npm {
			ref = "pkg:npm/" + strings.Replace(m.path, "@", "%40", 1) + "@" + m.version
		}
		c := component{Type: "library", Ref: ref, Name: m.path, Version: m.version, Purl: ref, Licences: choices(m.ids())}
		if m.sum != "" {
			sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.sum, "h1:"))
			if err != nil {
				return nil, fmt.Errorf("%s: its checksum %q: %w", m.path, m.sum, err)
			}
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
		}
		refs[m.path] = c.Ref
		out.Components = append(out.Components, c)
	}
	out.Dependencies = append(out.Dependencies, b.needing(b.main, refs))
	for _, m := range b.modules {
		out.Dependencies = append(out.Dependencies, b.needing(m.path, refs))
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(out)
	return text.Bytes(), err
}

// needing is what one module asks for of the others; all of them ask for the standard library.
func (b *binary) needing(path string, refs map[string]string) dependency {
	d := dependency{Ref: refs[path]}
	if std, ok := refs[standard]; ok && strings.Contains(path, ".") {
		d.Need = append(d.Need, std)
	}
	for _, to := range b.needs[path] {
		d.Need = append(d.Need, refs[to])
	}
	if path == b.main {
		for _, m := range b.pages {
			d.Need = append(d.Need, refs[m.path])
		}
	}
	for _, in := range inside {
		if ref, ok := refs[in.name]; ok && in.module == path {
			d.Need = append(d.Need, ref)
		}
	}
	return d
}

// purl names a module as the package-url specification does: what is not in the unreserved set is escaped.
func purl(path, version string) string {
	if version == "" || version == "(devel)" {
		return "pkg:golang/" + path
	}
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
}

func choices(ids []string) (out []choice) {
	for _, id := range ids {
		var c choice
		c.Licence.ID = id
		out = append(out, c)
	}
	return out
}
