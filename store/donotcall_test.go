package store

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

func testDoNotCall(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	const number = "+15550000001"
	if err := d.MayCall(ctx, env, number); err != nil {
		t.Fatal(err)
	}
	n, err := d.AddDoNotCall(ctx, DoNotCall{EnvironmentID: env, Number: number, Reason: "asked", CallID: "c"})
	if err != nil || n.ID == "" || n.Created.IsZero() || n.EnvironmentID != env || n.Number != number || n.Reason != "asked" || n.CallID != "c" {
		t.Fatalf("%+v %v", n, err)
	}
	if again, err := d.AddDoNotCall(ctx, DoNotCall{EnvironmentID: env, Number: number, Reason: "again"}); err != nil || again != n {
		t.Errorf("%+v %v", again, err)
	}
	var refused *parley.Error
	if err := d.MayCall(ctx, env, number); !errors.As(err, &refused) || refused.Status != 403 || refused.Code != "do_not_call" || refused.Field != "to_number" {
		t.Error(err)
	}
	if err := d.MayCall(ctx, other, number); err != nil {
		t.Error("another environment's list counts:", err)
	}
	if _, err := d.AddDoNotCall(ctx, DoNotCall{EnvironmentID: env}); status(err) != 400 {
		t.Error(err)
	}
	second, err := d.AddDoNotCall(ctx, DoNotCall{EnvironmentID: env, Number: "sip:a@b"})
	if err != nil {
		t.Fatal(err)
	}
	if l, err := d.DoNotCallList(ctx, env, Page{}); err != nil || l.Total != 2 || l.Items[0] != n || l.Items[1] != second {
		t.Errorf("%+v %v", l, err)
	}
	if l, err := d.DoNotCallList(ctx, other, Page{}); err != nil || l.Total != 0 {
		t.Errorf("%+v %v", l, err)
	}
	if l, err := d.DoNotCallList(ctx, env, Page{Filters: []Filter{{"number", "contains", "a@"}}}); err != nil || l.Total != 1 {
		t.Errorf("%+v %v", l, err)
	}
	for _, ref := range []string{n.ID, number} {
		if _, err := d.RemoveDoNotCall(ctx, other, ref); status(err) != 404 {
			t.Error("another environment's entry was removed:", err)
		}
	}
	if gone, err := d.RemoveDoNotCall(ctx, env, number); err != nil || gone != n {
		t.Error(gone, err)
	}
	if gone, err := d.RemoveDoNotCall(ctx, env, second.ID); err != nil || gone != second {
		t.Error(gone, err)
	}
	if err := d.MayCall(ctx, env, number); err != nil {
		t.Error(err)
	}
}

func testSteeringPool(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	made, err := d.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_twilio", "credentials": Doc{"twilio_auth_token": token}})
	if err != nil {
		t.Fatal(err)
	}
	id := str(made, "id")
	for _, c := range []struct {
		add, remove, want []string
	}{
		{[]string{"+1", "+2", "+1"}, nil, []string{"+1", "+2"}},
		{[]string{"+3"}, []string{"+1", "+9"}, []string{"+2", "+3"}},
		{nil, []string{"+2", "+3"}, nil},
	} {
		doc, err := d.ChangeSteeringPool(ctx, env, id, c.add, c.remove)
		if err != nil || !reflect.DeepEqual(texts(doc["steering_pool"]), c.want) {
			t.Errorf("%v: %v %v", c, doc, err)
		}
		if strings.Contains(fmt.Sprint(doc), token) {
			t.Error("the answer shows a secret")
		}
		if stored, err := d.Internal(ctx, env, AccountConnections, id); err != nil || !strings.Contains(fmt.Sprint(stored), token) || !reflect.DeepEqual(texts(stored["steering_pool"]), c.want) {
			t.Error(stored, err)
		}
	}
	many := make([]string, maxSteeringPool+1)
	for i := range many {
		many[i] = fmt.Sprint("+", i)
	}
	if _, err := d.ChangeSteeringPool(ctx, env, id, many, nil); status(err) != 400 {
		t.Error(err)
	}
	if _, err := d.ChangeSteeringPool(ctx, other, id, []string{"+1"}, nil); status(err) != 404 {
		t.Error(err)
	}
}

func testVectorDatabases(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	made, err := d.Create(ctx, env, VectorDatabases, Doc{"type": "vector_database_pinecone", "index": "i", "api_key": apiKey})
	if err != nil || made["api_key"] == apiKey || made["index"] != "i" {
		t.Fatal(made, err)
	}
	if got, err := d.Internal(ctx, env, VectorDatabases, str(made, "id")); err != nil || got["api_key"] != apiKey {
		t.Error(got, err)
	}
	if _, err := d.Get(ctx, env, VectorDatabases, "none"); status(err) != 404 || !strings.Contains(err.Error(), "vector database") {
		t.Error(err)
	}
}
