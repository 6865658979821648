// Command scale reckons what so many calls at once need of nodes, PostgreSQL, storage, vendors and messages, and which part gives out
// first. What a unit costs was measured (docs/performance.md) or is assumed, and every figure says which. docs/scale.md has its output.
// It starts no goroutine.
//
//	go run ./bench/scale
//	go run ./bench/scale --cores 32 --minutes 1.5 5000 50000
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "scale:", err)
		}
		os.Exit(2)
	}
}

// run carries out one command line.
func run(args []string, stdout, stderr io.Writer) error {
	c := costs
	flags := flag.NewFlagSet("scale", flag.ContinueOnError)
	flags.SetOutput(stderr)
	for i := range c {
		if c[i].flag != "" {
			flags.Float64Var(&c[i].value, c[i].flag, c[i].value, c[i].what+", "+c[i].unit)
		}
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	var sizes []float64
	for _, s := range flags.Args() {
		n, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
		if err != nil || n < 1 || n > 1e9 {
			return fmt.Errorf("%q is no number of calls", s)
		}
		sizes = append(sizes, n)
	}
	if sizes == nil {
		sizes = []float64{10_000, 100_000, 1_000_000}
	}
	for _, x := range c {
		if !(x.value > 0) {
			return fmt.Errorf("%s: it must be more than 0", x.what)
		}
	}
	_, err := io.WriteString(stdout, report(c, sizes))
	return err
}
