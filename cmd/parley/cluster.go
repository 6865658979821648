package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/cluster"
	"github.com/parley-voice/parley/leg/sip"
)

// clusterConfig is what makes several processes one installation.
type clusterConfig struct {
	NATS string `name:"nats-url" env:"PARLEY_NATS_URL" help:"NATS servers by which the nodes of one PostgreSQL database reach each other, such as nats://user:password@10.0.0.5:4222,nats://10.0.0.6:4222. Default: none, and what is asked of another node's call is refused."`

	Roles   roles  `name:"roles" env:"PARLEY_ROLES" default:"api,media,jobs" help:"What this process does: api (REST, dashboard), media (calls), jobs (webhooks, what is done after calls, erasing); several by commas. Others of one PostgreSQL database do the rest."`
	NodeURL string `name:"node-url" env:"PARLEY_NODE_URL" help:"Where browsers that call and carriers that call by HTTP reach this very node, such as https://media-1.example.com. Default: PARLEY_PUBLIC_URL."`

	NodeSIP string `name:"node-sip" env:"PARLEY_NODE_SIP" help:"Where callers reach this very node by SIP, such as sip:203.0.113.7:5060;transport=udp. Other nodes that are full or drain then answer 302 with it, where the connection has follows_redirect. Default: none, and they answer 503."`

	MaxCalls int           `name:"max-calls" env:"PARLEY_MAX_CALLS" help:"Calls at once in this process; those that come in beyond are refused with 503 and Retry-After, and those that are to go out wait, or go out by another node. Default: any number."`
	FullAt   int           `name:"full-at" env:"PARLEY_FULL_AT" default:"80" help:"Percent of the capacity that was measured (the process's CPU, and how late packets leave) from which on no new call is taken, as with PARLEY_MAX_CALLS. 0: however busy it is."`
	Drain    time.Duration `name:"drain" env:"PARLEY_DRAIN" default:"30m" help:"How long calls may go on after SIGTERM, which takes no new ones. A second signal, or Ctrl-C, ends them at once."`
}

// check says what is wrong with it.
func (c clusterConfig) check(database string) error {
	if c.MaxCalls < 0 || c.Drain < 0 {
		return errors.New("PARLEY_MAX_CALLS, PARLEY_DRAIN: neither may be negative; write 200 and 30m")
	}
	if c.FullAt < 0 || c.FullAt > 100 {
		return fmt.Errorf("PARLEY_FULL_AT: %d is no percentage; write 80, or 0 for taking calls however busy the node is", c.FullAt)
	}
	if u, err := url.Parse(c.NodeURL); c.NodeURL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "") {
		return fmt.Errorf("PARLEY_NODE_URL: %q is no address of a server; write https://media-1.example.com", c.NodeURL)
	}
	if _, err := sip.NodeURI(c.NodeSIP); c.NodeSIP != "" && err != nil {
		return fmt.Errorf("PARLEY_NODE_SIP: %w; write sip:203.0.113.7:5060;transport=udp", err)
	}
	if c.NodeSIP != "" && (c.NATS == "" || !c.Roles.has(cluster.Media)) {
		return errors.New("PARLEY_NODE_SIP: other nodes learn of it by NATS, and send calls there: it takes PARLEY_NATS_URL and the role media")
	}
	if err := c.Roles.check(database); err != nil || c.NATS == "" {
		return err
	}
	if !strings.Contains(database, "://") {
		return errors.New("PARLEY_NATS_URL: an SQLite database is one process's; with several nodes PARLEY_DATABASE_URL is to be postgres://…")
	}
	for _, s := range strings.Split(c.NATS, ",") {
		u, err := url.Parse(strings.TrimSpace(s))
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" && u.Scheme != "ws" && u.Scheme != "wss" {
			return errors.New("PARLEY_NATS_URL: that is no address of a NATS server; write nats://10.0.0.5:4222, or tls://…, with commas between several")
		}
	}
	return nil
}

// meet opens the way to the other nodes, if there is to be one.
func (h *house) meet(key cluster.Sealer) error {
	if h.cfg.Cluster.NATS == "" {
		return nil
	}
	bus, err := cluster.Connect(cluster.Config{URL: h.cfg.Cluster.NATS, Self: h.db.Self(), Key: key, Calls: liveHere{live{s: h.switchboard}}, Store: h.db,
		Load: h.load, Kind: dialJob, Logger: h.log})
	if err != nil {
		return fmt.Errorf("PARLEY_NATS_URL: %w", err)
	}
	h.place.bus = bus
	h.place.keeper.Alive = bus.Alive
	h.db.Accompany(bus)
	return nil
}

// load is what this node tells the others of itself.
func (h *house) load() cluster.Load {
	_, err := h.room()
	full := err != nil && !errors.Is(err, errDraining)
	return cluster.Load{Version: version, Roles: h.cfg.Cluster.Roles.all(), Calls: h.switchboard.Live(), Weight: float64(runtime.GOMAXPROCS(0)),
		Draining: h.place.keeper.Draining(), Full: full, SIP: h.cfg.Cluster.NodeSIP}
}

// otherNode is the SIP address of another node that takes calls, of those that fit; "": there is none that is known.
func (h *house) otherNode(fits func(uri string) bool) string {
	if h.place.bus == nil {
		return ""
	}
	return h.place.bus.Elsewhere(fits)
}

// A remote is how the API acts on calls, those that run here and those of other nodes.
type remote struct {
	live
	node func(ctx context.Context, callID string) (string, error)
	self string
	bus  *cluster.Bus // nil: other nodes are not reached
}

// elsewhere is the node that a call runs in which does not run here.
func (r remote) elsewhere(ctx context.Context, id string, err error) (node string, is bool) {
	if r.bus == nil || !parley.IsNotFound(err) {
		return "", false
	}
	node, e := r.node(ctx, id)
	return node, e == nil && node != "" && node != r.self
}

// Discreet: of a call of another node it is not known here, and what is not known to be open is not written down.
func (r remote) Discreet(id string) bool {
	return r.live.Discreet(id) || r.bus != nil && !r.live.Runs(id)
}

func (r remote) End(ctx context.Context, id string) error {
	err := r.live.End(ctx, id)
	if node, is := r.elsewhere(ctx, id, err); is {
		return r.order(ctx, node, id, ordered{Act: api.End})
	}
	return err
}

func (r remote) Control(ctx context.Context, id string, c api.Command) error {
	err := r.live.Control(ctx, id, c)
	node, is := r.elsewhere(ctx, id, err)
	if !is {
		return err
	}
	o := ordered{Act: c.Act, Text: c.Text, On: c.On}
	if t := c.Transfer; t != nil {
		o.Transfer = &transfer{To: t.To, Extension: t.Extension, ActionID: t.ActionID, Warm: t.Warm}
	}
	return r.order(ctx, node, id, o)
}

func (r remote) order(ctx context.Context, node, id string, c ordered) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return r.bus.Command(ctx, node, id, b)
}

func (r remote) Listen(ctx context.Context, id string, channels int, w io.Writer, flush func() error) error {
	err := r.live.Listen(ctx, id, channels, w, flush)
	if node, is := r.elsewhere(ctx, id, err); is {
		return r.bus.Listen(ctx, node, id, channels, w, flush)
	}
	return err
}

// An ordered command is an api.Command on its way to another node.
type ordered struct {
	Act      string
	Text     string    `json:",omitempty"`
	On       bool      `json:",omitempty"`
	Transfer *transfer `json:",omitempty"`
}

// A transfer is what of a parley.Transfer an API can ask for.
type transfer struct {
	To        string
	Extension string       `json:",omitempty"`
	ActionID  string       `json:",omitempty"`
	Warm      *parley.Warm `json:",omitempty"`
}

// liveHere carries out what other nodes ask of calls that run here.
type liveHere struct{ live }

func (l liveHere) Command(ctx context.Context, id string, b []byte) error {
	var c ordered
	if err := json.Unmarshal(b, &c); err != nil {
		return parley.Invalid("", "another node's command is not understood: "+err.Error())
	}
	if c.Act == api.End {
		return l.End(ctx, id)
	}
	o := api.Command{Act: c.Act, Text: c.Text, On: c.On}
	if t := c.Transfer; t != nil {
		o.Transfer = &parley.Transfer{To: t.To, Extension: t.Extension, ActionID: t.ActionID, Warm: t.Warm}
	}
	return l.Control(ctx, id, o)
}

func (l liveHere) Listen(ctx context.Context, id string, channels int, w io.Writer) error {
	return l.live.Listen(ctx, id, channels, w, func() error { return nil })
}
