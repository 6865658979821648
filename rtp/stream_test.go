package rtp

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

func open(t testing.TB) *Stream {
	t.Helper()
	s, err := Open(Config{Local: loopback})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A wire is a bare socket at the far end.
type wire struct {
	*net.UDPConn
	t testing.TB
}

func openWire(t testing.TB) wire {
	t.Helper()
	c, err := listen(loopback, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return wire{c, t}
}

func (w wire) addr() netip.AddrPort { return w.LocalAddr().(*net.UDPAddr).AddrPort() }

// read takes the next packet; it must be there or come.
func (w wire) read() Packet {
	w.t.Helper()
	b := make([]byte, maxPacket)
	w.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := w.Read(b)
	if err != nil {
		w.t.Fatal(err)
	}
	var p Packet
	if err := p.Parse(b[:n]); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// empty tells that nothing has come; on loopback what was sent is there.
func (w wire) empty() bool {
	w.SetReadDeadline(time.Now().Add(20 * ms)) // one that has passed would read nothing at all
	_, err := w.Read(make([]byte, maxPacket))
	return err != nil
}

// calling is a stream that sends to a wire. Its sender thinks that every tick is on time.
func calling(t testing.TB, change func(*Agreed)) (*Stream, wire) {
	s, w := open(t), openWire(t)
	a := agreed
	a.Remote = w.addr()
	if change != nil {
		change(&a)
	}
	s.Start(a)
	return s, w
}

// tick sends a frame; the test may run as slowly as it likes.
func tick(t testing.TB, s *Stream, f *audio.Frame) {
	t.Helper()
	s.out.last = time.Time{}
	if err := s.Send(f); err != nil {
		t.Fatal(err)
	}
}

func TestSendNumbersItsPackets(t *testing.T) {
	for _, c := range []Codec{PCMU, PCMA} {
		s, w := calling(t, func(a *Agreed) { a.Codec, a.PayloadType = c, 8+uint8(c) })
		s.out.sequence, s.out.timestamp = 65530, 1<<32-500
		tone := audio.Sine(900, audio.Rate, -6)
		var f audio.Frame
		var heard []int16
		for i := range 20 {
			tone.Fill(f[:])
			tick(t, s, &f)
			p := w.read()
			wrapped := uint32(i*slot) - 500
			if p.Sequence != uint16(65530+i) || p.Timestamp != wrapped || p.SSRC != s.out.ssrc ||
				p.Marker != (i == 0) || p.PayloadType != 8+uint8(c) || len(p.Payload) != slot {
				t.Fatalf("packet %d: %+v", i, p)
			}
			if c == PCMA {
				heard = audio.DecodeAlaw(heard, p.Payload)
			} else {
				heard = audio.DecodeUlaw(heard, p.Payload)
			}
		}
		if share := audio.Goertzel(heard[slot:], 900, clock); share < 0.99 {
			t.Errorf("%v: the tone has %.3f of the energy", c, share)
		}
		if s.Stats().Sent != 20 {
			t.Errorf("%d sent", s.Stats().Sent)
		}
	}
}

func TestSendAfterAPause(t *testing.T) {
	s, w := calling(t, nil)
	var f audio.Frame
	tick(t, s, &f)
	first := w.read()
	s.out.last = time.Now().Add(-10 * time.Second)
	if err := s.Send(&f); err != nil {
		t.Fatal(err)
	}
	p := w.read()
	if away := p.Timestamp - first.Timestamp; away < 10*clock || away > 15*clock || away%slot != 0 || !p.Marker || p.Sequence != first.Sequence+1 {
		t.Errorf("10 s later: %d samples on, marker %v, sequence %d after %d", away, p.Marker, p.Sequence, first.Sequence)
	}
	// a clock that stood for a moment and makes up for it is no pause
	now := s.out.last
	before := s.out.timestamp
	for _, late := range []time.Duration{900 * ms, 900 * ms, 901 * ms} {
		s.out.catchUp(now.Add(late))
	}
	if s.out.timestamp != before {
		t.Errorf("a late tick moved the timestamp by %d", s.out.timestamp-before)
	}
}

func TestNothingIsSentWhileHeld(t *testing.T) {
	s, w := calling(t, func(a *Agreed) { a.Send = false })
	var f audio.Frame
	for range 5 {
		tick(t, s, &f)
	}
	if !w.empty() || s.Stats().Sent != 0 {
		t.Error("sent while held")
	}
	started := s.out.timestamp
	a := agreed
	a.Remote = w.addr()
	s.Update(a)
	tick(t, s, &f)
	if p := w.read(); !p.Marker || p.Timestamp != started {
		t.Errorf("resumed with %+v, the clock stands at %d", p, started)
	}
}

func TestNothingIsSentBeforeThereIsAnAddress(t *testing.T) {
	s := open(t)
	var f audio.Frame
	tick(t, s, &f) // not started
	s.Start(Agreed{Codec: PCMU, Send: true, Receive: true})
	tick(t, s, &f)
	if s.Stats().Sent != 0 {
		t.Error("sent to nowhere")
	}
}

func TestSendDigitsAsEvents(t *testing.T) {
	s, w := calling(t, nil)
	if err := s.SendDigits("5a"); err != nil {
		t.Fatal(err)
	}
	if err := s.SendDigits("?"); !errors.Is(err, ErrBadDigit) {
		t.Errorf("%v", err)
	}
	var f audio.Frame
	var r digitReader
	digits, events := "", 0
	var last Packet
	for i := range 20 {
		if sending := s.SendingDigits(); sending != (i < 16) {
			t.Errorf("tick %d: sending digits %v", i, sending)
		}
		tick(t, s, &f)
		p := w.read()
		if i > 0 && p.Sequence != last.Sequence+1 {
			t.Errorf("sequence %d after %d", p.Sequence, last.Sequence)
		}
		last = p
		if p.PayloadType == 101 {
			events++
			if d, ok := r.read(&p); ok {
				digits += string(d)
			}
		} else if want := s.out.timestamp - slot; p.Timestamp != want || (i == 16) != p.Marker {
			t.Errorf("sound after digits at %d, the clock says %d; marker %v", p.Timestamp, want, p.Marker)
		}
	}
	if digits != "5A" || events != 16 {
		t.Errorf("digits %q in %d packets", digits, events)
	}
}

func TestSendDigitsAsTones(t *testing.T) {
	s, w := calling(t, func(a *Agreed) { a.DTMFType = 0 })
	if err := s.SendDigits("3#"); err != nil {
		t.Fatal(err)
	}
	var f audio.Frame
	found := ""
	for range 18 {
		tick(t, s, &f)
		p := w.read()
		if p.PayloadType != 0 {
			t.Fatalf("type %d", p.PayloadType)
		}
		d := audio.FindDTMF(audio.DecodeUlaw(nil, p.Payload), clock)
		if d == 0 {
			d = '.'
		}
		found += string(d)
	}
	if found != "33333...#####....." {
		t.Errorf("heard %s", found)
	}
}

func TestSendFollowsTheLearntSource(t *testing.T) {
	s, w := calling(t, nil)
	nat := openWire(t)
	done := make(chan error, 1)
	go func() { done <- s.Receive(func(Received) {}) }()
	to := netip.AddrPortFrom(loopback, uint16(s.LocalPort()))
	for i := range learnAfter {
		p := Packet{Sequence: uint16(i), Timestamp: uint32(i * slot), Payload: make([]byte, slot)}
		if _, err := nat.WriteToUDPAddrPort(p.Append(nil), to); err != nil {
			t.Fatal(err)
		}
		time.Sleep(learnNear)
	}
	var f audio.Frame
	for s.Stats().Received == 0 {
		time.Sleep(ms)
	}
	for learnt := false; !learnt; time.Sleep(ms) { // the address follows the packet that proved it
		s.out.mu.Lock()
		learnt = s.out.to == nat.addr()
		s.out.mu.Unlock()
	}
	tick(t, s, &f)
	nat.read()
	if !w.empty() {
		t.Error("still sent to the address in the SDP")
	}
	s.Close()
	if err := <-done; err != nil {
		t.Errorf("Receive returned %v", err)
	}
}

func TestSendErrorIsReported(t *testing.T) {
	s, _ := calling(t, nil)
	s.Close()
	var f audio.Frame
	if err := s.Send(&f); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

// Each end plays its own tone and presses keys, and the other must find both.
func TestTwoStreamsHearEachOther(t *testing.T) {
	type end struct {
		*Stream
		mu    sync.Mutex // guards what follows
		heard []int16
		keys  string
	}
	tones := [2]float64{440, 620}
	keys := [2]string{"12", "#9"}
	var ends [2]*end
	for i := range ends {
		ends[i] = &end{Stream: open(t)}
	}
	emit := func(e *end) func(Received) {
		return func(r Received) {
			e.mu.Lock()
			defer e.mu.Unlock()
			switch {
			case r.Kind == Digit:
				e.keys += string(r.Digit)
			case !r.Concealed:
				e.heard = append(e.heard, r.Frame[:]...)
			}
		}
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for i, e := range ends {
		a := agreed
		a.Remote = netip.AddrPortFrom(loopback, uint16(ends[1-i].LocalPort()))
		e.Start(a)
		wg.Go(func() {
			if err := e.Receive(emit(e)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			tone := audio.Sine(tones[i], audio.Rate, -6)
			var f audio.Frame
			clock := time.NewTicker(audio.FrameDur)
			defer clock.Stop()
			for n := 0; ; n++ {
				var now time.Time
				select {
				case <-stop:
					return
				case now = <-clock.C:
				}
				tone.Fill(f[:])
				if n == 20 {
					e.SendDigits(keys[i])
				}
				if err := e.Send(&f); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				e.Tick(now, emit(e))
			}
		})
	}
	for done, tries := false, 0; !done && tries < 2000; time.Sleep(10 * ms) {
		done = true
		tries++
		for i, e := range ends {
			e.mu.Lock()
			done = done && len(e.heard) >= 40*audio.Samples && e.keys == keys[1-i]
			e.mu.Unlock()
		}
	}
	close(stop)
	for _, e := range ends {
		e.Close()
	}
	wg.Wait()
	for i, e := range ends {
		best, other := 0.0, 0.0
		for at := 0; at+5*audio.Samples <= len(e.heard); at += audio.Samples {
			part := e.heard[at : at+5*audio.Samples]
			best = max(best, audio.Goertzel(part, tones[1-i], audio.Rate))
			other = max(other, audio.Goertzel(part, tones[i], audio.Rate))
		}
		if e.keys != keys[1-i] {
			t.Errorf("end %d heard the keys %q", i, e.keys)
		}
		if best < 0.99 || other > 0.1 {
			t.Errorf("end %d heard %.3f of the other's tone and %.3f of its own", i, best, other)
		}
		if s := e.Stats(); s.Foreign+s.Invalid != 0 || s.Received == 0 {
			t.Errorf("end %d: %+v", i, s)
		}
	}
}

func TestCloseEndsReceive(t *testing.T) {
	s := open(t)
	done := make(chan error)
	go func() { done <- s.Receive(func(Received) {}) }()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Errorf("Receive: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

func TestStreamAllocatesNothing(t *testing.T) {
	s, w := calling(t, nil)
	var f audio.Frame
	audio.Sine(440, audio.Rate, -6).Fill(f[:])
	buf := make([]byte, maxPacket)
	emit := func(Received) {}
	from := w.addr()
	w.SetReadDeadline(time.Now().Add(time.Minute))
	// what is sent comes back as the far end's: both ways, system calls included
	if n := testing.AllocsPerRun(300, func() {
		if err := s.Send(&f); err != nil {
			t.Fatal(err)
		}
		n, at, err := w.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatal(err)
		}
		_ = at
		s.in.take(time.Now(), from, buf[:n], emit)
		s.Tick(time.Now(), emit)
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
	if n := s.Stats().Received; n < 300 {
		t.Errorf("%d received", n)
	}
}

func TestStreamIsSmall(t *testing.T) {
	const n = 64
	open(t).Close() // shared tables exist
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var all [n]*Stream
	for i := range all {
		all[i] = open(t)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / n; each > 40<<10 {
		t.Errorf("%d bytes of heap for a stream", each)
	} else {
		t.Logf("%d bytes of heap for a stream", each)
	}
	runtime.KeepAlive(all)
}

func TestCodecNames(t *testing.T) {
	if PCMU.String() != "PCMU" || PCMA.String() != "PCMA" || !strings.Contains(Codec(0).String(), "?") {
		t.Error("a codec has the wrong name")
	}
	if PCMU.PayloadType() != 0 || PCMA.PayloadType() != 8 {
		t.Error("a codec has the wrong type")
	}
}

func BenchmarkStreamSend(b *testing.B) {
	s, w := calling(b, nil)
	go func() {
		buf := make([]byte, maxPacket)
		for {
			if _, err := w.Read(buf); err != nil {
				return
			}
		}
	}()
	var f audio.Frame
	audio.Sine(440, audio.Rate, -6).Fill(f[:])
	b.ReportAllocs()
	for b.Loop() {
		s.Send(&f)
	}
}

func BenchmarkStreamReceive(b *testing.B) {
	s, w := calling(b, nil)
	got := make(chan struct{}, 1)
	go s.Receive(func(Received) {
		select {
		case got <- struct{}{}:
		default:
		}
	})
	to := netip.AddrPortFrom(loopback, uint16(s.LocalPort()))
	p := Packet{Payload: make([]byte, slot)}
	buf := make([]byte, 0, 200)
	start := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		p.Sequence++
		p.Timestamp += slot
		s.in.mu.Lock()
		s.in.start = start.Add(-time.Duration(s.in.buffer.line.slots) * audio.FrameDur) // time flies
		start = time.Now()
		s.in.mu.Unlock()
		buf = p.Append(buf[:0])
		w.WriteToUDPAddrPort(buf, to)
		<-got
	}
}
