package stream_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/stream"
	"github.com/parley-voice/parley/leg/stream/streamtest"
)

// ear gathers what a stream tells.
type ear struct {
	mu  sync.Mutex // guards all
	evs []leg.Event
	err error
}

func listen(s *stream.Stream) *ear {
	e := &ear{}
	go func() {
		for {
			ev, err := s.Read(context.Background())
			e.mu.Lock()
			if e.err = err; err == nil {
				e.evs = append(e.evs, ev)
			}
			e.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return e
}

func (e *ear) of(k leg.Kind) (evs []leg.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range e.evs {
		if v.Kind == k {
			evs = append(evs, v)
		}
	}
	return evs
}

func (e *ear) frames() (fs []audio.Frame) {
	for _, v := range e.of(leg.Audio) {
		fs = append(fs, v.Frame)
	}
	return fs
}

func (e *ear) marks(k leg.Kind) (ids []uint64) {
	for _, v := range e.of(k) {
		ids = append(ids, v.Mark)
	}
	return ids
}

func (e *ear) ended() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// A hand is a carrier's end of a socket in memory, moved by hand.
type hand struct {
	t      *testing.T
	socket stream.Socket
	mu     sync.Mutex // guards got
	got    []string
}

// byHand answers a call whose far end is a hand. Nothing reads what is sent to it but read.
func byHand(t *testing.T, l leg.Limits) (*stream.Stream, *hand) {
	near, far := streamtest.Pipe()
	h := &hand{t: t, socket: far}
	h.say(`{"event":"connected"}`)
	h.say(`{"event":"start","start":{}}`)
	clock := leg.NewClock()
	s := begin(t, near, clock, 0, l)
	t.Cleanup(func() {
		s.Stop()
		clock.Close()
	})
	return s, h
}

func (h *hand) say(text string) {
	h.t.Helper()
	if err := h.socket.Write([]byte(text)); err != nil {
		h.t.Error(err)
	}
}

// sound sends a chunk of a tone.
func (h *hand) sound(chunk, ms int, fs ...audio.Frame) {
	h.t.Helper()
	down := audio.NewResampler(audio.Rate, 8000)
	for _, f := range fs {
		h.say(string(inbound(chunk, ms, audio.EncodeUlaw(nil, down.Process(nil, f[:])))))
		chunk, ms = chunk+1, ms+20
	}
}

// read takes in what is sent, until the socket ends.
func (h *hand) read() {
	go func() {
		for {
			b, err := h.socket.Read()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.got = append(h.got, string(b))
			h.mu.Unlock()
		}
	}()
}

// told are the messages of a kind that were sent.
func (h *hand) told(event string) (out []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.got {
		if strings.Contains(s, `"event":"`+event+`"`) {
			out = append(out, s)
		}
	}
	return out
}

// TestStall: sound that is late by TCP is heard whole, in order, and without anything made up.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := byHand(t, leg.Limits{})
		h.read()
		e := listen(s)
		tone := legtest.Tone(1100, 1600*time.Millisecond, 8000)
		for i := range 20 {
			h.sound(i+1, 20*i, tone[i])
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(800 * time.Millisecond)
		if n := len(e.frames()); n > 22 {
			t.Errorf("%d frames, though only 20 came", n)
		}
		h.sound(21, 400, tone[20:60]...)
		for i := 60; i < 80; i++ {
			h.sound(i+1, 20*i, tone[i])
			time.Sleep(20 * time.Millisecond)
		}
		synctest.Wait()
		fs := e.frames()
		if n := legtest.Count(fs, 1100); n < 77 {
			t.Errorf("%d frames of 80 were heard", n)
		}
		if q := s.Quality(); q.Concealed > 3 || q.Lost != 0 || q.Late != 0 {
			t.Errorf("%+v", q)
		}
	})
}

// TestLongStall: of a stall that lasts, the time line goes on, and some of the sound is lost.
func TestLongStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := byHand(t, leg.Limits{})
		h.read()
		e := listen(s)
		tone := legtest.Tone(1100, 5*time.Second, 8000)
		h.sound(1, 0, tone[:10]...)
		time.Sleep(4 * time.Second)
		if n := len(e.frames()); n < 140 || n > 160 {
			t.Errorf("%d frames after 4 s", n)
		}
		h.sound(11, 200, tone[10:200]...)
		synctest.Wait()
		if n := legtest.Count(e.frames(), 1100); n < 80 || n > 120 {
			t.Errorf("%d frames of the tone", n)
		}
	})
}

// TestOrder: chunks that come out of order are put in order, one that never comes is concealed, one that comes twice is heard once.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := byHand(t, leg.Limits{})
		h.read()
		e := listen(s)
		for i := range 50 {
			n := i
			switch i % 10 {
			case 3:
				n = i + 1
			case 4:
				n = i - 1
			case 7:
				time.Sleep(20 * time.Millisecond)
				continue
			case 8:
				h.sound(i, 20*(i-1), legtest.Tone(700, 20*time.Millisecond, 9000)...) // once more: 7 is lost, 6 was there
				h.sound(i+1, 20*i, legtest.Tone(1100, 20*time.Millisecond, 8000)...)
				time.Sleep(20 * time.Millisecond)
				continue
			}
			h.sound(n+1, 20*n, legtest.Tone(1100, 20*time.Millisecond, 8000)...)
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond)
		at := time.Duration(-audio.FrameDur)
		for _, ev := range e.of(leg.Audio) {
			if ev.At != at+audio.FrameDur {
				t.Fatalf("a frame at %v after one at %v", ev.At, at)
			}
			at = ev.At
		}
		if q := s.Quality(); q.Received < 50 {
			t.Errorf("%+v", q)
		}
	})
}

// TestGap: what the carrier lost is concealed.
func TestGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := inMemory(t, leg.Limits{})
		e := listen(s.Stream)
		c.Say(legtest.Tone(1100, time.Second, 8000)...)
		time.Sleep(200 * time.Millisecond)
		c.Lose(2)
		time.Sleep(1200 * time.Millisecond)
		q := s.Quality()
		if n := legtest.Count(e.frames(), 1100); q.Lost != 2 || q.Concealed < 2 || n < 45 {
			t.Errorf("%d frames of the tone, %+v", n, q)
		}
	})
}

// TestLead: the carrier is given 60 ms more than it plays, and not more; and nothing while nothing is said.
func TestLead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := byHand(t, leg.Limits{})
		h.read()
		time.Sleep(time.Second)
		if n := len(h.told("media")); n != 0 {
			t.Errorf("%d frames of silence were sent", n)
		}
		go func() {
			for _, f := range legtest.Tone(700, 2*time.Second, 8000) {
				_ = s.Play(t.Context(), f)
			}
		}()
		time.Sleep(510 * time.Millisecond)
		if n := len(h.told("media")); n < 25+3 || n > 26+3 {
			t.Errorf("%d frames after 510 ms", n)
		}
		time.Sleep(2 * time.Second)
		if n := len(h.told("media")); n != 100 {
			t.Errorf("%d frames of 100", n)
		}
	})
}

// TestMarks: a mark is heard when the carrier says so, and not before its sound was told of; one that is cleared is dropped, whatever is
// echoed later.
func TestMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := byHand(t, leg.Limits{})
		h.read()
		e := listen(s)
		name := func(i int) string {
			_, rest, _ := strings.Cut(h.told("mark")[i], `"name":"`)
			n, _, _ := strings.Cut(rest, `"`)
			return n
		}
		echo := func(n string) {
			h.say(`{"event":"mark","mark":{"name":"` + n + `"}}`)
			synctest.Wait()
		}
		play := func(n int, mark uint64) {
			for _, f := range legtest.Tone(700, time.Duration(n)*audio.FrameDur, 8000) {
				_ = s.Play(t.Context(), f)
			}
			_ = s.Mark(mark)
		}
		play(5, 1)
		play(5, 2)
		time.Sleep(400 * time.Millisecond)
		if got := e.marks(leg.Marked); len(got) != 0 {
			t.Errorf("%v were heard before the carrier said so", got)
		}
		for _, n := range []string{"x", "", "99", "-1", "18446744073709551615"} {
			echo(n)
		}
		if got := e.marks(leg.Marked); len(got) != 0 {
			t.Errorf("%v were heard by names of nobody's", got)
		}
		echo(name(1)) // the first was lost: what is played, is so in order
		if got := e.marks(leg.Marked); !slices.Equal(got, []uint64{1, 2}) {
			t.Errorf("heard %v", got)
		}
		play(5, 3)
		play(5, 4)
		time.Sleep(300 * time.Millisecond)
		if n := len(h.told("mark")); n != 4 {
			t.Fatalf("%d marks were given", n)
		}
		third, fourth := name(2), name(3)
		echo(third)
		if err := s.Clear(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		if len(h.told("clear")) != 1 {
			t.Error("the carrier was not told to forget")
		}
		echo(fourth)
		if got := e.marks(leg.Marked); !slices.Equal(got, []uint64{1, 2, 3}) {
			t.Errorf("heard %v", got)
		}
		if got := e.marks(leg.Dropped); !slices.Equal(got, []uint64{4}) {
			t.Errorf("dropped %v", got)
		}
		play(1, 5)
		time.Sleep(6 * time.Second) // a carrier that echoes nothing is not waited for without end
		if got := e.marks(leg.Marked); !slices.Equal(got, []uint64{1, 2, 3, 5}) {
			t.Errorf("heard %v", got)
		}
	})
}

// TestEarlyEcho: a carrier that echoes before its time does not have words counted as heard before they were played.
func TestEarlyEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := byHand(t, leg.Limits{})
		h.read()
		e := listen(s)
		for i := range uint64(10) {
			_ = s.Play(t.Context(), legtest.Tone(700, audio.FrameDur, 8000)[0])
			_ = s.Mark(i + 1)
		}
		time.Sleep(25 * time.Millisecond)
		for i := range 10 {
			h.say(`{"event":"mark","mark":{"name":"` + strconv.Itoa(i+1) + `"}}`)
		}
		synctest.Wait()
		e.mu.Lock()
		defer e.mu.Unlock()
		played := 0
		for _, ev := range e.evs {
			switch {
			case ev.Kind == leg.Played && legtest.Loud(ev.Frame):
				played++
			case ev.Kind == leg.Marked && int(ev.Mark) > played:
				t.Errorf("mark %d was heard after %d frames", ev.Mark, played)
			}
		}
	})
}

// TestClearEmptiesAll: what waits here, in the outbox of a slow far end and at the carrier is gone.
func TestClearEmptiesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := inMemory(t, leg.Limits{})
		e := listen(s.Stream)
		c.Stall(true)
		go func() {
			for i, f := range legtest.Tone(700, 800*time.Millisecond, 8000) {
				_ = s.Play(t.Context(), f)
				_ = s.Mark(uint64(i + 1))
			}
		}()
		time.Sleep(700 * time.Millisecond)
		_ = s.Clear()
		c.Stall(false)
		time.Sleep(500 * time.Millisecond)
		if n := len(c.Ear()); n > 20 { // what the socket had taken already, before it stalled
			t.Errorf("%d frames were heard", n)
		}
		heard, dropped := e.marks(leg.Marked), e.marks(leg.Dropped)
		if len(heard)+len(dropped) != 40 || len(heard) > 2 {
			t.Errorf("heard %v, dropped %v", heard, dropped)
		}
	})
}

// TestFarEndThatDoesNotRead is ended; the clock never waits for it.
func TestFarEndThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := inMemory(t, leg.Limits{})
		e := listen(s.Stream)
		c.Stall(true)
		go func() {
			for {
				if s.Play(context.Background(), legtest.Tone(700, audio.FrameDur, 8000)[0]) != nil {
					return
				}
			}
		}()
		time.Sleep(4 * time.Second)
		if n := len(e.of(leg.Played)); n < 195 || e.ended() != nil {
			t.Errorf("%d frames in 4 s, ended with %v", n, e.ended())
		}
		time.Sleep(4 * time.Second)
		var gone *leg.GoneError
		if !errors.As(e.ended(), &gone) || gone.Cause != parley.MediaTimeout {
			t.Errorf("ended with %v", e.ended())
		}
	})
}

// TestEnds: a stop is a goodbye, a socket that breaks is none.
func TestEnds(t *testing.T) {
	for stop, want := range map[string]string{`{"event":"stop"}`: "EOF", "": "leg ended: media_timeout"} {
		synctest.Test(t, func(t *testing.T) {
			s, h := byHand(t, leg.Limits{})
			h.read()
			e := listen(s)
			if stop != "" {
				h.say(stop)
			} else {
				h.socket.Close()
			}
			time.Sleep(time.Second)
			if err := e.ended(); err == nil || err.Error() != want {
				t.Errorf("%q: ended with %v, want %s", stop, err, want)
			}
			if err := s.Play(t.Context(), audio.Frame{}); err == nil {
				t.Error("it plays on")
			}
		})
	}
}

// unanswering is a socket whose far end answers no ping.
type unanswering struct{ stream.Socket }

func (unanswering) Ping(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestNoPong: a far end that answers no ping and sends sound is there; without either it is gone before MediaTimeout.
func TestNoPong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := streamtest.Pipe()
		c := streamtest.On(far, caller)
		clock := leg.NewClock()
		defer clock.Close()
		s := begin(t, unanswering{near}, clock, 0, leg.Limits{MediaTimeout: time.Hour})
		e := listen(s)
		time.Sleep(time.Minute)
		if err := e.ended(); err != nil {
			t.Fatalf("it is gone: %v", err)
		}
		c.Vanish()
		time.Sleep(40 * time.Second)
		if err := e.ended(); err == nil || err.Error() != "leg ended: media_timeout" {
			t.Errorf("it is there: %v", err)
		}
		s.Stop()
		c.Close()
	})
}

// TestNonsense: what is no message of the protocol is passed over.
func TestNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := byHand(t, leg.Limits{})
		h.read()
		e := listen(s)
		for _, text := range []string{``, `x`, `[]`, `{"event":7}`, `{"event":"media"}`, `{"event":"media","media":{"payload":"%%%"}}`, `{"event":"media","media":{"track":"outbound","chunk":"1","payload":"AAAA"}}`,
			`{"event":"media","media":{"payload":"` + strings.Repeat("A", 4000) + `"}}`, `{"event":"dtmf","dtmf":{"digit":"12"}}`, `{"event":"dtmf","dtmf":{"digit":"x"}}`, `{"event":"dtmf","dtmf":{"digit":"d"}}`,
			`{"event":"start","start":{}}`, `{"event":"mark"}`, `{"event":"media","media":{"chunk":"999999999999999","timestamp":"999999999999999","payload":"AAAA"}}`} {
			h.say(text)
		}
		time.Sleep(100 * time.Millisecond)
		if err := e.ended(); err != nil {
			t.Errorf("ended with %v", err)
		}
		if d := e.of(leg.DTMF); len(d) != 1 || d[0].Digit != 'D' {
			t.Errorf("digits %v", d)
		}
		if q := s.Quality(); q.Received != 1 {
			t.Errorf("%d packets", q.Received)
		}
	})
}

// TestDigitsByAnotherWay: they are given to whoever sends them, and what is played waits meanwhile.
func TestDigitsByAnotherWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := streamtest.Pipe()
		c := streamtest.On(far, caller)
		clock := leg.NewClock()
		if _, err := stream.Greet(t.Context(), near); err != nil {
			t.Fatal(err)
		}
		sent := make(chan string, 1)
		s := stream.New(near, stream.Options{Words: words, Clock: clock, Digits: func(d string) { sent <- d }})
		s.Begin()
		listen(s)
		_ = s.SendDTMF(t.Context(), "12")
		_ = s.Play(t.Context(), legtest.Tone(700, audio.FrameDur, 8000)[0])
		began := time.Now()
		if d := <-sent; d != "12" {
			t.Errorf("sent %q", d)
		}
		for len(c.Ear()) == 0 && time.Since(began) < 2*time.Second {
			time.Sleep(10 * time.Millisecond)
		}
		if d := time.Since(began); d < 500*time.Millisecond || d > time.Second || c.Digits() != "" {
			t.Errorf("after %v, and tones %q", d, c.Digits())
		}
		s.Tell(leg.Event{Kind: leg.Detected, Who: leg.MachineAnswered})
		s.Stop()
		c.Close()
		clock.Close()
	})
}

// TestGreet: who begins otherwise, or not at all, is sent away.
func TestGreet(t *testing.T) {
	for _, first := range []string{`{"event":"media"}`, `nonsense`, ``, `{"event":"connected"}{"event":"start"}`} {
		synctest.Test(t, func(t *testing.T) {
			near, far := streamtest.Pipe()
			if first != "" {
				_ = far.Write([]byte(first))
			}
			ctx, done := context.WithTimeout(t.Context(), 5*time.Second)
			defer done()
			if start, err := stream.Greet(ctx, near); err == nil {
				t.Errorf("%q was taken for %q", first, start)
			}
			if far.Write(nil) == nil {
				t.Error("the socket stays open")
			}
		})
	}
	near, far := streamtest.Pipe()
	go func() {
		for range 20 {
			_ = far.Write([]byte(`{"event":"connected"}`))
		}
	}()
	if _, err := stream.Greet(t.Context(), near); err == nil {
		t.Error("connected without end")
	}
}

func inbound(chunk, ms int, sound []byte) []byte {
	return fmt.Appendf(nil, `{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d","timestamp":"%d","payload":"%s"},"streamSid":"MZ1"}`, chunk+1, chunk, ms, b64(sound))
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
