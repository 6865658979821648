package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container may have none

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// overviewCounts is the OverviewCounts of the contract.
type overviewCounts struct {
	Calls            int64     `json:"calls"`
	Answered         int64     `json:"answered"`
	Outgoing         int64     `json:"outgoing"`
	OutgoingAnswered int64     `json:"outgoing_answered"`
	Failed           int64     `json:"failed"`
	Talk             float64   `json:"talk_seconds"`
	Interruptions    int64     `json:"interruptions"`
	Heard            *spreadMs `json:"heard_latency"`
	usedUp
}

// usedUp is what calls have used up.
type usedUp struct {
	STT        float64  `json:"stt_seconds"`
	TokensIn   int64    `json:"llm_tokens_in"`
	TokensOut  int64    `json:"llm_tokens_out"`
	Characters int64    `json:"tts_characters"`
	Telephony  float64  `json:"telephony_seconds"`
	Cost       *float64 `json:"cost"`
	Uncosted   int64    `json:"calls_without_cost"`
}

// spreadMs is how latencies are spread.
type spreadMs struct {
	Turns int64   `json:"turns"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
}

func spread(b store.Bins) *spreadMs {
	n := b.N()
	if n == 0 {
		return nil
	}
	return &spreadMs{n, b.Percentile(0.5), b.Percentile(0.95)}
}

func used(c store.Counts) usedUp {
	u := usedUp{STT: float64(c.STT) / 1e6, TokensIn: c.TokensIn, TokensOut: c.TokensOut, Characters: c.Characters, Telephony: float64(c.Telephony) / 1e6, Uncosted: c.Calls - c.Costed}
	if c.Costed > 0 {
		cost := float64(c.Cost) / 1e6
		u.Cost = &cost
	}
	return u
}

// countsOf adds up the calls of all kinds.
func countsOf(kinds []store.KindCounts, heard store.Bins) overviewCounts {
	var sum store.Counts
	v := overviewCounts{Heard: spread(heard)}
	for _, k := range kinds {
		sum.Add(k.Counts, 1)
		if k.Outgoing {
			v.Outgoing += k.Calls
			v.OutgoingAnswered += k.Answered
		}
		if k.Cause.Failed() {
			v.Failed += k.Calls
		}
	}
	v.Calls, v.Answered, v.Talk, v.Interruptions, v.usedUp = sum.Calls, sum.Answered, float64(sum.Talk)/1e6, sum.Interruptions, used(sum)
	return v
}

type overviewStep struct {
	From any `json:"from"`
	To   any `json:"to"`
	overviewCounts
}

type overviewEnding struct {
	Reason   parley.Cause `json:"ended_reason"`
	Fault    parley.Fault `json:"fault"`
	Calls    int64        `json:"calls"`
	Outgoing int64        `json:"outgoing"`
}

type overviewVendor struct {
	Skill  string    `json:"skill"`
	Vendor string    `json:"vendor"`
	Heard  *spreadMs `json:"heard_latency"`
	Own    *spreadMs `json:"own_latency"`
}

type overviewAgent struct {
	Agent    string  `json:"agent"`
	Calls    int64   `json:"calls"`
	Answered int64   `json:"answered"`
	Talk     float64 `json:"talk_seconds"`
	usedUp
}

// ownStage is the part of a latency that a skill's vendor is answerable for.
var ownStage = map[string]string{"hearing": "stt", "thinking": "llm", "speaking": "tts"}

// An overviewJSON is the OverviewDto of the contract.
type overviewJSON struct {
	From     any              `json:"from"`
	To       any              `json:"to"`
	By       string           `json:"by"`
	TimeZone string           `json:"time_zone"`
	Pending  int              `json:"pending"`
	Total    overviewCounts   `json:"total"`
	Endings  []overviewEnding `json:"ended_reasons"`
	Vendors  []overviewVendor `json:"vendors"`
	Agents   []overviewAgent  `json:"agents"`
	Steps    []overviewStep   `json:"steps"`
}

// overview is what the environment's calls that are over add up to.
func (a *API) overview(r *request) (any, error) {
	s, err := r.span(time.Now())
	if err != nil {
		return nil, err
	}
	agent := r.q("agent")
	if agent != "" {
		if agent, err = uuidOf("agent", agent); err != nil {
			return nil, err
		}
	}
	o, err := a.Store.Overview(r.Context(), r.env, agent, s.bounds)
	if errors.Is(err, store.ErrOverviewTooFine) {
		return nil, parley.Invalid("by", "by: so long a span has too many steps of that length: ask for week or month")
	}
	if err != nil {
		return nil, err
	}
	return showOverview(o, s, r.at), nil
}

func showOverview(o store.Overview, s span, at clock) overviewJSON {
	v := overviewJSON{From: at(s.bounds[0]), To: at(s.bounds[len(s.bounds)-1]), By: s.by, TimeZone: s.zone.String(), Pending: o.Pending,
		Vendors: []overviewVendor{}, Agents: []overviewAgent{}, Steps: make([]overviewStep, len(o.Steps))}
	var all []store.KindCounts
	for i, step := range o.Steps {
		v.Steps[i] = overviewStep{at(step.From), at(step.To), countsOf(step.Kinds, step.Heard)}
		all = append(all, step.Kinds...)
	}
	heard := store.Series{Stage: "total"}
	v.Total, v.Endings = countsOf(all, latencyOf(o, heard)), endingsOf(all)
	for s := range o.Latencies {
		if s.Skill == "" || s.Stage != heard.Stage {
			continue
		}
		vendor := overviewVendor{s.Skill, s.Vendor, spread(latencyOf(o, s)), spread(latencyOf(o, store.Series{Skill: s.Skill, Vendor: s.Vendor, Stage: ownStage[s.Skill]}))}
		if vendor.Heard != nil {
			v.Vendors = append(v.Vendors, vendor)
		}
	}
	slices.SortFunc(v.Vendors, func(a, b overviewVendor) int {
		return cmp.Or(cmp.Compare(a.Skill, b.Skill), cmp.Compare(b.Heard.Turns, a.Heard.Turns), cmp.Compare(a.Vendor, b.Vendor))
	})
	for _, a := range o.Agents {
		v.Agents = append(v.Agents, overviewAgent{a.Agent, a.Calls, a.Answered, float64(a.Talk) / 1e6, used(a.Counts)})
	}
	return v
}

func latencyOf(o store.Overview, s store.Series) store.Bins {
	if b := o.Latencies[s]; b != nil {
		return *b
	}
	return nil
}

// endingsOf are the ways in which calls ended, the most frequent first.
func endingsOf(kinds []store.KindCounts) []overviewEnding {
	by := map[parley.Cause]*overviewEnding{}
	for _, k := range kinds {
		e := by[k.Cause]
		if e == nil {
			e = &overviewEnding{Reason: k.Cause, Fault: k.Cause.Fault()}
			by[k.Cause] = e
		}
		e.Calls += k.Calls
		if k.Outgoing {
			e.Outgoing += k.Calls
		}
	}
	list := []overviewEnding{}
	for _, c := range slices.Sorted(maps.Keys(by)) {
		list = append(list, *by[c])
	}
	slices.SortStableFunc(list, func(a, b overviewEnding) int { return cmp.Compare(b.Calls, a.Calls) })
	return list
}

// A span is what time an overview is of, and the bounds of its steps.
type span struct {
	by     string
	zone   *time.Location
	bounds []time.Time
}

// overviewSteps are the lengths of a step, and up to which length of all of them each is taken unless another is asked for.
var overviewSteps = []struct {
	name string
	upTo time.Duration
}{
	{"hour", 3 * 24 * time.Hour}, {"day", 100 * 24 * time.Hour}, {"week", 2 * 366 * 24 * time.Hour}, {"month", 1 << 62},
}

// span reads from, to, by and time_zone. Steps begin where the clock of the zone begins one; the first has from in it, the last ends no sooner than to.
func (r *request) span(now time.Time) (s span, err error) {
	var bad invalid
	s.zone = time.UTC
	if name := r.q("time_zone"); name != "" {
		if s.zone, err = time.LoadLocation(name); err != nil || strings.EqualFold(name, "local") {
			bad, s.zone = append(bad, fieldError{"time_zone", "time_zone must be a time zone such as Europe/Berlin or UTC"}), time.UTC
		}
	}
	read := func(field string) (t time.Time) {
		var v any
		if text := r.q(field); text != "" {
			v = text
		}
		t, err := instant(field, v)
		if err != nil {
			bad = append(bad, fieldError{field, err.Error()})
		}
		return t
	}
	from, to := read("from"), read("to")
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	names := []string{}
	for _, step := range overviewSteps {
		names = append(names, step.name)
		if s.by == "" && to.Sub(from) <= step.upTo {
			s.by = step.name
		}
	}
	if by := r.q("by"); by != "" {
		if s.by = by; !slices.Contains(names, by) {
			bad = append(bad, fieldError{"by", "by must be one of " + strings.Join(names, ", ")})
		}
	}
	if len(bad) == 0 && !from.Before(to) {
		bad = append(bad, fieldError{"from", "from must lie before to"})
	}
	if err := bad.orNil(); err != nil {
		return s, err
	}
	at := begins(s.by, from.In(s.zone))
	for ; at.Before(to); at = nextStep(s.by, at) {
		if s.bounds = append(s.bounds, at); len(s.bounds) > store.MaxOverviewSteps {
			return s, parley.Invalid("by", fmt.Sprintf("by: there are more than %d steps of a %s from from to to: take a longer one", store.MaxOverviewSteps, s.by))
		}
	}
	s.bounds = append(s.bounds, at)
	return s, nil
}

// begins is when the step begins that a moment is in.
func begins(by string, t time.Time) time.Time {
	y, m, d := t.Date()
	switch by {
	case "hour":
		_, offset := t.Zone()
		east := time.Duration(offset) * time.Second
		return t.Add(east).Truncate(time.Hour).Add(-east)
	case "week": // from Monday
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// nextStep is when the next step begins.
func nextStep(by string, t time.Time) time.Time {
	switch by {
	case "hour":
		return t.Add(time.Hour)
	case "week":
		return begins("day", t.Add(12*time.Hour).AddDate(0, 0, 7)) // midnight may be missing on the day that clocks are put forward
	case "month":
		return begins("month", t.AddDate(0, 0, 32))
	}
	return begins("day", t.Add(12*time.Hour).AddDate(0, 0, 1))
}

// overviewStore has calls added up.
type overviewStore interface {
	Overview(ctx context.Context, env, agent string, bounds []time.Time) (store.Overview, error)
}
