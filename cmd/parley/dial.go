package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/cluster"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/metrics"
	"github.com/parley-voice/parley/webhook"
)

// dialJob is the kind of the job that dials a call; its subject is the call.
const dialJob = "dial"

// deliver makes what takes work from the store: the jobs and the webhooks.
func (h *house) deliver(v *vendors) {
	h.jobs = job.New(h.db, job.Options{Owner: h.db.Self(), Logger: h.log}, h.kinds(v)...)
	h.metrics = metrics.New(metrics.Config{Log: h.db.Log(), Running: h.switchboard.Live, Depth: h.db.Depth, Logger: h.log,
		Node: metrics.Node{Late: h.clock.Lateness, Lines: func() metrics.Lines { return lines(h.trunks()) }, Ports: h.ports.InUse, Recordings: h.blobs.waiting(), Capacity: h.place.gauge.State,
			Member: h.member, Unkept: h.db.Log().Unkept}})
	var mine func(context.Context) (bool, error)
	if h.db.Shared() {
		mine = func(ctx context.Context) (bool, error) { return h.db.HasDuty(ctx, webhooksDuty) }
	}
	h.webhooks = webhook.New(webhook.Options{Mine: mine, DB: h.db, Sender: h.fetch, Logger: h.log, Attempted: h.metrics.Attempted, RecordingURL: func(callID string) string {
		return h.api.RecordingURL(callID, "mp3", time.Now().Add(recordingURLLasts))
	}})
}

// kinds are the jobs that this node's roles are for.
func (h *house) kinds(v *vendors) (all []job.Kind) {
	if h.does(cluster.Media) {
		all = append(all, job.Kind{Name: dialJob, AtOnce: dialsAtOnce, Room: func() int { n, _ := h.room(); return n }, Run: h.dial, Doubt: h.inDoubt})
	}
	if h.does(cluster.Jobs) {
		all = append(append(all, h.clerk(v).Kinds()...), h.settler())
		if h.blobs.spool != nil {
			all = append(all, h.blobs.spool.Kind())
		}
	}
	return all
}

// recordingURLLasts is how long the address in event_recording works (SPEC §3).
const recordingURLLasts = 24 * time.Hour

func (h *house) dial(ctx context.Context, j job.Job) job.Result {
	err := h.switchboard.Dial(ctx, j.Subject)
	switch {
	case err == nil:
		return job.Done
	case parley.IsNotFound(err):
		return job.Failed(err) // erased meanwhile
	case errors.Is(err, errFull), errors.Is(err, errDraining), errors.Is(err, errApart):
		return job.Again(seatAgain, nil) // by whoever has room then
	}
	return job.Again(dialAgain, err)
}

// seatAgain is when a call is dialled for which there was no room when its turn came.
const seatAgain = time.Second

// dialAgain is when a call is dialled of which nothing could be read.
const dialAgain = 5 * time.Second

// queue lets calls that wait go.
func (h *house) queue() *call.Queue {
	return &call.Queue{Freed: h.db.SlotsFreed(), Log: h.db.Log(), Logger: h.log, Admit: h.admit}
}

// inDoubt ends a call of which nobody knows whether it was dialled: it is never dialled again.
func (h *house) inDoubt(ctx context.Context, j job.Job) error {
	var ended *parley.Call
	err := h.db.UpdateCall(ctx, j.Subject, func(c *parley.Call) error {
		if ended = nil; c.Cause == "" {
			ended = c
			c.Status, c.Cause, c.End = parley.Failed, parley.Unknown, time.Now().UTC()
			c.ErrorMessage = "the server stopped while the call was being dialled; whether it rang is not known, and it is not dialled again"
		}
		return nil
	})
	if parley.IsNotFound(err) {
		return nil // erased meanwhile
	}
	if err == nil && ended != nil {
		call.Farewell(h.db.Log(), ended)
		err = h.db.Log().Flush(ctx)
	}
	return err
}

// own are the server's own doors, which no webhook may knock at.
func own(addrs ...string) (out []netip.AddrPort) {
	for _, a := range addrs {
		host, port, err := net.SplitHostPort(a)
		if err != nil {
			continue
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			continue
		}
		ip, err := netip.ParseAddr(host)
		if err != nil {
			ip = netip.IPv4Unspecified()
		}
		out = append(out, netip.AddrPortFrom(ip, uint16(n)))
	}
	return out
}

// checkAction says whether an action would work on a call.
func checkAction(a parley.Action) error {
	if !action.Known(a.Type) {
		return nil // stored for a later version; the call has a warning
	}
	_, err := action.New(a, action.Site{})
	return err
}

// publicURL is where others reach the API.
func (c *serveCmd) publicURL() string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	return "http://" + reach(c.HTTP)
}

// nodeURL is where others reach this very node.
func (c *serveCmd) nodeURL() string {
	if c.Cluster.NodeURL != "" {
		return strings.TrimRight(c.Cluster.NodeURL, "/")
	}
	return c.publicURL()
}

// carriersURL is where carriers reach this very node by HTTP; "": nobody has said.
func (c *serveCmd) carriersURL() string { return cmp.Or(c.Cluster.NodeURL, c.PublicURL) }

// browsersURL is nodeURL for other nodes to tell: of a node that says of none, or that browsers cannot call, they do not know.
func (c *serveCmd) browsersURL() string {
	if c.Cluster.NodeURL == "" || c.Web.ICE == off || !c.Cluster.Roles.has(cluster.Media) {
		return ""
	}
	return c.nodeURL()
}
