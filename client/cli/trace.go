package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

const traceCall = "getCallTrace"

// trace shows the signalling of a call: as a ladder, unless the form of output or a file's name says otherwise.
func (a *act) trace(ctx context.Context, query url.Values) error {
	format, name := query.Get("format"), a.flags.Output
	if format == "" {
		format = "ladder"
		switch ext := strings.ToLower(filepath.Ext(name)); {
		case name == "json", name == "yaml", ext == ".json":
			format = "json"
		case ext == ".pcap":
			format = "pcap"
		}
	}
	write := func(w io.Writer) (int64, error) { return a.api.Trace(ctx, query.Get("id"), format, w) }
	switch {
	case format == "json" && (name == "yaml" || name == "json"):
		var b bytes.Buffer
		if _, err := write(&b); err != nil {
			return err
		}
		return a.show(b.Bytes())
	case name == "" && format == "pcap":
		return misuse("where to? Give -o FILE.pcap; -o - is the standard output")
	case format != "pcap" && slices.Contains([]string{"", "table", "json", "yaml"}, name):
		name = "-"
	}
	return a.file(name, write)
}

const sipHelp = `parley sip trace CALL [--pcap FILE | -o json | -o FILE] [flags]

Show the SIP messages of a call, of all its legs, while it runs and after it: as a ladder, or with --pcap as a capture file for
Wireshark and the like. Proofs of passwords and keys of SRTP are masked. "parley calls list" shows the ids of calls.
It takes the flags of "parley calls trace": see "parley calls trace --help".

Examples:
  parley sip trace 550e8400-e29b-41d4-a716-446655440000
  parley sip trace 550e8400-e29b-41d4-a716-446655440000 --pcap call.pcap
`

// SIP carries out the command line after "parley sip".
func (p *Program) SIP(ctx context.Context, args []string) error {
	for _, a := range args {
		if a == "-h" || a == "--help" || a == "help" {
			fmt.Fprint(p.Out, sipHelp)
			return nil
		}
	}
	if len(args) == 0 || args[0] != "trace" {
		return misuse("sip takes one verb, trace: parley sip trace CALL\nRun \"parley sip --help\" for what it does.")
	}
	var rest, form []string
	for i := 1; i < len(args); i++ {
		file, ok := strings.CutPrefix(args[i], "--pcap=")
		if args[i] == "--pcap" {
			if i++; i == len(args) {
				return misuse("--pcap: which file? parley sip trace CALL --pcap FILE")
			}
			file, ok = args[i], true
		}
		switch {
		case ok && file == "":
			return misuse("--pcap: which file? parley sip trace CALL --pcap FILE")
		case ok:
			rest, form = append(rest, "-o", file), []string{"format=pcap"}
		default:
			rest = append(rest, args[i])
		}
	}
	i := slices.IndexFunc(Resources, func(r *resource) bool { return r.Name == "calls" })
	return p.Run(ctx, Resources[i], slices.Concat([]string{"trace"}, rest, form))
}
