package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley/cluster"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// shutdownWait is how long requests that run may take to end once the server stops.
const shutdownWait = 5 * time.Second

// drainWait is how long webhooks may take to be told of what the stop brought about.
const drainWait = 2 * time.Second

// Run is the server, from the data folder to the last goodbye. It returns when ctx is done or a door cannot be opened.
func (c *serveCmd) Run(ctx context.Context, env *environment) error {
	env.begin(vendorVariables(all.Specs(nil)))
	if err := c.check(); err != nil {
		return err
	}
	level := &slog.LevelVar{}
	level.Set(c.Log.Level())
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	slog.SetDefault(log)
	hup, deaf := hangups()
	defer deaf()
	door, err := net.Listen("tcp", c.HTTP)
	if err != nil {
		return taken("PARLEY_HTTP", err)
	}
	h, made, err := c.buildBy(ctx, log, env)
	if err != nil {
		door.Close()
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // stopped while it started: the next start goes on from there
		}
		return err
	}
	defer h.close()
	h.renewal.level, h.renewal.hup = level, hup
	h.greet(os.Stdout, door.Addr(), made)
	return h.serve(ctx, door)
}

// serve opens all doors and waits until ctx is done; then it closes them: first those that calls come by, and when the last
// call has ended, webhooks, which are to tell of that.
func (h *house) serve(ctx context.Context, door net.Listener) error {
	ctx, cancel := h.untilDrained(ctx)
	defer cancel()
	after, told := context.WithCancel(context.WithoutCancel(ctx))
	defer told()
	failed := make(chan error, 4)
	run := func(wg *sync.WaitGroup, ctx context.Context, what string, f func(context.Context) error) {
		wg.Go(func() {
			if err := f(ctx); err != nil && !errors.Is(err, context.Canceled) {
				failed <- fmt.Errorf("%s: %w", what, err)
				cancel()
			}
		})
	}
	var asked sync.RWMutex // held to read by each request: it may outlive its connection, and must not outlive the store
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !asked.TryRLock() {
			return // the server has stopped
		}
		defer asked.RUnlock()
		h.handler.ServeHTTP(w, r)
	}), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	var calls, webhooks sync.WaitGroup
	run(&calls, ctx, "HTTP", func(context.Context) error {
		if err := srv.Serve(door); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	if h.sip != nil {
		run(&calls, ctx, "SIP", h.switchboard.Serve)
	}
	if h.door != nil {
		run(&calls, ctx, "web calls", h.door.Serve)
	}
	if h.does(cluster.Media) {
		run(&webhooks, after, "capacity", h.measure)
	}
	if h.does(cluster.Media) || h.does(cluster.Jobs) {
		run(&calls, ctx, "jobs", h.jobs.Run)
		run(&calls, ctx, "queue", h.queue().Run)
	}
	h.place.keeper.Tasks = h.duties()
	run(&webhooks, after, "nodes", h.keep)
	if h.place.lines != nil {
		run(&webhooks, after, "lines", h.place.lines.Run)
	}
	run(&webhooks, after, "metrics", h.metrics.Run)
	run(&webhooks, after, "traces", h.traces.Run)
	if h.blobs.spool != nil {
		run(&webhooks, after, "recordings", h.blobs.spool.Run)
	}
	if h.renewal.teller != nil {
		run(&webhooks, after, "OTLP", h.renewal.teller.Run)
	}
	run(&webhooks, after, "settings", h.reloads)

	<-ctx.Done()
	h.log.Info("stopping", "calls", h.switchboard.Live())
	h.closeHTTP(srv)
	calls.Wait()
	asked.Lock()
	h.drain(after)
	h.blobs.drain(after)
	told()
	webhooks.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// closeHTTP lets requests end that run, for shutdownWait; live streams end at once.
func (h *house) closeHTTP(srv *http.Server) {
	ctx, done := context.WithTimeout(context.Background(), shutdownWait)
	defer done()
	h.api.Close()
	if err := srv.Shutdown(ctx); err != nil {
		_ = srv.Close()
	}
}

// drain has webhooks told of the last calls' ends, for drainWait; what is left is told after the next start.
func (h *house) drain(ctx context.Context) {
	ctx, done := context.WithTimeout(ctx, drainWait)
	defer done()
	if !h.webhooks.Runs() {
		return // another node tells them
	}
	if err := h.webhooks.Drain(ctx); err != nil {
		h.log.Warn("some webhooks will be told after the next start only", "error", err)
	}
}

// openData opens what lasts: the key, the database and the recordings.
func (c *serveCmd) openData(ctx context.Context) (key *secret.Key, db *store.DB, blobs *store.Blobs, err error) {
	locked := false
	defer func() {
		if err != nil && locked {
			unlockFolder(c.Data)
		}
	}()
	if err := store.MakeFolder(c.Data); err != nil {
		return nil, nil, nil, fmt.Errorf("PARLEY_DATA: %w", err)
	}
	if err := lockFolder(c.Data); err != nil {
		return nil, nil, nil, fmt.Errorf("PARLEY_DATA: %w", err)
	}
	locked = true
	url, from := c.DatabaseURL, "PARLEY_DATABASE_URL"
	if url == "" {
		url = filepath.Join(c.Data, databaseFile)
		from = url
	}
	if db, key, err = store.OpenFolder(ctx, url, c.Data, c.MasterKey); err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", from, err)
	}
	if blobs, err = store.NewBlobs(c.recordings()); err != nil {
		_ = db.Close()
		return nil, nil, nil, fmt.Errorf("PARLEY_DATA: %w", err)
	}
	return key, db, blobs, nil
}

// recordings is the folder of the recordings.
func (c *serveCmd) recordings() string { return filepath.Join(c.Data, recordingsFolder) }

// keepKey writes the key that was made where its owner finds it again, and nobody else does.
func (c *serveCmd) keepKey(made string) error {
	path := filepath.Join(c.Data, apiKeyFile)
	if err := store.WriteFile(path, []byte(made+"\n")); err != nil {
		return fmt.Errorf("keeping the API key: %w", err)
	}
	return nil
}

// greet tells a person what to do next.
func (h *house) greet(w *os.File, http net.Addr, made string) {
	web, sip := reach(http.String()), reach(h.sipAddr)
	fmt.Fprintf(w, "\nParley %s is ready.\n\n", version)
	if !h.does(cluster.API) || !h.does(cluster.Media) {
		fmt.Fprintf(w, "  Roles       %s   (health: http://%s/readyz)\n", h.cfg.Cluster.Roles, web)
	}
	if h.does(cluster.API) {
		h.greetAPI(w, web, made)
	}
	if !h.does(cluster.Media) {
		fmt.Fprintln(w)
		return
	}
	target := strings.TrimSuffix("sip:"+demoNumber+"@"+sip, ":5060")
	fmt.Fprintf(w, "  Demo agent  %s\n", target)
	if h.door != nil {
		fmt.Fprintf(w, "  Talk to it  http://%s/try   (a browser on this machine)\n", web)
	}
	fmt.Fprintf(w, "  Ring it     %s call %s --say \"What are your opening hours?\"\n\n", os.Args[0], target)
}

func (h *house) greetAPI(w *os.File, web, made string) {
	fmt.Fprintf(w, "  Dashboard   http://%s/   (log in with the API key)\n", web)
	fmt.Fprintf(w, "  API         http://%s/v1   (reference: http://%s/docs)\n", web, web)
	if made != "" {
		fmt.Fprintf(w, "  API key     %s   (kept in %s)\n", made, filepath.Join(h.cfg.Data, apiKeyFile))
	} else {
		fmt.Fprintf(w, "  API key     as before (%s, or PARLEY_API_KEY)\n", filepath.Join(h.cfg.Data, apiKeyFile))
	}
}

// reach is an address as somebody on this machine uses it.
func reach(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// mount puts the debug pages beside the API.
func (h *house) mount(a http.Handler) http.Handler {
	if !h.cfg.Watch.Debug {
		return a
	}
	mux := http.NewServeMux()
	mux.Handle("/", a)
	h.debug(mux)
	return mux
}
