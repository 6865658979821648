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
	CreatedAt     int64
	StartAt       int64
	EndAt         int64
	callMarks
	callFacts
	Doc string

	Agent  string `bun:",scanonly"` // the snapshot as it is stored, when it was asked for
	spoken *spokenDoc
}

// callMarks are what the store looks calls up by for its own work.
type callMarks struct {
	Queued  bool   // is in table waiting
	Slot    bool   // counts towards the environment's maximum
	Audio   string // how the recording is kept: wav, mp3; "" when there is none
	HasText bool   // until its words are erased
	Node    string // in which it runs, or ran
}

var callColumns = map[string]column{
	"id": {"id", text}, "status": {"status", text}, "stage": {"stage", text}, "is_outgoing": {"is_outgoing", yesNo},
	"from_number": {"from_number", text}, "to_number": {"to_number", text}, "agent": {"agent_id", text},
	"telephony_provider": {"telephony", text}, "telephony_id": {"telephony_id", text}, "ended_reason": {"cause", text},
	"created_at": {"created_at", moment}, "start_time": {"start_at", moment}, "end_time": {"end_at", moment},
	"heard_latency_p50": {"latency_p50", millis}, "heard_latency_p95": {"latency_p95", millis}, "interruptions": {"interruptions", whole}, "cost": {"cost", money},
	"hearing_vendor": {"vendors", hearingVendor}, "thinking_vendor": {"vendors", thinkingVendor}, "speaking_vendor": {"vendors", speakingVendor},
}

var callShelf = shelf{table: "calls", columns: callColumns, newestFirst: true, whole: "calls_list", indexed: map[string][]string{
	"created_at": {"status", "stage", "is_outgoing", "from_number", "to_number", "agent_id", "telephony", "cause", "start_at", "end_at",
		"latency_p50", "latency_p95", "interruptions", "cost", "vendors"},
	"status": {"cause", "agent_id", "is_outgoing"}, "agent_id": {"status", "cause", "is_outgoing"}, "cause": {"status", "agent_id", "is_outgoing"},
	"to_number": nil, "from_number": nil, "telephony_id": nil, "start_at": {"end_at"}, "end_at": nil,
}}

// CreateCall writes a new call. Its ID and UserID must be set; Created is now when it is zero. The same ID twice: 409 exists.
func (d *DB) CreateCall(ctx context.Context, c parley.Call) error { return d.PlaceCall(ctx, c, nil) }

// PlaceCall writes a new call, its first events and the jobs that carry it out in one transaction: all or nothing. Whatever the
// jobs add to the log comes after those events.
func (d *DB) PlaceCall(ctx context.Context, c parley.Call, first []parley.Event, jobs ...Job) error {
	if c.Created.IsZero() {
		c.Created = time.Now()
	}
	c.Queued = c.Queued && c.Status == parley.NotStarted
	row := callRow{CreatedAt: micros(c.Created), callMarks: callMarks{HasText: true}}
	err := row.set(d, c)
	if err == nil {
		row.Agent, err = d.sealAgent(c)
	}
	if err == nil {
		err = d.tx(ctx, func(tx bun.Tx) error { return d.insertCall(ctx, tx, &row, c, first, jobs) })
	}
	if err != nil {
		return wrap(err, "writing a call")
	}
	if len(first) > 0 {
		d.log.tell(first)
	}
	if row.Queued {
		d.slotsFreed()
	} else if len(jobs) > 0 {
		d.jobsAdded()
	}
	return nil
}

func (d *DB) insertCall(ctx context.Context, tx bun.Tx, row *callRow, c parley.Call, first []parley.Event, jobs []Job) error {
	if row.Slot {
		r, err := d.room(ctx, tx, row.EnvironmentID)
		if err == nil {
			err = r.refuse(row.IsOutgoing)
		}
		if err != nil {
			return err
		}
	}
	if c.Pool != nil && row.Slot {
		if err := d.placed(ctx, tx, row, &c, first); err != nil {
			return err
		}
	}
	is, err := row.tally()
	if err == nil {
		row.callFacts, err = is.facts()
	}
	if err != nil {
		return err
	}
	res, err := tx.NewInsert().Model(row).On("CONFLICT (id) DO NOTHING").Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return &parley.Error{Status: 409, Code: "exists", Message: "there is a call with this id already"}
	}
	if err = keepSnapshot(ctx, tx, row.ID, row.Agent); err != nil {
		return err
	}
	if over(row.Status) {
		if err = d.toTell(ctx, tx, row.ID); err != nil {
			return err
		}
		if err = d.recount(ctx, tx, row, nil, is); err != nil {
			return err
		}
	}
	if err = d.log.begin(ctx, tx, c.ID, first); err != nil {
		return err
	}
	if row.Queued {
		return wait(ctx, tx, c, jobs)
	}
	return insertJobs(ctx, tx, d.dispatch(jobs))
}

// Call reads a call; env "" is any. Unknown, or another environment's: parley.NotFound.
func (d *DB) Call(ctx context.Context, env, id string) (parley.Call, error) {
	row, err := d.callRow(ctx, d.r, env, id)
	if err != nil {
		return parley.Call{}, err
	}
	return row.call(d)
}

// callRow reads a call and its snapshot; in a transaction it stays as it is until the end.
func (d *DB) callRow(ctx context.Context, db bun.IDB, env, id string) (row callRow, err error) {
	q := selectCalls(db, &row).Where("id = ?", clean(id))
	if env != "" {
		q.Where("environment_id = ?", clean(env))
	}
	if _, inTx := db.(bun.Tx); inTx {
		q = d.forUpdate(q)
	}
	if err = q.Scan(ctx); err != nil {
		return row, absent(err, "call")
	}
	return row, nil
}

// selectCalls reads rows with the snapshots of their agents.
func selectCalls(db bun.IDB, into any) *bun.SelectQuery {
	return db.NewSelect().Model(into).ColumnExpr("call_row.*").
		ColumnExpr("COALESCE((SELECT agent FROM snapshots WHERE call_id = call_row.id), '') AS agent")
}

// Calls lists calls, newest first unless a sort_column is given, without the snapshots of their agents. Fields to sort and filter by: id, status,
// stage, is_outgoing, from_number, to_number, agent (id), telephony_provider, telephony_id, ended_reason, created_at,
// start_time, end_time; and of calls that are over heard_latency_p50 and _p95 (milliseconds), interruptions, cost, hearing_vendor, thinking_vendor and
// speaking_vendor, which is each that had a part in an answer.
func (d *DB) Calls(ctx context.Context, env string, p Page) (List[parley.Call], error) {
	rows, x, err := list[callRow](ctx, d, callShelf, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[parley.Call]{}, wrap(err, "listing calls")
	}
	l := List[parley.Call]{Items: make([]parley.Call, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i := range rows {
		if l.Items[i], err = rows[i].call(d); err != nil {
			return List[parley.Call]{}, err
		}
	}
	return l, nil
}

// UpdateCall changes a call: it is read, change is called, and it is written, with nobody in between. change may run again;
// its error ends the update and is returned as it is. ID, UserID and Created do not change. A queued call that is ended leaves the
// queue with its jobs; nothing else but Admit takes one out. A private call that is over is
// sealed, whoever ended it. Unknown: parley.NotFound.
func (d *DB) UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error {
	return d.updateCall(ctx, d.tx, id, change)
}

// UpdateCallSynced is UpdateCall whose change is on the disk when it returns, even if the power fails right after.
func (d *DB) UpdateCallSynced(ctx context.Context, id string, change func(*parley.Call) error) error {
	return d.updateCall(ctx, d.synced, id, change)
}

func (d *DB) updateCall(ctx context.Context, within func(context.Context, func(bun.Tx) error) error, id string, change func(*parley.Call) error) error {
	var refused error
	var freed bool
	err := within(ctx, func(tx bun.Tx) error {
		row, err := d.callRow(ctx, tx, "", id)
		if err != nil {
			return err
		}
		queued := row.Queued
		freed, refused = d.changeCall(ctx, tx, row, func(c *parley.Call) error {
			err := change(c)
			c.Queued = queued && c.Status == parley.NotStarted
			return err
		})
		return refused
	})
	if refused != nil {
		return refused
	}
	if freed && err == nil {
		d.slotsFreed()
	}
	return wrap(err, "updating a call")
}

// changeCall changes a call within a transaction that holds its row; freed says that it gave back a slot.
func (d *DB) changeCall(ctx context.Context, tx bun.Tx, row callRow, change func(*parley.Call) error) (freed bool, err error) {
	held, queued, ended := row.Slot, row.Queued, over(row.Status)
	was, err := row.tally()
	if err != nil {
		return false, err
	}
	c, err := row.call(d)
	if err != nil {
		return false, err
	}
	snapshot, private := string(c.Agent), c.Private
	if err = change(&c); err != nil {
		return false, err
	}
	c.Seal()
	c.ID, c.UserID = row.ID, row.EnvironmentID
	if err = row.set(d, c); err != nil {
		return false, err
	}
	if string(c.Agent) != snapshot || c.Private != private {
		if row.Agent, err = d.sealAgent(c); err == nil {
			err = keepSnapshot(ctx, tx, row.ID, row.Agent)
		}
		if err != nil {
			return false, wrap(err, "updating a call")
		}
	}
	if !ended && over(row.Status) {
		if err = d.toTell(ctx, tx, row.ID); err != nil {
			return false, wrap(err, "updating a call")
		}
	}
	if queued && !row.Queued {
		if _, err = tx.NewRaw("DELETE FROM waiting WHERE call_id = ?", row.ID).Exec(ctx); err != nil {
			return false, wrap(err, "updating a call")
		}
	}
	is, err := row.tally()
	if err == nil {
		row.callFacts, err = is.facts()
	}
	if err == nil {
		err = d.recount(ctx, tx, &row, was, is)
	}
	if err == nil {
		_, err = tx.NewUpdate().Model(&row).WherePK().Exec(ctx)
	}
	return held && !row.Slot, wrap(err, "updating a call")
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
		was, err := row.tally()
		if err == nil {
			err = d.recount(ctx, tx, &row, was, nil)
		}
		if err != nil {
			return err
		}
		for _, table := range []string{"events", "deliveries", "snapshots", "waiting", "untold", "traces", "audit"} {
			if _, err = tx.NewRaw("DELETE FROM ? WHERE call_id = ?", bun.Ident(table), row.ID).Exec(ctx); err != nil {
				return err
			}
		}
		_, err = tx.NewDelete().Model(&row).WherePK().Exec(ctx)
		return err
	})
	if err == nil {
		d.slotsFreed()
	}
	return c, wrap(err, "deleting a call")
}

// CountRunning is how many calls of the environment are in progress.
func (d *DB) CountRunning(ctx context.Context, env string) (int, error) {
	n, err := d.r.NewSelect().Model((*callRow)(nil)).Where("environment_id = ? AND status = ?", clean(env), parley.InProgress).Count(ctx)
	return int(n), wrap(err, "counting calls")
}

// maxSearched is how much of a text that a stranger sends is kept where calls are searched: an index entry has to fit on a page.
const maxSearched = 512

func searched(s string) string {
	if len(s) > maxSearched {
		s = s[:maxSearched]
	}
	return clean(s)
}

// set writes a call, but for the snapshot of its agent, into its row.
func (r *callRow) set(d *DB, c parley.Call) error {
	r.ID, r.EnvironmentID, r.Status, r.Stage = c.ID, c.UserID, c.Status, c.Stage
	r.IsOutgoing, r.FromNumber, r.ToNumber = c.IsOutgoing, searched(c.From), searched(c.To)
	r.AgentID, r.Telephony, r.TelephonyID = clean(c.AgentID), clean(c.Telephony), searched(c.TelephonyID)
	r.Cause, r.StartAt, r.EndAt = c.Cause, micros(c.Start), micros(c.End)
	if c.Status == parley.InProgress && r.Node == "" {
		r.Node = d.node
	}
	r.Queued, r.Slot, r.Audio = c.Queued, holdsSlot(c), audioForm(c.Recording)
	doc := newCallDoc(c)
	doc.Spoken = r.spoken
	if c.Private && len(c.Context) > 0 {
		b, err := json.Marshal(c.Context)
		if err != nil {
			return err
		}
		doc.Context, doc.Sealed = nil, d.key.Seal(b, c.UserID, c.ID, "context")
	}
	b, err := json.Marshal(doc)
	r.Doc = string(b)
	return err
}

// audioForm is how a recording of that name is kept.
func audioForm(name string) string {
	switch {
	case name == "":
		return ""
	case strings.HasSuffix(name, ".mp3"):
		return "mp3"
	}
	return "wav"
}

func (r *callRow) call(d *DB) (parley.Call, error) {
	var doc callDoc
	if err := json.Unmarshal([]byte(r.Doc), &doc); err != nil {
		return parley.Call{}, fmt.Errorf("stored call %s: %w", r.ID, err)
	}
	c := doc.call()
	r.spoken = doc.Spoken
	if doc.Sealed != "" {
		b, err := d.key.Open(doc.Sealed, r.EnvironmentID, r.ID, "context")
		if err == nil {
			err = json.Unmarshal(b, &c.Context)
		}
		if err != nil {
			return parley.Call{}, fmt.Errorf("stored call %s, context: %w", r.ID, err)
		}
	}
	c.Queued = r.Queued
	c.ID, c.UserID, c.Status, c.Stage = r.ID, r.EnvironmentID, r.Status, r.Stage
	c.IsOutgoing, c.From, c.To = r.IsOutgoing, r.FromNumber, r.ToNumber
	c.AgentID, c.Telephony, c.TelephonyID = r.AgentID, r.Telephony, r.TelephonyID
	c.Cause, c.Created, c.Start, c.End = r.Cause, fromMicros(r.CreatedAt), fromMicros(r.StartAt), fromMicros(r.EndAt)
	var err error
	c.Agent, err = d.openAgent(*r)
	return c, err
}
