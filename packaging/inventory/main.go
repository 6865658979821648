// Command inventory says what a release is made of: which modules were linked into a binary, as a CycloneDX SBOM, and under which
// licences, as one text that goes with it. It asks the go command where their sources are, and refuses a module whose licence it does
// not know. It starts no goroutine.
//
//	go run ./packaging/inventory --sbom parley.cdx.json --licences THIRD_PARTY.txt bin/parley
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "inventory:", err)
		os.Exit(1)
	}
}

// run carries out one command line.
func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("inventory", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sbom := flags.String("sbom", "", "file to write the CycloneDX JSON to")
	texts := flags.String("licences", "", "file to write the licences to")
	version := flags.String("version", "", "version of the binary; default: what the go command stamped")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *sbom == "" && *texts == "" {
		return errors.New("name one binary, and --sbom, --licences or both")
	}
	b, err := open(flags.Arg(0))
	if err != nil {
		return err
	}
	if *version != "" {
		b.version = *version
	}
	if *texts != "" {
		if err := os.WriteFile(*texts, b.thirdParty(), 0o644); err != nil {
			return err
		}
	}
	if *sbom == "" {
		return nil
	}
	out, err := b.sbom()
	if err != nil {
		return err
	}
	return os.WriteFile(*sbom, out, 0o644)
}
