package audio

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio/babble"
)

// A press is what a line may make of a key.
type press struct {
	key       byte
	tone, gap time.Duration
	level     float64 // dBm0 of the stronger tone
	twist     float64 // dB, the column above the row
	row, col  float64 // share their frequencies are off by
	noise     float64 // dB below the tones, 0: none
}

// dial makes the sound of presses, cut off and on without a ramp, after lead samples of silence.
func dial(lead int, presses ...press) []int16 {
	rng := rand.New(rand.NewPCG(uint64(lead), 4))
	pcm := make([]float64, lead)
	for _, p := range presses {
		at := strings.IndexByte(dtmfKeys, p.key)
		level := 32768 * math.Pow(10, (p.level-3.14)/20)
		row, col := level, level
		if p.twist > 0 {
			row *= math.Pow(10, -p.twist/20)
		} else {
			col *= math.Pow(10, p.twist/20)
		}
		w1 := 2 * math.Pi * dtmfRows[at/4] * (1 + p.row) / Rate
		w2 := 2 * math.Pi * dtmfColumns[at%4] * (1 + p.col) / Rate
		a1, a2 := rng.Float64()*7, rng.Float64()*7
		noise := 0.0
		if p.noise > 0 {
			noise = math.Sqrt((row*row+col*col)/2) * math.Pow(10, -p.noise/20)
		}
		tone, gap := int(p.tone*Rate/time.Second), int(p.gap*Rate/time.Second)
		for i := range tone + gap {
			v := noise * rng.NormFloat64()
			if i < tone {
				v += row*math.Sin(a1+w1*float64(i)) + col*math.Sin(a2+w2*float64(i))
			}
			pcm = append(pcm, v)
		}
	}
	out := make([]int16, len(pcm)+Rate/10)
	for i, v := range pcm {
		out[i] = int16(max(-32768, min(32767, math.Round(v))))
	}
	return out
}

// keys is what a finder hears in pcm.
func keys(pcm []int16) string {
	f := NewDTMFFinder()
	var got []byte
	var c Framer
	c.Write(pcm, func(fr *Frame) {
		if k, ok := f.Find(fr); ok {
			got = append(got, k)
		}
	})
	return string(got)
}

// ulaw is pcm after a telephone line: at 8 kHz, through G.711, and back.
func ulaw(pcm []int16) []int16 {
	line := NewResampler(Rate, 8000).Process(nil, pcm)
	return NewResampler(8000, Rate).Process(nil, DecodeUlaw(nil, EncodeUlaw(nil, line)))
}

// all are presses of every key at every alignment with the frames.
func all(p press) (pcm []int16) {
	for i := range len(dtmfKeys) {
		p.key = dtmfKeys[i]
		pcm = append(pcm, dial(i*37%Samples, p)...)
	}
	return pcm
}

func TestDTMFOfEveryLine(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		p    press
	}{
		{"loud", press{level: -3}}, {"usual", press{level: -9}}, {"far", press{level: -20}}, {"quiet", press{level: -25}}, {"quieter", press{level: -30}},
		{"column stronger", press{level: -10, twist: 4}}, {"row stronger", press{level: -10, twist: -8}},
		{"quiet, row stronger", press{level: -20, twist: -8}},
		{"high", press{level: -10, row: 0.015, col: 0.015}}, {"low", press{level: -10, row: -0.015, col: -0.015}},
		{"apart", press{level: -10, row: -0.015, col: 0.015}}, {"together", press{level: -10, row: 0.015, col: -0.015}},
		{"high, twisted", press{level: -10, row: 0.015, col: 0.015, twist: -8}}, {"low, twisted", press{level: -10, row: -0.015, col: -0.015, twist: 4}},
		{"noise", press{level: -10, noise: 15}}, {"noise, twisted", press{level: -10, noise: 15, twist: -6}},
		{"noise, off", press{level: -12, noise: 18, row: 0.012, col: -0.012}},
	} {
		for _, tone := range []time.Duration{40 * ms, 50 * ms, 70 * ms, 100 * ms, 500 * ms} {
			c.p.tone, c.p.gap = tone, 60*ms
			pcm := all(c.p)
			if got := keys(pcm); got != dtmfKeys {
				t.Errorf("%s, %v: %s", c.name, tone, got)
			}
			if got := keys(ulaw(pcm)); got != dtmfKeys {
				t.Errorf("%s, %v, through µ-law: %s", c.name, tone, got)
			}
		}
	}
}

// TestDTMFAtEveryAlignment moves the shortest tone through the frame.
func TestDTMFAtEveryAlignment(t *testing.T) {
	for lead := 0; lead < Samples; lead += 7 {
		for _, key := range []byte("1*D5") {
			p := press{key: key, tone: 40 * time.Millisecond, gap: 40 * time.Millisecond, level: -15}
			if got := keys(dial(lead, p, p, p)); got != strings.Repeat(string(key), 3) {
				t.Errorf("%c from sample %d: %q", key, lead, got)
			}
		}
	}
}

func TestDTMFThatIsNone(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		p    press
	}{
		{"a click of 23 ms", press{tone: 23 * ms, level: -6}},
		{"off by 3.5 %", press{tone: 100 * ms, level: -10, row: 0.035}},
		{"off by −3.5 %", press{tone: 100 * ms, level: -10, row: -0.035}},
		{"column off by 3.5 %", press{tone: 100 * ms, level: -10, col: 0.035}},
		{"column off by −3.5 %", press{tone: 100 * ms, level: -10, col: -0.035}},
		{"twist of 9 dB", press{tone: 100 * ms, level: -10, twist: 9}},
		{"twist of −13 dB", press{tone: 100 * ms, level: -10, twist: -13}},
		{"a whisper", press{tone: 100 * ms, level: -42}},
		{"in as much noise", press{tone: 100 * ms, level: -10, noise: 1}},
	} {
		for i := range len(dtmfKeys) {
			for lead := 0; lead < Samples; lead += 31 {
				c.p.key, c.p.gap = dtmfKeys[i], 50*ms
				if got := keys(dial(lead, c.p)); got != "" {
					t.Errorf("%s: %c is taken for %q", c.name, c.p.key, got)
					break
				}
			}
		}
	}
}

func TestDTMFOncePerPress(t *testing.T) {
	const ms = time.Millisecond
	five := func(tone, gap time.Duration) press { return press{key: '5', tone: tone, gap: gap, level: -10} }
	for _, c := range []struct {
		name string
		pcm  []int16
		want string
	}{
		{"held for 10 s", dial(3, five(10*time.Second, 0)), "5"},
		{"interrupted for 10 ms", dial(0, five(60*ms, 10*ms), five(60*ms, 0)), "5"},
		{"interrupted askew", dial(77, five(61*ms, 10*ms), five(60*ms, 0)), "5"},
		{"a lost frame", dial(50, five(60*ms, 20*ms), five(60*ms, 0)), "5"},
		{"pressed twice", dial(9, five(60*ms, 45*ms), five(60*ms, 0)), "55"},
		{"the fastest", dial(9, five(40*ms, 40*ms), five(40*ms, 40*ms), five(40*ms, 40*ms)), "555"},
		{"another after a short pause", dial(9, five(60*ms, 30*ms), press{key: '8', tone: 60 * ms, level: -10}), "58"},
	} {
		if got := keys(c.pcm); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// TestDTMFSignalsOfTheNetwork hears none in what exchanges play: single and paired tones, a fax, music of two and three notes.
func TestDTMFSignalsOfTheNetwork(t *testing.T) {
	pcm := make([]int16, Rate)
	for _, pair := range [][2]float64{
		{350, 440}, {440, 480}, {480, 620}, {400, 450}, {425, 0}, {1100, 0}, {2100, 0}, {950, 1400}, {1400, 1800}, {697, 0}, {1209, 0}, {1336, 1477},
		{697, 770}, {700, 900}, {900, 1100}, {1300, 1500}, {700, 1700}, {1100, 1700}, {1980, 2130}, {697, 1160}, {852, 1300}, {720, 1209}, {880, 1318},
	} {
		Pair(pair[0], pair[1], Rate, -10).Fill(pcm)
		if got := keys(pcm); got != "" {
			t.Errorf("%v Hz are taken for %q", pair, got)
		}
	}
	var sweep []int16
	for phase, hz := 0.0, 300.0; hz < 3400; hz += 0.01 {
		phase += 2 * math.Pi * hz / Rate
		sweep = append(sweep, int16(9000*math.Sin(phase)+9000*math.Sin(phase*1.65)))
	}
	if got := keys(sweep); got != "" {
		t.Errorf("two sweeping tones hold %q", got)
	}
	var music []int16
	rng := rand.New(rand.NewPCG(8, 8))
	for range 2000 {
		note := make([]int16, Rate/8)
		for range 1 + rng.IntN(3) {
			hz := 110 * math.Pow(2, float64(rng.IntN(40))/12)
			voice := make([]int16, len(note))
			Sine(hz, Rate, -14).Fill(voice)
			over := make([]int16, len(note))
			Sine(2*hz, Rate, -22).Fill(over)
			for i := range note {
				note[i] += voice[i] + over[i]
			}
		}
		music = append(music, note...)
	}
	if got := keys(music); got != "" {
		t.Errorf("%v of chords hold %q", time.Duration(len(music))*time.Second/Rate, got)
	}
}

// TestDTMFTalkOff hears no key in minutes of many voices, alone and two at once, and through a line.
func TestDTMFTalkOff(t *testing.T) {
	for seed := range uint64(8) {
		one, two := babble.Speak(seed, 30*time.Second), babble.Speak(seed+100, 30*time.Second)
		for name, pcm := range map[string][]int16{"voice": one, "voice on a line": ulaw(one), "two voices": mixed(one, two)} {
			if got := keys(pcm); got != "" {
				t.Errorf("%s %d: %q", name, seed, got)
			}
		}
	}
}

func mixed(a, b []int16) []int16 {
	out := make([]int16, len(a))
	for i := range a {
		out[i] = a[i]/2 + b[i]/2
	}
	return out
}

func TestDTMFWhileSomebodyTalks(t *testing.T) {
	for _, key := range []byte(dtmfKeys) {
		pcm := dial(500, press{key: key, tone: 100 * time.Millisecond, gap: 20 * time.Millisecond, level: -10})
		rng := rand.New(rand.NewPCG(1, uint64(key)))
		hum := 0.0
		for i := range pcm {
			hum = 0.95*hum + 60*rng.NormFloat64()
			pcm[i] += int16(hum)
		}
		if got := keys(pcm); got != string(key) {
			t.Errorf("%c over a room's noise: %q", key, got)
		}
	}
}

func TestDTMFAllocatesNothing(t *testing.T) {
	pcm := all(press{tone: 100 * time.Millisecond, gap: 20 * time.Millisecond, level: -10})
	f := NewDTMFFinder()
	var fr Frame
	at := 0
	if n := testing.AllocsPerRun(200, func() {
		copy(fr[:], pcm[at:])
		at = (at + Samples) % (len(pcm) - Samples)
		f.Find(&fr)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkDTMFFinder(b *testing.B) {
	noise := make([]int16, Rate)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = int16(rng.IntN(8000) - 4000)
	}
	for name, pcm := range map[string][]int16{
		"silence": make([]int16, Rate),
		"noise":   noise,
		"digits":  all(press{tone: 100 * time.Millisecond, gap: 20 * time.Millisecond, level: -10}),
	} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			var frames []Frame
			var c Framer
			c.Write(pcm, func(fr *Frame) { frames = append(frames, *fr) })
			f := NewDTMFFinder()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f.Find(&frames[i%len(frames)])
			}
		})
	}
}
