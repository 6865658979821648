package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// callFacts are what a call that is over is looked for by, made of its tally: the same that the overview counts.
type callFacts struct {
	LatencyP50    int64 `bun:"latency_p50"` // milliseconds, as Bins have them; 0: the agent answered nothing; -1: a call of an earlier version, not looked at yet
	LatencyP95    int64 `bun:"latency_p95"`
	Interruptions int64
	Cost          int64  // in millionths; -1: none
	Vendors       string // ,skill:vendor, of each that had a part in an answer
}

// facts of a call that is not over, nil, are none.
func (t *tally) facts() (f callFacts, err error) {
	f.Cost = -1
	if t == nil {
		return f, nil
	}
	own := latencies{}
	if err := decodeLatencies(t.Latencies, own.of); err != nil {
		return f, err
	}
	if t.Counts.Costed > 0 {
		f.Cost = t.Counts.Cost
	}
	f.Interruptions = t.Counts.Interruptions
	var vendors []string
	for s, b := range own {
		switch {
		case s == allHeard && b.N() > 0:
			f.LatencyP50, f.LatencyP95 = max(1, int64(math.Ceil(b.Percentile(0.5)))), max(1, int64(math.Ceil(b.Percentile(0.95))))
		case s.Skill != "" && s.Stage == allHeard.Stage:
			vendors = append(vendors, s.Skill+":"+strings.ReplaceAll(s.Vendor, ",", " "))
		}
	}
	slices.Sort(vendors)
	for _, v := range vendors {
		if len(f.Vendors)+len(v) < maxSearched {
			f.Vendors += "," + v
		}
	}
	if f.Vendors != "" {
		f.Vendors += ","
	}
	return f, nil
}

// lookAtEarlier gives calls of an earlier version their facts, most of them, and says how many there were. What cannot be read has none.
func (d *DB) lookAtEarlier(ctx context.Context, most int) (n int, err error) {
	var there bool
	if err := d.r.NewRaw("SELECT EXISTS (SELECT 1 FROM calls WHERE latency_p50 < 0)").Scan(ctx, &there); err != nil || !there {
		return 0, err
	}
	err = d.tx(ctx, func(tx bun.Tx) error {
		var rows []callRow
		q := tx.NewSelect().Model(&rows).Where("latency_p50 < 0").OrderExpr("id").Limit(int64(most))
		if d.pg {
			q.For("UPDATE SKIP LOCKED") // whoever changes a call makes its facts
		}
		if err := q.Scan(ctx); err != nil {
			return err
		}
		n = len(rows)
		for i := range rows {
			is, err := rows[i].tally()
			if err == nil {
				rows[i].callFacts, err = is.facts()
			}
			if err != nil {
				rows[i].callFacts = callFacts{Cost: -1}
			}
			_, err = tx.NewUpdate().Model(&rows[i]).Column("latency_p50", "latency_p95", "interruptions", "cost", "vendors").WherePK().Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("looking at calls of an earlier version: %w", err)
	}
	return n, nil
}
