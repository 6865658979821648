package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

type callRow struct {
	bun.BaseModel `bun:"table:calls"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Status        parley.Status
	Stage         parley.Stage
	IsOutgoing    bool
	FromNumber    string
	ToNumber      string
	AgentID       string
	Telephony     string
	TelephonyID   string
	Cause         parley.Cause
	Agent         string
	Doc           string
	CreatedAt     int64
	StartAt       int64
	EndAt         int64
}

var callColumns = map[string]column{
	"id": {"id", text}, "status": {"status", text}, "stage": {"stage", text}, "is_outgoing": {"is_outgoing", yesNo},
	"from_number": {"from_number", text}, "to_number": {"to_number", text}, "agent": {"agent_id", text},
	"telephony_provider": {"telephony", text}, "telephony_id": {"telephony_id", text}, "ended_reason": {"cause", text},
	"created_at": {"created_at", moment}, "start_time": {"start_at", moment}, "end_time": {"end_at", moment},
}

// CreateCall writes a new call. Its ID and UserID must be set; Created is now when it is zero. The same ID twice: 409 exists.
func (d *DB) CreateCall(ctx context.Context, c parley.Call) error { return d.PlaceCall(ctx, c, nil) }

// PlaceCall writes a new call, its first events and the jobs that carry it out in one transaction: all or nothing. Whatever the
// jobs add to the log comes after those events.
func (d *DB) PlaceCall(ctx context.Context, c parley.Call, first []parley.Event, jobs ...Job) error {
	if c.Created.IsZero() {
		c.Created = time.Now()
	}
	row := callRow{CreatedAt: micros(c.Created)}
	err := row.set(d, c, "")
	if err == nil {
		err = d.tx(ctx, func(tx bun.Tx) error {
			res, err := tx.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx)
			if err != nil {
				return err
			}
			if n, _ := res.RowsAffected(); n == 0 {
				return &parley.Error{Status: 409, Code: "exists", Message: "there is a call with this id already"}
			}
			if err = d.log.begin(ctx, tx, c.ID, first); err != nil {
				return err
			}
			return insertJobs(ctx, tx, jobs)
		})
	}
	if err == nil && len(first) > 0 {
		d.log.tell(first)
	}
	if err == nil && len(jobs) > 0 {
		d.jobsAdded()
	}
	return wrap(err, "writing a call")
}

// Call reads a call; env "" is any. Unknown, or another environment's: parley.NotFound.
func (d *DB) Call(ctx context.Context, env, id string) (parley.Call, error) {
	row, err := d.callRow(ctx, d.r, env, id)
	if err != nil {
		return parley.Call{}, err
	}
	return row.call(d)
}

func (d *DB) callRow(ctx context.Context, db bun.IDB, env, id string) (row callRow, err error) {
	err = d.find(ctx, db, &row, env, id, "call")
	return row, err
}

// Calls lists calls, newest first unless a sort_column is given, without the snapshots of their agents. Fields to sort and filter by: id, status,
// stage, is_outgoing, from_number, to_number, agent (id), telephony_provider, telephony_id, ended_reason, created_at,
// start_time, end_time.
func (d *DB) Calls(ctx context.Context, env string, p Page) (List[parley.Call], error) {
	var rows []callRow
	q := d.r.NewSelect().Model(&rows).ExcludeColumn("agent").Where("environment_id = ?", clean(env))
	total, more, err := list(ctx, q, &rows, p, callColumns, true)
	if err != nil {
		return List[parley.Call]{}, wrap(err, "listing calls")
	}
	l := List[parley.Call]{Items: make([]parley.Call, len(rows)), Total: total, HasMore: more}
	for i := range rows {
		if l.Items[i], err = rows[i].call(d); err != nil {
			return List[parley.Call]{}, err
		}
	}
	return l, nil
}

// UpdateCall changes a call: it is read, change is called, and it is written, with nobody in between. change may run again;
// its error ends the update and is returned as it is. ID, UserID and Created do not change. Unknown: parley.NotFound.
func (d *DB) UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error {
	var refused error
	err := d.tx(ctx, func(tx bun.Tx) error {
		row, err := d.callRow(ctx, tx, "", id)
		if err != nil {
			return err
		}
		refused = d.changeCall(ctx, tx, row, change)
		return refused
	})
	if refused != nil {
		return refused
	}
	return wrap(err, "updating a call")
}

func (d *DB) changeCall(ctx context.Context, tx bun.Tx, row callRow, change func(*parley.Call) error) error {
	c, err := row.call(d)
	if err != nil {
		return err
	}
	snapshot := string(c.Agent)
	if err = change(&c); err != nil {
		return err
	}
	c.ID, c.UserID = row.ID, row.EnvironmentID
	q := tx.NewUpdate().Model(&row).WherePK()
	kept := ""
	if string(c.Agent) == snapshot {
		kept = row.Agent
		q.ExcludeColumn("agent") // it is most of the row, and hardly ever changes
	}
	if err = row.set(d, c, kept); err != nil {
		return err
	}
	_, err = q.Exec(ctx)
	return wrap(err, "updating a call")
}

// DeleteCall erases a call and its events and returns what it was; its recording is the caller's to delete.
func (d *DB) DeleteCall(ctx context.Context, env, id string) (c parley.Call, err error) {
	err = d.tx(ctx, func(tx bun.Tx) error {
		row, err := d.callRow(ctx, tx, env, id)
		if err != nil {
			return err
		}
		if c, err = row.call(d); err != nil {
			return err
		}
		for _, table := range []string{"events", "deliveries"} {
			if _, err = tx.NewRaw("DELETE FROM ? WHERE call_id = ?", bun.Ident(table), row.ID).Exec(ctx); err != nil {
				return err
			}
		}
		_, err = tx.NewDelete().Model(&row).WherePK().Exec(ctx)
		return err
	})
	return c, wrap(err, "deleting a call")
}

// CountRunning is how many calls of the environment are in progress.
func (d *DB) CountRunning(ctx context.Context, env string) (int, error) {
	n, err := d.r.NewSelect().Model((*callRow)(nil)).Where("environment_id = ? AND status = ?", clean(env), parley.InProgress).Count(ctx)
	return int(n), wrap(err, "counting calls")
}

// set writes a call into its row; sealedAgent is the snapshot as it is stored already, "" when it has to be sealed.
func (r *callRow) set(d *DB, c parley.Call, sealedAgent string) error {
	r.ID, r.EnvironmentID, r.Status, r.Stage = c.ID, c.UserID, c.Status, c.Stage
	r.IsOutgoing, r.FromNumber, r.ToNumber = c.IsOutgoing, clean(c.From), clean(c.To)
	r.AgentID, r.Telephony, r.TelephonyID = clean(c.AgentID), clean(c.Telephony), clean(c.TelephonyID)
	r.Cause, r.StartAt, r.EndAt = c.Cause, micros(c.Start), micros(c.End)
	r.Agent = sealedAgent
	if sealedAgent == "" && len(c.Agent) > 0 {
		var err error
		if r.Agent, err = d.sealJSON(c.Agent, c.UserID, c.ID); err != nil {
			return fmt.Errorf("the agent of call %s: %w", c.ID, err)
		}
	}
	b, err := json.Marshal(newCallDoc(c))
	r.Doc = string(b)
	return err
}

func (r *callRow) call(d *DB) (parley.Call, error) {
	var doc callDoc
	if err := json.Unmarshal([]byte(r.Doc), &doc); err != nil {
		return parley.Call{}, fmt.Errorf("stored call %s: %w", r.ID, err)
	}
	c := doc.call()
	c.ID, c.UserID, c.Status, c.Stage = r.ID, r.EnvironmentID, r.Status, r.Stage
	c.IsOutgoing, c.From, c.To = r.IsOutgoing, r.FromNumber, r.ToNumber
	c.AgentID, c.Telephony, c.TelephonyID = r.AgentID, r.Telephony, r.TelephonyID
	c.Cause, c.Created, c.Start, c.End = r.Cause, fromMicros(r.CreatedAt), fromMicros(r.StartAt), fromMicros(r.EndAt)
	if r.Agent != "" {
		var err error
		if c.Agent, err = d.unsealJSON(r.Agent, r.EnvironmentID, r.ID); err != nil {
			return parley.Call{}, err
		}
	}
	return c, nil
}

// sealJSON seals the secrets in a JSON object; one that has none is kept byte by byte.
func (d *DB) sealJSON(raw json.RawMessage, env, id string) (string, error) {
	found := strings.Contains(string(raw), "sealed:")
	for name := range secretFields {
		found = found || strings.Contains(string(raw), `"`+name+`"`)
	}
	if !found {
		if !json.Valid(raw) {
			return "", fmt.Errorf("not JSON")
		}
		return string(raw), nil
	}
	var doc Doc
	if err := json.Unmarshal(raw, &doc); err != nil {
		return "", err
	}
	return d.seal(doc, env, id)
}

func (d *DB) unsealJSON(row, env, id string) (json.RawMessage, error) {
	if !strings.Contains(row, `"sealed:`) {
		return json.RawMessage(row), nil
	}
	doc, err := d.unseal(row, env, id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(doc)
}
