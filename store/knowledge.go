package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// documentRow is a document without its content, as lists read it.
type documentRow struct {
	bun.BaseModel `bun:"table:documents"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Name          string
	Type          string
	Language      string
	Tags          string // a JSON list
	Size          int    // characters
	Revision      int64
	CreatedAt     int64
	UpdatedAt     int64
}

type wholeDocumentRow struct {
	documentRow `bun:",extend"`
	Content     string
}

var documentColumns = map[string]column{
	"id": {"id", text}, "name": {"name", text}, "type": {"type", text}, "language": {"language", text}, "tags": {"tags", text},
	"created_at": {"created_at", moment}, "updated_at": {"updated_at", moment},
}

var documentShelf = shelf{table: "documents", columns: documentColumns}

func (r *documentRow) document() (parley.Document, error) {
	d := parley.Document{ID: r.ID, UserID: r.EnvironmentID, Name: r.Name, Type: r.Type, Language: r.Language, Size: r.Size, Revision: r.Revision,
		Created: fromMicros(r.CreatedAt), Updated: fromMicros(r.UpdatedAt)}
	if err := json.Unmarshal([]byte(r.Tags), &d.Tags); err != nil {
		return d, fmt.Errorf("a document's tags cannot be read: %w", err)
	}
	return d, nil
}

func (r *wholeDocumentRow) document() (parley.Document, error) {
	d, err := r.documentRow.document()
	d.Content = r.Content
	return d, err
}

// set writes a document into its row; its id, environment and times stay.
func (r *wholeDocumentRow) set(d parley.Document) error {
	tags := make([]string, 0, len(d.Tags))
	for _, t := range d.Tags {
		tags = append(tags, clean(t))
	}
	b, err := json.Marshal(tags)
	if err != nil {
		return fmt.Errorf("writing a document: %w", err)
	}
	r.Name, r.Type, r.Language, r.Tags, r.Content = clean(d.Name), clean(d.Type), clean(d.Language), string(b), clean(d.Content)
	if r.Language == "" {
		r.Language = "en"
	}
	r.Size, r.UpdatedAt = utf8.RuneCountInString(r.Content), now()
	return nil
}

// CreateDocument keeps a document; ID, Size, Revision and the times are set. What is too long, or one too many: parley.Invalid.
func (d *DB) CreateDocument(ctx context.Context, doc parley.Document) (parley.Document, error) {
	if err := checkDocument(doc); err != nil {
		return doc, err
	}
	row := wholeDocumentRow{documentRow: documentRow{ID: newID(), EnvironmentID: clean(doc.UserID), CreatedAt: now()}}
	if err := row.set(doc); err != nil {
		return doc, err
	}
	err := d.tx(ctx, func(tx bun.Tx) (err error) {
		if row.Revision, err = revise(ctx, tx, row.EnvironmentID); err != nil {
			return err
		}
		if _, err = tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return roomy(ctx, tx, row.EnvironmentID)
	})
	if err != nil {
		return doc, wrap(err, "writing a document")
	}
	return row.document()
}

// UpdateDocument changes a document: change is given it whole, and may be called again. Unknown: parley.NotFound.
func (d *DB) UpdateDocument(ctx context.Context, env, id string, change func(*parley.Document) error) (parley.Document, error) {
	var row wholeDocumentRow
	err := d.tx(ctx, func(tx bun.Tx) error {
		revision, err := revise(ctx, tx, clean(env)) // which also locks the library
		if err != nil {
			return err
		}
		if err := tx.NewSelect().Model(&row).Where("environment_id = ? AND id = ?", clean(env), clean(id)).Scan(ctx); err != nil {
			return absent(err, "document")
		}
		doc, err := row.document()
		if err != nil {
			return err
		}
		if err := change(&doc); err != nil {
			return err
		}
		if err := checkDocument(doc); err != nil {
			return err
		}
		if err := row.set(doc); err != nil {
			return err
		}
		row.Revision = revision
		if _, err := tx.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		return roomy(ctx, tx, row.EnvironmentID)
	})
	if err != nil {
		return parley.Document{}, wrap(err, "writing a document")
	}
	return row.document()
}

// DeleteDocument erases a document and returns what it was. Unknown: parley.NotFound.
func (d *DB) DeleteDocument(ctx context.Context, env, id string) (parley.Document, error) {
	var row wholeDocumentRow
	err := d.tx(ctx, func(tx bun.Tx) error {
		if _, err := revise(ctx, tx, clean(env)); err != nil {
			return err
		}
		if err := tx.NewSelect().Model(&row).Where("environment_id = ? AND id = ?", clean(env), clean(id)).Scan(ctx); err != nil {
			return absent(err, "document")
		}
		_, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return parley.Document{}, wrap(err, "erasing a document")
	}
	return row.document()
}

// Document reads one whole. Unknown, or another environment's: parley.NotFound.
func (d *DB) Document(ctx context.Context, env, id string) (parley.Document, error) {
	var row wholeDocumentRow
	if err := d.r.NewSelect().Model(&row).Where("environment_id = ? AND id = ?", clean(env), clean(id)).Scan(ctx); err != nil {
		return parley.Document{}, absent(err, "document")
	}
	return row.document()
}

// Documents lists documents without their content, oldest first unless a sort_column is given. Fields to sort and filter by: id, name,
// type, language, tags, created_at, updated_at.
func (d *DB) Documents(ctx context.Context, env string, p Page) (List[parley.Document], error) {
	rows, x, err := list[documentRow](ctx, d, documentShelf, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[parley.Document]{}, wrap(err, "reading documents")
	}
	l := List[parley.Document]{Items: make([]parley.Document, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i := range rows {
		if l.Items[i], err = rows[i].document(); err != nil {
			return l, err
		}
	}
	return l, nil
}

// LibraryRevision counts the changes to the documents of an environment.
func (d *DB) LibraryRevision(ctx context.Context, env string) (revision int64, err error) {
	err = d.r.NewRaw("SELECT revision FROM libraries WHERE environment_id = ?", clean(env)).Scan(ctx, &revision)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("reading a library's revision: %w", err)
	}
	return revision, nil
}

// DocumentRevisions is of each document of an environment the revision of the library in which it became what it is.
func (d *DB) DocumentRevisions(ctx context.Context, env string) (map[string]int64, error) {
	var rows []struct {
		ID       string
		Revision int64
	}
	if err := d.r.NewRaw("SELECT id, revision FROM documents WHERE environment_id = ?", clean(env)).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("reading the documents' revisions: %w", err)
	}
	m := make(map[string]int64, len(rows))
	for _, r := range rows {
		m[r.ID] = r.Revision
	}
	return m, nil
}

// DocumentContent reads documents whole; those that are not there are left out.
func (d *DB) DocumentContent(ctx context.Context, env string, ids []string) ([]parley.Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []wholeDocumentRow
	if err := d.r.NewSelect().Model(&rows).Where("environment_id = ? AND id IN ?", clean(env), bun.Tuple(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading documents: %w", err)
	}
	docs := make([]parley.Document, len(rows))
	for i := range rows {
		var err error
		if docs[i], err = rows[i].document(); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// revise gives an environment's library its next revision. Until the transaction is over, nobody else's changes it.
func revise(ctx context.Context, tx bun.IDB, env string) (revision int64, err error) {
	err = tx.NewRaw(`INSERT INTO libraries (environment_id, revision) VALUES (?, 1)
		ON CONFLICT (environment_id) DO UPDATE SET revision = libraries.revision + 1 RETURNING revision`, env).Scan(ctx, &revision)
	return revision, err
}

// roomy refuses what an environment's library has no room for.
func roomy(ctx context.Context, tx bun.IDB, env string) error {
	var n, size int64
	if err := tx.NewRaw("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM documents WHERE environment_id = ?", env).Scan(ctx, &n, &size); err != nil {
		return err
	}
	switch {
	case n > parley.LibraryDocuments:
		return parley.Invalid("content", fmt.Sprintf("content: an environment may have %d documents: delete one first", parley.LibraryDocuments))
	case size > parley.LibraryContent:
		return parley.Invalid("content", fmt.Sprintf("content: an environment's documents may have %d characters together: delete some first", parley.LibraryContent))
	}
	return nil
}

func checkDocument(d parley.Document) error {
	n := utf8.RuneCountInString(d.Content)
	switch {
	case d.UserID == "":
		return errors.New("a document of no environment")
	case strings.TrimSpace(d.Name) == "" || utf8.RuneCountInString(d.Name) > parley.DocumentName:
		return parley.Invalid("name", fmt.Sprintf("name must have 1 to %d characters", parley.DocumentName))
	case d.Type != parley.PlainText && d.Type != parley.Markdown && d.Type != parley.HTML:
		return parley.Invalid("type", "type must be text, markdown or html")
	case n == 0 || n > parley.DocumentContent:
		return parley.Invalid("content", fmt.Sprintf("content must have 1 to %d characters", parley.DocumentContent))
	case len(d.Tags) > parley.DocumentTags:
		return parley.Invalid("tags", fmt.Sprintf("tags may have %d entries", parley.DocumentTags))
	}
	for i, t := range d.Tags {
		if n := utf8.RuneCountInString(t); n == 0 || n > parley.DocumentTag {
			return parley.Invalid(fmt.Sprintf("tags.%d", i), fmt.Sprintf("tags.%d must have 1 to %d characters", i, parley.DocumentTag))
		}
	}
	return nil
}
