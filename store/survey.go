package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// A survey is what is remembered of a long list: how long it is, and every markEvery-th entry, so that a page far down is found without
// walking there. It is as old as surveyUsed at most: what came or went meanwhile shifts such a page by so many entries.
type survey struct {
	total int
	marks [][]any  // the values of the ORDER BY of entries markEvery, 2*markEvery, …
	ids   []string // all of it, where that is searched for and not more than idsKept
	at    time.Time
}

// How surveys are kept: surveysKept of them, each for surveyUsed. Who asks for one that is older than surveyKept has the next one made, and
// does not wait for it: a list that is asked for all the time holds nobody up. Who has no use for a list without a survey waits
// surveyWait for one that is made; who would be told of a part of what there is, searchWait.
const (
	markEvery   = 5_000
	surveyKept  = 30 * time.Second
	surveyUsed  = 2 * surveyKept
	surveysKept = 256
	surveyWait  = 500 * time.Millisecond
	surveyMost  = time.Minute // to make one
	searchWait  = 3 * time.Second
	idsKept     = 2_000
	surveysDue  = 32 // at most wait to be made; who asks for more is given what an index finds
)

// surveys are made by one goroutine at a time: however many ask, the database has one long walk to do.
type surveys struct {
	mu     sync.Mutex // guards all below
	kept   map[string]*survey
	making map[string]chan struct{} // closed when it is made, or cannot be
	turn   sync.Mutex               // the walk
	wg     sync.WaitGroup
	wait   time.Duration // surveyWait
	stop   context.CancelFunc
	ctx    context.Context
}

func newSurveys() *surveys {
	s := &surveys{kept: map[string]*survey{}, making: map[string]chan struct{}{}, wait: surveyWait}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

func (s *surveys) close() {
	s.stop()
	s.wg.Wait()
}

// name tells lists apart.
func (q query) name() string {
	return fmt.Sprintf("%s\x00%s\x00%v\x00%s\x00%v", q.table, q.where, q.args, q.sort, q.desc)
}

// remembered is the survey of a list, nil when there is none that is young enough.
func (d *DB) remembered(q query) *survey {
	s, name := d.surveys, q.name()
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.kept[name]
	if v == nil || time.Since(v.at) >= surveyUsed {
		return nil
	}
	if time.Since(v.at) >= surveyKept {
		d.begin(q, name)
	}
	return v
}

// begin has a survey made, unless it is being made already; the mutex is held. What it returns is closed when that is over, nil when the
// store closes or too many wait.
func (d *DB) begin(q query, name string) (done chan struct{}) {
	s := d.surveys
	done, there := s.making[name]
	if !there && s.ctx.Err() == nil && len(s.making) < surveysDue {
		done = make(chan struct{})
		s.making[name] = done
		s.wg.Go(func() { d.makeSurvey(q, name, done) })
	}
	return done
}

// survey makes the survey of a list, or waits for the one that is being made; nil: it takes too long.
func (d *DB) survey(ctx context.Context, q query) *survey {
	s := d.surveys
	s.mu.Lock()
	done := d.begin(q, q.name())
	s.mu.Unlock()
	if done == nil {
		return d.remembered(q)
	}
	wait := s.wait
	if q.wide {
		wait = max(wait, searchWait)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return d.remembered(q)
}

func (d *DB) makeSurvey(q query, name string, done chan struct{}) {
	s := d.surveys
	s.turn.Lock()
	ctx, cancel := context.WithTimeout(s.ctx, surveyMost)
	v, err := d.walk(ctx, q)
	cancel()
	s.turn.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.ctx.Err() == nil {
			slog.Warn("counting a long list", "table", q.table, "error", err)
		}
	} else {
		for old, k := range s.kept {
			if time.Since(k.at) >= surveyUsed || len(s.kept) >= surveysKept {
				delete(s.kept, old)
			}
		}
		s.kept[name] = v
	}
	delete(s.making, name)
	close(done)
}

// walk goes through a list in steps of markEvery.
func (d *DB) walk(ctx context.Context, q query) (*survey, error) {
	v := &survey{at: time.Now()}
	if q.wide {
		var ids []string
		err := d.r.NewRaw("SELECT id FROM "+d.searched(q)+" WHERE "+q.where+order(q.sort, q.desc)+" LIMIT ?", append(append([]any{}, q.args...), idsKept+1)...).Scan(ctx, &ids)
		if err != nil {
			return nil, err
		}
		if len(ids) <= idsKept {
			v.total, v.ids = len(ids), append([]string{}, ids...)
			return v, nil
		}
	}
	columns := strings.Split(strings.ReplaceAll(strings.TrimPrefix(order(q.sort, false), " ORDER BY "), " ", ""), ",")
	for {
		from, skipped := q.from(v.before(len(v.marks) * markEvery))
		mark := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range mark {
			into[i] = &mark[i]
		}
		rows, err := d.r.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+d.searched(q)+" WHERE "+from.where+order(q.sort, q.desc)+" LIMIT 1 OFFSET ?", append(append([]any{}, from.args...), markEvery)...)
		if err != nil {
			return nil, err
		}
		found := rows.Next()
		if found {
			err = rows.Scan(into...)
		}
		if e := rows.Close(); err == nil {
			err = e
		}
		if err == nil {
			err = rows.Err()
		}
		if err != nil {
			return nil, err
		}
		if found {
			v.marks = append(v.marks, mark)
			continue
		}
		err = d.r.NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM "+d.searched(q)+" WHERE "+from.where+" LIMIT ?) AS t", append(append([]any{}, from.args...), markEvery)...).Scan(ctx, &v.total)
		v.total += skipped
		return v, err
	}
}

// before is the last mark that stands no later than a place in the list, and its own place; nil, 0: its beginning.
func (v *survey) before(place int) (mark []any, at int) {
	if v == nil || len(v.marks) == 0 || place < markEvery {
		return nil, 0
	}
	n := min(place/markEvery, len(v.marks))
	return v.marks[n-1], n * markEvery
}

// from is the part of a list that begins with the entry a mark stands at, and how many entries are before it.
func (q query) from(mark []any, at int) (query, int) {
	if mark == nil {
		return q, 0
	}
	op, columns := " >= ", strings.TrimPrefix(order(q.sort, false), " ORDER BY ")
	if q.desc {
		op = " <= "
	}
	q.where += " AND (" + columns + ")" + op + "(?" + strings.Repeat(", ?", len(mark)-1) + ")"
	q.args = append(append([]any{}, q.args...), mark...)
	return q, at
}
