package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

var (
	errReferring   = errors.New("sip: a transfer is under way already")
	errReferFailed = errors.New("sip: the far end could not be transferred")
)

// refer is a transfer we asked the far end for: it tells how it goes by NOTIFY (RFC 3515).
type refer struct {
	once sync.Once
	done chan struct{}
	code int // of the call the far end made; 200 too when it hung up on us, as many do when theirs is answered
}

func (r *refer) settle(code int) {
	r.once.Do(func() {
		r.code = code
		close(r.done)
	})
}

func (r *refer) gone() { r.settle(200) }

// transfer asks the far end to call to, and waits until it has. Where the far end knows no REFER the caller is to bridge.
func (d *dialog) transfer(ctx context.Context, to string) error {
	uri, err := d.referTo(to)
	if err != nil {
		return err
	}
	r := &refer{done: make(chan struct{})}
	d.mu.Lock()
	if d.refer != nil {
		d.mu.Unlock()
		return errReferring
	}
	d.refer = r
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.refer = nil
		d.mu.Unlock()
	}()
	res, err := d.ask(ctx, sip.REFER, nil, sip.NewHeader("Refer-To", "<"+uri.String()+">"),
		sip.NewHeader("Referred-By", "<"+d.local.uri.String()+">"))
	if err != nil {
		return err
	}
	switch code := res.StatusCode; {
	case code == 405 || code == 420 || code == 501 || code == 403 || code == 400:
		return errors.ErrUnsupported
	case code >= 300:
		return fmt.Errorf("%w: %d", errReferFailed, code)
	case strings.EqualFold(field(res, "Refer-Sub"), "false"): // no news will come (RFC 4488)
		return nil
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.t.quit.Done():
		return errClosing
	}
	if r.code >= 300 {
		return fmt.Errorf("%w: %d", errReferFailed, r.code)
	}
	return nil
}

// referTo is the address as the far end is to dial it: a number is one at its own host.
func (d *dialog) referTo(to string) (sip.Uri, error) {
	var u sip.Uri
	if !clean(to) || strings.ContainsAny(to, " <>\"") || to == "" || len(to) > identityMost {
		return u, errors.New("sip: no address to transfer to")
	}
	if strings.HasPrefix(strings.ToLower(to), "sip:") {
		if err := sip.ParseUri(to, &u); err != nil || u.Host == "" {
			return u, fmt.Errorf("sip: %q is no sip: address", to)
		}
		return u, nil
	}
	u.Scheme, u.User, u.Host = "sip", userPart(to), d.remote.uri.Host
	return u, nil
}

// notified takes the news of a transfer, also before the REFER is answered; mu is held. News that end without a result are bad news: it is
// not known whether anybody was called, and the far end is still here.
func (d *dialog) notified(req *sip.Request, tx *sip.ServerTx) {
	event, _, _ := strings.Cut(field(req, "Event"), ";")
	switch {
	case !strings.EqualFold(strings.TrimSpace(event), "refer"):
		_ = d.t.reply(tx, req, 489, "Bad Event", sip.NewHeader("Allow-Events", "refer"))
		return
	case d.refer == nil:
		_ = d.t.reply(tx, req, 481, "Subscription Does Not Exist")
		return
	}
	_ = d.t.reply(tx, req, 200, "OK")
	state, _, _ := strings.Cut(field(req, "Subscription-State"), ";")
	if code := sipfrag(req.Body()); code >= 200 {
		d.refer.settle(code)
	} else if strings.EqualFold(strings.TrimSpace(state), "terminated") {
		d.refer.settle(480)
	}
}

// sipfrag is the status of a message/sipfrag body (RFC 3420), 0 when there is none.
func sipfrag(b []byte) int {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	f := strings.Fields(string(line))
	if len(f) < 2 || !strings.EqualFold(f[0], "SIP/2.0") {
		return 0
	}
	code, err := strconv.Atoi(f[1])
	if err != nil || code < 100 || code > 699 {
		return 0
	}
	return code
}
