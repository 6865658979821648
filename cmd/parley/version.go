package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// version is of the source; a release stamps its own (scripts/release.sh).
var version = "0.1.0-dev"

// versionCmd says which program this is.
type versionCmd struct{}

// Run prints it.
func (versionCmd) Run() error {
	info, _ := debug.ReadBuildInfo()
	about(os.Stdout, info)
	return nil
}

// about writes what the go command stamped; info is nil in a binary that it did not build.
func about(w io.Writer, info *debug.BuildInfo) {
	fmt.Fprintf(w, "parley %s\n", version)
	if info == nil {
		return
	}
	s := map[string]string{}
	for _, x := range info.Settings {
		s[x.Key] = x.Value
	}
	speech := "opens this machine's speech libraries"
	if slices.Contains(strings.Split(s["-tags"], ","), "static") {
		speech = "static: hears and speaks by vendors, and by espeak-ng"
	}
	fmt.Fprintf(w, "%s, %s/%s; %s\n", info.GoVersion, s["GOOS"], s["GOARCH"], speech)
	if s["vcs.revision"] != "" {
		changed := ""
		if s["vcs.modified"] == "true" {
			changed = ", changed"
		}
		fmt.Fprintf(w, "commit %s of %s%s\n", s["vcs.revision"], s["vcs.time"], changed)
	}
}
