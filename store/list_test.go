package store

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// many is more calls than a window holds, and than lie between two marks.
const many = 2*listWindow + markEvery + 123

// TestLongLists checks pages of a long list against what reading all of it gives.
func TestLongLists(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	seed(t, d, env, many)
	longLists(t, d, env)
}

func TestPostgresLongLists(t *testing.T) {
	d, source := postgres(t), openFile(t)
	env := environment(t, source)
	seed(t, source, env, many)
	path := filepath.Join(t.TempDir(), "long.db")
	if err := source.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := d.Restore(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	longLists(t, d, env)
}

func longLists(t *testing.T, d *DB, env string) {
	d.surveys.wait = time.Minute // a busy machine is no matter here
	ctx := t.Context()
	for name, c := range map[string]struct {
		p       Page
		where   string
		order   string
		partial bool // more than the list looks at
	}{
		"newest":              {Page{}, "TRUE", "created_at DESC, id DESC", false},
		"oldest":              {Page{SortColumn: "created_at"}, "TRUE", "created_at, id", false},
		"by callee":           {Page{SortColumn: "to_number", SortDesc: true}, "TRUE", "to_number DESC, created_at DESC, id DESC", false},
		"by status":           {Page{SortColumn: "status"}, "TRUE", "status, created_at, id", false},
		"one status":          {Page{Filters: []Filter{{"status", "eq", "ended"}}}, "status = 'ended'", "created_at DESC, id DESC", false},
		"few":                 {Page{Filters: []Filter{{"agent", "eq", "agent-7"}}}, "agent_id = 'agent-7'", "created_at DESC, id DESC", false},
		"since":               {Page{Filters: []Filter{{"created_at", "gte", 1_700_004_000.0}}}, "created_at >= 1700004000000000", "created_at DESC, id DESC", false},
		"agent and cause":     {Page{Filters: []Filter{{"agent", "eq", "agent-1"}, {"ended_reason", "ne", "busy"}}}, "agent_id = 'agent-1' AND cause <> 'busy'", "created_at DESC, id DESC", false},
		"few by number":       {Page{SortColumn: "from_number", Filters: []Filter{{"agent", "eq", "agent-1"}}}, "agent_id = 'agent-1'", "from_number, created_at, id", false},
		"contains":            {Page{Filters: []Filter{{"to_number", "contains", "777"}}}, "to_number LIKE '%777%'", "created_at DESC, id DESC", false},
		"in":                  {Page{Filters: []Filter{{"status", "in", []any{"ended", "x"}}}}, "status = 'ended'", "created_at DESC, id DESC", false},
		"few, far down":       {Page{Filters: []Filter{{"from_number", "contains", "55501"}, {"agent", "eq", "agent-3"}}}, "from_number LIKE '%55501%' AND agent_id = 'agent-3'", "created_at DESC, id DESC", false},
		"oldest of many":      {Page{SortColumn: "created_at", Filters: []Filter{{"status", "in", []any{"ended", "x"}}}}, "status = 'ended'", "created_at, id", false},
		"start and direction": {Page{Filters: []Filter{{"start_time", "gt", 1_700_000_100.0}, {"is_outgoing", "eq", false}}}, "start_at > 1700000100000000 AND NOT is_outgoing", "created_at DESC, id DESC", false},
		"by an id":            {Page{Filters: []Filter{{"telephony_id", "contains", "7@"}}}, "telephony_id LIKE '%7@%'", "created_at DESC, id DESC", true},
		"by direction":        {Page{SortColumn: "is_outgoing"}, "TRUE", "", true},
		"start range":         {Page{Filters: []Filter{{"start_time", "lt", 1_700_003_000.0}}}, "start_at < 1700003000000000", "created_at DESC, id DESC", false},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			q := "SELECT id FROM calls WHERE environment_id = ? AND " + c.where
			if c.order != "" {
				q += " ORDER BY " + c.order
			}
			if err := d.r.NewRaw(q, env).Scan(ctx, &want); err != nil {
				t.Fatal(err)
			}
			c.p.Size = 50
			pages := []int{1, 2, 3, len(want) / 100, (len(want) + 49) / 50, len(want)/50 + 2, listWindow/50 - 1, listWindow / 50, listWindow/50 + 2, 2*listWindow/50 + 7}
			for _, c.p.Page = range pages {
				if c.p.Page < 1 {
					continue
				}
				l, err := d.Calls(ctx, env, c.p)
				if err != nil {
					t.Fatal(err)
				}
				if c.partial {
					if !l.Estimated || l.Total > listWindow || c.p.Page < 3 && len(l.Items) != 50 {
						t.Errorf("page %d: %d of %d, estimated %v", c.p.Page, len(l.Items), l.Total, l.Estimated)
					}
					continue
				}
				first := min((c.p.Page-1)*50, len(want))
				var got []string
				for _, x := range l.Items {
					got = append(got, x.ID)
				}
				if !slices.Equal(got, want[first:min(first+50, len(want))]) || l.HasMore != (first+50 < len(want)) || l.Total != len(want) {
					t.Fatalf("page %d: %d calls, more %v, total %d of %d", c.p.Page, len(got), l.HasMore, l.Total, len(want))
				}
				if len(want) <= narrowWindow && l.Estimated {
					t.Errorf("page %d: %d is a guess", c.p.Page, l.Total)
				}
			}
		})
	}
}

// TestWholeIsPaged: once a list that no index answers has been searched whole, its pages are read from where they are: the newest is on the first, and
// the last page ends with the oldest.
func TestWholeIsPaged(t *testing.T) {
	d := openFile(t)
	d.surveys.wait = time.Minute
	env := environment(t, d)
	seed(t, d, env, many)
	p := Page{Size: 100, Filters: []Filter{{"status", "in", []any{"ended", "error"}}}}
	l, err := d.Calls(t.Context(), env, p)
	if err != nil || l.Total != many || !l.Estimated || !l.HasMore || len(l.Items) != 100 {
		t.Fatal(l.Total, l.Estimated, len(l.Items), err)
	}
	if err := d.CreateCall(t.Context(), parley.Call{ID: "new", UserID: env, Status: parley.Ended}); err != nil {
		t.Fatal(err)
	}
	if l, err = d.Calls(t.Context(), env, p); err != nil || l.Items[0].ID != "new" || l.Total != many {
		t.Error("the newest is missing, or all was searched again:", l.Items[0].ID, l.Total, err)
	}
	var oldest string
	if err := d.r.NewRaw("SELECT id FROM calls ORDER BY created_at, id LIMIT 1").Scan(t.Context(), &oldest); err != nil {
		t.Fatal(err)
	}
	p.Page = (many + 99) / 100
	last, err := d.Calls(t.Context(), env, p)
	if err != nil || last.HasMore || len(last.Items) == 0 {
		t.Fatal(last.HasMore, len(last.Items), err)
	}
	for i := range 2 { // with the call that is new the list is longer than was counted: its end may be on the page after it
		if len(last.Items) > 0 && last.Items[len(last.Items)-1].ID == oldest {
			return
		}
		p.Page += i + 1
		if last, err = d.Calls(t.Context(), env, p); err != nil {
			t.Fatal(err)
		}
	}
	t.Errorf("the last page ends with %v, not with %s", last.Items, oldest)
}

// TestTotalsAreRemembered: a long list is counted once in a while, by one goroutine however many ask.
func TestTotalsAreRemembered(t *testing.T) {
	d := openFile(t)
	d.surveys.wait = time.Minute
	env := environment(t, d)
	seed(t, d, env, many)
	l, err := d.Calls(t.Context(), env, Page{})
	if err != nil || l.Total != many || !l.Estimated || !l.HasMore {
		t.Fatal(l.Total, l.Estimated, err)
	}
	if err := d.CreateCall(t.Context(), parley.Call{ID: "new", UserID: env, Status: parley.Ended}); err != nil {
		t.Fatal(err)
	}
	if l, err = d.Calls(t.Context(), env, Page{}); err != nil || l.Total != many || l.Items[0].ID != "new" {
		t.Error("counted again, or the newest is missing:", l.Total, err)
	}
	q, err := callShelf.ask(Page{}, "environment_id = ?", []any{env})
	if err != nil {
		t.Fatal(err)
	}
	kept := d.remembered(q)
	if kept == nil || len(kept.marks) != many/markEvery {
		t.Fatalf("%+v", kept)
	}
	kept.at = kept.at.Add(-surveyUsed)
	if l, err = d.Calls(t.Context(), env, Page{}); err != nil || l.Total != many+1 {
		t.Error("not counted again after a while:", l.Total, err)
	}
	other := environment(t, d)
	if l, err = d.Calls(t.Context(), other, Page{}); err != nil || l.Total != 0 || l.Estimated {
		t.Error("another environment's list:", l.Total, err)
	}
	for i := range surveysKept + 5 {
		d.surveys.mu.Lock()
		d.surveys.kept[fmt.Sprint(i)] = &survey{at: time.Now()}
		d.surveys.mu.Unlock()
	}
	d.survey(t.Context(), q)
	if n := len(d.surveys.kept); n > surveysKept {
		t.Errorf("%d lists are remembered", n)
	}
}

// TestAListInUseHoldsNobodyUp: the next count is made while the last is still told.
func TestAListInUseHoldsNobodyUp(t *testing.T) {
	d := openFile(t)
	d.surveys.wait = time.Minute
	env := environment(t, d)
	seed(t, d, env, many)
	q, err := callShelf.ask(Page{}, "environment_id = ?", []any{env})
	if err != nil {
		t.Fatal(err)
	}
	d.survey(t.Context(), q).at = time.Now().Add(-surveyKept)
	if err := d.CreateCall(t.Context(), parley.Call{ID: "new", UserID: env, Status: parley.Ended}); err != nil {
		t.Fatal(err)
	}
	d.surveys.turn.Lock() // a walk that does not end
	for range 3 {
		if l, err := d.Calls(t.Context(), env, Page{}); err != nil || l.Total != many || !l.Estimated {
			t.Error("while it is counted again:", l.Total, l.Estimated, err)
		}
	}
	d.surveys.mu.Lock()
	done := d.surveys.making[q.name()]
	d.surveys.mu.Unlock()
	d.surveys.turn.Unlock()
	if done == nil {
		t.Fatal("it is not counted again")
	}
	<-done
	if l, err := d.Calls(t.Context(), env, Page{}); err != nil || l.Total != many+1 {
		t.Error("after it was counted again:", l.Total, err)
	}
}

// TestNobodyWaitsForALongCount: a list whose length is not known in time says that it is longer than what was counted.
func TestNobodyWaitsForALongCount(t *testing.T) {
	d := openFile(t)
	d.surveys.wait = time.Millisecond
	env := environment(t, d)
	seed(t, d, env, many)
	d.surveys.turn.Lock() // somebody else's walk: who waits for it never returns
	l, err := d.Calls(t.Context(), env, Page{})
	if err != nil || l.Total != listWindow+1 || !l.Estimated || !l.HasMore || len(l.Items) != 10 {
		t.Errorf("%d of %d, estimated %v, %v", len(l.Items), l.Total, l.Estimated, err)
	}
	deep, err := d.Calls(t.Context(), env, Page{Page: many / 10})
	if err != nil || len(deep.Items) != 10 {
		t.Errorf("a page far down: %d calls, %v", len(deep.Items), err)
	}
	d.surveys.turn.Unlock()
}

// TestTooManyLongCounts: when as many lists wait to be counted as may, a further one is answered at once.
func TestTooManyLongCounts(t *testing.T) {
	d := openFile(t)
	d.surveys.wait = time.Hour // who waits for it never returns
	env := environment(t, d)
	seed(t, d, env, many)
	d.surveys.mu.Lock()
	for i := range surveysDue {
		d.surveys.making[fmt.Sprint(i)] = make(chan struct{})
	}
	d.surveys.mu.Unlock()
	l, err := d.Calls(t.Context(), env, Page{})
	if err != nil || l.Total != listWindow+1 || !l.Estimated || len(l.Items) != 10 {
		t.Errorf("%d of %d, estimated %v, %v", len(l.Items), l.Total, l.Estimated, err)
	}
}

// TestWindowsGoByAnIndex: what is looked at when no index answers is read in the order of an index, from it alone when it has the columns.
func TestWindowsGoByAnIndex(t *testing.T) {
	d := openFile(t)
	for name, c := range map[string]struct {
		p    Page
		most int
		how  string
	}{
		"contains":        {Page{Filters: []Filter{{"to_number", "contains", "1"}}}, listWindow, "COVERING INDEX calls_list"},
		"status, cause":   {Page{Filters: []Filter{{"status", "eq", "error"}, {"ended_reason", "ne", "busy"}}}, listWindow, "COVERING INDEX calls_by_status"},
		"agent, caller":   {Page{Filters: []Filter{{"agent", "eq", "a"}, {"from_number", "contains", "1"}}}, narrowWindow, "COVERING INDEX calls_by_agent"},
		"start":           {Page{Filters: []Filter{{"start_time", "gte", 5.0}}}, listWindow, "COVERING INDEX calls_by_start"},
		"by stage":        {Page{SortColumn: "stage"}, listWindow, "COVERING INDEX calls_list"},
		"created, status": {Page{Filters: []Filter{{"created_at", "gte", 5.0}, {"stage", "eq", "created"}}}, listWindow, "COVERING INDEX calls_list"},
	} {
		q, err := callShelf.ask(c.p, "environment_id = ?", []any{"e"})
		if err != nil || q.rest == nil {
			t.Fatal(name, q, err)
		}
		columns := map[string]bool{"id": true, "created_at": true, q.sort: true, q.by: true}
		for _, r := range q.rest {
			columns[r.column] = true
		}
		if n := q.looksAt(columns); n != c.most {
			t.Errorf("%s looks at %d", name, n)
		}
		steps := plan(t, d, d.r.NewRaw(q.looked(columns), append(q.args, 10)...).String())
		if !strings.Contains(strings.Join(steps, "; "), c.how) || strings.Contains(strings.Join(steps, "; "), "SCAN calls") {
			t.Errorf("%s: %v", name, steps)
		}
	}
}

// TestFreshDeliveriesAreFoundByAnIndex: the next one is found however many wait.
func TestFreshDeliveriesAreFoundByAnIndex(t *testing.T) {
	d := openFile(t)
	for _, step := range plan(t, d, "SELECT * FROM deliveries WHERE state = 'pending' AND attempts = 0 AND webhook_id = 'w' AND (position > 5 OR (position = 5 AND id > 'x')) ORDER BY position, id LIMIT 5") {
		if !strings.Contains(step, "deliveries_fresh") {
			t.Error(step)
		}
	}
}

func testOrderOfLists(t *testing.T, d *DB) {
	if got := []string{order("created_at", false), order("created_at", true), order("status", true)}; !reflect.DeepEqual(got, []string{
		" ORDER BY created_at, id", " ORDER BY created_at DESC, id DESC", " ORDER BY status DESC, created_at DESC, id DESC"}) {
		t.Error(got)
	}
	var one int
	if err := d.r.NewRaw("SELECT 1 WHERE (?, ?) >= (?, ?)", bun.Safe("2"), "b", 2, "a").Scan(t.Context(), &one); err != nil || one != 1 {
		t.Error("this database does not compare rows:", one, err)
	}
}

// TestMinutesOfManyCallsAreRemembered: the sum of many calls is not made at each request; how the month is cut must not change that.
func TestMinutesOfManyCallsAreRemembered(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	seed(t, d, env, listWindow+1)
	from, to := time.Unix(1_700_000_000, 0), time.Unix(1_800_000_000, 0)
	n, err := d.MinutesUsed(t.Context(), env, from, to)
	if err != nil || n != listWindow+1 {
		t.Fatal(n, err)
	}
	c := parley.Call{ID: "new", UserID: env, Status: parley.Ended, Start: time.Unix(1_750_000_000, 0), End: time.Unix(1_750_000_060, 0)}
	if err := d.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if n, err := d.MinutesUsed(t.Context(), env, from, to); err != nil || n != listWindow+1 {
		t.Error("summed again:", n, err)
	}
	d.minutes.kept = nil
	if n, err := d.MinutesUsed(t.Context(), env, from, to); err != nil || n != listWindow+2 {
		t.Error("a call is missing:", n, err)
	}
}
