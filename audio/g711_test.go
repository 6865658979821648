package audio

import (
	"math"
	"testing"
)

func TestG711KnownCodes(t *testing.T) {
	// ITU-T G.711 tables 1a, 2a: the ends of the scales and around zero.
	for _, c := range []struct {
		law  string
		pcm  int16
		code byte
	}{
		{"u", 0, 0xff}, {"u", -4, 0x7f}, {"u", 32124, 0x80}, {"u", -32124, 0x00}, {"u", 32767, 0x80}, {"u", -32768, 0x00},
		{"u", 8, 0xfe}, {"u", 120, 0xf0}, {"u", 132, 0xef}, {"u", 1052, 0xcd},
		{"a", 0, 0xd5}, {"a", -1, 0x55}, {"a", 32256, 0xaa}, {"a", -32256, 0x2a}, {"a", 32767, 0xaa}, {"a", -32768, 0x2a},
		{"a", 24, 0xd4}, {"a", 264, 0xc5}, {"a", 1056, 0xe5},
	} {
		encode := EncodeUlaw
		if c.law == "a" {
			encode = EncodeAlaw
		}
		if got := encode(nil, []int16{c.pcm})[0]; got != c.code {
			t.Errorf("%s-law of %d is %#02x, want %#02x", c.law, c.pcm, got, c.code)
		}
	}
}

func TestG711EveryCodeComesBack(t *testing.T) {
	for i := range 256 {
		b := byte(i)
		if got := EncodeAlaw(nil, DecodeAlaw(nil, []byte{b}))[0]; got != b {
			t.Errorf("A-law %#02x came back as %#02x", b, got)
		}
		want := b
		if b == 0x7f {
			want = 0xff // negative zero
		}
		if got := EncodeUlaw(nil, DecodeUlaw(nil, []byte{b}))[0]; got != want {
			t.Errorf("µ-law %#02x came back as %#02x", b, got)
		}
	}
}

func TestG711TakesTheNearestCode(t *testing.T) {
	for name, law := range laws() {
		var values []int
		for i := range 256 {
			values = append(values, int(law.decode(nil, []byte{byte(i)})[0]))
		}
		for x := math.MinInt16; x <= math.MaxInt16; x += 7 {
			got := int(law.decode(nil, law.encode(nil, []int16{int16(x)}))[0])
			nearest := math.MaxInt
			for _, v := range values {
				nearest = min(nearest, abs(x-v))
			}
			if off := abs(x - got); off > nearest+16 && off > abs(x)/31+16 { // where segments meet the standard itself rounds to the wider
				t.Fatalf("%s: %d became %d, %d off where %d was possible", name, x, got, off, nearest)
			}
		}
	}
}

func TestG711Quality(t *testing.T) {
	for name, law := range laws() {
		pcm := make([]int16, 8000)
		Sine(1020, 8000, -10).Fill(pcm)
		out := law.decode(nil, law.encode(nil, pcm))
		if snr := snr(pcm, out); snr < 35 {
			t.Errorf("%s: SNR %.1f dB, G.711 has more than 35 there", name, snr)
		}
	}
}

func TestG711Appends(t *testing.T) {
	if got := EncodeUlaw([]byte{1, 2}, []int16{0, 0}); len(got) != 4 || got[0] != 1 || got[1] != 2 || got[3] != 0xff {
		t.Errorf("appended to %v", got)
	}
	if got := DecodeAlaw([]int16{7}, []byte{0xd5}); len(got) != 2 || got[0] != 7 || got[1] != 8 {
		t.Errorf("appended to %v", got)
	}
	if got := EncodeUlaw(nil, nil); len(got) != 0 {
		t.Errorf("nothing became %v", got)
	}
}

func TestG711AllocatesNothing(t *testing.T) {
	pcm, b := make([]int16, 160), make([]byte, 160)
	for name, law := range laws() {
		if n := testing.AllocsPerRun(100, func() {
			b = law.encode(b[:0], pcm)
			pcm = law.decode(pcm[:0], b)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkUlaw20ms(b *testing.B) {
	pcm, out := make([]int16, 160), make([]byte, 160)
	Sine(440, 8000, -6).Fill(pcm)
	b.ReportAllocs()
	for b.Loop() {
		out = EncodeUlaw(out[:0], pcm)
		pcm = DecodeUlaw(pcm[:0], out)
	}
}

type law struct {
	encode func([]byte, []int16) []byte
	decode func([]int16, []byte) []int16
}

func laws() map[string]law {
	return map[string]law{"µ-law": {EncodeUlaw, DecodeUlaw}, "A-law": {EncodeAlaw, DecodeAlaw}}
}

func abs(x int) int { return max(x, -x) }

// snr compares b with its source a, in dB.
func snr(a, b []int16) float64 {
	var signal, noise float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		signal += float64(a[i]) * float64(a[i])
		noise += d * d
	}
	return 10 * math.Log10(signal/max(noise, 1e-9))
}
