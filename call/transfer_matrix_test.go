package call

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

// A cell is one way in which a transfer can go.
type cell struct {
	kind string // refer, bridge, extension, warm, conference
	what string // what comes of it
	out  bool   // of an outbound call
}

func (c cell) String() string {
	direction := "inbound"
	if c.out {
		direction = "outbound"
	}
	return fmt.Sprintf("%s/%s/%s", c.kind, c.what, direction)
}

var (
	matrixKinds = []string{"refer", "bridge", "extension", "warm", "conference"}
	matrixWhats = []string{"answered", "busy", "no answer", "voicemail", "declined", "REFER rejected", "target hangs up while briefed", "caller hangs up"}
)

// matrixWant is how a call ends.
type matrixWant struct {
	cause   parley.Cause
	stage   parley.Stage
	outcome string
	by      string // who was put through; "" nobody
	why     string // what the agent reads of it, where it goes on
}

func (c cell) want() matrixWant {
	through := matrixWant{parley.Transferred, parley.StageTransferSuccessful, "transfer_disconnected", "bridge", ""}
	failed := func(why string) matrixWant {
		return matrixWant{parley.AgentEnded, parley.StagePickedUp, "bot_disconnected", "", why}
	}
	switch c.kind {
	case "refer":
		through.by = "refer"
		if c.what == "REFER rejected" {
			through.by = "bridge"
		}
	case "warm":
		through.by = "warm"
	}
	if c.kind == "conference" {
		through = failed("Everybody hears you and each other")
	}
	switch c.what {
	case "busy":
		return failed("busy (486)")
	case "no answer":
		return failed("no_answer (408)")
	case "declined":
		return failed("declined (603)")
	case "caller hangs up":
		if c.kind == "conference" {
			return matrixWant{parley.CallerHungUp, parley.StagePickedUp, "human_disconnected", "", ""}
		}
		return matrixWant{parley.CallerHungUp, parley.StageTransferStarted, "transfer_unanswered", "", ""}
	case "voicemail":
		if c.kind == "warm" {
			return failed("a voicemail answered")
		}
	case "target hangs up while briefed":
		switch c.kind {
		case "warm":
			return failed("they hung up before the caller was connected")
		case "conference":
			return failed("The caller was taken off hold")
		}
	}
	return through
}

const expert = "+15550009999"

// action is the one that the agent transfers by.
func (c cell) action() parley.Action {
	a := parley.Action{ID: "t1", Type: "action_transfer_call"}
	switch c.kind {
	case "extension":
		a.Config = json.RawMessage(`{"phone_number":"` + expert + `,,204#"}`)
	case "conference":
		a.Type, a.Config = "action_add_to_conference", json.RawMessage(`{"phone_number":"`+expert+`"}`)
	case "warm":
		a.Type, a.Config = "action_warm_transfer", json.RawMessage(`{"phone_number":"`+expert+`","briefing":"It is about ${topic|a refund}.","answer_timeout_seconds":20}`)
	default:
		a.Config = json.RawMessage(`{"phone_number":"` + expert + `"}`)
	}
	return a
}

// A matrixModel is the agent's: it says that it puts the caller through, and does. Of whoever it has called it understands yes.
type matrixModel struct {
	tool string
	mu   sync.Mutex // guards read
	read []llm.Message
}

const oneMoment = "One moment please, I am putting you through to somebody who knows all about it."

func (m *matrixModel) Chat(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		m.mu.Lock()
		m.read = r.Messages
		m.mu.Unlock()
		last := r.Messages[len(r.Messages)-1].Text
		switch {
		case strings.Contains(last, "put me through"):
			if yield(llm.Delta{Text: oneMoment}, nil) {
				yield(llm.Delta{Call: &llm.Call{ID: "c1", Name: m.tool, Args: json.RawMessage(`{}`)}}, nil)
			}
		case strings.Contains(last, "bring them in"):
			yield(llm.Delta{Text: "I bring them in.", Call: &llm.Call{ID: "c3", Name: "set_hold", Args: json.RawMessage(`{"on":false}`)}}, nil)
		case strings.Contains(last, "gladly"):
			yield(llm.Delta{Call: &llm.Call{ID: "c2", Name: "accept_call", Args: json.RawMessage(`{}`)}}, nil)
		default:
			yield(llm.Delta{Text: "I can take a message."}, nil)
		}
	}
}

// knows reports whether the last request had all of the texts in it, in their order.
func (m *matrixModel) knows(texts ...string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, x := range m.read {
		if n < len(texts) && strings.Contains(x.Text, texts[n]) {
			n++
		}
	}
	return n == len(texts)
}

// A stageplay is one cell, played.
type stageplay struct {
	cell
	*bench
	t       *testing.T
	model   *matrixModel
	caller  *legtest.Phone
	targets chan *legtest.Phone
	done    chan struct{}
	picked  time.Time     // the caller's leg was answered
	began   time.Duration // of the transfer, since then
}

// refers is a leg whose far end is asked to move the call.
type refers struct {
	leg.Leg
	cell
	phone *legtest.Phone
}

func (r refers) Refer(ctx context.Context, to string) error {
	if r.kind != "refer" && r.what != "REFER rejected" {
		return r.Leg.Refer(ctx, to)
	}
	select {
	case <-time.After(4 * time.Second):
	case <-r.phone.Gone():
		return errors.New("the dialog is over")
	case <-ctx.Done():
		return ctx.Err()
	}
	switch r.what {
	case "busy", "no answer", "declined", "REFER rejected":
		return errors.New("the far end could not")
	}
	return nil
}

// dials answers for the exchange: the caller of an outbound call, and the expert.
func (p *stageplay) dials(ctx context.Context, c leg.Call) (leg.Leg, error) {
	if c.To != expert {
		phone, l := legtest.PipeLimits(context.WithoutCancel(ctx), c.Limits)
		p.caller = phone
		return refers{l, p.cell, phone}, nil
	}
	wait, no := 5*time.Second, (*leg.Rejected)(nil)
	switch p.what {
	case "busy":
		no = &leg.Rejected{Cause: parley.Busy, Code: 486}
	case "declined":
		no = &leg.Rejected{Cause: parley.Declined, Code: 603}
	case "no answer":
		wait, no = c.RingTimeout, &leg.Rejected{Cause: parley.NoAnswer, Code: 408}
	}
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return nil, &leg.Rejected{Cause: parley.Cancelled}
	}
	if no != nil {
		return nil, no
	}
	phone, l := legtest.PipeLimits(context.WithoutCancel(ctx), c.Limits)
	p.targets <- phone
	return l, nil
}

// hears gives the transcriber of whichever conversation runs words.
func (p *stageplay) hears(text string) { p.ear <- stt.Event{Text: text, Final: true, End: true} }

// begin places the call and has the caller ask for somebody; they speak over the agent's answer.
func (p *stageplay) begin(ctx context.Context) {
	p.done = make(chan struct{})
	if p.out {
		id := outbound(p.t, p.bench, nil)
		go func() { defer close(p.done); _ = p.Dial(ctx, id) }()
		time.Sleep(10 * time.Millisecond)
	} else {
		phone, l := legtest.Pipe(ctx)
		p.caller = phone
		o := &offer{ringing: leg.Ringing{ID: "sip-1", From: "+15550001111", To: "desk"}, leg: refers{l, p.cell, phone}}
		go func() { defer close(p.done); p.Answer(ctx, o) }()
	}
	p.picked = time.Now()
	time.Sleep(5 * time.Second)
	p.hears("please put me through to an expert")
	time.Sleep(700 * time.Millisecond)
	p.caller.SayTone(440, 500*time.Millisecond)
	p.hears("oh thank you very much that is kind")
	time.Sleep(time.Second)
	p.began = time.Since(p.picked)
}

// silence is the longest that the caller has heard nothing, between two moments of their leg.
func (p *stageplay) silence(from, to time.Duration) (longest time.Duration) {
	last := from
	for _, h := range p.caller.Heard() {
		if h.At < from || h.At > to || !legtest.Loud(h.Frame) {
			continue
		}
		longest, last = max(longest, h.At-last), h.At
	}
	return max(longest, to-last)
}

func TestTransferMatrix(t *testing.T) {
	for _, kind := range matrixKinds {
		for _, what := range matrixWhats {
			for _, out := range []bool{false, true} {
				c := cell{kind, what, out}
				t.Run(c.String(), func(t *testing.T) {
					run(t, func(ctx context.Context, b *bench) { playTransfer(ctx, t, b, c) })
				})
			}
		}
	}
}

func playTransfer(ctx context.Context, t *testing.T, b *bench, c cell) {
	b.desk.agent.Actions = []parley.Action{c.action(), {ID: "h1", Type: "action_set_hold"}}
	m := &matrixModel{tool: strings.TrimPrefix(b.desk.agent.Actions[0].Type, "action_")}
	b.model = m
	p := &stageplay{cell: c, bench: b, t: t, model: m, targets: make(chan *legtest.Phone, 1)}
	b.exchange.answer = p.dials
	p.begin(ctx)
	want := c.want()
	switch {
	case c.what == "caller hangs up":
		p.leaves()
	case c.kind == "conference":
		p.confers(want)
	case want.by == "":
		p.comesBack(want)
	case want.by == "refer":
		<-p.done
		p.quiet(4 * time.Second)
	default:
		p.talks(want)
	}
	<-p.done
	row := b.rows.only(t)
	if row.Cause != want.cause || row.Stage != want.stage || row.Outcome() != want.outcome || row.Status != parley.Ended {
		t.Errorf("cause %s, stage %s, outcome %s, status %s; want %+v", row.Cause, row.Stage, row.Outcome(), row.Status, want)
	}
	if got := parley.Transcript(row.Record); !strings.Contains(got, "BOT: "+oneMoment) {
		t.Errorf("speaking over it cut it off:\n%s", got)
	}
	if c.kind == "extension" && len(p.caller.Refers()) > 0 {
		t.Error("the far end was asked to call an extension")
	}
	hasNot(t, b.book.types(), parley.EventError)
}

// quiet checks that the caller always heard something from the moment the transfer began, for so long.
func (p *stageplay) quiet(d time.Duration) {
	p.t.Helper()
	if s := p.silence(p.began, p.began+d); s > 2*time.Second {
		p.t.Errorf("the caller heard nothing for %v", s)
	}
}

// leaves has the caller hang up: before an answer, or while somebody is told of the call.
func (p *stageplay) leaves() {
	if p.kind == "refer" {
		time.Sleep(2 * time.Second)
		p.caller.Hangup()
		return
	}
	time.Sleep(4 * time.Second)
	if p.kind == "warm" || p.kind == "conference" {
		target := <-p.targets
		time.Sleep(5 * time.Second)
		defer func() {
			<-target.Gone()
			if p.kind == "conference" {
				return
			}
			<-p.done
			if w := p.book.payload(p.t, parley.EventBriefed); !strings.Contains(w, "given_up") {
				p.t.Errorf("briefed: %s", w)
			}
		}()
	}
	p.caller.Hangup()
}

// comesBack has the transfer fail, and the caller go on with the agent.
func (p *stageplay) comesBack(want matrixWant) {
	waits := 12 * time.Second
	switch p.what {
	case "no answer":
		waits = defaultRing + 6*time.Second
	case "voicemail":
		<-p.targets
		time.Sleep(time.Second)
		p.hears(mailbox)
	case "target hangs up while briefed":
		target := <-p.targets
		time.Sleep(5 * time.Second)
		target.Hangup()
	}
	time.Sleep(waits)
	if c := p.rows.only(p.t); c.Stage != parley.StagePickedUp {
		p.t.Errorf("afterwards the stage is %s", c.Stage)
	}
	p.hears("what now")
	time.Sleep(3 * time.Second)
	if !p.model.knows("please put me through to an expert", oneMoment, want.why, "what now") {
		p.t.Errorf("the agent does not know what happened: %+v", p.model.read)
	}
	back := p.spokenAgain()
	p.quiet(back - p.began)
	if err := p.End(context.Background(), p.running()); err != nil {
		p.t.Error(err)
	}
	if got := parley.Transcript(p.rows.only(p.t).Record); !strings.Contains(got, "could not reach anybody") || !strings.Contains(got, "BOT: I can take a message.") {
		p.t.Errorf("the transcript:\n%s", got)
	}
}

// confers has the agent call somebody into the call, speak with them alone and bring the caller in; whoever comes of it leaves again.
func (p *stageplay) confers(want matrixWant) {
	switch p.what {
	case "busy", "declined":
		time.Sleep(6 * time.Second)
	case "no answer":
		time.Sleep(defaultRing + 2*time.Second)
	case "target hangs up while briefed":
		target := <-p.targets
		time.Sleep(5 * time.Second)
		target.Hangup()
		time.Sleep(2 * time.Second)
	default:
		target := <-p.targets
		time.Sleep(5 * time.Second)
		p.quiet(9 * time.Second)
		p.hears("bring them in")
		time.Sleep(3 * time.Second)
		p.eachOther(target)
		target.Hangup()
		time.Sleep(2 * time.Second)
	}
	back := p.spokenAgain()
	p.quiet(back - p.began)
	p.hears("what now")
	time.Sleep(3 * time.Second)
	if !p.model.knows("please put me through to an expert", want.why, "what now") {
		p.t.Errorf("the agent does not know what happened: %+v", p.model.read)
	}
	if err := p.End(context.Background(), p.running()); err != nil {
		p.t.Error(err)
	}
}

// eachOther has the two talk at once, and checks that they hear each other.
func (p *stageplay) eachOther(target *legtest.Phone) {
	p.caller.SayTone(440, time.Second)
	target.SayTone(600, time.Second)
	time.Sleep(1500 * time.Millisecond)
	if a, b := legtest.Count(target.Ear(), 440), legtest.Count(p.caller.Ear(), 600); a < 45 || b < 45 {
		p.t.Errorf("they heard %d and %d frames of each other", a, b)
	}
}

// spokenAgain is when the agent's voice was heard again after the transfer began.
func (p *stageplay) spokenAgain() time.Duration {
	for _, h := range p.caller.Heard() {
		if h.At > p.began+time.Second && legtest.Carries(h.Frame, 1000) {
			return h.At
		}
	}
	p.t.Error("the agent was not heard again")
	return p.began
}

// connected is when somebody was put through.
func (p *stageplay) connected() time.Duration {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	for _, e := range p.book.events {
		if e.Type == parley.EventTransferred {
			return e.Time.Sub(p.picked)
		}
	}
	p.t.Error("nobody was put through")
	return p.began
}

// talks has whoever was called talk to the caller, and hang up.
func (p *stageplay) talks(want matrixWant) {
	target := <-p.targets
	switch {
	case p.kind == "warm":
		time.Sleep(12 * time.Second)
		p.hears("yes gladly")
		time.Sleep(5 * time.Second)
	case p.kind == "extension":
		time.Sleep(5 * time.Second)
		if target.Digits() != "204#" {
			p.t.Errorf("pressed %q", target.Digits())
		}
	}
	if p.what == "target hangs up while briefed" {
		time.Sleep(100 * time.Millisecond)
		p.quiet(p.connected() - p.began)
		target.Hangup()
		return
	}
	time.Sleep(100 * time.Millisecond)
	p.eachOther(target)
	p.quiet(p.connected() - p.began)
	target.Hangup()
	if w := p.book.payload(p.t, parley.EventTransferred); w != fmt.Sprintf(`{"by":%q,"to":%q}`, want.by, expert) {
		p.t.Errorf("transferred: %s", w)
	}
}
