package store

import (
	"context"
	"fmt"
	"maps"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// An agent's fields that name sub-resources, and of which kind.
var roles = map[string]struct {
	kind Kind
	many bool
}{
	"prompt":                    {Prompts, false},
	"voice":                     {Voices, false},
	"actions":                   {Actions, true},
	"webhook":                   {Webhooks, false},
	"openai_account_connection": {AccountConnections, false},
}

type linkRow struct {
	bun.BaseModel `bun:"table:agent_links"`
	AgentID       string `bun:",pk"`
	Role          string `bun:",pk"`
	Place         int    `bun:",pk"`
	ResourceID    string
}

// A linker attaches sub-resources to one agent within a transaction.
type linker struct {
	d          *DB
	tx         bun.Tx
	env, agent string
	edit       bool            // an object without id edits what is attached
	made       map[string]bool // the sub-resources it made
}

// maxActions is the most sub-resources one field of an agent may have.
const maxActions = 200

// attach carries out what a body says of the agent's sub-resources; fields it does not name stay as they are.
func (l *linker) attach(ctx context.Context, doc Doc) error {
	for role, r := range roles {
		v, ok := doc[role]
		if !ok {
			continue
		}
		var ids []string
		switch v := v.(type) {
		case nil:
		case []any:
			if !r.many {
				return parley.Invalid(role, role+" must be an id or an object")
			}
			if len(v) > maxActions {
				return parley.Invalid(role, fmt.Sprintf("%s may have %d entries", role, maxActions))
			}
			for i, x := range v {
				id, err := l.resolve(ctx, r.kind, role, fmt.Sprintf("%s.%d", role, i), x)
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
		default:
			if r.many {
				return parley.Invalid(role, role+" must be a list of ids or objects")
			}
			id, err := l.resolve(ctx, r.kind, role, role, v)
			if err != nil {
				return err
			}
			ids = []string{id}
		}
		if err := l.link(ctx, role, ids); err != nil {
			return err
		}
	}
	return nil
}

// resolve turns an id or an inline object into the id of a sub-resource, making or updating it.
func (l *linker) resolve(ctx context.Context, k Kind, role, field string, v any) (string, error) {
	switch v := v.(type) {
	case string:
		if _, err := l.d.resourceRow(ctx, l.tx, l.env, k, v); err != nil {
			return "", named(err, field)
		}
		return v, nil
	case map[string]any:
		id := str(v, "id")
		if id == "" && l.edit && !roles[role].many {
			var attached []string
			err := l.tx.NewSelect().Model((*linkRow)(nil)).Column("resource_id").
				Where("agent_id = ? AND role = ?", l.agent, role).Scan(ctx, &attached)
			if err != nil {
				return "", err
			}
			if len(attached) == 1 {
				id = attached[0]
			}
		}
		if id != "" {
			_, err := l.d.updateResource(ctx, l.tx, l.env, k, id, v)
			return id, named(err, field)
		}
		doc, err := l.d.insertResource(ctx, l.tx, l.env, k, l.agent, v)
		if err != nil {
			return "", named(err, field)
		}
		id = str(doc, "id")
		l.made[id] = true
		return id, nil
	}
	return "", parley.Invalid(field, field+" must be an id or an object")
}

// named puts the field of the agent before the one an error names.
func named(err error, field string) error {
	e, ok := err.(*parley.Error)
	if !ok {
		return err
	}
	n := *e
	n.Message = field + ": " + e.Message
	n.Field = field
	if e.Field != "" {
		n.Field = field + "." + e.Field
	}
	return &n
}

func (l *linker) link(ctx context.Context, role string, ids []string) error {
	_, err := l.tx.NewRaw("DELETE FROM agent_links WHERE agent_id = ? AND role = ?", l.agent, role).Exec(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	rows := make([]linkRow, len(ids))
	for i, id := range ids {
		rows[i] = linkRow{AgentID: l.agent, Role: role, Place: i, ResourceID: id}
	}
	_, err = l.tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// assemble gives the agents with their nested objects, in clear, with two queries for all of them.
func (d *DB) assemble(ctx context.Context, db bun.IDB, rows []agentRow) ([]Doc, error) {
	if len(rows) == 0 {
		return []Doc{}, nil
	}
	docs := make([]Doc, len(rows))
	byID := make(map[string]Doc, len(rows))
	ids := make([]string, len(rows))
	for i, r := range rows {
		doc, err := d.unseal(r.Doc, r.EnvironmentID, r.ID)
		if err != nil {
			return nil, err
		}
		if _, ok := doc["actions"]; !ok {
			doc["actions"] = []any{}
		}
		docs[i], byID[r.ID], ids[i] = doc, doc, r.ID
	}
	var links []linkRow
	err := db.NewSelect().Model(&links).Where("agent_id IN ?", bun.Tuple(ids)).OrderExpr("agent_id, role, place").Scan(ctx)
	if err != nil || len(links) == 0 {
		return docs, err
	}
	resources, err := d.linked(ctx, db, links)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		agent, sub := byID[l.AgentID], maps.Clone(resources[l.ResourceID])
		if sub == nil || agent == nil {
			continue
		}
		if !roles[l.Role].many {
			agent[l.Role] = sub
			continue
		}
		list, _ := agent[l.Role].([]any)
		agent[l.Role] = append(list, sub)
	}
	return docs, nil
}

func (d *DB) linked(ctx context.Context, db bun.IDB, links []linkRow) (map[string]Doc, error) {
	ids := make([]string, 0, len(links))
	seen := map[string]bool{}
	for _, l := range links {
		if !seen[l.ResourceID] {
			seen[l.ResourceID] = true
			ids = append(ids, l.ResourceID)
		}
	}
	var rows []resourceRow
	if err := db.NewSelect().Model(&rows).Where("id IN ?", bun.Tuple(ids)).Scan(ctx); err != nil {
		return nil, err
	}
	all, err := d.unsealAll(rows)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Doc, len(all))
	for i, r := range rows {
		byID[r.ID] = all[i]
	}
	return byID, nil
}
