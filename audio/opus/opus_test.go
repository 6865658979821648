package opus

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio/audiotest"
	"github.com/parley-voice/parley/audio/babble"
)

// packets reads a file of testdata.
func packets(t testing.TB, name string) [][]byte {
	b, err := os.ReadFile(filepath.Join("testdata", name+".opus"))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for len(b) > 2 {
		n := int(b[0])<<8 | int(b[1])
		all = append(all, b[2:2+n:2+n])
		b = b[2+n:]
	}
	return all
}

func decoder(t testing.TB) *Decoder {
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func encoder(t testing.TB) *Encoder {
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestLibopusIsUnderstood decodes what libopus made. The SNRs are those of its own decoder on the same packets.
func TestLibopusIsUnderstood(t *testing.T) {
	in := babble.Speak(1, 3*time.Second)
	for _, c := range []struct {
		file    string
		samples int     // of each packet
		snr     float64 // dB
	}{
		{"silk10", 160, 11.95}, {"silk20", 320, 12.02}, {"silk60", 960, 12.28}, {"fec20", 320, 10.79}, {"narrow20", 320, 11.59},
		{"hybrid20", 320, 11.99}, {"stereo20", 320, 11.89}, {"celt20", 320, 24.63}, {"celt5", 80, 18.15},
	} {
		d := decoder(t)
		var out []int16
		for i, p := range packets(t, c.file) {
			n, err := Samples(p)
			if err != nil || n != c.samples {
				t.Fatalf("%s: packet %d of %d samples, %v", c.file, i, n, err)
			}
			if out, err = d.Decode(out, p); err != nil {
				t.Fatalf("%s: packet %d: %v", c.file, i, err)
			}
		}
		d.Close()
		snr, delay := audiotest.SNR(in, out, 300)
		t.Logf("%s: %.2f dB, %d samples late", c.file, snr, delay)
		if snr < c.snr-0.1 {
			t.Errorf("%s: SNR %.2f dB, libopus's decoder reaches %.2f", c.file, snr, c.snr)
		}
	}
}

func TestEveryPacketTimeComesBack(t *testing.T) {
	in := babble.Speak(2, 3*time.Second)
	for _, ms := range []int{10, 20, 40, 60} {
		n := Rate * ms / 1000
		e, d := encoder(t), decoder(t)
		var out []int16
		var packet []byte
		size := 0
		for i := 0; i+n <= len(in); i += n {
			var err error
			if packet, err = e.Encode(packet[:0], in[i:i+n]); err != nil {
				t.Fatal(err)
			}
			size += len(packet)
			if got, err := Samples(packet); got != n || err != nil {
				t.Fatalf("%d ms: the packet holds %d samples, %v", ms, got, err)
			}
			if out, err = d.Decode(out, packet); err != nil {
				t.Fatal(err)
			}
		}
		e.Close()
		d.Close()
		snr, delay := audiotest.SNR(in, out, 300)
		rate := float64(size) * 8 / 3
		t.Logf("%d ms: %.1f dB at %.0f bit/s, %d samples late", ms, snr, rate, delay)
		if snr < 8 {
			t.Errorf("%d ms: SNR %.1f dB", ms, snr)
		}
		if rate > 30000 {
			t.Errorf("%d ms: %.0f bit/s", ms, rate)
		}
	}
}

func TestPacketTimeMayChange(t *testing.T) {
	e, d := encoder(t), decoder(t)
	defer e.Close()
	defer d.Close()
	in := babble.Speak(4, time.Second)
	for _, n := range []int{320, 160, 960, 640, 320} {
		b, err := e.Encode([]byte{9}, in[:n])
		if err != nil || b[0] != 9 {
			t.Fatalf("%d samples: %v", n, err)
		}
		out, err := d.Decode([]int16{7}, b[1:])
		if err != nil || len(out) != n+1 || out[0] != 7 {
			t.Fatalf("%d samples came back as %d, %v", n, len(out)-1, err)
		}
	}
	for _, n := range []int{0, 1, 80, 319, 480, 1280, 2000} {
		if b, err := e.Encode(nil, make([]int16, n)); err == nil || b != nil {
			t.Errorf("a packet of %d samples was made: %v", n, b)
		}
	}
}

// TestReturnedIsAsNew hears a call with what another has used, which had losses and other modes.
func TestReturnedIsAsNew(t *testing.T) {
	hear := func(d *Decoder, name string) (out []int16) {
		for _, p := range packets(t, name) {
			out, _ = d.Decode(out, p)
		}
		return out
	}
	d := decoder(t)
	defer d.Close()
	want := hear(d, "silk20")
	hear(d, "stereo20")
	d.Recover(nil, packets(t, "fec20")[20], 320)
	hear(d, "celt5")
	d.Conceal(nil, 3000)
	d.state.renew()
	if got := hear(d, "silk20"); !slices.Equal(got, want) {
		t.Error("a returned decoder remembers")
	}
}

func TestDecoderAfterClose(t *testing.T) {
	d := decoder(t)
	d.Close()
	d.Close()
	if _, err := d.Decode(nil, packets(t, "silk20")[0]); err != ErrClosed {
		t.Errorf("decoded after Close: %v", err)
	}
	if len(d.Conceal(nil, 10)) != 0 || len(d.Recover(nil, nil, 10)) != 0 {
		t.Error("concealed after Close")
	}
}

func TestEncoderAfterClose(t *testing.T) {
	e := encoder(t)
	e.Close()
	e.Lost(5)
	if b, err := e.Encode(nil, make([]int16, 320)); err != ErrClosed || b != nil {
		t.Errorf("%v, %v", b, err)
	}
	e.Close()
}

func TestConcealmentGoesOnAndFades(t *testing.T) {
	d := decoder(t)
	defer d.Close()
	if out := d.Conceal([]int16{3}, 500); len(out) != 501 || out[0] != 3 || rms(out[1:]) != 0 {
		t.Errorf("before the first packet: %d samples of %.0f", len(out), rms(out[1:]))
	}
	all := packets(t, "silk20")
	var out []int16
	for _, p := range all[:60] {
		out, _ = d.Decode(out[:0], p)
	}
	loud := rms(out)
	first := rms(d.Conceal(nil, 320))
	if first < loud/5 {
		t.Errorf("after a frame of %.0f the first concealed is %.0f", loud, first)
	}
	if late := rms(d.Conceal(nil, Rate)[Rate-320:]); late > first/3 {
		t.Errorf("a second later it still sounds at %.0f of %.0f", late, first)
	}
	for _, n := range []int{0, 1, 39, 40, 41, 161, 320, 1920, 5000} {
		if got := len(d.Conceal(nil, n)); got != n {
			t.Errorf("%d samples concealed, %d asked", got, n)
		}
	}
}

// TestLossIsRecovered drops every fifth packet of libopus's and of ours.
func TestLossIsRecovered(t *testing.T) {
	in := babble.Speak(1, 3*time.Second)
	e := encoder(t)
	defer e.Close()
	e.Lost(20)
	var ours [][]byte
	for i := 0; i+320 <= len(in); i += 320 {
		b, err := e.Encode(nil, in[i:i+320])
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, b)
	}
	for name, all := range map[string][][]byte{"libopus": packets(t, "fec20"), "ours": ours} {
		lossy := func(recover bool) float64 {
			d := decoder(t)
			defer d.Close()
			var out []int16
			for i, p := range all {
				switch {
				case i%5 != 3:
					out, _ = d.Decode(out, p)
				case recover && i+1 < len(all):
					out = d.Recover(out, all[i+1], 320)
				default:
					out = d.Conceal(out, 320)
				}
			}
			if len(out) != len(all)*320 {
				t.Fatalf("%s: %d samples of %d packets", name, len(out), len(all))
			}
			snr, _ := audiotest.SNR(in, out, 300)
			return snr
		}
		with, without := lossy(true), lossy(false)
		t.Logf("%s: %.1f dB recovered, %.1f concealed", name, with, without)
		if with < without+2 {
			t.Errorf("%s: a fifth lost: %.1f dB recovered, %.1f concealed", name, with, without)
		}
	}
}

func TestRecoverWithoutRedundancyConceals(t *testing.T) {
	all := packets(t, "silk20")
	d := decoder(t)
	defer d.Close()
	for _, next := range [][]byte{nil, all[0], {0xff}, packets(t, "celt20")[3], packets(t, "fec20")[9]} {
		for _, n := range []int{40, 160, 320, 960, 1920} {
			if got := len(d.Recover(nil, next, n)); got != n {
				t.Errorf("%d samples of %d", got, n)
			}
		}
	}
}

func TestFraming(t *testing.T) {
	for _, c := range []struct {
		packet  string
		samples int // 0: refused
	}{
		{"", 0},
		{"\x48", 320}, // an empty frame: nothing was to be said
		{"\x48" + strings.Repeat("x", 1275), 320}, // R2
		{"\x48" + strings.Repeat("x", 1276), 0},   //
		{"\x49abcd", 640}, {"\x49abc", 0},         // R3
		{"\x4a\x02abcd", 640}, {"\x4a\x05abcd", 0}, // R4
		{"\x4a", 0}, {"\x4a\xfc", 0}, {"\x4a\xff\x01a", 0}, // a length cut off, or too long
		{"\x4b", 0}, {"\x4b\x00", 0}, {"\x4b\x31", 0}, // R5: how many
		{"\x4b\x06abcdef", 1920}, {"\x4b\x07abcdefg", 0}, // R5: 120 ms
		{"\x4b\x02abc", 0}, {"\x4b\x02abcd", 640}, // R6
		{"\x4b\x42\x02abcd00", 640}, {"\x4b\x42\x05abcd", 0}, {"\x4b\x42", 0}, {"\x4b\x42\xff", 0}, // padding
		{"\x4b\x42\xff\x01ab" + strings.Repeat("0", 255), 640},
		{"\x4b\x83\x01\x02abbc", 960}, {"\x4b\x83\x01\x09abbc", 0}, {"\x4b\x83\x01", 0}, // R7
		{"\x40a", 160}, {"\x50a", 640}, {"\x58a", 960}, {"\x60a", 160}, {"\x78a", 320}, {"\x80a", 40}, {"\x88a", 80}, {"\xf0a", 160}, {"\xf8a", 320},
		{"\x83\x30" + strings.Repeat("a", 48), 1920},
	} {
		got, err := Samples([]byte(c.packet))
		if got != c.samples || (err == nil) != (c.samples > 0) {
			t.Errorf("%.20q holds %d samples, %v; want %d", c.packet, got, err, c.samples)
		}
	}
}

func TestHostilePackets(t *testing.T) {
	d := decoder(t)
	defer d.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	good := packets(t, "fec20")
	var out []int16
	for i := range 20000 {
		b := make([]byte, rng.IntN(120))
		for k := range b {
			b[k] = byte(rng.Uint32())
		}
		if i%3 == 0 { // a good one with damage
			b = slices.Clone(good[rng.IntN(len(good))])
			b[rng.IntN(len(b))] ^= byte(1 << rng.IntN(8))
			b = b[:1+rng.IntN(len(b))]
		}
		hear(t, d, out[:0], b)
	}
}

// hear decodes anything and holds the decoder to its word.
func hear(t testing.TB, d *Decoder, out []int16, b []byte) {
	n, framing := Samples(b)
	got, err := d.Decode(out, b)
	if framing != nil && err == nil {
		t.Fatalf("%x was decoded and is no packet", b)
	}
	if err == nil && len(got) != n || err != nil && len(got) != 0 {
		t.Fatalf("%x: %d samples of %d, %v", b, len(got), n, err)
	}
	if err != nil && framing == nil {
		t.Fatalf("%x: framed well, but %v", b, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"silk10", "silk60", "fec20", "hybrid20", "stereo20", "celt5", "narrow20"} {
		all := packets(f, name)
		f.Add(all[10], all[11])
	}
	f.Add([]byte{0x4b, 0xc2, 1, 1, 1}, []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		d := decoder(t)
		defer d.Close()
		hear(t, d, nil, a)
		if len(d.Recover(nil, b, 320)) != 320 || len(d.Conceal(nil, 161)) != 161 {
			t.Error("the gap was not filled")
		}
		hear(t, d, nil, b)
		hear(t, d, nil, a)
	})
}

func TestNothingIsAllocated(t *testing.T) {
	e, d := encoder(t), decoder(t)
	defer e.Close()
	defer d.Close()
	in := babble.Speak(6, 4*time.Second)
	b, pcm := make([]byte, 0, 1500), make([]int16, 0, 1920)
	at := 0
	frame := func() {
		var err error
		if b, err = e.Encode(b[:0], in[at:at+320]); err != nil {
			t.Fatal(err)
		}
		if pcm, err = d.Decode(pcm[:0], b); err != nil {
			t.Fatal(err)
		}
		if at += 320; at+320 > len(in) {
			at = 0
		}
	}
	for range 100 {
		frame()
	}
	if n := testing.AllocsPerRun(500, frame); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	bad := []byte{0x4b, 0}
	if n := testing.AllocsPerRun(100, func() { _, _ = d.Decode(pcm[:0], bad) }); n != 0 {
		t.Errorf("%v allocations for what is no packet", n)
	}
	if n := testing.AllocsPerRun(100, func() { pcm = d.Conceal(pcm[:0], 320) }); n > 8 {
		t.Errorf("%v allocations for a concealed frame", n)
	}
}

func rms(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return sum / float64(len(pcm))
}

func BenchmarkEncode(b *testing.B) {
	for name, lost := range map[string]int{"plain": 0, "fec": 10} {
		b.Run(name, func(b *testing.B) {
			e := encoder(b)
			defer e.Close()
			e.Lost(lost)
			in := babble.Speak(7, 4*time.Second)
			buf := make([]byte, 0, 1500)
			b.ReportAllocs()
			for i := 0; b.Loop(); i = (i + 320) % (len(in) - 320) {
				buf, _ = e.Encode(buf[:0], in[i:i+320])
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	d := decoder(b)
	defer d.Close()
	all := packets(b, "silk20")
	pcm := make([]int16, 0, 1920)
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 1) % len(all) {
		pcm, _ = d.Decode(pcm[:0], all[i])
	}
}

// BenchmarkFrame is what 20 ms of a call with a browser cost: its packet decoded, as libopus makes them in each of its modes, and ours encoded.
// The bar is 150 µs.
func BenchmarkFrame(b *testing.B) {
	for _, mode := range []string{"silk20", "hybrid20", "celt20"} {
		b.Run(mode, func(b *testing.B) {
			d, e := decoder(b), encoder(b)
			defer d.Close()
			defer e.Close()
			all, in := packets(b, mode), babble.Speak(7, 4*time.Second)
			pcm, out := make([]int16, 0, 1920), make([]byte, 0, 1500)
			b.ReportAllocs()
			for i, at := 0, 0; b.Loop(); i, at = (i+1)%len(all), (at+320)%(len(in)-320) {
				pcm, _ = d.Decode(pcm[:0], all[i])
				out, _ = e.Encode(out[:0], in[at:at+320])
			}
		})
	}
}
