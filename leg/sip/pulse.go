package sip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/sip/register"
	"github.com/parley-voice/parley/leg/sip/route"
)

// askedMost is how many hops of one account are asked.
const askedMost = 8

// heartbeat is how long an OPTIONS may take: with four repetitions lost it is not the network's chance.
func heartbeat() time.Duration { return 10 * sip.T1 }

// watch asks every hop of the account now and then whether it is there, until ctx is done.
func (l *line) watch(ctx context.Context) {
	every := l.a.Health
	if every == 0 {
		every = parley.DefaultHealth
	}
	for {
		l.beat(ctx)
		timer := time.NewTimer(every - rand.N(every/10+1))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// beat asks all hops at the same time.
func (l *line) beat(ctx context.Context) {
	hops, err := l.t.accountHops(ctx, &l.a)
	if err != nil {
		if !l.lost && ctx.Err() == nil {
			l.lost = true
			l.t.log.Warn("sip: a trunk's host is not found", "trunk", l.a.ID, "error", err)
		}
		return
	}
	l.lost = false
	slices.SortFunc(hops, func(a, b hop) int { return a.addr.Compare(b.addr) })
	hops = hops[:min(len(hops), askedMost)]
	found := make([]HopState, len(hops))
	var all sync.WaitGroup
	for i, h := range hops {
		all.Go(func() {
			start := time.Now()
			err := l.options(ctx, h)
			found[i] = HopState{Hop: h.route(), Up: err == nil, Since: time.Now(), Failure: err}
			if err == nil {
				found[i].RoundTrip = time.Since(start)
			}
		})
	}
	all.Wait()
	if ctx.Err() == nil {
		l.note(found)
	}
}

// note takes what the hops said: for whom to try first, and for the registration when the hop it rests on is gone.
func (l *line) note(found []HopState) {
	l.mu.Lock()
	before := l.hops
	for i := range found {
		s := &found[i]
		if j := slices.IndexFunc(before, func(b HopState) bool { return b.Hop == s.Hop }); j >= 0 {
			if before[j].Up == s.Up {
				s.Since = before[j].Since
			}
			if !s.Up {
				s.RoundTrip = before[j].RoundTrip
			}
		}
	}
	l.hops = found
	l.mu.Unlock()
	for _, s := range found {
		l.t.out.health.Report(s.Hop, s.Up)
		j := slices.IndexFunc(before, func(b HopState) bool { return b.Hop == s.Hop })
		wasUp := j < 0 || before[j].Up
		switch {
		case wasUp && !s.Up:
			l.t.log.Warn("sip: a trunk's far end does not answer", "trunk", l.a.ID, "hop", s.Hop.String(), "error", s.Failure)
			if l.reg != nil && l.reg.State().Hop == s.Hop {
				l.reg.Renew()
			}
		case !wasUp && s.Up:
			l.t.log.Info("sip: a trunk's far end answers again", "trunk", l.a.ID, "hop", s.Hop.String())
			if l.reg != nil && l.reg.State().Hop == s.Hop { // it may have forgotten us
				l.reg.Renew()
			}
		}
	}
}

// options asks one hop. Any final answer but 408 and 503 says that somebody is there, whatever he thinks of us.
func (l *line) options(ctx context.Context, h hop) error {
	ctx, stop := context.WithTimeout(ctx, heartbeat())
	defer stop()
	res, err := l.send(ctx, l.question(h, inquiry{sip.GenerateTagN(24) + "@parley", newTag(), firstSeq()}), h)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("sip: no answer to OPTIONS within %s", heartbeat())
	case err != nil:
		return err
	case res.StatusCode == 408 || res.StatusCode == 503:
		return fmt.Errorf("sip: OPTIONS: %d", res.StatusCode)
	}
	return nil
}

// inquiry is what the requests of one OPTIONS have in common, those that answer a challenge included; seq is the next one's.
type inquiry struct {
	callID, tag string
	seq         uint32
}

// question is the OPTIONS for one hop.
func (l *line) question(h hop, q inquiry) *sip.Request {
	uri := l.Registrar(h.route())
	req := sip.NewRequest(sip.OPTIONS, uri)
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "parley", Host: uri.Host}}
	if l.a.Username != "" {
		from.Address.User = userPart(l.a.Username)
	}
	from.Params.Add("tag", q.tag)
	maxForwards, callID := sip.MaxForwardsHeader(70), sip.CallIDHeader(q.callID)
	to := &sip.ToHeader{Address: sip.Uri{Scheme: "sip", Host: uri.Host}}
	for _, x := range []sip.Header{
		&maxForwards, from, to, &callID, &sip.CSeqHeader{SeqNo: q.seq, MethodName: sip.OPTIONS},
		l.t.contact(from.Address.User, h), acceptSDP(),
	} {
		req.AppendHeader(x)
	}
	return req
}

// send sends a request outside any dialog by the account's proxy, if it has one.
func (l *line) send(ctx context.Context, req *sip.Request, h hop) (*sip.Response, error) {
	if l.a.OutboundProxy != "" {
		proxy, err := outboundProxy(&l.a)
		if err != nil {
			return nil, err
		}
		req.PrependHeader(&sip.RouteHeader{Address: proxy})
	}
	return l.t.do(ctx, req, h)
}

var _ register.Line = (*line)(nil)

// Hops implements register.Line.
func (l *line) Hops(ctx context.Context) ([]route.Hop, error) {
	hops, err := l.t.accountHops(ctx, &l.a)
	list := make([]route.Hop, len(hops))
	for i, h := range hops {
		list[i] = h.route()
	}
	return list, err
}

// Registrar implements register.Line: the account's host, or where that is an address, the one of its hosts that is asked.
func (l *line) Registrar(h route.Hop) sip.Uri {
	u, _ := parseHostPort(l.a.Host) // accountHops has tried it
	u.User, u.UriParams, u.Headers = "", nil, nil
	if l.a.Port != 0 {
		u.Port = l.a.Port
	}
	elsewhere(&l.a, &u, h)
	if tp := strings.ToLower(l.a.Transport); tp != "" && tp != "udp" {
		u.UriParams.Add("transport", tp)
	}
	return u
}

// Send implements register.Line.
func (l *line) Send(ctx context.Context, req *sip.Request, h route.Hop) (*sip.Response, error) {
	hops, err := l.t.secured([]route.Hop{h}, &l.a)
	if err != nil {
		return nil, err
	}
	return l.send(ctx, req, hops[0])
}

// Contact implements register.Line.
func (l *line) Contact(h route.Hop) sip.Uri {
	u := l.t.contact(userPart(l.a.Username), hop{network: h.Network, addr: h.Addr}).Address
	own := l.t.own(h.Network, h.Addr.Addr())
	u.Host, u.Port = own.Addr().String(), int(own.Port())
	return u
}

// KeepAlive implements register.Line.
func (l *line) KeepAlive(h route.Hop) error { return l.t.sock.KeepAlive(h.Network, h.Addr) }

// Report implements register.Line.
func (l *line) Report(h route.Hop, up bool) { l.t.out.health.Report(h, up) }

// Proofs implements register.Line.
func (l *line) Proofs() register.Proofs { return &lineProofs{a: &l.a} }

// lineProofs are the proofs of one account.
type lineProofs struct {
	a *parley.TrunkAccount
	proofs
}

func (p *lineProofs) Learn(res *sip.Response) error { return p.learn(p.a, res) }
func (p *lineProofs) Sign(req *sip.Request)         { p.sign(p.a, req) }
