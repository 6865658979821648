package sip

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

const ringTimeout = 40 * time.Second

// Dial implements leg.Trunk. It works while Serve runs. Any error is a *leg.Rejected, or wraps one.
func (t *Trunk) Dial(ctx context.Context, c leg.Call) (leg.Leg, error) {
	if !t.enter(true) {
		return nil, &leg.Rejected{Cause: parley.NodeLost}
	}
	defer t.leave()
	p, err := t.plan(ctx, c)
	if err != nil {
		return nil, errors.Join(&leg.Rejected{Cause: parley.Configuration}, err)
	}
	if err := t.listening(ctx); err != nil {
		return nil, err
	}
	if p.hops, err = p.ways(ctx); errors.Is(err, errTransport) || errors.Is(err, errCA) {
		return nil, errors.Join(&leg.Rejected{Cause: parley.Configuration}, err)
	} else if err != nil {
		return nil, errors.Join(&leg.Rejected{Cause: parley.Unreachable}, err)
	}
	if p.release, err = t.out.limits.Await(ctx, c.Trunk); err != nil {
		return nil, err
	}
	l, err := p.place(ctx)
	if err != nil {
		p.release()
		if p.stream != nil {
			_ = p.stream.Close()
		}
	}
	return l, err
}

// listening waits until Serve reads: requests go out by the socket it reads from.
func (t *Trunk) listening(ctx context.Context) error {
	local := t.sock.Local()
	addr := local.String()
	for {
		if conn, err := t.transport.GetConnection("udp", addr); err == nil {
			_, _ = conn.TryClose()
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return &leg.Rejected{Cause: parley.Cancelled}
		case <-t.quit.Done():
			return &leg.Rejected{Cause: parley.NodeLost}
		}
	}
}

// plan reads who is to be called, from whom and by what way. Its errors are the user's to mend.
func (t *Trunk) plan(ctx context.Context, c leg.Call) (*placing, error) {
	p := &placing{t: t, call: c}
	var err error
	if p.target, err = target(c); err != nil {
		return nil, err
	}
	p.d = &dialog{t: t, callID: sip.GenerateTagN(24) + "@parley", account: c.Trunk, localSeq: firstSeq(), placed: p}
	p.d.there, p.d.depart = t.quit, func() {}
	p.d.local.tag = newTag()
	p.d.remote.uri = *p.target.Clone()
	p.d.remote.uri.Port, p.d.remote.uri.UriParams, p.d.remote.uri.Headers = 0, nil, nil
	if p.d.local.uri, err = origin(c); err != nil {
		return nil, err
	}
	if err := extra(sip.NewRequest(sip.INVITE, p.target), c); err != nil {
		return nil, err
	}
	if c.Trunk != nil && c.Trunk.OutboundProxy != "" {
		proxy, err := outboundProxy(c.Trunk)
		if err != nil {
			return nil, err
		}
		p.d.routes = []sip.Uri{proxy}
	}
	return p, nil
}

// outboundProxy is the first Route of all that an account sends.
func outboundProxy(a *parley.TrunkAccount) (sip.Uri, error) {
	proxy, err := parseHostPort(a.OutboundProxy)
	if err != nil {
		return proxy, fmt.Errorf("outbound proxy: %w", err)
	}
	if !proxy.UriParams.Has("lr") {
		proxy.UriParams.Add("lr", "")
	}
	return proxy, nil
}

// target is the URI that is called.
func target(c leg.Call) (sip.Uri, error) {
	var u sip.Uri
	if !clean(c.To) || strings.ContainsAny(c.To, " <>\"") || len(c.To) > identityMost {
		return u, errors.New("sip: the number called holds what no address may")
	}
	if scheme, _, ok := strings.Cut(strings.ToLower(c.To), ":"); ok && (scheme == "sip" || scheme == "sips") {
		if err := sip.ParseUri(c.To, &u); err != nil || u.Host == "" {
			return u, fmt.Errorf("sip: %q is no sip: address", c.To)
		}
		u.Headers, u.Password = nil, ""
		return u, nil
	}
	if c.Trunk == nil {
		return u, fmt.Errorf("sip: %q needs a trunk: only sip: addresses are dialled without", c.To)
	}
	u, err := parseHostPort(c.Trunk.Host)
	if err != nil {
		return u, err
	}
	if c.To == "" {
		return u, errors.New("sip: nobody to call")
	}
	u.User = userPart(written(c.To, c.Trunk))
	if c.Trunk.Port != 0 {
		u.Port = c.Trunk.Port
	}
	if tp := strings.ToLower(c.Trunk.Transport); tp != "" && tp != "udp" {
		u.UriParams.Add("transport", tp)
	}
	return u, nil
}

// origin is the URI the call comes from; its host is filled in once the way is known.
func origin(c leg.Call) (sip.Uri, error) {
	var u sip.Uri
	if !clean(c.From) || strings.ContainsAny(c.From, " <>\"") || len(c.From) > identityMost {
		return u, errors.New("sip: the calling number holds what no address may")
	}
	if strings.HasPrefix(strings.ToLower(c.From), "sip:") {
		if err := sip.ParseUri(c.From, &u); err != nil || u.Host == "" {
			return u, fmt.Errorf("sip: %q is no sip: address", c.From)
		}
		u.Headers, u.Password, u.UriParams, u.Port = nil, "", nil, 0
		return u, nil
	}
	u.Scheme, u.User = "sip", userPart(written(c.From, c.Trunk))
	if c.Trunk != nil {
		if c.Trunk.Policy.Form.CallerID != parley.CallerIDFrom && c.Trunk.Username != "" {
			u.User = userPart(c.Trunk.Username)
		}
		if u.User == "" {
			u.User = userPart(c.Trunk.Username)
		}
		if c.Trunk.Host != "" {
			host, err := parseHostPort(c.Trunk.Host)
			if err != nil {
				return u, err
			}
			u.Host = host.Host
		}
	}
	if u.User == "" {
		u.User = "parley"
	}
	return u, nil
}

// ways are where the INVITE may go, in the order to be tried: where the account leads, else the address itself.
func (p *placing) ways(ctx context.Context) (list []hop, err error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	if a := p.call.Trunk; a != nil && (a.Host != "" || a.OutboundProxy != "") {
		list, err = p.t.accountHops(ctx, a)
	} else {
		network := ""
		if a != nil {
			network = a.Transport
		}
		list, err = p.t.hops(ctx, &p.target, network, a)
	}
	if err == nil && p.d.local.uri.Host == "" {
		p.d.local.uri.Host = p.t.advertised(list[0].addr.Addr()).String()
	}
	return list, err
}

// codecs are those the account names, as far as we have them.
func codecs(a *parley.TrunkAccount) (list []rtp.Codec) {
	if a == nil {
		return nil
	}
	for _, name := range a.Media.Codecs {
		for _, c := range rtp.DefaultCodecs {
			if strings.EqualFold(name, c.String()) {
				list = append(list, c)
			}
		}
	}
	return list
}
