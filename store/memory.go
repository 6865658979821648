package store

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

type memoryRow struct {
	bun.BaseModel `bun:"table:memories"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Number        string
	AgentID       string
	CallID        string
	Facts         string // a JSON list
	Summary       string
	CreatedAt     int64
	UpdatedAt     int64
}

var memoryColumns = map[string]column{
	"id": {"id", text}, "number": {"number", text}, "agent_id": {"agent_id", text}, "call_id": {"call_id", text}, "summary": {"summary", text},
	"facts": {"facts", text}, "created_at": {"created_at", moment}, "updated_at": {"updated_at", moment},
}

var memoryShelf = shelf{table: "memories", columns: memoryColumns, indexed: map[string][]string{"number": nil}}

func (r memoryRow) memory() (parley.Memory, error) {
	m := parley.Memory{ID: r.ID, UserID: r.EnvironmentID, Number: r.Number, AgentID: r.AgentID, CallID: r.CallID, Summary: r.Summary,
		Created: fromMicros(r.CreatedAt), Updated: fromMicros(r.UpdatedAt)}
	if err := json.Unmarshal([]byte(r.Facts), &m.Facts); err != nil {
		return m, fmt.Errorf("a memory's facts cannot be read: %w", err)
	}
	return m, nil
}

// Remember writes what is known of a number: all of it takes the place of what that agent, or all, knew before. ID and the times are
// set. What is too long, or of no number: parley.Invalid.
func (d *DB) Remember(ctx context.Context, m parley.Memory) (parley.Memory, error) {
	if err := checkMemory(m); err != nil {
		return m, err
	}
	facts := make([]string, 0, len(m.Facts))
	for _, f := range m.Facts {
		facts = append(facts, clean(f))
	}
	b, err := json.Marshal(facts)
	if err != nil {
		return m, fmt.Errorf("writing a memory: %w", err)
	}
	row := memoryRow{ID: newID(), EnvironmentID: clean(m.UserID), Number: clean(m.Number), AgentID: clean(m.AgentID), CallID: clean(m.CallID),
		Facts: string(b), Summary: clean(m.Summary), CreatedAt: now(), UpdatedAt: now()}
	err = d.tx(ctx, func(tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (environment_id, number, agent_id) DO UPDATE").
			Set("call_id = EXCLUDED.call_id, facts = EXCLUDED.facts, summary = EXCLUDED.summary, updated_at = EXCLUDED.updated_at").Exec(ctx)
		if err != nil {
			return err
		}
		return tx.NewSelect().Model(&row).Where("environment_id = ? AND number = ? AND agent_id = ?", row.EnvironmentID, row.Number, row.AgentID).Scan(ctx)
	})
	if err != nil {
		return m, wrap(err, "writing a memory")
	}
	return row.memory()
}

func checkMemory(m parley.Memory) error {
	switch {
	case m.Number == "":
		return parley.Invalid("number", "number is missing")
	case !parley.Memorable(m.Number):
		return parley.Invalid("number", "number must say whose it is: one that is withheld is everybody's")
	case len(m.Facts) > parley.MemoryFacts:
		return parley.Invalid("facts", fmt.Sprintf("facts may have %d entries", parley.MemoryFacts))
	case utf8.RuneCountInString(m.Summary) > parley.MemorySummary:
		return parley.Invalid("summary", fmt.Sprintf("summary may have %d characters", parley.MemorySummary))
	}
	for i, f := range m.Facts {
		if n := utf8.RuneCountInString(f); n == 0 || n > parley.MemoryFact {
			return parley.Invalid(fmt.Sprintf("facts.%d", i), fmt.Sprintf("facts.%d must have 1 to %d characters", i, parley.MemoryFact))
		}
	}
	return nil
}

// Recall reads what an agent, or with "" all agents, know of a number. Nothing: parley.NotFound.
func (d *DB) Recall(ctx context.Context, env, number, agentID string) (parley.Memory, error) {
	var row memoryRow
	err := d.r.NewSelect().Model(&row).Where("environment_id = ? AND number = ? AND agent_id = ?", clean(env), clean(number), clean(agentID)).Scan(ctx)
	if err != nil {
		return parley.Memory{}, absent(err, "memory")
	}
	return row.memory()
}

// Memories lists what is known, oldest first unless a sort_column is given. Fields to sort and filter by: id, number, agent_id, call_id, facts,
// summary, created_at, updated_at.
func (d *DB) Memories(ctx context.Context, env string, p Page) (List[parley.Memory], error) {
	rows, x, err := list[memoryRow](ctx, d, memoryShelf, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[parley.Memory]{}, wrap(err, "reading memories")
	}
	l := List[parley.Memory]{Items: make([]parley.Memory, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i, r := range rows {
		if l.Items[i], err = r.memory(); err != nil {
			return l, err
		}
	}
	return l, nil
}

// Forget erases what is known, by the id of a memory, or of a number by all agents; it returns what was erased. Nothing: parley.NotFound.
func (d *DB) Forget(ctx context.Context, env, ref string) ([]parley.Memory, error) {
	var rows []memoryRow
	err := d.tx(ctx, func(tx bun.Tx) error {
		q := tx.NewSelect().Model(&rows).Where("environment_id = ? AND (id = ? OR number = ?)", clean(env), clean(ref), clean(ref)).OrderExpr("created_at, id")
		if err := d.forUpdate(q).Scan(ctx); err != nil {
			return err
		}
		if len(rows) == 0 {
			return parley.NotFound("memory")
		}
		_, err := tx.NewDelete().Model(&rows).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, wrap(err, "erasing a memory")
	}
	gone := make([]parley.Memory, len(rows))
	for i, r := range rows {
		if gone[i], err = r.memory(); err != nil {
			return nil, err
		}
	}
	return gone, nil
}
