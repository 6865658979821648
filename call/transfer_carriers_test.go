package call

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// TestFallbackOverCarriers: a caller whom no agent can take rings on until the fallback number answers, however long a carrier waits for a word.
func TestFallbackOverCarriers(t *testing.T) {
	for name := range carriers {
		t.Run(name, func(t *testing.T) {
			overCarrier(t, name, cell{what: "answered late"}, func(ctx context.Context, p *travel) {
				p.crowded()
				p.desk.fallback = expert
				var err error
				if p.caller, err = p.carried.ring(ctx); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Second)
				l, _ := p.called()
				p.eachOther(l)
				l.Hangup()
				time.Sleep(5 * time.Second)
				if n := p.lasting(); n > 0 {
					t.Errorf("%d telephones are left", n)
				}
				if c := p.divertedRow(t); c.Cause != parley.Transferred || c.Outcome() != "transfer_disconnected" {
					t.Errorf("%+v", c)
				}
			})
		})
	}
}

// TestSlowWebhooks: who begins a webhook and does not end it is not waited for.
func TestSlowWebhooks(t *testing.T) {
	for name := range carriers {
		t.Run(name, func(t *testing.T) {
			overCarrier(t, name, cell{}, func(ctx context.Context, p *travel) {
				c, err := p.wires.dial(ctx, "", "127.0.0.1:80")
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				began := time.Now()
				go func() {
					_, _ = c.Write([]byte("POST /carriers/" + name + "/voice/" + account + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nx"))
				}()
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				if d := time.Since(began); err != nil || res.StatusCode != http.StatusBadRequest || d > 11*time.Second {
					t.Errorf("%v after %v: %v", res, d, err)
				}
			})
		})
	}
}

// TestTransferMatrixOverCarriers: a caller who came by a carrier's websocket is put through by the same account, whatever comes of it: nobody
// waits in silence, no telephone is left, and the account has its lines back.
func TestTransferMatrixOverCarriers(t *testing.T) {
	for name := range carriers {
		for _, kind := range []string{"bridge", "extension", "warm", "conference"} {
			for _, what := range []string{"answered", "busy", "no answer", "target hangs up while briefed", "caller hangs up"} {
				c := cell{kind: kind, what: what}
				t.Run(name+"/"+kind+"/"+what, func(t *testing.T) {
					overCarrier(t, name, c, func(ctx context.Context, p *travel) {
						p.play(ctx)
						p.linesBack(ctx)
					})
				})
			}
		}
	}
}

// travel is one cell over a carrier, played.
type travel struct {
	*stageplay
	*carried
	caller legtest.Far
	ear    int           // frames of the caller's that were listened to
	heard  time.Time     // when they were last spoken to
	worst  time.Duration // the longest that they were not
}

func (p *travel) play(ctx context.Context) {
	to := p.number[p.what]
	if to == "" {
		to = expert
	}
	a := p.action()
	a.Config = json.RawMessage(strings.ReplaceAll(string(a.Config), expert, to))
	p.desk.agent.Actions = []parley.Action{a, {ID: "h1", Type: "action_set_hold"}}
	p.model = &matrixModel{tool: strings.TrimPrefix(a.Type, "action_")}
	p.bench.model = p.model
	var err error
	if p.caller, err = p.carried.ring(ctx); err != nil {
		p.t.Error(err)
		return
	}
	p.waits(5 * time.Second)
	p.hears("please put me through to an expert")
	p.heard, p.worst = time.Now(), 0
	p.waits(1700 * time.Millisecond)
	p.through()
	time.Sleep(5 * time.Second)
	if n := p.lasting(); n > 0 {
		p.t.Errorf("%d telephones are left", n)
	}
	if p.worst > 2500*time.Millisecond {
		p.t.Errorf("the caller heard nothing for %v", p.worst)
	}
	want, row := p.want(), p.rows.only(p.t)
	if row.Cause != want.cause || row.Stage != want.stage || row.Outcome() != want.outcome || row.Status != parley.Ended {
		p.t.Errorf("cause %s, stage %s, outcome %s, status %s; want %+v", row.Cause, row.Stage, row.Outcome(), row.Status, want)
	}
	hasNot(p.t, p.book.types(), parley.EventError)
}

// waits lets time pass, and listens to what the caller hears meanwhile.
func (p *travel) waits(d time.Duration) {
	for ; d > 0; d -= 250 * time.Millisecond {
		time.Sleep(min(d, 250*time.Millisecond))
		all := p.caller.Ear()
		for _, f := range all[p.ear:] {
			if legtest.Loud(f) {
				p.spokenTo()
			}
		}
		p.ear = len(all)
	}
}

// spokenTo ends a time in which the caller heard nothing.
func (p *travel) spokenTo() {
	p.worst = max(p.worst, time.Since(p.heard))
	p.heard = time.Now()
}

// target is whoever was called, once they talk.
func (p *travel) target() legtest.Far {
	p.t.Helper()
	for range 100 {
		if l, from := p.called(); l != nil && l != p.caller {
			if from != carriertest.From {
				p.t.Errorf("called from %s", from)
			}
			p.spokenTo()
			return l
		}
		p.waits(100 * time.Millisecond)
	}
	p.t.Error("nobody was called")
	return p.caller
}

// through has the transfer come to its end, and the call.
func (p *travel) through() {
	want := p.want()
	switch {
	case p.what == "caller hangs up":
		if p.kind == "warm" || p.kind == "conference" {
			p.target()
		}
		p.waits(3 * time.Second)
		p.caller.Hangup()
		return
	case p.what == "no answer":
		p.waits(defaultRing + 6*time.Second)
	case p.what == "busy":
		p.waits(10 * time.Second)
	case p.what == "target hangs up while briefed":
		l := p.target()
		p.waits(3 * time.Second)
		l.Hangup()
		p.waits(4 * time.Second)
	case p.kind == "warm":
		l := p.target()
		p.waits(12 * time.Second)
		p.spokenTo()
		p.hears("yes gladly")
		p.waits(5 * time.Second)
		p.eachOther(l)
		l.Hangup()
	case p.kind == "conference":
		l := p.target()
		p.waits(5 * time.Second)
		p.spokenTo()
		p.hears("bring them in")
		p.waits(3 * time.Second)
		p.eachOther(l)
		l.Hangup()
		p.waits(2 * time.Second)
	default:
		l := p.target()
		p.waits(5 * time.Second)
		if p.kind == "extension" && l.Digits() != "204#" {
			p.t.Errorf("pressed %q", l.Digits())
		}
		p.eachOther(l)
		l.Hangup()
	}
	if want.by == "" {
		why, _, _ := strings.Cut(want.why, " (408)") // of a ringing that was ended each has a status of its own
		p.goesOn(why)
	}
}

// goesOn has the caller talk to the agent again.
func (p *travel) goesOn(why string) {
	p.heard = time.Now() // nobody speaks to somebody who has been answered
	before := len(p.caller.Ear())
	p.hears("what now")
	p.waits(3 * time.Second)
	if n := legtest.Count(p.caller.Ear()[before:], 1000); n < 20 {
		p.t.Errorf("%d frames of the agent's voice were heard", n)
	}
	if !p.model.knows("please put me through to an expert", why, "what now") {
		p.t.Errorf("the agent does not know %q: %+v", why, p.model.read)
	}
	if err := p.End(context.Background(), p.running()); err != nil {
		p.t.Error(err)
	}
}

// eachOther has the two talk at once, and checks that they hear each other.
func (p *travel) eachOther(target legtest.Far) {
	p.heard = time.Now() // the two have nothing to say
	p.caller.Say(legtest.Tone(440, time.Second, 8000)...)
	target.Say(legtest.Tone(600, time.Second, 8000)...)
	p.waits(2 * time.Second)
	if a, b := legtest.Count(target.Ear(), 440), legtest.Count(p.caller.Ear(), 600); a < 45 || b < 45 {
		p.t.Errorf("they heard %d and %d frames of each other", a, b)
	}
}

// linesBack has two calls go by the account at once: as many as it may have.
func (p *travel) linesBack(ctx context.Context) {
	if p.what == "busy" || p.what == "no answer" {
		return
	}
	var both []leg.Leg
	for range 2 {
		l, err := p.door.Dial(ctx, leg.Call{From: carriertest.From, To: expert, Trunk: p.desk.trunk})
		if err != nil {
			p.t.Errorf("a line was not given back: %v", err)
			continue
		}
		both = append(both, l)
	}
	for _, l := range both {
		_ = l.Hangup(ctx, parley.AgentEnded)
	}
	time.Sleep(5 * time.Second)
}
