package conversation

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/tts"
)

// newMouth is a mouth on a phone, with its marks handed in as they come.
func newMouth(t *testing.T) (*mouth, *legtest.Phone) {
	ctx, cancel := context.WithCancel(t.Context())
	phone, l := legtest.Pipe(ctx)
	var id uint64
	m := &mouth{leg: l, id: func() uint64 { id++; return id }, loud: func() {}, wake: make(chan struct{}, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for {
			e, err := l.Read(ctx)
			if err != nil {
				return
			}
			if e.Kind == leg.Marked || e.Kind == leg.Dropped {
				m.marked(e.Mark, e.Kind == leg.Dropped, e.At)
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-read })
	return m, phone
}

// say plays words of 200 ms, each a tone of its own.
func say(ctx context.Context, m *mouth, timed bool, words ...string) error {
	for i, w := range words {
		for n := range 10 {
			ch := tts.Chunk{Frame: legtest.Tone(float64(400+100*i), 20*time.Millisecond, 9000)[0]}
			if n == 9 && timed {
				ch.Text = w
			}
			if !timed && n == 9 && i == len(words)-1 {
				ch.Text = "all of it"
			}
			if err := m.play(ctx, &ch); err != nil {
				return err
			}
		}
	}
	return m.finish(ctx)
}

func TestMouthSaysAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, phone := newMouth(t)
		if err := say(t.Context(), m, true, "one ", "two ", "three"); err != nil {
			t.Fatal(err)
		}
		if m.said() != "one two three" || len(phone.Ear()) != 30 {
			t.Errorf("%q in %d frames", m.said(), len(phone.Ear()))
		}
	})
}

// TestMouthResumesFromTheCutWord: what was heard whole is not said again, the cut word is, from its start.
func TestMouthResumesFromTheCutWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, phone := newMouth(t)
		done := make(chan error)
		go func() { done <- say(t.Context(), m, true, "one ", "two ", "three") }()
		time.Sleep(310 * time.Millisecond) // half of "two"
		m.pause()
		if err := m.leg.Clear(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		before := len(phone.Ear())
		if before > 16 || m.said() != "one " {
			t.Errorf("%d frames and %q were heard before the pause", before, m.said())
		}
		m.resume()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		after := phone.Ear()[before:]
		if legtest.Count(after, 400) != 0 || legtest.Count(after, 500) != 10 || legtest.Count(after, 600) != 10 || m.said() != "one two three" {
			t.Errorf("after the pause: %d of one, %d of two, %d of three, %q", legtest.Count(after, 400), legtest.Count(after, 500), legtest.Count(after, 600), m.said())
		}
	})
}

// TestMouthWithoutWordTimes: a voice that times no words goes on near where it was cut, not at the start of the sentence.
func TestMouthWithoutWordTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, phone := newMouth(t)
		done := make(chan error)
		go func() { done <- say(t.Context(), m, false, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j") }()
		time.Sleep(1710 * time.Millisecond)
		m.pause()
		if err := m.leg.Clear(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		m.resume()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if n := len(phone.Ear()); n < 100 || n > 165 {
			t.Errorf("%d frames for 100", n)
		}
		if m.said() != "all of it" {
			t.Errorf("heard %q", m.said())
		}
	})
}

func TestMouthPausedBeforeItSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, phone := newMouth(t)
		m.pause()
		done := make(chan error)
		go func() { done <- say(t.Context(), m, true, "one ") }()
		time.Sleep(time.Second)
		if n := len(phone.Ear()); n != 0 {
			t.Errorf("%d frames while paused", n)
		}
		m.resume()
		if err := <-done; err != nil || m.said() != "one " {
			t.Errorf("%v, %q", err, m.said())
		}
	})
}

func TestMouthEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, phone := newMouth(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- say(ctx, m, true, "one ", "two ", "three ") }()
		time.Sleep(100 * time.Millisecond)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v after the context ended", err)
		}
		phone.Hangup()
		synctest.Wait()
		if err := say(t.Context(), m, true, "four "); !errors.Is(err, io.EOF) || !errors.As(err, new(errLeg)) {
			t.Errorf("%v on a leg that has gone", err)
		}
	})
}

// TestMouthDropped: marks that somebody else's Clear drops do not leave the reply waiting for ever.
func TestMouthDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMouth(t)
		done := make(chan error)
		go func() { done <- say(t.Context(), m, true, "one ", "two ") }()
		time.Sleep(250 * time.Millisecond)
		if err := m.leg.Clear(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != errDropped || m.said() != "one " {
			t.Errorf("%v, %q", err, m.said())
		}
	})
}

func TestAudible(t *testing.T) {
	var f audio.Frame
	if audible(&f) {
		t.Error("silence is audible")
	}
	f[100] = -500
	if !audible(&f) {
		t.Error("sound is not")
	}
}

// idleLeg takes all and plays nothing.
type idleLeg struct{ leg.Leg }

func (idleLeg) Play(context.Context, audio.Frame) error { return nil }
func (idleLeg) Mark(uint64) error                       { return nil }
func (idleLeg) Clear() error                            { return nil }

func TestPlayAllocatesNothing(t *testing.T) {
	var id uint64
	m := &mouth{leg: idleLeg{}, id: func() uint64 { id++; return id }, loud: func() {}, wake: make(chan struct{}, 1)}
	m.heard.Grow(1 << 20)
	ctx := context.Background()
	word := tts.Chunk{Text: "word "}
	plain := tts.Chunk{}
	play := func() {
		for range 9 {
			if err := m.play(ctx, &plain); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.play(ctx, &word); err != nil {
			t.Fatal(err)
		}
		m.marked(id, false, 0)
	}
	play()
	if n := testing.AllocsPerRun(500, play); n != 0 {
		t.Errorf("%v allocations per word of ten frames", n)
	}
}

// lateLeg queues what Play was given only when let, whatever happened meanwhile: the frame that slips in after a Clear.
type lateLeg struct {
	idleLeg
	let chan struct{}

	mu     sync.Mutex // guards all below
	queue  []audio.Frame
	clears int
}

func (l *lateLeg) state() (queued, clears int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue), l.clears
}

func (l *lateLeg) Play(_ context.Context, f audio.Frame) error {
	<-l.let
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, f)
	return nil
}

func (l *lateLeg) Clear() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue, l.clears = nil, l.clears+1
	return nil
}

func TestMouthTakesBackWhatSlippedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lateLeg{let: make(chan struct{})}
		var id uint64
		m := &mouth{leg: l, id: func() uint64 { id++; return id }, loud: func() {}, wake: make(chan struct{}, 1)}
		done := make(chan error)
		go func() { done <- m.play(t.Context(), &tts.Chunk{Frame: audio.Frame{1}, Text: "one"}) }()
		synctest.Wait()
		m.pause()
		if err := l.Clear(); err != nil {
			t.Fatal(err)
		}
		l.let <- struct{}{}
		synctest.Wait()
		if queued, clears := l.state(); queued != 0 || clears != 2 {
			t.Errorf("%d frames are queued while paused, after %d clears", queued, clears)
		}
		m.resume()
		l.let <- struct{}{}
		err := <-done
		if queued, _ := l.state(); err != nil || queued != 1 {
			t.Errorf("%v, %d frames after the pause", err, queued)
		}
	})
}

// TestHangUpIsNotTheEnd: what a leg drops because it ended was not heard, and the reply is not whole.
func TestHangUpIsNotTheEnd(t *testing.T) {
	id := uint64(0)
	m := &mouth{leg: idleLeg{}, id: func() uint64 { id++; return id }, loud: func() {}, wake: make(chan struct{}, 1)}
	for _, w := range []string{"Just so ", "you know."} {
		if err := m.play(t.Context(), &tts.Chunk{Frame: audio.Frame{1000}, Text: w}); err != nil {
			t.Fatal(err)
		}
	}
	m.marked(1, false, 0)
	m.marked(2, true, 0)
	err := m.finish(t.Context())
	if !errors.Is(err, errDropped) {
		t.Errorf("%v", err)
	}
	if m.said() != "Just so " {
		t.Errorf("said %q", m.said())
	}
}
