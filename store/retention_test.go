package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func testRetention(t *testing.T, d *DB) {
	ctx, now := t.Context(), time.Now()
	e, err := d.CreateEnvironment(ctx, Environment{Settings: Settings{AudioDays: 10, TextDays: 20, MP3AfterDays: 5}})
	if err != nil {
		t.Fatal(err)
	}
	forever := environment(t, d)
	for _, env := range []string{e.ID, forever} {
		for _, days := range []int{0, 4, 6, 11, 21} {
			c := parley.Call{ID: fmt.Sprintf("%v%d", env == forever, days), UserID: env, Status: parley.Ended, End: now.AddDate(0, 0, -days)}
			c.Recording = c.ID + ".wav"
			if days == 0 {
				c.End, c.Status = time.Time{}, parley.InProgress
			}
			if err := d.CreateCall(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(what string, limit int, ids ...string) {
		t.Helper()
		calls, err := d.CallsToErase(ctx, what, now, limit)
		var got []string
		for _, c := range calls {
			got = append(got, c.ID)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, ids) {
			t.Errorf("%s: %q %v, want %q", what, got, err, ids)
		}
	}
	want(EraseAudio, 10, "false11", "false21")
	want(EraseWords, 10, "false21")
	want(ToMP3, 10, "false11", "false21", "false6")
	want("everything", 10)
	if l, err := d.CallsToErase(ctx, ToMP3, now, 2); err != nil || len(l) != 2 {
		t.Error(l, err)
	}
	set := func(id, recording string) {
		t.Helper()
		if err := d.UpdateCall(ctx, id, func(c *parley.Call) error { c.Recording = recording; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	set("false11", "false11.mp3")
	set("false21", "")
	want(ToMP3, 10, "false6")
	want(EraseAudio, 10, "false11")
	if err := d.EraseText(ctx, "false21"); err != nil {
		t.Fatal(err)
	}
	want(EraseWords, 10)
	if err := d.UpdateCall(ctx, "false21", func(c *parley.Call) error { c.Warnings = []string{"x"}; return nil }); err != nil {
		t.Fatal(err)
	}
	want(EraseWords, 10)
}

func testEraseText(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	const said = "nobody may read this any more"
	c := everything(env)
	c.Turns[0].Text, c.Notes[0].Text, c.Context["name"], c.Params["X-Name"] = said, said, said, said
	c.ActionHistory = []json.RawMessage{json.RawMessage(`{"result":"` + said + `"}`)}
	c.Agent = json.RawMessage(`{"prompt":{"content":"` + said + `"}}`)
	private := c
	private.ID, private.Private = newID(), true
	for _, c := range []parley.Call{c, private} {
		err := d.PlaceCall(ctx, c, []parley.Event{parley.NewEvent(c.ID, parley.EventMessage, map[string]string{"text": said})},
			Job{Kind: "post", Subject: c.ID, Payload: json.RawMessage(`{"text":"` + said + `"}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	jobs, err := d.ClaimJobs(ctx, Claim{Owner: "o", Kind: "post", Limit: 9, Lease: time.Minute})
	if err != nil || len(jobs) != 2 {
		t.Fatal(jobs, err)
	}
	for _, j := range jobs {
		if err := d.FinishJob(ctx, "o", j.ID, time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{c.ID, private.ID} {
		if err := d.EraseText(ctx, id); err != nil {
			t.Fatal(err)
		}
		got, err := d.Call(ctx, env, id)
		if err != nil || got.From != c.From || got.Cause != c.Cause || got.Recording != c.Recording || !got.Start.Equal(c.Start) || len(got.Turns)+len(got.Notes)+len(got.ActionHistory)+len(got.Context)+len(got.Agent) > 0 {
			t.Errorf("%+v %v", got, err)
		}
		events, err := d.Log().Events(ctx, id, 0, 0)
		if err != nil || len(events) != 1 || events[0].Type != parley.EventMessage || string(events[0].Payload) != "{}" {
			t.Errorf("%+v %v", events, err)
		}
	}
	for _, table := range tables {
		var rows []map[string]any
		if err := d.r.NewSelect().TableExpr(table).Scan(ctx, &rows); err != nil {
			t.Fatal(table, err)
		}
		if strings.Contains(fmt.Sprint(rows), said) {
			t.Errorf("%s still has it: %v", table, rows)
		}
	}
	if err := d.EraseText(ctx, "none"); status(err) != 404 {
		t.Error(err)
	}
	if err := d.CreateCall(ctx, inbound(env, "running")); err != nil {
		t.Fatal(err)
	}
	if err := d.EraseText(ctx, "running"); status(err) != 409 {
		t.Error("the words of a running call were erased:", err)
	}
}

// TestErasedIsGone: what is erased is not left in a free corner of the file.
func TestErasedIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	d := openAt(t, path)
	env := environment(t, d)
	const said = "the caller's secret number is"
	for _, id := range []string{"kept", "words", "whole"} {
		c := parley.Call{ID: id, UserID: env, Status: parley.Ended}
		c.Turns = []parley.Turn{{Text: strings.Repeat(said+" "+id+" ", 300)}}
		if err := d.PlaceCall(t.Context(), c, []parley.Event{parley.NewEvent(id, parley.EventMessage, said+" "+id)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.EraseText(t.Context(), "words"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeleteCall(t.Context(), env, "whole"); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil { // the last connection empties the WAL
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"kept": true, "words": false, "whole": false} {
		if bytes.Contains(b, []byte(said+" "+id)) != want {
			t.Errorf("%s is in the file: %v", id, !want)
		}
	}
}
