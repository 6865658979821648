package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// directory answers the switchboard's two questions from the store.
type directory struct {
	db         *store.DB
	trunks     func(context.Context) ([]parley.TrunkAccount, error)
	defaultEnv string
	trustLoop  bool
}

// Reached looks the user part up as a number (as linked, then as E.164), then as an agent's id. A caller who came in by a
// trunk reaches the trunk's environment only; one from this machine the default environment, and once there are trunks
// only the demo agent.
func (d *directory) Reached(ctx context.Context, r leg.Ringing) (call.Reached, error) {
	env := d.defaultEnv
	trunks, err := d.trunks(ctx)
	if err != nil {
		return call.Reached{}, fmt.Errorf("reading the trunks: %w", err)
	}
	if r.Trunk != "" {
		i := slices.IndexFunc(trunks, func(t parley.TrunkAccount) bool { return t.ID == r.Trunk })
		if i < 0 {
			return call.Reached{}, parley.NotFound("trunk") // deleted while the call came in
		}
		env = trunks[i].UserID
	}
	if r.Trunk == "" && len(trunks) > 0 && !d.trustLoop && r.To != demoNumber {
		return call.Reached{}, parley.NotFound("number")
	}
	id, fallback, err := d.answers(ctx, env, r.To)
	if err != nil {
		return call.Reached{}, err
	}
	a, err := d.db.InternalAgent(ctx, env, id)
	return call.Reached{Environment: env, Agent: a, Fallback: fallback}, err
}

func (d *directory) answers(ctx context.Context, env, to string) (agentID, fallback string, err error) {
	n, err := d.db.LookupNumber(ctx, env, to)
	switch {
	case parley.IsNotFound(err) && uuid.Validate(to) == nil:
		return to, "", nil
	case err != nil:
		return "", "", fmt.Errorf("looking up number: %w", err)
	case !n.Active || n.OutboundOnly || n.InboundAgent == "":
		return "", "", &parley.Error{Status: 480, Code: "number_inactive", Message: "the number takes no calls"}
	}
	return n.InboundAgent, n.Fallback, nil
}

// Trunk finds the account that carries an outbound call: the one the call names, else the environment's only one. A sip:
// address is dialled as it stands unless the call names an account, or the address is at one: then that account's policy holds.
func (d *directory) Trunk(ctx context.Context, c parley.Call) (*parley.TrunkAccount, error) {
	trunks, err := d.trunks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the trunks: %w", err)
	}
	trunk, err := choose(trunks, c)
	if trunk == nil || err != nil {
		return nil, err
	}
	t := *trunk // the list is shared
	t.Policy, err = d.db.AtHome(ctx, &t, c.From)
	return &t, err
}

func choose(trunks []parley.TrunkAccount, c parley.Call) (*parley.TrunkAccount, error) {
	var own []*parley.TrunkAccount
	for i := range trunks {
		if t := &trunks[i]; t.UserID == c.UserID && (c.TrunkID == "" || c.TrunkID == t.ID) {
			own = append(own, t)
		}
	}
	to, err := number.Parse("to_number", c.To)
	switch {
	case c.TrunkID == "" && err == nil && to.Kind == number.SIP:
		return atTrunk(trunks, c, to.Text)
	case len(own) == 0:
		return nil, &parley.Error{Status: 400, Code: "no_trunk", Message: noTrunk}
	case len(own) > 1:
		return nil, &parley.Error{Status: 400, Code: "several_trunks", Field: "telephony_account_connection",
			Message: "the environment has several SIP trunks: name one in telephony_account_connection"}
	}
	return own[0], nil
}

// atTrunk finds the account whose far end a sip: address is at; nil: it is at nobody's. Were it dialled as it stands, a carrier that
// knows us by our address would put it through, whatever the account's policy says.
func atTrunk(trunks []parley.TrunkAccount, c parley.Call, address string) (*parley.TrunkAccount, error) {
	host, port := number.HostPort(address)
	foreign := false
	for i := range trunks {
		t := &trunks[i]
		if !answersAt(t, host, port) {
			continue
		}
		if t.UserID == c.UserID {
			return t, nil
		}
		foreign = true
	}
	if foreign {
		return nil, &parley.Error{Status: 403, Code: "not_allowed_to_dial", Field: "to_number",
			Message: c.To + " is at a carrier that this environment has no account with: add an account_connection_sip for it"}
	}
	return nil, nil
}

// answersAt reports whether a trunk's far end, or the proxy before it, listens there.
func answersAt(t *parley.TrunkAccount, host string, port int) bool {
	at := func(s string, otherwise int) bool {
		h, p := number.HostPort("sip:" + s)
		if p == 0 {
			p = otherwise
		}
		return s != "" && strings.EqualFold(strings.TrimSuffix(h, "."), strings.TrimSuffix(host, ".")) && sipPort(p) == sipPort(port)
	}
	return at(t.Host, t.Port) || at(t.OutboundProxy, 0) || slices.ContainsFunc(t.BackupHosts, func(s string) bool { return at(s, 0) })
}

func sipPort(p int) int {
	if p == 0 {
		return 5060
	}
	return p
}

const noTrunk = `there is no trunk that could carry the call: add one with POST /v1/account_connections/create {"type":"account_connection_sip",` +
	`"credentials":{"host":"sip.example.com","username":"me","password":"secret"}}, or call a sip: address`
