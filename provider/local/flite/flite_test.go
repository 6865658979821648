//go:build linux && !static

package flite

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// The library has one speaker for the process.
var speaker *Speaker

func open(t testing.TB) *Speaker {
	t.Helper()
	if speaker == nil {
		s, err := New()
		if err != nil {
			t.Fatalf("%v: apt-get install flite", err)
		}
		speaker = s
	}
	return speaker
}

func TestSpeaks(t *testing.T) {
	s := open(t)
	for _, v := range Voices() {
		for _, p := range []Prosody{{1, 1}, {2, 0.7}} {
			const text = ` "Hello," said Dr. Lee: it's $5.`
			var tokens []Token
			n, rate, loudest := 0, 0, int16(0)
			err := s.Speak(v, text, p, func(got []Token) {
				if n > 0 {
					t.Error("the words come after the sound")
				}
				tokens = got
			}, func(pcm []int16, hz int) bool {
				n, rate = n+len(pcm), hz
				for _, x := range pcm {
					loudest = max(loudest, x)
				}
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			told := ""
			var end time.Duration
			for _, tok := range tokens {
				if tok.End < end {
					t.Errorf("%s: %q ends before the one ahead of it", v, tok.Text)
				}
				end = tok.End
				told += tok.Text
			}
			length := time.Duration(n) * time.Second / time.Duration(rate)
			if told != strings.Replace(text, "Dr.", "Dr", 1) || end > length+50*time.Millisecond || end < length/2 || loudest < 2000 {
				t.Errorf("%s: told %q, the last word at %s of %s, loudest %d", v, told, end, length, loudest)
			}
			if want := map[bool]int{true: 8000, false: 16000}[v == "kal"]; rate != want {
				t.Errorf("%s speaks at %d Hz", v, rate)
			}
		}
	}
}

// TestNamesOutliveCollection: the library keeps pointers, which Go's collector must not free.
func TestNamesOutliveCollection(t *testing.T) {
	s := open(t)
	for i := range 20 {
		n := 0
		if err := s.Speak("kal", "hello "+strings.Repeat("x", i), Prosody{1, 1}, func([]Token) {}, func(pcm []int16, _ int) bool { n += len(pcm); return true }); err != nil || n == 0 {
			t.Fatalf("sentence %d: %d samples, %v", i, n, err)
		}
		runtime.GC()
		rubbish := make([][]byte, 1000)
		for j := range rubbish {
			rubbish[j] = []byte(strings.Repeat("z", 15))
		}
	}
}

func TestStops(t *testing.T) {
	s := open(t)
	n := 0
	err := s.Speak("slt", strings.Repeat("on and on ", 20), Prosody{1, 1}, func([]Token) {}, func(pcm []int16, _ int) bool { n++; return n < 3 })
	if err != nil || n != 3 {
		t.Errorf("%d stretches of sound after it was stopped at 3: %v", n, err)
	}
}

func TestPhones(t *testing.T) {
	open(t)
	for word, want := range map[string]string{"Hello": "hh ax0 l ow1", "khoury": "k aw1 r iy0"} {
		if got, err := Phones(word); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
}

func TestNoSuchVoice(t *testing.T) {
	s := open(t)
	if err := s.Load("alloy"); err == nil || Valid("alloy") || !Valid("rms") {
		t.Errorf("alloy: %v", err)
	}
	if err := s.Speak("", "x", Prosody{1, 1}, nil, nil); err == nil {
		t.Error("spoke without a voice")
	}
	if HasPitch("rms") || !HasPitch("slt") {
		t.Error("which voices have a pitch")
	}
}
