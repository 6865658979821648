package store

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// midnight is a Monday's.
var midnight = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// overCall is some call that is over, made within days of midnight.
func overCall(r *rand.Rand, env, id string, days int) parley.Call {
	c := parley.Call{ID: id, UserID: env, Status: parley.Ended, IsOutgoing: r.IntN(2) == 0, AgentID: []string{"", "anna", "ben"}[r.IntN(3)],
		Created: midnight.Add(time.Duration(r.Int64N(int64(days) * int64(24*time.Hour)))).Truncate(time.Microsecond)}
	c.Cause = []parley.Cause{parley.CallerHungUp, parley.AgentEnded, parley.NoAnswer, parley.Busy, parley.ProviderFailed}[r.IntN(5)]
	c.Status = c.Cause.Status()
	c.End = c.Created.Add(time.Duration(5+r.IntN(600)) * time.Second)
	if c.Cause == parley.NoAnswer || c.Cause == parley.Busy {
		return c
	}
	c.Start = c.Created.Add(4 * time.Second)
	spoken(r, &c)
	return c
}

// spoken has a call have turns, and a cost sometimes.
func spoken(r *rand.Rand, c *parley.Call) {
	c.Turns, c.Usage.Cost = nil, nil
	if r.IntN(3) > 0 {
		cost := float64(r.IntN(1_000_000)) / 1e6
		c.Usage.Cost = &cost
	}
	c.Usage.STTSeconds, c.Usage.TelephonySeconds = float64(r.IntN(1000))/10, float64(r.IntN(1000))/10
	c.Usage.LLMTokensIn, c.Usage.LLMTokensOut, c.Usage.TTSCharacters = int64(r.IntN(5000)), int64(r.IntN(500)), int64(r.IntN(900))
	for i := range r.IntN(12) {
		ms := func(most int) time.Duration { return time.Duration(r.IntN(most)) * time.Millisecond }
		human := parley.Turn{ID: fmt.Sprint("h", i), Who: parley.Human, Text: "What are your opening hours?", Interrupted: r.IntN(2) == 0}
		if r.IntN(4) > 0 {
			human.Vendors = &parley.Credits{Hearing: parley.Given([]string{"deepgram", "local"}[r.IntN(2)], nil)}
		}
		bot := parley.Turn{ID: fmt.Sprint("b", i), Who: parley.Bot, Text: "From eight to five.", Interrupted: r.IntN(3) == 0}
		if r.IntN(4) > 0 {
			bot.Latency = &parley.Latency{STT: ms(300), LLM: ms(900), TTS: ms(400), Total: ms(2500)}
			bot.Vendors = &parley.Credits{Thinking: parley.Given("openai", nil), Speaking: parley.Given([]string{"", "cartesia"}[r.IntN(2)], nil)}
		}
		c.Turns = append(c.Turns, human, bot)
	}
}

// counted is what an overview has to say of calls: counted one by one, from the calls alone.
func counted(calls []parley.Call, agent string, bounds []time.Time) (steps []map[string]Counts, latencies map[Series][]time.Duration) {
	latencies = map[Series][]time.Duration{}
	for i := range bounds[1:] {
		step := map[string]Counts{}
		for _, c := range calls {
			if c.Created.Before(bounds[i]) || !c.Created.Before(bounds[i+1]) || agent != "" && c.AgentID != agent || c.Status != parley.Ended && c.Status != parley.Failed {
				continue
			}
			kind := fmt.Sprint(c.IsOutgoing, " ", c.Cause)
			n := step[kind]
			n.Calls++
			if !c.Start.IsZero() {
				n.Answered++
				n.Talk += c.End.Sub(c.Start).Microseconds()
			}
			if c.Usage.Cost != nil {
				n.Costed++
				n.Cost += int64(math.Round(*c.Usage.Cost * 1e6))
			}
			u := c.Usage
			n.STT, n.Telephony = n.STT+int64(math.Round(u.STTSeconds*1e6)), n.Telephony+int64(math.Round(u.TelephonySeconds*1e6))
			n.TokensIn, n.TokensOut, n.Characters = n.TokensIn+u.LLMTokensIn, n.TokensOut+u.LLMTokensOut, n.Characters+u.TTSCharacters
			hearing := ""
			for _, t := range c.Turns {
				if t.Who == parley.Human {
					if t.Vendors != nil && t.Vendors.Hearing != nil {
						hearing = t.Vendors.Hearing.Vendor
					}
					continue
				}
				if t.Interrupted {
					n.Interruptions++
				}
				if t.Latency == nil {
					continue
				}
				all := func(s Series, d time.Duration) { latencies[s] = append(latencies[s], d) }
				both := func(skill, vendor, stage string, d time.Duration) {
					if vendor != "" {
						all(Series{skill, vendor, "total"}, t.Latency.Total)
						all(Series{skill, vendor, stage}, d)
					}
				}
				all(Series{Stage: "total"}, t.Latency.Total)
				both("hearing", hearing, "stt", t.Latency.STT)
				if t.Vendors != nil && t.Vendors.Thinking != nil {
					both("thinking", t.Vendors.Thinking.Vendor, "llm", t.Latency.LLM)
				}
				if t.Vendors != nil && t.Vendors.Speaking != nil {
					both("speaking", t.Vendors.Speaking.Vendor, "tts", t.Latency.TTS)
				}
			}
			step[kind] = n
		}
		steps = append(steps, step)
	}
	return steps, latencies
}

// compare holds an overview against a count over all calls.
func compare(t *testing.T, d *DB, env, agent string, bounds []time.Time, calls []parley.Call) {
	t.Helper()
	o, err := d.Overview(t.Context(), env, agent, bounds)
	if err != nil || o.Pending != 0 || len(o.Steps) != len(bounds)-1 {
		t.Fatalf("%d steps, %d pending, %v", len(o.Steps), o.Pending, err)
	}
	steps, all := counted(calls, agent, bounds)
	for i, s := range o.Steps {
		if !s.From.Equal(bounds[i]) || !s.To.Equal(bounds[i+1]) {
			t.Errorf("step %d: %v to %v", i, s.From, s.To)
		}
		if len(s.Kinds) != len(steps[i]) {
			t.Errorf("%q, step %d from %v: %+v, want %+v", agent, i, s.From, s.Kinds, steps[i])
			continue
		}
		for _, k := range s.Kinds {
			if want := steps[i][fmt.Sprint(k.Outgoing, " ", k.Cause)]; k.Counts != want {
				t.Errorf("%q, step %d from %v, %v: %+v, want %+v", agent, i, s.From, k.Cause, k.Counts, want)
			}
		}
	}
	sum := map[string]Counts{}
	for _, a := range []string{"anna", "ben"} {
		var n Counts
		of, _ := counted(calls, a, bounds)
		for _, step := range of {
			for _, k := range step {
				n.Add(k, 1)
			}
		}
		if n.Calls > 0 && (agent == "" || agent == a) {
			sum[a] = n
		}
	}
	if len(o.Agents) != len(sum) {
		t.Errorf("%q: %+v, want %+v", agent, o.Agents, sum)
	}
	for _, a := range o.Agents {
		if a.Counts != sum[a.Agent] {
			t.Errorf("%q, %s: %+v, want %+v", agent, a.Agent, a.Counts, sum[a.Agent])
		}
	}
	var series int
	for s, b := range o.Latencies {
		want := all[s]
		if b.N() != 0 {
			series++
		}
		if b.N() != int64(len(want)) {
			t.Errorf("%q, %v: %d latencies, want %d", agent, s, b.N(), len(want))
			continue
		}
		slices.Sort(want)
		for _, p := range []float64{0.5, 0.95} {
			if len(want) == 0 {
				break
			}
			exact := float64(want[int(math.Ceil(p*float64(len(want))-1e-9))-1].Milliseconds())
			if got := b.Percentile(p); math.Abs(got-exact) > 0.008*exact {
				t.Errorf("%q, %v, %v of %d: %v ms, want %v", agent, s, p, len(want), got, exact)
			}
		}
	}
	if series != len(all) {
		t.Errorf("%q: %d series, want %d", agent, series, len(all))
	}
}

func every(from time.Time, step time.Duration, n int) (bounds []time.Time) {
	for i := range n + 1 {
		bounds = append(bounds, from.Add(time.Duration(i)*step))
	}
	return bounds
}

// compareAll does so for spans of all kinds.
func compareAll(t *testing.T, d *DB, env string, days int, calls []parley.Call) {
	t.Helper()
	nepal := time.FixedZone("+0545", 5*3600+45*60)
	local := time.Date(2026, 11, 2, 0, 0, 0, 0, nepal)
	for _, agent := range []string{"", "anna", "ben", "nobody"} {
		compare(t, d, env, agent, []time.Time{midnight, midnight.AddDate(0, 0, days)}, calls)
		compare(t, d, env, agent, every(midnight, 24*time.Hour, days), calls)
		compare(t, d, env, agent, every(midnight.Add(-12*time.Hour), time.Hour, 24*min(days, 4)), calls)
		compare(t, d, env, agent, every(local, 24*time.Hour, days-1), calls)
		compare(t, d, env, agent, every(local, 5*24*time.Hour, days/5), calls)
		compare(t, d, env, agent, []time.Time{midnight.Add(45 * time.Minute), midnight.Add(time.Hour), midnight.AddDate(0, 0, 3), midnight.AddDate(0, 0, days).Add(-15 * time.Minute)}, calls)
	}
}

// testOverview has calls end, change, be erased and be deleted, and compares with a count over all of them.
func testOverview(t *testing.T, d *DB) {
	ctx, env, days := t.Context(), environment(t, d), 12
	r := rand.New(rand.NewPCG(7, 8))
	other := overCall(r, environment(t, d), "other", 1)
	if err := d.CreateCall(ctx, other); err != nil {
		t.Fatal(err)
	}
	var calls []parley.Call
	for i := range 150 {
		c := overCall(r, env, fmt.Sprint("c", i), days)
		begun := c
		begun.Status, begun.Cause, begun.Turns, begun.Start, begun.End, begun.Usage = parley.InProgress, "", nil, time.Time{}, time.Time{}, parley.Usage{}
		if i%10 == 0 { // made when it was over already
			begun = c
		}
		if err := d.CreateCall(ctx, begun); err != nil {
			t.Fatal(err)
		}
		if err := d.UpdateCall(ctx, c.ID, func(p *parley.Call) error { *p = c; return nil }); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	if err := d.CreateCall(ctx, parley.Call{ID: "running", UserID: env, Status: parley.InProgress, Created: midnight}); err != nil {
		t.Fatal(err)
	}
	compareAll(t, d, env, days, calls)
	for i := range calls {
		switch c := &calls[i]; i % 5 {
		case 0: // what came of it is known better later
			spoken(r, c)
			c.Cause = parley.AgentEnded
			if err := d.UpdateCall(ctx, c.ID, func(p *parley.Call) error { p.Turns, p.Usage, p.Cause = c.Turns, c.Usage, c.Cause; return nil }); err != nil {
				t.Fatal(err)
			}
		case 1: // its words are erased: how long they took stays
			if err := d.EraseText(ctx, c.ID); err != nil {
				t.Fatal(err)
			}
			if err := d.UpdateCall(ctx, c.ID, func(p *parley.Call) error { p.Recording = "x.mp3"; return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	compareAll(t, d, env, days, calls)
	compare(t, d, other.UserID, "", every(midnight, 24*time.Hour, 1), []parley.Call{other})

	path := filepath.Join(t.TempDir(), "backup.db")
	if err := d.Backup(ctx, path); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, filepath.Join(t.TempDir(), "again.db"))
	if err := again.Restore(ctx, path); err == nil {
		compareAll(t, again, env, days, calls)
	} else if !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}

	for len(calls) > 0 {
		n := max(len(calls)/2-1, 0)
		for _, c := range calls[n:] {
			if _, err := d.DeleteCall(ctx, env, c.ID); err != nil {
				t.Fatal(err)
			}
		}
		calls = calls[:n]
		compareAll(t, d, env, days, calls)
	}
	var left int
	if err := d.r.NewRaw("SELECT (SELECT COUNT(*) FROM overview_counts WHERE environment_id = ?) + (SELECT COUNT(*) FROM overview_latency WHERE environment_id = ?)", env, env).Scan(ctx, &left); err != nil || left != 0 {
		t.Errorf("%d rows are left of calls that are gone: %v", left, err)
	}
}

// testOverviewOfBefore: calls that were over before there was an overview are in it; also those that change, or go, before they are counted.
func testOverviewOfBefore(t *testing.T, d *DB) {
	ctx, env, days := t.Context(), environment(t, d), 6
	d.folding.close() // nothing is added up but by whoever reads
	r := rand.New(rand.NewPCG(9, 10))
	var calls []parley.Call
	for i := range 40 {
		c := overCall(r, env, fmt.Sprint("c", i), days)
		if err := d.CreateCall(ctx, c); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	forget(t, d)
	if n, err := d.news(ctx, env, pendingMost); err != nil || n != len(calls) {
		t.Fatal(n, err)
	}
	for i := range 10 {
		c := &calls[i]
		spoken(r, c)
		if err := d.UpdateCall(ctx, c.ID, func(p *parley.Call) error { p.Turns, p.Usage = c.Turns, c.Usage; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		if _, err := d.DeleteCall(ctx, env, calls[len(calls)-1].ID); err != nil {
			t.Fatal(err)
		}
		calls = calls[:len(calls)-1]
	}
	if err := d.EraseText(ctx, calls[12].ID); err != nil {
		t.Fatal(err)
	}
	if n, err := d.fold(ctx, env, 7); err != nil || n != 7 {
		t.Fatal(n, err)
	}
	for i := range 3 {
		c := &calls[i*5]
		spoken(r, c)
		if err := d.UpdateCall(ctx, c.ID, func(p *parley.Call) error { p.Turns, p.Usage = c.Turns, c.Usage; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	compareAll(t, d, env, days, calls)
}

// forget takes a database to where it is just after the migration that brings the overview. Nothing is added up meanwhile.
func forget(t testing.TB, d *DB) {
	t.Helper()
	err := d.tx(t.Context(), func(tx bun.Tx) error {
		if d.pg {
			if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?)", foldLock).Exec(t.Context()); err != nil {
				return err
			}
		}
		for _, q := range []string{"DELETE FROM overview_counts", "DELETE FROM overview_latency", "DELETE FROM overview_news",
			"INSERT INTO overview_news (id, environment_id, call_id, sign, doc) SELECT id, environment_id, id, 0, '' FROM calls WHERE status IN ('ended', 'error')"} {
			if _, err := tx.NewRaw(q).Exec(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// testOverviewRaces: calls end, change and go in several processes at once, while all of them add up.
func testOverviewRaces(t *testing.T, d *DB) {
	ctx, env, days := t.Context(), environment(t, d), 5
	processes := []*DB{d, d}
	if d.pg {
		other, err := Open(ctx, postgresURL, key(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { other.Close() })
		processes[1] = other
	}
	r := rand.New(rand.NewPCG(11, 12))
	var before []parley.Call
	for i := range 60 {
		c := overCall(r, env, fmt.Sprint("before", i), days)
		if err := d.CreateCall(ctx, c); err != nil {
			t.Fatal(err)
		}
		before = append(before, c)
	}
	forget(t, d)
	var mu sync.Mutex
	var calls []parley.Call
	var wg sync.WaitGroup
	for w := range 4 {
		d, r := processes[w%2], rand.New(rand.NewPCG(13, uint64(w)))
		mine := before[w*15 : (w+1)*15]
		wg.Go(func() {
			for i := range 25 {
				c := overCall(r, env, fmt.Sprint(w, "-", i), days)
				err := d.CreateCall(ctx, c)
				if i < len(mine) {
					mu.Lock()
					c := &mine[i]
					spoken(r, c)
					mu.Unlock()
					err = errors.Join(err, d.UpdateCall(ctx, c.ID, func(p *parley.Call) error { p.Turns, p.Usage = c.Turns, c.Usage; return nil }))
				}
				switch i % 4 {
				case 0:
					_, gone := d.DeleteCall(ctx, env, c.ID)
					err = errors.Join(err, gone)
				case 1:
					spoken(r, &c)
					err = errors.Join(err, d.UpdateCall(ctx, c.ID, func(p *parley.Call) error { p.Turns, p.Usage = c.Turns, c.Usage; return nil }))
				case 2:
					_, told := d.Overview(ctx, env, "", every(midnight, 24*time.Hour, days))
					err = errors.Join(err, told)
				}
				if err != nil {
					t.Error(err)
					return
				}
				if i%4 != 0 {
					mu.Lock()
					calls = append(calls, c)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	compareAll(t, d, env, days, append(calls, before...))
}

// testOverviewBounds: what cannot be added up is refused.
func testOverviewBounds(t *testing.T, d *DB) {
	env := environment(t, d)
	for name, bounds := range map[string][]time.Time{
		"none": nil, "one": {midnight}, "backwards": {midnight, midnight.Add(-time.Hour)}, "none between": {midnight, midnight},
		"no quarter": {midnight, midnight.Add(time.Minute)}, "before 1970": {time.Unix(-900, 0), midnight}, "too many": every(midnight, 24*time.Hour, MaxOverviewSteps+1),
	} {
		if _, err := d.Overview(t.Context(), env, "", bounds); err == nil {
			t.Error(name)
		}
	}
	if _, err := d.Overview(t.Context(), env, "", every(midnight.Add(time.Hour), 24*time.Hour, 200)); !errors.Is(err, ErrOverviewTooFine) {
		t.Error(err)
	}
	o, err := d.Overview(t.Context(), env, "", every(midnight, 24*time.Hour, MaxOverviewSteps))
	if err != nil || len(o.Steps) != MaxOverviewSteps || o.Latencies[Series{Stage: "total"}].N() != 0 {
		t.Error(len(o.Steps), err)
	}
}

// TestOverviewIsAddedUpUnasked: what calls add does not heap up while nobody reads.
func TestOverviewIsAddedUpUnasked(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	c := overCall(rand.New(rand.NewPCG(1, 1)), env, "c", 1)
	if err := d.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		n, err := d.news(t.Context(), "", 10)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d changes still wait: %v", n, err)
		}
		if n == 0 {
			break
		}
	}
	compare(t, d, env, "", every(midnight, 24*time.Hour, 1), []parley.Call{c})
}

// TestOverviewOfWhatCannotBeRead: one broken row is left out, and holds up nothing.
func TestOverviewOfWhatCannotBeRead(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	c := overCall(rand.New(rand.NewPCG(1, 1)), env, "c", 1)
	if err := d.CreateCall(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for i, doc := range []string{"", "{", `{"made":1,"counts":{"calls":1},"latencies":"%"}`} {
		if _, err := d.w.NewRaw("INSERT INTO overview_news (id, environment_id, call_id, sign, doc) VALUES (?, ?, 'x', 1, ?)", fmt.Sprint(i), env, doc).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, d, env, "", every(midnight, 24*time.Hour, 1), []parley.Call{c})
}

// TestPrivateCallsAreCounted: without their words, of which nothing is kept.
func TestPrivateCallsAreCounted(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	c := overCall(rand.New(rand.NewPCG(2, 1)), env, "c", 1)
	c.Private = true
	if err := d.CreateCall(t.Context(), parley.Call{ID: "c", UserID: env, Status: parley.InProgress, Created: c.Created, AgentID: c.AgentID, IsOutgoing: c.IsOutgoing, Private: true}); err != nil {
		t.Fatal(err)
	}
	if err := d.UpdateCall(t.Context(), "c", func(p *parley.Call) error { *p = c; return nil }); err != nil {
		t.Fatal(err)
	}
	c.Turns = nil
	compare(t, d, env, "", every(midnight, 24*time.Hour, 1), []parley.Call{c})
}
