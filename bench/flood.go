package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// floodRate is how many events a second go into the log beside those of the calls.
const floodRate = 1000

// Flood is what a log that is written to a lot does to the sound of calls.
type Flood struct {
	Calls   int   `json:"calls"`
	Rate    int   `json:"events_per_second"`
	Events  int   `json:"events"` // that came into the log
	Quiet   Stats `json:"spacing_quiet"`
	Flooded Stats `json:"spacing_flooded"`
	Failed  int   `json:"failed_calls"`
	// Of the server, with all calls up.
	QuietCPU   float64  `json:"cpu_percent_quiet"`
	FloodedCPU float64  `json:"cpu_percent_flooded"`
	Notes      []string `json:"notes,omitempty"`
}

// flood has callers talk twice, the second time while the log takes floodRate events a second about them, and compares the
// spacing of the agents' packets.
func (b *apiRun) flood(ctx context.Context) error {
	agent, err := b.server.client.createAgent(ctx, Options{Endpointing: "sensitive", Record: true}, "")
	if err != nil {
		return err
	}
	defer b.server.client.deleteAgent(ctx, agent)
	f := &Flood{Calls: b.o.Calls, Rate: floodRate}
	b.report.Flood = f
	if f.Quiet, f.QuietCPU, err = b.spacing(ctx, f, agent, nil); err != nil {
		return err
	}
	var flooded error
	f.Flooded, f.FloodedCPU, err = b.spacing(ctx, f, agent, func() {
		f.Events, flooded = b.server.client.flood(ctx, floodRate, b.o.Talk)
	})
	if err == nil {
		err = flooded
	}
	return err
}

// spacing has callers talk and does something meanwhile.
func (b *apiRun) spacing(ctx context.Context, f *Flood, agent string, meanwhile func()) (Stats, float64, error) {
	l, err := newLoad(b.server.sip, b.o.Calls)
	if err != nil {
		return Stats{}, 0, err
	}
	var cores float64
	over := make(chan struct{})
	up := func() {
		go func() { // ends with the time to talk; it is waited for
			defer close(over)
			m := startMeter(ctx, b.server.cmd.Process.Pid)
			if meanwhile != nil {
				meanwhile()
			} else {
				wait(ctx, b.o.Talk)
			}
			cores, _ = m.stop()
		}()
	}
	outcomes := l.talk(ctx, plan{agent: agent, from: "flood", calls: b.o.Calls, barge: 4, settle: settle, talk: b.o.Talk, up: up})
	<-over
	l.close()
	for _, o := range outcomes {
		if o.err != nil {
			f.Failed++
			f.Notes = append(f.Notes, o.err.Error())
		}
	}
	f.Notes = slices.Compact(f.Notes)
	return l.spacing().stats(), 100 * cores, ctx.Err()
}

// flood has the server itself append events about the calls that run, and returns how many it did.
func (c client) flood(ctx context.Context, rate int, d time.Duration) (int, error) {
	var list struct {
		Items []struct{ ID string } `json:"items"`
	}
	filters := url.QueryEscape(`{"status": "in_progress"}`)
	if err := c.do(ctx, http.MethodGet, "/v1/calls/list?size=100&filters="+filters, nil, &list); err != nil {
		return 0, err
	}
	q := url.Values{"rate": {fmt.Sprint(rate)}, "seconds": {fmt.Sprint(int(d.Seconds()))}}
	for _, i := range list.Items {
		q.Add("call", i.ID)
	}
	var done struct{ Events int }
	c.http = &http.Client{Timeout: d + time.Minute, Transport: c.http.Transport}
	return done.Events, c.do(ctx, http.MethodPost, "/debug/flood?"+q.Encode(), nil, &done)
}
