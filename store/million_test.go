package store

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// seed fills an environment of an SQLite database with n calls that are over, one a second, and a delivery for each second one, in one
// transaction. The indexes are made anew after it: that is faster than to keep them.
func seed(t testing.TB, d *DB, env string, n int) {
	t.Helper()
	const doc = `{"turns":[{"id":"1","who":"human","text":"What are your opening hours? I would like to come by on Tuesday, if that is possible at all.","start":1000000000,"end":3000000000},
		{"id":"2","who":"bot","text":"We are open from eight in the morning until five in the afternoon, Monday to Friday. On Tuesday I can offer you ten o'clock.","start":4000000000,"end":9000000000,
		"latency":{"STT":120000000,"LLM":310000000,"TTS":140000000,"Total":780000000},"Vendors":{"thinking":{"vendor":"openai"},"speaking":{"vendor":"cartesia"}}}],
		"usage":{"stt_seconds":41.5,"llm_tokens_in":1800,"llm_tokens_out":120,"tts_characters":400,"telephony_seconds":61,"cost":null}}`
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d - 1) ", n)
	fill := []string{
		`INSERT INTO calls (id, environment_id, status, stage, is_outgoing, from_number, to_number, agent_id, telephony, telephony_id, cause, created_at, start_at, end_at, queued, slot, audio, has_text, doc, latency_p50, latency_p95, vendors) ` + numbers +
			`SELECT printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i), ?1, CASE i % 50 WHEN 0 THEN 'error' ELSE 'ended' END, 'picked_up', i % 2 = 0, printf('+1555%07d', i * 7919 % 1000000), printf('+1777%07d', i * 104729 % 1000000),
			'agent-' || (i % 40), 'sip', printf('%016x@host', i), CASE i % 50 WHEN 0 THEN 'provider_failed' WHEN 1 THEN 'busy' ELSE 'caller_hung_up' END,
			(?2 + i) * 1000000, (?2 + i + 5) * 1000000, (?2 + i + 65) * 1000000, 0, 0, 'wav', 1, replace(?3, '780000000', 200 + i * 7919 % 1800 || '000000'),
			200 + i * 7919 % 1800, 200 + i * 7919 % 1800, ',speaking:cartesia,thinking:openai,' FROM n`,
		`INSERT INTO snapshots (call_id, agent) SELECT id, ?3 FROM calls WHERE ?1 <> '' AND ?2 > 0`,
		`INSERT INTO deliveries (id, environment_id, webhook_id, call_id, event_id, event_type, position, state, attempts, next_at, tries, created_at, updated_at)
			SELECT 'd-' || id, ?1, 'webhook-' || (created_at / 1000000 % 10), id, 'e-' || id, 'event_call_ended', created_at, 'delivered', 1, 0, '[]', created_at, created_at FROM calls WHERE is_outgoing AND ?2 > 0 AND ?3 <> ''`,
	}
	err := d.tx(t.Context(), func(tx bun.Tx) error {
		var indexes []struct{ Name, SQL string }
		if err := tx.NewRaw("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('calls', 'deliveries')").Scan(t.Context(), &indexes); err != nil {
			return err
		}
		for _, x := range indexes {
			if _, err := tx.Exec("DROP INDEX " + x.Name); err != nil {
				return err
			}
		}
		for _, q := range fill {
			if _, err := tx.Tx.ExecContext(t.Context(), q, env, 1_700_000_000, doc); err != nil {
				return err
			}
		}
		for _, x := range indexes {
			if _, err := tx.Exec(x.SQL); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkMillion asks a store of a million calls 500 times a second, from as many clients as it takes, and says how long an answer
// takes: half of them, and 99 of 100; how long the first does, which has the list counted, and what one costs alone. PARLEY_BENCH_STORE names the file to make once and use again.
func BenchmarkMillion(b *testing.B) {
	d, env, _ := millionCalls(b)
	askMillion(b, d, env)
}

// BenchmarkMillionPostgres asks PostgreSQL the same, of the same calls: restored from a backup, whose time it tells.
func BenchmarkMillionPostgres(b *testing.B) {
	d := postgres(b)
	_, env, path := millionCalls(b)
	began := time.Now()
	if err := d.Restore(b.Context(), path); err != nil {
		b.Fatal(err)
	}
	b.Logf("restored in %v", time.Since(began).Round(time.Second))
	if _, err := d.w.Exec("VACUUM ANALYZE"); err != nil { // as autovacuum does within minutes
		b.Fatal(err)
	}
	askMillion(b, d, env)
}

const millionOf = 1_000_000

func millionCalls(b *testing.B) (d *DB, env, path string) {
	path = os.Getenv("PARLEY_BENCH_STORE")
	if path == "" {
		path = b.TempDir() + "/parley.db"
	}
	d = openAt(b, path)
	if err := d.r.NewRaw("SELECT environment_id FROM calls LIMIT 1").Scan(b.Context(), &env); err != nil {
		env = environment(b, d)
		began := time.Now()
		seed(b, d, env, millionOf)
		b.Logf("made in %v", time.Since(began).Round(time.Second))
	}
	if err := warm(path); err != nil {
		b.Fatal(err)
	}
	return d, env, path
}

func askMillion(b *testing.B, d *DB, env string) {
	const calls, rate, length = millionOf, 500, 5 * time.Second
	var ids []string
	if err := d.r.NewRaw("SELECT id FROM calls WHERE environment_id = ? ORDER BY telephony_id LIMIT 5000", env).Scan(b.Context(), &ids); err != nil {
		b.Fatal(err)
	}
	list := func(p func() Page) func() error {
		return func() error {
			l, err := d.Calls(b.Context(), env, p())
			if err == nil && p().Page < 2 && len(p().Filters) == 0 && (len(l.Items) == 0 || l.Total < calls/2 && l.Total != listWindow+1) {
				err = fmt.Errorf("%d of %d calls", len(l.Items), l.Total)
			}
			return err
		}
	}
	by := func(f ...Filter) func() Page { return func() Page { return Page{Size: 20, Filters: f} } }
	for _, c := range []struct {
		name string
		ask  func() error
	}{
		{"get", func() error { _, err := d.Call(b.Context(), env, ids[rand.IntN(len(ids))]); return err }},
		{"newest", list(func() Page { return Page{Size: 20} })},
		{"hundred at 50 a second", list(func() Page { return Page{Size: 100} })},
		{"by start", list(func() Page { return Page{Size: 20, SortColumn: "start_time"} })},
		{"deep", list(func() Page { return Page{Size: 20, Page: 1 + rand.IntN(calls/20)} })},
		{"status", list(by(Filter{"status", "eq", "error"}))},
		{"agent", list(func() Page { return by(Filter{"agent", "eq", fmt.Sprint("agent-", rand.IntN(40))})() })},
		{"callee", list(func() Page { return by(Filter{"to_number", "eq", fmt.Sprintf("+1777%07d", rand.IntN(1_000_000))})() })},
		{"since", list(by(Filter{"created_at", "gte", 1_700_900_000.0}))},
		{"deliveries", func() error {
			_, err := d.Deliveries(b.Context(), env, Page{Filters: []Filter{{"webhook_id", "eq", fmt.Sprint("webhook-", rand.IntN(10))}}})
			return err
		}},
		{"contains at 50 a second", list(by(Filter{"to_number", "contains", "12345"}))},
		{"over, since, at 50 a second", list(by(Filter{"status", "in", []any{"ended", "error"}}, Filter{"created_at", "gte", 1_700_100_000.0}))},
		{"over, deep, at 50 a second", list(func() Page {
			return Page{Size: 20, Page: 1 + rand.IntN(calls/20), Filters: []Filter{{"status", "in", []any{"ended", "error"}}}}
		})},
		{"vendor at 50 a second", list(by(Filter{"thinking_vendor", "eq", "openai"}))},
		{"slow answers at 50 a second", list(by(Filter{"heard_latency_p95", "gte", 1999.0}))},
		{"slow in the middle, deep, at 50 a second", list(func() Page {
			return Page{Size: 25, Page: 1 + rand.IntN(calls/250), Filters: []Filter{{"heard_latency_p50", "gte", 1800.0}}}
		})},
		{"heard by nobody at 50 a second", list(by(Filter{"hearing_vendor", "eq", "deepgram"}))},
		{"spoken by, deep, at 50 a second", list(func() Page {
			return Page{Size: 25, Page: 1 + rand.IntN(calls/25), Filters: []Filter{{"speaking_vendor", "eq", "cartesia"}}}
		})},
		{"interrupted, none is, at 50 a second", list(by(Filter{"interruptions", "gte", 1.0}))},
		{"cost known, of none is, at 50 a second", list(by(Filter{"cost", "ne", nil}))},
		{"cost not known, of a month, at 50 a second", list(by(Filter{"cost", "eq", nil}, Filter{"created_at", "gte", 1_698_000_000.0}))},
		{"slow answers of an agent at 50 a second", list(by(Filter{"heard_latency_p95", "gte", 1990.0}, Filter{"agent", "eq", "agent-7"}))},
		{"two fields at 50 a second", list(by(Filter{"status", "eq", "error"}, Filter{"ended_reason", "ne", "busy"}))},
	} {
		b.Run(c.name, func(b *testing.B) {
			every := time.Second / rate
			if strings.HasSuffix(c.name, "50 a second") {
				every *= 10
			}
			d.surveys.mu.Lock()
			clear(d.surveys.kept)
			d.surveys.mu.Unlock()
			began := time.Now()
			if err := c.ask(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "first-ms")
			var alone []time.Duration
			for range 200 { // one after the other; also warms what is read
				began := time.Now()
				if err := c.ask(); err != nil {
					b.Fatal(err)
				}
				alone = append(alone, time.Since(began))
			}
			slices.Sort(alone)
			b.ReportMetric(float64(alone[len(alone)/2].Microseconds())/1000, "alone-ms")
			took := openLoop(b, every, length, c.ask)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// warm reads the file once: what is measured is the store, not how fast a disk wakes up.
func warm(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}

// openLoop asks at a steady pace, whether the answers keep up or not, and gives how long each took from when it was due, sorted.
func openLoop(b *testing.B, every, length time.Duration, ask func() error) []time.Duration {
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	began := time.Now()
	for i := range int(length / every) {
		due := began.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			if err := ask(); err != nil {
				b.Error(err)
			}
			mu.Lock()
			took = append(took, time.Since(due))
			mu.Unlock()
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

// BenchmarkOverview adds up a million calls, as an update from a version without an overview does, and says how long an overview of them takes:
// of a day by the hour, of all 12 days by the day, here and where days begin at another time, and of one agent; then how long one call more
// takes to be in it. PARLEY_BENCH_STORE names the file, as for BenchmarkMillion.
func BenchmarkOverview(b *testing.B) {
	path := os.Getenv("PARLEY_BENCH_STORE")
	if path == "" {
		path = b.TempDir() + "/parley.db"
	}
	d := openAt(b, path)
	d.folding.close()
	var env string
	if err := d.r.NewRaw("SELECT environment_id FROM calls LIMIT 1").Scan(b.Context(), &env); err != nil {
		env = environment(b, d)
		seed(b, d, env, 1_000_000)
		forget(b, d)
	}
	began, n := time.Now(), 0
	for {
		some, err := d.fold(b.Context(), "", foldAtOnce)
		if err != nil {
			b.Fatal(err)
		}
		if some == 0 {
			break
		}
		n += some
	}
	if n > 0 {
		b.Logf("%d calls added up in %v", n, time.Since(began).Round(time.Second))
	}
	day := time.Unix(1_700_000_000, 0).UTC().Truncate(24 * time.Hour)
	for _, c := range []struct {
		name, agent string
		bounds      []time.Time
		calls       int64
	}{
		{"a day by the hour", "", every(day.Add(48*time.Hour), time.Hour, 24), 86400},
		{"all by the day", "", every(day, 24*time.Hour, 30), 1_000_000},
		{"all by the day of New York", "", every(day.Add(-19*time.Hour), 24*time.Hour, 30), 1_000_000},
		{"all by the hour", "", every(day, time.Hour, 30*24), 1_000_000},
		{"one agent by the hour", "agent-7", every(day, time.Hour, 30*24), 25_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				o, err := d.Overview(b.Context(), env, c.agent, c.bounds)
				var n int64
				for _, s := range o.Steps {
					for _, k := range s.Kinds {
						n += k.Calls
					}
				}
				if err != nil || n < c.calls || n > c.calls+10_000 {
					b.Fatalf("%d calls, want %d: %v", n, c.calls, err)
				}
			}
		})
	}
	b.Run("after one call more", func(b *testing.B) {
		r := rand.New(rand.NewPCG(1, 2))
		for b.Loop() {
			c := overCall(r, env, newID(), 1)
			if err := d.CreateCall(b.Context(), c); err != nil {
				b.Fatal(err)
			}
			if o, err := d.Overview(b.Context(), env, "", every(midnight, time.Hour, 24)); err != nil || o.Pending != 0 {
				b.Fatal(o.Pending, err)
			}
		}
	})
}
