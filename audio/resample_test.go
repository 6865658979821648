package audio

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var pairs = [][2]int{
	{16000, 8000}, {8000, 16000}, {24000, 16000}, {24000, 8000}, {48000, 16000}, {48000, 8000}, {22050, 16000}, {22050, 8000},
	{44100, 16000}, {44100, 8000}, {32000, 16000}, {11025, 16000}, {8000, 48000}, {16000, 24000}, {16000, 48000}, {8000, 44100},
}

func TestResampleKeepsATone(t *testing.T) {
	for _, p := range pairs {
		t.Run(fmt.Sprintf("%d-%d", p[0], p[1]), func(t *testing.T) {
			in := make([]int16, p[0])
			Sine(1000, p[0], -6).Fill(in)
			out := NewResampler(p[0], p[1]).Process(nil, in)
			if want := (len(in)*p[1] + p[0] - 1) / p[0]; len(out) != want {
				t.Fatalf("%d samples from a second, want %d", len(out), want)
			}
			body := out[len(out)/4 : len(out)*3/4]
			if share := Goertzel(body, 1000, p[1]); share < 0.9999 {
				t.Errorf("only %.5f of the energy is the tone's", share)
			}
			if off := DBFS(body) - DBFS(in); math.Abs(off) > 0.1 {
				t.Errorf("level changed by %.2f dB", off)
			}
		})
	}
}

func TestResampleResponse(t *testing.T) {
	for _, c := range []struct {
		from, to    int
		hz          float64
		least, most float64 // dB
	}{
		{16000, 8000, 300, -0.1, 0.1}, {16000, 8000, 3000, -0.5, 0.1}, {16000, 8000, 3400, -3, 0.1},
		{16000, 8000, 4700, -200, -50}, {16000, 8000, 5000, -200, -65}, {16000, 8000, 7500, -200, -70},
		{48000, 8000, 6000, -200, -65}, {48000, 16000, 7000, -4, 0.1}, {48000, 16000, 10000, -200, -65},
		{44100, 16000, 10000, -200, -65}, {24000, 16000, 10000, -200, -65},
	} {
		in := make([]int16, c.from)
		Sine(c.hz, c.from, -1).Fill(in)
		out := NewResampler(c.from, c.to).Process(nil, in)
		got := DBFS(out[len(out)/4:len(out)*3/4]) - DBFS(in)
		if got < c.least || got > c.most {
			t.Errorf("%d to %d Hz: %.0f Hz comes out at %.1f dB, want %.1f to %.1f", c.from, c.to, c.hz, got, c.least, c.most)
		}
	}
}

func TestUpsamplingLeavesNoMirrorImage(t *testing.T) {
	in := make([]int16, 8000)
	Sine(3000, 8000, -3).Fill(in)
	out := NewResampler(8000, 16000).Process(nil, in)[4000:12000]
	if image := Goertzel(out, 5000, 16000); image > 1e-6 {
		t.Errorf("the image at 5 kHz has %.2g of the energy", image)
	}
}

func TestResampleInPiecesIsTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range pairs {
		in := make([]int16, 5000)
		for i := range in {
			in[i] = int16(rng.IntN(65536) - 32768)
		}
		whole := NewResampler(p[0], p[1]).Process(nil, in)
		r := NewResampler(p[0], p[1])
		var out []int16
		for rest := in; len(rest) > 0; {
			n := min(len(rest), rng.IntN(700))
			out = r.Process(out, rest[:n])
			rest = rest[n:]
		}
		if !slices.Equal(whole, out) {
			t.Errorf("%v: pieces differ from the whole", p)
		}
		r.Reset()
		if again := r.Process(nil, in); !slices.Equal(whole, again) {
			t.Errorf("%v: Reset left something behind", p)
		}
	}
}

func TestResampleDelay(t *testing.T) {
	for _, p := range pairs {
		in := make([]int16, 2000)
		for i := 1000; i < 1004; i++ { // a short bump
			in[i] = 20000
		}
		r := NewResampler(p[0], p[1])
		out := r.Process(nil, in)
		var mass, moment float64
		for i, s := range out {
			mass += float64(s)
			moment += float64(s) * float64(i)
		}
		want := 1001.5*float64(p[1])/float64(p[0]) + r.Delay()
		if got := moment / mass; math.Abs(got-want) > 0.6 {
			t.Errorf("%v: the bump came at %.2f, Delay says %.2f", p, got, want)
		}
	}
}

func TestResampleSameRateCopies(t *testing.T) {
	in := []int16{1, -2, 32767}
	if out := NewResampler(16000, 16000).Process([]int16{9}, in); !slices.Equal(out, []int16{9, 1, -2, 32767}) {
		t.Errorf("got %v", out)
	}
}

func TestResampleClipsInsteadOfWrapping(t *testing.T) {
	in := make([]int16, 800)
	for i := range in {
		in[i] = 32767
		if i/40%2 == 1 {
			in[i] = -32768
		}
	}
	out := NewResampler(8000, 16000).Process(nil, in)
	for i := 200; i < len(out)-1; i++ { // overshoot must not change sign away from the edges
		if phase := (i - 24) % 160; phase > 12 && phase < 68 && out[i] < 0 {
			t.Fatalf("sample %d of a positive half wave is %d", i, out[i])
		}
	}
}

func TestResampleAllocatesNothing(t *testing.T) {
	for _, p := range pairs {
		r := NewResampler(p[0], p[1])
		in, out := make([]int16, p[0]/50), make([]int16, 0, p[1]/50+8)
		if n := testing.AllocsPerRun(50, func() { out = r.Process(out[:0], in) }); n != 0 {
			t.Errorf("%v: %v allocations", p, n)
		}
	}
}

func TestRatesThatCannotBe(t *testing.T) {
	for _, p := range [][2]int{{0, 8000}, {8000, 0}, {-1, 8000}, {44101, 16000}, {1 << 30, 16000}} {
		if ValidRates(p[0], p[1]) {
			t.Errorf("%v is taken as valid", p)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v: no panic", p)
				}
			}()
			NewResampler(p[0], p[1])
		}()
	}
}

func BenchmarkResample20ms(b *testing.B) {
	for _, p := range pairs {
		b.Run(fmt.Sprintf("%d-%d", p[0], p[1]), func(b *testing.B) {
			r := NewResampler(p[0], p[1])
			in, out := make([]int16, p[0]/50), make([]int16, 0, p[1]/50+8)
			b.ReportAllocs()
			for b.Loop() {
				out = r.Process(out[:0], in)
			}
		})
	}
}
