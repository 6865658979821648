package webrtc

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/rtp"
)

func door(t *testing.T) *Door {
	t.Helper()
	clock := leg.NewClock()
	d, err := Open(Config{Listen: "127.0.0.1:0", Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Close()
		clock.Close()
	})
	return d
}

// browser is the far end of a call, and who holds it.
type browser struct {
	*Browser
	d    *Door
	id   string
	over chan struct{} // closed when whoever answered has hung up

	mu     sync.Mutex // guards all below
	ear    []audio.Frame
	digits string
	said   sync.WaitGroup
}

// newBrowser makes an offer with those codecs.
func newBrowser(t *testing.T, codecs ...rtp.Codec) *browser {
	t.Helper()
	clock := leg.NewClock()
	far, err := NewBrowser(t.Context(), BrowserConfig{Codecs: codecs, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close(); clock.Close() })
	return &browser{Browser: far, over: make(chan struct{})}
}

// connect takes the answer, and listens.
func (b *browser) connect(t *testing.T, answer []byte) {
	t.Helper()
	if err := b.Connect(t.Context(), answer); err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}
	ctx, stop := context.WithCancel(context.Background())
	read := make(chan struct{})
	go func() {
		defer close(read)
		for {
			e, err := b.Read(ctx)
			if err != nil {
				return
			}
			b.mu.Lock()
			switch e.Kind {
			case leg.Audio:
				b.ear = append(b.ear, e.Frame)
			case leg.DTMF:
				b.digits += string(e.Digit)
			}
			b.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		stop()
		<-read
		b.Stop()
		b.said.Wait()
	})
}

func (b *browser) Say(fs ...audio.Frame) {
	b.said.Go(func() {
		for _, f := range fs {
			if b.Play(context.Background(), f) != nil {
				return
			}
		}
	})
}

func (b *browser) Ear() []audio.Frame {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]audio.Frame(nil), b.ear...)
}

func (b *browser) Digits() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.digits
}

func (b *browser) Press(digits string)   { _ = b.SendDTMF(context.Background(), digits) }
func (b *browser) Hangup()               { b.d.Hangup(b.id) }
func (b *browser) Vanish()               { b.Stop() }
func (b *browser) Gone() <-chan struct{} { return b.over }

// opens a call and answers it.
func opens(t *testing.T, d *Door, l leg.Limits, codecs ...rtp.Codec) (leg.Leg, *browser) {
	t.Helper()
	b := newBrowser(t, codecs...)
	b.d = d
	answered := make(chan leg.Leg, 1)
	id, answer, err := d.Take(t.Context(), b.Offer(), leg.Ringing{To: "agent"}, func(ctx context.Context, o leg.Offer) {
		defer close(b.over)
		c, err := o.Answer(ctx, l)
		if err != nil {
			t.Error(err)
			close(answered)
			return
		}
		answered <- c
		<-c.(*call).Stopped()
	})
	if err != nil {
		t.Fatal(err)
	}
	b.id = id
	b.connect(t, answer)
	return <-answered, b
}

func TestLeg(t *testing.T) {
	for _, codec := range []rtp.Codec{rtp.PCMU, rtp.G722, rtp.Opus} {
		t.Run(codec.String(), func(t *testing.T) {
			d := door(t)
			legtest.Run(t, func(t *testing.T, l leg.Limits) (leg.Leg, legtest.Far) {
				c, b := opens(t, d, l, codec)
				return c, b
			})
		})
	}
}

// A browser whose offer names no address is found by its checks; what it tells later is taken, of its own call only.
func TestLateCandidates(t *testing.T) {
	d := door(t)
	b := newBrowser(t, rtp.Opus)
	var offer, late []string
	for line := range strings.SplitAfterSeq(string(b.Offer()), "\n") {
		if strings.HasPrefix(line, "a=candidate:") {
			late = append(late, line)
		} else {
			offer = append(offer, line)
		}
	}
	answered := make(chan error, 1)
	id, answer, err := d.Take(t.Context(), []byte(strings.Join(offer, "")), leg.Ringing{}, func(ctx context.Context, o leg.Offer) {
		c, err := o.Answer(ctx, leg.Limits{})
		answered <- err
		if err == nil {
			<-c.(*call).Stopped()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	theirs, _ := outsetOf(b.Offer())
	fragment := "a=ice-ufrag:" + theirs.ufrag + "\r\nm=audio 9 RTP/AVP 0\r\n" + strings.Join(late, "")
	if err := d.Trickle(id, []byte(strings.Replace(fragment, theirs.ufrag, "other", 1))); !errors.Is(err, ErrRestart) {
		t.Errorf("another generation's: %v", err)
	}
	if err := d.Trickle("nobody", []byte(fragment)); !errors.Is(err, ErrNoCall) {
		t.Errorf("another call's: %v", err)
	}
	for range 100 { // no more are tried than an offer may have
		if err := d.Trickle(id, []byte(fragment+"a=candidate:nonsense\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	b.connect(t, answer)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if ours, theirs := b.Way(); ours != "host" || theirs != "host" {
		t.Errorf("from %s to %s", ours, theirs)
	}
	d.Hangup(id)
}

// A page that is closed without a word: nobody follows the call, and nothing comes. One that only follows no more goes on.
func TestPageIsClosed(t *testing.T) {
	t.Parallel()
	d := door(t)
	stays, b := opens(t, d, leg.Limits{}, rtp.PCMU)
	goes, gone := opens(t, d, leg.Limits{}, rtp.PCMU)
	d.Left("nobody")
	d.Left(b.id)
	d.Left(gone.id)
	gone.Vanish()
	for {
		if _, err := goes.Read(t.Context()); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-stays.(*call).Stopped():
		t.Error("one whose sound comes was ended, too")
	default:
	}
	d.Hangup(b.id)
}

func TestRefused(t *testing.T) {
	d := door(t)
	offer := newBrowser(t, rtp.Opus).Offer()
	_, _, err := d.Take(t.Context(), offer, leg.Ringing{}, func(ctx context.Context, o leg.Offer) { _ = o.Reject(ctx, parley.Busy) })
	var no *RefusedError
	if !errors.As(err, &no) || no.Cause != parley.Busy {
		t.Errorf("%v", err)
	}
}

// A browser that never comes costs the call, not the door.
func TestNobodyComes(t *testing.T) {
	d := door(t)
	offer := newBrowser(t, rtp.Opus).Offer()
	over := make(chan error, 1)
	id, _, err := d.Take(t.Context(), offer, leg.Ringing{}, func(ctx context.Context, o leg.Offer) {
		_, err := o.Answer(ctx, leg.Limits{})
		over <- err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !d.Hangup(id) {
		t.Error("the call is not known")
	}
	if err := <-over; err == nil || !strings.Contains(err.Error(), "hung up") {
		t.Errorf("answered: %v", err)
	}
	if d.Hangup("nobody") {
		t.Error("a call that is none was hung up")
	}
}

func TestOffersThatAreNone(t *testing.T) {
	d := door(t)
	good := newBrowser(t, rtp.Opus).Offer()
	without := func(line string) []byte {
		var kept []string
		for l := range strings.SplitAfterSeq(string(good), "\n") {
			if !strings.HasPrefix(l, line) {
				kept = append(kept, l)
			}
		}
		return []byte(strings.Join(kept, ""))
	}
	for name, tc := range map[string]struct {
		sdp  []byte
		want error
	}{
		"nothing":        {nil, ErrOffer},
		"text":           {[]byte("hello"), ErrOffer},
		"no sound":       {without("m=audio"), ErrOffer},
		"no ICE":         {without("a=ice-pwd"), ErrOffer},
		"no fingerprint": {without("a=fingerprint"), ErrCodec},
		"no mux":         {without("a=rtcp-mux"), ErrOffer},
		"codecs":         {[]byte(strings.ReplaceAll(string(good), "opus/48000", "speex/8000")), ErrCodec},
		"too long":       {[]byte(string(good) + strings.Repeat("a=x\r\n", maxOffer/5)), ErrOffer},
	} {
		if _, _, err := d.Take(t.Context(), tc.sdp, leg.Ringing{}, nil); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func FuzzOutset(f *testing.F) {
	f.Add("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n", "m=audio 9 X 0\r\n")
	f.Fuzz(func(t *testing.T, sdp, answer string) {
		o, ok := outsetOf([]byte(sdp))
		if ok && (len(o.ufrag) < 4 || len(o.pwd) < 22) || len(o.candidates) > maxFar {
			t.Errorf("%+v", o)
		}
		got := string(describe([]byte(answer), &o, "u", "p", nil))
		for line := range strings.SplitSeq(got, "\r\n") {
			if strings.HasPrefix(line, "a=mid:") && !token(strings.TrimPrefix(line, "a=mid:")) {
				t.Errorf("the line %q", line)
			}
		}
	})
}
