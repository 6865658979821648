package register

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/route"
)

const (
	exchangesMost = 5 // requests of one exchange: challenges of a proxy and the registrar, stale ones, a longer time
	movesMost     = 2 // times an attempt follows the address the registrar sees: some NATs give another each time
)

var errChallenged = errors.New("register: challenged again and again")

// attempt registers at one hop; patience 0: as long as a transaction takes.
func (r *Registration) attempt(ctx context.Context, h route.Hop, patience time.Duration) (time.Duration, error) {
	if patience > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, patience)
		defer stop()
	}
	if h != r.proven {
		r.proven, r.proofs, r.seen = h, r.c.Line.Proofs(), netip.AddrPort{}
	}
	for moves := 0; ; moves++ {
		contact := r.contact(h)
		if b := r.bound; b != nil && b.hop == h && b.contact.HostPort() != contact.HostPort() {
			_, _ = r.exchange(ctx, h, &b.contact, 0) // calls would ring there, too; and some registrars know only one address
			r.bound = nil
		}
		res, err := r.exchange(ctx, h, &contact, r.expires)
		if err != nil {
			return 0, err
		}
		r.bound = &binding{h, contact}
		if next := r.contact(h); moves < movesMost && next.HostPort() != contact.HostPort() {
			continue
		}
		granted := granted(res, &contact, r.expires)
		if granted <= 0 {
			return 0, &Refusal{Code: res.StatusCode, Reason: "granted for no time at all"}
		}
		return granted, nil
	}
}

// exchange sends REGISTER and answers what it is asked on the way. What a challenge shows of our address is used at once: a
// contact that cannot be reached is never bound.
func (r *Registration) exchange(ctx context.Context, h route.Hop, contact *sip.Uri, expires time.Duration) (*sip.Response, error) {
	anew := false
	for range exchangesMost {
		res, err := r.c.Send(ctx, r.request(h, contact, expires), h)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				r.c.Report(h, false)
			}
			return nil, err
		}
		r.c.Report(h, res.StatusCode != 503 && res.StatusCode != 408)
		r.look(res, h)
		switch code := res.StatusCode; {
		case code < 300:
			return res, nil
		case code == 401 || code == 407:
			err := r.proofs.Learn(res)
			if err != nil && !anew { // the nonces of the last time are over, and it did not say stale
				anew = true
				r.proofs = r.c.Line.Proofs()
				err = r.proofs.Learn(res)
			}
			if err != nil {
				return nil, refusal(res)
			}
			if expires > 0 {
				*contact = r.contact(h)
			}
		case code == 423 && expires > 0:
			least := seconds(res, "Min-Expires")
			if least <= expires || least > expiresMax {
				return nil, refusal(res)
			}
			r.expires, expires = least, least
		default:
			return nil, refusal(res)
		}
	}
	return nil, errChallenged
}

// request builds the next REGISTER: one Call-ID for all of them and a CSeq that grows (RFC 3261 §10.2).
func (r *Registration) request(h route.Hop, contact *sip.Uri, expires time.Duration) *sip.Request {
	r.seq++
	req := sip.NewRequest(sip.REGISTER, r.c.Registrar(h))
	maxForwards, callID := sip.MaxForwardsHeader(70), sip.CallIDHeader(r.callID)
	from := &sip.FromHeader{Address: *r.c.AOR.Clone()}
	from.Params.Add("tag", r.tag)
	req.AppendHeader(&maxForwards)
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: *r.c.AOR.Clone()})
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: r.seq, MethodName: sip.REGISTER})
	if contact != nil { // else it asks what is bound (RFC 3261 §10.2.3)
		req.AppendHeader(&sip.ContactHeader{Address: *contact.Clone()})
		req.AppendHeader(sip.NewHeader("Expires", strconv.Itoa(int(expires/time.Second))))
	}
	req.AppendHeader(sip.NewHeader("Supported", "path")) // proxies on the way may leave themselves behind (RFC 3327)
	r.proofs.Sign(req)
	return req
}

// contact is where we say we are.
func (r *Registration) contact(h route.Hop) sip.Uri {
	u := r.c.Contact(h)
	if r.seen.IsValid() {
		u.Host, u.Port = r.seen.Addr().String(), int(r.seen.Port())
	}
	return u
}

// look learns from an answer's Via where our request came from (RFC 3581). By TCP and TLS the port is one nobody listens on: it
// counts only where the one connection is the only way back, because there is a NAT or because our own address has no port.
func (r *Registration) look(res *sip.Response, h route.Hop) {
	own := r.c.Contact(h)
	via := res.Via()
	if via == nil || r.c.Fixed && own.Port != 0 {
		return
	}
	host, port := via.Host, via.Port
	if v, ok := via.Params.Get("received"); ok {
		host = v
	}
	if v, ok := via.Params.Get("rport"); ok && v != "" {
		port, _ = strconv.Atoi(v)
	} else if own.Port == 0 {
		return
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil || port <= 0 || port > 65535 {
		return
	}
	ip = ip.Unmap()
	if ip.IsUnspecified() || ip.IsMulticast() || ip.IsLoopback() && !h.Addr.Addr().IsLoopback() {
		return
	}
	mine, err := netip.ParseAddr(strings.Trim(own.Host, "[]"))
	if err == nil && mine == ip && own.Port != 0 && (own.Port == port || h.Network != "UDP") {
		r.seen = netip.AddrPort{}
		return
	}
	r.seen = netip.AddrPortFrom(ip, uint16(port))
}

// granted reads for how long a 2xx counts: what stands at our Contact, else the header, else what we asked for. A registrar that
// has rewritten our address lists one we do not know; the shortest of all is on the safe side then.
func granted(res *sip.Response, own *sip.Uri, asked time.Duration) time.Duration {
	shared := asked
	if h := res.GetHeader("Expires"); h != nil {
		shared = min(seconds(res, "Expires"), expiresMax)
	}
	least, known := time.Duration(-1), false
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			continue
		}
		d := shared
		if v, ok := c.Params.Get("expires"); ok {
			n, err := strconv.ParseUint(v, 10, 32)
			if err != nil {
				continue
			}
			d = min(time.Duration(n)*time.Second, expiresMax)
		}
		if c.Address.User == own.User && strings.EqualFold(c.Address.Host, own.Host) && c.Address.Port == own.Port {
			return d
		}
		if d > 0 && (!known || d < least) {
			least, known = d, true
		}
	}
	if known {
		return least
	}
	return shared
}

func refusal(res *sip.Response) *Refusal {
	reason := strings.ToValidUTF8(res.Reason[:min(len(res.Reason), 80)], "?")
	return &Refusal{Code: res.StatusCode, Reason: reason, After: seconds(res, "Retry-After")}
}

// seconds reads a header that begins with a number of seconds; 0 when there is none.
func seconds(res *sip.Response, name string) time.Duration {
	h := res.GetHeader(name)
	if h == nil {
		return 0
	}
	s := strings.TrimSpace(h.Value())
	end := 0
	for end < len(s) && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(s[:end], 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}
