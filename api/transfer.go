package api

import (
	"cmp"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// transferCall hands a running call over. The contract has checked what a warm transfer says of itself.
func (a *API) transferCall(r *request) (any, error) {
	t, err := transferOf(r.body)
	if err != nil {
		return nil, err
	}
	cmd := Command{Act: Transfer, Text: t.To}
	if t.Extension != "" || t.Warm != nil {
		cmd.Transfer = &t
	}
	return a.control(r, cmd)
}

func transferOf(body store.Doc) (t parley.Transfer, err error) {
	word := func(field string) string { s, _ := body[field].(string); return s }
	to, behind, err := number.Extended("phone_number", word("phone_number"))
	if err != nil { // a name, where the trunk knows such
		to, err = number.Parse("phone_number", word("phone_number"))
	}
	if err != nil {
		return t, parley.Invalid("phone_number", "phone_number "+wantedNumber+", a sip: address, or an extension")
	}
	t.To, t.Extension = to.Text, behind
	if keys := word("extension"); keys != "" {
		if keys, err = number.Keys("extension", keys); err != nil {
			return t, err
		}
		t.Extension = cmp.Or(behind, keys)
	}
	if word("mode") != "warm" {
		for _, field := range []string{"briefing", "hold_sound", "answer_timeout_seconds", "on_failure"} {
			if body[field] != nil {
				return t, parley.Invalid(field, field+` is of a warm transfer: say "mode": "warm", too`)
			}
		}
		return t, nil
	}
	seconds, _ := float(body["answer_timeout_seconds"])
	t.Warm = &parley.Warm{Briefing: strings.TrimSpace(word("briefing")), HoldSound: word("hold_sound"), HangUp: word("on_failure") == "hangup",
		Answer: time.Duration(seconds * float64(time.Second))}
	return t, nil
}
