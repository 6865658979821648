package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/collect"
	"github.com/parley-voice/parley/llm"
)

// Collect is what an agent asks its callers for.
type Collect struct {
	Fields []collect.Field
	Near   string // an E.164 number: callers' numbers without a country are of its
}

// keyWait is how long a caller who keys in what was asked for may look for the next key. # ends it, * begins anew.
const keyWait = 4 * time.Second

// A collector is the tool by which the model writes down what the caller was asked for. Code decides what a value is, reads it back, and
// takes the caller's yes; a value that needs one counts from then on.
type collector struct {
	fields   []collect.Field
	near     string
	language string
	log      func(parley.EventType, any)
	secretly *Discretion // while it is on nothing that is given is kept

	mu      sync.Mutex // guards all below
	got     []given
	open    []readBack // read back, or about to be
	keyed   string     // the last digits that were keyed in
	asked   string     // the field that the agent has asked for last; "" none that can be told
	asking  bool       // something was read back in this round, and the question for it is to follow
	replied bool       // the caller has spoken since all that is open was heard
	hidden  bool       // what the caller has said or keyed in last is not to be written down
}

// given is a value for the model, and unless it is hidden for the call.
type given struct {
	parley.Collected
	hidden bool
}

// A readBack is a value that waits for the caller's yes.
type readBack struct {
	field  *collect.Field
	value  string
	text   string // as it is read
	heard  bool   // all of it was
	keyed  bool
	hidden bool
}

// newCollector goes on with what was collected before; nil: nothing is to be.
func newCollector(s *Setup, log func(parley.EventType, any)) *collector {
	if len(s.Collect.Fields) == 0 {
		return nil
	}
	k := &collector{fields: s.Collect.Fields, near: s.Collect.Near, language: s.Turns.Language, log: log, secretly: s.Discretion}
	if s.History != nil {
		for _, c := range s.History.Collected {
			k.got = append(k.got, given{Collected: c})
		}
	}
	return k
}

// among adds the tool to the agent's actions.
func (k *collector) among(actions []action.Action) []action.Action {
	if k == nil {
		return actions
	}
	return append(slices.Clone(actions), k)
}

// CollectType is the type of the action in events, and ToolName what models call it.
const (
	CollectType = collect.SkillType
	ToolName    = "record_field"
)

// Describe identifies it.
func (k *collector) Describe() action.Info {
	return action.Info{ID: CollectType, Type: CollectType, Label: ToolName}
}

// Tool tells the model what to ask for, and how.
func (k *collector) Tool() llm.Tool {
	var b strings.Builder
	b.WriteString("Writes down what you are to find out from the caller in this call. Ask for one thing at a time, in your own words, unless the caller has given it already. " +
		"As soon as they have said or keyed one, call this at once with their words for it, and say nothing before: what is wrong with a value you are told, and where it must be " +
		"confirmed it is read back to the caller without your doing. Whoever does not want to give something need not. To be found out:")
	names := make([]string, len(k.fields))
	t := llm.Tool{Name: ToolName}
	for i := range k.fields {
		f := &k.fields[i]
		names[i] = f.Name
		fmt.Fprintf(&b, "\n- %s: %s", f.Name, what(f))
		t.Questions = append(t.Questions, llm.Question{Value: f.Name, Text: f.Ask(k.language)})
	}
	schema, _ := json.Marshal(map[string]any{ // of strings
		"type": "object", "required": []string{"field", "value"}, "additionalProperties": false,
		"properties": map[string]any{
			"field":     map[string]any{"type": "string", "enum": names},
			"value":     map[string]any{"type": "string", "description": "what the caller gave, as they gave it; a date as YYYY-MM-DD"},
			"confirmed": map[string]any{"type": "boolean", "description": "true only when exactly this value was read back to the caller, and they have just said in other words than yes that it is right"},
		},
	})
	t.Description, t.Schema = b.String(), schema
	return t
}

// what describes a field to the model.
func what(f *collect.Field) string {
	s := []string{string(f.Kind)}
	if f.Label != "" {
		s = append(s, f.Label)
	}
	if f.Description != "" {
		s = append(s, f.Description)
	}
	switch {
	case f.Least > 0 && f.Least == f.Most:
		s = append(s, fmt.Sprintf("exactly %d long", f.Most))
	case f.Least > 0 || f.Most > 0:
		s = append(s, fmt.Sprintf("%d to %d long", max(f.Least, 1), f.Most))
	}
	if can, _ := f.Keyed(); can {
		s = append(s, "may be said or keyed in, ended with the hash key")
	}
	if !f.Required {
		s = append(s, "need not be asked for twice")
	}
	return strings.Join(s, "; ")
}

// Run takes a value.
func (k *collector) Run(_ context.Context, in action.Input) (action.Result, error) {
	var args struct {
		Field, Value string
		Confirmed    bool
	}
	if err := json.Unmarshal(in.Args, &args); err != nil {
		return action.Result{}, errors.New("field and value were expected")
	}
	i := slices.IndexFunc(k.fields, func(f collect.Field) bool { return f.Name == args.Field })
	if i < 0 {
		return action.Result{}, errors.New("there is no field " + args.Field)
	}
	f := &k.fields[i]
	value, err := f.Read(args.Value, collect.Place{Language: k.language, Near: k.near, Now: time.Now()})
	if err != nil {
		return action.Result{}, fmt.Errorf("%s was not taken: %w. Ask the caller for it again", f.Name, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if at := k.place(f.Name); at >= 0 && k.got[at].Value == value {
		return action.Result{Data: k.told(f, value, "recorded")}, nil
	}
	keyed := k.wasKeyed(value)
	if !f.Confirms(keyed) {
		k.record(readBack{field: f, value: value, keyed: keyed, hidden: k.unkept()}, false)
		return action.Result{Data: k.told(f, value, "recorded")}, nil
	}
	at := slices.IndexFunc(k.open, func(r readBack) bool { return r.field.Name == f.Name })
	if args.Confirmed && at >= 0 && k.open[at].value == value && k.open[at].heard && k.replied {
		k.record(k.open[at], true)
		return action.Result{Data: k.told(f, value, "recorded")}, nil
	}
	r := readBack{field: f, value: value, text: f.ReadBack(value, k.language), keyed: keyed, hidden: k.unkept()}
	if at >= 0 {
		k.open[at] = r
	} else {
		k.open = append(k.open, r)
	}
	k.asking, k.replied = true, false
	return action.Result{Data: k.told(f, value, "read_back"), Say: r.text}, nil
}

// countryDigits are those that a value may have before what was keyed in.
const countryDigits = 3

// wasKeyed reports whether a value is the digits that were keyed in last, with a country before them or without the zero that begins them.
func (k *collector) wasKeyed(value string) bool {
	row, value := strings.TrimLeft(k.keyed, "0"), strings.TrimLeft(keysOf(value), "0")
	return row != "" && strings.HasSuffix(value, row) && len(value)-len(row) <= countryDigits
}

func keysOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// place is where a field is among those that were given; -1: it is not. mu is held, as by all below that do not take it.
func (k *collector) place(name string) int {
	return slices.IndexFunc(k.got, func(c given) bool { return c.Name == name })
}

func (k *collector) unkept() bool { return k.hidden || k.secretly.On() }

// record takes a value for good, in the place of an earlier one.
func (k *collector) record(r readBack, confirmed bool) {
	f := r.field
	c := given{parley.Collected{Name: f.Name, Kind: string(f.Kind), Value: r.value, Keyed: r.keyed, Confirmed: confirmed}, r.hidden || k.secretly.On()}
	if at := k.place(f.Name); at >= 0 {
		k.got[at] = c
	} else {
		k.got = append(k.got, c)
	}
	k.open = slices.DeleteFunc(k.open, func(r readBack) bool { return r.field.Name == f.Name })
	shown := c.Value
	if c.hidden {
		shown = ""
	}
	k.log(parley.EventCollected, map[string]any{"field": c.Name, "kind": c.Kind, "value": shown, "keyed": c.Keyed, "confirmed": c.Confirmed})
}

// Told is what the model reads of a value that was taken.
type Told struct {
	Field  string   `json:"field"`
	Value  string   `json:"value"`
	Status string   `json:"status"`          // recorded, read_back
	Asked  string   `json:"asked,omitempty"` // read_back: the question that the caller hears
	Then   string   `json:"then,omitempty"`
	Left   []string `json:"still_to_ask"`
}

func (k *collector) told(f *collect.Field, value, status string) string {
	t := Told{Field: f.Name, Value: value, Status: status, Left: []string{}}
	for _, x := range k.fields {
		waits := slices.ContainsFunc(k.open, func(r readBack) bool { return r.field.Name == x.Name })
		if k.place(x.Name) < 0 && !waits && x.Name != f.Name {
			t.Left = append(t.Left, x.Name)
		}
	}
	if status == "read_back" {
		t.Asked = collect.Right(k.language)
		t.Then = "A plain yes of the caller's records it: go on with what is still to ask then, without calling this again. " +
			"After a no, or a correction, call this with the right value, or ask for it again."
	}
	b, _ := json.Marshal(t) // of strings
	return string(b)
}

// question is what follows the values that were read back in a round; "" none was.
func (k *collector) question() string {
	if k == nil {
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.asking {
		return ""
	}
	k.asking = false
	return collect.Right(k.language)
}

// said: the agent's words have been heard. What it asked for is known from them.
func (k *collector) said(heard string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	heard = strings.Join(strings.Fields(heard), " ")
	for i := range k.open {
		if r := &k.open[i]; strings.Contains(heard, strings.Join(strings.Fields(r.text), " ")) {
			r.heard = true
		}
	}
	k.asked = k.askedFor(strings.ToLower(heard))
}

// askedFor is the field whose question, label or name is in words of the agent's, the last of several.
func (k *collector) askedFor(heard string) (name string) {
	last := -1
	for i := range k.fields {
		f := &k.fields[i]
		for _, of := range []string{f.Ask(k.language), f.Label, strings.ReplaceAll(f.Name, "_", " ")} {
			if at := strings.LastIndex(heard, strings.ToLower(strings.Trim(of, " ."))); of != "" && at > last {
				last, name = at, f.Name
			}
		}
	}
	return name
}

// answered: the caller's turn is over. A yes to what was read back is taken, after a no it is forgotten.
func (k *collector) answered(text string, hidden bool) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keyed, k.hidden = "", hidden
	if len(k.open) == 0 || slices.ContainsFunc(k.open, func(r readBack) bool { return !r.heard }) {
		return
	}
	k.replied = true
	switch collect.AnswerIn(k.language, text) {
	case collect.Yes:
		for _, r := range slices.Clone(k.open) {
			k.record(r, true)
		}
	case collect.No:
		k.open = nil
	}
}

// keys says how a row of keys is taken that begins now: after how long a pause, and how many of them at most, it is over. Where nothing is
// asked for that is keyed in, it is as always.
func (k *collector) keys() (wait time.Duration, most int) {
	wait, most = digitWait, maxDigits
	if k == nil {
		return wait, most
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var only []*collect.Field
	for i := range k.fields {
		f := &k.fields[i]
		can, _ := f.Keyed()
		if !can || k.place(f.Name) >= 0 {
			continue
		}
		if only = append(only, f); f.Name == k.asked {
			only = only[len(only)-1:]
			break
		}
	}
	if len(only) == 0 {
		return wait, most
	}
	if len(only) == 1 {
		if _, n := only[0].Keyed(); n > 0 {
			most = n
		}
	}
	return keyWait, most
}

// pressed: a row of keys is over.
func (k *collector) pressed(row string, hidden bool) {
	if k == nil {
		return
	}
	k.mu.Lock()
	k.keyed, k.hidden = keysOf(row), hidden
	k.mu.Unlock()
}

// values are what has been collected so far, and is to be kept.
func (k *collector) values() (all []parley.Collected) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.got {
		if !c.hidden {
			all = append(all, c.Collected)
		}
	}
	return all
}
