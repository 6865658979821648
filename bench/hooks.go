package bench

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley"
)

const (
	hookCalls   = 20 // a second, whose webhook answers at once
	slowCalls   = 4  // a second, whose webhook takes slowAnswer
	slowAnswer  = 5 * time.Second
	hooksSettle = 3 * time.Second // after the last call has ended
)

// Hooks is how soon a webhook hears of an event.
type Hooks struct {
	PerSecond float64   `json:"events_per_second"` // to the quick one
	Quick     Operation `json:"quick"`             // event → arrival at the webhook that answers at once
	SlowCalls int       `json:"slow_calls"`        // told to the slow webhook at the same time
	SlowTold  int       `json:"slow_told"`
	Failed    int       `json:"failed_calls"`
	Notes     []string  `json:"notes,omitempty"`
}

// A clocked receiver takes webhooks, notes how old they are, and answers after a while. Goroutines: the HTTP server's.
type clocked struct {
	listener net.Listener
	server   *http.Server
	running  sync.WaitGroup
	answer   time.Duration
	gone     chan struct{}

	mu   sync.Mutex // guards all below
	ages []float64  // ms
	from time.Time  // events before it do not count
}

func newClocked(answer time.Duration) (*clocked, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &clocked{listener: l, answer: answer, gone: make(chan struct{})}
	r.server = &http.Server{Handler: r}
	r.running.Go(func() { _ = r.server.Serve(l) }) // ends with close
	return r, nil
}

func (r *clocked) url() string { return "http://" + r.listener.Addr().String() + "/hook" }

func (r *clocked) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	at := time.Now()
	var e parley.Event
	if err := json.NewDecoder(io.LimitReader(req.Body, chunkLimit)).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	if !e.Time.Before(r.from) {
		r.ages = append(r.ages, milliseconds(at.Sub(e.Time)))
	}
	r.mu.Unlock()
	if r.answer > 0 {
		select {
		case <-time.After(r.answer):
		case <-r.gone:
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *clocked) close() {
	close(r.gone)
	r.server.Close()
	r.running.Wait()
}

// taken are the ages of what came.
func (r *clocked) taken() []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ages)
}

// hooks places calls of two agents, one of whose webhooks is slow.
func (b *apiRun) hooks(ctx context.Context) error {
	quick, err := newClocked(0)
	if err != nil {
		return err
	}
	defer quick.close()
	slow, err := newClocked(slowAnswer)
	if err != nil {
		return err
	}
	defer slow.close()
	h := &Hooks{}
	b.report.Hooks = h
	loads, agents := [2]*load{}, [2]string{}
	for i, r := range []*clocked{quick, slow} {
		if agents[i], err = b.server.client.createAgent(ctx, Options{Endpointing: "sensitive"}, r.url()); err != nil {
			return err
		}
		defer b.server.client.deleteAgent(ctx, agents[i]) // with its webhook: what the slow one was not told yet is given up
		if loads[i], err = newLoad(b.server.sip, 1); err != nil {
			return err
		}
		defer loads[i].close()
	}
	loads[0].setups(ctx, agents[0], hookCalls, readsWarm)
	quick.mu.Lock()
	quick.from = time.Now()
	quick.mu.Unlock()
	var both sync.WaitGroup
	var outcomes [2][]outcome
	for i, rate := range []int{hookCalls, slowCalls} {
		both.Go(func() { outcomes[i] = loads[i].setups(ctx, agents[i], rate, b.o.Talk) })
	}
	both.Wait()
	wait(ctx, hooksSettle)
	for _, o := range slices.Concat(outcomes[0], outcomes[1]) {
		if o.err != nil {
			if h.Failed++; len(h.Notes) < 5 {
				h.Notes = append(h.Notes, o.err.Error())
			}
		}
	}
	h.Quick = Operation{Name: "event to webhook", Stats: statsOf(quick.taken())}
	h.PerSecond = float64(h.Quick.N) / b.o.Talk.Seconds()
	h.SlowCalls, h.SlowTold = len(outcomes[1]), len(slow.taken())
	return ctx.Err()
}
