package store

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley"
)

func testDocuments(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	if n, err := d.LibraryRevision(ctx, env); err != nil || n != 0 {
		t.Error(n, err)
	}
	made, err := d.CreateDocument(ctx, parley.Document{UserID: env, Name: "Hours", Type: parley.Markdown, Tags: []string{"shop", "for \"all\"\x00"}, Content: "# Öffnung\x00\nnine"})
	if err != nil || made.ID == "" || made.Created.IsZero() || made.Language != "en" || made.Size != 14 || made.Revision != 1 || made.Content != "# Öffnung\nnine" ||
		!reflect.DeepEqual(made.Tags, []string{"shop", `for "all"`}) {
		t.Fatalf("%+v %v", made, err)
	}
	second, err := d.CreateDocument(ctx, parley.Document{UserID: env, Name: "Prices", Type: parley.PlainText, Language: "de", Content: "teuer"})
	if err != nil || second.Revision != 2 || second.Tags == nil {
		t.Fatalf("%+v %v", second, err)
	}
	foreign, err := d.CreateDocument(ctx, parley.Document{UserID: other, Name: "Theirs", Type: parley.HTML, Content: "<p>x"})
	if err != nil || foreign.Revision != 1 {
		t.Fatalf("%+v %v", foreign, err)
	}
	if got, err := d.Document(ctx, env, made.ID); err != nil || !reflect.DeepEqual(got, made) {
		t.Errorf("%+v %v", got, err)
	}
	changed, err := d.UpdateDocument(ctx, env, made.ID, func(x *parley.Document) error {
		if x.Content != made.Content {
			t.Errorf("changing %+v", x)
		}
		x.Name, x.Content, x.ID, x.UserID = "Opening", "ten", "another", other
		return nil
	})
	if err != nil || changed.ID != made.ID || changed.UserID != env || changed.Name != "Opening" || changed.Size != 3 || changed.Revision != 3 || !changed.Created.Equal(made.Created) {
		t.Errorf("%+v %v", changed, err)
	}
	l, err := d.Documents(ctx, env, Page{})
	if err != nil || l.Total != 2 || l.Items[0].ID != made.ID || l.Items[0].Content != "" || l.Items[0].Size != 3 || l.Items[1].Name != "Prices" {
		t.Errorf("%+v %v", l, err)
	}
	if l, err := d.Documents(ctx, env, Page{Filters: []Filter{{"tags", "contains", "shop"}}}); err != nil || l.Total != 1 {
		t.Errorf("%+v %v", l, err)
	}
	if m, err := d.DocumentRevisions(ctx, env); err != nil || !reflect.DeepEqual(m, map[string]int64{made.ID: 3, second.ID: 2}) {
		t.Error(m, err)
	}
	if docs, err := d.DocumentContent(ctx, env, []string{made.ID, foreign.ID, "none"}); err != nil || len(docs) != 1 || docs[0].Content != "ten" {
		t.Error(docs, err)
	}
	for name, err := range map[string]error{
		"read":   errOf(d.Document(ctx, other, made.ID)),
		"erased": errOf(d.DeleteDocument(ctx, other, made.ID)),
		"change": errOf(d.UpdateDocument(ctx, other, made.ID, func(*parley.Document) error { t.Error("it was given away"); return nil })),
	} {
		if status(err) != 404 || !strings.Contains(err.Error(), "document") {
			t.Errorf("%s of another environment: %v", name, err)
		}
	}
	if gone, err := d.DeleteDocument(ctx, env, made.ID); err != nil || gone.Content != "ten" {
		t.Error(gone, err)
	}
	if n, err := d.LibraryRevision(ctx, env); err != nil || n != 4 {
		t.Error(n, err)
	}
	if n, err := d.LibraryRevision(ctx, other); err != nil || n != 1 {
		t.Error("what failed in another environment is a revision of its library:", n, err)
	}
	if _, err := d.DeleteEnvironment(ctx, other); err != nil {
		t.Error("an environment cannot be deleted with its documents:", err)
	}
	if _, err := d.Document(ctx, other, foreign.ID); status(err) != 404 {
		t.Error(err)
	}
}

func errOf(_ parley.Document, err error) error { return err }

func testDocumentLimits(t *testing.T, d *DB) {
	env := environment(t, d)
	good := parley.Document{UserID: env, Name: "x", Type: parley.PlainText, Content: strings.Repeat("é", parley.DocumentContent)}
	if _, err := d.CreateDocument(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*parley.Document){
		"name":    func(x *parley.Document) { x.Name = " " },
		"name ":   func(x *parley.Document) { x.Name = strings.Repeat("n", parley.DocumentName+1) },
		"type":    func(x *parley.Document) { x.Type = "pdf" },
		"content": func(x *parley.Document) { x.Content += "x" },
		"conten":  func(x *parley.Document) { x.Content = "" },
		"tags":    func(x *parley.Document) { x.Tags = make([]string, parley.DocumentTags+1) },
		"tags.1":  func(x *parley.Document) { x.Tags = []string{"a", ""} },
		"tags.0":  func(x *parley.Document) { x.Tags = []string{strings.Repeat("t", parley.DocumentTag+1)} },
	} {
		bad := good
		change(&bad)
		if _, err := d.CreateDocument(t.Context(), bad); status(err) != 400 || !strings.HasPrefix(err.Error(), strings.TrimSpace(field)) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for i := range parley.LibraryContent/parley.DocumentContent + 1 {
		_, err := d.CreateDocument(t.Context(), good)
		if full := i+2 > parley.LibraryContent/parley.DocumentContent; full && status(err) != 400 || !full && err != nil {
			t.Fatalf("document %d: %v", i+2, err)
		}
	}
	if n, err := d.LibraryRevision(t.Context(), env); err != nil || n != parley.LibraryContent/parley.DocumentContent {
		t.Error("what was refused is a revision:", n, err)
	}
}

// testDocumentRaces: of changes by many at once every one has a revision of its own.
func testDocumentRaces(t *testing.T, d *DB) {
	env := environment(t, d)
	first, err := d.CreateDocument(t.Context(), parley.Document{UserID: env, Name: "first", Type: parley.PlainText, Content: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if i%2 == 0 {
				if _, err := d.UpdateDocument(t.Context(), env, first.ID, func(x *parley.Document) error { x.Content += "y"; return nil }); err != nil {
					t.Error(err)
				}
				return
			}
			if _, err := d.CreateDocument(t.Context(), parley.Document{UserID: env, Name: fmt.Sprint(i), Type: parley.PlainText, Content: "x"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, err := d.LibraryRevision(t.Context(), env); err != nil || n != 9 {
		t.Error(n, err)
	}
	m, err := d.DocumentRevisions(t.Context(), env)
	seen := map[int64]bool{}
	for _, rev := range m {
		seen[rev] = true
	}
	if err != nil || len(m) != 5 || len(seen) != 5 {
		t.Error(m, err)
	}
	if got, err := d.Document(t.Context(), env, first.ID); err != nil || got.Content != "xyyyy" {
		t.Error(got, err)
	}
}
