package bench

import (
	"context"
	"crypto/md5"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// asks is how often each question is put.
const asks = 500

// ask compares the answers to users we know and users we do not: without proof, and with a wrong one.
func (r *SIPReport) ask(ctx context.Context, _ SIPOptions) error {
	s, err := newStation("127.0.0.1:0", leg.Limits{}, parley.TrunkAccount{ID: "a", Host: "192.0.2.1", Username: "alice", Password: "wonderland", TrunkTimers: parley.TrunkTimers{Health: -1}})
	if err != nil {
		return err
	}
	defer s.close()
	l, err := newLine(s.loopback())
	if err != nil {
		return err
	}
	defer l.close()
	calls, proofs := Strangers{What: "no proof"}, Strangers{What: "wrong proof"}
	var took [4][]float64
	for i := range asks {
		if err := ctx.Err(); err != nil {
			return err
		}
		for k, user := range []string{"alice", fmt.Sprintf("mallory%d", i)} {
			d, refused, err := l.knock(ctx, user)
			if err != nil {
				return err
			}
			took[k] = append(took[k], d)
			if d, err = l.guess(ctx, user, refused); err != nil {
				return err
			}
			took[2+k] = append(took[2+k], d)
		}
	}
	calls.Known, calls.Unknown, proofs.Known, proofs.Unknown = statsOf(took[0]), statsOf(took[1]), statsOf(took[2]), statsOf(took[3])
	r.Strangers = []Strangers{calls, proofs}
	return nil
}

// knock sends an INVITE to a user that is to be refused, and returns the refusal.
func (l *line) knock(ctx context.Context, user string) (ms float64, refusal string, err error) {
	return l.refused(ctx, user, "", 401)
}

// guess answers the challenge in a refusal with a password of nobody.
func (l *line) guess(ctx context.Context, user, challenge string) (ms float64, err error) {
	_, rest, _ := strings.Cut(header(challenge, "WWW-Authenticate"), `nonce="`)
	nonce, _, _ := strings.Cut(rest, `"`)
	uri := fmt.Sprintf("sip:%s@%s", user, l.server)
	sum := func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
	response := sum(sum(user+":parley:guess") + ":" + nonce + ":00000001:c:auth:" + sum("INVITE:"+uri))
	ms, _, err = l.refused(ctx, user, fmt.Sprintf("Authorization: Digest username=%q, realm=\"parley\", nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\r\n",
		user, nonce, uri, response), 403)
	return ms, err
}

func (l *line) refused(ctx context.Context, user, extra string, code int) (ms float64, refusal string, err error) {
	n := l.last.Add(1)
	d := &dialog{line: l, id: fmt.Sprintf("%x-%d@bench", l.run, n), user: "bench", to: fmt.Sprintf("<sip:%s@%s>", user, l.server),
		tag: fmt.Sprintf("%x.%d", l.run, n), answers: make(chan answer, 4)}
	l.mu.Lock()
	l.calls[d.id] = d
	l.mu.Unlock()
	defer d.forget()
	req := string(d.request("INVITE", address(d.to), d.to, 1, "i", offer(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9))))
	asked := time.Now()
	a, err := d.exchange(ctx, []byte(strings.Replace(req, "Content-Type", extra+"Content-Type", 1)), "1 INVITE", byeLimit)
	if err != nil {
		return 0, "", err
	}
	if status(a.message) != code {
		return 0, "", fmt.Errorf("refused with %d, not %d", status(a.message), code)
	}
	l.send(d.request("ACK", address(d.to), header(a.message, "To"), 1, "i", ""), l.server)
	return milliseconds(a.at.Sub(asked)), a.message, nil
}
