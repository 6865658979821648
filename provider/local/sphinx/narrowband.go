package sphinx

import (
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// cepstra is how many features a stream of the acoustic model has.
const cepstra = 13

// A Transform maps the acoustic model, made from sound of 16 kHz, to telephone sound of 8 kHz. Each of the model's three
// streams (cepstra, their first and second difference) has a matrix V with x_narrow ≈ V·x_wide, and what that leaves
// unexplained. It was measured: see TestTransform.
type Transform struct {
	V        [3][cepstra][cepstra]float64 `json:"v"`
	Residual [3][cepstra]float64          `json:"residual"` // variance
	Mean     [cepstra]float64             `json:"mean"`     // of the cepstra of telephone speech: where a call begins
}

//go:embed narrowband.json
var narrowbandJSON []byte

// NarrowRate is the rate of the sound that a model written by WriteNarrowband hears.
const NarrowRate = 8000

// narrowParams are the front end's options for sound of 8 kHz; the rest is the original model's.
const narrowParams = `-lowerf 130
-upperf 3700
-nfilt 20
-transform dct
-lifter 22
-feat 1s_c_d_dd
-svspec 0-12/13-25/26-38
-agc none
-cmn batch
-varnorm no
-model ptm
`

// WriteNarrowband makes dir an acoustic model for telephone sound out of the one in wide. What does not change is linked.
func WriteNarrowband(wide, dir string) error {
	var t Transform
	if err := json.Unmarshal(narrowbandJSON, &t); err != nil {
		return fmt.Errorf("narrow-band transform: %w", err)
	}
	if err := t.write(wide, dir); err != nil {
		return fmt.Errorf("narrow-band acoustic model: %w", err)
	}
	return nil
}

func (t *Transform) write(wide, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { // not its parent: that may have been taken away
		return err
	}
	for _, name := range []string{"mdef", "noisedict", "sendump", "transition_matrices"} {
		if err := os.Symlink(filepath.Join(wide, name), filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	means, err := readGaussians(filepath.Join(wide, "means"))
	if err != nil {
		return err
	}
	variances, err := readGaussians(filepath.Join(wide, "variances"))
	if err != nil {
		return err
	}
	means.each(func(stream int, v []float32) { t.mean(stream, v) })
	variances.each(func(stream int, v []float32) { t.variance(stream, v) })
	if err := means.write(filepath.Join(dir, "means")); err != nil {
		return err
	}
	if err := variances.write(filepath.Join(dir, "variances")); err != nil {
		return err
	}
	params := narrowParams + "-cmninit "
	for i, m := range t.Mean {
		if i > 0 {
			params += ","
		}
		params += fmt.Sprintf("%.2f", m)
	}
	return os.WriteFile(filepath.Join(dir, "feat.params"), []byte(params+"\n"), 0o644)
}

func (t *Transform) mean(stream int, v []float32) {
	var out [cepstra]float32
	for i := range out {
		sum := 0.0
		for j := range v {
			sum += t.V[stream][i][j] * float64(v[j])
		}
		out[i] = float32(sum)
	}
	copy(v, out[:])
}

// variance takes diag(V·Σ·Vᵀ) plus the residual; the model's Σ is diagonal.
func (t *Transform) variance(stream int, v []float32) {
	var out [cepstra]float32
	for i := range out {
		sum := t.Residual[stream][i]
		for j := range v {
			sum += t.V[stream][i][j] * t.V[stream][i][j] * float64(v[j])
		}
		out[i] = float32(sum)
	}
	copy(v, out[:])
}

// gaussians is a means or variances file: codebooks × streams × densities × cepstra.
type gaussians struct {
	books, streams, densities int
	values                    []float32
}

const gaussianMagic = 0x11223344

// readGaussians reads a file of the acoustic model. Its checksum is not looked at: the package was installed whole.
func readGaussians(name string) (*gaussians, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	g, err := parseGaussians(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}

func parseGaussians(b []byte) (*gaussians, error) {
	const head = "endhdr\n"
	at := -1
	for i := 0; i+len(head) <= min(len(b), 4096); i++ {
		if string(b[i:i+len(head)]) == head {
			at = i + len(head)
			break
		}
	}
	if at < 0 || len(b) < at+16 {
		return nil, errors.New("no header")
	}
	b = b[at:]
	u := func(i int) int { return int(binary.LittleEndian.Uint32(b[4*i:])) }
	if u(0) != gaussianMagic {
		return nil, errors.New("byte order unknown")
	}
	g := &gaussians{books: u(1), streams: u(2), densities: u(3)}
	if g.streams != 3 || g.books < 1 || g.books > 1<<12 || g.densities < 1 || g.densities > 1<<12 {
		return nil, fmt.Errorf("%d codebooks of %d streams of %d densities: three streams are expected", g.books, g.streams, g.densities)
	}
	n := g.books * g.streams * g.densities * cepstra
	const fixed = 4 + 3 + 1 // numbers before the values
	if len(b) < 4*(fixed+n) || u(4) != cepstra || u(5) != cepstra || u(6) != cepstra || u(7) != n {
		return nil, errors.New("sizes do not agree")
	}
	g.values = make([]float32, n)
	for i := range g.values {
		g.values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*(fixed+i):]))
	}
	return g, nil
}

// each calls f with every density's vector.
func (g *gaussians) each(f func(stream int, v []float32)) {
	for i := 0; i < len(g.values)/cepstra; i++ {
		f(i/g.densities%g.streams, g.values[i*cepstra:(i+1)*cepstra])
	}
}

// write leaves the checksum out, and says so by not announcing one.
func (g *gaussians) write(name string) error {
	b := []byte("s3\nversion 1.0\nendhdr\n")
	for _, n := range []int{gaussianMagic, g.books, g.streams, g.densities, cepstra, cepstra, cepstra, len(g.values)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	for _, v := range g.values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return os.WriteFile(name, b, 0o644)
}
