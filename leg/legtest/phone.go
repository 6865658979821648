package legtest

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// A Phone is the far end of a call in memory: what a person holds. All methods are safe from any goroutine.
type Phone struct {
	line *leg.Playout // what the leg plays
	feed *leg.Events  // what the leg reads

	mu     sync.Mutex // guards all below, and the order of what is pushed to feed
	answer time.Time
	mouth  []audio.Frame
	quiet  []chan struct{} // closed when the mouth has said all
	heard  []Heard
	steps  int
	digits strings.Builder
	last   time.Time // of the last packet towards the leg
	refers []string
	mute   bool // Vanish
	held   bool
	under  leg.Background // nil: none
	mixed  audio.Frame
	cause  parley.Cause

	once sync.Once
	gone chan struct{}
	done chan struct{}
}

// Heard is one frame that reached the ear, and when (since answer). Silence is not kept.
type Heard struct {
	At    time.Duration
	Frame audio.Frame
}

// Pipe answers a call in memory and returns both its ends, with the default limits. It is over when ctx is done or either side hangs up.
func Pipe(ctx context.Context) (*Phone, leg.Leg) { return PipeLimits(ctx, leg.Limits{}) }

// PipeLimits is Pipe with limits.
func PipeLimits(ctx context.Context, l leg.Limits) (*Phone, leg.Leg) {
	l = l.OrDefault()
	now := time.Now()
	p := &Phone{
		line: leg.NewPlayout(), feed: leg.NewEvents(), answer: now, last: now,
		gone: make(chan struct{}), done: make(chan struct{}),
	}
	go p.run(ctx, l)
	return p, &end{p}
}

// run is the wire: a step every 20 ms.
func (p *Phone) run(ctx context.Context, l leg.Limits) {
	defer close(p.done)
	t := time.NewTicker(audio.FrameDur)
	defer t.Stop()
	var tick leg.Tick
	for {
		select {
		case <-ctx.Done():
			p.end("", io.EOF)
			return
		case <-p.gone:
			return
		case now := <-t.C:
			p.mu.Lock()
			silent, long := now.Sub(p.last) >= l.MediaTimeout && !p.held, now.Sub(p.answer) >= l.MaxDuration
			p.mu.Unlock()
			switch {
			case long:
				p.end(parley.DurationLimit, &leg.GoneError{Cause: parley.DurationLimit})
			case silent:
				p.end(parley.MediaTimeout, &leg.GoneError{Cause: parley.MediaTimeout})
			default:
				p.step(now, &tick)
			}
		}
	}
}

func (p *Phone) step(now time.Time, tick *leg.Tick) {
	p.mu.Lock()
	at := time.Duration(p.steps) * audio.FrameDur
	p.steps++
	ev := leg.Event{Kind: leg.Audio, At: at}
	if len(p.mouth) > 0 && !p.held && !p.mute {
		ev.Frame, p.mouth = p.mouth[0], p.mouth[1:]
	}
	if !p.mute {
		p.last = now
	}
	if len(p.mouth) == 0 {
		for _, q := range p.quiet {
			close(q)
		}
		p.quiet = nil
	}
	tick.Frame, tick.Queued, tick.Marks, tick.Digits = audio.Frame{}, false, tick.Marks[:0], ""
	if !p.held {
		p.line.Next(tick)
	}
	switch {
	case p.under != nil && !p.held && tick.Digits == "":
		p.mixed = tick.Frame
		p.under.Under(&p.mixed, tick.Queued)
		p.heard = append(p.heard, Heard{at, p.mixed})
	case tick.Queued:
		p.heard = append(p.heard, Heard{at, tick.Frame})
	}
	p.digits.WriteString(tick.Digits)
	p.feed.Push(&ev)
	ev.Kind, ev.Frame = leg.Played, tick.Frame
	p.feed.Push(&ev)
	p.feed.Marks(leg.Marked, tick.Marks, at)
	p.mu.Unlock()
}

// end is idempotent; err is what Read returns.
func (p *Phone) end(c parley.Cause, err error) {
	p.once.Do(func() {
		p.mu.Lock()
		p.cause = c
		for _, q := range p.quiet {
			close(q)
		}
		p.quiet = nil
		p.feed.Marks(leg.Dropped, p.line.Close(), p.since())
		p.mu.Unlock()
		p.feed.End(err)
		close(p.gone)
	})
}

func (p *Phone) since() time.Duration { return time.Since(p.answer) }

// Say queues sound for the leg to hear, one frame every 20 ms; what is said before ends first. It does not wait.
func (p *Phone) Say(fs ...audio.Frame) {
	p.mu.Lock()
	p.mouth = append(p.mouth, fs...)
	p.mu.Unlock()
}

// SayTone says a tone that a transcriber's stand-in or a VAD takes for speech.
func (p *Phone) SayTone(hz float64, d time.Duration) { p.Say(Tone(hz, d, 8000)...) }

// Said waits until all of Say has gone out, or the call is over.
func (p *Phone) Said(ctx context.Context) error {
	q := make(chan struct{})
	p.mu.Lock()
	select {
	case <-p.gone:
		p.mu.Unlock()
		return nil
	default:
	}
	p.quiet = append(p.quiet, q)
	p.mu.Unlock()
	select {
	case <-q:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Press sends digits at once.
func (p *Phone) Press(digits string) {
	for i := range len(digits) {
		p.feed.Push(&leg.Event{Kind: leg.DTMF, Digit: digits[i], At: p.since()})
	}
}

// Detect is the carrier's word on who answered.
func (p *Phone) Detect(who leg.Answerer) {
	p.feed.Push(&leg.Event{Kind: leg.Detected, Who: who, At: p.since()})
}

// Send asks the leg to be connected with somebody else.
func (p *Phone) Send(r *leg.Referral) {
	p.feed.Push(&leg.Event{Kind: leg.Referred, Referral: r, At: p.since()})
}

// Hold puts the leg on hold until Resume: it hears silence, and what it plays waits.
func (p *Phone) Hold() { p.hold(true, leg.Held) }

// Resume ends Hold.
func (p *Phone) Resume() { p.hold(false, leg.Resumed) }

func (p *Phone) hold(on bool, k leg.Kind) {
	p.mu.Lock()
	changed := p.held != on
	p.held = on
	p.mu.Unlock()
	if changed {
		p.feed.Push(&leg.Event{Kind: k, At: p.since()})
	}
}

// Vanish stops all packets without a word, as when the phone's network fails; the leg hears silence in their place.
func (p *Phone) Vanish() {
	p.mu.Lock()
	p.mute = true
	p.mu.Unlock()
}

// Hangup ends the call from the phone's side.
func (p *Phone) Hangup() { p.end(parley.CallerHungUp, io.EOF) }

// Gone is closed once the call is over, whoever ended it.
func (p *Phone) Gone() <-chan struct{} { return p.gone }

// Cause is what the leg was hung up with, or a limit it ran into; CallerHungUp after Hangup; "" while the call runs.
func (p *Phone) Cause() parley.Cause {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cause
}

// Heard is all sound so far, with times.
func (p *Phone) Heard() []Heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

// Ear is the sound of Heard.
func (p *Phone) Ear() []audio.Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	fs := make([]audio.Frame, len(p.heard))
	for i := range fs {
		fs[i] = p.heard[i].Frame
	}
	return fs
}

// Digits are those the leg has sent.
func (p *Phone) Digits() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digits.String()
}

// Refers are the targets of the leg's Refer calls.
func (p *Phone) Refers() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.refers)
}

// end is the near side of a Phone.
type end struct{ p *Phone }

func (e *end) Read(ctx context.Context) (leg.Event, error) { return e.p.feed.Read(ctx) }

func (e *end) Play(ctx context.Context, f audio.Frame) error { return e.p.line.Play(ctx, &f) }

func (e *end) Mark(id uint64) error { return e.p.line.Mark(id) }

func (e *end) Clear() error {
	e.p.mu.Lock() // so that no mark heard before comes after
	defer e.p.mu.Unlock()
	e.p.feed.Marks(leg.Dropped, e.p.line.Clear(), e.p.since())
	return nil
}

func (e *end) SendDTMF(_ context.Context, digits string) error {
	if !leg.Digits(digits) {
		return leg.ErrDigit
	}
	return e.p.line.Digits(digits)
}

// Background implements leg.Backgrounded.
func (e *end) Background(b leg.Background) {
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	e.p.under = b
}

// Refer is recorded and not done: the caller bridges.
func (e *end) Refer(_ context.Context, to string) error {
	e.p.mu.Lock()
	defer e.p.mu.Unlock()
	e.p.refers = append(e.p.refers, to)
	return errors.ErrUnsupported
}

func (e *end) Hangup(_ context.Context, c parley.Cause) error {
	e.p.end(c, io.EOF)
	<-e.p.done
	return nil
}

func (e *end) ID() string { return "pipe" }

func (e *end) Metadata() map[string]string {
	return map[string]string{"type": "telephony_metadata_test"}
}
