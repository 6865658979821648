package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

type agentRow struct {
	bun.BaseModel `bun:"table:agents"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Name          string
	Label         string
	Description   string
	Language      string
	Doc           string
	CreatedAt     int64
	UpdatedAt     int64
}

var agentColumns = map[string]column{
	"id": {"id", text}, "name": {"name", text}, "label": {"label", text}, "description": {"description", text},
	"language": {"language", text}, "created_at": {"created_at", moment}, "updated_at": {"updated_at", moment},
}

// set writes a document, its sub-resources taken out already, into its row.
func (r *agentRow) set(d *DB, doc Doc) error {
	doc["id"], doc["user_id"] = r.ID, r.EnvironmentID
	sealed, err := d.seal(doc, r.EnvironmentID, r.ID)
	if err != nil {
		return err
	}
	r.Doc, r.Name, r.Label = sealed, str(doc, "name"), str(doc, "label")
	r.Description, r.Language, r.UpdatedAt = str(doc, "description"), str(doc, "language"), now()
	return nil
}

// CreateAgent makes an agent. prompt, voice, webhook, openai_account_connection and each of actions may be an id, an object
// without id (made, and attached) or an object with id (attached; its other fields update it). All of it happens or nothing.
// The answer has the nested objects whole, with the secrets that are shown once.
func (d *DB) CreateAgent(ctx context.Context, env string, doc Doc) (Doc, error) {
	var agent Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		row := agentRow{ID: newID(), EnvironmentID: env, CreatedAt: now()}
		given, err := restore(withoutRoles(doc), nil, "")
		if err != nil {
			return err
		}
		if err = row.set(d, given.(Doc)); err != nil {
			return err
		}
		if _, err = tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		l := linker{d: d, tx: tx, env: env, agent: row.ID, made: map[string]bool{}}
		if err = l.attach(ctx, doc); err != nil {
			return err
		}
		agent, err = d.whole(ctx, tx, row, l.made)
		return err
	})
	if err != nil {
		return nil, wrap(err, "creating an agent")
	}
	return agent, nil
}

// Agent reads an agent with its nested objects whole. Unknown, or another environment's: parley.NotFound.
func (d *DB) Agent(ctx context.Context, env, id string) (Doc, error) {
	row, err := d.agentRow(ctx, d.r, env, id)
	if err != nil {
		return nil, err
	}
	return d.whole(ctx, d.r, row, nil)
}

func (d *DB) agentRow(ctx context.Context, db bun.IDB, env, id string) (row agentRow, err error) {
	err = d.find(ctx, db, &row, env, id, "agent")
	return row, err
}

// Agents lists agents with their nested objects whole, in a number of queries that does not depend on how many there are.
// Fields to sort and filter by: id, name, label, description, language, created_at, updated_at.
func (d *DB) Agents(ctx context.Context, env string, p Page) (List[Doc], error) {
	rows, x, err := list[agentRow](ctx, d, shelf{table: "agents", columns: agentColumns}, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[Doc]{}, wrap(err, "listing agents")
	}
	docs, err := d.assemble(ctx, d.r, rows)
	if err != nil {
		return List[Doc]{}, wrap(err, "listing agents")
	}
	for i := range docs {
		docs[i] = masked(docs[i], false)
	}
	return List[Doc]{Items: docs, Total: x.total, HasMore: x.more, Estimated: x.estimated}, nil
}

// UpdateAgent lays patch over an agent: fields left out and masked secrets are unchanged, null clears. A nested object
// without id edits the one that is attached (an action: makes one); with id, or an id alone, attaches that one.
func (d *DB) UpdateAgent(ctx context.Context, env, id string, patch Doc) (Doc, error) {
	var agent Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		row, err := d.agentRow(ctx, tx, env, id)
		if err != nil {
			return err
		}
		old, err := d.unseal(row.Doc, row.EnvironmentID, row.ID)
		if err != nil {
			return err
		}
		doc, err := merge(old, withoutRoles(patch))
		if err != nil {
			return err
		}
		if err = row.set(d, doc); err != nil {
			return err
		}
		if _, err = tx.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		l := linker{d: d, tx: tx, env: env, agent: row.ID, edit: true, made: map[string]bool{}}
		if err = l.attach(ctx, patch); err != nil {
			return err
		}
		agent, err = d.whole(ctx, tx, row, l.made)
		return err
	})
	if err != nil {
		return nil, wrap(err, "updating an agent")
	}
	return agent, nil
}

// DeleteAgent removes an agent and the sub-resources that were made inline for it and that no other agent shares. While a number
// rings at it: 409 in_use, naming the numbers.
func (d *DB) DeleteAgent(ctx context.Context, env, id string) (Doc, error) {
	var agent Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		row, err := d.agentRow(ctx, tx, env, id)
		if err != nil {
			return err
		}
		var numbers []string
		err = tx.NewSelect().Model((*numberRow)(nil)).Column("number").Where("inbound_agent = ?", row.ID).
			OrderExpr("number").Limit(5).Scan(ctx, &numbers)
		if err != nil {
			return err
		}
		if len(numbers) > 0 {
			return inUse("agent", "number "+strings.Join(numbers, ", "))
		}
		if agent, err = d.whole(ctx, tx, row, nil); err != nil {
			return err
		}
		if _, err = tx.NewRaw("DELETE FROM agent_links WHERE agent_id = ?", row.ID).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw("DELETE FROM resources WHERE owner_agent_id = ? AND id NOT IN (SELECT resource_id FROM agent_links)", row.ID).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewDelete().Model(&row).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, wrap(err, "deleting an agent")
	}
	return agent, nil
}

// InternalAgent reads an agent with its secrets in clear, for a call; env "" is any.
func (d *DB) InternalAgent(ctx context.Context, env, id string) (parley.Agent, error) {
	row, err := d.agentRow(ctx, d.r, env, id)
	if err != nil {
		return parley.Agent{}, err
	}
	docs, err := d.assemble(ctx, d.r, []agentRow{row})
	if err != nil {
		return parley.Agent{}, err
	}
	return d.snapshot(ctx, row.EnvironmentID, docs[0])
}

// snapshot is an agent as a call has it, its prompt with the blocks it includes.
func (d *DB) snapshot(ctx context.Context, env string, doc Doc) (parley.Agent, error) {
	a, err := decodeAgent(doc)
	if err == nil {
		err = d.include(ctx, env, &a)
	}
	return a, err
}

func decodeAgent(doc Doc) (a parley.Agent, err error) {
	b, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		return a, &parley.Error{Status: 400, Code: "invalid", Message: fmt.Sprintf("the agent is not well formed: %v", err)}
	}
	return a, nil
}

// whole is an agent with its nested objects, as the public sees it; made are the sub-resources whose secrets are shown.
func (d *DB) whole(ctx context.Context, db bun.IDB, row agentRow, made map[string]bool) (Doc, error) {
	docs, err := d.assemble(ctx, db, []agentRow{row})
	if err != nil {
		return nil, err
	}
	doc := docs[0]
	agent := masked(withoutRoles(doc), false)
	for role, r := range roles {
		switch v := doc[role].(type) {
		case Doc:
			agent[role] = masked(v, made[str(v, "id")])
		case []any:
			l := make([]any, len(v))
			for i, x := range v {
				a := x.(Doc)
				l[i] = masked(a, made[str(a, "id")])
			}
			agent[role] = l
		default:
			if _, ok := doc[role]; ok && !r.many {
				agent[role] = nil
			}
		}
	}
	return agent, nil
}

// withoutRoles is the document less its sub-resources. One that was cleared stays, as null.
func withoutRoles(doc Doc) Doc {
	doc = maps.Clone(doc)
	for role := range roles {
		if v, ok := doc[role]; ok && v != nil {
			delete(doc, role)
		}
	}
	return doc
}
