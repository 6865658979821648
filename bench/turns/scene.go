package turns

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	// lead is how long there is nothing but the place's noise before an item's sound.
	lead = 1500 * time.Millisecond
	// tail is how long after it.
	tail = 4 * time.Second
	// quietLine is the noise of a line without a place, in 16 bits: −75 dBFS.
	quietLine = 6.0
	// spokenRMS is the loudness of speech: −24 dBFS, ±6 by the item.
	spokenRMS = 2000.0
)

// A Span is from when to when there was speech, or another sound, by the sound's own energy.
type Span struct{ Start, End time.Duration }

// A scene is an item as sound: what comes from the caller, and what is true of it.
type scene struct {
	near  []int16
	spans []Span // per part with sound
	words [][]Word
	texts []string

	opening      Span // of the caller's first words; zero: there are none
	openingWords []Word
	openingText  string
}

// begin and end of all that is to be judged.
func (s *scene) begin() time.Duration { return s.spans[0].Start }

func (s *scene) end() time.Duration { return s.spans[len(s.spans)-1].End }

func (s *scene) length() time.Duration { return at(len(s.near)) }

// stage makes the scene of an item. It fails with fs.ErrNotExist when the voice's sound is not there.
func stage(st *store, it *Item) (*scene, error) {
	rng := rand.New(rand.NewPCG(it.Seed, 1))
	wait := lead + time.Duration(rng.IntN(500))*time.Millisecond
	after := tail
	if it.Class == Finished || it.Class == Unfinished {
		after += 2 * time.Second // noise may hold a turn open
	}
	if it.Class == Menu {
		after += 6 * time.Second // and somebody is to be asked
	}
	if it.Answer || it.Class == Menu {
		wait = pickUp(it)
	}
	sc := &scene{}
	gain := math.Pow(10, (rng.Float64()*12-6)/20)
	if it.Noise != "" {
		gain = max(gain, 0.8)
	}
	x, err := sc.open(st, it, gain, wait)
	if err != nil {
		return nil, err
	}
	if it.Class == Television {
		gain *= math.Pow(10, -18.0/20)
	}
	if it.Class == Bystander {
		gain *= math.Pow(10, -12.0/20)
	}
	for _, p := range it.Parts {
		from := len(x)
		var pcm []float64
		switch {
		case p.Say != "":
			v, err := st.get(it.Voice, p.Say)
			if err != nil {
				return nil, err
			}
			pcm = spoken(v.pcm, gain)
			sc.tell(p.Text, v.Words, at(from))
		case p.Sound != "":
			if pcm, err = soundOf(p.Sound, it.Seed+uint64(from)); err != nil {
				return nil, err
			}
			for i := range pcm {
				pcm[i] *= min(gain, 1.4) * 0.7
			}
		}
		x = append(x, pcm...)
		if len(pcm) > 0 {
			sc.spans = append(sc.spans, Span{at(from), at(len(x))})
		}
		x = append(x, make([]float64, samples(p.After))...)
	}
	if len(sc.spans) == 0 {
		end := at(len(x))
		sc.spans = []Span{{end, end}}
	}
	x = append(x, make([]float64, samples(after))...)
	noisy(st, it, x, sc.spans)
	sc.near = make([]int16, len(x)/audio.Samples*audio.Samples)
	for i := range sc.near {
		sc.near[i] = int16(max(-32768, min(32767, x[i])))
	}
	return sc, nil
}

// pickUp is how long after the answer whoever answers makes the first sound: a person brings a telephone to the ear first, a machine's
// announcement has to be found. Half of all people need less than 0.8 s, one in twenty more than 2.3 s.
func pickUp(it *Item) time.Duration {
	rng := rand.New(rand.NewPCG(it.Seed, 19))
	half, spread := 0.6, 0.7
	if it.Class == "human" {
		half, spread = 0.8, 0.65
	}
	s := half * math.Exp(spread*rng.NormFloat64())
	return time.Duration(max(0.04, min(5, s)) * float64(time.Second))
}

// tell adds a part's words: those written, at the times of those said.
func (sc *scene) tell(text string, spokenWords []Word, from time.Duration) {
	written := wordsOf(text)
	var ws []Word
	n := len(spokenWords)
	for i, w := range written {
		if n == 0 {
			break
		}
		a, b := i*n/len(written), max(i*n/len(written), (i+1)*n/len(written)-1)
		ws = append(ws, Word{w, from + spokenWords[a].Start, from + spokenWords[b].End})
	}
	sc.words = append(sc.words, ws)
	sc.texts = append(sc.texts, text)
}

// noisy adds the place and the line.
func noisy(st *store, it *Item, x []float64, spans []Span) {
	rng := rand.New(rand.NewPCG(it.Seed, 5))
	if it.Noise != "" {
		var loud, n float64
		for _, s := range spans {
			k := float64(samples(s.End - s.Start))
			loud += power(x[samples(s.Start):samples(s.End)]) * k
			n += k
		}
		if loud = loud / max(1, n); loud == 0 {
			loud = spokenRMS * spokenRMS
		}
		a := ambience(st, it.Noise, it.Seed, len(x))
		level := math.Sqrt(loud / math.Pow(10, it.SNR/10) / max(1e-9, power(a)))
		for i := range x {
			x[i] += a[i] * level
		}
	}
	for i := range x {
		x[i] += (rng.Float64()*2 - 1) * quietLine
	}
}

// A wire takes sound through a telephone line: 8 kHz, G.711 µ-law, packets of 20 ms of which some do not come.
type wire struct {
	down, up *audio.Resampler
	loss     float64
	rng      *rand.Rand
	lost     int
	narrow   []int16
	code     []byte
	wide     []int16
}

func newWire(seed uint64, loss float64) *wire {
	return &wire{down: audio.NewResampler(audio.Rate, 8000), up: audio.NewResampler(8000, audio.Rate), loss: loss / 100, rng: rand.New(rand.NewPCG(seed, 9)),
		narrow: make([]int16, 0, 320), code: make([]byte, 160), wide: make([]int16, 0, 640)}
}

// carry alters f as the line does. What is lost is made up by what came last, fading, as rtp does.
func (w *wire) carry(f *audio.Frame) {
	before := append([]int16(nil), w.narrow...)
	w.narrow = w.down.Process(w.narrow[:0], f[:])
	if w.loss > 0 && w.rng.Float64() < w.loss {
		w.lost++
		for i := range w.narrow {
			w.narrow[i] = 0
			if i < len(before) && w.lost < 4 {
				w.narrow[i] = before[i] / 2
			}
		}
	} else {
		w.lost = 0
		w.code = audio.EncodeUlaw(w.code[:0], w.narrow)
		w.narrow = audio.DecodeUlaw(w.narrow[:0], w.code)
	}
	w.wide = w.up.Process(w.wide[:0], w.narrow)
	copy(f[:], w.wide)
}
