package store

import (
	"strings"
	"testing"
)

func testPronunciations(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	var ids []string
	for _, doc := range []Doc{{"word": "Siobhan", "respelling": "Shivawn"}, {"word": "Kita", "respelling": "Kinderta", "language": "de"}, {"word": "Nguyen", "ipa": "wɪn", "case_sensitive": true}} {
		made, err := d.Create(ctx, env, Pronunciations, doc)
		if err != nil || made["word"] != doc["word"] || made["user_id"] != env {
			t.Fatal(made, err)
		}
		ids = append(ids, str(made, "id"))
	}
	words := func(env string) string {
		t.Helper()
		docs, err := d.Dictionary(ctx, env)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, doc := range docs {
			all = append(all, str(doc, "word"))
		}
		return strings.Join(all, " ")
	}
	if got := words(env); got != "Nguyen Kita Siobhan" {
		t.Errorf("the newest first: %s", got)
	}
	if got := words(other); got != "" {
		t.Errorf("another environment has %s", got)
	}
	for field, value := range map[string]string{"word": "Kita", "language": "de"} {
		l, err := d.List(ctx, env, Pronunciations, Page{Filters: []Filter{{Field: field, Op: "eq", Value: value}}})
		if err != nil || len(l.Items) != 1 || l.Items[0]["word"] != "Kita" {
			t.Errorf("by %s: %v %v", field, l.Items, err)
		}
	}
	if _, err := d.List(ctx, env, Pronunciations, Page{Filters: []Filter{{Field: "label", Op: "eq", Value: "x"}}}); status(err) != 400 {
		t.Errorf("by a field it does not have: %v", err)
	}
	if got, err := d.Update(ctx, env, Pronunciations, ids[1], Doc{"language": nil, "word": "KiTa"}); err != nil || got["language"] != nil || got["respelling"] != "Kinderta" {
		t.Error(got, err)
	}
	if _, err := d.Delete(ctx, env, Pronunciations, ids[0]); err != nil {
		t.Error(err)
	}
	if got := words(env); got != "Nguyen KiTa" {
		t.Errorf("after a change and a deletion: %s", got)
	}
	if _, err := d.Get(ctx, other, Pronunciations, ids[1]); status(err) != 404 || !strings.Contains(err.Error(), "pronunciation") {
		t.Error(err)
	}
}
