//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
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
	count := struct{ all, answered, outgoing, busy, old int }{}
	s.stopped(func(db *store.DB) {
		for i := range 420 {
			made := time.Now().Add(-time.Duration(i*r.IntN(9)) * time.Minute)
			if i%20 == 0 {
				made = made.AddDate(0, 0, -5)
			}
			c := parley.Call{ID: fmt.Sprintf("0193%04x-0000-7000-8000-%012x", i, i), UserID: me.Environment, From: fmt.Sprint("+1555123", 1000+i), To: "+15550001111", IsOutgoing: i%3 == 0, Created: made, AgentID: id,
				Media: parley.Media{Telephony: "sip"}}
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
			if time.Since(made) > 29*24*time.Hour {
				count.old++
				continue
			}
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
	var v struct {
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
	if all := strings.Join(v.Vendors, "\n"); len(v.Vendors) != 4 || !strings.Contains(all, "Deepgram") || !strings.Contains(all, "Groq") || !strings.Contains(all, "ms") {
		t.Errorf("%q", v.Vendors)
	}
	if len(v.Agents) != 1 || !strings.Contains(v.Agents[0], "Front desk") || len(v.Table) < 2 || v.Agent != "0 calls" {
		t.Errorf("%+v", v)
	}
}
