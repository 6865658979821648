package call

import (
	"context"
	"errors"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
)

// door is the way a call goes out: the account that carries it, which must allow the number. Whatever dials, or has a far end
// dial, comes by here. nil: a sip: address that is dialled as it stands.
func (s *Switchboard) door(ctx context.Context, c parley.Call) (*parley.TrunkAccount, error) {
	trunk, err := s.Directory.Trunk(ctx, c)
	if trunk == nil || err != nil {
		return nil, err
	}
	return trunk, number.Allowed("to_number", c.To, trunk.Policy)
}

// onward is the call to somebody who is to take a call over: by the way the call came or goes, else by the environment's only trunk; a
// sip: address directly. They see the number that was called, or that we called from: a carrier accepts no other.
func onward(c *parley.Call, to string) parley.Call {
	via := parley.Call{ID: c.ID, UserID: c.UserID, From: c.To, To: to, IsOutgoing: true, Media: parley.Media{TrunkID: c.TrunkID}}
	if c.IsOutgoing {
		via.From = c.From
	}
	if scheme, _, ok := strings.Cut(strings.ToLower(to), ":"); ok && (scheme == "sip" || scheme == "sips") {
		via.TrunkID = ""
	}
	return via
}

// forbidden is the policy's refusal of a number that the far end is asked to dial; without a trunk there is no policy.
func (s *Switchboard) forbidden(ctx context.Context, c *parley.Call, to string) error {
	_, err := s.door(ctx, onward(c, to))
	var no *parley.Error
	if errors.As(err, &no) && no.Status == 403 {
		return no
	}
	return nil
}
