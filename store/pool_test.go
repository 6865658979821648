package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// stocked links numbers with a tag.
func stocked(t testing.TB, d *DB, env string, n int, config Doc) (ids []string) {
	t.Helper()
	for i := range n {
		doc, err := d.LinkNumber(t.Context(), env, Doc{"number": fmt.Sprintf("+1415555%04d", i), "tags": []any{"sales", "sales", "all"}, "config": config})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, doc["id"].(string))
	}
	return ids
}

func fromTag(env, id, tag string) parley.Call {
	c := outbound(env, id)
	c.Created, c.Pool = time.Now(), &parley.Pool{Tag: tag, Trunk: "trunk"}
	return c
}

// busyFor is when a pool is free again, by its refusal.
func busyFor(err error) (time.Duration, bool) {
	var e *parley.Error
	ok := errors.As(err, &e) && e.Status == 429 && e.Code == "numbers_busy" && e.Field != "" && e.RetryAfter > 0
	if !ok {
		return 0, false
	}
	return e.RetryAfter, true
}

func testPools(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), limited(t, d, 0), limited(t, d, 0)
	ids := stocked(t, d, env, 3, Doc{})
	stocked(t, d, other, 1, Doc{})
	created := parley.NewEvent("0", parley.EventCreated, map[string]any{"from_number": "", "to_number": "x"})
	var order []string
	for i := range 6 {
		c := fromTag(env, fmt.Sprint(i), "sales")
		created.CallID = c.ID
		if err := d.PlaceCall(ctx, c, []parley.Event{created}, Job{Kind: "dial", Subject: c.ID}); err != nil {
			t.Fatal(err)
		}
		got, err := d.Call(ctx, env, c.ID)
		if err != nil || got.TrunkID != "trunk" || got.Pool == nil || got.Pool.Tag != "sales" {
			t.Fatalf("%+v %v", got, err)
		}
		order = append(order, got.From)
		l, err := d.Log().Events(ctx, c.ID, 0, 0)
		var told struct {
			From string `json:"from_number"`
		}
		if err != nil || len(l) != 1 || json.Unmarshal(l[0].Payload, &told) != nil || told.From != got.From {
			t.Errorf("told %+v %v", l, err)
		}
	}
	if want := []string{"+14155550000", "+14155550001", "+14155550002"}; !slices.Equal(order, append(want, want...)) {
		t.Errorf("in the order %v", order)
	}
	for i, patch := range []Doc{{"active": false}, {"is_routing_number": true}, {"tags": []any{"support"}}} {
		if _, err := d.UpdateNumber(ctx, env, ids[i], patch); err != nil {
			t.Fatal(err)
		}
		c := fromTag(env, fmt.Sprint("p", i), "sales")
		err := d.PlaceCall(ctx, c, nil)
		if got, _ := d.Call(ctx, env, c.ID); i < 2 && (err != nil || slices.Contains(order[:i+1], got.From)) || i == 2 && (status(err) != 400 || got.From != "") {
			t.Errorf("after %v: %s %v", patch, got.From, err)
		}
	}
	if err := d.PlaceCall(ctx, fromTag(env, "support", "support"), nil); err != nil {
		t.Error(err)
	}
	if _, err := d.UnlinkNumber(ctx, env, ids[2]); err != nil {
		t.Fatal(err)
	}
	if err := d.PlaceCall(ctx, fromTag(env, "gone", "support"), nil); status(err) != 400 {
		t.Error(err)
	}
}

// testPoolTrunks: numbers go by the account that they are linked with, and only by those that may carry the call.
func testPoolTrunks(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 0)
	for i, conn := range []any{"a", "b", nil} {
		if _, err := d.LinkNumber(ctx, env, Doc{"number": fmt.Sprint("+1415555000", i), "tags": []any{"x"}, "telephony_account_connection": conn}); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := d.PoolTrunks(ctx, env, "x"); err != nil || len(ids) != 3 || ids["a"] != "+14155550000" || ids["b"] != "+14155550001" || ids[""] != "+14155550002" {
		t.Errorf("%v %v", ids, err)
	}
	if ids, err := d.PoolTrunks(ctx, env, "y"); err != nil || len(ids) != 0 {
		t.Errorf("%v %v", ids, err)
	}
	for name, tc := range map[string]struct {
		pool parley.Pool
		want map[string]string
	}{
		"one":     {parley.Pool{Trunks: []string{"b"}}, map[string]string{"+14155550001": "b"}},
		"several": {parley.Pool{Trunks: []string{"a", "b"}, Trunk: "c"}, map[string]string{"+14155550000": "a", "+14155550001": "b", "+14155550002": "c"}},
		"none":    {parley.Pool{}, map[string]string{"+14155550000": "a", "+14155550001": "b", "+14155550002": ""}},
		"linked":  {parley.Pool{Trunk: "c"}, map[string]string{"+14155550002": "c"}},
	} {
		got := map[string]string{}
		for i := range 6 {
			c := outbound(env, fmt.Sprint(name, i))
			tc.pool.Tag = "x"
			c.Pool = &tc.pool
			if err := d.PlaceCall(ctx, c, nil); err != nil {
				t.Fatal(err)
			}
			c, _ = d.Call(ctx, env, c.ID)
			got[c.From] = c.TrunkID
		}
		if fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func testLocalPresence(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 0)
	for number, presence := range map[string]string{"+14155550001": "area_code", "+12125550001": "country", "+442079460001": "country", "+493012345678": ""} {
		config := Doc{}
		if presence != "" {
			config["local_presence"] = presence
		}
		if _, err := d.LinkNumber(ctx, env, Doc{"number": number, "tags": []any{"x"}, "config": config}); err != nil {
			t.Fatal(err)
		}
	}
	for to, want := range map[string]string{"+14155559999": "+14155550001", "+442071234567": "+442079460001"} {
		for i := range 3 {
			c := fromTag(env, fmt.Sprint(to, i), "x")
			c.To = to
			if err := d.PlaceCall(ctx, c, nil); err != nil {
				t.Fatal(err)
			}
			if c, _ = d.Call(ctx, env, c.ID); c.From != want {
				t.Errorf("%s is called from %s", to, c.From)
			}
		}
	}
}

// testPacing: a minute's and a day's calls are never more than the number's config says, whoever makes them.
func testPacing(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 0)
	id := stocked(t, d, env, 1, Doc{"max_calls_per_minute": 2.0, "max_calls_per_day": 3.0})[0]
	place := func(c parley.Call) error { return d.PlaceCall(ctx, c, nil, Job{Kind: "dial", Subject: c.ID}) }
	for i := range 2 {
		if err := place(fromTag(env, fmt.Sprint(i), "sales")); err != nil {
			t.Fatal(err)
		}
	}
	if wait, busy := busyFor(place(fromTag(env, "2", "sales"))); !busy || wait > time.Minute {
		t.Error(wait)
	}
	named := outbound(env, "named")
	named.From, named.Pool = "+14155550000", &parley.Pool{Number: "+14155550000"}
	if wait, busy := busyFor(place(named)); !busy || wait > time.Minute {
		t.Error("by its name", wait)
	}
	if _, err := d.Call(ctx, env, "named"); status(err) != 404 {
		t.Error("a call without a number was written:", err)
	}
	if _, err := d.UpdateNumber(ctx, env, id, Doc{"config": Doc{"max_calls_per_day": 3.0}}); err != nil {
		t.Fatal(err)
	}
	if err := place(named); err != nil {
		t.Error(err)
	}
	if got, _ := d.Call(ctx, env, "named"); got.From != "+14155550000" || got.TrunkID != "" {
		t.Errorf("%+v", got)
	}
	if wait, busy := busyFor(place(fromTag(env, "4", "sales"))); !busy || wait < 23*time.Hour || wait > 24*time.Hour {
		t.Error("a day's", wait)
	}
	q := fromTag(env, "queued", "sales")
	q.Queued = true
	if err := place(q); err != nil {
		t.Fatal(err)
	}
	a, err := d.Admit(ctx)
	if err != nil || a.Let != 0 || len(a.Expired) != 0 || time.Until(a.Next) < 20*time.Hour && !d.pg {
		t.Errorf("%+v %v", a, err)
	}
	freed(d)
	if _, err := d.UpdateNumber(ctx, env, id, Doc{"config": nil}); err != nil || !freed(d) {
		t.Error("nobody is told that a number is free", err)
	}
	if a, err = d.Admit(ctx); err != nil || a.Let != 1 {
		t.Errorf("%+v %v", a, err)
	}
	if got, _ := d.Call(ctx, env, "queued"); got.Queued || got.From != "+14155550000" || got.TrunkID != "trunk" {
		t.Errorf("%+v", got)
	}
}

// testPoolQueue: those who wait for a number let others pass, go in their order, and end when no number is left.
func testPoolQueue(t *testing.T, d *DB) {
	ctx, env := t.Context(), limited(t, d, 0)
	id := stocked(t, d, env, 1, Doc{"max_calls_per_minute": 1.0})[0]
	for i := range 30 {
		c := fromTag(env, fmt.Sprintf("w%02d", 29-i), "sales") // ids that are in no order
		c.Queued, c.Created = true, time.Now().Add(time.Duration(i-100)*time.Second)
		if err := d.PlaceCall(ctx, c, nil, Job{Kind: "dial", Subject: c.ID}); err != nil {
			t.Fatal(err)
		}
	}
	plain := outbound(env, "plain")
	plain.Queued, plain.From, plain.Created = true, "+15550000009", time.Now()
	if err := d.PlaceCall(ctx, plain, nil); err != nil {
		t.Fatal(err)
	}
	if a, err := d.Admit(ctx); err != nil || a.Let != 2 {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := d.UpdateNumber(ctx, env, id, Doc{"config": Doc{"max_calls_per_minute": 4.0}}); err != nil {
		t.Fatal(err)
	}
	if a, err := d.Admit(ctx); err != nil || a.Let != 3 {
		t.Errorf("%+v %v", a, err)
	}
	for i := range 30 {
		if c, err := d.Call(ctx, env, fmt.Sprintf("w%02d", 29-i)); err != nil || c.Queued != (i > 3) {
			t.Errorf("the %d. waits: %v %v", i+1, c.Queued, err)
		}
	}
	if _, err := d.UpdateNumber(ctx, env, id, Doc{"tags": []any{}}); err != nil {
		t.Fatal(err)
	}
	a, err := d.Admit(ctx)
	if err != nil || a.Let != 0 || len(a.Expired) != 26 || a.Expired[0].Cause != parley.Configuration {
		t.Errorf("%d let, %d ended, %v", a.Let, len(a.Expired), err)
	}
}

// testPoolRaces: 200 at once never overdraw a pool, and share it evenly.
func testPoolRaces(t *testing.T, d *DB) {
	ctx, env, free := t.Context(), limited(t, d, 0), limited(t, d, 500)
	stocked(t, d, env, 5, Doc{"max_calls_per_day": 10.0})
	stocked(t, d, free, 5, Doc{})
	var all sync.WaitGroup
	var mu sync.Mutex
	placed, busy := map[string]map[string]int{env: {}, free: {}}, 0
	for i := range 200 {
		for _, e := range []string{env, free} {
			all.Go(func() {
				c := fromTag(e, fmt.Sprint(e, i), "sales")
				err := d.PlaceCall(context.WithoutCancel(ctx), c, nil, Job{Kind: "dial", Subject: c.ID})
				_, full := busyFor(err)
				got, _ := d.Call(ctx, e, c.ID)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case full && e == env:
					busy++
				case err != nil:
					t.Error(err)
				default:
					placed[e][got.From]++
				}
			})
		}
	}
	all.Wait()
	if busy != 150 || len(placed[env]) != 5 || len(placed[free]) != 5 {
		t.Errorf("%d were refused, placed: %v", busy, placed)
	}
	for e, want := range map[string]int{env: 10, free: 40} {
		for number, n := range placed[e] {
			if n != want {
				t.Errorf("%d calls from %s, want %d", n, number, want)
			}
		}
	}
}

// testExampleContext: what of a number's example_context can be a variable comes with the number that is called.
func testExampleContext(t *testing.T, d *DB) {
	env := limited(t, d, 0)
	for number, given := range map[string]any{"+14155550001": Doc{"name": "Ann", "visits": 3.0, "vip": true, "nested": Doc{"a": "b"}, "none": nil}, "+14155550002": nil} {
		if _, err := d.LinkNumber(t.Context(), env, Doc{"number": number, "example_context": given}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := d.LookupNumber(t.Context(), env, "+14155550001")
	if err != nil || fmt.Sprint(n.Example) != "map[name:Ann vip:true visits:3]" {
		t.Errorf("%v %v", n.Example, err)
	}
	if n, err = d.LookupNumber(t.Context(), env, "+14155550002"); err != nil || len(n.Example) != 0 {
		t.Errorf("%v %v", n.Example, err)
	}
}
