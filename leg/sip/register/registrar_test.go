package register

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/route"
)

// sent is one REGISTER as it came.
type sent struct {
	at      time.Time
	hop     route.Hop
	req     *sip.Request
	contact string
	expires int
}

// world is a Line to registrars in memory.
type world struct {
	mu     sync.Mutex // guards all below
	hops   []route.Hop
	answer func(s *sent) *sip.Response // nil: none, the transaction times out
	seen   func(s *sent) string        // host:port the registrar sees; nil: what the Via says
	log    []sent
	alive  []time.Time
	broken bool // the connection is gone
	up     map[route.Hop]bool
	deaf   bool // we listen nowhere
	learnt int  // challenges a Proofs can answer
}

func hopAt(s string) route.Hop {
	return route.Hop{Network: "UDP", Addr: netip.MustParseAddrPort(s), Name: "reg.example"}
}

var first, second = hopAt("192.0.2.1:5060"), hopAt("192.0.2.2:5060")

func newWorld(answer func(*sent) *sip.Response) *world {
	return &world{hops: []route.Hop{first}, answer: answer, up: map[route.Hop]bool{}, learnt: 1}
}

func (w *world) Hops(context.Context) ([]route.Hop, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.hops) == 0 {
		return nil, errors.New("no name server")
	}
	return w.hops, nil
}

func (w *world) Send(ctx context.Context, req *sip.Request, h route.Hop) (*sip.Response, error) {
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: h.Network, Host: "10.0.0.9", Port: 5060}
	via.Params.Add("branch", sip.GenerateBranch())
	via.Params.Add("rport", "")
	req.PrependHeader(via)
	w.mu.Lock()
	s := sent{at: time.Now(), hop: h, req: req, contact: req.Contact().Address.HostPort()}
	s.expires, _ = strconv.Atoi(req.GetHeader("Expires").Value())
	w.log = append(w.log, s)
	answer, seen := w.answer, w.seen
	w.mu.Unlock()
	res := answer(&s)
	if res == nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(32 * time.Second):
			return nil, sip.ErrTransactionTimeout
		}
	}
	if seen != nil && res.Via() != nil {
		host, port, _ := strings.Cut(seen(&s), ":")
		res.Via().Params.Add("received", host)
		res.Via().Params.Add("rport", port)
	}
	return res, nil
}

func (w *world) Contact(h route.Hop) sip.Uri {
	u := sip.Uri{Scheme: "sip", User: "line1", Host: "10.0.0.9", Port: 5060}
	if w.deaf {
		u.Port = 0
	}
	return u
}

func (w *world) Registrar(route.Hop) sip.Uri { return sip.Uri{Scheme: "sip", Host: "reg.example"} }

func (w *world) KeepAlive(route.Hop) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alive = append(w.alive, time.Now())
	if w.broken {
		w.broken = false
		return errors.New("connection reset")
	}
	return nil
}

func (w *world) Report(h route.Hop, up bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up[h] = up
}

func (w *world) Proofs() Proofs { return &proofs{most: w.learnt} }

func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// keptAlive is how many keep-alives there were.
func (w *world) keptAlive() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.alive)
}

// all is what was sent so far.
func (w *world) all() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sent(nil), w.log...)
}

// proofs sign with the nonce that was learned last.
type proofs struct {
	most  int
	nonce string
}

func (p *proofs) Learn(res *sip.Response) error {
	n := res.GetHeader("WWW-Authenticate")
	if n == nil || p.most <= 0 {
		return errors.New("no other credentials")
	}
	p.most--
	p.nonce = n.Value()
	return nil
}

func (p *proofs) Sign(req *sip.Request) {
	if p.nonce != "" {
		req.AppendHeader(sip.NewHeader("Authorization", p.nonce))
	}
}

func (s *sent) answer(code int, reason string, headers ...string) *sip.Response {
	res := sip.NewResponseFromRequest(s.req, code, reason, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Contact" {
			c := &sip.ContactHeader{}
			uri, params, _ := strings.Cut(strings.TrimPrefix(value, "<"), ">")
			_ = sip.ParseUri(uri, &c.Address)
			if _, v, ok := strings.Cut(params, "expires="); ok {
				c.Params.Add("expires", v)
			}
			res.AppendHeader(c)
			continue
		}
		res.AppendHeader(sip.NewHeader(name, value))
	}
	return res
}

// grant is a registrar that asks nothing.
func grant(headers ...string) func(*sent) *sip.Response {
	return func(s *sent) *sip.Response { return s.answer(200, "OK", headers...) }
}

func config(w *world) Config {
	return Config{
		Line: w, Expires: 10 * time.Minute,
		AOR: sip.Uri{Scheme: "sip", User: "line1", Host: "reg.example"},
	}
}

// running has a registration kept while play runs, in virtual time, and waits for its end.
func running(t *testing.T, w *world, play func(r *Registration, stop func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		run(t, New(config(w)), play)
	})
}

func run(t *testing.T, r *Registration, play func(r *Registration, stop func())) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	stop := func() { cancel(); <-done }
	play(r, stop)
	stop()
}
