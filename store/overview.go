package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// An Overview is what the calls of an environment that are over add up to, by when they were made. All of it is of one moment.
type Overview struct {
	Steps     []Step
	Agents    []AgentCounts
	Latencies map[Series]*Bins // of the whole span
	Pending   int              // changes that are not in it yet: more calls than could be added up in time; pendingMost at most
}

// A Step is one part of the span.
type Step struct {
	From, To time.Time
	Kinds    []KindCounts
	Heard    Bins // latencies of all vendors
}

// KindCounts count the calls of one direction that ended in one way.
type KindCounts struct {
	Outgoing bool
	Cause    parley.Cause
	Counts
}

// AgentCounts count the calls of one agent. Those of agents that are of one call alone are in none of them.
type AgentCounts struct {
	Agent string
	Counts
}

// Of the bounds of an overview: how many there may be, how far the first and the last may be apart, and to what each has to be a multiple of.
const (
	MaxOverviewSteps    = 1000
	MaxOverviewQuarters = 110 * 24 * 4 // that have to be read one by one
	OverviewGrain       = quarter * time.Second
	pendingMost         = 1_000_000
)

// Overview reads what the calls of an environment that are over, and of an agent unless that is "", add up to between each bound and the
// next. Bounds ascend and are multiples of OverviewGrain.
func (d *DB) Overview(ctx context.Context, env, agent string, bounds []time.Time) (o Overview, err error) {
	env, agent = clean(env), clean(agent)
	spans, err := overviewSpans(bounds)
	if err != nil {
		return o, err
	}
	whole, err := overviewSpans([]time.Time{bounds[0], bounds[len(bounds)-1]})
	if err != nil {
		return o, err
	}
	for began, n := time.Now(), 1; n > 0 && time.Since(began) < foldMost; {
		if n, err = d.fold(ctx, env, foldAtOnce); err != nil {
			return o, err
		}
	}
	for i := range bounds[1:] {
		o.Steps = append(o.Steps, Step{From: bounds[i].UTC(), To: bounds[i+1].UTC()})
	}
	err = d.snapshotTx(ctx, func(tx bun.Tx) error {
		o.Latencies = map[Series]*Bins{}
		for i := range o.Steps {
			o.Steps[i].Kinds, o.Steps[i].Heard = nil, nil
		}
		if err := d.readCounts(ctx, tx, env, agent, spans, &o); err != nil {
			return err
		}
		if err := d.readAgents(ctx, tx, env, agent, whole, &o); err != nil {
			return err
		}
		err := d.readLatencies(ctx, tx, "heard", env, agent, spans, func(step int, _ Series) *Bins { return &o.Steps[step].Heard })
		if err == nil {
			err = d.readLatencies(ctx, tx, "vendors", env, agent, whole, func(_ int, s Series) *Bins { return latencies(o.Latencies).of(s) })
		}
		if err != nil {
			return err
		}
		o.Latencies[allHeard] = &Bins{}
		for _, s := range o.Steps {
			latencies(o.Latencies).add(latencies{allHeard: &s.Heard}, 1)
		}
		return tx.NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM overview_news WHERE environment_id = ? LIMIT ?) AS t", env, pendingMost).Scan(ctx, &o.Pending)
	})
	if err != nil {
		return Overview{}, fmt.Errorf("reading the overview: %w", err)
	}
	return o, nil
}

// A cellSpan is cells of one length that are part of a step.
type cellSpan struct {
	step           int
	cell, from, to int64
}

// overviewSpans is of which cells steps are made: of whole days, where there are some, and of quarters.
func overviewSpans(bounds []time.Time) (spans []cellSpan, err error) {
	if len(bounds) < 2 || len(bounds) > MaxOverviewSteps+1 {
		return nil, errors.New("an overview has 1 to 1000 steps")
	}
	quarters := int64(0)
	add := func(step int, cell, from, to int64) {
		if from >= to {
			return
		}
		spans = append(spans, cellSpan{step, cell, from, to})
		if cell == quarter {
			quarters += (to - from) / (quarter * 1e6)
		}
	}
	for i := range bounds[1:] {
		from, to := bounds[i].UnixMicro(), bounds[i+1].UnixMicro()
		if from%(quarter*1e6) != 0 || to%(quarter*1e6) != 0 || from < 0 || from >= to {
			return nil, errors.New("the bounds of an overview ascend, and are multiples of a quarter of an hour")
		}
		const whole = wholeDay * 1e6
		first, last := (from+whole-1)/whole*whole, to/whole*whole
		if first >= last {
			add(i, quarter, from, to)
			continue
		}
		add(i, quarter, from, first)
		add(i, wholeDay, first, last)
		add(i, quarter, last, to)
	}
	if quarters > MaxOverviewQuarters {
		return nil, ErrOverviewTooFine
	}
	return spans, nil
}

// ErrOverviewTooFine says that an overview of so long a span wants longer steps.
var ErrOverviewTooFine = errors.New("so many steps that are no whole days are not added up at once")

// within is a table s of spans, as SQL, with its arguments.
func within(spans []cellSpan) (string, []any) {
	args := make([]any, 0, 4*len(spans))
	for _, s := range spans {
		args = append(args, s.step, s.cell, s.from, s.to)
	}
	return "WITH s (step, cell, lo, hi) AS (VALUES " + strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?), ", len(spans)), ", ") + ") ", args
}

// inOrder is a JOIN that SQLite takes in the order it is written in.
func (d *DB) inOrder() string {
	if d.pg {
		return "JOIN "
	}
	return "CROSS JOIN "
}

const (
	ofAgent = " AS c ON c.agent_id = ?"
	ofSpans = " AND c.environment_id = ? AND c.cell = s.cell AND c.at >= s.lo AND c.at < s.hi"
)

// addedUp are the counts of a table c, added up.
func addedUp() (s string) {
	for _, c := range countColumns {
		s += ", CAST(SUM(c." + c + ") AS BIGINT) AS " + c
	}
	return s
}

func (d *DB) readCounts(ctx context.Context, tx bun.Tx, env, agent string, spans []cellSpan, o *Overview) error {
	with, args := within(spans)
	var rows []struct {
		Step       int
		IsOutgoing bool
		Cause      parley.Cause
		Counts
	}
	err := tx.NewRaw(with+"SELECT s.step, c.is_outgoing, c.cause"+addedUp()+" FROM s "+d.inOrder()+"overview_counts"+ofAgent+ofSpans+" GROUP BY s.step, c.is_outgoing, c.cause ORDER BY s.step, c.is_outgoing, c.cause",
		append(args, agent, env)...).Scan(ctx, &rows)
	for _, r := range rows {
		if r.Calls != 0 {
			s := &o.Steps[r.Step]
			s.Kinds = append(s.Kinds, KindCounts{r.IsOutgoing, r.Cause, r.Counts})
		}
	}
	return err
}

func (d *DB) readAgents(ctx context.Context, tx bun.Tx, env, agent string, whole []cellSpan, o *Overview) error {
	with, args := within(whole)
	var rows []struct {
		AgentID string
		Counts
	}
	which := " AS c ON c.agent_id <> ?"
	if agent != "" {
		which = ofAgent
	}
	err := tx.NewRaw(with+"SELECT c.agent_id"+addedUp()+" FROM s "+d.inOrder()+"overview_counts"+which+ofSpans+" GROUP BY c.agent_id ORDER BY calls DESC, c.agent_id", append(args, agent, env)...).Scan(ctx, &rows)
	for _, r := range rows {
		if r.Calls != 0 {
			o.Agents = append(o.Agents, AgentCounts{r.AgentID, r.Counts})
		}
	}
	return err
}

func (d *DB) readLatencies(ctx context.Context, tx bun.Tx, column, env, agent string, spans []cellSpan, into func(int, Series) *Bins) (err error) {
	with, args := within(spans)
	rows, err := tx.QueryContext(ctx, with+"SELECT s.step, c."+column+" FROM s "+d.inOrder()+"overview_latency"+ofAgent+ofSpans, append(args, agent, env)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var step int
		var doc sql.RawBytes
		if err := rows.Scan(&step, &doc); err != nil {
			return err
		}
		if err := decodeLatencies(string(doc), func(s Series) *Bins { return into(step, s) }); err != nil {
			return err
		}
	}
	return rows.Err()
}
