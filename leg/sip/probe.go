package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/sip/register"
	"github.com/parley-voice/parley/leg/sip/route"
	"github.com/parley-voice/parley/rtp"
)

// A Probe is what one address of an account's far end said when it was asked beside all calls.
type Probe struct {
	route.Hop
	Method    string // OPTIONS, REGISTER
	Code      int    // of the final answer; 0: none came
	Reason    string
	Server    string         // its Server header, else its User-Agent
	RoundTrip time.Duration  // of the last request that was answered
	Asked     bool           // it challenged us
	Proven    bool           // and took our answer
	Own       netip.AddrPort // our address as we give it; port 0: we do not listen by that network
	Seen      netip.AddrPort // where the request came from, in its eyes (RFC 3581); not valid where it does not say, port 0 likewise
	Codecs    []string       // of the session it describes
	Unbound   bool           // of REGISTER: it was asked what it has of us, and nothing was registered
	Failure   error          // why there is no answer of use; nil: there is one
}

// probeFor is how long one address may take.
const probeFor = 4 * time.Second

// Probe asks the far end of an account, which need not be one of ours, by OPTIONS at each of its addresses and where it wants to be registered by
// REGISTER at the first that answers. What runs for our accounts is not disturbed, whatever comes of it. It works while Serve runs. The
// error is that the far end is nowhere to be found, or cannot be asked.
func (t *Trunk) Probe(ctx context.Context, a parley.TrunkAccount) ([]Probe, error) {
	if !t.enter(false) {
		return nil, errClosing
	}
	defer t.leave()
	if err := t.listening(ctx); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(t.ctx, stop)()
	hops, err := t.accountHops(ctx, &a)
	if err != nil {
		return nil, err
	}
	hops = hops[:min(len(hops), askedMost)]
	found := make([]Probe, len(hops))
	var all sync.WaitGroup
	for i, h := range hops {
		all.Go(func() { found[i] = t.witness(a, h).options(ctx) })
	}
	all.Wait()
	if !a.Register.On {
		return found, nil
	}
	order := make([]int, len(hops))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return deaf(found[i]) - deaf(found[j]) })
	var last Probe
	for _, i := range order {
		if last = t.witness(a, hops[i]).register(ctx); last.Code != 0 && last.Code != 503 || ctx.Err() != nil {
			break
		}
	}
	return append(found, last), nil
}

func deaf(p Probe) int {
	if p.Failure != nil {
		return 1
	}
	return 0
}

// witness is a line by one hop that notes what is answered, and tells nobody.
type witness struct {
	line
	h    hop
	seen Probe
}

func (t *Trunk) witness(a parley.TrunkAccount, h hop) *witness {
	w := &witness{line: line{t: t, a: concern(a)}, h: h}
	w.seen.Hop, w.seen.Own = h.route(), t.own(h.network, h.addr.Addr())
	return w
}

var _ register.Line = (*witness)(nil)

// Send implements register.Line.
func (w *witness) Send(ctx context.Context, req *sip.Request, h route.Hop) (*sip.Response, error) {
	began := time.Now()
	res, err := w.line.Send(ctx, req, h)
	if err == nil {
		w.look(res, time.Since(began))
	}
	return res, err
}

// Report implements register.Line: what is tried is no news of what runs.
func (w *witness) Report(route.Hop, bool) {}

// KeepAlive implements register.Line.
func (w *witness) KeepAlive(route.Hop) error { return nil }

func (w *witness) look(res *sip.Response, took time.Duration) {
	p := &w.seen
	p.Code, p.Reason, p.RoundTrip = res.StatusCode, oneLine(res.Reason), took
	p.Asked = p.Asked || res.StatusCode == 401 || res.StatusCode == 407
	for _, name := range []string{"User-Agent", "Server"} {
		if v := oneLine(field(res, name)); v != "" {
			p.Server = v
		}
	}
	if at := seenFrom(res); at.IsValid() {
		p.Seen = at
	}
	if body, ok := description(res); ok && len(body) > 0 {
		if sdp, err := rtp.ParseSDP(body); err == nil {
			p.Codecs = spoken(sdp)
		}
	}
}

// wordsMost is how much is told of what a far end says in one header, in bytes.
const wordsMost = 120

// oneLine is a far end's words as one line that can be shown.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.ToValidUTF8(s[:min(len(s), wordsMost)], "")
}

// seenFrom is where the far end says that our request came from.
func seenFrom(res *sip.Response) netip.AddrPort {
	via := res.Via()
	if via == nil {
		return netip.AddrPort{}
	}
	host, told := via.Params.Get("received")
	port, _ := via.Params.Get("rport")
	if !told {
		if port == "" {
			return netip.AddrPort{}
		}
		host = via.Host
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil || ip.Zone() != "" {
		return netip.AddrPort{}
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n))
}

// codecsMost is how many formats of a far end are told.
const codecsMost = 20

// spoken are the names of the formats of sound in a session, without events and comfort noise.
func spoken(sdp *rtp.SDP) (names []string) {
	for _, m := range sdp.Media {
		if m.Type != "audio" {
			continue
		}
		for _, f := range m.Formats {
			if f.Name == "" || f.Name == "TELEPHONE-EVENT" || f.Name == "CN" || slices.Contains(names, oneLine(f.Name)) || len(names) >= codecsMost {
				continue
			}
			names = append(names, oneLine(f.Name))
		}
	}
	return names
}

// options asks by OPTIONS and proves who we are where that is asked for.
func (w *witness) options(ctx context.Context) Probe {
	ctx, stop := context.WithTimeout(ctx, probeFor)
	defer stop()
	w.seen.Method = "OPTIONS"
	proofs := lineProofs{a: &w.a}
	q := inquiry{sip.GenerateTagN(24) + "@parley", newTag(), firstSeq()}
	for range challengesMost {
		req := w.question(w.h, q)
		proofs.Sign(req)
		began := time.Now()
		res, err := w.send(ctx, req, w.h)
		if err != nil {
			w.seen.Failure = err
			return w.seen
		}
		w.look(res, time.Since(began))
		if res.StatusCode != 401 && res.StatusCode != 407 || proofs.Learn(res) != nil {
			break
		}
		q.seq++
	}
	p := &w.seen
	switch {
	case p.Code == 401 || p.Code == 407 || p.Code == 403 || p.Code == 408 || p.Code == 503:
		p.Failure = &register.Refusal{Code: p.Code, Reason: p.Reason}
	default:
		p.Proven = p.Asked
	}
	return w.seen
}

// register asks the registrar. One that knows no question is registered at for a moment, unless a registration of ours runs there that
// would be taken back with it.
func (w *witness) register(ctx context.Context) Probe {
	ctx, stop := context.WithTimeout(ctx, probeFor)
	defer stop()
	w.seen.Method = "REGISTER"
	aor, err := w.aor()
	if err != nil {
		w.seen.Failure = err
		return w.seen
	}
	r := register.New(register.Config{Line: w, AOR: aor, Expires: time.Minute, Fixed: w.t.cfg.PublicIP.IsValid()})
	err = r.Ask(ctx, w.h.route())
	w.seen.Unbound = true
	if register.Unasked(err) && !w.t.registersAs(aor) {
		w.seen.Unbound = false
		err = r.Try(ctx, w.h.route())
	}
	if w.seen.Failure = err; err == nil {
		w.seen.Proven = w.seen.Asked
	}
	var no *register.Refusal
	if errors.As(err, &no) {
		w.seen.Code, w.seen.Reason = no.Code, no.Reason
	}
	return w.seen
}

// registersAs reports whether an account of ours is, or is being, registered under that address.
func (t *Trunk) registersAs(aor sip.Uri) bool {
	l := &t.out.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.by {
		if own, err := x.aor(); x.reg != nil && err == nil && own.User == aor.User && strings.EqualFold(own.Host, aor.Host) {
			return true
		}
	}
	return false
}

// Mistaken is the field of an account that an error of Probe is about: host, username, transport or tls_ca. "": none is at fault,
// as far as can be told.
func Mistaken(err error) string {
	var unknown *net.DNSError
	switch {
	case errors.Is(err, errTransport), errors.Is(err, route.ErrRefused):
		return "transport"
	case errors.Is(err, errCA):
		return "tls_ca"
	case errors.Is(err, errNobody):
		return "username"
	case errors.As(err, &unknown), errors.Is(err, route.ErrHost):
		return "host"
	}
	return ""
}
