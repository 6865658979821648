package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	if code, said := command(t, "version"); code != 0 || said != "" {
		t.Errorf("%d %s", code, said)
	}
	set := func(pairs ...string) *debug.BuildInfo {
		b := &debug.BuildInfo{GoVersion: "go1.26.0"}
		for i := 0; i < len(pairs); i += 2 {
			b.Settings = append(b.Settings, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return b
	}
	for want, info := range map[string]*debug.BuildInfo{
		"parley " + version + "\n": nil,
		"parley " + version + "\ngo1.26.0, linux/arm64; static: hears and speaks by vendors, and by espeak-ng\ncommit abc of 2026-01-02T03:04:05Z, changed\n": set("GOOS", "linux",
			"GOARCH", "arm64", "-tags", "static,timetzdata", "vcs.revision", "abc", "vcs.time", "2026-01-02T03:04:05Z", "vcs.modified", "true"),
		"parley " + version + "\ngo1.26.0, linux/amd64; opens this machine's speech libraries\ncommit abc of then\n": set("GOOS", "linux", "GOARCH", "amd64",
			"-tags", "statics", "vcs.revision", "abc", "vcs.time", "then", "vcs.modified", "false"),
	} {
		var out strings.Builder
		if about(&out, info); out.String() != want {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
}
