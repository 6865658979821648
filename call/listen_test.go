package call

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

func still() error { return nil }

// tones says for each side of a WAV whether it carries 440 and 1000 Hz somewhere.
func tones(t *testing.T, wav []byte) (found [][2]bool, length time.Duration) {
	t.Helper()
	s, err := audio.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		t.Fatal(err)
	}
	found = make([][2]bool, s.Channels)
	for at := 0; at+s.Channels*1600 <= len(s.PCM); at += s.Channels * 1600 {
		for ch := range s.Channels {
			var part []int16
			for i := at + ch; i < at+s.Channels*1600; i += s.Channels {
				part = append(part, s.PCM[i])
			}
			for k, hz := range []float64{440, 1000} {
				found[ch][k] = found[ch][k] || audio.Goertzel(part, hz, s.Rate) > 0.3
			}
		}
	}
	return found, time.Duration(len(s.PCM)/s.Channels) * time.Second / audio.Rate
}

// TestListen: listeners hear both sides, mixed or apart, at the pace of the call and until it is over, also where nothing is recorded; whoever
// reads nothing costs the call nothing, and hears afterwards what is said then.
func TestListen(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.agent.EnableRecording = new(bool)
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(100 * time.Millisecond)
		id := b.rows.only(t).ID
		var mixed, apart, slow bytes.Buffer
		over := make(chan error, 3)
		go func() { over <- b.Listen(ctx, id, 1, &mixed, still) }()
		go func() { over <- b.Listen(ctx, id, 2, &apart, still) }()
		go func() {
			over <- b.Listen(ctx, id, 1, &slow, func() error {
				if slow.Len() > 1000 && slow.Len() < 60_000 {
					time.Sleep(5 * time.Second)
				}
				return nil
			})
		}()
		time.Sleep(2 * time.Second)
		p.SayTone(440, time.Second)
		time.Sleep(8 * time.Second)
		p.Hangup()
		<-done
		for range 3 {
			if err := <-over; err != nil {
				t.Error(err)
			}
		}
		if got, length := tones(t, mixed.Bytes()); got[0] != [2]bool{true, true} || length < 9*time.Second || length > 11*time.Second {
			t.Errorf("mixed: %v in %v", got, length)
		}
		if got, length := tones(t, apart.Bytes()); got[0] != [2]bool{true, false} || got[1] != [2]bool{false, true} || length < 9*time.Second || length > 11*time.Second {
			t.Errorf("apart: %v in %v", got, length)
		}
		if _, length := tones(t, slow.Bytes()); length < time.Second || length > 8*time.Second {
			t.Errorf("who read nothing for a while has %v", length)
		}
		if err := b.Listen(ctx, id, 1, &mixed, still); !parley.IsNotFound(err) {
			t.Errorf("a call that is over: %v", err)
		}
	})
}

// TestSoManyListen: as many as may, no more; one who leaves makes room, and one whose connection breaks is gone.
func TestSoManyListen(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(time.Second)
		id := b.rows.only(t).ID
		leaving, leave := context.WithCancel(ctx)
		over := make(chan error, maxListeners)
		for range maxListeners {
			go func() { over <- b.Listen(leaving, id, 1, new(bytes.Buffer), still) }()
		}
		time.Sleep(time.Second)
		var no *parley.Error
		if err := b.Listen(ctx, id, 1, new(bytes.Buffer), still); !errors.As(err, &no) || no.Status != 429 {
			t.Errorf("one more: %v", err)
		}
		leave()
		for range maxListeners {
			<-over
		}
		broken := errors.New("the connection is broken")
		if err := b.Listen(ctx, id, 1, new(bytes.Buffer), func() error { return broken }); !errors.Is(err, broken) {
			t.Error(err)
		}
		p.Hangup()
		<-done
	})
}

// TestEavesdropper: frames find their slot, late ones are left out, another leg goes on where the one before ended, and silence fills what is missing.
func TestEavesdropper(t *testing.T) {
	e := &eavesdropper{channels: 2, heard: time.Now()}
	frame := func(v int16) (f audio.Frame) {
		for i := range f {
			f[i] = v
		}
		return f
	}
	slots := func() (all [][2]int16) {
		const bytesOfSlot = audio.Samples * 4
		for at := 0; at+bytesOfSlot <= len(e.out); at += bytesOfSlot {
			all = append(all, [2]int16{int16(e.out[at]) | int16(e.out[at+1])<<8, int16(e.out[at+2]) | int16(e.out[at+3])<<8})
		}
		e.out = nil
		return all
	}
	give := func(slot int, v int16, agent bool) {
		e.take(&sound{frame: frame(v), at: time.Duration(slot) * audio.FrameDur, agent: agent})
	}
	for i := range 10 {
		give(100+i, int16(i+1), false)
		give(100+i, int16(-i-1), true)
	}
	got := slots()
	if len(got) != 5 || got[0] != [2]int16{1, -1} || got[4] != [2]int16{5, -5} {
		t.Errorf("%v", got)
	}
	give(101, 99, true) // long gone
	give(108, 77, false)
	give(0, 50, false) // another leg
	for i := range 6 {
		give(i+1, int16(51+i), false)
	}
	if got = slots(); len(got) != 7 || got[3] != [2]int16{77, -9} || got[5] != [2]int16{50, 0} {
		t.Errorf("%v", got)
	}
	e.silence(e.heard.Add(time.Second))
	if got = slots(); len(got) != 50 || got[49] != [2]int16{} {
		t.Errorf("%d slots of silence", len(got))
	}
}

// BenchmarkGive is what twenty listeners cost a call, a frame.
func BenchmarkGive(b *testing.B) {
	var l listeners
	for range 20 {
		c := make(chan sound, listenQueue)
		if _, ok := l.add(c); !ok {
			b.Fatal("no room")
		}
		go func() {
			for range c {
			}
		}()
	}
	e := leg.Event{Kind: leg.Audio, Frame: legtest.Tone(440, audio.FrameDur, 8000)[0]}
	b.ReportAllocs()
	for b.Loop() {
		l.give(&e)
	}
}

func TestListenersCostNoMemory(t *testing.T) {
	var l listeners
	if _, ok := l.add(make(chan sound, listenQueue)); !ok {
		t.Fatal("no room")
	}
	e := leg.Event{Kind: leg.Audio}
	if n := testing.AllocsPerRun(1000, func() { l.give(&e) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
