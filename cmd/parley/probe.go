package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/after"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/store"
)

// A prober tries account connections, each by what uses them.
type prober struct {
	db      *store.DB
	trunk   func(ctx context.Context, a parley.TrunkAccount) ([]sip.Probe, error)
	vendors *vendors
	clerk   *after.Clerk
	open    func(kind string, credentials map[string]any) (carrier.Account, error)
	public  netip.Addr // PARLEY_PUBLIC_IP; not valid: it is not set
}

func (h *house) prober(v *vendors) *prober {
	ip, _ := h.cfg.publicIP() // telephone has read it
	return &prober{db: h.db, trunk: h.probe, vendors: v, clerk: after.New(after.Config{Net: h.fetch, Logger: h.log}), open: h.carriers().Open, public: ip}
}

// probe asks a trunk, where there is a telephone.
func (h *house) probe(ctx context.Context, a parley.TrunkAccount) ([]sip.Probe, error) {
	if h.sip == nil {
		return nil, errNoMedia
	}
	return h.sip.Probe(ctx, a)
}

// errNoMedia is for what only a telephone can find out.
var errNoMedia = errors.New("this node has not the role media, and opens no SIP")

// Probe implements api.Prober.
func (p *prober) Probe(ctx context.Context, env, id string, doc store.Doc) ([]api.Check, error) {
	if id != "" {
		var err error
		if doc, err = p.db.Internal(ctx, env, store.AccountConnections, id); err != nil {
			return nil, err
		}
	}
	kind, _ := doc["type"].(string)
	c, _ := doc["credentials"].(map[string]any)
	var checks []api.Check
	switch kind {
	case "account_connection_sip":
		checks = append(filledIn(c), p.sip(ctx, store.Trunk(doc))...)
	case "account_connection_external_api_key", "account_connection_un_pw_oauth", "account_connection_login_key_oauth":
		for _, t := range p.clerk.Try(ctx, kind, c) {
			checks = append(checks, tried(t))
		}
	case "account_connection_twilio", "account_connection_telnyx", parley.OperatorsTwilio:
		checks = []api.Check{p.account(ctx, kind, c)}
	default:
		checks = p.keys(ctx, kind, doc)
	}
	if len(checks) == 0 {
		checks = []api.Check{{What: api.CheckSettings, Verdict: api.CheckNote, Said: "there is nothing to be asked by an " + kind}}
	}
	for i := range checks {
		hush(&checks[i], c)
	}
	return checks, nil
}

// filledIn is what the preset of a trunk adds to what it says.
func filledIn(c map[string]any) []api.Check {
	full, filled := store.Filled(c)
	if len(filled) == 0 {
		return nil
	}
	for i, name := range filled {
		value := fmt.Sprint(full[name])
		if l, ok := full[name].([]any); ok {
			value = strings.Trim(fmt.Sprint(l), "[]")
		}
		filled[i] = name + " " + value
	}
	return []api.Check{{What: api.CheckSettings, Verdict: api.CheckFine, Said: fmt.Sprintf("the preset %v fills in %s", c["preset"], strings.Join(filled, "; "))}}
}

// account asks a carrier who the account is.
func (p *prober) account(ctx context.Context, kind string, c map[string]any) api.Check {
	check := api.Check{What: api.CheckAccount, Verdict: api.CheckFine, Answer: api.Answer{Credentials: api.CredentialsTaken}}
	a, err := p.open(kind, c)
	known, ok := a.(carrier.Known)
	if err != nil || !ok {
		check.Verdict, check.Answer.Credentials = api.CheckFailed, api.CredentialsMissing
		check.Said, check.ToDo = "there is no account to be asked for", "Write the credentials into the connection."
		if kind == parley.OperatorsTwilio {
			check.ToDo = "The operator sets PARLEY_TWILIO_ACCOUNT_SID and PARLEY_TWILIO_AUTH_TOKEN."
		}
		return check
	}
	w, err := known.Who(ctx)
	check.Answer.RoundTrip = w.Took
	if err != nil {
		unknown(&check, err)
		return check
	}
	if kind == parley.OperatorsTwilio {
		w.Name, w.Credit = "", "" // the operator's own affair
	}
	portrayed(&check, w)
	return check
}

// keys tries a vendor's key as the doctor does.
func (p *prober) keys(ctx context.Context, kind string, doc store.Doc) []api.Check {
	var keys []held
	for _, spec := range p.vendors.specs {
		for _, c := range spec.Checks {
			if s, a := p.vendors.checked(spec, c); s.ConnectionType == kind {
				keys = append(keys, held{s.Title, "the connection", c, credentials(a, &s, doc, p.vendors.guarded)})
			}
		}
	}
	out := make([]api.Check, len(keys))
	each8(len(keys), func(i int) {
		took, err := keys[i].ask(ctx)
		c := api.Check{What: api.CheckKey, Verdict: api.CheckFine, Target: api.Target{Name: keys[i].vendor},
			Answer: api.Answer{RoundTrip: took, Credentials: api.CredentialsTaken}}
		c.Said = fmt.Sprintf("%s takes the key: it %s", keys[i].vendor, keys[i].skills())
		if keys[i].access.Net != nil { // the tenant's own address, and none of the operator's
			c.Target.Address = keys[i].access.BaseURL
		}
		if err != nil {
			unkeyed(&c, keys[i].vendor, err)
		}
		out[i] = c
	})
	return out
}
