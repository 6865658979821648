package rtp

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// spoken sends seconds of a tone by a codec and gives the packets; the arrival times are those of their ticks since the first.
func spoken(t testing.TB, c Codec, ptime int, hz float64, seconds int) (packets []Packet, ticks []int) {
	t.Helper()
	s, w := calling(t, func(a *Agreed) { a.Codec, a.PayloadType, a.Ptime = c, c.PayloadType(), ptime })
	tone := audio.Sine(hz, audio.Rate, -12)
	var f audio.Frame
	for i := range seconds * 50 {
		tone.Fill(f[:])
		before := s.Stats().Sent
		tick(t, s, &f)
		for range s.Stats().Sent - before {
			packets, ticks = append(packets, w.read()), append(ticks, i)
		}
	}
	return packets, ticks
}

// heardAs plays packets to an ear at the ticks they were sent.
func heardAs(c Codec, packets []Packet, ticks []int) *ear {
	a := agreed
	a.Codec, a.PayloadType, a.OpusType = c, c.PayloadType(), offeredOpus
	e := newEar(a)
	for i, at := 0, 0; i < len(packets); at++ {
		for ; i < len(packets) && ticks[i] == at; i++ {
			e.hear(named, packets[i])
		}
		e.step()
	}
	return e
}

func (e *ear) share(hz float64, from, to int) float64 {
	var pcm []int16
	for _, f := range e.frames[from:to] {
		pcm = append(pcm, f.Frame[:]...)
	}
	return audio.Goertzel(pcm, hz, audio.Rate)
}

func TestEveryCodecAtEveryPacketTime(t *testing.T) {
	for _, c := range all {
		for _, ptime := range []int{10, 20, 30, 40, 50, 60} {
			packets, ticks := spoken(t, c, ptime, 700, 2)
			want := c.ptime(ptime, 0)
			for i, p := range packets {
				if i > 0 && (p.Sequence != packets[i-1].Sequence+1 || p.Timestamp-packets[i-1].Timestamp != uint32(want*perMs)*c.units()) {
					t.Fatalf("%v at %d ms: packet %d goes on with %d at %d", c, ptime, i, p.Sequence, p.Timestamp)
				}
				if got := c.ticks(p.Payload); got != want*perMs || p.PayloadType != c.PayloadType() || p.Marker != (i == 0) {
					t.Fatalf("%v at %d ms: packet %d is of %d samples, type %d", c, ptime, i, got, p.PayloadType)
				}
			}
			if n := len(packets); n != 2000/want {
				t.Errorf("%v at %d ms: %d packets", c, ptime, n)
			}
			e := heardAs(c, packets, ticks)
			if s := e.stats(); s.Lost+s.Late+s.Invalid != 0 || e.whole() < 2000/want*want/20-1 {
				t.Errorf("%v at %d ms: %d frames whole, %+v", c, ptime, e.whole(), s)
			}
			if share := e.share(700, 10, 90); share < 0.97 {
				t.Errorf("%v at %d ms: the tone has %.3f of the energy", c, ptime, share)
			}
		}
	}
}

// A tone above 4 kHz comes through what is called wideband, and not through G.711.
func TestWidebandIsWide(t *testing.T) {
	for c, wide := range map[Codec]bool{PCMU: false, G722: true, Opus: true} {
		packets, ticks := spoken(t, c, 20, 5500, 2)
		e := heardAs(c, packets, ticks)
		if share := e.share(5500, 10, 90); (share > 0.8) != wide {
			t.Errorf("%v: 5.5 kHz has %.2f of the energy", c, share)
		}
	}
}

// The far end may change the packet time as it goes.
func TestPacketTimeThatChanges(t *testing.T) {
	for _, c := range all {
		a := agreed
		a.Codec, a.PayloadType, a.OpusType = c, c.PayloadType(), offeredOpus
		e := newEar(a)
		s, w := calling(t, func(a *Agreed) { a.Codec, a.PayloadType = c, c.PayloadType() })
		tone := audio.Sine(700, audio.Rate, -12)
		var f audio.Frame
		for i := range 300 {
			if i%30 == 0 {
				s.out.voice.set(c, []int{10, 60, 20, 40, 30}[i/30%5])
			}
			tone.Fill(f[:])
			before := s.Stats().Sent
			tick(t, s, &f)
			for range s.Stats().Sent - before {
				e.hear(named, w.read())
			}
			e.step()
		}
		if st := e.stats(); st.Lost+st.Late+st.Invalid != 0 || len(e.frames) < 296 || e.share(700, 10, 290) < 0.95 {
			t.Errorf("%v: %d frames, share %.3f, %+v", c, len(e.frames), e.share(700, 10, 290), st)
		}
	}
}

// By its payload type the far end changes codec from one packet to the next.
func TestCodecThatChangesMidCall(t *testing.T) {
	a := agreed
	a.Codec, a.PayloadType, a.OpusType = G722, 9, 96
	e := newEar(a)
	var f audio.Frame
	tone := audio.Sine(700, audio.Rate, -12)
	sequence, timestamp := uint16(0), uint32(7)
	var enc encoder
	enc.down = audio.NewResampler(audio.Rate, clock)
	for i := range 400 {
		c := []Codec{G722, PCMU, Opus, PCMA, Opus, G722, PCMA, PCMU}[i/50]
		enc.set(c, 20)
		tone.Fill(f[:])
		enc.write(&f, nil)
		payload, n := enc.next(nil, false)
		pt := c.PayloadType()
		if c == Opus {
			pt = 96
		}
		e.hear(named, Packet{PayloadType: pt, Sequence: sequence, Timestamp: timestamp, Payload: payload})
		sequence++
		timestamp += uint32(n) * c.units()
		e.step()
	}
	if st := e.stats(); st.Lost+st.Late+st.Invalid+st.Concealed != 0 || e.whole() != 400 {
		t.Errorf("%d frames, %+v", e.whole(), st)
	}
	for i := range 8 {
		if share := e.share(700, 50*i+10, 50*i+50); share < 0.97 {
			t.Errorf("the codec of number %d: the tone has %.3f of the energy", i, share)
		}
	}
	natural := 2 * math.Pi * 700 / audio.Rate * 32767 * math.Pow(10, -12.0/20)
	if s := steepest(e.frames[1:]); float64(s) > 4*natural {
		t.Errorf("a step of %d where the tone's are %.0f", s, natural)
	}
}

// Another SSRC, another count of packets, another count of time: the sound is there again within 100 ms, and there is no noise.
func TestJumpsAreFollowedByEveryCodec(t *testing.T) {
	for _, c := range all {
		for name, jump := range map[string]func(p *Packet){
			"SSRC":          func(p *Packet) { p.SSRC, p.Sequence, p.Timestamp = 99, p.Sequence+30000, p.Timestamp+1<<31 },
			"SSRC alone":    func(p *Packet) { p.SSRC = 99 },
			"timestamp":     func(p *Packet) { p.Timestamp += 1 << 30 },
			"timestamp ago": func(p *Packet) { p.Timestamp -= 1 << 30 },
			"an hour":       func(p *Packet) { p.Timestamp += uint32(3600 * c.rate()) },
			"sequence":      func(p *Packet) { p.Sequence += 20000 },
			"sequence ago":  func(p *Packet) { p.Sequence -= 20000 },
			"restart":       func(p *Packet) { p.Sequence, p.Timestamp = p.Sequence+10000, p.Timestamp+123456789 },
		} {
			packets, ticks := spoken(t, c, 20, 700, 4)
			for i := 100; i < 200; i++ {
				jump(&packets[i])
			}
			e := heardAs(c, packets, ticks)
			if len(e.frames) < 198 || len(e.frames) > 201 {
				t.Errorf("%v, %s: %d frames in 200 ticks", c, name, len(e.frames))
				continue
			}
			for i := 20; i < 195; i++ {
				if i >= 100 && i < 105 { // 100 ms
					continue
				}
				if share := e.share(700, i, i+1); share < 0.9 {
					t.Errorf("%v, %s: in frame %d the tone has %.3f of the energy", c, name, i, share)
					break
				}
			}
			for i := 99; i < 106; i++ {
				if d := e.frames[i].Frame.DBFS(); d > -12 {
					t.Errorf("%v, %s: frame %d is at %.0f dBFS", c, name, i, d)
				}
			}
		}
	}
}

// What is lost is made up so that the tone goes on, by every codec; a long loss ends in silence.
func TestEveryCodecConceals(t *testing.T) {
	for _, c := range all {
		packets, ticks := spoken(t, c, 20, 400, 4)
		var kept []Packet
		var at []int
		for i, p := range packets {
			if i%20 == 10 || i >= 150 && i < 170 {
				continue
			}
			kept, at = append(kept, p), append(at, ticks[i])
		}
		e := heardAs(c, kept, at)
		for i := 30; i < 140; i += 20 { // the codecs start up in the first half second
			f, share := &e.frames[i], e.share(400, i, i+1)
			if !f.Concealed || f.Frame.DBFS() < -25 || c != Opus && share < 0.8 { // Opus hides what is like a voice
				t.Errorf("%v: frame %d is at %.0f dBFS, concealed %v, the tone has %.3f of it", c, i, f.Frame.DBFS(), f.Concealed, share)
			}
		}
		for i := 156; i < 168; i++ {
			if d := e.frames[i].Frame.DBFS(); d > -90 {
				t.Errorf("%v: frame %d of a long loss is at %.0f dBFS", c, i, d)
			}
		}
		if share := e.share(400, 175, 189); share < 0.95 {
			t.Errorf("%v: after a long loss the tone has %.3f of the energy", c, share)
		}
	}
}

// With redundancy agreed on, Opus says in the next packet what the lost one said.
func TestOpusRecoversWhatWasLost(t *testing.T) {
	var errors [2]float64
	for fec := range 2 {
		s, w := calling(t, func(a *Agreed) { a.Codec, a.PayloadType = Opus, offeredOpus })
		a := agreed
		a.Codec, a.PayloadType, a.OpusType = Opus, offeredOpus, offeredOpus
		lossy, whole := newEar(a), newEar(a)
		sound := vowel(140, 6*clock)
		var f audio.Frame
		up := audio.NewResampler(clock, audio.Rate)
		for i := range 300 {
			n := uint32(i * 7919)
			level := 0.2 + float64(n%101)/101 // syllables, so to speak: what comes next cannot be guessed
			part := up.Process(nil, sound[i*slot:][:slot])
			for k := range f {
				f[k] = int16(float64(part[k]) * level)
			}
			if i == 1 && fec == 1 {
				s.out.voice.lost(0.10)
			}
			tick(t, s, &f)
			p := w.read()
			whole.hear(named, p)
			if i%7 != 5 {
				lossy.hear(named, p)
			}
			lossy.step()
			whole.step()
		}
		for i := range 290 {
			for k := range audio.Samples {
				d := float64(lossy.frames[i].Frame[k]) - float64(whole.frames[i].Frame[k])
				errors[fec] += d * d
			}
		}
	}
	if errors[1] > errors[0]/2 {
		t.Errorf("with redundancy the error is %.2f of that without", errors[1]/errors[0])
	}
}

func TestComfortNoiseIsPlayedAtItsLevel(t *testing.T) {
	for _, c := range all {
		for level, want := range map[byte]float64{45: -45, 60: -60, 70: -70, 0: -40, 127: -120} { // 0 would be as loud as can be
			packets, ticks := spoken(t, c, 20, 700, 1)
			last := packets[49]
			cn := Packet{PayloadType: cnType, SSRC: last.SSRC, Sequence: last.Sequence + 1, Timestamp: last.Timestamp + slot*c.units(), Payload: []byte{level, 3, 4}}
			e := heardAs(c, append(packets, cn), append(ticks, 50))
			for range 100 {
				e.step()
			}
			var pcm []int16
			for _, f := range e.frames[60:140] {
				pcm = append(pcm, f.Frame[:]...)
			}
			if got := level16(pcm); math.Abs(got-want) > 1.5 && (want > -80 || got > -80) {
				t.Errorf("%v, level %d: %.1f dBFS", c, level, got)
			}
			next := Packet{PayloadType: c.PayloadType(), SSRC: last.SSRC, Sequence: cn.Sequence + 1, Timestamp: cn.Timestamp + 100*slot*c.units(), Payload: packets[30].Payload}
			e.hear(named, next)
			e.step()
			if f := e.frames[len(e.frames)-1]; f.Concealed || f.Frame.DBFS() < -45 {
				t.Errorf("%v: after comfort noise a frame at %.0f dBFS, concealed %v", c, f.Frame.DBFS(), f.Concealed)
			}
		}
	}
}

func level16(pcm []int16) float64 {
	return 10 * math.Log10(energy(pcm)/float64(len(pcm))/(32768*32768)+1e-12)
}

func TestDigitsBesideEveryCodec(t *testing.T) {
	for _, c := range all {
		for _, events := range []int{8000, 48000} {
			for _, ptime := range []int{10, 20, 30, 60} {
				s, w := calling(t, func(a *Agreed) {
					a.Codec, a.PayloadType, a.Ptime, a.DTMFClock = c, c.PayloadType(), ptime, events
				})
				a := agreed
				a.Codec, a.PayloadType, a.OpusType = c, c.PayloadType(), offeredOpus
				e := newEar(a)
				var f audio.Frame
				for i := range 100 {
					if i == 21 {
						if err := s.SendDigits("1#A"); err != nil {
							t.Fatal(err)
						}
					}
					before := s.Stats().Sent
					tick(t, s, &f)
					for range s.Stats().Sent - before {
						e.hear(named, w.read())
					}
					e.step()
				}
				if st := e.stats(); e.digits != "1#A" || st.Lost+st.Late+st.Invalid != 0 {
					t.Errorf("%v at %d ms, events at %d Hz: digits %q, %+v", c, ptime, events, e.digits, st)
				}
			}
		}
	}
}

func TestTonesBesideEveryCodec(t *testing.T) {
	for _, c := range all {
		s, w := calling(t, func(a *Agreed) { a.Codec, a.PayloadType, a.DTMFType = c, c.PayloadType(), 0 })
		a := agreed
		a.Codec, a.PayloadType, a.OpusType = c, c.PayloadType(), offeredOpus
		e := newEar(a)
		if err := s.SendDigits("5"); err != nil {
			t.Fatal(err)
		}
		var f audio.Frame
		found := ""
		for range 12 {
			tick(t, s, &f)
			e.hear(named, w.read())
			e.step()
		}
		for _, f := range e.frames {
			if d := audio.FindDTMF(f.Frame[:], audio.Rate); d != 0 {
				found += string(d)
			}
		}
		if found != "5555" && found != "55555" {
			t.Errorf("%v: heard %q", c, found)
		}
	}
}

func TestEveryCodecAllocatesNothing(t *testing.T) {
	for _, c := range all {
		packets, _ := spoken(t, c, 20, 700, 1)
		a := agreed
		a.Codec, a.PayloadType, a.OpusType = c, c.PayloadType(), offeredOpus
		e := newEar(a)
		emit := func(Received) {}
		var enc encoder
		enc.down = audio.NewResampler(audio.Rate, clock)
		enc.set(c, 20)
		var f audio.Frame
		b, out := make([]byte, 0, maxPacket), make([]byte, 0, maxPacket)
		n := uint16(0)
		if got := testing.AllocsPerRun(200, func() {
			p := packets[n%50]
			p.Sequence, p.Timestamp = n, uint32(n)*slot*c.units()
			e.now = e.now.Add(audio.FrameDur)
			if n++; n%9 != 0 {
				b = p.Append(b[:0])
				e.take(e.now, named, b, emit)
			}
			e.tick(e.now, emit)
			enc.write(&f, nil)
			enc.next(out, false)
		}); got != 0 {
			t.Errorf("%v: %v allocations per packet", c, got)
		}
	}
}

// What a codec cannot read is no sound, and the stream goes on.
func TestRubbishForEveryCodec(t *testing.T) {
	for _, c := range all {
		packets, ticks := spoken(t, c, 20, 700, 1)
		for i := range packets {
			if i%3 == 1 {
				rubbish := make([]byte, 1+i*7)
				for k := range rubbish {
					rubbish[k] = byte(k*i + i)
				}
				packets[i].Payload = rubbish
			}
		}
		e := heardAs(c, packets, ticks)
		for i, f := range e.frames {
			if f.At != time.Duration(i)*audio.FrameDur {
				t.Fatalf("%v: frame %d at %v", c, i, f.At)
			}
		}
		if len(e.frames) < 40 {
			t.Errorf("%v: %d frames", c, len(e.frames))
		}
	}
}

func BenchmarkCodecs(b *testing.B) {
	for _, c := range all {
		packets, _ := spoken(b, c, 20, 700, 1)
		b.Run(fmt.Sprintf("%v/decode", c), func(b *testing.B) {
			j := newJitter()
			j.line.emit = func(Received) {}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at := time.Duration(i) * audio.FrameDur
				j.push(at, arrival{sound, c, uint16(i), uint32(i*slot) * c.units(), packets[i%50].Payload})
				j.tick(at)
			}
		})
		b.Run(fmt.Sprintf("%v/encode", c), func(b *testing.B) {
			var enc encoder
			enc.down = audio.NewResampler(audio.Rate, clock)
			enc.set(c, 20)
			out := make([]byte, 0, maxPacket)
			var f audio.Frame
			audio.Sine(700, audio.Rate, -12).Fill(f[:])
			b.ReportAllocs()
			for b.Loop() {
				enc.write(&f, nil)
				enc.next(out, false)
			}
		})
	}
}
