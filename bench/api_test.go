package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// invite sends a request to a callee and returns what comes back.
func invite(t *testing.T, e *callee, method, user string) string {
	t.Helper()
	c, err := net.DialUDP("udp4", nil, e.conn.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <%[2]s>\r\nCall-ID: 1\r\nCSeq: 1 %[1]s\r\n\r\n",
		method, e.address(user))
	if method == "ACK" {
		return ""
	}
	b := make([]byte, datagram)
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// TestCallee: the first INVITE is the one that counts, everybody is told that the line is busy.
func TestCallee(t *testing.T) {
	e, err := newCallee()
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	before, rings := time.Now(), e.expect("jane")
	if m := invite(t, e, "INVITE", "jane"); status(m) != 486 || !strings.Contains(header(m, "To"), "tag=") {
		t.Errorf("%s", m)
	}
	<-rings
	first := e.called("jane")
	if first.Before(before.Add(-time.Second)) || first.After(time.Now()) {
		t.Errorf("called at %v", first)
	}
	invite(t, e, "ACK", "jane")
	invite(t, e, "INVITE", "jane")
	if !e.called("jane").Equal(first) {
		t.Error("an INVITE that was sent again counts")
	}
	if m := invite(t, e, "INVITE", "stranger"); status(m) != 486 || !e.called("stranger").IsZero() {
		t.Errorf("%s", m)
	}
	if m := invite(t, e, "BYE", "jane"); status(m) != 481 {
		t.Errorf("%s", m)
	}
}

func tell(t *testing.T, r *clocked, at time.Time) {
	t.Helper()
	b, err := json.Marshal(parley.Event{ID: "e", CallID: "c", Type: parley.EventEnded, Time: at, Payload: json.RawMessage("{}")})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(r.url(), "application/json", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Errorf("%s", res.Status)
	}
}

// TestClockedReceiver: an event's age is from its time stamp to its arrival, whenever it is answered; those of before do not count.
func TestClockedReceiver(t *testing.T) {
	r, err := newClocked(50 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	now := time.Now()
	r.from = now.Add(-time.Second)
	tell(t, r, now.Add(-2*time.Second))
	began := time.Now()
	tell(t, r, began.Add(-200*time.Millisecond))
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
	ages := r.taken()
	if len(ages) != 1 || ages[0] < 200 || ages[0] > 5000 {
		t.Errorf("%v", ages)
	}
	res, err := http.Post(r.url(), "application/json", strings.NewReader("nonsense"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || len(r.taken()) != 1 {
		t.Errorf("nonsense: %s", res.Status)
	}
}

// TestClockedReceiverCloses although it still owes an answer.
func TestClockedReceiverCloses(t *testing.T) {
	r, err := newClocked(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var asked sync.WaitGroup
	asked.Go(func() {
		if res, err := http.Post(r.url(), "application/json", strings.NewReader(`{"timestamp":"2026-01-01T00:00:00Z"}`)); err == nil {
			res.Body.Close()
		}
	})
	for len(r.taken()) == 0 {
		time.Sleep(time.Millisecond)
	}
	r.close()
	asked.Wait()
}

func TestSlope(t *testing.T) {
	if got := slope([]Sample{{0, 10}, {100, 20}, {200, 30}}); math.Abs(got-0.1) > 1e-9 {
		t.Errorf("%v", got)
	}
	if got := slope([]Sample{{0, 10}, {100, 10}, {200, 99}, {300, 10}, {400, 10}}); got != 0 {
		t.Errorf("one sample that is out of line makes it %v", got)
	}
	if slope(nil) != 0 || slope([]Sample{{5, 7}}) != 0 {
		t.Error("one sample has a slope")
	}
}

// TestAnyRequest: a program's day has reads and changes, and what it makes it removes.
func TestAnyRequest(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.URL.Path]++
		fmt.Fprint(w, `{"id": "made"}`)
		if r.Method == http.MethodDelete && r.URL.RawQuery != "id=made" {
			t.Errorf("%s", r.URL)
		}
	}))
	defer s.Close()
	c, closeIdle := client{base: s.URL, key: "k"}.keeping()
	defer closeIdle()
	k, rng := known{&past{Rows: 1000, Begin: time.Now(), Agents: []string{"a"}}, []string{"n"}}, rand.New(rand.NewPCG(1, 2))
	for range 300 {
		if err := k.any(t.Context(), c, rng, k.reads()); err != nil {
			t.Fatal(err)
		}
	}
	made, removed := seen["POST /v1/prompts/create"], seen["DELETE /v1/prompts/delete"]
	if made == 0 || made != removed || seen["POST /v1/agents/update"] == 0 || seen["GET /v1/calls"] == 0 {
		t.Errorf("%v", seen)
	}
	s.Close()
	if err := k.any(t.Context(), c, rng, k.reads()); err == nil {
		t.Error("nobody answered, and that is no error")
	}
}

func TestAPIOptions(t *testing.T) {
	if _, err := RunAPI(t.Context(), APIOptions{}); err == nil {
		t.Error("no server was measured")
	}
	_, err := RunAPI(t.Context(), APIOptions{Command: []string{"true"}, Only: []string{"reads", "writes"}})
	if err == nil || !strings.Contains(err.Error(), `"writes"`) {
		t.Errorf("%v", err)
	}
	o := APIOptions{}.orDefault()
	if o.Rows != 1_000_000 || o.Rate != 500 || o.Calls != 50 || o.Talk <= 0 {
		t.Errorf("%+v", o)
	}
	_, err = RunAPI(t.Context(), APIOptions{Command: []string{"/bin/false"}, Rows: 10, Data: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "ended at once") {
		t.Errorf("%v", err)
	}
}

func TestAPIReport(t *testing.T) {
	quick, slow := Stats{N: 10, P99: 9}, Stats{N: 10, P99: 400}
	r := APIReport{Rows: 7, Reads: &Reads{Rate: 500, All: Operation{Name: "all", Stats: quick}, Operations: []Operation{{Name: "calls get", Stats: quick}}},
		Dials:  &Dials{Placed: 3, Invite: Operation{Name: "INVITE", Stats: quick, Failed: 1}, Notes: []string{"no INVITE came"}},
		Flood:  &Flood{Quiet: Stats{N: 9, P99: 2}, Flooded: Stats{N: 9, P99: 2.5}},
		Hooks:  &Hooks{Quick: Operation{Name: "event to webhook", Stats: slow}},
		Memory: &Memory{Requests: 100_000, Samples: []Sample{{50_000, 40}, {100_000, 41}}, PerHundredThousand: 2}}
	var b strings.Builder
	r.Print(&b)
	var verdicts []string
	for _, l := range strings.Split(b.String(), "\n") {
		if _, v, ok := strings.Cut(l, ": "); ok && strings.Contains(l, "p99 ") {
			verdicts = append(verdicts, v)
		}
	}
	if !slices.Equal(verdicts, []string{"yes", "NO", "yes", "NO"}) {
		t.Errorf("%q in\n%s", verdicts, b.String())
	}
	for _, want := range []string{"  calls get", "1 failed", "no INVITE came", "after 50000", "2.00 MiB each"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	APIReport{Rows: 7}.Print(&b)
	if strings.Count(b.String(), "\n") != 1 {
		t.Errorf("what was not measured is printed:\n%s", b.String())
	}
}
