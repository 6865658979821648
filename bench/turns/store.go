package turns

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/parley-voice/parley/audio"
)

// soundsMade changes when what is made of a text does.
const soundsMade = "2"

// A store keeps what the synthesizers said: a file per voice and text.
type store struct {
	dir string
	mu  sync.Mutex
	had map[string]*said // guarded by mu
}

// said is sound at audio.Rate without silence around it, and its words.
type said struct {
	Words []Word
	pcm   []int16
}

func openStore(dir string) (*store, error) {
	dir, err := folder(dir)
	if err != nil {
		return nil, err
	}
	return &store{dir: dir, had: map[string]*said{}}, nil
}

func (s *store) path(voice, text string) string {
	h := sha256.Sum256([]byte(soundsMade + "\n" + voice + "\n" + text))
	name := hex.EncodeToString(h[:12])
	return filepath.Join(s.dir, name[:2], name)
}

// get reads what has been rendered.
func (s *store) get(voice, text string) (*said, error) {
	path := s.path(voice, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.had[path]; v != nil {
		return v, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	head, sound, ok := bytes.Cut(b, []byte("\n"))
	v := &said{pcm: make([]int16, len(sound)/2)}
	if !ok || json.Unmarshal(head, v) != nil {
		return nil, fmt.Errorf("%s is not what was written there: remove it", path)
	}
	if _, err := binary.Decode(sound, binary.LittleEndian, v.pcm); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	s.had[path] = v
	return v, nil
}

func (s *store) put(voice, text string, v *said) error {
	path := s.path(voice, text)
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(v); err != nil {
		return err
	}
	if err := binary.Write(&b, binary.LittleEndian, v.pcm); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(tmp, b.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

type order struct{ voice, lang, text string }

// render makes what is missing. It names the voices that this machine has not, and what they could not say.
func (s *store) render(ctx context.Context, c *corpus, items []Item, progress func(string)) (absent []string, _ error) {
	var want []order
	seen := map[order]bool{}
	need := func(o order) {
		if o.text == "" || seen[o] {
			return
		}
		seen[o] = true
		if _, err := os.Stat(s.path(o.voice, o.text)); errors.Is(err, fs.ErrNotExist) {
			want = append(want, o)
		}
	}
	for i := range items {
		need(order{items[i].Opening.Voice, items[i].Lang, items[i].Opening.Say})
		for _, p := range items[i].Parts {
			need(order{items[i].Voice, items[i].Lang, p.Say})
		}
	}
	for _, o := range slices.Concat(others(), strangers()) {
		need(o)
	}
	if len(want) == 0 {
		return nil, nil
	}
	progress(fmt.Sprintf("making sound: %d pieces", len(want)))
	defer stopPythons()
	gone := map[string]bool{}
	var mu sync.Mutex
	next := make(chan order)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for o := range next {
				v, e := synthesize(ctx, o)
				if e == nil {
					e = s.put(o.voice, o.text, v)
				}
				mu.Lock()
				switch {
				case errors.Is(e, errAbsent):
					gone[o.voice] = true
				case e != nil && ctx.Err() == nil: // a synthesizer may fail on a word
					gone[fmt.Sprintf("%s saying %q (%v)", o.voice, o.text, e)] = true
				}
				mu.Unlock()
			}
		})
	}
	for i, o := range want {
		if ctx.Err() != nil {
			break
		}
		next <- o
		if i%500 == 499 {
			progress(fmt.Sprintf("made %d of %d", i+1, len(want)))
		}
	}
	close(next)
	wg.Wait()
	for v := range gone {
		absent = append(absent, v)
	}
	slices.Sort(absent)
	return absent, ctx.Err()
}

// inaudible is how many dB below its loudest a voice's sound is what it was recorded with: breath, the room.
const inaudible = 40

// trimmed is v without the silence around it.
func trimmed(v *said) *said {
	const step, span = audio.Rate / 100, 5 // 10 ms; the loudest is of five
	n := len(v.pcm) / step
	loud := make([]float64, n)
	var top, sum float64
	for i := range loud {
		for _, s := range v.pcm[i*step : (i+1)*step] {
			loud[i] += float64(s) * float64(s)
		}
		if sum += loud[i]; i >= span {
			sum -= loud[i-span]
		}
		top = max(top, sum/span)
	}
	least := top * math.Pow(10, -inaudible/10.0)
	heard := func(e float64) bool { return e > least }
	from := slices.IndexFunc(loud, heard)
	if from < 0 {
		return v
	}
	to := n
	for !heard(loud[to-1]) {
		to--
	}
	if to == n { // what is left over
		to = (len(v.pcm) + step - 1) / step
	}
	v.pcm = v.pcm[from*step : min(to*step, len(v.pcm))]
	off := at(from * step)
	for i := range v.Words {
		v.Words[i].Start = min(max(0, v.Words[i].Start-off), at(len(v.pcm)))
		v.Words[i].End = min(max(0, v.Words[i].End-off), at(len(v.pcm)))
	}
	return v
}

// resampled brings sound to audio.Rate.
func resampled(pcm []int16, rate int) []int16 {
	if rate == audio.Rate {
		return slices.Clone(pcm)
	}
	r := audio.NewResampler(rate, audio.Rate)
	tail := make([]int16, rate/50)
	return r.Process(r.Process(nil, pcm), tail)
}
