package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/cluster"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/knowledge"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/leg/sip/trace"
	"github.com/parley-voice/parley/leg/webrtc"
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
	cfg    *serveCmd
	log    *slog.Logger
	db     *store.DB
	blobs  recordings
	speech *local.Local
	sound
	place       place
	renewal     renewal
	switchboard *call.Switchboard
	traces      *trace.Keeper
	jobs        *job.Queue
	webhooks    *webhook.Courier
	metrics     *metrics.Metrics
	fetch       *fetch.Client
	api         *api.API
	handler     http.Handler
	sip         *sip.Trunk
	door        *webrtc.Door // nil: browsers cannot call
	sipAddr     string
	env         string
}

// sound is what all that is heard and said goes by.
type sound struct {
	clock *leg.Clock
	ports *rtp.Ports
}

// build connects the parts; nothing is served yet. made is the API key of a first start.
func (c *serveCmd) build(ctx context.Context, log *slog.Logger) (h *house, made string, err error) {
	return c.buildBy(ctx, log, &environment{})
}

// buildBy is build by what variables say.
func (c *serveCmd) buildBy(ctx context.Context, log *slog.Logger, env *environment) (h *house, made string, err error) {
	key, db, blobs, err := c.openData(ctx)
	if err != nil {
		return nil, "", err
	}
	h = &house{cfg: c, log: log, db: db, blobs: recordings{Blobs: blobs}}
	h.place.gauge.SetFull(float64(c.Cluster.FullAt) / 100)
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.env, made, err = firstStart(ctx, db, strings.TrimSpace(c.APIKey), c.keepKey); err != nil {
		return h, "", err
	}
	if err = h.openSpool(ctx); err != nil {
		return h, "", err
	}
	if err = h.join(ctx); err != nil {
		return h, "", err
	}
	h.speech = newSpeech(filepath.Join(c.Data, "speech"), log)
	specs := all.Specs(h.speech)
	v := newVendors(specs, db)
	v.getenv = env.get
	h.renewal.env, h.renewal.vendors = env, v
	if err = v.checkAddresses(); err != nil {
		return h, "", err
	}
	if v.behind, err = c.Fallback.read(specs); err != nil {
		return h, "", err
	}
	v.hedge = c.Fallback.Hedge
	doors, err := h.telephone(v)
	if err != nil {
		return h, "", err
	}
	if err = h.meet(key); err != nil {
		return h, "", err
	}
	h.deliver(v)
	h.renewal.teller = h.teller()
	v.guarded = provider.Guarded(h.fetch.Dial)
	h.api, err = api.New(api.Config{
		Store: db, Log: db.Log(), Blobs: h.blobs.files(), Signer: key, Live: h.live(), Traces: traces{h.traces, h.sip, h.switchboard}, Courier: h.webhooks, Meter: h.metrics, Specs: specs, Logger: log,
		DialJob: dialJob, Ready: h.ready, RatePerSecond: c.Rate, Doors: api.Doors{DirectSIP: true, Prober: h.prober(v), Trunks: trunkStates{h.trunks}, Web: h.web(), Shared: db.Shared(), Lacking: h.place.muster.lacks}, PublicURL: c.publicURL(), CheckAction: checkAction,
		CheckURL: h.fetch.CheckURL, Vendors: v, Carriers: h.sellers(),
	})
	if err != nil {
		return h, "", err
	}
	pages, err := h.front(h.api, key, doors)
	if err != nil {
		return h, "", err
	}
	h.handler = settled(h.mount(pages), db.Settle, log)
	return h, made, nil
}

// telephone makes the switchboard, and in front of it the doors that this node's roles are for.
func (h *house) telephone(v *vendors) (carriers map[string]carrierDoor, err error) {
	prices, err := h.cfg.prices()
	if err != nil {
		return nil, err
	}
	allow, err := h.cfg.networks()
	if err != nil {
		return nil, err
	}
	h.clock, h.ports = leg.NewClock(), rtp.NewPorts(h.cfg.RTPPorts.lo, h.cfg.RTPPorts.hi)
	h.traces = &trace.Keeper{Recorder: trace.New(0), Store: h.db, Logger: h.log}
	trunks := &trunkBook{read: h.db.Trunks, registers: h.place.registers.Load}
	who := &directory{db: h.db, trunks: trunks.all, anew: trunks.anew, defaultEnv: h.env, trustLoop: h.cfg.TrustLoopback}
	doors := leg.Doors{}
	if h.does(cluster.Media) {
		if err = h.openPhone(trunks, who); err != nil {
			return nil, err
		}
		carriers = h.carrierDoors()
		doors[parley.CarrierSIP] = h.sip
		for name, d := range carriers {
			doors[name] = d
		}
	}
	h.fetch = fetch.New(fetch.Options{Allow: allow, Own: own(h.cfg.HTTP, h.sipAddr)})
	h.switchboard = call.New(call.Config{
		Trunk: doors, Calls: h.db, Log: h.db.Log(), Recordings: h.blobs, Traces: h.traces, Open: v.Open, Logger: h.log,
		MayCall: h.db.MayCall, Refused: h.neverAgain, Fetch: h.fetch, Memories: h.db, Documents: knowledge.NewLibrary(h.db), Prices: prices, Early: h.cfg.Early == on,
		Directory: who, Take: h.take,
	})
	return carriers, nil
}

// openPhone opens the sockets of SIP and of browsers' sound.
func (h *house) openPhone(trunks *trunkBook, who *directory) error {
	ip, err := h.cfg.publicIP()
	if err != nil {
		return err
	}
	conf := sip.Config{
		Listen: h.cfg.SIP, PublicIP: ip, Ports: h.ports, Clock: h.clock, Trunks: trunks.sip, Whose: who.Whose, TrustLoopback: h.cfg.TrustLoopback,
		DemoUser: demoNumber, Logger: h.log, Trace: h.traces.Recorder, Lines: h.place.lines.shared(),
		Takes: func() bool { _, err := h.room(); return err == nil }, Elsewhere: h.otherNode,
	}
	name := "PARLEY_SIP"
	if h.renewal.cert, err = h.cfg.certificate(h.log); err != nil {
		return err
	} else if h.renewal.cert != nil {
		conf.TLS, conf.ListenTLS, name = h.renewal.cert.config(), h.cfg.TLS.SIP, "PARLEY_SIP, PARLEY_SIP_TLS"
	}
	trunk, err := sip.New(conf)
	if err != nil {
		return taken(name, err)
	}
	h.sip, h.sipAddr = trunk, trunk.Addr().String()
	return h.openDoor(ip)
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
	has, err := audio.HasSound(f)
	if err != nil {
		h.log.Error("a recording cannot be read", "recording", name, "error", err)
	}
	if !has {
		return false
	}
	if err := h.blobs.Keep(name); err != nil {
		h.log.Error("a recording may not outlast a power cut", "recording", name, "error", err)
	}
	return true
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
	if h.place.bus != nil {
		h.place.bus.Close()
	}
	if err := h.db.Close(); err != nil {
		h.log.Error("closing the database", "error", err)
	}
	_ = h.blobs.close()
	unlockFolder(h.cfg.Data)
}

// live is how the API acts on calls.
func (h *house) live() remote {
	return remote{live{h.switchboard}, h.db.CallNode, h.db.Self(), h.place.bus}
}

// live is the switchboard as the API acts on it.
type live struct{ s *call.Switchboard }

func (l live) End(ctx context.Context, id string) error { return l.s.End(ctx, id) }

func (l live) Control(ctx context.Context, id string, c api.Command) error {
	switch c.Act {
	case api.PauseRecording:
		return l.s.PauseRecording(id)
	case api.ResumeRecording:
		return l.s.ResumeRecording(id)
	case api.TakeOver:
		if c.Transfer == nil {
			return parley.Invalid("", "somebody is to be named who takes the call over")
		}
		return l.s.TakeOver(ctx, id, *c.Transfer, c.Text)
	}
	kinds := map[string]conversation.CommandKind{api.Say: conversation.Say, api.AddContext: conversation.AddContext, api.Press: conversation.Press,
		api.Transfer: conversation.Transfer, api.Mute: conversation.Unmute, api.Whisper: conversation.Whisper}
	kind, known := kinds[c.Act]
	if !known || (c.Act == api.Transfer && c.Transfer == nil && c.Text == "") {
		return parley.Invalid("", "this node knows no such command: "+c.Act) // of a node of another version
	}
	if c.Act == api.Mute && c.On {
		kind = conversation.Mute
	}
	return l.s.Control(ctx, id, conversation.Command{Kind: kind, Text: c.Text, Transfer: c.Transfer, Now: c.On})
}

func (l live) Listen(ctx context.Context, id string, channels int, w io.Writer, flush func() error) error {
	return l.s.Listen(ctx, id, channels, w, flush)
}

func (l live) Discreet(id string) bool { return l.s.Discreet(id) }
func (l live) Runs(id string) bool     { return l.s.Runs(id) }

// trunkBook remembers the trunks for a second, so that a flood of calls is not one of queries.
type trunkBook struct {
	read      func(context.Context) ([]parley.TrunkAccount, error)
	registers func() bool
	mu        sync.Mutex // guards all below
	list      []parley.TrunkAccount
	at        time.Time
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

// anew reads them now, for who has not found what may have been added a moment ago.
func (b *trunkBook) anew(ctx context.Context) ([]parley.TrunkAccount, error) {
	b.mu.Lock()
	b.at = time.Time{}
	b.mu.Unlock()
	return b.all(ctx)
}

// sip are those that the telephone reaches itself. Another node may be the one that registers for all.
func (b *trunkBook) sip(ctx context.Context) ([]parley.TrunkAccount, error) {
	all, err := b.all(ctx)
	here := slices.DeleteFunc(slices.Clone(all), carried)
	if !b.registers() {
		for i := range here {
			here[i].Register.On = false
		}
	}
	return here, err
}

// carried is an account of a carrier that is reached by its API.
func carried(t parley.TrunkAccount) bool { return t.Carrier != parley.CarrierSIP }

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
