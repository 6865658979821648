package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// What CallsToErase looks for.
const (
	EraseAudio = "audio" // recordings older than their environment's audio_days
	EraseWords = "text"  // what was said, older than text_days
	ToMP3      = "mp3"   // WAV recordings older than mp3_after_days
)

// CallsToErase reads calls, limit at most, whose recording or words have been kept as long as their environment wants, counted from
// their end, or whose WAV is to become an MP3; their agents' snapshots are left out. A call is no longer among them once its Recording
// is cleared, ends in .mp3, or EraseText was called.
func (d *DB) CallsToErase(ctx context.Context, what string, now time.Time, limit int) ([]parley.Call, error) {
	var environments []environmentRow
	if err := d.r.NewSelect().Model(&environments).OrderExpr("created_at, id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading environments: %w", err)
	}
	var calls []parley.Call
	for _, row := range environments {
		e, err := row.environment()
		if err != nil {
			return nil, err
		}
		if len(calls) >= limit {
			break
		}
		days, where := e.Settings.erase(what)
		if days == 0 {
			continue
		}
		var rows []callRow
		err = d.r.NewSelect().Model(&rows).Where("environment_id = ?", e.ID).Where(where).
			Where("end_at > 0 AND end_at <= ?", now.AddDate(0, 0, -days).UnixMicro()).Limit(int64(limit - len(calls))).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading calls to erase: %w", err)
		}
		for i := range rows {
			c, err := rows[i].call(d)
			if err != nil {
				return nil, err
			}
			calls = append(calls, c)
		}
	}
	return calls, nil
}

// erase is after how many days an environment wants it, and which calls still have it.
func (s Settings) erase(what string) (days int, where string) {
	switch what {
	case EraseAudio:
		return s.AudioDays, "audio <> '' AND audio IN ('wav', 'mp3')" // the first is the index's own condition
	case EraseWords:
		return s.TextDays, "has_text"
	case ToMP3:
		return s.MP3AfterDays, "audio <> '' AND audio = 'wav'"
	}
	return 0, ""
}

// EraseText erases what was said and written on a call that is over: turns, notes, actions, what was made of them, context and parameters, the agent's
// snapshot, its trace, the payloads of its events and of the jobs about it that have ended, the details of its audit. That it was made, from where to where, how it ended and how long its agent's answers took
// stays. Unknown: parley.NotFound; not over: 409.
func (d *DB) EraseText(ctx context.Context, callID string) error {
	err := d.tx(ctx, func(tx bun.Tx) error {
		row, err := d.callRow(ctx, tx, "", callID)
		if err != nil {
			return err
		}
		if row.Status != parley.Ended && row.Status != parley.Failed {
			return &parley.Error{Status: 409, Code: "running", Message: "the call is not over: end it first"}
		}
		var doc callDoc
		if err = json.Unmarshal([]byte(row.Doc), &doc); err != nil {
			return fmt.Errorf("stored call %s: %w", row.ID, err)
		}
		if doc.Spoken == nil {
			s := newSpokenDoc(doc.Turns)
			doc.Spoken = &s
		}
		doc.Turns, doc.Notes, doc.ActionHistory, doc.Context, doc.Params, doc.Sealed, doc.Collected = nil, nil, nil, nil, nil, "", nil
		doc.After = afterDoc{Run: doc.After.Run}
		b, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		row.Doc, row.HasText = string(b), false
		for _, q := range []string{
			"DELETE FROM snapshots WHERE call_id = ?",
			"DELETE FROM traces WHERE call_id = ?",
			"UPDATE events SET payload = '{}' WHERE call_id = ?",
			"UPDATE audit SET details = '{}' WHERE call_id = ?",
			"UPDATE jobs SET payload = '{}', last_error = '' WHERE subject = ? AND state IN ('done', 'dead')",
		} {
			if _, err = tx.NewRaw(q, row.ID).Exec(ctx); err != nil {
				return err
			}
		}
		_, err = tx.NewUpdate().Model(&row).WherePK().Exec(ctx)
		return err
	})
	return wrap(err, "erasing the words of a call")
}

// WordsKept says whether the words of a call are still there; of a call that is not, they are not.
func (d *DB) WordsKept(ctx context.Context, callID string) (kept bool, err error) {
	kept, err = d.r.NewSelect().TableExpr("calls").Where("id = ? AND has_text", callID).Exists(ctx)
	return kept, wrap(err, "looking for the words of a call")
}
