package parley

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Transcript is the contract's transcript: a line an event, in the order in which they began,
// "[MM:SS.cc] HUMAN: …", "[MM:SS.cc] BOT: …" (ending in "-" where the caller cut it) and the notes between.
func Transcript(r Record) string {
	lines := make([]Note, 0, len(r.Turns)+len(r.Notes))
	for _, t := range r.Turns {
		who, cut := "HUMAN", ""
		if t.Who == Bot {
			who = "BOT"
			if t.Interrupted {
				cut = "-"
			}
		}
		lines = append(lines, Note{At: t.Start, Text: who + ": " + oneLine(t.Text) + cut})
	}
	for _, n := range r.Notes {
		lines = append(lines, Note{At: n.At, Text: oneLine(n.Text)})
	}
	slices.SortStableFunc(lines, func(a, b Note) int { return int(a.At - b.At) })
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "[%s] %s", clock(l.At), l.Text)
	}
	return b.String()
}

// clock writes MM:SS.cc; a call of more than 99 minutes has more digits of minutes.
func clock(d time.Duration) string {
	cs := max(d, 0).Milliseconds() / 10
	return fmt.Sprintf("%02d:%02d.%02d", cs/6000, cs/100%60, cs%100)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// A ShownTurn is a turn as the API and the webhooks show it: times in ms from answer.
type ShownTurn struct {
	ID          string       `json:"id"`
	Who         Who          `json:"who"`
	Text        string       `json:"text"`
	Start       int64        `json:"start_ms"`
	End         int64        `json:"end_ms"`
	Interrupted bool         `json:"interrupted"`
	Latency     *latencyJSON `json:"latency,omitempty"`
	Vendors     *Credits     `json:"vendors,omitempty"`
	Words       []ShownWord  `json:"words,omitempty"`
}

// A ShownWord is a word of a turn, and when it was heard, in ms from answer.
type ShownWord struct {
	Text  string `json:"text"`
	Start int64  `json:"start_ms"`
	End   int64  `json:"end_ms"`
}

// Timed are the words of the turn with their times. nil: nobody timed them.
func (t Turn) Timed() []ShownWord {
	fields := strings.Fields(t.Text)
	if len(fields) != len(t.Words) {
		return nil
	}
	out := make([]ShownWord, len(fields))
	for i, s := range t.Words {
		out[i] = ShownWord{fields[i], s.Start.Milliseconds(), s.End.Milliseconds()}
	}
	return out
}

// Shown is the turn to be marshalled: in a list of calls there are so many that it matters that it needs no MarshalJSON.
func (t Turn) Shown() ShownTurn {
	v := ShownTurn{ID: t.ID, Who: t.Who, Text: t.Text, Start: t.Start.Milliseconds(), End: t.End.Milliseconds(), Interrupted: t.Interrupted, Vendors: t.Vendors}
	if t.Latency != nil {
		l := t.Latency.shown()
		v.Latency = &l
	}
	return v
}

// MarshalJSON writes a ShownTurn.
func (t Turn) MarshalJSON() ([]byte, error) { return json.Marshal(t.Shown()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Turn) UnmarshalJSON(b []byte) error {
	var v struct {
		ID          string   `json:"id"`
		Who         Who      `json:"who"`
		Text        string   `json:"text"`
		Start       int64    `json:"start_ms"`
		End         int64    `json:"end_ms"`
		Interrupted bool     `json:"interrupted"`
		Latency     *Latency `json:"latency"`
		Vendors     *Credits `json:"vendors"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*t = Turn{ID: v.ID, Who: v.Who, Text: v.Text, Start: time.Duration(v.Start) * time.Millisecond, End: time.Duration(v.End) * time.Millisecond,
		Interrupted: v.Interrupted, Latency: v.Latency, Vendors: v.Vendors}
	return nil
}
