package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The parts of a measurement of the API, in the order in which they are made.
var apiParts = []string{"reads", "dials", "flood", "hooks", "memory"}

// APIOptions say what to measure of the API. Zero values are defaults, but for Command.
type APIOptions struct {
	Command  []string      // starts the server: the binary and "serve"
	Data     string        // a folder that is filled once and used again; "": one of its own
	Rows     int           // calls in the store; 1,000,000
	Rate     int           // of reads, a second; 500
	Calls    int           // at once, beside a flood of events; 50
	Talk     time.Duration // how long each part takes; 30 s
	Requests int           // to watch the memory for; 0: the memory is not watched
	Only     []string      // parts; empty: all
	Profiles string        // a folder that gets a CPU profile of the server for each part; "": none
	Log      io.Writer     // gets what the server says; nil: nobody
	Progress func(string)  // is told what begins; nil: nobody is
}

func (o APIOptions) orDefault() APIOptions {
	orElse(&o.Rows, 1_000_000)
	orElse(&o.Rate, 500)
	orElse(&o.Calls, 50)
	orElse(&o.Talk, 30*time.Second)
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// An apiRun is one measurement of the API.
type apiRun struct {
	o      APIOptions
	past   *past
	server *server
	report APIReport
}

// RunAPI measures once. What a part measured stands in the report, also when a later one fails.
func RunAPI(ctx context.Context, o APIOptions) (r APIReport, err error) {
	if len(o.Command) == 0 {
		return r, errors.New("bench: no server to measure")
	}
	for _, name := range o.Only {
		if !slices.Contains(apiParts, name) {
			return r, fmt.Errorf("bench: there is no part %q: take some of %v", name, apiParts)
		}
	}
	b := &apiRun{o: o.orDefault()}
	if err := b.run(ctx); err != nil {
		return b.report, fmt.Errorf("bench: %w", err)
	}
	return b.report, nil
}

func (b *apiRun) run(ctx context.Context) (err error) {
	data := b.o.Data
	if data == "" {
		if data, err = os.MkdirTemp("", "parley-bench-data-"); err != nil {
			return err
		}
		defer os.RemoveAll(data)
	}
	if data, err = filepath.Abs(data); err != nil { // the server runs in a folder of its own
		return err
	}
	began := time.Now()
	b.o.Progress(fmt.Sprintf("a store of %d calls", b.o.Rows))
	if b.past, err = seeded(ctx, data, b.o.Rows); err != nil {
		return err
	}
	b.report.Rows, b.report.SeedSeconds = b.o.Rows, time.Since(began).Seconds()
	vendors, err := NewVendors(FixedDelays())
	if err != nil {
		return fmt.Errorf("vendors: %w", err)
	}
	defer vendors.Close()
	began = time.Now()
	if b.server, err = startServer(ctx, setting{command: b.o.Command, vendors: vendors, rtpPorts: Options{}.orDefault().RTPPorts, data: data, log: b.o.Log}); err != nil {
		return err
	}
	b.report.StartSeconds = time.Since(began).Seconds()
	err = b.measure(ctx)
	return errors.Join(err, b.server.stop())
}

func (b *apiRun) measure(ctx context.Context) error {
	parts := map[string]func(context.Context) error{"reads": b.reads, "dials": b.dials, "flood": b.flood, "hooks": b.hooks, "memory": b.endure}
	for _, name := range apiParts {
		if len(b.o.Only) > 0 && !slices.Contains(b.o.Only, name) || name == "memory" && b.o.Requests <= 0 {
			continue
		}
		b.o.Progress(name)
		profiled := b.profile(ctx, name)
		if err := errors.Join(parts[name](ctx), profiled()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// profile has the server write down where its time goes while a part is measured. The function that it returns waits for that.
func (b *apiRun) profile(ctx context.Context, part string) (profiled func() error) {
	if b.o.Profiles == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { // ends with the profile; profiled waits for it
		c := b.server.client
		c.http = &http.Client{Timeout: b.o.Talk + time.Minute, Transport: c.http.Transport}
		wait(ctx, readsWarm)
		done <- c.save(ctx, fmt.Sprintf("/debug/pprof/profile?seconds=%d", int(b.o.Talk.Seconds())), filepath.Join(b.o.Profiles, part+".pprof"))
	}()
	return func() error { return <-done }
}
