package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	enduring    = 8 // requests at once
	sampleEvery = 50_000
)

// Memory is what a server holds after many requests.
type Memory struct {
	Requests  int      `json:"requests"`
	PerSecond float64  `json:"requests_per_second"`
	All       Stats    `json:"latency"` // closed loop: of the server as busy as it can be
	Samples   []Sample `json:"samples"`
	// PerHundredThousand is by how many MiB the samples of the second half grow with each 100,000 requests.
	PerHundredThousand float64  `json:"mib_per_100k"`
	Failed             int      `json:"failed"`
	Notes              []string `json:"notes,omitempty"`
}

// A Sample is the memory after so many requests.
type Sample struct {
	Requests int     `json:"requests"`
	MiB      float64 `json:"mib"` // PSS
}

// endure makes requests as fast as they are answered and watches the memory.
func (b *apiRun) endure(ctx context.Context) error {
	c, closeIdle := b.server.client.keeping()
	defer closeIdle()
	k, err := c.known(ctx, b.past)
	if err != nil {
		return err
	}
	m, t := &Memory{}, new(histogram)
	b.report.Memory = m
	var guard sync.Mutex // of m and t
	var next atomic.Int64
	began := time.Now()
	reads, pid := k.reads(), b.server.cmd.Process.Pid
	var all sync.WaitGroup
	for w := range enduring {
		rng := rand.New(rand.NewPCG(uint64(w), 99))
		all.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1))
				if n > b.o.Requests {
					return
				}
				start := time.Now()
				err := k.any(ctx, c, rng, reads)
				took := time.Since(start)
				guard.Lock()
				t.add(took)
				if err != nil {
					if m.Failed++; len(m.Notes) < 5 {
						m.Notes = append(m.Notes, err.Error())
					}
				}
				if n%sampleEvery == 0 || n == b.o.Requests {
					m.Samples = append(m.Samples, Sample{n, mib(usageOf(pid).pss)})
					b.o.Progress(fmt.Sprintf("memory after %d requests: %.1f MiB", n, m.Samples[len(m.Samples)-1].MiB))
				}
				guard.Unlock()
			}
		})
	}
	all.Wait()
	m.Requests, m.PerSecond = int(t.count), float64(t.count)/time.Since(began).Seconds()
	slices.SortFunc(m.Samples, func(a, b Sample) int { return a.Requests - b.Requests })
	m.All, m.PerHundredThousand = t.stats(), 100_000*slope(m.Samples[len(m.Samples)/2:])
	return ctx.Err()
}

// any is one request of those that programs make all day: three of four read, the others change something.
func (k known) any(ctx context.Context, c client, rng *rand.Rand, reads mix) error {
	switch n := rng.IntN(100); {
	case n < 75:
		r := reads.pick(rng.IntN(100))
		if err := c.ask(ctx, http.MethodGet, r.path(rng), nil); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	case n < 85:
		id := k.past.Agents[rng.IntN(len(k.past.Agents))]
		body := fmt.Appendf(nil, `{"label": "shop %d"}`, rng.IntN(1000))
		if err := c.ask(ctx, http.MethodPost, "/v1/agents/update?id="+id, body); err != nil {
			return fmt.Errorf("agents update: %w", err)
		}
	default:
		var made struct{ ID string }
		body := json.RawMessage(fmt.Sprintf(`{"label": "hours", "content": "Open from %d to 18."}`, rng.IntN(12)))
		if err := c.do(ctx, http.MethodPost, "/v1/prompts/create", body, &made); err != nil {
			return fmt.Errorf("prompts create: %w", err)
		}
		if err := c.ask(ctx, http.MethodDelete, "/v1/prompts/delete?id="+made.ID, nil); err != nil {
			return fmt.Errorf("prompts delete: %w", err)
		}
	}
	return nil
}

// slope is by how many MiB the samples grow with each request: the middle of the slopes between any two (Theil and Sen), so that one
// sample that was taken at a bad moment does not decide.
func slope(s []Sample) float64 {
	var all []float64
	for i, a := range s {
		for _, b := range s[i+1:] {
			if b.Requests != a.Requests {
				all = append(all, (b.MiB-a.MiB)/float64(b.Requests-a.Requests))
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
