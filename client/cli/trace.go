package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	traceCall   = "getCallTrace"
	captureCall = "captureCall"
)

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

// capture writes the packets of a running call into a file that grows: what is there when it is stopped, stays.
func (a *act) capture(ctx context.Context, query url.Values) error {
	name := a.flags.Output
	if name == "-" {
		_, err := a.api.Capture(ctx, query.Get("id"), a.Out)
		return err
	}
	f := &growing{name: name}
	n, err := a.api.Capture(ctx, query.Get("id"), f)
	if f.file == nil { // the server refused it, or there is no such folder
		var no *Misuse
		if errors.As(err, &no) {
			return no
		}
		return err
	}
	if e := f.file.Close(); err == nil {
		err = e
	}
	fmt.Fprintf(a.Err, "%d bytes in %s\n", n, name)
	if ctx.Err() != nil {
		return nil // it was stopped
	}
	return err
}

// growing is a file that is not touched before there is something to write.
type growing struct {
	name string
	file *os.File
}

func (g *growing) Write(b []byte) (n int, err error) {
	if g.file == nil {
		if g.file, err = os.OpenFile(g.name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err != nil {
			g.file = nil
			return 0, misuse("-o: %v", err)
		}
	}
	return g.file.Write(b)
}

const sipHelp = `parley sip trace CALL [--pcap FILE | --media FILE | -o json | -o FILE] [flags]

Show the SIP messages of a call, of all its legs, while it runs and after it: as a ladder, or with --pcap as a capture file for
Wireshark and the like. --media captures a call that runs, its RTP too, until it is over or Ctrl-C.
Proofs of passwords and keys of SRTP are masked. "parley calls list" shows the ids of calls.
It takes the flags of "parley calls trace": see "parley calls trace --help".

Examples:
  parley sip trace 550e8400-e29b-41d4-a716-446655440000
  parley sip trace 550e8400-e29b-41d4-a716-446655440000 --pcap call.pcap
  parley sip trace 550e8400-e29b-41d4-a716-446655440000 --media - | tshark -r -
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
	verb := "trace"
	var rest, form []string
	for i := 1; i < len(args); i++ {
		flag, file, given := strings.Cut(args[i], "=")
		if flag != "--pcap" && flag != "--media" {
			rest = append(rest, args[i])
			continue
		}
		if !given && i+1 < len(args) {
			i++
			file = args[i]
		}
		if file == "" {
			return misuse("%s: which file? parley sip trace CALL %s FILE", flag, flag)
		}
		if rest = append(rest, "-o", file); flag == "--media" {
			verb = "capture"
		} else {
			form = []string{"format=pcap"}
		}
	}
	if verb == "capture" && form != nil {
		return misuse("--pcap and --media: take one of the two; --media has the SIP messages, too")
	}
	i := slices.IndexFunc(Resources, func(r *resource) bool { return r.Name == "calls" })
	return p.Run(ctx, Resources[i], slices.Concat([]string{verb}, rest, form))
}
