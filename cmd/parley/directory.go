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
	anew       func(context.Context) ([]parley.TrunkAccount, error) // nil: trunks are always as they are now
	defaultEnv string
	trustLoop  bool
}

// Reached looks the user part up as a number (as linked, then as E.164), then as an agent's id. A caller who came in by a
// trunk reaches the trunk's environment only; one from this machine the default environment, and once there are trunks
// only the demo agent.
func (d *directory) Reached(ctx context.Context, r leg.Ringing) (call.Reached, error) {
	if r.Environment != "" {
		a, err := d.db.InternalAgent(ctx, r.Environment, r.To)
		return call.Reached{Environment: r.Environment, Agent: a}, err
	}
	env, form := d.defaultEnv, parley.DialForm{}
	trunks, err := d.trunks(ctx)
	if err != nil {
		return call.Reached{}, fmt.Errorf("reading the trunks: %w", err)
	}
	if r.Trunk != "" {
		its := func(t parley.TrunkAccount) bool { return t.ID == r.Trunk }
		i := slices.IndexFunc(trunks, its)
		if i < 0 && d.anew != nil { // it may be younger than what trunks remembers
			if trunks, err = d.anew(ctx); err != nil {
				return call.Reached{}, fmt.Errorf("reading the trunks: %w", err)
			}
			i = slices.IndexFunc(trunks, its)
		}
		if i < 0 {
			return call.Reached{}, parley.NotFound("trunk") // deleted while the call came in
		}
		env, form = trunks[i].UserID, trunks[i].Policy.Form
	}
	if r.Trunk == "" && slices.ContainsFunc(trunks, telephone) && !d.trustLoop && r.To != demoNumber {
		return call.Reached{}, parley.NotFound("number")
	}
	n, err := d.answers(ctx, env, r.To)
	if e164 := number.Read(r.To, form.Numbers, form.Home); parley.IsNotFound(err) && e164 != r.To {
		n, err = d.answers(ctx, env, e164)
	}
	if err != nil {
		return call.Reached{}, err
	}
	a, err := d.db.InternalAgent(ctx, env, n.InboundAgent)
	return call.Reached{Environment: env, Agent: a, Fallback: n.Fallback, Example: n.Example}, err
}

// answers is the number that was dialled, with the agent that answers it.
func (d *directory) answers(ctx context.Context, env, to string) (parley.Number, error) {
	n, err := d.db.LookupNumber(ctx, env, to)
	switch {
	case parley.IsNotFound(err) && uuid.Validate(to) == nil:
		return parley.Number{InboundAgent: to}, nil
	case err != nil:
		return n, fmt.Errorf("looking up number: %w", err)
	case !n.Active || n.OutboundOnly || n.InboundAgent == "":
		return n, &parley.Error{Status: 480, Code: "number_inactive", Message: "the number takes no calls"}
	}
	return n, nil
}

// Trunk finds the account that carries an outbound call: the one the call names, else the environment's only one, or its only SIP trunk. A sip:
// address is dialled as it stands unless the call names an account, or the address is at one: then that account's policy holds.
func (d *directory) Trunk(ctx context.Context, c parley.Call) (*parley.TrunkAccount, error) {
	trunks, err := d.trunks(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the trunks: %w", err)
	}
	trunk, err := choose(trunks, c)
	if err != nil && d.anew != nil { // the account may be younger than what trunks remembers
		if trunks, err = d.anew(ctx); err != nil {
			return nil, fmt.Errorf("reading the trunks: %w", err)
		}
		trunk, err = choose(trunks, c)
	}
	if trunk == nil || err != nil {
		return nil, err
	}
	t := *trunk // the list is shared
	if t.Policy, err = d.db.AtHome(ctx, &t, c.From); err == nil && t.Policy.Own {
		err = d.keepTo(ctx, &t, c.From)
	}
	return &t, err
}

// keepTo holds an account to the numbers that are linked with it now: one that was may have been given back, and be somebody else's.
func (d *directory) keepTo(ctx context.Context, t *parley.TrunkAccount, from string) error {
	linked := func(phone string) (bool, error) {
		n, err := d.db.Number(ctx, t.UserID, phone)
		if err != nil && !parley.IsNotFound(err) {
			return false, fmt.Errorf("reading a number: %w", err)
		}
		there := n["active"] != false || n["carrier_status"] == nil // else it is ordered, or has not come
		return err == nil && there && n[accountField] == t.ID, nil
	}
	if is, err := linked(from); err != nil {
		return err
	} else if !is {
		return parley.Invalid("from_number", "from_number is not linked with the account, which is the operator's and carries only its own numbers")
	}
	var lent []string
	for _, phone := range t.Policy.Steering {
		if is, err := linked(phone); err != nil {
			return err
		} else if is {
			lent = append(lent, phone)
		}
	}
	t.Policy.Steering = lent
	return nil
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
		if i := slices.IndexFunc(own, direct); i >= 0 && !slices.ContainsFunc(own[i+1:], direct) {
			return own[i], nil // the others may be there for their messages
		}
		return nil, &parley.Error{Status: 400, Code: "several_trunks", Field: "telephony_account_connection",
			Message: "the environment has several account connections that calls go by: name one in telephony_account_connection"}
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
		if carried(*t) || !answersAt(t, host, port) {
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

// telephone is an account that the telephone reaches itself.
func telephone(t parley.TrunkAccount) bool { return !carried(t) }

func direct(t *parley.TrunkAccount) bool { return !carried(*t) }

const noTrunk = `there is no trunk that could carry the call: add one with POST /v1/account_connections/create {"type":"account_connection_sip",` +
	`"credentials":{"host":"sip.example.com","username":"me","password":"secret"}}, or call a sip: address`
