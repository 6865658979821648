package action

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/parley-voice/parley"
)

// Table has a constructor for every type of the contract that this version can run.
var Table = map[string]func(parley.Action, Site) (Action, error){
	"action_end_conversation":  newEndConversation,
	"action_transfer_call":     newTransferCall,
	"action_warm_transfer":     newWarmTransfer,
	"action_dtmf":              newDTMF,
	"action_external":          newExternal,
	"action_set_hold":          newSetHold,
	"action_add_to_conference": newAddToConference,
}

// A Site is the call that actions are made for. The zero value is for looking whether they could be made.
type Site struct {
	CallID string
	Fetch  Fetcher                         // asks the owner's servers; nil: nobody does
	Fill   func(field, text string) string // puts the call's variables into a configured text; nil: they are not known
	Line   Line                            // who is on the call, and how that is changed; nil: nobody can be called or put on hold
	OnEnd  *parley.Transfer                // transfer_on_end: who gets the caller where the agent would end the call; nil: nobody
	// Steer lends the call the number that a warm transfer calls from. nil: there are none to be lent.
	Steer func(ctx context.Context, t parley.Transfer) error
}

func (s Site) fill(field, text string) string {
	if s.Fill == nil {
		return text
	}
	return s.Fill(field, text)
}

// Known reports whether New makes actions of the type.
func Known(typ string) bool { return Table[typ] != nil }

// New makes an action of an agent ready to run on a call. A type that Known does not know, or a configuration that does not fit, is a
// parley.Invalid.
func New(a parley.Action, s Site) (Action, error) {
	open, ok := Table[a.Type]
	if !ok {
		return nil, parley.Invalid("type", "type: this version cannot run "+a.Type)
	}
	return open(a, s)
}

// config reads an action's configuration into v, a pointer to a struct. None, null and {} leave v as it is.
func config(a parley.Action, v any) error {
	raw := bytes.TrimSpace(a.Config)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if raw[0] != '{' || json.Unmarshal(raw, v) != nil {
		return parley.Invalid("config", "config: not what a "+a.Type+" is configured by")
	}
	return nil
}

func info(a parley.Action) Info {
	return Info{ID: a.ID, Type: a.Type, Label: text(a.Label)}
}

// name is what the model calls the action: its type, as the contract has it, without the prefix.
func name(a parley.Action) string { return strings.TrimPrefix(a.Type, "action_") }

// describe tells the model what the action is for: what we know, then what the agent's owner says about it.
func describe(what string, a parley.Action) string {
	s := []string{what}
	if l := strings.TrimSpace(text(a.Label)); l != "" {
		s = append(s, l+".")
	}
	if d := strings.TrimSpace(text(a.Description)); d != "" {
		s = append(s, d)
	}
	return strings.Join(s, " ")
}

// phrases are words of the caller's that ask for the action: ours, and its label and description.
func phrases(ours []string, a parley.Action) []string {
	all := append([]string(nil), ours...)
	for _, p := range []string{text(a.Label), text(a.Description)} {
		if p = strings.TrimSpace(p); p != "" {
			all = append(all, p)
		}
	}
	return all
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// FirstTransfer is whom the first of the actions that transfers would transfer to; nil: none of them does.
func FirstTransfer(actions []Action) *parley.Transfer {
	for _, a := range actions {
		if t, ok := a.(interface{ first() *parley.Transfer }); ok {
			if to := t.first(); to != nil {
				return to
			}
		}
	}
	return nil
}
