package store

import (
	"encoding/json"
	"time"

	"github.com/parley-voice/parley"
)

// A callDoc is the stored form of what of a call is not a column. Durations are whole nanoseconds.
type callDoc struct {
	Context       map[string]string `json:"context,omitempty"`
	Params        map[string]string `json:"params,omitempty"`
	NoHumanAction string            `json:"no_human_action,omitempty"`
	TrunkID       string            `json:"trunk_id,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	Recording     string            `json:"recording,omitempty"`
	RecordingLen  time.Duration     `json:"recording_len,omitempty"`
	SIPCode       int               `json:"sip_code,omitempty"`
	StageOutcome  string            `json:"stage_outcome,omitempty"`
	ErrorMessage  string            `json:"error_message,omitempty"`
	recordDoc
	Callee   calleeDoc       `json:"callee,omitzero"`
	Quality  *parley.Quality `json:"quality,omitempty"`
	Dialling *diallingDoc    `json:"dialling,omitempty"`
	Private  bool            `json:"private,omitempty"`
	Sealed   string          `json:"sealed,omitempty"` // the context of a private call
}

// A recordDoc is what was said and done.
type recordDoc struct {
	Turns         []turnDoc         `json:"turns,omitempty"`
	ActionHistory []json.RawMessage `json:"action_history,omitempty"`
	Notes         []noteDoc         `json:"notes,omitempty"`
	Warnings      []string          `json:"warnings,omitempty"`
	Usage         *parley.Usage     `json:"usage,omitempty"`
	After         afterDoc          `json:"after,omitzero"`

	Collected []parley.Collected `json:"collected,omitempty"`
	Spoken    *spokenDoc         `json:"spoken,omitempty"` // of words that are erased
}

// An afterDoc is what was made of a call once it was over.
type afterDoc struct {
	Run      string                     `json:"run,omitempty"`
	Analysis string                     `json:"analysis,omitempty"`
	Insights map[string]json.RawMessage `json:"insights,omitempty"`
	Support  map[string][]string        `json:"support,omitempty"`
	Actions  []parley.AfterAction       `json:"actions,omitempty"`
}

// A calleeDoc is what was found out about who was called.
type calleeDoc struct {
	Human     string `json:"human,omitempty"`
	DoNotCall *bool  `json:"do_not_call,omitempty"`
}

// A diallingDoc is when a call may be dialled.
type diallingDoc struct {
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`

	Pool *parley.Pool `json:"pool,omitempty"`
}

type turnDoc struct {
	ID          string          `json:"id"`
	Who         parley.Who      `json:"who"`
	Text        string          `json:"text"`
	Start       time.Duration   `json:"start"`
	End         time.Duration   `json:"end"`
	Interrupted bool            `json:"interrupted,omitempty"`
	Latency     *latencyDoc     `json:"latency,omitempty"`
	Vendors     *parley.Credits `json:",omitempty"`
	Words       []int64         `json:"words,omitempty"` // ms from the end of the word before to the start, and from there to the end, of each
}

type noteDoc struct {
	At   time.Duration `json:"at"`
	Text string        `json:"text"`
}

// A latencyDoc is parley.Latency without the methods that write it for the API.
type latencyDoc struct {
	Endpointing, STT, Queue, LLM, Chunking, TTS, Playout, Total time.Duration
	Actions, Silence                                            time.Duration
}

func newCallDoc(c parley.Call) callDoc {
	d := callDoc{
		Context: c.Context, Params: c.Params, NoHumanAction: c.NoHumanAction,
		TrunkID: c.TrunkID, Metadata: c.Metadata, Recording: c.Recording, RecordingLen: c.RecordingLen,
		SIPCode: c.SIPCode, StageOutcome: c.StageOutcome, ErrorMessage: c.ErrorMessage,
		recordDoc: recordDoc{ActionHistory: c.ActionHistory, Warnings: c.Warnings, After: afterDoc(c.After), Collected: c.Collected}, Private: c.Private, Quality: c.Quality,
		Callee: calleeDoc{c.Human, c.DoNotCall},
	}
	if c.Usage != (parley.Usage{}) {
		d.Usage = &c.Usage
	}
	if !c.NotBefore.IsZero() || !c.NotAfter.IsZero() || c.Pool != nil {
		d.Dialling = &diallingDoc{c.NotBefore.UTC(), c.NotAfter.UTC(), c.Pool}
	}
	for _, t := range c.Turns {
		d.Turns = append(d.Turns, turnDoc{t.ID, t.Who, t.Text, t.Start, t.End, t.Interrupted, (*latencyDoc)(t.Latency), t.Vendors, steps(t)})
	}
	for _, n := range c.Notes {
		d.Notes = append(d.Notes, noteDoc(n))
	}
	return d
}

func (d callDoc) call() parley.Call {
	c := parley.Call{Context: d.Context, Params: d.Params, NoHumanAction: d.NoHumanAction, Private: d.Private}
	if d.Usage != nil {
		c.Usage = *d.Usage
	}
	if d.Dialling != nil {
		c.NotBefore, c.NotAfter, c.Pool = d.Dialling.NotBefore, d.Dialling.NotAfter, d.Dialling.Pool
	}
	c.ActionHistory, c.Warnings, c.After = d.ActionHistory, d.Warnings, parley.Aftermath(d.After)
	c.Collected = d.Collected
	c.TrunkID, c.Metadata, c.Recording, c.RecordingLen = d.TrunkID, d.Metadata, d.Recording, d.RecordingLen
	c.Quality = d.Quality
	c.Human, c.DoNotCall = d.Callee.Human, d.Callee.DoNotCall
	c.SIPCode, c.StageOutcome, c.ErrorMessage = d.SIPCode, d.StageOutcome, d.ErrorMessage
	for _, t := range d.Turns {
		c.Turns = append(c.Turns, parley.Turn{ID: t.ID, Who: t.Who, Text: t.Text, Start: t.Start, End: t.End,
			Interrupted: t.Interrupted, Latency: (*parley.Latency)(t.Latency), Vendors: t.Vendors, Words: t.spans()})
	}
	for _, n := range d.Notes {
		c.Notes = append(c.Notes, parley.Note(n))
	}
	return c
}

// steps are the times of a turn's words, each told from the one before it: short numbers, for there are thousands on a long call.
func steps(t parley.Turn) []int64 {
	at, out := t.Start.Milliseconds(), []int64(nil)
	for _, w := range t.Words {
		start, end := w.Start.Milliseconds(), w.End.Milliseconds()
		out = append(out, start-at, end-start)
		at = end
	}
	return out
}

func (t turnDoc) spans() []parley.Span {
	at, out := t.Start.Milliseconds(), []parley.Span(nil)
	for i := 0; i+1 < len(t.Words); i += 2 {
		start := at + t.Words[i]
		at = start + t.Words[i+1]
		out = append(out, parley.Span{Start: time.Duration(start) * time.Millisecond, End: time.Duration(at) * time.Millisecond})
	}
	return out
}
