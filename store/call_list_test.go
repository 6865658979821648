package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// manyCalls fills an environment with calls as they are once they are over.
func manyCalls(t testing.TB, d *DB, env string, n int) {
	t.Helper()
	transcript := strings.Repeat("What are your opening hours? ", 60)
	began := time.Now().Add(-time.Duration(n) * time.Minute)
	var rows []callRow
	for i := range n {
		c := parley.Call{ID: newID(), UserID: env, Status: parley.Ended, From: fmt.Sprintf("+1555%07d", i), To: "+15550000000", AgentID: fmt.Sprint("agent-", i%7),
			Created: began.Add(time.Duration(i) * time.Minute), Start: began.Add(time.Duration(n-i) * time.Minute)}
		c.Turns = []parley.Turn{{ID: "1", Who: parley.Human, Text: transcript}}
		c.Agent = []byte(`{"prompt":{"content":"` + transcript + `"}}`)
		row := callRow{CreatedAt: micros(c.Created)}
		if err := row.set(d, c, ""); err != nil {
			t.Fatal(err)
		}
		if rows = append(rows, row); len(rows) == 500 || i == n-1 {
			if err := d.tx(t.Context(), func(tx bun.Tx) error { _, err := tx.NewInsert().Model(&rows).Exec(t.Context()); return err }); err != nil {
				t.Fatal(err)
			}
			rows = rows[:0]
		}
	}
}

// BenchmarkCalls lists calls of an environment that has 100,000.
func BenchmarkCalls(b *testing.B) {
	d := openFile(b)
	env := environment(b, d)
	manyCalls(b, d, env, 100_000)
	for name, p := range map[string]Page{
		"newest":  {},
		"deep":    {Page: 900, Size: 100},
		"sorted":  {SortColumn: "start_time", Size: 100},
		"running": {Filters: []Filter{{Field: "status", Value: "in_progress"}}},
		"agent":   {Filters: []Filter{{Field: "agent", Value: "agent-3"}}},
		"to":      {Filters: []Filter{{Field: "from_number", Op: "contains", Value: "99999"}}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := d.Calls(b.Context(), env, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
