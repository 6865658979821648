package sip

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// shortest is the session interval below which we do not go (RFC 4028 §5). Only tests change it.
var shortest = 90 * time.Second

// intervalMost bounds what a far end may ask for: beyond, its timer says nothing.
const intervalMost = 24 * time.Hour

// timing is when a call ends that nobody refreshes (RFC 4028).
type timing struct {
	every time.Duration // the session interval; 0: nothing was agreed
	ours  bool          // we refresh, the far end does not
}

// sessionTimer keeps it. Guarded by the dialog's mu.
type sessionTimer struct {
	timing
	updates bool        // the far end takes UPDATE
	alarm   *time.Timer // at half the interval when the refresh is ours, else shortly before its end
}

// sessionExpires is the interval we ask for; 0: none.
func sessionExpires(a *parley.TrunkAccount) time.Duration {
	switch {
	case a == nil || a.SessionExpires == 0:
		return parley.DefaultSessionExpires
	case a.SessionExpires < 0:
		return 0
	}
	return max(a.SessionExpires, shortest)
}

// interval reads a Session-Expires or Min-SE header: seconds, and who is to refresh; 0 when there is none.
func interval(m sip.Message, name string) (every time.Duration, refresher string) {
	number, params, _ := strings.Cut(field(m, name), ";")
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
	if err != nil || n == 0 {
		return 0, ""
	}
	for p := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return min(time.Duration(n)*time.Second, intervalMost), refresher
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// grant decides on the timer of an INVITE or UPDATE that is to be accepted (RFC 4028 §9); mu is held. Who does not say who refreshes
// does it himself, unless it was us so far.
func (d *dialog) grant(req *sip.Request) (timing, *objection) {
	every, refresher := interval(req, "Session-Expires")
	knows := lists(req, "Supported", "timer") || lists(req, "Require", "timer")
	if every != 0 && every < shortest && knows {
		return timing{}, &objection{422, "Session Interval Too Small", []sip.Header{sip.NewHeader("Min-SE", seconds(shortest))}}
	}
	least, _ := interval(req, "Min-SE")
	least = max(least, shortest)
	switch wish := sessionExpires(d.account); {
	case every != 0 && wish != 0:
		every = max(min(every, wish), min(every, least))
	case every == 0 && knows && wish != 0:
		every = max(wish, least)
	case every == 0:
		return timing{}, nil
	}
	every = max(every, shortest)
	switch {
	case !knows || refresher == "uas":
		return timing{every, true}, nil
	case refresher == "":
		return timing{every, d.timer.every != 0 && d.timer.ours}, nil
	}
	return timing{every, false}, nil
}

// say is what a 2xx tells of a timer.
func (tm timing) say(res *sip.Response) {
	switch {
	case tm.every == 0:
	case tm.ours:
		res.AppendHeader(sip.NewHeader("Session-Expires", seconds(tm.every)+";refresher=uas"))
	default:
		res.AppendHeader(sip.NewHeader("Require", "timer"))
		res.AppendHeader(sip.NewHeader("Session-Expires", seconds(tm.every)+";refresher=uac"))
	}
}

// keepTime takes the timer that a 2xx to an INVITE or UPDATE of ours grants.
func (d *dialog) keepTime(res *sip.Response) {
	every, refresher := interval(res, "Session-Expires")
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(fields(res, "Allow")) > 0 {
		d.timer.updates = lists(res, "Allow", string(sip.UPDATE))
	}
	if every != 0 {
		every = max(every, shortest)
	}
	d.watch(timing{every, refresher != "uas"})
}

// grace is how long before its end a session is given up that was not refreshed (§10).
func (tm timing) grace() time.Duration { return min(32*time.Second, tm.every/3) }

// watch counts anew from now; mu is held.
func (d *dialog) watch(tm timing) {
	d.timer.timing = tm
	if d.timer.alarm != nil {
		d.timer.alarm.Stop()
		d.timer.alarm = nil
	}
	if tm.every == 0 || d.leg == nil {
		return
	}
	wait := tm.every - tm.grace()
	if tm.ours {
		wait = tm.every / 2
	}
	var alarm *time.Timer
	alarm = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if c := d.leg; c != nil && d.timer.alarm == alarm {
			if tm.ours {
				d.t.begin(func() { d.renew(c, tm) })
			} else {
				c.end(&leg.GoneError{Cause: parley.Unreachable}, true)
			}
		}
	})
	d.timer.alarm = alarm
}

// glare is how long to wait before a request that met one of the far end is sent again, in steps of 10 ms (RFC 3261 §14.1).
func (d *dialog) glare() time.Duration {
	step := sip.T1 / 50
	if d.taken != 0 {
		return time.Duration(rand.IntN(201)) * step
	}
	return time.Duration(210+rand.IntN(191)) * step
}

func (tm timing) String() string { return fmt.Sprintf("%v, ours %v", tm.every, tm.ours) }
