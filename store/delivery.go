package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// States of a delivery.
const (
	Pending   = "pending"   // to be tried at NextAt
	Delivered = "delivered" // answered with 2xx
	Failed    = "failed"    // all attempts are used up
	Dropped   = "dropped"   // the webhook is gone, or asked for no more (410)
)

// A Delivery is one event on its way to one webhook, and what came of it.
type Delivery struct {
	ID            string
	EnvironmentID string
	WebhookID     string // inline:<call id> when the webhook exists in the call's snapshot only
	CallID        string
	EventID       string
	EventType     parley.EventType
	Position      int64 // the event's
	State         string
	Attempts      int
	NextAt        time.Time
	Tries         []Try
	Created       time.Time
}

// A Try is one attempt.
type Try struct {
	At     time.Time `json:"at"`
	TookMS int64     `json:"took_ms"`
	Status int       `json:"status,omitempty"` // HTTP status, 0 when there was none
	Error  string    `json:"error,omitempty"`
}

type deliveryRow struct {
	bun.BaseModel `bun:"table:deliveries"`
	ID            string `bun:",pk"`
	EnvironmentID string
	WebhookID     string
	CallID        string
	EventID       string
	EventType     parley.EventType
	Position      int64
	State         string
	Attempts      int
	NextAt        int64
	Tries         string
	CreatedAt     int64
	UpdatedAt     int64
}

var deliveryColumns = map[string]column{
	"id": {"id", text}, "webhook_id": {"webhook_id", text}, "call_id": {"call_id", text}, "event_id": {"event_id", text},
	"event_type": {"event_type", text}, "state": {"state", text}, "attempts": {"attempts", whole}, "created_at": {"created_at", moment},
}

var deliveryShelf = shelf{table: "deliveries", columns: deliveryColumns, newestFirst: true, indexed: map[string][]string{
	"webhook_id": nil, "call_id": nil, "event_id": nil, "state": {"webhook_id", "event_type"},
}}

func (r deliveryRow) delivery() (Delivery, error) {
	d := Delivery{ID: r.ID, EnvironmentID: r.EnvironmentID, WebhookID: r.WebhookID, CallID: r.CallID, EventID: r.EventID,
		EventType: r.EventType, Position: r.Position, State: r.State, Attempts: r.Attempts, NextAt: fromMicros(r.NextAt), Created: fromMicros(r.CreatedAt)}
	if err := json.Unmarshal([]byte(r.Tries), &d.Tries); err != nil {
		return d, fmt.Errorf("stored delivery %s: %w", r.ID, err)
	}
	return d, nil
}

// Cursor is how far a tail of that name has read the event log.
func (d *DB) Cursor(ctx context.Context, name string) (int64, error) {
	var at int64
	err := d.r.NewRaw("SELECT COALESCE(MAX(position), 0) FROM cursors WHERE name = ?", name).Scan(ctx, &at)
	return at, wrap(err, "reading a cursor")
}

// deliveryRows are deliveries as they are written first; what is set of them is set in place, too.
func deliveryRows(deliveries []Delivery) []deliveryRow {
	rows := make([]deliveryRow, len(deliveries))
	at := now()
	for i := range deliveries {
		n := &deliveries[i]
		n.ID, n.State, n.Created = newID(), Pending, fromMicros(at)
		if n.NextAt.IsZero() {
			n.NextAt = n.Created
		}
		rows[i] = deliveryRow{ID: n.ID, EnvironmentID: n.EnvironmentID, WebhookID: n.WebhookID, CallID: n.CallID, EventID: n.EventID,
			EventType: n.EventType, Position: n.Position, State: Pending, NextAt: micros(n.NextAt), Tries: "[]", CreatedAt: at, UpdatedAt: at}
	}
	return rows
}

// ErrMoved is for a cursor that somebody else has moved.
var ErrMoved = errors.New("another process has read on in the event log")

// Advance writes the deliveries that come from the events of a log between two positions and moves the cursor of that name over them,
// both or neither. IDs are set in place. ErrMoved: the cursor is not where it was, and nothing is written.
func (d *DB) Advance(ctx context.Context, cursor string, from, to int64, deliveries []Delivery) error {
	rows := deliveryRows(deliveries)
	err := d.tx(ctx, func(tx bun.Tx) error {
		res, err := tx.NewRaw("INSERT INTO cursors (name, position) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position WHERE cursors.position = ?",
			cursor, to, from).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, ErrMoved)
		}
		return insertDeliveries(ctx, tx, rows)
	})
	return wrap(err, "writing deliveries")
}

// Deliver writes new deliveries. IDs are set in place.
func (d *DB) Deliver(ctx context.Context, deliveries []Delivery) error {
	return wrap(insertDeliveries(ctx, d.w, deliveryRows(deliveries)), "writing deliveries")
}

func insertDeliveries(ctx context.Context, db bun.IDB, rows []deliveryRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := db.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// FreshDeliveries reads deliveries to a webhook of which no attempt was made, in order, after the one given ("", 0: all).
func (d *DB) FreshDeliveries(ctx context.Context, webhookID string, position int64, id string, limit int) ([]Delivery, error) {
	var rows []deliveryRow
	err := d.r.NewSelect().Model(&rows).Where("state = 'pending' AND attempts = 0 AND webhook_id = ?", webhookID).
		Where("(position > ? OR (position = ? AND id > ?))", position, position, id).OrderExpr("position, id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading deliveries: %w", err)
	}
	return deliveriesOf(rows)
}

// DueDeliveries reads deliveries to a webhook that failed before and are to be tried again by a time, longest due first.
func (d *DB) DueDeliveries(ctx context.Context, webhookID string, by time.Time, limit int) ([]Delivery, error) {
	var rows []deliveryRow
	err := d.r.NewSelect().Model(&rows).Where("state = 'pending' AND attempts > 0 AND webhook_id = ? AND next_at <= ?", webhookID, by.UnixMicro()).
		OrderExpr("next_at, id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading deliveries: %w", err)
	}
	return deliveriesOf(rows)
}

// An Outstanding webhook has deliveries to be made.
type Outstanding struct {
	WebhookID string
	Fresh     int       // no attempt was made
	Retry     time.Time // when the next of the others is due, zero when there is none
}

// OutstandingWebhooks lists the webhooks that have deliveries to be made.
func (d *DB) OutstandingWebhooks(ctx context.Context) ([]Outstanding, error) {
	var rows []struct {
		WebhookID string
		Fresh     int
		Retry     int64
	}
	err := d.r.NewRaw("SELECT webhook_id, SUM(CASE WHEN attempts = 0 THEN 1 ELSE 0 END) AS fresh, "+
		"COALESCE(MIN(CASE WHEN attempts > 0 THEN next_at END), 0) AS retry FROM deliveries WHERE state = 'pending' GROUP BY webhook_id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("reading deliveries: %w", err)
	}
	l := make([]Outstanding, len(rows))
	for i, r := range rows {
		l[i] = Outstanding{r.WebhookID, r.Fresh, fromMicros(r.Retry)}
	}
	return l, nil
}

func deliveriesOf(rows []deliveryRow) ([]Delivery, error) {
	l := make([]Delivery, len(rows))
	for i, r := range rows {
		var err error
		if l[i], err = r.delivery(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// KeepDelivery writes what came of an attempt: State, Attempts, NextAt and Tries. One that was erased meanwhile stays erased, and what a
// process that stood still knows of a failure does not undo what another has made of it since.
func (d *DB) KeepDelivery(ctx context.Context, n Delivery) error {
	tries, err := json.Marshal(n.Tries)
	if err != nil {
		return err
	}
	_, err = d.w.NewRaw("UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, tries = ?, updated_at = ? WHERE id = ? AND (? = 'delivered' OR state = 'pending' AND attempts <= ?)",
		n.State, n.Attempts, micros(n.NextAt), string(tries), now(), n.ID, n.State, n.Attempts).Exec(ctx)
	return wrap(err, "writing a delivery")
}

// DropDeliveries ends what is pending for a webhook.
func (d *DB) DropDeliveries(ctx context.Context, webhookID string) error {
	_, err := d.w.NewRaw("UPDATE deliveries SET state = 'dropped', updated_at = ? WHERE state = 'pending' AND webhook_id = ?", now(), webhookID).Exec(ctx)
	return wrap(err, "dropping deliveries")
}

// Deliveries lists deliveries, newest first unless a sort_column is given. Fields to sort and filter by: id, webhook_id,
// call_id, event_id, event_type, state, attempts, created_at.
func (d *DB) Deliveries(ctx context.Context, env string, p Page) (List[Delivery], error) {
	rows, x, err := list[deliveryRow](ctx, d, deliveryShelf, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[Delivery]{}, wrap(err, "listing deliveries")
	}
	items, err := deliveriesOf(rows)
	return List[Delivery]{Items: items, Total: x.total, HasMore: x.more, Estimated: x.estimated}, err
}

// Delivery reads one; env "" is any. Unknown: parley.NotFound.
func (d *DB) Delivery(ctx context.Context, env, id string) (Delivery, error) {
	var row deliveryRow
	q := d.r.NewSelect().Model(&row).Where("id = ?", clean(id))
	if env != "" {
		q.Where("environment_id = ?", clean(env))
	}
	if err := q.Scan(ctx); err != nil {
		return Delivery{}, absent(err, "delivery")
	}
	return row.delivery()
}

// PurgeDeliveries forgets deliveries that ended before a time.
func (d *DB) PurgeDeliveries(ctx context.Context, before time.Time) error {
	_, err := d.w.NewRaw("DELETE FROM deliveries WHERE state <> 'pending' AND updated_at < ?", before.UnixMicro()).Exec(ctx)
	return wrap(err, "forgetting deliveries")
}

// Event reads one event of the log by its id, with its position. Unknown (or erased): parley.NotFound.
func (l *Log) Event(ctx context.Context, id string) (Placed, error) {
	var row eventRow
	if err := l.db.r.NewSelect().Model(&row).Where("id = ?", clean(id)).Scan(ctx); err != nil {
		return Placed{}, absent(err, "event")
	}
	return Placed{row.Position, row.event()}, nil
}
