package api

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// readTag is the tag of the numbers that a call may be made from; "" is none.
func readTag(body store.Doc) (string, error) {
	tag, _ := body["from_tag"].(string)
	if tag == "" {
		return "", nil
	}
	for _, other := range []string{"from_number", "agent_phone_number"} {
		if s, _ := body[other].(string); s != "" {
			return "", parley.Invalid("from_tag", "from_tag and "+other+" exclude each other: the call is made from a number with the tag, or from that one")
		}
	}
	return tag, nil
}

// readTo takes the end that is called, where the other is to be picked.
func readTo(body store.Doc) (string, error) {
	s, _ := body["to_number"].(string)
	if s == "" {
		return "", parley.Invalid("to_number", "to_number is required")
	}
	to, err := number.Parse("to_number", s)
	if err != nil {
		return "", parley.Invalid("to_number", "to_number "+wantedNumber+", or a sip: address")
	}
	return to.Text, nil
}

// paced reports whether a number's config bounds how often it is called from.
func paced(line store.Doc) bool {
	config, _ := line["config"].(map[string]any)
	return config["max_calls_per_minute"] != nil || config["max_calls_per_day"] != nil
}

// choosePool finds the accounts that could carry a call from a number with the tag. Each is held to what it may dial, and to the numbers
// that it may show, before the call is written; that of the number which is picked in the end is asked once more as it dials.
func (a *API) choosePool(ctx context.Context, body store.Doc, c *parley.Call, tag string) error {
	linked, err := a.Store.PoolTrunks(ctx, c.UserID, tag)
	if err != nil {
		return err
	}
	if len(linked) == 0 {
		return parley.Invalid("from_tag", "from_tag: no active number has the tag "+tag)
	}
	c.Pool = &parley.Pool{Tag: tag}
	wanted := idOf(body[connectionField])
	var first error
	providers := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(linked)) {
		if wanted != "" && id != "" && id != wanted {
			continue
		}
		call := parley.Call{UserID: c.UserID, From: linked[id], To: c.To, Media: c.Media}
		line := store.Doc{}
		if id != "" {
			line[connectionField] = id
		}
		err := a.chooseTrunk(ctx, body, &call, line)
		var refused *parley.Error
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		switch {
		case err != nil && first == nil:
			first = err
		case err != nil:
		case call.TrunkID == "":
			return nil // a sip: address, which needs no account
		case id == "":
			c.Pool.Trunk = call.TrunkID
			providers[call.Telephony] = true
		default:
			c.Pool.Trunks = append(c.Pool.Trunks, id)
			providers[call.Telephony] = true
		}
	}
	if !c.Pool.Direct() {
		for name := range providers {
			if c.Telephony = name; len(providers) > 1 {
				c.Telephony = "sip" // until it is dialled
			}
		}
		return nil
	}
	if first == nil {
		first = parley.Invalid("from_tag", "from_tag: no active number with the tag "+tag+" is linked with telephony_account_connection")
	}
	return first
}
