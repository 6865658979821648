package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// SoakOptions say how long how many calls are held. Zero values are defaults, but for Command.
type SoakOptions struct {
	Command  []string      // starts the server: the binary and "serve"
	Calls    int           // at once, all the time; 20
	Lasts    time.Duration // 2 h
	Shortest time.Duration // of the calls; 20 s
	Longest  time.Duration // 10 min
	Sample   time.Duration // how often memory and the like are looked at; 1 min
	Database string        // PostgreSQL's address; "": SQLite
	NATS     string        // address; "": none
	Keep     int           // every so many calls stay in the store, the others are deleted once they were looked at; 4
	Profiles string        // a folder that gets a heap profile of the warm server and of the last sample; "": none
	Log      io.Writer     // gets what the server says; nil: nobody
	Progress func(string)  // is told of each sample and of each call that was not good; nil: nobody is
}

func (o SoakOptions) orDefault() SoakOptions {
	orElse(&o.Lasts, 2*time.Hour)
	orElse(&o.Shortest, 20*time.Second)
	orElse(&o.Longest, 10*time.Minute)
	orElse(&o.Sample, time.Minute)
	orElse(&o.Calls, 20)
	orElse(&o.Keep, 4)
	o.Longest = max(o.Longest, o.Shortest)
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// A soak is one run: so many calls at once, a new one as soon as one is over.
//
// Goroutines, all of which end before RunSoak returns: the load's, the receiver's, one per call at once, one that samples.
type soak struct {
	o      SoakOptions
	server *server
	load   *load
	told   *told
	agents []soakAgent
	names  atomic.Int64
	report SoakReport

	mu       sync.Mutex         // guards speaking and the counts of report
	speaking map[string]*caller // by the name that the call goes by
}

// RunSoak holds calls for a long time, looks at each when it is over, and at the server's memory all the while. The report is whole when there is no error.
func RunSoak(ctx context.Context, o SoakOptions) (r SoakReport, err error) {
	if len(o.Command) == 0 {
		return r, errors.New("bench: no server to soak")
	}
	s := &soak{o: o.orDefault(), speaking: map[string]*caller{}}
	s.report = newSoakReport(s.o)
	if err := s.run(ctx); err != nil {
		return s.report, fmt.Errorf("bench: %w", err)
	}
	return s.report, nil
}

func (s *soak) run(ctx context.Context) (err error) {
	vendors, err := newVendors(FixedDelays(), NoFault, s.mind)
	if err != nil {
		return fmt.Errorf("vendors: %w", err)
	}
	defer vendors.Close()
	if s.told, err = newTold(); err != nil {
		return fmt.Errorf("webhooks: %w", err)
	}
	defer s.told.close()
	if s.server, err = startServer(ctx, setting{command: s.o.Command, vendors: vendors, rtpPorts: Options{}.orDefault().RTPPorts, also: worksOn(s.o.Database, s.o.NATS), log: s.o.Log}); err != nil {
		return err
	}
	err = s.measure(ctx)
	return errors.Join(err, s.server.stop())
}

func (s *soak) measure(ctx context.Context) (err error) {
	if s.load, err = newLoad(s.server.sip, 2*s.o.Calls); err != nil { // a transfer has a second party
		return err
	}
	defer s.load.close()
	if s.agents, err = s.makeAgents(ctx); err != nil {
		return err
	}
	// One call of each kind before anything counts: first connections, first pages.
	for _, a := range s.agents {
		c := s.one(ctx, soakPlan{agent: a, from: "warm", talk: 5 * time.Second})
		if c.script == nil || len(c.script.answered) == 0 {
			return fmt.Errorf("the first call: %v\n%s", c.faults, s.server.log.String())
		}
		for _, f := range c.faults {
			s.o.Progress("before it counts: " + f)
		}
	}
	before := &run{server: s.server}
	if s.report.Before, err = before.settled(ctx, State{Goroutines: math.MaxInt}); err != nil {
		return err
	}
	s.report.FilesBefore = looked(s.server.cmd.Process.Pid).files
	began := time.Now()
	until := began.Add(s.o.Lasts)
	sampling, stop := context.WithCancel(ctx)
	var sampler, callers sync.WaitGroup
	sampler.Go(func() { s.sample(sampling, time.Now()) })
	for slot := range s.o.Calls {
		callers.Go(func() { s.hold(ctx, slot, until) })
	}
	callers.Wait()
	stop()
	sampler.Wait()
	s.report.Minutes = time.Since(began).Minutes() // it may have been stopped
	s.report.conclude()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.report.After, err = before.settled(ctx, s.report.Before); err != nil {
		return err
	}
	s.report.FilesAfter = looked(s.server.cmd.Process.Pid).files
	return nil
}

// hold has one call after the other until it is time. The first are spread, so that they do not all end at once.
func (s *soak) hold(ctx context.Context, slot int, until time.Time) {
	rng := seededDice(uint64(slot))
	if !wait(ctx, time.Duration(slot)*500*time.Millisecond) {
		return
	}
	for ctx.Err() == nil {
		left := time.Until(until)
		if left < s.o.Shortest {
			return
		}
		p := s.draw(rng)
		p.talk = min(p.talk, left)
		if c := s.one(ctx, p); ctx.Err() == nil { // one that was cut by the end of all is neither good nor bad
			s.count(p, c)
		}
	}
}

// draw is the next call of a slot. Lengths are spread evenly over their logarithm: many short ones, few long.
func (s *soak) draw(rng *rand.Rand) soakPlan {
	p := soakPlan{agent: s.agents[rng.IntN(len(s.agents))], from: "soak", out: rng.IntN(2) == 0, barge: []int{0, 2, 3, 5}[rng.IntN(4)], seed: rng.Uint64()}
	p.talk = time.Duration(float64(s.o.Shortest) * math.Pow(float64(s.o.Longest)/float64(s.o.Shortest), rng.Float64()))
	switch n := rng.IntN(10); {
	case n < 2:
		p.ends = byAgent
	case n < 4:
		p.ends = byTransfer
	case n < 5:
		p.ends = byAPI
	}
	if p.ends == byTransfer && (p.out || !p.agent.transfers) { // an agent's transfer names whom to call by who has called
		p.ends = byAgent
	}
	return p
}

// name finds the call in what a model reads.
var soakName = regexp.MustCompile(`(?:soak|warm)\d{6}`)

// mind has the model do what the caller's turn is for.
func (s *soak) mind(prompt string) string {
	s.mu.Lock()
	c := s.speaking[soakName.FindString(prompt)]
	s.mu.Unlock()
	if c == nil {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.script.parted && c.script.transfer:
		return "transfer_call"
	case c.script.parted:
		return "end_conversation"
	case c.script.acting:
		return soakTool
	}
	return ""
}

// profile writes down the heap.
func (s *soak) profile(ctx context.Context, name string) {
	if s.o.Profiles == "" {
		return
	}
	if err := s.server.client.save(ctx, "/debug/pprof/heap", filepath.Join(s.o.Profiles, name)); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
	}
}

func seededDice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 4)) }
