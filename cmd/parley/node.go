package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/capacity"
	"github.com/parley-voice/parley/cluster"
	"github.com/parley-voice/parley/metrics"
	"github.com/parley-voice/parley/retention"
	"github.com/parley-voice/parley/store"
)

// nodeFile keeps the id of the node whose data folder it is.
const nodeFile = "node-id"

// nodeID is this node among those of its database, the same in all its lives.
func (c *serveCmd) nodeID() (string, error) {
	path := filepath.Join(c.Data, nodeFile)
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("PARLEY_DATA: %w", err)
	}
	if id, err := uuid.Parse(strings.TrimSpace(string(b))); err == nil {
		return id.String(), nil
	}
	id := uuid.NewString()
	if err := store.WriteFile(path, []byte(id+"\n")); err != nil {
		return "", fmt.Errorf("PARLEY_DATA: %w", err)
	}
	return id, nil
}

// reached is where carriers reach this node by SIP, as far as is known before it listens.
func (c *serveCmd) reached() string {
	if !c.Cluster.Roles.has(cluster.Media) {
		return ""
	}
	if c.PublicIP == "" {
		return reach(c.SIP)
	}
	_, port, _ := net.SplitHostPort(c.SIP) // check has
	return net.JoinHostPort(c.PublicIP, port)
}

// A place is this process among the nodes of its database.
type place struct {
	keeper    cluster.Keeper
	muster    muster
	bus       *cluster.Bus // nil: other nodes are not reached
	seats     seats
	gauge     capacity.Gauge
	lines     *lineBook   // nil: this process is the only one
	registers atomic.Bool // it is this node that registers at registrars, where one contact is all they keep
}

// join makes this process a node of the database, and ends what a crash left running.
func (h *house) join(ctx context.Context) error {
	id, err := h.cfg.nodeID()
	if err != nil {
		return err
	}
	name, _ := os.Hostname()
	n := store.Node{ID: id, Version: version, Name: name, Address: h.cfg.reached(), Most: h.cfg.Cluster.MaxCalls,
		Roles: h.cfg.Cluster.Roles.String(), URL: h.cfg.browsersURL()}
	if err := h.alone(ctx, id); err != nil {
		return err
	}
	if err := h.db.Join(ctx, n); err != nil {
		return err
	}
	h.place.keeper.Store, h.place.keeper.Node, h.place.keeper.Logger = h.db, n, h.log
	h.place.registers.Store(!h.db.Shared())
	if h.db.Shared() {
		h.place.lines = &lineBook{db: h.db, log: h.log, freed: make(chan struct{}, 1)}
	}
	h.place.keeper.Alone = !h.db.Shared()
	h.place.keeper.Lost, h.place.keeper.Fenced, h.place.keeper.Saw = h.bury, h.letGo, h.saw
	lost, err := h.db.ReconcileCalls(ctx)
	if err != nil {
		return fmt.Errorf("ending the calls of the last run: %w", err)
	}
	h.place.keeper.Owed = h.bury(ctx, lost)
	if len(lost) > 0 {
		h.log.Warn("calls of the last run were ended", "calls", len(lost))
	}
	return nil
}

// How long a process whose connections to the database are open is watched before it counts as dead, and how often it is looked at.
const (
	watchFor  = 3 * cluster.Every
	watchEach = 200 * time.Millisecond
)

// alone makes sure that no other process lives with the id of this node: its calls would be ended as a crash's.
func (h *house) alone(ctx context.Context, id string) error {
	was, err := h.db.Earlier(ctx, id)
	if err != nil || was == nil {
		return err
	}
	look := time.NewTicker(watchEach)
	defer look.Stop()
	for until := time.Now().Add(watchFor); time.Now().Before(until); {
		if is, err := h.db.Connected(ctx, was.Run); err != nil || !is {
			return err
		}
		now, err := h.db.Earlier(ctx, id)
		switch {
		case err != nil || now == nil:
			return err
		case now.Beat != was.Beat || now.Run != was.Run:
			return fmt.Errorf("PARLEY_DATA: a process that runs has the same node id. %s", h.copied())
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// copied says what to do when two processes have one id.
func (h *house) copied() string {
	return fmt.Sprintf("Two machines have the same data folder, or one is a copy of the other's: give each its own; in a copy, delete %s, and start it again",
		filepath.Join(h.cfg.Data, nodeFile))
}

// keep is the life of this node among the others.
func (h *house) keep(ctx context.Context) error {
	err := h.place.keeper.Run(ctx)
	if errors.Is(err, store.ErrReplaced) {
		return fmt.Errorf("%w. %s", err, h.copied())
	}
	return err
}

// bury tells the end of calls whose process is gone; left are those of which it could not.
func (h *house) bury(ctx context.Context, lost []parley.Call) (left []parley.Call) {
	for _, c := range lost {
		if err := call.Bury(ctx, h.db.Log(), h.db, h.recorded, c); err != nil && !parley.IsNotFound(err) { // unless it was erased meanwhile
			h.log.Error("the end of a call of a process that is gone is told later", "call", c.ID, "error", err)
			left = append(left, c)
		}
	}
	return left
}

// webhooksDuty is the name of delivering webhooks.
const webhooksDuty = "webhooks"

// member is how this process does among the others, for who watches it.
func (h *house) member() metrics.Member {
	m := metrics.Member{Apart: h.place.keeper.Apart(), Draining: h.place.keeper.Draining(), Duties: h.place.keeper.Held(), Nodes: h.place.muster.of(), Refused: h.renewal.refused.Load()}
	if h.place.bus != nil {
		there := h.place.bus.Connected()
		m.NATS = &there
	}
	return m
}

// duties are what one node does for all.
func (h *house) duties() []cluster.Task {
	keeper := &retention.Keeper{Store: h.db, Dir: h.cfg.recordings(), Logger: h.log}
	if h.blobs.spool != nil {
		keeper.Objects = h.blobs.spool
	}
	all := []cluster.Task{{Duty: store.Duty{Name: webhooksDuty, Role: cluster.Jobs}, Run: h.webhooks.Run},
		{Duty: store.Duty{Name: "retention", Role: cluster.Jobs}, Run: keeper.Run}}
	if h.db.Shared() {
		all = append(all, cluster.Task{Duty: store.Duty{Name: "registrations", Role: cluster.Media}, Run: func(ctx context.Context) error {
			h.place.registers.Store(true)
			defer h.place.registers.Store(false)
			<-ctx.Done()
			return nil
		}})
	}
	return slices.DeleteFunc(all, func(t cluster.Task) bool { return !h.does(t.Role) })
}

// letGo hangs calls up whose end others have written down. What was still to be told of them is out of the log then.
func (h *house) letGo(ctx context.Context) {
	var all sync.WaitGroup
	for _, id := range h.switchboard.Running() {
		c, err := h.db.Call(ctx, "", id)
		if err == nil && c.Status == parley.InProgress {
			continue
		}
		all.Go(func() {
			if err := h.switchboard.End(ctx, id); err != nil && !parley.IsNotFound(err) {
				h.log.Error("a call that is not this node's any more", "call", id, "error", err)
			}
		})
	}
	all.Wait()
	ctx, done := context.WithTimeout(ctx, flushWait)
	defer done()
	if err := h.db.Log().Flush(ctx); err != nil {
		h.log.Warn("events of calls that are not this node's any more", "error", err)
	}
}

// flushWait bounds how long the log is waited for.
const flushWait = 5 * time.Second
