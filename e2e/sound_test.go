//go:build e2e

package e2e

import (
	"math"
	"math/cmplx"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parley-voice/parley/audio"
)

const compareRate = 32000 // so fine that half a sample of delay costs no correlation

// sentence makes a WAV of telephone sound with speech in it, followed by enough silence for any call: baresip hangs up at the
// end of its file. It returns the file and the speech alone.
func sentence(t *testing.T, text string) (padded string, speech *audio.Sound) {
	t.Helper()
	need(t, "espeak-ng", "sox")
	dir := t.TempDir()
	wide, narrow := filepath.Join(dir, "wide.wav"), filepath.Join(dir, "narrow.wav")
	padded = filepath.Join(dir, "padded.wav")
	run(t, "espeak-ng", "-w", wide, text)
	run(t, "sox", wide, "-r", "8000", "-c", "1", "-b", "16", narrow, "gain", "-3")
	run(t, "sox", narrow, padded, "pad", "0.5", "60")
	return padded, readWAV(t, narrow)
}

func readWAV(t *testing.T, path string) *audio.Sound {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return s
}

func fine(pcm []int16, rate int) []float64 {
	pcm = audio.NewResampler(rate, compareRate).Process(nil, pcm)
	out := make([]float64, len(pcm))
	for i, s := range pcm {
		out[i] = float64(s)
	}
	return out
}

// correlation of ref with the stretch of got that is most like it: 1 is the same sound, at whatever level.
func correlation(ref []int16, refRate int, got []int16, gotRate int) float64 {
	r, g := fine(ref, refRate), fine(got, gotRate)
	best := delay(ref, refRate, got, gotRate)
	var rr, gg, rg float64
	for i := 0; i < len(r) && best+i < len(g); i++ {
		rr += r[i] * r[i]
		gg += g[best+i] * g[best+i]
		rg += r[i] * g[best+i]
	}
	if rr == 0 || gg == 0 {
		return 0
	}
	return rg / math.Sqrt(rr*gg)
}

// delay is where in got ref fits best, in samples at compareRate.
func delay(ref []int16, refRate int, got []int16, gotRate int) int {
	r, g := fine(ref, refRate), fine(got, gotRate)
	n := 1
	for n < len(r)+len(g) {
		n *= 2
	}
	a, b := make([]complex128, n), make([]complex128, n)
	for i, v := range r {
		a[i] = complex(v, 0)
	}
	for i, v := range g {
		b[i] = complex(v, 0)
	}
	fft(a)
	fft(b)
	for i := range a {
		a[i] = cmplx.Conj(cmplx.Conj(a[i]) * b[i]) // conjugated, so that a forward transform goes back
	}
	fft(a)
	best := 0
	for i := range g {
		if real(a[i]) > real(a[best]) {
			best = i
		}
	}
	return best
}

// alike is how like each other the two ends of a channel must be.
const alike = 0.99

// fft is the transform of a, whose length is a power of two, in place.
func fft(a []complex128) {
	n := len(a)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		if j ^= bit; i < j {
			a[i], a[j] = a[j], a[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		step := cmplx.Rect(1, -2*math.Pi/float64(size))
		for at := 0; at < n; at += size {
			w := complex(1, 0)
			for k := range size / 2 {
				x, y := a[at+k], w*a[at+k+size/2]
				a[at+k], a[at+k+size/2] = x+y, x-y
				w *= step
			}
		}
	}
}

// spoken is the part of a channel from its first to its last sound.
func spoken(pcm []int16, rate int) []int16 {
	block := rate / 50
	first, last := -1, 0
	for i := 0; i+block <= len(pcm); i += block {
		if audio.DBFS(pcm[i:i+block]) > -45 {
			if first < 0 {
				first = i
			}
			last = i + block
		}
	}
	if first < 0 {
		return nil
	}
	return pcm[first:last]
}

func TestCorrelation(t *testing.T) {
	_, s := sentence(t, "The quick brown fox.")
	late := append(make([]int16, 12345), s.PCM...)
	if c := correlation(s.PCM, 8000, late, 8000); c < 0.9999 {
		t.Errorf("the same sound, later: %.4f", c)
	}
	wide := audio.NewResampler(8000, 16000).Process(nil, late)
	if c := correlation(s.PCM, 8000, wide, 16000); c < 0.995 {
		t.Errorf("the same sound at another rate: %.4f", c)
	}
	_, other := sentence(t, "Something else altogether was said here.")
	if c := correlation(s.PCM, 8000, other.PCM, 8000); c > 0.6 {
		t.Errorf("another sound: %.4f", c)
	}
	if c := correlation(s.PCM, 8000, make([]int16, 80000), 8000); c != 0 {
		t.Errorf("silence: %.4f", c)
	}
}

// segment is how long the pieces are that likeSegments compares: an end that conceals or stretches a little spoils those around it alone.
const segment = 0.4 // s

// likeSegments is the middle of how alike each loud piece of ref is to what stands near its place in got, up to 0.3 s off.
func likeSegments(ref []int16, refRate int, got []int16, gotRate int) float64 {
	at := float64(delay(ref, refRate, got, gotRate)) / compareRate
	n, room := int(segment*float64(refRate)), 0.3
	var all []float64
	for i := 0; i+n <= len(ref); i += n {
		if audio.DBFS(ref[i:i+n]) < -35 {
			continue
		}
		begin := at + float64(i)/float64(refRate)
		lo := max(0, int((begin-room)*float64(gotRate)))
		hi := min(len(got), int((begin+segment+room)*float64(gotRate)))
		if lo >= hi {
			all = append(all, 0)
			continue
		}
		all = append(all, correlation(ref[i:i+n], refRate, got[lo:hi], gotRate))
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}
