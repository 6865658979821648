package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
	phone "github.com/parley-voice/parley/number"
)

// A pacing is how often a number may be called from, and whom it is for; of its config.
type pacing struct {
	PerMinute int    `json:"max_calls_per_minute"` // 0: any number
	PerDay    int    `json:"max_calls_per_day"`
	Presence  string `json:"local_presence"` // country, area_code: it is for those who share that with it
}

// on says whether calls from the number are counted.
func (p pacing) on() bool { return p.PerMinute > 0 || p.PerDay > 0 }

type useRow struct {
	bun.BaseModel `bun:"table:number_calls"`
	NumberID      string `bun:",pk"`
	At            int64  `bun:",pk"`
}

type tagRow struct {
	bun.BaseModel `bun:"table:number_tags"`
	EnvironmentID string `bun:",pk"`
	Tag           string `bun:",pk"`
	NumberID      string `bun:",pk"`
}

// pooled is what of a number's document matters to pools.
type pooled struct {
	Connection string `json:"telephony_account_connection"`
	Status     string `json:"carrier_status"`
	Routing    bool   `json:"is_routing_number"`
	Tags       []any  `json:"tags"`
	Config     pacing `json:"config"`
}

// pooled reads what it can: contract and API check the rest.
func (r *numberRow) pooled() (p pooled) {
	_ = json.Unmarshal([]byte(r.Doc), &p)
	return p
}

// errBusy says that no number of a pool is free.
var errBusy = errors.New("no number is free")

// hold lets nobody else pick a number of an environment until the transaction ends. SQLite has one writer anyway.
func (d *DB) hold(ctx context.Context, tx bun.Tx, env string) error {
	if !d.pg {
		return nil
	}
	var id string
	if err := tx.NewSelect().Model((*environmentRow)(nil)).Column("id").Where("id = ?", clean(env)).For("NO KEY UPDATE").Scan(ctx, &id); err != nil {
		return absent(err, "environment")
	}
	return nil
}

// pick gives a call the number of its pool that it is made from, and the account that the number is linked with: of those that are free the
// one that is nearest to who is called, where its local_presence asks for that, and of these the one that was called from longest ago. None
// is free: errBusy, and when the first will be. There is none at all: 400.
func (d *DB) pick(ctx context.Context, tx bun.Tx, c *parley.Call) (free time.Time, err error) {
	if err = d.hold(ctx, tx, c.UserID); err != nil {
		return free, err
	}
	rows, err := d.members(ctx, tx, c)
	if err != nil {
		return free, err
	}
	at := now()
	var best *numberRow
	var bestPool pooled
	last, next, near := int64(0), int64(0), -1
	for i := range rows {
		r := &rows[i]
		p := r.pooled()
		if !carriesFrom(c.Pool, p) {
			continue
		}
		last = max(last, r.LastCallAt)
		if r.FreeAt > at {
			if next == 0 || r.FreeAt < next {
				next = r.FreeAt
			}
			continue
		}
		if n := nearness(p.Config.Presence, r.Number, c.To); best == nil || n > near || n == near && r.LastCallAt < best.LastCallAt {
			best, bestPool, near = r, p, n
		}
	}
	switch {
	case best == nil && next > 0:
		return fromMicros(next), errBusy
	case best == nil && c.Pool.Tag != "":
		return free, parley.Invalid("from_tag", "from_tag: no active number that could make the call has the tag "+c.Pool.Tag)
	case best == nil:
		return free, nil // a number that was let go meanwhile has no pacing
	}
	at = max(at, last+1)
	if err = d.use(ctx, tx, best, bestPool.Config, at); err != nil {
		return free, err
	}
	c.From = best.Number
	if c.Pool.Tag != "" {
		c.TrunkID = cmp.Or(bestPool.Connection, c.Pool.Trunk)
	}
	return free, nil
}

// members are the numbers that a pool may have, least recently called from first.
func (d *DB) members(ctx context.Context, tx bun.Tx, c *parley.Call) (rows []numberRow, err error) {
	q := tx.NewSelect().Model(&rows).Where("environment_id = ?", c.UserID).OrderExpr("last_call_at, id")
	if c.Pool.Tag != "" {
		q.Where("active AND id IN (SELECT number_id FROM number_tags WHERE environment_id = ? AND tag = ?)", c.UserID, clean(c.Pool.Tag))
	} else {
		q.Where("number = ?", clean(c.Pool.Number))
	}
	return rows, q.Scan(ctx)
}

// carriesFrom reports whether a pool's call may be made from a number.
func carriesFrom(pool *parley.Pool, p pooled) bool {
	switch {
	case pool.Tag == "":
		return true
	case p.Routing:
		return false
	case pool.Direct():
		return true
	case p.Connection == "":
		return pool.Trunk != ""
	}
	return slices.Contains(pool.Trunks, p.Connection)
}

// nearness is how much a number that is for its neighbours has in common with whom it calls.
func nearness(presence, from, to string) int {
	if presence == "" || phone.Region(from) == "" || phone.Region(from) != phone.Region(to) {
		return 0
	}
	if area := phone.Area(from); presence == "area_code" && area != "" && area == phone.Area(to) {
		return 2
	}
	return 1
}

// use writes that a number is called from.
func (d *DB) use(ctx context.Context, tx bun.Tx, r *numberRow, p pacing, at int64) (err error) {
	r.LastCallAt, r.FreeAt = at, 0
	if p.on() {
		if _, err = tx.NewInsert().Model(&useRow{NumberID: r.ID, At: at}).Exec(ctx); err != nil {
			return err
		}
		if _, err = tx.NewDelete().Model((*useRow)(nil)).Where("number_id = ? AND at <= ?", r.ID, at-day.Microseconds()).Exec(ctx); err != nil {
			return err
		}
		if r.FreeAt, err = freeAgain(ctx, tx, r.ID, p, at); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model(r).Column("last_call_at", "free_at").WherePK().Exec(ctx)
	return err
}

const day = 24 * time.Hour

// freeAgain is when a number may be called from again; 0: now.
func freeAgain(ctx context.Context, tx bun.Tx, id string, p pacing, at int64) (free int64, err error) {
	for _, limit := range []struct {
		most   int
		within time.Duration
	}{{p.PerMinute, time.Minute}, {p.PerDay, day}} {
		if limit.most <= 0 {
			continue
		}
		var rows []useRow
		err = tx.NewSelect().Model(&rows).Where("number_id = ?", id).OrderExpr("at DESC").Offset(int64(limit.most - 1)).Limit(1).Scan(ctx)
		if err != nil {
			return 0, err
		}
		if len(rows) > 0 && rows[0].At+limit.within.Microseconds() > at {
			free = max(free, rows[0].At+limit.within.Microseconds())
		}
	}
	return free, nil
}

// tagged writes a number's tags, and what its pacing makes of the calls that it has made.
func (d *DB) tagged(ctx context.Context, tx bun.Tx, r *numberRow) (err error) {
	p := r.pooled()
	if _, err = tx.NewDelete().Model((*tagRow)(nil)).Where("number_id = ?", r.ID).Exec(ctx); err != nil {
		return err
	}
	var tags []string
	for _, t := range p.Tags {
		if s, ok := t.(string); ok && s != "" && !slices.Contains(tags, s) {
			tags = append(tags, s)
			if _, err = tx.NewInsert().Model(&tagRow{EnvironmentID: r.EnvironmentID, Tag: s, NumberID: r.ID}).Exec(ctx); err != nil {
				return err
			}
		}
	}
	if r.FreeAt, err = freeAgain(ctx, tx, r.ID, p.Config, now()); err != nil {
		return err
	}
	if _, err = tx.NewUpdate().Model(r).Column("free_at").WherePK().Exec(ctx); err != nil {
		return err
	}
	return nil
}

// roused has calls that wait for a pool look again: a number of theirs may be free. Whoever calls it holds the environment.
func (d *DB) roused(ctx context.Context, tx bun.Tx, env string) error {
	_, err := tx.NewRaw("UPDATE waiting SET due_at = since WHERE call_id IN ("+d.unlocked("environment_id = ? AND pool <> '' AND due_at > since")+")", env).Exec(ctx)
	return err
}

// postponed has the due calls that wait for a pool wait until a number of it is free.
func (d *DB) postponed(ctx context.Context, tx bun.Tx, w waitingRow, free time.Time) error {
	_, err := tx.NewRaw("UPDATE waiting SET due_at = ? WHERE call_id IN ("+d.unlocked("environment_id = ? AND pool = ? AND due_at <= ?")+")", micros(free), w.EnvironmentID, w.Pool, now()).Exec(ctx)
	return err
}

// unlocked selects waiting calls; those that somebody just takes out of the queue are left alone, and not waited for, so that nobody waits
// for us meanwhile.
func (d *DB) unlocked(where string) string {
	q := "SELECT call_id FROM waiting WHERE " + where
	if d.pg {
		q += " FOR UPDATE SKIP LOCKED"
	}
	return q
}

// PoolTrunks are the account connections that the active numbers with a tag are linked with, and one number of each; "" is of those that
// are with none.
func (d *DB) PoolTrunks(ctx context.Context, env, tag string) (map[string]string, error) {
	var rows []numberRow
	err := d.r.NewSelect().Model(&rows).Column("number", "doc").Where("environment_id = ? AND active AND id IN (SELECT number_id FROM number_tags WHERE environment_id = ? AND tag = ?)",
		clean(env), clean(env), clean(tag)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the numbers of a tag: %w", err)
	}
	by := map[string]string{}
	for i := range rows {
		if p := rows[i].pooled(); !p.Routing {
			by[p.Connection] = rows[i].Number
		}
	}
	return by, nil
}

// poolOf is which pool a queued call waits for; "" none.
func poolOf(c parley.Call) string {
	if c.Pool == nil {
		return ""
	}
	b, _ := json.Marshal(c.Pool) // texts
	return string(b)
}

// placed picks the number of a call that is not to wait, and writes it into its row and its first events.
func (d *DB) placed(ctx context.Context, tx bun.Tx, row *callRow, c *parley.Call, first []parley.Event) error {
	free, err := d.pick(ctx, tx, c)
	if errors.Is(err, errBusy) {
		field, what := "from_number", "from_number: "+c.Pool.Number+" has"
		if c.Pool.Tag != "" {
			field, what = "from_tag", "from_tag: all numbers with the tag "+c.Pool.Tag+" have"
		}
		return &parley.Error{Status: 429, Code: "numbers_busy", Field: field, RetryAfter: max(time.Until(free), time.Second),
			Message: what + " made as many calls as their config lets them (max_calls_per_minute, max_calls_per_day); queue: true waits for one"}
	}
	if err != nil {
		return err
	}
	for i, e := range first {
		var payload map[string]any
		if e.Type == parley.EventCreated && json.Unmarshal(e.Payload, &payload) == nil && payload != nil {
			payload["from_number"] = c.From
			if b, err := json.Marshal(payload); err == nil {
				first[i].Payload = b
			}
		}
	}
	snapshot := row.Agent
	if err = row.set(d, *c); err != nil {
		return err
	}
	row.Agent = snapshot
	return nil
}
