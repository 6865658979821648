//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"time"

	"github.com/parley-voice/parley/audio"
)

// query reads one row.
func (g *siege) query(q string, into ...any) {
	g.t.Helper()
	if err := g.db.QueryRow(q).Scan(into...); err != nil {
		g.t.Fatalf("%s: %v", q, err)
	}
}

// column reads one column of text.
func (g *siege) column(q string) (all []string) {
	g.t.Helper()
	rows, err := g.db.Query(q)
	if err != nil {
		g.t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			g.t.Fatal(err)
		}
		all = append(all, s)
	}
	if rows.Err() != nil {
		g.t.Fatal(rows.Err())
	}
	return all
}

// reconciled: no call of the last life is in progress when the next one is ready.
func (g *siege) reconciled(what string, dialled map[string]int) {
	g.t.Helper()
	for _, id := range g.column("SELECT id FROM calls WHERE status = 'in_progress' AND is_outgoing") {
		if dialled[id] > 0 {
			g.t.Errorf("%s: call %s is still in progress", what, id)
		}
	}
	for _, id := range g.column("SELECT id FROM calls WHERE status = 'in_progress' AND NOT is_outgoing") {
		g.t.Errorf("%s: call %s, which came in, is still in progress", what, id)
	}
}

const terminal = "type IN ('event_phone_call_ended', 'event_phone_call_did_not_connect')"

// settled: all calls end, and nothing of them is lost, told twice or dialled twice.
func (g *siege) settled(what string, began int64) {
	g.t.Helper()
	g.until(what+": all calls are over", 30*time.Second, func() bool {
		return len(g.column("SELECT id FROM calls WHERE status IN ('not_started', 'in_progress')")) == 0 &&
			len(g.column("SELECT id FROM jobs WHERE state IN ('ready', 'running') AND kind = 'dial'")) == 0
	})
	untold := "SELECT c.id FROM calls c WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.call_id = c.id AND e." + terminal + ")"
	for over := time.Now().Add(2 * time.Second); len(g.column(untold)) > 0 && time.Now().Before(over); time.Sleep(20 * time.Millisecond) {
	}
	for name, q := range map[string]string{
		"no ending was told of":     untold,
		"more than one ending":      "SELECT call_id FROM events WHERE " + terminal + " GROUP BY call_id HAVING COUNT(*) > 1",
		"no ended_reason":           "SELECT id FROM calls WHERE cause = '' OR end_at = 0",
		"a gap in the sequence":     "SELECT call_id FROM events GROUP BY call_id HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*)",
		"events after the last":     "SELECT e.call_id || ' ' || l.type || ' ' || l.sequence || ' ' || l.payload FROM events e JOIN events l ON l.call_id = e.call_id AND l.sequence > e.sequence WHERE l.type NOT IN ('event_analysis', 'after_action') AND e." + terminal,
		"it waits for ever":         "SELECT call_id FROM waiting",
		"it holds a slot":           "SELECT id FROM calls WHERE slot",
		"an event that is no event": "SELECT call_id FROM events WHERE call_id NOT IN (SELECT id FROM calls)",
	} {
		for _, id := range g.column(q) {
			g.t.Errorf("%s: call %s: %s", what, id, name)
		}
	}
	g.once(what)
	g.kept(what)
	g.delivered(what)
	g.play(what, began)
}

// once: nobody was dialled twice, every call that was answered to the client is there, and those that waited were dialled.
func (g *siege) once(what string) {
	g.t.Helper()
	dialled := g.w.dialled()
	for id, n := range dialled {
		if n > 1 {
			g.t.Errorf("%s: call %s was dialled %d times", what, id, n)
		}
	}
	causes := map[string]string{}
	for _, id := range g.column("SELECT id || ' ' || cause FROM calls") {
		causes[id[:36]] = id[37:]
	}
	for id, behaviour := range g.placed {
		cause, there := causes[id]
		switch {
		case !there:
			g.t.Errorf("%s: call %s (%s) was accepted and is not there", what, id, behaviour)
		case dialled[id] == 0 && cause != "unknown" && cause != "cancelled" && cause != "node_lost":
			g.t.Errorf("%s: call %s (%s) was never dialled, and ended as %s", what, id, behaviour, cause)
		}
	}
}

// kept: what a follower was shown is in the log, as it was shown.
func (g *siege) kept(what string) {
	g.t.Helper()
	there := map[string]seen{}
	rows, err := g.db.Query("SELECT id, call_id, sequence FROM events")
	if err != nil {
		g.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var e seen
		if err := rows.Scan(&id, &e.call, &e.sequence); err != nil {
			g.t.Fatal(err)
		}
		there[id] = e
	}
	for id, e := range g.seen {
		if there[id] != e {
			g.t.Errorf("%s: event %s was shown as %+v; the log has %+v", what, id, e, there[id])
		}
	}
}

// delivered: each call's end is delivered, under one webhook-id however often.
func (g *siege) delivered(what string) {
	g.t.Helper()
	missing := func() (ids []string) {
		for _, id := range g.column("SELECT id FROM events WHERE " + terminal) {
			if g.hooks.with(id) == 0 {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for over := time.Now().Add(40 * time.Second); len(missing()) > 0 && time.Now().Before(over); time.Sleep(20 * time.Millisecond) {
	}
	for _, id := range missing() {
		g.t.Errorf("%s: event %s is not delivered: %v", what, id, g.column("SELECT type || ' ' || call_id FROM events WHERE id = '"+id+
			"' UNION ALL SELECT state || ' ' || attempts || ' ' || tries FROM deliveries WHERE event_id = '"+id+"'"))
	}
	if len(missing()) > 0 {
		g.t.Error(g.column("SELECT event_type || COUNT(*) FROM deliveries GROUP BY event_type UNION ALL SELECT name || position FROM cursors UNION ALL SELECT kind || doc FROM resources WHERE kind LIKE 'web%'"))
	}
	for _, id := range g.column("SELECT id FROM events WHERE " + terminal) {
		if n := g.hooks.with(id); n != 1 {
			g.t.Errorf("%s: event %s came with %d webhook-ids", what, id, n)
		}
	}
}

// play: what the rows of this cycle say is recorded is sound.
func (g *siege) play(what string, began int64) {
	g.t.Helper()
	for _, id := range g.column(fmt.Sprintf("SELECT id FROM calls WHERE created_at >= %d", began)) {
		var c call
		g.api("GET", "/v1/calls?id="+id, nil, &c)
		if !c.Recording {
			continue
		}
		var raw []byte
		g.api("GET", "/v1/calls/recording?format=wav&id="+id, nil, &raw)
		if w, err := audio.ReadWAV(bytes.NewReader(raw)); err != nil || len(w.PCM) == 0 {
			g.t.Errorf("%s: the recording of call %s, %d bytes: %v", what, id, len(raw), err)
		}
	}
}
