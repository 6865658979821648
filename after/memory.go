package after

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
)

// memorable reports whether a call is to be remembered: somebody spoke, and their number says who they are.
func memorable(c *parley.Call, a *parley.Agent) bool {
	_, facts, summary := a.Remembers()
	if !facts && !summary || c.Private || !parley.Memorable(c.Them()) {
		return false
	}
	for _, t := range c.Turns {
		if t.Who == parley.Human {
			return c.Human != "no_human"
		}
	}
	return false
}

const recollecting = record + " Write down by calling remember, once, what should be known of the person at the other end when they are on the telephone the next time. " +
	"facts: lasting things about them and what they want, a short sentence each; keep those that are known and still hold, change those that the call corrects, leave out what was only of this call, " +
	"and never card numbers, passwords or codes. summary: what this call came to, in one to three sentences. Say nothing besides."

// remember is the tool by which the model says what is to be known.
var remember = llm.Tool{Name: "remember", Description: "Writes down what is to be known of the person the next time. It takes the place of what was known.",
	Schema: json.RawMessage(fmt.Sprintf(`{"type":"object","properties":{"facts":{"type":"array","maxItems":%d,"items":{"type":"string","maxLength":%d}},"summary":{"type":"string","maxLength":%d}},"required":["facts","summary"]}`,
		parley.MemoryFacts, parley.MemoryFact, parley.MemorySummary))}

// recollect has the model make a new memory of what was known and the call. One that says nothing of use changes nothing.
func (c *Clerk) recollect(ctx context.Context, asked *asking, row *parley.Call, heard string) (*parley.Memory, error) {
	agentID, facts, summary := asked.agent.Remembers()
	known, err := c.Store.Recall(ctx, row.UserID, row.Them(), agentID)
	if err != nil && !parley.IsNotFound(err) {
		return nil, err
	}
	before := "Nothing is known of them yet."
	if len(known.Facts) > 0 {
		before = "Known of them:\n- " + strings.Join(known.Facts, "\n- ")
	}
	said, args, err := asked.ask(ctx, []llm.Message{{Role: llm.System, Text: recollecting}, {Role: llm.User, Text: before + "\n\n" + heard}}, []llm.Tool{remember})
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		args = objectIn(said)
	}
	var told struct {
		Facts   []string `json:"facts"`
		Summary string   `json:"summary"`
	}
	if json.Unmarshal(args, &told) != nil || len(told.Facts) == 0 && strings.TrimSpace(told.Summary) == "" {
		return nil, nil
	}
	m := &parley.Memory{UserID: row.UserID, Number: row.Them(), AgentID: agentID, CallID: row.ID, Facts: known.Facts, Summary: known.Summary}
	if facts {
		m.Facts = shortest(told.Facts)
	}
	if summary {
		m.Summary = brief(told.Summary, parley.MemorySummary)
	}
	return m, nil
}

// shortest are facts that a memory takes: none twice, none empty, the last where there are too many.
func shortest(facts []string) (out []string) {
	seen := map[string]bool{}
	for _, f := range facts {
		if f = brief(f, parley.MemoryFact); f != "" && !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	return out[max(0, len(out)-parley.MemoryFacts):]
}

// brief is a text in one line, of so many characters at most.
func brief(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// remember writes a memory; one that the store refuses is lost, for it would refuse it again.
func (c *Clerk) remember(ctx context.Context, m *parley.Memory) error {
	if m == nil {
		return nil
	}
	_, err := c.Store.Remember(ctx, *m)
	var no *parley.Error
	if errors.As(err, &no) && no.Status == 400 {
		c.Logger.Error("a memory was not written", "call", m.CallID, "error", err)
		return nil
	}
	return err
}
