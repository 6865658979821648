//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// stopped writes into the store of a server while it is stopped. It was started with this master key.
func (s *server) stopped(f func(db *store.DB)) {
	s.t.Helper()
	s.stop()
	k, err := secret.NewKey(masterKey)
	if err != nil {
		s.t.Fatal(err)
	}
	db, err := store.Open(s.t.Context(), filepath.Join(s.data, "parley.db"), k)
	if err != nil {
		s.t.Fatal(err)
	}
	f(db)
	if err := db.Close(); err != nil {
		s.t.Fatal(err)
	}
	s.start()
}

const masterKey = "the key of a server that is stopped now and then"

// A link of the overview: what it says, where it leads, and how many calls the list there has.
type link struct {
	Text, Href string
	Total      int
}

func (l link) query(t *testing.T) url.Values {
	t.Helper()
	u, err := url.Parse(l.Href)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// p95 is the latency that 95 of 100 of a call's answers do not exceed, in milliseconds; 0 without answers.
func p95(c parley.Call) float64 {
	var all []float64
	for _, turn := range c.Turns {
		if turn.Latency != nil {
			all = append(all, float64(turn.Latency.Total.Milliseconds()))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(math.Ceil(0.95*float64(len(all))))-1]
}

// holds says whether a call is behind a link that narrows by that much. Latencies are rounded by off of a hundred.
func holds(t *testing.T, c parley.Call, name, value string, off float64) bool {
	t.Helper()
	var vendors []string
	interrupted := false
	for _, turn := range c.Turns {
		interrupted = interrupted || turn.Interrupted
		for skill, who := range map[string]*parley.Credit{"hearing": turn.Vendors.Hearing, "thinking": turn.Vendors.Thinking, "speaking": turn.Vendors.Speaking} {
			if who != nil {
				vendors = append(vendors, skill+who.Vendor)
			}
		}
	}
	switch name {
	case "status":
		return value == "over"
	case "agent":
		return c.AgentID == value
	case "answered":
		return c.Start.IsZero() == (value == "no")
	case "direction":
		return c.IsOutgoing == (value == "out")
	case "ended":
		return slices.Contains(strings.Split(value, ","), string(c.Cause))
	case "hearing", "thinking", "speaking":
		return slices.Contains(vendors, name+value)
	case "median":
		return value == "1" && p95(c) > 0
	case "interrupted":
		return value == "1" && interrupted
	case "cost":
		return (c.Usage.Cost == nil) == (value == "no")
	case "slow":
		n, err := strconv.ParseFloat(value, 64)
		return err == nil && p95(c)*(1+off) >= n
	case "sort":
		return true
	case "from", "to":
		at, err := time.Parse(time.RFC3339, value)
		if err != nil {
			t.Errorf("%s is no time: %v", value, err)
		}
		return c.Created.Before(at) == (name == "to")
	}
	t.Errorf("a link narrows by %s", name)
	return false
}

// check counts the calls that are behind a link, and holds that against the list, and against the number that the link is, unless that is no count of calls.
func (l link) check(t *testing.T, calls []parley.Call) {
	t.Helper()
	query, least, most := l.query(t), 0, 0
	for _, c := range calls {
		sure, perhaps := true, true
		for name := range query {
			sure = sure && holds(t, c, name, query.Get(name), -0.008)
			perhaps = perhaps && holds(t, c, name, query.Get(name), 0.008)
		}
		if sure {
			least++
		}
		if perhaps {
			most++
		}
	}
	if l.Total < least || l.Total > most || l.Total == 0 {
		t.Errorf("%q leads to %d calls, want %d to %d: %s", l.Text, l.Total, least, most, l.Href)
	}
	number, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(l.Text, " incoming"), " outgoing"), " not"), " calls without"), ",", ""))
	if err == nil && query.Get("interrupted") == "" && number != l.Total && l.answers(t, calls) != number {
		t.Errorf("%q leads to %d calls with %d of its answers: %s", l.Text, l.Total, l.answers(t, calls), l.Href)
	}
}

// answers counts what a vendor had a part in on the calls behind its link; -1 behind one that names none.
func (l link) answers(t *testing.T, calls []parley.Call) int {
	n, query := -1, l.query(t)
	for _, skill := range []string{"hearing", "thinking", "speaking"} {
		if query.Get(skill) == "" {
			continue
		}
		n = 0
		for _, c := range calls {
			if !holds(t, c, "from", query.Get("from"), 0) || !holds(t, c, "to", query.Get("to"), 0) {
				continue
			}
			for _, turn := range c.Turns {
				who := map[string]*parley.Credit{"hearing": turn.Vendors.Hearing, "thinking": turn.Vendors.Thinking, "speaking": turn.Vendors.Speaking}[skill]
				if who != nil && who.Vendor == query.Get(skill) {
					n++
				}
			}
		}
	}
	return n
}

// TestDashboardOverview: without calls the first page is a talk; with calls each number leads to the calls behind it, as many as it says.
func TestDashboardOverview(t *testing.T) {
	t.Parallel()
	s := serve(t, "PARLEY_MASTER_KEY="+masterKey)
	var before struct{ Heading, Empty string }
	person(t, s, "overview_before", nil, "", &before)
	if before.Heading != "Talk to an agent" || !strings.Contains(before.Empty, "No call is over in this time") {
		t.Errorf("%+v", before)
	}
	id, _ := s.agent(m{"name": "Front desk"})
	var me struct {
		Environment string `json:"environment_id"`
	}
	s.api("GET", "/v1/sessions", nil, &me)
	r := rand.New(rand.NewPCG(1, 2))
	var calls []parley.Call
	count := struct{ all, answered, outgoing, busy int }{}
	s.stopped(func(db *store.DB) {
		for i := range 420 {
			made := time.Now().Add(-time.Duration(i*r.IntN(9)) * time.Minute)
			if i%20 == 0 {
				made = made.AddDate(0, 0, -5)
			}
			c := parley.Call{ID: fmt.Sprintf("0193%04x-0000-7000-8000-%012x", i, i), UserID: me.Environment, From: fmt.Sprint("+1555123", 1000+i), To: "+15550001111", IsOutgoing: i%3 == 0, Created: made, AgentID: id,
				Stage: parley.StageCreated, Media: parley.Media{Telephony: "sip", TelephonyID: fmt.Sprint("carrier-", i)}}
			c.Cause = []parley.Cause{parley.CallerHungUp, parley.CallerHungUp, parley.AgentEnded, parley.CallerHungUp, parley.Busy, parley.AgentEnded, parley.NoAnswer}[i%7]
			if i%60 == 59 {
				c.Cause = parley.ProviderFailed
			}
			c.Status = c.Cause.Status()
			c.End = made.Add(time.Duration(20+r.IntN(200)) * time.Second)
			if c.Cause != parley.Busy && c.Cause != parley.NoAnswer {
				c.Start = made.Add(3 * time.Second)
				cost := float64(r.IntN(900)) / 1e4
				c.Usage = parley.Usage{Cost: &cost, STTSeconds: 20, LLMTokensIn: 900, LLMTokensOut: 80, TTSCharacters: 400, TelephonySeconds: 60}
				for range 3 + r.IntN(4) {
					ms := func(least, more int) time.Duration { return time.Duration(least+r.IntN(more)) * time.Millisecond }
					l := parley.Latency{Endpointing: ms(200, 100), STT: ms(80, 90), LLM: ms(200, 500), TTS: ms(90, 120)}
					l.Total = l.Endpointing + l.STT + l.LLM + l.TTS + 60*time.Millisecond
					c.Turns = append(c.Turns, parley.Turn{Who: parley.Human, Text: "What are your opening hours?", Vendors: &parley.Credits{Hearing: parley.Given("deepgram", nil)}},
						parley.Turn{Who: parley.Bot, Text: "From nine to six.", Interrupted: r.IntN(6) == 0, Latency: &l, Vendors: &parley.Credits{Thinking: parley.Given([]string{"openai", "groq"}[r.IntN(2)], nil), Speaking: parley.Given("cartesia", nil)}})
				}
			}
			if err := db.CreateCall(t.Context(), c); err != nil {
				t.Error(err)
			}
			calls = append(calls, c)
			count.all++
			if !c.Start.IsZero() {
				count.answered++
			}
			if c.IsOutgoing {
				count.outgoing++
			}
			if c.Cause == parley.Busy {
				count.busy++
			}
		}
	})
	for range 3 { // they wait, and are behind no number
		s.api("POST", "/v1/calls/create", m{"from_number": "+15550001111", "to_number": "sip:p@127.0.0.1:9", "agent": id, "not_before": "2099-01-01T00:00:00Z"}, nil)
	}
	var v struct {
		Links                        []link
		Heading, Agent, Phone        string
		Calls                        string
		Behind                       struct{ All, Answered, Not, Outgoing, Busy, Bar int }
		Shown                        struct{ Bar int }
		Vendors, Agents, Table, Keys []string
	}
	person(t, s, "overview", m{"agent": id}, "", &v)
	if v.Heading != "Overview" || v.Calls != fmt.Sprint(count.all) {
		t.Errorf("%q: %s calls, want %d", v.Heading, v.Calls, count.all)
	}
	if b := v.Behind; b.All != count.all || b.Answered != count.answered || b.Not != count.all-count.answered || b.Outgoing != count.outgoing || b.Busy != count.busy {
		t.Errorf("behind the numbers are %+v, want %+v", b, count)
	}
	if v.Behind.Bar == 0 || v.Behind.Bar != v.Shown.Bar {
		t.Errorf("a bar of %d calls leads to %d", v.Shown.Bar, v.Behind.Bar)
	}
	kinds := map[string]bool{}
	for _, l := range v.Links {
		l.check(t, calls)
		for name := range l.query(t) {
			kinds[name] = true
		}
	}
	for _, name := range []string{"agent", "answered", "cost", "direction", "ended", "from", "hearing", "interrupted", "median", "slow", "sort", "speaking", "status", "thinking", "to"} {
		if !kinds[name] {
			t.Errorf("no link narrows by %s", name)
		}
	}
	if all := strings.Join(v.Vendors, "\n"); len(v.Vendors) != 4 || !strings.Contains(all, "Deepgram") || !strings.Contains(all, "Groq") || !strings.Contains(all, "ms") {
		t.Errorf("%q", v.Vendors)
	}
	if len(v.Agents) != 1 || !strings.Contains(v.Agents[0], "Front desk") || len(v.Table) < 2 || v.Agent != "0 calls" {
		t.Errorf("%+v", v)
	}
	listAsked(t, s, calls)
}

// listAsked: the list of calls is narrowed by whatever the API narrows it by, keeps that and where it was left in the browser's history, and says what cannot be looked for.
func listAsked(t *testing.T, s *server, calls []parley.Call) {
	t.Helper()
	one := calls[5]
	at := func(d time.Duration) string { return url.QueryEscape(time.Now().Add(d).UTC().Format(time.RFC3339)) }
	before := func(t time.Time, d time.Duration) bool { return !t.IsZero() && t.Before(time.Now().Add(d)) }
	wants := map[string]func(parley.Call) bool{
		"status=over&id=" + one.ID:                      func(c parley.Call) bool { return c.ID == one.ID },
		"status=over&id=0193000":                        func(c parley.Call) bool { return strings.HasPrefix(c.ID, "0193000") },
		"status=over&stage=" + string(one.Stage):        func(c parley.Call) bool { return c.Stage == one.Stage },
		"status=over&telephony_provider=sip":            func(c parley.Call) bool { return true },
		"status=over&telephony_id=carrier-7":            func(c parley.Call) bool { return c.TelephonyID == "carrier-7" },
		"status=over&from_number=1231":                  func(c parley.Call) bool { return strings.Contains(c.From, "1231") },
		"status=over&to_number=5550001111":              func(c parley.Call) bool { return true },
		"answered=yes&answered_to=" + at(-26*time.Hour): func(c parley.Call) bool { return before(c.Start, -26*time.Hour) },
		"status=over&ended_to=" + at(-26*time.Hour):     func(c parley.Call) bool { return before(c.End, -26*time.Hour) },
		"status=over&interrupted=1&interrupted_to=1": func(c parley.Call) bool {
			n := 0
			for _, turn := range c.Turns {
				if turn.Interrupted {
					n++
				}
			}
			return n == 1
		},
		"cost_from=0.02&cost_to=0.05": func(c parley.Call) bool { return c.Usage.Cost != nil && *c.Usage.Cost >= 0.02 && *c.Usage.Cost <= 0.05 },
	}
	queries := []string{"sort=cost&order=up&cost=yes"}
	for q := range wants {
		queries = append(queries, q)
	}
	var v struct {
		Listed map[string]struct {
			IDs   []string
			Total int
		}
		Sorted, Chosen, Query, Typed, Back, Usage, Audit string
		Wrong, At                                        []string
		Rows, Left, Again, Reloaded                      int
		Same, Home                                       bool
	}
	person(t, s, "calls_asked", m{"id": one.ID, "queries": queries}, "", &v)
	for q, is := range wants {
		want := 0
		for _, c := range calls {
			if is(c) {
				want++
			}
		}
		if got := v.Listed[q]; got.Total != want || want == 0 {
			t.Errorf("/calls?%s lists %d calls, want %d", q, got.Total, want)
		}
	}
	cost := map[string]float64{}
	for _, c := range calls {
		if c.Usage.Cost != nil {
			cost[c.ID] = *c.Usage.Cost
		}
	}
	if ids := v.Listed[queries[0]].IDs; len(ids) != 25 || !slices.IsSortedFunc(ids, func(a, b string) int { return cmp.Compare(cost[a], cost[b]) }) {
		t.Errorf("sorted by cost: %v", ids)
	}
	if v.Sorted != "+15550001111" || v.Chosen != "from_number" || v.Query != "?id="+one.ID[:8] || v.Typed != one.ID[:8] || v.Back != v.Query {
		t.Errorf("%+v", v)
	}
	if all := strings.Join(v.Wrong, "\n"); len(v.Wrong) != 3 || !strings.Contains(all, "2026-11-28T09:30") || !strings.Contains(all, "from 0 on") || !strings.Contains(all, "nothing to sort by") || v.Rows != 0 || len(v.At) != 3 || slices.Contains(v.At, "") {
		t.Errorf("what is wrong: %q at %q, with %d calls", v.Wrong, v.At, v.Rows)
	}
	for _, page := range []string{v.Usage, v.Audit} {
		if !strings.Contains(page, "“soon” is no day") || !strings.Contains(page, "2026-11-28") || strings.Contains(page, "Invalid time") {
			t.Errorf("%q", page)
		}
	}
	near := func(y int) bool { return y >= v.Left-3 && y <= v.Left+3 }
	if v.Left < 100 || !near(v.Again) || !near(v.Reloaded) || !v.Same || !v.Home {
		t.Errorf("left at %d px, gone back to %d, read again at %d; the same page: %v; back at the first one: %v", v.Left, v.Again, v.Reloaded, v.Same, v.Home)
	}
}
