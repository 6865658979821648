package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"
)

// keptConnections are enough for all requests that wait at once.
const keptConnections = 512

// keeping is the client over connections that last, as a busy user's are. close lets go of them.
func (c client) keeping() (k client, closeIdle func()) {
	t := &http.Transport{MaxIdleConns: keptConnections, MaxIdleConnsPerHost: keptConnections}
	c.http = &http.Client{Timeout: 30 * time.Second, Transport: t}
	return c, t.CloseIdleConnections
}

// ask makes a request and reads its answer, without looking at it unless it is an error.
func (c client) ask(ctx context.Context, method, path string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		b, _ := io.ReadAll(io.LimitReader(res.Body, 300))
		return fmt.Errorf("%s: %s", res.Status, b)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// save writes an answer to a file.
func (c client) save(ctx context.Context, path, file string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, res.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, res.Body)
	return errors.Join(err, f.Close())
}

// A request is one sort of request in a mix; share is of a hundred.
type request struct {
	name  string
	share int
	path  func(rng *rand.Rand) string
}

// mix is requests as dashboards and integrations make them.
type mix []request

func (m mix) names() (names []string) {
	for _, r := range m {
		names = append(names, r.name)
	}
	return names
}

// pick is the request whose share n, from 0 below 100, falls into.
func (m mix) pick(n int) request {
	for _, r := range m {
		if n -= r.share; n < 0 {
			return r
		}
	}
	return m[len(m)-1]
}

// known is what is in the store, to be asked for.
type known struct {
	past    *past
	numbers []string // ids
}

func (c client) known(ctx context.Context, p *past) (k known, err error) {
	var list struct {
		Items []struct{ ID string } `json:"items"`
	}
	if err := c.do(ctx, http.MethodGet, "/v1/numbers/list?size=100", nil, &list); err != nil {
		return k, err
	}
	for _, n := range list.Items {
		k.numbers = append(k.numbers, n.ID)
	}
	return known{p, k.numbers}, nil
}

func (k known) call(rng *rand.Rand) fate { return k.past.fate(rng.IntN(k.past.Rows)) }

func (k known) reads() mix {
	always := func(path string) func(*rand.Rand) string { return func(*rand.Rand) string { return path } }
	one := func(path string, ids []string) func(*rand.Rand) string {
		return func(rng *rand.Rand) string { return path + "?id=" + ids[rng.IntN(len(ids))] }
	}
	calls := func(extra string, filters func(*rand.Rand) map[string]any) func(*rand.Rand) string {
		return func(rng *rand.Rand) string {
			b, _ := json.Marshal(filters(rng)) // texts and numbers
			return "/v1/calls/list?filters=" + url.QueryEscape(string(b)) + extra
		}
	}
	page := func(size, most int) func(*rand.Rand) string {
		return func(rng *rand.Rand) string {
			return fmt.Sprintf("/v1/calls/list?size=%d&page=%d", size, 2+rng.IntN(max(1, min(most, k.past.Rows/size)-2)))
		}
	}
	return mix{
		{"calls get", 30, func(rng *rand.Rand) string { return "/v1/calls?id=" + k.call(rng).id }},
		{"calls list, page 1", 12, always("/v1/calls/list")},
		{"calls list, 100 a page", 3, always("/v1/calls/list?size=100")},
		{"calls list, pages to 50", 5, page(10, 50)},
		{"calls list, pages to 10,000", 3, page(10, 10_000)},
		{"calls list, status", 5, calls("", func(rng *rand.Rand) map[string]any {
			return map[string]any{"status": []string{"ended", "error", "in_progress"}[rng.IntN(3)]}
		})},
		{"calls list, agent", 5, calls("", func(rng *rand.Rand) map[string]any {
			return map[string]any{"agent": k.past.Agents[k.call(rng).agent]}
		})},
		{"calls list, to_number", 5, calls("", func(rng *rand.Rand) map[string]any { return map[string]any{"to_number": k.call(rng).callee} })},
		{"calls list, ended_reason", 2, calls("", func(rng *rand.Rand) map[string]any {
			return map[string]any{"ended_reason": sortOf(k.call(rng).sort, k.past.Begin).Cause}
		})},
		{"calls list, a day", 3, calls("", func(rng *rand.Rand) map[string]any {
			from := k.call(rng).created
			return map[string]any{"created_at": map[string]any{"gte": from.Format(time.RFC3339), "lt": from.Add(24 * time.Hour).Format(time.RFC3339)}}
		})},
		{"calls list, by start_time", 5, always("/v1/calls/list?sort_column=start_time&sort_desc=true")},
		{"agents get", 6, one("/v1/agents", k.past.Agents)},
		{"agents list", 4, always("/v1/agents/list")},
		{"numbers get", 4, one("/v1/numbers", k.numbers)},
		{"numbers list", 4, always("/v1/numbers/list")},
		{"deliveries list", 4, always("/v1/webhooks/deliveries")},
	}
}

// Reads is how quickly the API answers questions.
type Reads struct {
	Rate       int         `json:"requests_per_second"`
	Seconds    float64     `json:"seconds"`
	All        Operation   `json:"all"`
	Operations []Operation `json:"operations"`
	Late       Stats       `json:"sent_late"` // by the bench: it counts in all the others
	CPUPercent float64     `json:"cpu_percent"`
	Notes      []string    `json:"notes,omitempty"`
}

// reads asks at a fixed rate. The first seconds do not count: they open connections.
func (b *apiRun) reads(ctx context.Context) error {
	c, closeIdle := b.server.client.keeping()
	defer closeIdle()
	k, err := c.known(ctx, b.past)
	if err != nil {
		return err
	}
	m := k.reads()
	for _, d := range []time.Duration{readsWarm, b.o.Talk} {
		t := newTally()
		meter := startMeter(ctx, b.server.cmd.Process.Pid)
		late := pace(ctx, b.o.Rate, d, func(i int, due time.Time) {
			rng := rand.New(rand.NewPCG(uint64(i), uint64(d)))
			r := m.pick(rng.IntN(100))
			err := c.ask(ctx, http.MethodGet, r.path(rng), nil)
			t.add(r.name, time.Since(due), err)
		})
		cores, _ := meter.stop()
		r := Reads{Rate: b.o.Rate, Seconds: d.Seconds(), Late: late.stats(), CPUPercent: 100 * cores, Notes: slices.Clone(t.notes)}
		r.Operations, r.All = t.operations(m.names())
		b.report.Reads = &r
	}
	return ctx.Err()
}

const readsWarm = 3 * time.Second
