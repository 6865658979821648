//go:build linux && !static

package sphinx

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-voice/parley/audio"
)

var update = flag.Bool("update", false, "measure the narrow-band transform anew and write narrowband.json")

const debianModel = "/usr/share/pocketsphinx/model/en-us"

// need fails when a program or a file of the system's speech packages is missing.
func need(t testing.TB, files ...string) {
	t.Helper()
	for _, f := range files {
		if _, err := exec.LookPath(f); err != nil && !strings.HasPrefix(f, "/") {
			t.Fatalf("%s is missing: apt-get install flite pocketsphinx pocketsphinx-en-us", f)
		} else if _, err := os.Stat(f); err != nil && strings.HasPrefix(f, "/") {
			t.Fatalf("%s is missing: apt-get install pocketsphinx pocketsphinx-en-us", f)
		}
	}
}

// say renders a sentence by the program, at 16 kHz.
func say(t testing.TB, voice, text string) []int16 {
	t.Helper()
	need(t, "flite")
	name := filepath.Join(t.TempDir(), "said.wav")
	if out, err := exec.Command("flite", "-voice", voice, "-t", text, "-o", name).CombinedOutput(); err != nil {
		t.Fatalf("flite: %v: %s", err, out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := audio.ReadWAV(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return audio.NewResampler(s.Rate, 16000).Process(nil, s.PCM)
}

// telephone is the sound as it arrives by G.711 at 8 kHz; trunk adds a carrier's 300–3400 Hz.
func telephone(pcm []int16, trunk bool) []int16 {
	pcm = audio.NewResampler(16000, 8000).Process(nil, append(pcm, make([]int16, 64)...))
	if trunk {
		pcm = bandPass(pcm, 300, 3400, 8000)
	}
	return audio.DecodeUlaw(nil, audio.EncodeUlaw(nil, pcm))
}

func bandPass(pcm []int16, low, high, rate float64) []int16 {
	const half = 64
	var h [2*half + 1]float64
	for i := range h {
		x := float64(i - half)
		window := 0.42 + 0.5*math.Cos(math.Pi*x/half) + 0.08*math.Cos(2*math.Pi*x/half)
		at := func(hz float64) float64 {
			if x == 0 {
				return 2 * hz / rate
			}
			return math.Sin(2*math.Pi*hz/rate*x) / (math.Pi * x)
		}
		h[i] = window * (at(high) - at(low))
	}
	out := make([]int16, len(pcm))
	for i := range pcm {
		sum := 0.0
		for j, c := range h {
			if k := i + half - j; k >= 0 && k < len(pcm) {
				sum += c * float64(pcm[k])
			}
		}
		out[i] = int16(max(-32768, min(32767, sum)))
	}
	return out
}

// trainSentences have every phone of English several times, and nothing of what the tests say.
var trainSentences = []string{
	"The quick brown fox jumps over the lazy dog near the river bank.",
	"She sells sea shells by the shore while the children watch a yellow boat.",
	"Please measure the treasure chest and put it in the garage behind the house.",
	"A large size in stockings is hard to sell these days.",
	"The boy was there when the sun rose above the quiet village.",
	"Four hours of steady work faced us before the judge could join.",
	"The birch canoe slid on the smooth planks without any noise.",
	"Glue the sheet to the dark blue background and let it dry overnight.",
	"It is easy to tell the depth of a well with a long rope.",
	"These thieves thought they thrilled the throne throughout Thursday.",
	"Rice is often served in round bowls with chopped vegetables.",
	"The juice of lemons makes fine punch for a garden party.",
	"We found a usual vision of pleasure in the azure beige mirage.",
	"Joy and noise employ the boys who enjoy boiling oysters.",
	"How now brown cow, the crowd shouted out loud around the town.",
	"My uncle hung the young monkey under the rusty oven.",
	"Would you look at the good cook who took the wooden hook.",
	"Zebras zigzag through the zoo as the breeze freezes the keys.",
	"He asked whether father bothers to gather feathers rather than leather.",
	"You should view a few huge musical cubes in the museum in June.",
}

func TestTransform(t *testing.T) {
	if !*update {
		var tr Transform
		if err := json.Unmarshal(narrowbandJSON, &tr); err != nil {
			t.Fatal(err)
		}
		for s := range tr.V {
			for i := range cepstra {
				norm := 0.0
				for _, v := range tr.V[s][i] {
					norm += v * v
				}
				if tr.Residual[s][i] < 1 || tr.Residual[s][i] > 500 || norm < 0.001 || norm > 4 {
					t.Errorf("stream %d, cepstrum %d: residual %g, norm %g", s, i, tr.Residual[s][i], norm)
				}
			}
		}
		return
	}
	need(t, debianModel)
	wide := measuring(t, debianModel+"/en-us", 16000)
	flat := filepath.Join(t.TempDir(), "flat")
	identity := Transform{}
	for s := range identity.V {
		for i := range cepstra {
			identity.V[s][i][i] = 1
		}
	}
	if err := identity.write(debianModel+"/en-us", flat); err != nil {
		t.Fatal(err)
	}
	narrow := measuring(t, flat, 8000)
	var x, y [3][][cepstra]float64
	var mean [cepstra]float64
	files := 0.0
	for _, voice := range []string{"kal16", "awb", "rms", "slt"} {
		for _, text := range trainSentences {
			pcm := say(t, voice, text)
			for _, trunk := range []bool{false, true} {
				w, n := features(t, wide, pcm), features(t, narrow, telephone(pcm, trunk))
				frames := min(len(w), len(n))
				m := center(n[:frames])
				center(w[:frames])
				for i := range mean {
					mean[i] += m[i]
				}
				files++
				for s, d := range differences(w[:frames]) {
					x[s] = append(x[s], d...)
				}
				for s, d := range differences(n[:frames]) {
					y[s] = append(y[s], d...)
				}
			}
		}
	}
	var tr Transform
	for i := range mean {
		tr.Mean[i] = mean[i] / files
	}
	for s := range tr.V {
		tr.V[s], tr.Residual[s] = leastSquares(x[s], y[s])
		t.Logf("stream %d: %d frames, diagonal of V and residual:", s, len(x[s]))
		for i := range cepstra {
			t.Logf("  %6.2f %8.3f", tr.V[s][i][i], tr.Residual[s][i])
		}
	}
	b, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("narrowband.json", append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// measuring is a decoder whose front end keeps every frame, so that two of them stay in step.
func measuring(t *testing.T, model string, rate int) *Decoder {
	t.Helper()
	dict := filepath.Join(t.TempDir(), "dict")
	if err := os.WriteFile(dict, []byte("a AH\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := Open(Config{Acoustic: model, Dictionary: dict, Rate: rate, Options: []string{"-remove_silence", "no"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func features(t *testing.T, d *Decoder, pcm []int16) [][cepstra]float64 {
	t.Helper()
	c, err := d.Cepstra(pcm)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][cepstra]float64, len(c))
	for i := range c {
		for j := range c[i] {
			out[i][j] = float64(c[i][j])
		}
	}
	return out
}

// center takes the mean off, and returns it.
func center(c [][cepstra]float64) (mean [cepstra]float64) {
	for _, v := range c {
		for i := range v {
			mean[i] += v[i] / float64(len(c))
		}
	}
	for n := range c {
		for i := range mean {
			c[n][i] -= mean[i]
		}
	}
	return mean
}

// differences are the streams of 1s_c_d_dd: c(t), c(t+2)−c(t−2), and the same of those one frame to either side.
func differences(c [][cepstra]float64) (out [3][][cepstra]float64) {
	for t := 3; t+3 < len(c); t++ {
		var v [3][cepstra]float64
		for i := range cepstra {
			v[0][i] = c[t][i]
			v[1][i] = c[t+2][i] - c[t-2][i]
			v[2][i] = (c[t+3][i] - c[t-1][i]) - (c[t+1][i] - c[t-3][i])
		}
		for s := range out {
			out[s] = append(out[s], v[s])
		}
	}
	return out
}

// leastSquares is the V that takes x nearest to y, and the variance that is left.
func leastSquares(x, y [][cepstra]float64) (v [cepstra][cepstra]float64, residual [cepstra]float64) {
	var a [cepstra][2 * cepstra]float64 // normal equations, xᵀx | xᵀy
	for n := range x {
		for i := range cepstra {
			for j := range cepstra {
				a[i][j] += x[n][i] * x[n][j]
				a[i][cepstra+j] += x[n][i] * y[n][j]
			}
		}
	}
	for i := range a {
		a[i][i] *= 1 + 1e-6
	}
	for i := range a { // positive definite: no pivoting
		p := a[i][i]
		for j := range a[i] {
			a[i][j] /= p
		}
		for k := range a {
			if k != i {
				f := a[k][i]
				for j := range a[k] {
					a[k][j] -= f * a[i][j]
				}
			}
		}
	}
	for i := range cepstra {
		for j := range cepstra {
			v[i][j] = a[j][cepstra+i]
		}
	}
	for n := range x {
		for i := range cepstra {
			e := y[n][i]
			for j := range cepstra {
				e -= v[i][j] * x[n][j]
			}
			residual[i] += e * e / float64(len(x))
		}
	}
	return v, residual
}
