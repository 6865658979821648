package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

type resourceRow struct {
	bun.BaseModel `bun:"table:resources"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Kind          Kind
	Type          string
	Label         string
	Description   string
	Gist          string // gists
	GistAt        int64  // UpdatedAt, where Gist is of the row as it is
	OwnerAgentID  string
	Doc           string
	CreatedAt     int64
	UpdatedAt     int64
}

var resourceColumns = map[string]column{
	"id": {"id", text}, "type": {"type", text}, "label": {"label", text}, "description": {"description", text},
	"created_at": {"created_at", moment}, "updated_at": {"updated_at", moment},
}

// set writes a document into its row.
func (r *resourceRow) set(d *DB, doc Doc) error {
	doc["id"], doc["user_id"] = r.ID, r.EnvironmentID
	sealed, err := d.seal(doc, r.EnvironmentID, r.ID)
	if err != nil {
		return err
	}
	r.Doc, r.Type, r.Label, r.Description = sealed, str(doc, "type"), str(doc, "label"), str(doc, "description")
	r.UpdatedAt = now()
	r.Gist, r.GistAt = str(doc, gists[r.Kind]), r.UpdatedAt
	if r.Kind == Pronunciations {
		r.Type, r.Label = str(doc, "language"), str(doc, "word")
	}
	return nil
}

// Create makes a sub-resource. The answer shows once, in clear, the signing_secret of a webhook and the config.signature_secret of
// an external action; both are made when the document has none. A masked secret: parley.Invalid.
func (d *DB) Create(ctx context.Context, env string, k Kind, doc Doc) (Doc, error) {
	var made Doc
	err := d.tx(ctx, func(tx bun.Tx) (err error) {
		made, err = d.insertResource(ctx, tx, env, k, "", doc)
		return err
	})
	if err != nil {
		return nil, wrap(err, "creating a "+singular[k])
	}
	return masked(made, true), nil
}

// insertResource makes a sub-resource, by the agent owner when it was given inline, and returns it in clear.
func (d *DB) insertResource(ctx context.Context, tx bun.IDB, env string, k Kind, owner string, doc Doc) (Doc, error) {
	given, err := restore(doc, nil, "")
	if err != nil {
		return nil, err
	}
	doc = given.(Doc)
	complete(k, doc)
	row := resourceRow{ID: newID(), EnvironmentID: env, Kind: k, OwnerAgentID: owner, CreatedAt: now()}
	if err := row.set(d, doc); err != nil {
		return nil, err
	}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return doc, err
}

// Get reads a sub-resource; unknown, or another environment's: parley.NotFound.
func (d *DB) Get(ctx context.Context, env string, k Kind, id string) (Doc, error) {
	doc, err := d.readResource(ctx, d.r, env, k, id)
	if err != nil {
		return nil, err
	}
	return masked(doc, false), nil
}

// Internal reads a sub-resource with its secrets in clear, for those who use them; env "" is any. Unknown: parley.NotFound.
func (d *DB) Internal(ctx context.Context, env string, k Kind, id string) (Doc, error) {
	return d.readResource(ctx, d.r, env, k, id)
}

// InternalByType reads all sub-resources of one type (account_connection_openai), secrets in clear, oldest first; env "" is any.
func (d *DB) InternalByType(ctx context.Context, env string, k Kind, typ string) ([]Doc, error) {
	var rows []resourceRow
	q := d.r.NewSelect().Model(&rows).Where("type = ? AND kind = ?", clean(typ), k).OrderExpr("created_at, id")
	if env != "" {
		q.Where("environment_id = ?", clean(env))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading all %s: %w", typ, err)
	}
	return d.unsealAll(rows)
}

func (d *DB) unsealAll(rows []resourceRow) ([]Doc, error) {
	docs := make([]Doc, len(rows))
	for i, r := range rows {
		var err error
		if docs[i], err = d.unseal(r.Doc, r.EnvironmentID, r.ID); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// readResource reads one document in clear.
func (d *DB) readResource(ctx context.Context, db bun.IDB, env string, k Kind, id string) (Doc, error) {
	row, err := d.resourceRow(ctx, db, env, k, id)
	if err != nil {
		return nil, err
	}
	return d.unseal(row.Doc, row.EnvironmentID, row.ID)
}

func (d *DB) resourceRow(ctx context.Context, db bun.IDB, env string, k Kind, id string) (row resourceRow, err error) {
	q := db.NewSelect().Model(&row).Where("id = ? AND kind = ?", clean(id), k)
	if env != "" {
		q.Where("environment_id = ?", clean(env))
	}
	if _, inTx := db.(bun.Tx); inTx {
		q = d.forUpdate(q)
	}
	if err = q.Scan(ctx); err != nil {
		return row, absent(err, singular[k])
	}
	return row, nil
}

// List lists the sub-resources of a kind. Fields to sort and filter by: id, type, label, description, created_at, updated_at; of
// pronunciations word and language instead of the second and third, of prompts their content, of webhooks their url besides.
func (d *DB) List(ctx context.Context, env string, k Kind, p Page) (List[Doc], error) {
	if err := d.freshGists(ctx, clean(env), k, p); err != nil {
		return List[Doc]{}, err
	}
	rows, x, err := list[resourceRow](ctx, d, shelf{table: "resources", columns: columnsOf(k)}, "environment_id = ? AND kind = ?", []any{clean(env), k}, p)
	if err != nil {
		return List[Doc]{}, wrap(err, "listing "+string(k))
	}
	docs, err := d.unsealAll(rows)
	for i := range docs {
		docs[i] = masked(docs[i], false)
	}
	return List[Doc]{Items: docs, Total: x.total, HasMore: x.more, Estimated: x.estimated}, err
}

// Update lays patch over a sub-resource: fields left out and masked secrets are unchanged, null clears.
func (d *DB) Update(ctx context.Context, env string, k Kind, id string, patch Doc) (Doc, error) {
	var doc Doc
	err := d.tx(ctx, func(tx bun.Tx) (err error) {
		doc, err = d.updateResource(ctx, tx, env, k, id, patch)
		return err
	})
	if err != nil {
		return nil, wrap(err, "updating a "+singular[k])
	}
	return masked(doc, false), nil
}

func (d *DB) updateResource(ctx context.Context, tx bun.IDB, env string, k Kind, id string, patch Doc) (Doc, error) {
	row, err := d.resourceRow(ctx, tx, env, k, id)
	if err != nil {
		return nil, err
	}
	old, err := d.unseal(row.Doc, row.EnvironmentID, row.ID)
	if err != nil {
		return nil, err
	}
	doc, err := merge(old, patch)
	if err != nil {
		return nil, err
	}
	complete(k, doc)
	if err = row.set(d, doc); err != nil {
		return nil, err
	}
	_, err = tx.NewUpdate().Model(&row).WherePK().Exec(ctx)
	return doc, err
}

// RotateWebhookSecret gives a webhook a new signing secret, shown in the answer; the old one signs, too, until the time until.
func (d *DB) RotateWebhookSecret(ctx context.Context, env, id, secret, until string) (Doc, error) {
	var doc Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		old, err := d.readResource(ctx, tx, env, Webhooks, id)
		if err != nil {
			return err
		}
		doc, err = d.updateResource(ctx, tx, env, Webhooks, id, Doc{
			"signing_secret": secret, "previous_signing_secret": old["signing_secret"], "previous_valid_until": until,
		})
		return err
	})
	if err != nil {
		return nil, wrap(err, "rotating a webhook's secret")
	}
	return masked(doc, true), nil
}

// Delete removes a sub-resource and returns what it was. While an agent uses it: 409 in_use, naming the agents.
func (d *DB) Delete(ctx context.Context, env string, k Kind, id string) (Doc, error) {
	var doc Doc
	err := d.tx(ctx, func(tx bun.Tx) (err error) {
		if doc, err = d.readResource(ctx, tx, env, k, id); err != nil {
			return err
		}
		if err = d.unused(ctx, tx, k, id); err != nil {
			return err
		}
		if k == AccountConnections {
			if err = unnamed(ctx, tx, str(doc, "user_id"), id); err != nil {
				return err
			}
		}
		_, err = tx.NewDelete().Model((*resourceRow)(nil)).Where("id = ?", id).Exec(ctx)
		return err
	})
	if err != nil {
		return nil, wrap(err, "deleting a "+singular[k])
	}
	return masked(doc, false), nil
}

// unused refuses when an agent has the sub-resource.
func (d *DB) unused(ctx context.Context, tx bun.IDB, k Kind, id string) error {
	var users []agentRow
	err := tx.NewSelect().Model(&users).Column("id", "name").
		Where("id IN (SELECT agent_id FROM agent_links WHERE resource_id = ?)", id).OrderExpr("id").Limit(5).Scan(ctx)
	if err != nil || len(users) == 0 {
		return err
	}
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.ID
		if u.Name != "" {
			names[i] = fmt.Sprintf("%q (%s)", u.Name, u.ID)
		}
	}
	return inUse(singular[k], "agent "+strings.Join(names, ", "))
}

// unnamed refuses when an agent, a sub-resource or a number of the environment names the account connection in its document:
// as its own, for its fallback, its transcriber, its voice, its webhook's authorization, or as its trunk.
func unnamed(ctx context.Context, tx bun.IDB, env, id string) error {
	for _, in := range []struct{ what, table, name string }{
		{"number", "numbers", "number"}, {"agent", "agents", "name"}, {"", "resources", "kind"},
	} {
		var users []struct{ ID, Name string }
		err := tx.NewRaw("SELECT id, ? AS name FROM ? WHERE environment_id = ? AND id <> ? AND doc LIKE ? ORDER BY id LIMIT 5",
			bun.Ident(in.name), bun.Ident(in.table), env, id, `%"`+id+`"%`).Scan(ctx, &users)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			continue
		}
		names := make([]string, len(users))
		for i, u := range users {
			switch in.what {
			case "":
				names[i] = singular[Kind(u.Name)] + " " + u.ID
			case "number":
				names[i] = u.Name
			default:
				names[i] = fmt.Sprintf("%q (%s)", u.Name, u.ID)
			}
		}
		return inUse(singular[AccountConnections], strings.TrimSpace(in.what+" "+strings.Join(names, ", ")))
	}
	return nil
}

func inUse(what, by string) error {
	return &parley.Error{Status: 409, Code: "in_use", Message: "the " + what + " is used by " + by}
}

// wrap says what was being done, unless the error is already one for the user.
func wrap(err error, doing string) error {
	var e *parley.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
