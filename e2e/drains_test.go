//go:build e2e

package e2e

import (
	"bytes"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/bench"
)

const (
	drainCalls = 20
	drainShort = 6 * time.Second // the limit in rounds in which calls are left at it
	drainLong  = time.Minute     // and in those in which all end before
	drainAfter = 20 * time.Second
	drainLanes = 4 // rounds at once, each lane with a database and two nodes of its own
)

// A lane is two nodes of one database, of which one has all calls and is told to end while the other begins; then they change places.
type lane struct {
	t     *testing.T
	db    *sql.DB
	hooks *hooks
	agent string
	nodes [2]*server
	wires [2]*wire
	n     int

	mu   sync.Mutex     // guards said
	said [2][]time.Time // when a node hung up on a telephone, or gave up ringing it
}

func newLane(t *testing.T) *lane {
	url, db := onPostgres(t)
	v, err := bench.NewVendors(bench.Delays{STT: 50 * time.Millisecond, LLM: 20 * time.Millisecond, Token: time.Millisecond, TTS: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	l := &lane{t: t, db: db, hooks: newHooks(t)}
	for i := range l.nodes {
		l.nodes[i] = prepare(t, "PARLEY_DATABASE_URL="+url, "PARLEY_MASTER_KEY=one key of both nodes", "DEEPGRAM_BASE_URL="+v.Origin(), "DEEPGRAM_API_KEY=x",
			"OPENAI_BASE_URL="+v.Origin()+"/v1", "OPENAI_API_KEY=x", "PARLEY_LOG=warn")
		l.wires[i] = newWire(t, l.nodes[i].sip)
		l.wires[i].told = func(moment, _ string) {
			if moment == "bye" {
				l.mu.Lock()
				l.said[i] = append(l.said[i], time.Now())
				l.mu.Unlock()
			}
		}
	}
	return l
}

// begin starts a node whose calls, when it is told to end, have so long.
func (l *lane) begin(i int, limit time.Duration) {
	l.t.Helper()
	l.nodes[i].env = append(l.nodes[i].env, "PARLEY_DRAIN="+limit.String()) // the last one is the one that holds
	l.nodes[i].start()
}

// hungUp is when a node hung up on its telephones.
func (l *lane) hungUp(i int) []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]time.Time(nil), l.said[i]...)
}

// create has a node's API place a call to a telephone of a node.
func (l *lane) create(by, phone int) (id string) {
	l.t.Helper()
	l.n++
	var c call
	l.nodes[by].api("POST", "/v1/calls/create", m{"from_number": "15550000", "to_number": l.wires[phone].address("talk", l.n), "agent": l.agent}, &c)
	return c.ID
}

// connected is how many calls of a node have been answered and are not over.
func (l *lane) connected(node string) (n int) {
	l.t.Helper()
	if err := l.db.QueryRow("SELECT COUNT(DISTINCT c.id) FROM calls c JOIN events e ON e.call_id = c.id AND e.type = 'event_phone_call_connected' WHERE c.node = $1 AND c.status = 'in_progress'",
		node).Scan(&n); err != nil {
		l.t.Fatal(err)
	}
	return n
}

// fill has a node have so many calls: those of its own, and half of the rest come in.
func (l *lane) fill(i int) {
	l.t.Helper()
	node := l.nodes[i].node()
	for have := l.connected(node); have < drainCalls; have++ {
		if have%2 == 0 {
			l.wires[i].ring(l.agent)
		} else {
			l.create(i, i)
		}
	}
	l.nodes[i].until("it has its calls", 40*time.Second, func() bool { return l.connected(node) == drainCalls })
}

// drained is one round: a node with calls is told to end, and the other, which is there, takes what comes.
func (l *lane) drained(what string, from int, limit time.Duration, leave int) {
	l.t.Helper()
	to := 1 - from
	l.fill(from)
	l.begin(to, limit)
	s, node := l.nodes[from], l.nodes[from].node()
	before := len(l.hungUp(from))
	asked := time.Now()
	s.cmd.Process.Signal(syscall.SIGTERM)
	l.leave(from, leave)
	l.refuses(what, from)
	var new []string
	for i := range 3 {
		by := from
		if i == 2 {
			by = to
		}
		new = append(new, l.create(by, to))
	}
	select {
	case <-s.gone:
	case <-time.After(limit + drainAfter):
		l.t.Fatalf("%s: it does not end within %v", what, limit+drainAfter)
	}
	took := time.Since(asked)
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		l.t.Errorf("%s: exit code %d", what, code)
	}
	cut := drainCalls - leave
	said := l.hungUp(from)[before:]
	for _, at := range said {
		if at.Sub(asked) < limit-100*time.Millisecond {
			l.t.Errorf("%s: a call was cut after %v", what, at.Sub(asked))
		}
	}
	if len(said) != cut {
		l.t.Errorf("%s: %d calls were hung up on, not %d", what, len(said), cut)
	}
	if cut == 0 && took > limit-10*time.Second {
		l.t.Errorf("%s: the last call was over, and it took %v to end", what, took)
	}
	l.accounts(what, from, node, leave, cut)
	l.elsewhere(what, to, new)
	l.wires[from].forget()
}

// refuses: a node that drains says so.
func (l *lane) refuses(what string, i int) {
	l.t.Helper()
	s := l.nodes[i]
	s.until("it is not ready", 3*time.Second, func() bool {
		res, err := http.Get(s.http + "/readyz")
		if err != nil {
			l.t.Fatalf("%s: %v", what, err)
		}
		res.Body.Close()
		return res.StatusCode == http.StatusServiceUnavailable
	})
	c, err := net.Dial("udp4", s.sip)
	if err != nil {
		l.t.Fatal(err)
	}
	defer c.Close()
	l.n++
	fmt.Fprintf(c, "INVITE sip:demo@%[1]s SIP/2.0\r\nVia: SIP/2.0/UDP %[2]s;branch=z9hG4bKdrains%[3]d\r\nMax-Forwards: 70\r\nFrom: <sip:x@127.0.0.1>;tag=d\r\nTo: <sip:demo@%[1]s>\r\n"+
		"Call-ID: drains-%[3]d\r\nCSeq: 1 INVITE\r\nContact: <sip:x@%[2]s>\r\nContent-Length: 0\r\n\r\n", s.sip, c.LocalAddr(), l.n)
	answer := make([]byte, 4096)
	for {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := c.Read(answer)
		if err != nil {
			l.t.Errorf("%s: a call that comes in is not answered: %v", what, err)
			return
		}
		if said := string(answer[:n]); !strings.HasPrefix(said, "SIP/2.0 1") {
			if !strings.HasPrefix(said, "SIP/2.0 503") || field(said, "Retry-After") == "" {
				l.t.Errorf("%s: a call that comes in: %s", what, said)
			}
			return
		}
	}
}

// leave has so many telephones of a node hang up by themselves, over the next two seconds.
func (l *lane) leave(i, n int) {
	w := l.wires[i]
	w.mu.Lock()
	var there []*talk
	for _, t := range w.talks {
		if t.answered && !t.over {
			there = append(there, t)
		}
	}
	w.mu.Unlock()
	if len(there) < n {
		l.t.Errorf("%d telephones talk, %d are to hang up", len(there), n)
	}
	for j, t := range there[:min(n, len(there))] {
		time.AfterFunc(time.Duration(j+1)*100*time.Millisecond, func() { w.bye(t) })
	}
}

// accounts: of the calls of a node that has ended those that ended by themselves say so, the others what cut them; each is told of once, and
// its recording plays.
func (l *lane) accounts(what string, i int, node string, left, cut int) {
	l.t.Helper()
	rows, err := l.db.Query("SELECT c.id, e.id FROM calls c LEFT JOIN events e ON e.call_id = c.id AND e.type = 'event_phone_call_ended' WHERE c.node = $1", node)
	if err != nil {
		l.t.Fatal(err)
	}
	defer rows.Close()
	reasons, n := map[string]int{}, 0
	for rows.Next() {
		var id string
		var event sql.NullString
		if err := rows.Scan(&id, &event); err != nil {
			l.t.Fatal(err)
		}
		var c call
		l.nodes[1-i].api("GET", "/v1/calls?id="+id, nil, &c)
		n++
		reasons[c.Ended]++
		if !event.Valid {
			l.t.Errorf("%s: of the end of call %s nothing is told", what, id)
			continue
		}
		l.nodes[1-i].until("its webhook has come", 20*time.Second, func() bool { return l.hooks.with(event.String) == 1 })
		b, err := os.ReadFile(filepath.Join(l.nodes[i].data, "recordings", id+".wav"))
		if err == nil {
			_, err = audio.ReadWAV(bytes.NewReader(b))
		}
		if err != nil {
			l.t.Errorf("%s: the recording of call %s: %v", what, id, err)
		}
	}
	if n != drainCalls || reasons["caller_hung_up"] != left {
		l.t.Errorf("%s: %d calls, ended as %v; %d hung up, %d were cut", what, n, reasons, left, cut)
	}
	for reason := range reasons {
		if reason != "caller_hung_up" && reason != "node_lost" {
			l.t.Errorf("%s: a call that was cut ended as %s", what, reason)
		}
	}
	if _, err := l.db.Exec("UPDATE calls SET node = 'drained' WHERE node = $1", node); err != nil { // the next round counts its own
		l.t.Fatal(err)
	}
}

// elsewhere: calls that were asked for meanwhile run in the other node, and were dialled once.
func (l *lane) elsewhere(what string, i int, ids []string) {
	l.t.Helper()
	node := l.nodes[i].node()
	for _, id := range ids {
		l.nodes[i].until("call "+id+" is answered", 20*time.Second, func() bool {
			var at, status string
			if err := l.db.QueryRow("SELECT node, status FROM calls WHERE id = $1", id).Scan(&at, &status); err != nil {
				l.t.Fatal(err)
			}
			return at == node && status == "in_progress"
		})
		if n := l.wires[i].dialled()[id]; n != 1 {
			l.t.Errorf("%s: call %s was dialled %d times", what, id, n)
		}
	}
}

// TestDrains tells a node with 20 calls to end, again and again: none is cut before the limit (PARLEY_DRAINS: how often; make drains).
func TestDrains(t *testing.T) {
	t.Parallel()
	rounds := 2
	if v := os.Getenv("PARLEY_DRAINS"); v != "" {
		var err error
		if rounds, err = strconv.Atoi(v); err != nil || rounds < 1 {
			t.Fatalf("PARLEY_DRAINS: %q is no number of rounds", v)
		}
	}
	for k := range min(drainLanes, rounds) {
		t.Run(fmt.Sprint("lane ", k+1), func(t *testing.T) {
			t.Parallel()
			l := newLane(t)
			// Of two rounds one is short, with calls that are left at the limit, and in one all end before it.
			limits := [2]time.Duration{drainShort, drainLong}
			l.begin(0, limits[k%2])
			l.agent, _ = l.nodes[0].agent(m{"voice": m{"type": "voice_deepgram", "model": "aura-2-thalia-en"}, "transcriber": m{"type": "transcriber_deepgram"},
				"provider": "openai", "model": "gpt-4o-mini", "enable_recording": true, "webhook": m{"url": l.hooks.url, "method": "POST",
					"subscriptions": []string{"event_phone_call_ended"}}})
			cut := 0
			for i, n := k, 0; i < rounds; i, n = i+drainLanes, n+1 {
				leave := drainCalls
				if limits[k%2] == drainShort {
					leave = 5 + n%11
				}
				l.drained(fmt.Sprintf("round %d", i+1), n%2, limits[k%2], leave)
				cut += drainCalls - leave
				if t.Failed() {
					break
				}
			}
			t.Logf("%d calls were left at the limit", cut)
			for phone, w := range l.wires {
				for id, n := range w.dialled() {
					if n != 1 && id != "" {
						t.Errorf("call %s was dialled %d times at telephone %d", id, n, phone)
					}
				}
			}
		})
	}
}
