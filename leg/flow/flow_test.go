package flow

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/rtp"
)

// side is a flow as a leg: what ends it by signalling is all that it has besides.
type side struct{ *Flow }

func (s side) Refer(context.Context, string) error { return errors.ErrUnsupported }

func (s side) Hangup(context.Context, parley.Cause) error {
	s.Stop()
	return nil
}

// phone is the far end: a flow, too, and who holds it.
type phone struct {
	*Flow
	near *Flow

	mu     sync.Mutex // guards all below
	ear    []audio.Frame
	digits string
	said   sync.WaitGroup
}

func (p *phone) Say(fs ...audio.Frame) {
	p.said.Go(func() {
		for _, f := range fs {
			if p.Play(context.Background(), f) != nil {
				return
			}
		}
	})
}

func (p *phone) Ear() []audio.Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]audio.Frame(nil), p.ear...)
}

func (p *phone) Digits() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.digits
}

func (p *phone) Press(digits string)   { _ = p.SendDTMF(context.Background(), digits) }
func (p *phone) Hangup()               { p.near.Leave("") }
func (p *phone) Vanish()               { p.Stop() }
func (p *phone) Gone() <-chan struct{} { return p.near.Stopped() }

func (p *phone) listen(ctx context.Context) {
	for {
		e, err := p.Read(ctx)
		if err != nil {
			return
		}
		p.mu.Lock()
		switch e.Kind {
		case leg.Audio:
			p.ear = append(p.ear, e.Frame)
		case leg.DTMF:
			p.digits += string(e.Digit)
		}
		p.mu.Unlock()
	}
}

// pair is two flows on loopback that have agreed on a codec, neither begun.
func pair(t *testing.T, l leg.Limits, codec rtp.Codec) (near, far *Flow, begin func()) {
	t.Helper()
	clock := leg.NewClock()
	home := netip.MustParseAddr("127.0.0.1")
	var streams [2]*rtp.Stream
	var locals [2]rtp.Local
	for i := range streams {
		var err error
		if streams[i], err = rtp.Open(rtp.Config{Local: home}); err != nil {
			t.Fatal(err)
		}
		locals[i] = rtp.Local{Addr: home, Port: streams[i].LocalPort(), SessionID: 1, Version: 1, Codecs: []rtp.Codec{codec}}
	}
	offered, err := rtp.ParseSDP(rtp.Offer(locals[1]))
	if err != nil {
		t.Fatal(err)
	}
	answer, ours, err := rtp.Answer(offered, locals[0])
	if err != nil {
		t.Fatal(err)
	}
	answered, err := rtp.ParseSDP(answer)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := rtp.Accept(locals[1], answered)
	if err != nil {
		t.Fatal(err)
	}
	near, far = New(streams[0], clock, l), New(streams[1], clock, leg.Limits{})
	t.Cleanup(func() {
		near.Stop()
		far.Stop()
		clock.Close()
	})
	return near, far, func() { near.Begin(ours); far.Begin(theirs) }
}

func TestFlow(t *testing.T) {
	for _, codec := range []rtp.Codec{rtp.PCMA, rtp.Opus} {
		t.Run(codec.String(), func(t *testing.T) {
			legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
				near, far, begin := pair(t, l, codec)
				p := &phone{Flow: far, near: near}
				begin()
				ctx, stop := context.WithCancel(context.Background())
				heard := make(chan struct{})
				go func() { defer close(heard); p.listen(ctx) }()
				t.Cleanup(func() {
					stop()
					<-heard
					far.Stop()
					p.said.Wait()
				})
				return side{near}, p
			})
		})
	}
}

// last is what Read ends with.
func last(t *testing.T, f *Flow) error {
	t.Helper()
	for {
		if _, err := f.Read(t.Context()); err != nil {
			return err
		}
	}
}

// Whoever ends a flow first says why; an end before the beginning, and a beginning after the end, do no harm.
func TestEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(f *Flow, begin func())
		want parley.Cause // "": io.EOF
	}{
		"the far end hangs up":  {func(f *Flow, begin func()) { begin(); f.Leave("") }, ""},
		"a cause":               {func(f *Flow, begin func()) { begin(); f.Leave(parley.MediaTimeout) }, parley.MediaTimeout},
		"stopped":               {func(f *Flow, begin func()) { begin(); f.Stop(); f.Leave(parley.MediaTimeout) }, ""},
		"twice":                 {func(f *Flow, begin func()) { begin(); f.Leave(parley.DurationLimit); f.Leave("") }, parley.DurationLimit},
		"before it began":       {func(f *Flow, _ func()) { f.Stop() }, ""},
		"and is begun after it": {func(f *Flow, begin func()) { f.Stop(); begin() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, _, begin := pair(t, leg.Limits{}, rtp.PCMU)
			tc.end(f, begin)
			err := last(t, f)
			<-f.Stopped()
			var gone *leg.GoneError
			if tc.want == "" && err != io.EOF || tc.want != "" && (!errors.As(err, &gone) || gone.Cause != tc.want) {
				t.Errorf("ended with %v, want %q", err, tc.want)
			}
			if err := f.Play(t.Context(), audio.Frame{}); err == nil {
				t.Error("something is played after the end")
			}
		})
	}
}

// What is queued when a flow ends is told as dropped before the end is.
func TestMarksAtTheEnd(t *testing.T) {
	f, _, begin := pair(t, leg.Limits{}, rtp.PCMU)
	begin()
	for range 20 {
		if err := f.Play(t.Context(), audio.Frame{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Mark(7); err != nil {
		t.Fatal(err)
	}
	f.Leave("")
	dropped := false
	for {
		e, err := f.Read(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		dropped = dropped || e.Kind == leg.Dropped && e.Mark == 7
	}
	if !dropped {
		t.Error("the mark was lost")
	}
}

func TestDigitsThatAreNone(t *testing.T) {
	f, _, begin := pair(t, leg.Limits{}, rtp.PCMU)
	begin()
	for _, digits := range []string{"x", "1 2", string(make([]byte, 3)), "12345678901234567890123456789012345678901234567890123456789012345"} {
		if err := f.SendDTMF(t.Context(), digits); !errors.Is(err, leg.ErrDigit) {
			t.Errorf("%q: %v", digits, err)
		}
	}
}

// Quiet grows once nothing comes any more, and what came and went is counted.
func TestQuiet(t *testing.T) {
	f, far, begin := pair(t, leg.Limits{}, rtp.PCMU)
	begin()
	for e := (leg.Event{}); e.Kind != leg.Audio || e.Edge.IsZero(); { // a packet has come
		var err error
		if e, err = f.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	far.Stop()
	for before := f.Quiet(); ; before = f.Quiet() {
		time.Sleep(30 * time.Millisecond)
		if f.Quiet() > before && before > 50*time.Millisecond {
			break
		}
	}
	if q := f.Quality(); q.Codec != "PCMU" || q.Received == 0 || q.Sent == 0 || q.Encrypted {
		t.Errorf("%+v", q)
	}
}

// under is a background that adds one to every sample.
type under struct{}

func (under) Under(f *audio.Frame, _ bool) {
	for i := range f {
		f[i]++
	}
}

// What is played is told without what lies under it.
func TestBackground(t *testing.T) {
	f, _, begin := pair(t, leg.Limits{}, rtp.PCMU)
	f.Background(under{})
	begin()
	for n := 0; n < 5; {
		e, err := f.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == leg.Played {
			n++
			if e.Frame != (audio.Frame{}) {
				t.Fatal("the background is in what was played")
			}
		}
	}
}
