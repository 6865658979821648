package tts

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parley-voice/parley/audio"
)

func sound(seconds float64, rate int) []byte {
	b := make([]byte, 2*int(seconds*float64(rate)))
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = 0x10, 0x27 // 10000
	}
	return b
}

type track struct {
	texts []string // by frame
}

func (tr *track) yield(c Chunk, _ error) bool {
	tr.texts = append(tr.texts, c.Text)
	return true
}

// TestAlignWords: words come about when they are over, the last with the last frame, and all of them once.
func TestAlignWords(t *testing.T) {
	for _, rate := range []int{16000, 24000, 8000, 22050} {
		a, tr := NewAlign(rate), new(track)
		all := ""
		for range 3 { // the pace is learnt from the first
			p := "one two three four five six seven eight nine ten. "
			all += p
			a.Add(p)
			tr.texts = nil
			a.Write(sound(5, rate), tr.yield)
			before := len(tr.texts)
			a.End(tr.yield)
			if len(tr.texts) > before+1 || before < 249 || before > 251 {
				t.Fatalf("%d Hz: %d frames for 5 s, then %d more", rate, before, len(tr.texts)-before)
			}
			if last := tr.texts[len(tr.texts)-1]; !strings.HasSuffix(last, "ten. ") {
				t.Errorf("%d Hz: the last frame has %q", rate, last)
			}
		}
		if got := strings.Join(tr.texts, ""); got != "one two three four five six seven eight nine ten. " {
			t.Errorf("%d Hz: told %q", rate, got)
		}
		// 50 letters in 5 s: "five" ends with letter 23, near the middle
		at := -1
		for i, s := range tr.texts {
			if strings.Contains(s, "five") {
				at = i
			}
		}
		if at < 90 || at > 150 {
			t.Errorf("%d Hz: five is over with frame %d of 250, want about 115", rate, at)
		}
	}
}

// TestAlignAnything: pieces of any text and length, sound cut anywhere: all Texts together are what was added.
func TestAlignAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	bits := []string{"a", "Ünï", " ", "  ", ", ", "\n", "word", "。", "こんにちは", "日本", "…", "—", "1,5", "\xff", "안녕 "}
	for range 300 {
		a, tr := NewAlign([]int{16000, 24000}[r.IntN(2)]), new(track)
		want := ""
		for range r.IntN(4) {
			p := ""
			for range r.IntN(8) {
				p += bits[r.IntN(len(bits))]
			}
			want += p
			if strings.TrimSpace(p) == "" {
				a.Join(p)
				continue
			}
			a.Add(p)
			b := sound(r.Float64()*2, 16000)
			for len(b) > 0 {
				n := min(len(b), 1+r.IntN(3000))
				a.Write(b[:n], tr.yield)
				b = b[n:]
			}
			a.End(tr.yield)
		}
		for a.Left() > 0 {
			a.End(tr.yield)
		}
		if got := strings.Join(tr.texts, ""); got != want {
			t.Fatalf("told %q, want %q", got, want)
		}
	}
}

func TestAlignKeepsTheSound(t *testing.T) {
	a := NewAlign(16000)
	a.Add("hello")
	b := make([]byte, 2*1000)
	for i := range 1000 {
		b[2*i], b[2*i+1] = byte(i), byte(i>>8)
	}
	var got []int16
	keep := func(c Chunk, _ error) bool { got = append(got, c.Frame[:]...); return true }
	for _, n := range []int{1, 3, 639, 640, 641, 76} { // cut in the middle of samples
		a.Write(b[:n], keep)
		b = b[n:]
	}
	a.End(keep)
	if len(got) != 4*audio.Samples {
		t.Fatalf("%d samples, want whole frames", len(got))
	}
	for i, s := range got {
		if want := int16(i); i < 1000 && s != want || i >= 1000 && s != 0 {
			t.Fatalf("sample %d is %d", i, s)
		}
	}
}

func TestAlignFirstFrameAtOnce(t *testing.T) {
	a, tr := NewAlign(16000), new(track)
	a.Add("hello")
	a.Write(make([]byte, 639), tr.yield)
	if len(tr.texts) != 0 {
		t.Fatal("a frame before its sound")
	}
	a.Write(make([]byte, 1), tr.yield)
	if len(tr.texts) != 1 {
		t.Error("20 ms of sound are held back")
	}
}

func TestAlignMute(t *testing.T) {
	a, tr := NewAlign(16000), new(track)
	a.Add("hello")
	if !a.Mute() {
		t.Error("a piece without sound is not mute")
	}
	a.Write(make([]byte, 2), tr.yield)
	if a.Mute() {
		t.Error("a piece with sound is mute")
	}
	a.End(tr.yield)
	a.Add("…")
	if a.Mute() {
		t.Error("marks alone need no sound")
	}
}

func TestAlignStops(t *testing.T) {
	a := NewAlign(16000)
	a.Add("hello")
	if a.Write(make([]byte, 2000), func(Chunk, error) bool { return false }) {
		t.Error("went on although nobody listens")
	}
}

func TestAlignAllocatesNothing(t *testing.T) {
	for _, rate := range []int{16000, 24000} {
		a := NewAlign(rate)
		a.Add(strings.Repeat("some words, ", 20))
		b := sound(0.02, rate)
		keep := func(Chunk, error) bool { return true }
		a.Write(sound(1, rate), keep)
		if n := testing.AllocsPerRun(100, func() { a.Write(b, keep) }); n != 0 {
			t.Errorf("%d Hz: %v allocations a frame", rate, n)
		}
	}
}

func BenchmarkAlign24k(b *testing.B) {
	a := NewAlign(24000)
	a.Add(strings.Repeat("some words, ", 20))
	pcm := sound(0.02, 24000)
	b.ReportAllocs()
	for b.Loop() {
		a.Write(pcm, func(Chunk, error) bool { return true })
	}
}

// BenchmarkFallbackFrame is what the wrapper adds to a frame.
func BenchmarkFallbackFrame(b *testing.B) {
	s := Fallback(Vendor{Name: "bench", Synthesizer: endless{}})
	in := make(chan string, 1)
	in <- "words without end"
	b.ReportAllocs()
	n := 0
	for range s.Speak(b.Context(), in, Options{}) {
		if n++; n >= b.N {
			break
		}
	}
}
