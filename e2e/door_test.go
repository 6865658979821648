//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/rtp"
)

// A door is a SIP trunk in this process, whose owner does what the user part says who is called: busy, decline, nowhere, nobody and
// broken refuse; ring rings until the caller gives up; soon and late answer after 20 and 300 ms; hangup and refer answer, and hang
// up or move the call; talk answers and says the speech; all others answer and stay. It remembers what was told of each call.
type door struct {
	*sip.Trunk
	ports *rtp.Ports
	stop  func() // returns when Serve has; once is enough

	speech    []audio.Frame
	talk      func(context.Context, leg.Leg) // what is done on every call that is answered, to its end; nil: as above
	elsewhere string                         // where refer moves a call

	mu    sync.Mutex // guards calls
	calls []*heard
}

// heard is what one call was told, until it was over.
type heard struct {
	Ringing leg.Ringing
	Failed  error // of Answer, or of Refer
	End     error // of Read
	Digits  string
	Kinds   map[leg.Kind]int

	Referral *leg.Referral // the last
	Sound    []int16       // from the far end, 16 kHz
}

// open makes a door for the accounts; with none, it lets in whoever comes from loopback.
func open(t *testing.T, accounts ...parley.TrunkAccount) *door {
	t.Helper()
	return openAt(t, "127.0.0.1:0", accounts...)
}

func openAt(t *testing.T, listen string, accounts ...parley.TrunkAccount) *door {
	t.Helper()
	d := &door{ports: rtp.NewPorts(20000, 24000), elsewhere: "sip:elsewhere@127.0.0.1:9"}
	var err error
	d.Trunk, err = sip.New(sip.Config{Listen: listen, Ports: d.ports, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Trunks: func(context.Context) ([]parley.TrunkAccount, error) { return accounts, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx, d.answer) }()
	d.stop = sync.OnceFunc(func() {
		stop()
		select {
		case err := <-served:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Serve does not return")
		}
		if n := d.ports.InUse(); n > 0 {
			t.Errorf("%d ports are taken when all is over", n)
		}
	})
	t.Cleanup(d.stop)
	return d
}

func (d *door) answer(ctx context.Context, o leg.Offer) {
	h := &heard{Ringing: o.Ringing(), Kinds: map[leg.Kind]int{}}
	defer d.keep(h)
	user := h.Ringing.To
	refusals := map[string]parley.Cause{"busy": parley.Busy, "decline": parley.Declined, "nowhere": parley.Unreachable,
		"nobody": parley.NoAnswer, "broken": parley.Configuration}
	if c, ok := refusals[user]; ok {
		h.Failed = o.Reject(ctx, c)
		return
	}
	switch user {
	case "ring":
		<-ctx.Done()
		return
	case "soon":
		time.Sleep(20 * time.Millisecond)
	case "late":
		time.Sleep(300 * time.Millisecond)
	}
	l, err := o.Answer(ctx, leg.Limits{})
	if err != nil {
		h.Failed = err
		return
	}
	if d.talk != nil {
		d.talk(ctx, l)
		return
	}
	switch user {
	case "hangup":
		time.AfterFunc(200*time.Millisecond, func() { _ = l.Hangup(ctx, parley.AgentEnded) })
	case "refer":
		time.AfterFunc(100*time.Millisecond, func() {
			h.Failed = l.Refer(ctx, d.elsewhere)
			_ = l.Hangup(ctx, parley.Transferred)
		})
	}
	if user == "talk" {
		go func() {
			for _, f := range d.speech {
				if l.Play(ctx, f) != nil {
					return
				}
			}
		}()
	}
	h.follow(ctx, l)
}

// follow reads the leg to its end.
func (h *heard) follow(ctx context.Context, l leg.Leg) {
	for {
		ev, err := l.Read(ctx)
		if err != nil {
			h.End = err
			return
		}
		h.Kinds[ev.Kind]++
		switch ev.Kind {
		case leg.Audio:
			h.Sound = append(h.Sound, ev.Frame[:]...)
		case leg.DTMF:
			h.Digits += string(ev.Digit)
		case leg.Referred:
			h.Referral = ev.Referral
			ev.Referral.Report(180)
			ev.Referral.Report(200)
		}
	}
}

func (d *door) keep(h *heard) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, h)
}

// over waits until no call is left, and returns all there were.
func (d *door) over(t *testing.T, n int) []*heard {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		d.mu.Lock()
		calls := append([]*heard(nil), d.calls...)
		d.mu.Unlock()
		if d.ports.InUse() == 0 && len(calls) >= n {
			return calls
		}
		if time.Now().After(end) {
			t.Fatalf("%d calls are over of %d, %d ports taken", len(calls), n, d.ports.InUse())
		}
	}
}

func (h *heard) String() string {
	return fmt.Sprintf("%+v failed %v ended %v digits %q kinds %v", h.Ringing, h.Failed, h.End, h.Digits, h.Kinds)
}

// byFar tells that the far end hung up.
func (h *heard) byFar() bool { return h.Failed == nil && errors.Is(h.End, io.EOF) }
