package rtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"

	"github.com/parley-voice/parley/hammer"
)

func TestControlIsReadAsItWasWritten(t *testing.T) {
	s := &info{ntp: 0x0123456789abcdef, timestamp: 7, packets: 8, octets: 9}
	on := &block{ssrc: 77, fraction: 200, lost: -5, highest: 1<<16 | 2, jitter: 33, lastSR: 44, delay: 55}
	for _, cname := range []string{"a", "ab", "abc", "abcd", "abcdefghijklmnop"} {
		for _, c := range []struct {
			s   *info
			on  *block
			bye bool
		}{{s, on, true}, {nil, on, false}, {s, nil, false}, {nil, nil, true}} {
			b := appendControl(nil, 99, c.s, c.on, cname, c.bye)
			if len(b) > maxControl || len(b)%4 != 0 || !isRTCP(b) {
				t.Fatalf("%d bytes", len(b))
			}
			var got control
			if err := got.parse(b, 77); err != nil {
				t.Fatalf("%q: %v", cname, err)
			}
			want := control{from: 99, sends: c.s != nil, reports: c.on != nil, bye: c.bye}
			if c.s != nil {
				want.info = *c.s
			}
			if c.on != nil {
				want.block = *c.on
			}
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			if err := got.parse(b, 78); err != nil || got.reports {
				t.Errorf("a report on another is taken for one on us: %+v, %v", got, err)
			}
			if at := bytes.Index(b, append([]byte{sdesCNAME, byte(len(cname))}, cname...)); at < 0 || b[at+2+len(cname)] != 0 {
				t.Errorf("no CNAME %q in % x", cname, b)
			}
		}
	}
}

func TestControlThatDoesNotAddUp(t *testing.T) {
	good := appendControl(nil, 99, &info{}, &block{ssrc: 77}, "name", true)
	for n := range good {
		var c control
		whole := n == 0 || n == controlLen+infoLen+blockLen || n == len(good)-8 // compounds of fewer packets
		if err := c.parse(good[:n], 77); (err == nil) != (whole && n > 0) {
			t.Errorf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	for name, change := range map[string]func(b []byte){
		"version": func(b []byte) { b[0] &= 0x3f }, "blocks": func(b []byte) { b[0] |= 2 }, "padding in the first": func(b []byte) { b[0] |= 0x20 },
		"length": func(b []byte) { b[3] = 200 }, "short SR": func(b []byte) { b[3] = 1 }, "length 65535": func(b []byte) { b[2], b[3] = 255, 255 },
	} {
		b := bytes.Clone(good)
		change(b)
		if err := new(control).parse(b, 77); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	// what we do not know is passed over; RFC 5506's single packets are taken
	odd := []byte{0x81, 206, 0, 2, 0, 0, 0, 5, 0, 0, 0, 6}
	var c control
	if err := c.parse(append(odd, good...), 77); err != nil || !c.reports || c.from != 5 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTimesOfReports(t *testing.T) {
	at := time.Date(2026, 11, 27, 3, 0, 0, 500_000_000, time.UTC)
	if v := ntp(at); uint32(v) != 1<<31 || v>>32 != uint64(at.Unix()+2208988800) {
		t.Errorf("%x", v)
	}
	if d := int32(middle(ntp(at.Add(1500*ms))) - middle(ntp(at))); long(uint32(d)) != 1500*ms {
		t.Errorf("%v", long(uint32(d)))
	}
	if short(-time.Second) != 0 || short(250*ms) != 1<<14 {
		t.Errorf("%d, %d", short(-time.Second), short(250*ms))
	}
}

func TestReceptionCounts(t *testing.T) {
	var r reception
	if _, ok := r.report(0); ok {
		t.Error("a report on nothing")
	}
	count := func(from, n int, but ...int) {
		for i := range n {
			if s := from + i; len(but) == 0 || s != but[0] && s != but[len(but)-1] {
				r.count(5, uint16(s))
			}
		}
	}
	count(65530, 10)
	if b, ok := r.report(8); !ok || b != (block{ssrc: 5, highest: 1<<16 | 3, jitter: 8}) {
		t.Errorf("%+v", b)
	}
	count(65540, 16, 65545, 65550)
	if b, _ := r.report(0); b.lost != 2 || b.fraction != 2*256/16 || b.highest != 1<<16|19 {
		t.Errorf("two of 16 lost: %+v", b)
	}
	r.count(5, 65545&0xffff) // late, and yet it came
	count(65556, 10)
	if b, _ := r.report(0); b.lost != 1 || b.fraction != 0 {
		t.Errorf("one came after all: %+v", b)
	}
	for range 5 {
		r.count(5, 65565&0xffff)
	}
	if b, _ := r.report(0); b.lost != -4 || b.fraction != 0 {
		t.Errorf("doubles: %+v", b)
	}
	count(30000, 5) // a restart, or another source, is counted anew
	if b, _ := r.report(0); b.lost != 0 || b.highest != 30004 {
		t.Errorf("a restart: %+v", b)
	}
	r.count(6, 100)
	if b, _ := r.report(0); b.ssrc != 6 || b.highest != 100 || b.lost != 0 {
		t.Errorf("another source: %+v", b)
	}
}

// readControlPacket reads the next RTCP at a bare socket.
func (w wire) readControl(ours uint32) (c control, from netip.AddrPort) {
	w.t.Helper()
	b := make([]byte, maxPacket)
	w.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, from, err := w.ReadFromUDPAddrPort(b)
	if err != nil {
		w.t.Fatal(err)
	}
	if !isRTCP(b[:n]) {
		w.t.Fatalf("not RTCP: % x", b[:n])
	}
	if err := c.parse(b[:n], ours); err != nil {
		w.t.Fatal(err)
	}
	return c, from
}

// pair opens bare sockets at an even port and the one above it.
func pair(t testing.TB) (even, odd wire) {
	for range 100 {
		even := openWire(t)
		if even.addr().Port()&1 != 0 {
			continue
		}
		if odd := listenAbove(loopback, int(even.addr().Port())); odd != nil {
			t.Cleanup(func() { odd.Close() })
			return even, wire{odd, t}
		}
	}
	t.Fatal("no pair of ports")
	return
}

// openPair opens a stream that has the port above its own.
func openPair(t *testing.T) *Stream {
	t.Helper()
	lo, hi := freeRange(t, 20)
	ports := NewPorts(lo, hi)
	for range 10 {
		s, err := Open(Config{Local: loopback, Ports: ports})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if s.rtcp.odd != nil {
			return s
		}
	}
	t.Fatal("no pair of ports")
	return nil
}

func TestReportsGoByThePortAbove(t *testing.T) {
	s, far := openPair(t), openWire(t)
	even, odd := pair(t)
	_ = far
	a := agreed
	a.Remote = even.addr()
	s.Start(a)
	go s.Receive(func(Received) {})
	var f audio.Frame
	for range 5 {
		tick(t, s, &f)
	}
	s.in.take(time.Now(), even.addr(), (&Packet{SSRC: 44, Sequence: 9, Payload: make([]byte, slot)}).Append(nil), func(Received) {})
	s.report(false)
	c, from := odd.readControl(44)
	if int(from.Port()) != s.LocalPort()+1 || c.from != s.out.ssrc || !c.sends || c.info.packets != 5 || c.info.octets != 5*slot ||
		c.info.timestamp != s.out.timestamp || !c.reports || c.block.highest != 9 || c.block.lastSR != 0 {
		t.Errorf("from %v: %+v", from, c)
	}
	// the answer, 30 ms later by its own word
	reply := appendControl(nil, 44, &info{ntp: 0xaaaa_bbbb_cccc_dddd}, &block{ssrc: s.out.ssrc, lost: 1, fraction: 64,
		highest: uint32(s.out.first) + 3, jitter: 80, lastSR: middle(c.info.ntp), delay: 0}, "x", false)
	time.Sleep(5 * ms)
	if _, err := odd.WriteToUDPAddrPort(reply, from); err != nil {
		t.Fatal(err)
	}
	for tries := 0; s.Stats().FarLost == 0 && tries < 1000; tries++ {
		time.Sleep(ms)
	}
	st := s.Stats()
	if st.FarLost != 0.25 || st.FarJitter != 10*ms || st.RoundTrip < 4*ms || st.RoundTrip > 10*time.Second || st.Codec != PCMU {
		t.Errorf("%+v", st)
	}
	s.report(false)
	if c, _ := odd.readControl(44); c.sends || c.block.lastSR != 0xbbbb_cccc {
		t.Errorf("nothing was sent since: %+v", c)
	}
	s.Close()
	if c, _ := odd.readControl(44); !c.bye {
		t.Errorf("no BYE: %+v", c)
	}
}

func TestReportsThatShareThePort(t *testing.T) {
	s, w := openPair(t), openWire(t)
	a := agreed
	a.Remote, a.RTCPMux = w.addr(), true
	s.Start(a)
	done := make(chan error)
	go func() { done <- s.Receive(func(Received) {}) }()
	var f audio.Frame
	tick(t, s, &f)
	w.read()
	s.report(false)
	c, from := w.readControl(0)
	if int(from.Port()) != s.LocalPort() || !c.sends || c.reports {
		t.Errorf("from %v: %+v", from, c)
	}
	reply := appendControl(nil, 44, nil, &block{ssrc: s.out.ssrc, lost: 3, highest: uint32(s.out.first)}, "x", false)
	if _, err := w.WriteToUDPAddrPort(reply, from); err != nil {
		t.Fatal(err)
	}
	for tries := 0; s.Stats().FarLost == 0 && tries < 1000; tries++ {
		time.Sleep(ms)
	}
	if st := s.Stats(); st.FarLost != 1 || st.RoundTrip != 0 || st.Invalid+st.Foreign != 0 {
		t.Errorf("%+v", st)
	}
	if err := s.rtcp.odd.SetReadDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the port above is kept: %v", err)
	}
	s.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWhereReportsGo(t *testing.T) {
	r := newReporter(nil)
	a := Agreed{Remote: named, RTCP: netip.MustParseAddrPort("192.0.2.9:7777")}
	for _, c := range []struct {
		name   string
		change func()
		sound  netip.AddrPort
		want   string
	}{
		{"said in the SDP", func() {}, named, "192.0.2.9:7777"},
		{"behind a NAT", func() {}, natted, "203.0.113.9:61235"},
		{"by default", func() { a.RTCP = netip.AddrPort{} }, named, "192.0.2.1:4001"},
		{"the last port", func() {}, netip.AddrPortFrom(named.Addr(), 65535), "invalid AddrPort"},
		{"heard from there", func() { r.heard = natted }, named, "203.0.113.9:61234"},
		{"shared", func() { a.RTCPMux = true }, named, "192.0.2.1:4000"},
		{"nowhere", func() { a.RTCPMux = false }, netip.AddrPort{}, "invalid AddrPort"},
	} {
		c.change()
		if got := r.to(&a, c.sound).String(); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestRTCPAttributeIsHonouredAndChecked(t *testing.T) {
	for line, want := range map[string]string{
		"a=rtcp:5005":                      "1.2.3.4:5005",
		"a=rtcp:5005 IN IP4 1.2.3.9":       "1.2.3.9:5005",
		"a=rtcp:5005 IN IP4 224.0.0.1":     "invalid AddrPort",
		"a=rtcp:5005 IN IP4 127.0.0.1":     "invalid AddrPort",
		"a=rtcp:20003 IN IP4 198.51.100.7": "invalid AddrPort",
		"a=x":                              "invalid AddrPort",
	} {
		l := us
		l.Peer = netip.MustParseAddr("203.0.113.9")
		_, a, err := Answer(parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0", line)), l)
		if err != nil || a.RTCP.String() != want {
			t.Errorf("%s: %v, %v", line, a.RTCP, err)
		}
	}
}

func TestReportsComeAboutEvery5s(t *testing.T) {
	r := newReporter(nil)
	now := time.Now()
	r.agree(now, agreed, false)
	var at []time.Time
	for i := range 50 * 600 {
		if tick := now.Add(time.Duration(i) * audio.FrameDur); r.isDue(tick) {
			at = append(at, tick)
		}
	}
	if n := len(at); n < 100 || n > 145 {
		t.Errorf("%d reports in 10 min", n)
	}
	if d := at[0].Sub(now); d > 4*time.Second {
		t.Errorf("the first after %v", d)
	}
	least, most := time.Hour, time.Duration(0)
	for i := 1; i < len(at); i++ {
		least, most = min(least, at[i].Sub(at[i-1])), max(most, at[i].Sub(at[i-1]))
	}
	if least < 2500*ms || most > 7520*ms || most-least < time.Second {
		t.Errorf("%v to %v apart", least, most)
	}
}

func TestFiguresOfTheFarEndAreChecked(t *testing.T) {
	r, now := newReporter(nil), time.Now()
	take := func(b block) Stats {
		r.take(now, named, &control{reports: true, block: b}, clock, 1000)
		var s Stats
		r.figures(&s)
		return s
	}
	if s := take(block{lost: 1 << 22, highest: 1009}); s.FarLost != 1 {
		t.Errorf("more lost than sent: %v", s.FarLost)
	}
	if s := take(block{lost: -7, highest: 1009}); s.FarLost != 0 {
		t.Errorf("doubles: %v", s.FarLost)
	}
	if s := take(block{lost: 5, highest: 1009}); s.FarLost != 0.5 {
		t.Errorf("half: %v", s.FarLost)
	}
	if s := take(block{lost: 9, highest: 5}); s.FarLost != 0.5 {
		t.Errorf("of what was never sent: %v", s.FarLost)
	}
	if s := take(block{jitter: math.MaxUint32, highest: 1009, lastSR: 12345}); s.FarJitter > mostTrip || s.RoundTrip != 0 {
		t.Errorf("of a report we never sent: %+v", s)
	}
	r.sent[0] = middle(ntp(now.Add(-50 * ms)))
	if s := take(block{lastSR: r.sent[0], delay: short(20 * ms), highest: 1009}); s.RoundTrip < 29*ms || s.RoundTrip > 31*ms {
		t.Errorf("round trip %v", s.RoundTrip)
	}
	if s := take(block{lastSR: r.sent[0], delay: short(time.Hour), highest: 1009}); s.RoundTrip < 29*ms || s.RoundTrip > 31*ms {
		t.Errorf("a delay longer than the time that went by: %v", s.RoundTrip)
	}
}

func TestControlOfStrangersIsNotTaken(t *testing.T) {
	s, _ := calling(t, func(a *Agreed) { a.Remote = named })
	b := appendControl(nil, 44, nil, &block{ssrc: s.out.ssrc, lost: 1, highest: uint32(s.out.first)}, "x", false)
	s.hearControl(time.Now(), stranger, b)
	if st := s.Stats(); st.FarLost != 0 || st.Foreign != 1 {
		t.Errorf("%+v", st)
	}
	s.hearControl(time.Now(), netip.AddrPortFrom(named.Addr(), 9), b[:len(b)-4])
	if st := s.Stats(); st.FarLost != 0 || st.Invalid != 1 {
		t.Errorf("%+v", st)
	}
	s.hearControl(time.Now(), netip.AddrPortFrom(named.Addr(), 9), b)
	if st := s.Stats(); st.FarLost != 1 {
		t.Errorf("%+v", st)
	}
	for i := range 15 {
		s.in.take(time.Now().Add(time.Duration(i)*20*ms), natted, (&Packet{Sequence: uint16(i), Payload: make([]byte, slot)}).Append(nil), func(Received) {})
	}
	before := s.Stats().Foreign
	s.hearControl(time.Now(), named, b) // the far end is elsewhere, as has been learnt
	if st := s.Stats(); st.Foreign != before+1 {
		t.Errorf("%+v", st)
	}
}

func TestReportAllocatesNothing(t *testing.T) {
	s, w := calling(t, nil)
	from := w.addr()
	b := appendControl(nil, 44, &info{}, &block{ssrc: s.out.ssrc, lost: 1, highest: uint32(s.out.first)}, "x", false)
	if n := testing.AllocsPerRun(100, func() {
		s.report(false)
		s.hearControl(time.Now(), from, b)
		s.Stats()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Keys pressed on a line without telephone-event come as tones; a far end that sends events after all is heard by those alone.
func TestDigitsInTheSound(t *testing.T) {
	for _, c := range all {
		a := agreed
		a.Codec, a.PayloadType, a.OpusType, a.DTMFType, a.Tones = c, c.PayloadType(), offeredOpus, 0, true
		e := newEar(a)
		var enc encoder
		enc.down = audio.NewResampler(audio.Rate, clock)
		enc.set(c, 20)
		sequence := uint16(0)
		for _, key := range "150#" {
			tone, _ := audio.DTMF(byte(key), audio.Rate)
			for i := range 15 {
				var f audio.Frame
				if i < 6 {
					tone.Fill(f[:])
				}
				enc.write(&f, nil)
				payload, _ := enc.next(nil, false)
				e.hear(named, Packet{PayloadType: c.PayloadType(), Sequence: sequence, Timestamp: uint32(sequence) * slot * c.units(), Payload: payload})
				sequence++
				e.step()
			}
		}
		if e.digits != "150#" {
			t.Errorf("%v: digits %q", c, e.digits)
		}
	}
	a := agreed
	a.Tones = true
	e := newEar(a)
	for i, p := range pressed("9", 0) {
		p.PayloadType, p.Sequence = 101, uint16(i)
		e.hear(named, p)
	}
	if e.digits != "9" || e.buffer.line.tones != nil {
		t.Errorf("digits %q, tones still looked for: %v", e.digits, e.buffer.line.tones != nil)
	}
}

func reports() [][]byte {
	return [][]byte{
		appendControl(nil, 99, &info{packets: 3}, &block{ssrc: 77, lost: 4}, "name", true),
		appendControl(nil, 99, nil, nil, "", false),
		{0x81, 206, 0, 2, 0, 0, 0, 5, 0, 0, 0, 6},
	}
}

func FuzzRTCP(f *testing.F) {
	for _, b := range reports() {
		f.Add(b)
	}
	f.Fuzz(reported)
}

func TestHammerRTCP(t *testing.T) {
	hammer.Strike(t, reports(), func(b []byte) { reported(t, b) })
}

func reported(t *testing.T, b []byte) {
	var c control
	if c.parse(b, 77) != nil {
		return
	}
	r := newReporter(nil)
	r.sent[0] = binary.BigEndian.Uint32(append(b, 0, 0, 0, 1))
	r.take(time.Now(), named, &c, clock, 1)
	var s Stats
	if r.figures(&s); s.FarLost < 0 || s.FarLost > 1 || s.FarJitter < 0 || s.RoundTrip < 0 || s.RoundTrip > mostTrip {
		t.Fatalf("%+v", s)
	}
}
