//go:build e2e

package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// moments are when the server is killed, as seen from outside; "" is any time.
var moments = []string{"created", "invite", "answer", "ack", "inbound", "bye", "hangup", "ended", "webhook", "queued", ""}

// A siege is one server on one database that is killed again and again, and what is known of it from outside.
type siege struct {
	*server
	w       *wire
	hooks   *hooks
	db      *sql.DB
	rng     *rand.Rand
	moments []string // at which it may be killed
	agent   string
	n       int // telephones so far

	mu       sync.Mutex // guards all below
	moment   string
	delay    time.Duration
	left     int           // of the moment, before the kill
	killed   chan struct{} // closed by the kill of this cycle
	when     time.Time     // of it
	placed   map[string]string
	seen     map[string]seen // events that were shown, by id
	watching sync.WaitGroup

	during  func(life context.Context) // done beside the calls of a life
	between func()                     // done between a death and the next life

	stillborn int           // lives that were killed while they began
	slowest   time.Duration // from a kill until the next life was ready
}

// seen is an event as a follower was shown it.
type seen struct {
	call     string
	sequence int64
}

// TestKills: whenever the server is killed, its next life ends what was running, dials nothing twice and has lost nothing.
func TestKills(t *testing.T) {
	kills := number(t, "PARLEY_KILLS", 3)
	seed := number(t, "PARLEY_KILL_SEED", int(time.Now().Unix()%1e6))
	each(t, func(t *testing.T, url string, db *sql.DB) {
		g := lay(t, url, db, uint64(seed))
		t.Logf("PARLEY_KILL_SEED=%d", seed)
		for i := range kills {
			g.cycle(i)
			if t.Failed() {
				t.Fatalf("at cycle %d", i)
			}
			if i%20 == 19 || i == kills-1 {
				g.report(i + 1)
			}
		}
	})
}

// report is what a run had to do with.
func (g *siege) report(kills int) {
	var calls, lost, unknown, events int
	g.query("SELECT COUNT(*), COALESCE(SUM(CASE WHEN cause = 'node_lost' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN cause = 'unknown' THEN 1 ELSE 0 END), 0) FROM calls",
		&calls, &lost, &unknown)
	g.query("SELECT COUNT(*) FROM events", &events)
	invites := 0
	for _, n := range g.w.dialled() {
		invites += n
	}
	g.t.Logf("%d kills and %d during a start: %d calls (%d cut by a kill, %d of which it is not known whether they were dialled), %d INVITEs, %d events, of which followers had seen %d; ready again after %v at most",
		kills, g.stillborn, calls, lost, unknown, invites, events, len(g.seen), g.slowest.Round(time.Millisecond))
}

// number is one from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// each runs a test on SQLite, and on the PostgreSQL server of PARLEY_TEST_POSTGRES, if there is one, in a database of its own. url is
// what the server is to be told, "" for a file of its own; db reads the same rows.
func each(t *testing.T, run func(t *testing.T, url string, db *sql.DB)) {
	t.Run("SQLite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "parley.db")
		db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		run(t, file, db)
	})
	if os.Getenv("PARLEY_TEST_POSTGRES") == "" {
		return
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		url, db := onPostgres(t)
		run(t, url, db)
	})
}

// onPostgres makes a database on the server of PARLEY_TEST_POSTGRES; without one the test is skipped.
func onPostgres(t *testing.T) (url string, db *sql.DB) {
	t.Helper()
	at := os.Getenv("PARLEY_TEST_POSTGRES")
	if at == "" {
		t.Skip("PARLEY_TEST_POSTGRES is not set")
	}
	admin, err := sql.Open("pgx", at)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("e2e_%d", time.Now().UnixNano())
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	url = strings.Replace(at, "/postgres?", "/"+name+"?", 1)
	if url == at {
		t.Fatalf("PARLEY_TEST_POSTGRES is to name the database postgres and parameters: %s", at)
	}
	if db, err = sql.Open("pgx", url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return url, db
}

// lay starts a server on a database, with telephones, vendors and a receiver of webhooks around it.
func lay(t *testing.T, url string, db *sql.DB, seed uint64, env ...string) *siege {
	t.Helper()
	g := &siege{db: db, rng: rand.New(rand.NewPCG(seed, 1)), moments: moments, hooks: newHooks(t), placed: map[string]string{}, seen: map[string]seen{}}
	g.server = prepare(t, append(append(quickVendors(t), "PARLEY_DATABASE_URL="+url, "PARLEY_LOG=warn"), env...)...)
	g.w = newWire(t, g.sip)
	g.w.told, g.hooks.told = g.tell, g.tell
	g.start()
	g.agent, _ = g.server.agent(ofVendors(g.hooks.url, "event_phone_call_connected", "event_message", "event_phone_call_did_not_connect", "event_phone_call_ended"))
	var of string
	g.query("SELECT id FROM environments", &of)
	g.api("POST", "/v1/environments/update?id="+of, m{"max_concurrent_calls": 9}, nil)
	return g
}

// tell is called at each moment; the one that was agreed on is the last of this life.
func (g *siege) tell(moment, _ string) {
	g.mu.Lock()
	hit := moment == g.moment && g.killed != nil
	if hit {
		g.left--
	}
	hit = hit && g.left == 0
	delay := g.delay
	g.mu.Unlock()
	if hit && delay == 0 {
		g.kill()
	} else if hit {
		time.AfterFunc(delay, g.kill)
	}
}

// kill ends this life, once.
func (g *siege) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.killed:
	default:
		g.cmd.Process.Kill()
		g.when = time.Now()
		close(g.killed)
	}
}

// cycle is one life and death, and what the next life makes of it.
func (g *siege) cycle(i int) {
	g.t.Helper()
	g.mu.Lock()
	g.moment, g.left, g.delay, g.killed = g.moments[g.rng.IntN(len(g.moments))], 1+g.rng.IntN(2), 0, make(chan struct{})
	if g.rng.IntN(2) == 0 {
		g.delay = time.Duration(g.rng.IntN(40)) * time.Millisecond
	}
	most := 2500 * time.Millisecond
	if g.moment == "" {
		most = time.Duration(g.rng.IntN(2000)) * time.Millisecond
	}
	what := fmt.Sprintf("cycle %d, killed at %q %d, %v later", i, g.moment, g.left, g.delay)
	g.mu.Unlock()
	life, over := context.WithCancel(g.t.Context())
	late := time.AfterFunc(most, g.kill)
	began := time.Now().UnixMicro()
	if g.during != nil {
		g.watching.Go(func() { g.during(life) })
	}
	g.busy(life)
	<-g.killed
	late.Stop()
	over()
	g.watching.Wait()
	<-g.gone
	dialled := g.w.dialled()
	g.w.forget()
	g.w.hurry(true)
	g.died()
	for g.rng.IntN(4) == 0 { // the next life is a short one, too: it dies while it puts things right
		g.launch()
		time.Sleep(time.Duration(g.rng.IntN(200)) * time.Millisecond)
		g.cmd.Process.Kill()
		g.when = time.Now()
		<-g.gone
		g.died()
		g.stillborn++
	}
	g.start()
	g.slowest = max(g.slowest, time.Since(g.when))
	g.reconciled(what, dialled)
	g.settled(what, began)
	g.w.hurry(false)
}

func (g *siege) died() {
	if g.between != nil {
		g.between()
	}
}

// busy makes calls of all kinds until they are made or the server is dead.
func (g *siege) busy(life context.Context) {
	for _, behaviour := range []string{"queue", "talk", "brief", "in", "ring", "busy", "talk", "in", "brief", "queue", "talk"} {
		if life.Err() != nil || g.dead() {
			return
		}
		g.n++
		if behaviour == "in" {
			g.w.ring(g.agent)
			continue
		}
		body := m{"agent": g.agent, "from_number": "1000", "to_number": g.w.address(behaviour, g.n)}
		if behaviour == "queue" {
			body["queue"], body["to_number"] = true, g.w.address("brief", g.n)
		}
		var c struct{ ID string }
		if g.ask(life, "POST", "/v1/calls/create", body, "", &c) != http.StatusCreated {
			continue
		}
		g.mu.Lock()
		g.placed[c.ID] = behaviour
		g.mu.Unlock()
		g.watching.Go(func() { g.follow(life, c.ID) })
		g.tell("created", c.ID)
		if behaviour == "queue" {
			g.tell("queued", c.ID)
		}
		if behaviour == "ring" || behaviour == "talk" && g.rng.IntN(3) == 0 {
			wait := time.Duration(g.rng.IntN(600)) * time.Millisecond
			g.watching.Go(func() {
				time.Sleep(wait)
				if g.ask(life, "POST", "/v1/calls/end?id="+c.ID, nil, "", nil) == http.StatusOK {
					g.tell("ended", c.ID)
				}
			})
		}
	}
}

func (g *siege) dead() bool {
	select {
	case <-g.killed:
		return true
	default:
		return false
	}
}

// ask makes a request of a server that may die; 0: there was no answer.
func (g *siege) ask(ctx context.Context, method, path string, body any, once string, into any) int {
	code, b, err := asking{method: method, url: g.http + path, key: key, once: once, body: body}.answer(ctx)
	if err != nil {
		return 0
	}
	if into != nil && code < 300 {
		if err := json.Unmarshal(b, into); err != nil {
			g.t.Errorf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return code
}

// follow notes which events of a call are shown, until the call or the server is over.
func (g *siege) follow(ctx context.Context, id string) {
	asking{method: "GET", url: g.http + "/v1/calls/events?id=" + id, key: key}.events(ctx, func(event string, sequence int64) {
		g.mu.Lock()
		g.seen[event] = seen{id, sequence}
		g.mu.Unlock()
	})
}
