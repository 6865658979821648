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

// notified takes the news of a transfer; mu is held.
func (d *dialog) notified(req *sip.Request, tx *sip.ServerTx) {
	event := ""
	if h := req.GetHeader("Event"); h != nil {
		event, _, _ = strings.Cut(h.Value(), ";")
	}
	if !strings.EqualFold(strings.TrimSpace(event), "refer") || d.refer == nil {
		_ = d.t.reply(tx, req, 489, "Bad Event")
		return
	}
	_ = d.t.reply(tx, req, 200, "OK")
	if code := sipfrag(req.Body()); code >= 200 {
		d.refer.settle(code)
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
