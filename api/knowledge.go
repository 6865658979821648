package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/knowledge"
	"github.com/parley-voice/parley/store"
)

// documentStore keeps what agents look up.
type documentStore interface {
	knowledge.Shelf
	CreateDocument(ctx context.Context, d parley.Document) (parley.Document, error)
	UpdateDocument(ctx context.Context, env, id string, change func(*parley.Document) error) (parley.Document, error)
	DeleteDocument(ctx context.Context, env, id string) (parley.Document, error)
	Document(ctx context.Context, env, id string) (parley.Document, error)
	Documents(ctx context.Context, env string, p store.Page) (store.List[parley.Document], error)
}

func showDocument(d parley.Document) (any, error) {
	doc, err := listedDocument(d)
	doc.(map[string]any)["content"] = d.Content
	return doc, err
}

// listedDocument leaves the content out: lists would be as long as all of them.
func listedDocument(d parley.Document) (any, error) {
	return map[string]any{
		"id": d.ID, "user_id": d.UserID, "name": d.Name, "type": d.Type, "language": d.Language, "tags": d.Tags, "size": d.Size,
		"created_at": when(d.Created), "updated_at": when(d.Updated),
	}, nil
}

func (a *API) getDocument(r *request) (any, error) {
	d, err := a.Store.Document(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	return showDocument(d)
}

func (a *API) listDocuments(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.Documents(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, listedDocument)
}

func (a *API) createDocument(r *request) (any, error) {
	d := parley.Document{UserID: r.env, Type: parley.PlainText}
	if err := writeDocument(&d, r.body); err != nil {
		return nil, err
	}
	d, err := a.Store.CreateDocument(r.Context(), d)
	if err != nil {
		return nil, err
	}
	return showDocument(d)
}

func (a *API) updateDocument(r *request) (any, error) {
	d, err := a.Store.UpdateDocument(r.Context(), r.env, r.id, func(d *parley.Document) error { return writeDocument(d, r.body) })
	if err != nil {
		return nil, err
	}
	return showDocument(d)
}

func (a *API) deleteDocument(r *request) (any, error) {
	d, err := a.Store.DeleteDocument(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	return showDocument(d)
}

// writeDocument lays a body over a document: what is left out stays as it is.
func writeDocument(d *parley.Document, body store.Doc) error {
	for field, to := range map[string]*string{"name": &d.Name, "type": &d.Type, "language": &d.Language, "content": &d.Content} {
		if s, ok := body[field].(string); ok {
			*to = s
		} else if _, given := body[field]; given && field == "language" {
			*to = "" // null
		}
	}
	if tags, given := body["tags"]; given {
		d.Tags = []string{}
		list, _ := tags.([]any)
		for _, t := range list {
			s, _ := t.(string)
			d.Tags = append(d.Tags, s)
		}
	}
	if len(knowledge.Chunks(d)) == 0 {
		return parley.Invalid("content", fmt.Sprintf("content has no words that could be looked up, as %s", d.Type))
	}
	return nil
}

// searchDocuments looks up what an agent would find.
func (a *API) searchDocuments(r *request) (any, error) {
	q := knowledge.Query{Knowledge: parley.Knowledge{All: true}}
	q.Said, _ = r.body["query"].(string)
	q.Asked, _ = r.body["asked"].(string)
	if most, ok := r.body["limit"].(float64); ok {
		q.Most = int(most)
	}
	if strings.TrimSpace(q.Said+q.Asked) == "" {
		return nil, parley.Invalid("query", "query must be what a caller might say")
	}
	switch given := r.body["knowledge"].(type) {
	case nil:
	default:
		if err := a.checkKnowledge(r.Context(), r.env, "knowledge", given, nil); err != nil {
			return nil, err
		}
		q.Knowledge = knowledgeOf(given)
	}
	began := time.Now()
	found, err := a.library.Find(r.Context(), r.env, q)
	if err != nil {
		return nil, err
	}
	if found == nil {
		found = []parley.Passage{}
	}
	return map[string]any{"ms": float64(time.Since(began).Microseconds()) / 1000, "chunks": found}, nil
}

func knowledgeOf(given any) (k parley.Knowledge) {
	k.All = given == "all"
	ids, _ := given.([]any)
	for _, id := range ids {
		s, _ := id.(string)
		k.Documents = append(k.Documents, strings.ToLower(s))
	}
	return k
}

// checkKnowledge says whether all documents that are attached are there: another environment's are not. Those that were attached before may
// have been erased since.
func (a *API) checkKnowledge(ctx context.Context, env, field string, given, before any) error {
	k, old := knowledgeOf(given), knowledgeOf(before)
	if len(k.Documents) == 0 {
		return nil
	}
	there, err := a.Store.DocumentRevisions(ctx, env)
	if err != nil {
		return err
	}
	for i, id := range k.Documents {
		if _, ok := there[id]; !ok && !slices.Contains(old.Documents, id) {
			return notFoundAt(join(field, itoa(i)), "document")
		}
	}
	return nil
}
