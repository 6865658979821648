package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/parley-voice/parley/otlp"
	"github.com/parley-voice/parley/spool"
)

// renewable are the settings that change while the process runs; all others hold from its next start.
var renewable = []string{
	"PARLEY_LOG", "PARLEY_MAX_CALLS", "PARLEY_FULL_AT", "PARLEY_DRAIN", "PARLEY_RATE", "PARLEY_ALLOW_NETWORKS",
	"PARLEY_FALLBACK_TRANSCRIBER", "PARLEY_FALLBACK_PROVIDER", "PARLEY_FALLBACK_VOICE", "PARLEY_HEDGE",
	"PARLEY_TLS_CERT", "PARLEY_TLS_KEY", "PARLEY_TURN", "PARLEY_TURN_SECRET",
	"PARLEY_S3_ACCESS_KEY", "PARLEY_S3_SECRET_KEY", "PARLEY_S3_CACHE", "PARLEY_S3_SPOOL", "PARLEY_S3_FREE",
	"PARLEY_TWILIO_ACCOUNT_SID", "PARLEY_TWILIO_AUTH_TOKEN", "PARLEY_OTLP_HEADERS",
}

// conditional are those of them that say whether there is something at all, which is opened by a start alone.
var conditional = []string{"PARLEY_TLS_CERT", "PARLEY_TLS_KEY", "PARLEY_TWILIO_ACCOUNT_SID", "PARLEY_TWILIO_AUTH_TOKEN"}

// renewal is what reads the settings again, and what it changes.
type renewal struct {
	hup     <-chan os.Signal // a wish that the settings be read again; nil: none comes
	level   *slog.LevelVar   // nil: the log's does not change
	env     *environment
	vendors *vendors
	cert    *certificate // nil: there is no TLS
	bucket  *spool.Bucket
	teller  *otlp.Teller // nil: no collector is told

	now     atomic.Pointer[serveCmd] // as they are in force; nil: as at the start
	refused atomic.Bool              // the last time they were read something was wrong
}

// set are the settings as they are now: what a reload has changed, and else those of the start.
func (h *house) set() *serveCmd {
	if c := h.renewal.now.Load(); c != nil {
		return c
	}
	return h.cfg
}

// eachSetting goes through the settings by their variables.
func eachSetting(c *serveCmd, f func(name string, value reflect.Value)) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag
			if _, nested := tag.Lookup("embed"); nested {
				walk(v.Field(i))
			} else if name := tag.Get("env"); name != "" {
				f(name, v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(c).Elem())
}

// merge is what is in force once c was read: of was what only a restart changes, of c all else. changed are the settings that it takes,
// later those that differ from the start's and wait for the next.
func merge(start, was, c *serveCmd) (merged *serveCmd, changed, later []string) {
	copied := *was
	fresh, began := map[string]reflect.Value{}, map[string]reflect.Value{}
	eachSetting(c, func(name string, v reflect.Value) { fresh[name] = v })
	eachSetting(start, func(name string, v reflect.Value) { began[name] = v })
	eachSetting(&copied, func(name string, v reflect.Value) {
		to := fresh[name]
		takes := slices.Contains(renewable, name) && !(slices.Contains(conditional, name) && began[name].IsZero() != to.IsZero()) && !moved(name, start, c)
		switch same := reflect.DeepEqual(v.Interface(), to.Interface()); {
		case takes && !same:
			v.Set(to)
			changed = append(changed, name)
		case !takes && !reflect.DeepEqual(began[name].Interface(), to.Interface()):
			later = append(later, name)
		}
	})
	return &copied, changed, later
}

// moved reports whether a key is for another place than the one that this process goes to until its next start.
func moved(name string, start, c *serveCmd) bool {
	switch name {
	case "PARLEY_S3_ACCESS_KEY", "PARLEY_S3_SECRET_KEY":
		return start.S3.URL != c.S3.URL || start.S3.Region != c.S3.Region || start.S3.Style != c.S3.Style
	case "PARLEY_OTLP_HEADERS":
		return start.Watch.OTLP != c.Watch.OTLP
	}
	return false
}

// variables are the names that the file gives otherwise than before, but for those of settings.
func variables(was, is *environment) (changed []string) {
	for name := range was.given {
		if _, still := is.given[name]; !still {
			changed = append(changed, name)
		}
	}
	for name, value := range is.given {
		if before, given := was.given[name]; !given || before != value {
			changed = append(changed, name)
		}
	}
	changed = slices.DeleteFunc(changed, func(name string) bool { return strings.HasPrefix(name, "PARLEY_") })
	slices.Sort(changed)
	return changed
}

// reloads reads the settings again each time a SIGHUP comes, until ctx is done.
func (h *house) reloads(ctx context.Context) error {
	for {
		select {
		case <-h.renewal.hup:
			h.reload(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// hangups are the wishes that the settings be read again. From here on none ends the process.
func hangups() (asked chan os.Signal, stop func()) {
	asked = make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	return asked, func() { signal.Stop(asked) }
}

// reload reads the settings again and takes what may change, or, when anything of them is wrong, nothing.
func (h *house) reload(ctx context.Context) {
	changed, later, err := h.renew(ctx)
	h.renewal.refused.Store(err != nil)
	if err != nil {
		h.log.Error("the settings were read again and are wrong: none is taken, all stays as it was", "error", err)
		return
	}
	h.log.Info("the settings were read again", "changed", strings.Join(changed, ","))
	if len(later) > 0 {
		h.log.Warn("settings differ that only a restart changes", "settings", strings.Join(later, ","))
	}
}

func (h *house) renew(ctx context.Context) (changed, later []string, err error) {
	r := &h.renewal
	c, env, err := r.env.again()
	if err != nil {
		return nil, nil, err
	}
	merged, changed, later := merge(h.cfg, h.set(), c)
	specs := r.vendors.specs
	next := &operator{getenv: env.get, hedge: c.Fallback.Hedge}
	fresh := &vendors{specs: specs, operator: *next}
	err = errors.Join(c.check(), fresh.checkAddresses())
	behind, e := c.Fallback.read(specs)
	cert, e2 := c.certificate(h.log)
	if err = errors.Join(err, e, e2); err != nil {
		return nil, nil, err
	}
	if err = h.renewBucket(ctx, merged, changed); err != nil {
		return nil, nil, err
	}
	next.behind = behind
	known := vendorVariables(specs)
	for _, name := range variables(r.env, env) {
		if known[name] {
			changed = append(changed, name)
		} else {
			later = append(later, name)
		}
	}
	r.env = env
	r.now.Store(merged)
	r.vendors.renewed.Store(next)
	if r.cert != nil && cert != nil {
		r.cert.take(cert)
	}
	h.apply(ctx, merged)
	return changed, later, nil
}

// renewBucket has the storage of recordings try a key that is new, and takes it. Storage that is away has not refused it.
func (h *house) renewBucket(ctx context.Context, c *serveCmd, changed []string) error {
	if h.renewal.bucket == nil || !slices.ContainsFunc(changed, func(n string) bool { return n == "PARLEY_S3_ACCESS_KEY" || n == "PARLEY_S3_SECRET_KEY" }) {
		return nil
	}
	b, err := c.S3.bucket()
	if err != nil {
		return err
	}
	return h.takes(ctx, b, "PARLEY_S3_ACCESS_KEY, PARLEY_S3_SECRET_KEY", "the storage of recordings is away: its new key was not tried")
}

// apply has the parts of the house go by settings that were checked.
func (h *house) apply(ctx context.Context, c *serveCmd) {
	r := &h.renewal
	if r.level != nil {
		r.level.Set(c.Log.Level())
	}
	networks, _ := c.networks() // check has read them, as what follows
	h.fetch.Allow(networks)
	h.api.SetRate(c.Rate)
	h.place.gauge.SetFull(float64(c.Cluster.FullAt) / 100)
	if r.bucket != nil {
		if r.bucket.SetKey(c.S3.AccessKey, c.S3.SecretKey) {
			h.blobs.spool.Hope()
		}
		h.blobs.spool.SetLimits(int64(c.S3.Cache), int64(c.S3.Spool), int64(c.S3.Free))
	}
	if h.door != nil {
		relays, _ := c.Web.relays()
		h.door.SetRelays(relays)
	}
	if r.teller != nil {
		header, _ := c.Watch.header()
		r.teller.SetHeader(header)
	}
	if err := h.place.keeper.SetMost(ctx, c.Cluster.MaxCalls); err != nil {
		h.log.Warn("other nodes show the limit of calls as it was", "error", err)
	}
}
