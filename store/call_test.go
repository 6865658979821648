package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func moment0(s int) time.Time { return time.Date(2026, 3, 1, 12, 0, s, 123456000, time.UTC) }

// everything is a call with all its fields set.
func everything(env string) parley.Call {
	c := parley.Call{
		ID: newID(), UserID: env, Status: parley.Ended, Stage: parley.StagePickedUp, IsOutgoing: true, From: "+15550000001", To: "sip:bob@example.com",
		AgentID: "agent", Agent: json.RawMessage(`{"name": "as <given>", "transcriber":{"api_key":"` + token + `"}}`),
		Context: map[string]string{"name": "Zoë"}, Params: map[string]string{"ring_timeout_seconds": "20"}, NoHumanAction: "hangup",
		Created: moment0(0), Start: moment0(1), End: moment0(2),
	}
	c.Media = parley.Media{Telephony: "sip", TrunkID: "trunk", TelephonyID: "call-id@host", Metadata: map[string]string{"a": "b"}, Recording: "x.wav", RecordingLen: 1500 * time.Millisecond}
	half := 0.5
	c.Quality = &parley.Quality{Codec: "PCMU", Encrypted: true, Sent: 1, Received: 2, Lost: 3, Late: 4, Concealed: 5, Jitter: 6.25, FarLost: &half, RoundTrip: &half}
	c.Ending = parley.Ending{Cause: parley.CallerHungUp, SIPCode: 200, StageOutcome: "human_disconnected", ErrorMessage: "none"}
	c.Turns = []parley.Turn{{ID: "t1", Who: parley.Human, Text: "hello", Start: time.Second, End: 2 * time.Second, Interrupted: true,
		Words: []parley.Span{{Start: 1250 * time.Millisecond, End: 1900 * time.Millisecond}, {Start: 1800 * time.Millisecond, End: 1800 * time.Millisecond}}},
		{ID: "t2", Who: parley.Bot, Text: "hi\x00", Latency: &parley.Latency{Endpointing: 1234567, STT: 1, Queue: 2, LLM: 3, Chunking: 4, TTS: 5, Playout: 6, Total: 1234588, Actions: 7, Silence: 8}}}
	c.ActionHistory = []json.RawMessage{json.RawMessage(`{"event_type":"action_completed"}`)}
	c.Notes = []parley.Note{{At: time.Second, Text: "BOT_ACTION_START: x"}}
	c.Warnings = []string{"careful"}
	asked := false // which is not the same as not looked at
	c.Human, c.DoNotCall = "no_human", &asked
	c.Collected = []parley.Collected{{Name: "phone", Kind: "phone", Value: "+15550123456", Keyed: true, Confirmed: true}}
	return c
}

func testCalls(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	c := everything(env)
	if err := d.CreateCall(ctx, c); err != nil {
		t.Fatal(err)
	}
	got, err := d.Call(ctx, env, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	json.Unmarshal(got.Agent, &a)
	json.Unmarshal(c.Agent, &b)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("snapshot %s", got.Agent)
	}
	got.Agent = c.Agent
	if !reflect.DeepEqual(got, c) {
		t.Errorf("kept\n%+v\nwant\n%+v", got, c)
	}
	var row string
	if err := d.r.NewRaw("SELECT agent FROM snapshots WHERE call_id = ?", c.ID).Scan(ctx, &row); err != nil || strings.Contains(row, token) {
		t.Errorf("a secret of the snapshot is in clear: %s %v", row, err)
	}
	if err := d.CreateCall(ctx, c); status(err) != 409 {
		t.Errorf("the same call twice: %v", err)
	}
	for _, e := range []string{other, "none"} {
		if _, err := d.Call(ctx, e, c.ID); status(err) != 404 {
			t.Error(err)
		}
	}
	if _, err := d.Call(ctx, "", c.ID); err != nil {
		t.Error(err)
	}
	if err := d.CreateCall(ctx, parley.Call{ID: newID(), UserID: env, Agent: json.RawMessage(`{"a":`)}); err == nil {
		t.Error("a snapshot that is no JSON was taken")
	}
	plain := parley.Call{ID: newID(), UserID: env, Agent: json.RawMessage(`{"b": 1,  "a": 1e3}`)}
	if err := d.CreateCall(ctx, plain); err != nil {
		t.Fatal(err)
	}
	if got, _ := d.Call(ctx, env, plain.ID); string(got.Agent) != string(plain.Agent) || got.Created.IsZero() || !got.Start.IsZero() {
		t.Errorf("%s %v", got.Agent, got.Created)
	}
	d.Log().Append(parley.NewEvent(c.ID, parley.EventConnected, nil))
	if err := d.Log().Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeleteCall(ctx, other, c.ID); status(err) != 404 {
		t.Error(err)
	}
	if gone, err := d.DeleteCall(ctx, env, c.ID); err != nil || gone.Recording != "x.wav" {
		t.Error(gone, err)
	}
	if _, err := d.Call(ctx, env, c.ID); status(err) != 404 {
		t.Error(err)
	}
	if l, err := d.Log().Events(ctx, c.ID, 0, 0); err != nil || len(l) != 0 {
		t.Error("events outlived their call:", l, err)
	}
}

func testCallLists(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	for i := range 12 {
		c := parley.Call{ID: fmt.Sprintf("c%02d", i), UserID: env, To: fmt.Sprintf("+1555000%04d", i), Created: moment0(i), AgentID: "a", Agent: json.RawMessage(`{}`), Status: parley.Ended}
		if i%4 == 0 {
			c.Status, c.IsOutgoing, c.Start, c.Cause = parley.InProgress, true, moment0(i), parley.Busy
		}
		if err := d.CreateCall(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	l, err := d.Calls(ctx, env, Page{})
	if err != nil || l.Total != 12 || len(l.Items) != 10 || !l.HasMore || l.Items[0].ID != "c11" || l.Items[9].ID != "c02" {
		t.Fatalf("newest first: %+v %v", l, err)
	}
	if len(l.Items[0].Agent) != 0 {
		t.Error("the list carries snapshots")
	}
	for _, c := range []struct {
		f     Filter
		total int
	}{
		{Filter{"status", "eq", "in_progress"}, 3}, {Filter{"is_outgoing", "eq", true}, 3}, {Filter{"is_outgoing", "eq", "false"}, 9}, {Filter{"ended_reason", "ne", "busy"}, 9},
		{Filter{"to_number", "contains", "0003"}, 1}, {Filter{"created_at", "gte", moment0(6).Format(time.RFC3339Nano)}, 6}, {Filter{"start_time", "eq", nil}, 9}, {Filter{"agent", "eq", "a"}, 12},
	} {
		if l, err := d.Calls(ctx, env, Page{Filters: []Filter{c.f}}); err != nil || l.Total != c.total {
			t.Errorf("%+v: %d %v, want %d", c.f, l.Total, err, c.total)
		}
	}
	if l, err := d.Calls(ctx, env, Page{SortColumn: "to_number", Size: 1}); err != nil || l.Items[0].ID != "c00" {
		t.Error(l, err)
	}
	if _, err := d.Calls(ctx, env, Page{Filters: []Filter{{"is_outgoing", "eq", "maybe"}}}); status(err) != 400 {
		t.Error(err)
	}
	if n, err := d.CountRunning(ctx, env); err != nil || n != 3 {
		t.Error(n, err)
	}
	if n, err := d.CountRunning(ctx, environment(t, d)); err != nil || n != 0 {
		t.Error(n, err)
	}
}

func testCallChanges(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	c := everything(env)
	c.Warnings = nil
	if err := d.CreateCall(ctx, c); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				err := d.UpdateCall(ctx, c.ID, func(c *parley.Call) error {
					c.Warnings = append(c.Warnings, fmt.Sprint(i, j))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := d.Call(ctx, env, c.ID)
	if err != nil || len(got.Warnings) != 40 {
		t.Fatalf("%d of 40 changes kept, %v", len(got.Warnings), err)
	}
	if !strings.Contains(string(got.Agent), token) {
		t.Errorf("the snapshot suffered: %s", got.Agent)
	}
	stop := errors.New("stop")
	if err := d.UpdateCall(ctx, c.ID, func(c *parley.Call) error { c.Status = parley.Failed; return stop }); err != stop {
		t.Error(err)
	}
	err = d.UpdateCall(ctx, c.ID, func(c *parley.Call) error {
		c.ID, c.UserID, c.Created, c.Agent = "x", "y", time.Time{}, json.RawMessage(`{"credentials":{"a":"`+apiKey+`"}}`)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err = d.Call(ctx, env, c.ID)
	if err != nil || got.Status != parley.Ended || got.ID != c.ID || got.UserID != env || !got.Created.Equal(c.Created) || !strings.Contains(string(got.Agent), apiKey) {
		t.Errorf("%+v %v", got, err)
	}
	if err := d.UpdateCall(ctx, "none", func(*parley.Call) error { t.Error("called"); return nil }); status(err) != 404 {
		t.Error(err)
	}
}

func testReconcile(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	place := func(id string, s parley.Status, out bool, jobs ...Job) {
		t.Helper()
		c := parley.Call{ID: id, UserID: env, Status: s, IsOutgoing: out, Created: moment0(0), Agent: json.RawMessage(`{"transcriber":{"api_key":"` + token + `"}}`)}
		if s == parley.InProgress {
			c.Start = moment0(5)
		}
		if err := d.PlaceCall(ctx, c, nil, jobs...); err != nil {
			t.Fatal(err)
		}
	}
	place("attempted", parley.NotStarted, true, Job{Kind: "dial", Subject: "attempted", Once: true})
	if l, err := d.ClaimJobs(ctx, Claim{Owner: "o", Kind: "dial", Limit: 5, Lease: time.Minute}); err != nil || len(l) != 1 {
		t.Fatal(l, err)
	}
	place("running", parley.InProgress, false)
	place("ringing", parley.NotStarted, false)
	place("jobless", parley.NotStarted, true)
	place("waiting", parley.NotStarted, true, Job{Kind: "dial", Subject: "waiting", Once: true, RunAt: time.Now().Add(time.Hour)})
	place("over", parley.Ended, false)
	e := parley.NewEvent("running", parley.EventMessage, nil)
	e.Time = moment0(30)
	d.Log().Append(e)
	if err := d.Log().Flush(ctx); err != nil {
		t.Fatal(err)
	}
	lost, err := d.ReconcileCalls(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]parley.Cause{"attempted": parley.Unknown, "running": parley.NodeLost, "ringing": parley.NodeLost, "jobless": parley.Unknown, "over": ""}
	if len(lost) != len(want) {
		t.Errorf("%d calls ended", len(lost))
	}
	for _, c := range lost {
		stored, err := d.Call(ctx, env, c.ID)
		if c.ID == "over" {
			continue // as it is, and below
		}
		if err != nil || stored.Cause != want[c.ID] || c.Cause != want[c.ID] || stored.Status != parley.Failed || stored.ErrorMessage == "" || stored.End.IsZero() || !strings.Contains(string(stored.Agent), token) {
			t.Errorf("%s: %+v %v", c.ID, stored, err)
		}
	}
	if c, _ := d.Call(ctx, env, "running"); !c.End.Equal(moment0(30)) {
		t.Errorf("ended at %v, last heard of at %v", c.End, moment0(30))
	}
	for id, s := range map[string]parley.Status{"waiting": parley.NotStarted, "over": parley.Ended} {
		if c, err := d.Call(ctx, env, id); err != nil || c.Status != s || c.Cause != "" {
			t.Errorf("%s: %+v %v", id, c, err)
		}
	}
	untold, err := d.ReconcileCalls(ctx)
	if err != nil || len(untold) != len(lost) {
		t.Errorf("%d calls are still to be told of, want %d: %v", len(untold), len(lost), err)
	}
	for i, c := range untold {
		if c.ID != lost[i].ID || !c.End.Equal(lost[i].End) || !strings.Contains(string(c.Agent), token) {
			t.Errorf("it ends it twice: %+v, before %+v", c, lost[i])
		}
		d.Log().Append(parley.NewEvent(c.ID, []parley.EventType{parley.EventEnded, parley.EventDidNotConnect}[i%2], nil))
	}
	if err := d.Log().Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if lost, err := d.ReconcileCalls(ctx); err != nil || len(lost) != 0 {
		t.Error("it tells of them twice:", lost, err)
	}
}

// TestCrash: the process dies without Close; what was committed is there, and the calls that ran are ended.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	d, err := Open(t.Context(), path, key(t))
	if err != nil {
		t.Fatal(err)
	}
	env := environment(t, d)
	if err := d.CreateCall(t.Context(), parley.Call{ID: "c", UserID: env, Status: parley.InProgress}); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		d.Log().Append(parley.NewEvent("c", parley.EventMessage, i))
	}
	if err := d.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() }) // of the dead process, once the test is over
	again := openAt(t, path)
	l, err := again.Log().Events(t.Context(), "c", 0, 0)
	if err != nil || len(l) != 300 {
		t.Fatal(len(l), err)
	}
	lost, err := again.ReconcileCalls(t.Context())
	if err != nil || len(lost) != 1 || lost[0].Cause != parley.NodeLost {
		t.Fatal(lost, err)
	}
	again.Log().Append(parley.NewEvent("c", parley.EventEnded, nil))
	if err := again.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l, err := again.Log().Events(t.Context(), "c", 300, 0); err != nil || len(l) != 1 || l[0].Sequence != 301 {
		t.Error("the sequence does not go on:", l, err)
	}
}
