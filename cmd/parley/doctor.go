package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/store"
)

// doctorCmd takes what serve takes, to look at the installation that serve would run.
type doctorCmd struct {
	serveCmd
	Offline bool          `help:"Ask no vendor whether it takes its keys."`
	Timeout time.Duration `default:"10s" help:"How long a vendor may take."`
}

// A finding is one thing that was looked at.
type finding struct {
	verdict verdict
	what    string
	said    string
}

type verdict string

const (
	fine  verdict = "ok"
	note  verdict = "note" // works, and may not be what was meant
	wrong verdict = "WRONG"
)

// A report is what was found so far, told as it is found.
type report struct {
	out   io.Writer
	wrong int
}

func (r *report) add(findings ...finding) {
	for _, f := range findings {
		if f.verdict == wrong {
			r.wrong++
		}
		fmt.Fprintf(r.out, "  %-5s  %-28s  %s\n", f.verdict, f.what, f.said)
	}
}

// Run looks at everything and says what it finds. It fails when something is wrong.
func (c *doctorCmd) Run(ctx context.Context, env *environment) error {
	r := &report{out: os.Stdout}
	env.begin(nil)
	c.examine(ctx, r, env.get)
	if r.wrong > 0 {
		fmt.Fprintf(r.out, "\n%d wrong.\n", r.wrong)
		return exitCode(failed)
	}
	fmt.Fprintln(r.out, "\nNothing is wrong.")
	return nil
}

func (c *doctorCmd) examine(ctx context.Context, r *report, getenv func(string) string) {
	fmt.Fprintf(r.out, "Parley %s\n\nThis machine\n", version)
	if err := c.check(); err != nil {
		r.add(finding{wrong, "configuration", err.Error()})
		return
	}
	r.add(c.machine()...)
	r.add(c.S3.examine(ctx)...)
	for _, what := range slices.Sorted(maps.Keys(local.Missing())) {
		if err := local.Missing()[what]; err != nil {
			r.add(finding{note, what + " by this machine", err.Error()})
		} else {
			r.add(finding{fine, what + " by this machine", "is installed"})
		}
	}
	fmt.Fprintln(r.out, "\nVendors")
	c.vendors(ctx, r, getenv)
}

// vendors asks each vendor about each of its keys.
func (c *doctorCmd) vendors(ctx context.Context, r *report, getenv func(string) string) {
	quiet := slog.New(slog.DiscardHandler)
	l := local.New(local.Config{Logger: quiet, CacheDir: os.TempDir(), Servers: []local.Server{}})
	defer l.Close()
	v := newVendors(all.Specs(l), nil)
	v.getenv = getenv
	if err := v.checkAddresses(); err != nil {
		r.add(finding{wrong, "addresses", err.Error()})
		return
	}
	allow, _ := c.networks() // check has read them
	v.guarded = provider.Guarded(fetch.New(fetch.Options{Allow: allow}).Dial)
	if data := (dataFlags{c.Data, c.DatabaseURL, c.MasterKey}); data.there() == nil {
		behind, err := store.Behind(ctx, data.url())
		var db *store.DB
		if err == nil && !behind {
			db, _, err = store.OpenFolder(ctx, data.url(), c.Data, c.MasterKey)
		}
		switch {
		case err != nil:
			r.add(finding{wrong, "database", err.Error()})
		case behind:
			r.add(finding{note, "database", "it is an older version's, which the next start of this one migrates; account connections were not looked at"})
		default:
			defer db.Close()
			v.db = db
			r.add(c.company(ctx, db)...)
		}
	}
	held, err := v.held(ctx)
	if err != nil {
		r.add(finding{wrong, "account connections", err.Error()})
	}
	if len(held) == 0 {
		r.add(finding{note, "keys", "there are none: agents hear, think and speak by this machine alone. Set OPENAI_API_KEY or another, or add an account connection"})
	}
	if c.Offline {
		r.add(finding{note, "keys", fmt.Sprintf("%d, not tried (--offline)", len(held))})
		return
	}
	r.add(try8(ctx, held, c.Timeout)...)
}
