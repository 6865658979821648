package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/cluster"
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
	if err := os.WriteFile(path, []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("PARLEY_DATA: %w", err)
	}
	return id, nil
}

// A place is this process among the nodes of its database.
type place struct {
	keeper    cluster.Keeper
	bus       *cluster.Bus // nil: other nodes are not reached
	registers atomic.Bool  // it is this node that registers at registrars, where one contact is all they keep
}

// join makes this process a node of the database, and ends what a crash left running.
func (h *house) join(ctx context.Context) error {
	id, err := h.cfg.nodeID()
	if err != nil {
		return err
	}
	n := store.Node{ID: id, Version: version}
	if err := h.db.Join(ctx, n); err != nil {
		return err
	}
	h.place.keeper.Store, h.place.keeper.Node, h.place.keeper.Logger = h.db, n, h.log
	h.place.registers.Store(!h.db.Shared())
	h.place.keeper.Alone = !h.db.Shared()
	h.place.keeper.Lost, h.place.keeper.Fenced = h.bury, h.letGo
	lost, err := h.db.ReconcileCalls(ctx)
	if err != nil {
		return fmt.Errorf("ending the calls of the last run: %w", err)
	}
	h.bury(ctx, lost)
	if len(lost) > 0 {
		h.log.Warn("calls of the last run were ended", "calls", len(lost))
	}
	return nil
}

// bury tells the end of calls whose process is gone.
func (h *house) bury(ctx context.Context, lost []parley.Call) {
	for _, c := range lost {
		if err := call.Bury(ctx, h.db.Log(), h.db, h.recorded, c); err != nil {
			h.log.Error("a call of a process that is gone stays incomplete", "call", c.ID, "error", err)
		}
	}
}

// duties are what one node does for all.
func (h *house) duties() []cluster.Duty {
	keeper := &retention.Keeper{Store: h.db, Dir: h.cfg.recordings(), Logger: h.log}
	all := []cluster.Duty{{Name: "webhooks", Run: h.webhooks.Run}, {Name: "retention", Run: keeper.Run}}
	if h.db.Shared() {
		all = append(all, cluster.Duty{Name: "registrations", Run: func(ctx context.Context) error {
			h.place.registers.Store(true)
			defer h.place.registers.Store(false)
			<-ctx.Done()
			return nil
		}})
	}
	return all
}

// letGo hangs calls up whose end others have written down.
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
}
