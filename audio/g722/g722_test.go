package g722

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio/audiotest"
	"github.com/parley-voice/parley/audio/babble"
)

// voice is three seconds of audiotest's seed 1, coded by ffmpeg 5.1 (Debian 12): ffmpeg -f s16le -ar 16000 -ac 1 -i … -c:a g722.
func voice(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/voice.g722")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hostile is noise, one half as bytes from a line and one half as full-scale samples: it drives every limit of the codec.
func hostile() (line []byte, loud []int16) {
	rng := rand.New(rand.NewPCG(7, 22))
	for range 16000 {
		line = append(line, byte(rng.Uint32()))
		loud = append(loud, int16(rng.Uint32()))
	}
	for i := range 8000 { // a square wave, full scale
		loud = append(loud, int16(32767-65535*(i/40%2)))
	}
	return line, loud
}

func little(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}

// TestSameAsFFmpeg holds every bit of both directions against what ffmpeg made of the same input (the first 8 bytes of its SHA-256).
func TestSameAsFFmpeg(t *testing.T) {
	line, loud := hostile()
	heard := NewDecoder().Decode(nil, voice(t))
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"voice decoded", little(heard), "20b02bd9bd2e2ed2"},
		{"voice coded again", NewEncoder().Encode(nil, heard), "e2d360fb02b5a39b"},
		{"noise decoded", little(NewDecoder().Decode(nil, line)), "51ebd33c2f9b9d80"},
		{"loudest coded", NewEncoder().Encode(nil, loud), "fcffa2a6f60fcf67"},
	} {
		if got := sum(c.got); got != c.want {
			t.Errorf("%s: %s, ffmpeg's is %s", c.name, got, c.want)
		}
	}
}

// TestFFmpegHere is the same against the ffmpeg of this machine, if it has one.
func TestFFmpegHere(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg")
	}
	run := func(in []byte, args ...string) []byte {
		c := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...)
		f := t.TempDir() + "/in"
		if err := os.WriteFile(f, in, 0o600); err != nil {
			t.Fatal(err)
		}
		for i := range c.Args {
			if c.Args[i] == "IN" {
				c.Args[i] = f
			}
		}
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	decode := []string{"-f", "g722", "-i", "IN", "-f", "s16le", "-"}
	encode := []string{"-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "IN", "-c:a", "g722", "-f", "g722", "-"}
	line, loud := hostile()
	for name, b := range map[string][]byte{"voice": voice(t), "noise": line} {
		want := run(b, decode...)
		got := little(NewDecoder().Decode(nil, b))
		if !slices.Equal(got, want) {
			t.Errorf("%s: decoded otherwise than by ffmpeg", name)
		}
		t.Log(name, "decoded", sum(want))
	}
	for name, pcm := range map[string][]int16{"heard": NewDecoder().Decode(nil, voice(t)), "loud": loud} {
		want := run(little(pcm), encode...)
		if got := NewEncoder().Encode(nil, pcm); !slices.Equal(got, want) {
			t.Errorf("%s: coded otherwise than by ffmpeg", name)
		}
		t.Log(name, "coded", sum(want))
	}
}

func TestQuality(t *testing.T) {
	for seed := range uint64(4) {
		in := babble.Speak(seed, 3*time.Second)
		out := NewDecoder().Decode(nil, NewEncoder().Encode(nil, in))
		snr, delay := audiotest.SNR(in, out, 60)
		t.Logf("%.1f dB, %d samples late", snr, delay)
		if snr < 20 || delay != 22 {
			t.Errorf("seed %d: SNR %.1f dB, %d samples late", seed, snr, delay)
		}
	}
}

// TestBands: what is in the upper band comes out there, at its level.
func TestBands(t *testing.T) {
	for _, hz := range []float64{300, 1000, 3000, 5000, 6500} {
		in := make([]int16, 16000)
		for i := range in {
			in[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/16000))
		}
		out := NewDecoder().Decode(nil, NewEncoder().Encode(nil, in))
		var re, im float64
		for i, s := range out[8000:] {
			re += float64(s) * math.Cos(2*math.Pi*hz*float64(i)/16000)
			im += float64(s) * math.Sin(2*math.Pi*hz*float64(i)/16000)
		}
		if level := 20 * math.Log10(math.Hypot(re, im)/4000/8000); math.Abs(level) > 1 {
			t.Errorf("%v Hz comes out %.1f dB louder", hz, level)
		}
	}
}

// TestPieces: however a stream is cut, it is the same.
func TestPieces(t *testing.T) {
	in := babble.Speak(9, time.Second)
	whole := NewEncoder().Encode(nil, in)
	heard := NewDecoder().Decode(nil, whole)
	e, d := NewEncoder(), NewDecoder()
	rng := rand.New(rand.NewPCG(1, 1))
	var line []byte
	var pcm []int16
	for rest := in; len(rest) > 0; {
		n := min(len(rest), 2*rng.IntN(500))
		line = e.Encode(line, rest[:n])
		rest = rest[n:]
	}
	for rest := line; len(rest) > 0; {
		n := min(len(rest), rng.IntN(500))
		pcm = d.Decode(pcm, rest[:n])
		rest = rest[n:]
	}
	if !slices.Equal(line, whole) || !slices.Equal(pcm, heard) {
		t.Error("cut into pieces it is another")
	}
	if got := len(NewEncoder().Encode(nil, in[:321])); got != 160 {
		t.Errorf("321 samples became %d bytes", got)
	}
	if NewEncoder().Encode(nil, nil) != nil || NewDecoder().Decode(nil, nil) != nil {
		t.Error("nothing became something")
	}
}

// TestSilenceSettles: the decoder of digital silence ends within the quantiser's smallest step.
func TestSilenceSettles(t *testing.T) {
	out := NewDecoder().Decode(nil, NewEncoder().Encode(nil, make([]int16, 16000)))
	for i, s := range out[4000:] {
		if s > 4 || s < -4 {
			t.Fatalf("sample %d of silence is %d", i+4000, s)
		}
	}
}

// TestLossIsForgotten loses 100 ms and expects the voice back within 200.
func TestLossIsForgotten(t *testing.T) {
	line := NewEncoder().Encode(nil, babble.Speak(3, 3*time.Second))
	want := NewDecoder().Decode(nil, line)
	d := NewDecoder()
	d.Decode(nil, line[:8000])
	got := d.Decode(nil, line[8800:])
	snr, _ := audiotest.SNR(want[2*8800+3200:], got[3200:], 0)
	if snr < 20 {
		t.Errorf("200 ms after a loss the SNR against none is %.1f dB", snr)
	}
}

func FuzzDecode(f *testing.F) {
	line, _ := hostile()
	f.Add(line[:400])
	f.Add([]byte{0, 0xff, 0x80, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, e := NewDecoder(), NewEncoder()
		pcm := d.Decode(nil, b)
		if len(pcm) != 2*len(b) || len(e.Encode(nil, pcm)) != len(b) {
			t.Fatalf("%d bytes are %d samples", len(b), len(pcm))
		}
		for _, n := range []*band{&d.low, &d.high, &e.low, &e.high} {
			if n.scale < 8 || n.scale > 32767 || n.log < 0 || n.a[1] < -12288 || n.a[1] > 12288 {
				t.Fatalf("out of its limits: %+v", n)
			}
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	e, d := NewEncoder(), NewDecoder()
	in := babble.Speak(1, 20*time.Millisecond)
	b, pcm := make([]byte, 0, 160), make([]int16, 0, 320)
	if n := testing.AllocsPerRun(100, func() {
		b = e.Encode(b[:0], in)
		pcm = d.Decode(pcm[:0], b)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	e := NewEncoder()
	in := babble.Speak(7, 4*time.Second)
	buf := make([]byte, 0, 160)
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 320) % (len(in) - 320) {
		buf = e.Encode(buf[:0], in[i:i+320])
	}
}

func BenchmarkDecode(b *testing.B) {
	d := NewDecoder()
	all := NewEncoder().Encode(nil, babble.Speak(7, 4*time.Second))
	pcm := make([]int16, 0, 320)
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 160) % (len(all) - 160) {
		pcm = d.Decode(pcm[:0], all[i:i+160])
	}
}
