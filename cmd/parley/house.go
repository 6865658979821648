package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/leg/sip/trace"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/metrics"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/provider/openai"
	"github.com/parley-voice/parley/rtp"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/webhook"
)

// A house is all the parts of a server, connected.
type house struct {
	cfg         *serveCmd
	log         *slog.Logger
	db          *store.DB
	blobs       *store.Blobs
	speech      *local.Local
	clock       *leg.Clock
	ports       *rtp.Ports
	switchboard *call.Switchboard
	traces      *trace.Keeper
	jobs        *job.Queue
	webhooks    *webhook.Courier
	metrics     *metrics.Metrics
	fetch       *fetch.Client
	prices      *call.Prices // nil: there are none
	api         *api.API
	handler     http.Handler
	sip         *sip.Trunk
	sipAddr     string
	env         string
}

// build connects the parts; nothing is served yet. made is the API key of a first start.
func (c *serveCmd) build(ctx context.Context, log *slog.Logger) (h *house, made string, err error) {
	key, db, blobs, err := c.openData(ctx)
	if err != nil {
		return nil, "", err
	}
	h = &house{cfg: c, log: log, db: db, blobs: blobs}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.env, made, err = firstStart(ctx, db, strings.TrimSpace(c.APIKey), c.keepKey); err != nil {
		return h, "", err
	}
	if err = h.reconcile(ctx); err != nil {
		return h, "", err
	}
	h.speech = newSpeech(filepath.Join(c.Data, "speech"), log)
	specs := all.Specs(h.speech)
	v := newVendors(specs, db)
	if err = v.checkAddresses(); err != nil {
		return h, "", err
	}
	if v.behind, err = c.Fallback.read(specs); err != nil {
		return h, "", err
	}
	v.hedge = c.Fallback.Hedge
	if err = h.telephone(v); err != nil {
		return h, "", err
	}
	h.deliver(v)
	v.guarded = provider.Guarded(h.fetch.Dial)
	h.api, err = api.New(api.Config{
		Store: db, Log: db.Log(), Blobs: blobs, Signer: key, Live: live{h.switchboard}, Traces: traces{h.traces, h.sip, h.switchboard}, Courier: h.webhooks, Meter: h.metrics, Specs: specs, Logger: log,
		DialJob: dialJob, RatePerSecond: c.Rate, DirectSIP: true, Trunks: trunkStates{h.sip.State}, PublicURL: c.publicURL(), CheckAction: checkAction,
		CheckURL: h.fetch.CheckURL, Vendors: v,
	})
	if err != nil {
		return h, "", err
	}
	h.handler = h.mount(h.api)
	return h, made, nil
}

// telephone opens the SIP sockets and puts the switchboard behind them.
func (h *house) telephone(v *vendors) error {
	ip, err := h.cfg.publicIP()
	if err != nil {
		return err
	}
	if h.prices, err = h.cfg.prices(); err != nil {
		return err
	}
	allow, err := h.cfg.networks()
	if err != nil {
		return err
	}
	h.clock, h.ports = leg.NewClock(), rtp.NewPorts(h.cfg.RTPPorts.lo, h.cfg.RTPPorts.hi)
	h.traces = &trace.Keeper{Recorder: trace.New(0), Store: h.db, Logger: h.log}
	trunks := &trunkBook{read: h.db.Trunks}
	conf := sip.Config{
		Listen: h.cfg.SIP, PublicIP: ip, Ports: h.ports, Clock: h.clock, Trunks: trunks.all, TrustLoopback: h.cfg.TrustLoopback,
		DemoUser: demoNumber, Logger: h.log, Trace: h.traces.Recorder,
	}
	name := "PARLEY_SIP"
	if conf.TLS, err = h.cfg.serverTLS(h.log); err != nil {
		return err
	} else if conf.TLS != nil {
		conf.ListenTLS, name = h.cfg.SIPTLS, "PARLEY_SIP, PARLEY_SIP_TLS"
	}
	trunk, err := sip.New(conf)
	if err != nil {
		return taken(name, err)
	}
	h.sip, h.sipAddr = trunk, trunk.Addr().String()
	h.fetch = fetch.New(fetch.Options{Allow: allow, Own: own(h.cfg.HTTP, h.sipAddr)})
	h.switchboard = call.New(call.Config{
		Trunk: trunk, Calls: h.db, Log: h.db.Log(), Recordings: recordings{h.blobs}, Traces: h.traces, Open: v.Open, Logger: h.log,
		MayCall: h.db.MayCall, Refused: h.neverAgain, Fetch: h.fetch, Memories: h.db, Prices: h.prices, Early: h.cfg.Early == on,
		Directory: &directory{db: h.db, trunks: trunks.all, defaultEnv: h.env, trustLoop: h.cfg.TrustLoopback},
	})
	return nil
}

// neverAgain puts the number of somebody who asked for it on the do-not-call list of an environment that wants that.
func (h *house) neverAgain(ctx context.Context, c parley.Call) error {
	e, err := h.db.Environment(ctx, c.UserID)
	if err != nil || !e.Settings.AutoDoNotCall {
		return err
	}
	_, err = h.db.AddDoNotCall(ctx, store.DoNotCall{EnvironmentID: c.UserID, Number: c.To, Reason: "asked on a call not to be called again", CallID: c.ID})
	return err
}

// reconcile ends what a crash left running.
func (h *house) reconcile(ctx context.Context) error {
	lost, err := h.db.ReconcileCalls(ctx)
	if err != nil {
		return fmt.Errorf("ending the calls of the last run: %w", err)
	}
	for _, c := range lost {
		if err := call.Bury(ctx, h.db.Log(), h.db, h.recorded, c); err != nil {
			h.log.Error("a call of the last run stays incomplete", "call", c.ID, "error", err)
		}
	}
	if len(lost) > 0 {
		h.log.Warn("calls of the last run were ended", "calls", len(lost))
	}
	return nil
}

// recorded says whether a recording has any sound: its header alone, which is all there is of a call's first second, has none.
func (h *house) recorded(name string) bool {
	path, err := h.blobs.Path(name)
	if err != nil {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return audio.HasSound(f)
}

// close lets go of everything, in the opposite order.
func (h *house) close() {
	if h.switchboard != nil {
		h.switchboard.Close()
	}
	if h.clock != nil {
		h.clock.Close()
	}
	if h.speech != nil {
		h.speech.Close()
	}
	if err := h.db.Close(); err != nil {
		h.log.Error("closing the database", "error", err)
	}
	_ = h.blobs.Close()
	unlockFolder(h.cfg.Data)
}

// recordings gives the switchboard files to write to.
type recordings struct{ blobs *store.Blobs }

func (r recordings) Create(name string) (call.File, error) {
	return r.blobs.Create(name)
}

// live is the switchboard as the API acts on it.
type live struct{ s *call.Switchboard }

func (l live) End(ctx context.Context, id string) error { return l.s.End(ctx, id) }

func (l live) Control(ctx context.Context, id string, c api.Command) error {
	kinds := map[string]conversation.CommandKind{api.Say: conversation.Say, api.AddContext: conversation.AddContext, api.Press: conversation.Press,
		api.Transfer: conversation.Transfer, api.Mute: conversation.Unmute}
	kind := kinds[c.Act]
	if c.Act == api.Mute && c.On {
		kind = conversation.Mute
	}
	return l.s.Control(ctx, id, conversation.Command{Kind: kind, Text: c.Text})
}

// trunkBook remembers the trunks for a second, so that a flood of calls is not one of queries.
type trunkBook struct {
	read func(context.Context) ([]parley.TrunkAccount, error)
	mu   sync.Mutex // guards all below
	list []parley.TrunkAccount
	at   time.Time
}

func (b *trunkBook) all(ctx context.Context) ([]parley.TrunkAccount, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.at.IsZero() && time.Since(b.at) < time.Second {
		return b.list, nil
	}
	list, err := b.read(ctx)
	if err == nil {
		b.list, b.at = list, time.Now()
	}
	return list, err
}

// newSpeech is local speech, its workers being this program again.
func newSpeech(cache string, log *slog.Logger) *local.Local {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return local.New(local.Config{Command: []string{self, "hear"}, CacheDir: cache, Logger: log, OpenAICompatible: compatible})
}

// compatible opens a model of a server on this machine that speaks OpenAI's API.
func compatible(baseURL, model string) (llm.Model, error) {
	return openai.NewModel("local", provider.Access{BaseURL: baseURL}, model)
}
