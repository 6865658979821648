//go:build e2e

package e2e

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/parley-voice/parley/bench"
)

const (
	costCalls = 50
	costTalk  = 40 * time.Second
	costMost  = 1.10 // of the CPU of a call with SQLite
)

// TestClusterCost has a server hold calls by turns on SQLite and on PostgreSQL with NATS, as often as PARLEY_PAIRS says (make bench-cluster): the CPU
// of its process for each call, what callers wait for an answer, and the rows and messages of a call.
func TestClusterCost(t *testing.T) {
	pairs, err := strconv.Atoi(os.Getenv("PARLEY_PAIRS"))
	if err != nil || pairs < 1 {
		t.Skip("PARLEY_PAIRS says how often to measure: it takes two minutes each, and wants the machine to itself")
	}
	_, address := natsServer(t)
	messages := counted(t, address)
	var cpu, p50, p95 [2][]float64
	var ratios []float64
	for i := range pairs {
		for j := range 2 {
			mode := (i + j) % 2 // who begins changes
			o := bench.Options{Command: []string{binary(t), "serve"}, Calls: costCalls, Talk: costTalk, Record: true, Webhook: true}
			if mode == 1 {
				url, db := onPostgres(t)
				o.Database, o.NATS = url, address
				messages()
				r := measured(t, o)
				kinds := messages()
				if kinds["events"] == 0 {
					t.Error("it has not used NATS")
				}
				t.Logf("PostgreSQL and NATS: %.3f %% of a core a call; added p50 %.1f, p95 %.1f ms; %d turns; messages by kind %v; rows by table %v", r.CPUPerCall, r.Added.P50, r.Added.P95, r.Turns,
					kinds, written(t, db))
				cpu[1], p50[1], p95[1] = append(cpu[1], r.CPUPerCall), append(p50[1], r.Added.P50), append(p95[1], r.Added.P95)
				continue
			}
			r := measured(t, o)
			t.Logf("SQLite: %.3f %% of a core a call; added p50 %.1f, p95 %.1f ms; %d turns", r.CPUPerCall, r.Added.P50, r.Added.P95, r.Turns)
			cpu[0], p50[0], p95[0] = append(cpu[0], r.CPUPerCall), append(p50[0], r.Added.P50), append(p95[0], r.Added.P95)
		}
		ratios = append(ratios, cpu[1][i]/cpu[0][i])
	}
	t.Logf("in the middle: %.3f and %.3f %% of a core a call, in pairs %.3f times; added p50 %.1f and %.1f, p95 %.1f and %.1f ms", middle(cpu[0]), middle(cpu[1]), middle(ratios),
		middle(p50[0]), middle(p50[1]), middle(p95[0]), middle(p95[1]))
	if m := middle(ratios); m > costMost {
		t.Errorf("PostgreSQL and NATS cost %.3f times the CPU of SQLite, not %.2f at most", m, costMost)
	}
}

func measured(t *testing.T, o bench.Options) bench.Report {
	t.Helper()
	r, err := bench.Run(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed > 0 || r.LostTurns > 0 {
		t.Errorf("%d calls failed, %d turns were lost: %v", r.Failed, r.LostTurns, r.Notes)
	}
	return r
}

// counted counts the messages that go through a NATS server, by what they are about: the word behind our prefix.
func counted(t *testing.T, url string) (counts func() map[string]int) {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	var mu sync.Mutex
	kinds := map[string]int{}
	_, err = conn.Subscribe("parley.>", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		kinds[strings.Split(m.Subject, ".")[2]]++
	})
	if err == nil {
		err = conn.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		was := kinds
		kinds = map[string]int{}
		return was
	}
}

// written is how many rows of each table were written.
func written(t *testing.T, db *sql.DB) map[string]int {
	t.Helper()
	rows, err := db.Query("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	of := map[string]int{}
	for rows.Next() {
		var table string
		var n int
		if err := rows.Scan(&table, &n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			of[table] = n
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return of
}

func middle(s []float64) float64 {
	s = slices.Sorted(slices.Values(s))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
