package sip

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

const (
	pressMillis = 160 // of one key, as INFO says it
	pressPause  = 100 * time.Millisecond
)

// keys are digits on their way by INFO.
type keys struct {
	pressing atomic.Bool // what is queued after them waits
}

// press sends digits as the account wants them sent. The clock's tick calls it; they are checked.
func (c *call) press(digits string) {
	a := c.dialog().account
	if a == nil || a.Media.DTMF != parley.DTMFInfo {
		_ = c.stream.SendDigits(digits)
		return
	}
	c.keys.pressing.Store(true)
	c.t.begin(func() {
		defer c.keys.pressing.Store(false)
		d := c.dialog()
		for i := range len(digits) {
			ctx, stop := context.WithTimeout(d.there, 64*sip.T1)
			body := fmt.Sprintf("Signal=%c\r\nDuration=%d\r\n", digits[i], pressMillis)
			res, err := d.ask(ctx, sip.INFO, []byte(body), sip.NewHeader("Content-Type", "application/dtmf-relay"))
			stop()
			if err != nil {
				return // the far end is gone
			}
			if res.StatusCode >= 300 {
				c.t.log.Warn("sip: digits are not taken by INFO, and go with the sound", "call_id", d.callID, "status", res.StatusCode)
				_ = c.stream.SendDigits(digits[i:])
				return
			}
			select {
			case <-time.After(pressPause):
			case <-d.there.Done():
				return
			}
		}
	})
}

// info takes digits (application/dtmf-relay, application/dtmf); mu is held. One without a body asks whether we are there (RFC 2976).
func (d *dialog) info(req *sip.Request, tx *sip.ServerTx) {
	kind, _, _ := strings.Cut(field(req, "Content-Type"), ";")
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case len(req.Body()) == 0:
		_ = d.t.reply(tx, req, 200, "OK")
		return
	case kind != "application/dtmf-relay" && kind != "application/dtmf":
		_ = d.t.reply(tx, req, 415, "Unsupported Media Type", sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		return
	}
	digit, ok := signal(string(req.Body()), kind == "application/dtmf")
	if !ok {
		_ = d.t.reply(tx, req, 400, "Bad Request")
		return
	}
	_ = d.t.reply(tx, req, 200, "OK")
	if c := d.leg; c != nil {
		c.wire.Lock()
		c.feed.Push(&leg.Event{Kind: leg.DTMF, At: c.at(), Digit: digit})
		c.wire.Unlock()
	}
}

// signal is the digit in the body of an INFO: Signal=5, or plain the digit alone. 10 and 11 stand for * and #.
func signal(body string, plain bool) (byte, bool) {
	s := ""
	for line := range strings.Lines(body) {
		k, v, found := strings.Cut(line, "=")
		if found && strings.EqualFold(strings.TrimSpace(k), "Signal") {
			s = strings.TrimSpace(v)
			break
		}
		if plain && !found && s == "" {
			s = strings.TrimSpace(line)
		}
	}
	switch s = strings.ToUpper(s); s {
	case "10", "STAR":
		s = "*"
	case "11", "POUND":
		s = "#"
	}
	if len(s) != 1 || !leg.Digits(s) {
		return 0, false
	}
	return s[0], true
}
