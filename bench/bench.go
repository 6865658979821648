// Package bench measures a server on this machine: it starts one as a child process, gives it vendors of fixed delays, calls it
// with many callers over SIP and RTP on loopback, and says what the server itself adds. Callers and vendors live in the
// process of the bench. What it knows of SIP it knows from the RFC, not from leg/sip; bench/referee, a module of its own, knows
// nothing of Parley at all, and both must agree. RunAPI asks the same of the API, on a store that seeded has filled.
//
// Goroutines, all of which end before Run and RunAPI return: one reads the SIP of all calls, one per 50 calls reads their sound, one
// sends the sound of all, where the network is rough with one per packet on its way; two per call while it is set up and taken down; three per call that comes by a carrier (stream.go), and that carrier's HTTP server; the vendors' HTTP servers; one that reads /proc; one per
// request of an open loop. RunSoak's are said with it.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/parley-voice/parley"
)

const (
	callerPrefix = "bench"
	idleWithin   = 100 * time.Second // for goroutines and ports after the last call: idle connections to vendors are kept 90 s, finished SIP transactions 32 s
	slack        = 10                // goroutines that may be more: timers, connections kept for the next call
	matchWithin  = time.Second       // between a turn at the caller's ear and in the API
)

// Options say what to measure. Zero values are defaults, but for Command.
type Options struct {
	Command     []string      // starts the server: the binary and "serve"
	Calls       int           // 1
	Talk        time.Duration // how long they talk; 60 s
	Barge       int           // every so many turns the caller interrupts; 4, negative: never
	Setups      int           // set-ups a second, instead of talking; 0: talk
	Endpointing string        // sensitive (default), auto, relaxed
	Twilio      bool          // calls come by Twilio's Media Streams instead of SIP
	Late        bool          // answers are not begun before a turn is over
	Record      bool          // calls are recorded
	Webhook     bool          // and told to a webhook
	RTPPorts    string        // of the server; 22000-31999
	Delays      Delays        // of the vendors; zero: FixedDelays
	Loss        float64       // percent of the callers' packets that do not come
	Jitter      time.Duration // so much later, at the most, they do
	Database    string        // PostgreSQL's address, of an empty database; "": SQLite
	NATS        string        // a NATS server's; "": none
	Log         io.Writer     // gets what the server says; nil: nobody
}

// orElse gives a number that was not given its default.
func orElse[T int | time.Duration](field *T, otherwise T) {
	if *field <= 0 {
		*field = otherwise
	}
}

func (o Options) orDefault() Options {
	orElse(&o.Calls, 1)
	orElse(&o.Talk, time.Minute)
	if o.Barge == 0 {
		o.Barge = 4
	}
	o.Barge = max(o.Barge, 0)
	if o.Endpointing == "" {
		o.Endpointing = "sensitive"
	}
	if o.RTPPorts == "" {
		o.RTPPorts = "22000-31999"
	}
	if o.Delays == (Delays{}) {
		o.Delays = FixedDelays()
	}
	return o
}

// Run measures once. The report is whole when there is no error; calls that fail are counted in it.
func Run(ctx context.Context, o Options) (r Report, err error) {
	if len(o.Command) == 0 {
		return r, errors.New("bench: no server to measure")
	}
	o = o.orDefault()
	vendors, err := NewVendors(o.Delays)
	if err != nil {
		return r, fmt.Errorf("bench: vendors: %w", err)
	}
	defer vendors.Close()
	b := &run{o: o, report: Report{Calls: o.Calls, Endpointing: o.Endpointing, Late: o.Late, Recorded: o.Record, VendorMS: milliseconds(o.Delays.Total())}}
	if o.Webhook {
		if b.hooks, err = newReceiver(); err != nil {
			return r, fmt.Errorf("bench: webhooks: %w", err)
		}
		defer b.hooks.close()
	}
	if o.Twilio {
		if b.carrier, err = newCarrier(); err != nil {
			return r, fmt.Errorf("bench: %w", err)
		}
		defer b.carrier.close()
	}
	if b.server, err = startServer(ctx, setting{command: o.Command, vendors: vendors, rtpPorts: o.RTPPorts, carrier: b.carrier, late: o.Late, also: worksOn(o.Database, o.NATS), log: o.Log}); err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	err = b.measure(ctx)
	if stopErr := b.server.stop(); err == nil && stopErr != nil {
		err = stopErr
	}
	if err != nil {
		return b.report, fmt.Errorf("bench: %w", err)
	}
	return b.report, nil
}

// A run is one measurement.
type run struct {
	o       Options
	server  *server
	hooks   *receiver
	carrier *carrier // nil: calls come by SIP
	report  Report
}

func (b *run) measure(ctx context.Context) error {
	hook := ""
	if b.hooks != nil {
		hook = b.hooks.url()
	}
	agent, err := b.server.client.createAgent(ctx, b.o, hook)
	if err != nil {
		return err
	}
	if b.carrier != nil {
		if err := b.carrier.join(ctx, b.server.client); err != nil {
			return err
		}
	}
	// One call before it counts: first connections, first pages.
	if err := b.warm(ctx, agent); err != nil {
		return err
	}
	if b.report.Before, err = b.settled(ctx, State{Goroutines: math.MaxInt}); err != nil {
		return err
	}
	rest := usageOf(b.server.cmd.Process.Pid)
	b.report.RestMiB = mib(rest.pss)
	l, err := newLoad(b.server.sip, b.o.Calls)
	if err != nil {
		return err
	}
	l.carrier = b.carrier
	l.network = network{b.o.Loss / 100, b.o.Jitter}
	var outcomes []outcome
	if b.o.Setups > 0 {
		m := startMeter(ctx, b.server.cmd.Process.Pid)
		outcomes = l.setups(ctx, agent, b.o.Setups, b.o.Talk)
		cores, _ := m.stop()
		b.report.SetupsPerSecond, b.report.CPUPercent = b.o.Setups, 100*cores
	} else {
		outcomes = b.talk(ctx, l, agent, rest)
	}
	l.close()
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.report.After, err = b.settled(ctx, b.report.Before); err != nil {
		return err
	}
	b.count(outcomes, l.spacing())
	return b.split(ctx, outcomes)
}

func (b *run) warm(ctx context.Context, agent string) error {
	l, err := newLoad(b.server.sip, 1)
	if err != nil {
		return err
	}
	defer l.close()
	l.carrier = b.carrier
	o := l.talk(ctx, plan{agent: agent, from: "warm", calls: 1, turns: 1, talk: time.Minute})
	if err := o[0].err; err != nil {
		return fmt.Errorf("the first call: %w", err)
	}
	if len(o[0].turns) == 0 {
		return fmt.Errorf("the first call is not answered in sound:\n%s", b.server.log.String())
	}
	return nil
}

// talk has the callers talk and meters the server while all of them do.
func (b *run) talk(ctx context.Context, l *load, agent string, rest usage) []outcome {
	metered := make(chan struct{})
	up := func() {
		go func() { // ends with the time to talk; talk waits for it
			defer close(metered)
			if !wait(ctx, settle) {
				return
			}
			m := startMeter(ctx, b.server.cmd.Process.Pid)
			wait(ctx, b.o.Talk)
			cores, pss := m.stop()
			b.report.CPUPercent = 100 * cores
			b.report.CPUPerCall = 100 * cores / float64(b.o.Calls)
			b.report.MiBPerCall = mib(pss-rest.pss) / float64(b.o.Calls)
		}()
	}
	outcomes := l.talk(ctx, plan{agent: agent, from: callerPrefix, calls: b.o.Calls, barge: b.o.Barge, settle: settle, talk: b.o.Talk, up: up})
	<-metered
	return outcomes
}

// settled waits until no call is left and no more goroutines run than before, and gives the state it ends with.
func (b *run) settled(ctx context.Context, before State) (s State, err error) {
	limit := before.Goroutines
	if limit < math.MaxInt {
		limit += slack
	}
	for over := time.Now().Add(idleWithin); ; {
		if s, err = b.server.client.state(ctx); err != nil {
			return s, fmt.Errorf("the server's state: %w", err)
		}
		if s.Calls == 0 && s.RTPPorts == 0 && s.Goroutines <= limit || time.Now().After(over) {
			return s, nil
		}
		if !wait(ctx, 250*time.Millisecond) {
			return s, ctx.Err()
		}
	}
}

// count fills in what the callers saw.
func (b *run) count(outcomes []outcome, spacing *histogram) {
	r := &b.report
	var gaps, stops, setups []float64
	for _, o := range outcomes {
		if o.err != nil {
			r.Failed++
			r.note(o.err.Error())
			continue
		}
		setups = append(setups, milliseconds(o.setup))
		r.LostTurns += o.lost
		r.PacketsLost += o.packet.lost
		for _, t := range o.turns {
			gaps = append(gaps, milliseconds(t.gap-b.o.Delays.Total()))
			if t.stop > 0 {
				stops = append(stops, milliseconds(t.stop))
			}
		}
	}
	r.Turns, r.Added, r.Barge, r.Setup, r.Spacing = len(gaps), statsOf(gaps), statsOf(stops), statsOf(setups), spacing.stats()
	if b.hooks != nil {
		r.Webhooks, r.WebhookEnds = b.hooks.all.Load(), b.hooks.ended.Load()
	}
}

// split says where the added time went, by the latencies that the API has of the turns that the callers heard.
func (b *run) split(ctx context.Context, outcomes []outcome) error {
	if b.o.Setups > 0 {
		return nil
	}
	turns, err := b.server.client.turns(ctx)
	if err != nil {
		return fmt.Errorf("the turns of the calls: %w", err)
	}
	var parts stages
	var off []float64
	for _, o := range outcomes {
		for _, heard := range o.turns {
			if t := match(turns[o.from], heard.begin.Sub(o.answer)); t != nil {
				parts.add(t.Latency, heard.gap, b.o.Delays)
				off = append(off, milliseconds((heard.gap - t.Latency.Total).Abs()))
			}
		}
	}
	b.report.Stages, b.report.Matched = parts.stats(), len(parts.total)
	b.report.Said.count(off)
	return nil
}

// match is the agent's turn that began nearest to at, since answer; nil: none did within a second.
func match(turns []parley.Turn, at time.Duration) (best *parley.Turn) {
	for i := range turns {
		t := &turns[i]
		if t.Who != parley.Bot || t.Latency == nil || (t.Start-at).Abs() > matchWithin {
			continue
		}
		if best == nil || (t.Start-at).Abs() < (best.Start-at).Abs() {
			best = t
		}
	}
	return best
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// Self is the command that has this binary serve.
func Self() ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return []string{exe, "serve"}, nil
}
