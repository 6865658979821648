package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A tally is what one call that is over adds to the overview of its environment. It is made of the call's row alone, so that what was added
// can be taken away.
type tally struct {
	Made      int64        `json:"made"` // microseconds
	Agent     string       `json:"agent,omitempty"`
	Outgoing  bool         `json:"outgoing,omitempty"`
	Cause     parley.Cause `json:"cause,omitempty"`
	Counts    Counts       `json:"counts"`
	Latencies string       `json:"latencies,omitempty"`
}

// Counts add up calls that are over.
type Counts struct {
	Calls         int64 `json:"calls"`
	Answered      int64 `json:"answered,omitempty"`
	Talk          int64 `json:"talk,omitempty"`          // microseconds from answer to end
	Interruptions int64 `json:"interruptions,omitempty"` // of the agent, by the caller
	Cost          int64 `json:"cost,omitempty"`          // in millionths of the price file's unit
	Costed        int64 `json:"costed,omitempty"`        // calls that have a cost
	STT           int64 `json:"stt,omitempty"`           // microseconds
	TokensIn      int64 `json:"tokens_in,omitempty"`
	TokensOut     int64 `json:"tokens_out,omitempty"`
	Characters    int64 `json:"characters,omitempty"`
	Telephony     int64 `json:"telephony,omitempty"` // microseconds
}

// countColumns are those of table overview_counts, in the order of each.
var countColumns = []string{"calls", "answered", "talk", "interruptions", "cost", "costed", "stt", "tokens_in", "tokens_out", "characters", "telephony"}

func (c *Counts) each() []*int64 {
	return []*int64{&c.Calls, &c.Answered, &c.Talk, &c.Interruptions, &c.Cost, &c.Costed, &c.STT, &c.TokensIn, &c.TokensOut, &c.Characters, &c.Telephony}
}

// Add adds others, sign times.
func (c *Counts) Add(o Counts, sign int64) {
	from := o.each()
	for i, into := range c.each() {
		*into += sign * *from[i]
	}
}

// A spokenDoc is what the overview has of a call's words once these are erased.
type spokenDoc struct {
	Interruptions int64  `json:"interruptions,omitempty"`
	Latencies     string `json:"latencies,omitempty"`
}

func newSpokenDoc(turns []turnDoc) spokenDoc {
	var s spokenDoc
	all := latencies{}
	var heard *parley.Credit
	for _, t := range turns {
		if t.Who != parley.Bot {
			if t.Vendors != nil {
				heard = t.Vendors.Hearing
			}
			continue
		}
		if t.Interrupted {
			s.Interruptions++
		}
		if t.Latency == nil {
			continue
		}
		total := binOf(t.Latency.Total)
		all.of(Series{Stage: "total"}).add(total, 1)
		var by parley.Credits
		if t.Vendors != nil {
			by = *t.Vendors
		}
		for _, v := range []struct {
			skill, stage string
			who          *parley.Credit
			bin          int
		}{
			{"hearing", "stt", heard, binOf(t.Latency.STT)}, {"thinking", "llm", by.Thinking, binOf(t.Latency.LLM)}, {"speaking", "tts", by.Speaking, binOf(t.Latency.TTS)},
		} {
			if v.who != nil && v.who.Vendor != "" {
				name := searched(v.who.Vendor)
				all.of(Series{v.skill, name, "total"}).add(total, 1)
				all.of(Series{v.skill, name, v.stage}).add(v.bin, 1)
			}
		}
	}
	s.Latencies = all.encode()
	return s
}

// tally is what the call of a row adds; nil while it is not over.
func (r *callRow) tally() (*tally, error) {
	if !over(r.Status) {
		return nil, nil
	}
	var doc struct {
		Turns  []turnDoc    `json:"turns"`
		Spoken *spokenDoc   `json:"spoken"`
		Usage  parley.Usage `json:"usage"`
	}
	if err := json.Unmarshal([]byte(r.Doc), &doc); err != nil {
		return nil, fmt.Errorf("stored call %s: %w", r.ID, err)
	}
	if doc.Spoken == nil {
		s := newSpokenDoc(doc.Turns)
		doc.Spoken = &s
	}
	t := tally{Made: r.CreatedAt, Agent: r.AgentID, Outgoing: r.IsOutgoing, Cause: r.Cause, Latencies: doc.Spoken.Latencies,
		Counts: Counts{Calls: 1, Interruptions: doc.Spoken.Interruptions}}
	if r.StartAt > 0 {
		t.Counts.Answered, t.Counts.Talk = 1, max(r.EndAt-r.StartAt, 0)
	}
	u, c := doc.Usage, &t.Counts
	if u.Cost != nil {
		c.Cost, c.Costed = int64(math.Round(*u.Cost*1e6)), 1
	}
	c.STT, c.Telephony = int64(math.Round(u.STTSeconds*1e6)), int64(math.Round(u.TelephonySeconds*1e6))
	c.TokensIn, c.TokensOut, c.Characters = u.LLMTokensIn, u.LLMTokensOut, u.TTSCharacters
	return &t, nil
}

type newsRow struct {
	bun.BaseModel `bun:"table:overview_news"`
	ID            string `bun:",pk"`
	EnvironmentID string
	CallID        string
	Sign          int64
	Doc           string
}

// recount writes down, in the transaction that changes a call, what that changes in the overview. nil: the call was not over, or is gone.
func (d *DB) recount(ctx context.Context, tx bun.Tx, row *callRow, was, is *tally) error {
	if was != nil && is != nil && *was == *is {
		return nil
	}
	if was != nil {
		res, err := tx.NewRaw("DELETE FROM overview_news WHERE call_id = ? AND sign = 0", row.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n > 0 { // it was never counted
			was = nil
		}
	}
	var rows []newsRow
	for sign, t := range map[int64]*tally{-1: was, 1: is} {
		if t == nil {
			continue
		}
		b, err := json.Marshal(t)
		if err != nil {
			return err
		}
		rows = append(rows, newsRow{ID: newID(), EnvironmentID: row.EnvironmentID, CallID: row.ID, Sign: sign, Doc: string(b)})
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	signal(d.folding.wake)
	return err
}
