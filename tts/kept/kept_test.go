package kept

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/tts"
)

// A speaker says a frame per letter, and the words of each piece with its last one.
type speaker struct {
	mu     sync.Mutex
	asked  [][]string // the pieces of each stream
	fails  error      // after the first piece
	silent bool       // it gives no words back
	warm   int
	closed int
}

func (s *speaker) Speak(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		var pieces []string
		defer func() {
			s.mu.Lock()
			s.asked = append(s.asked, pieces)
			s.mu.Unlock()
		}()
		for p := range text {
			pieces = append(pieces, p)
			for i := range p {
				c := tts.Chunk{Frame: audio.Frame{int16(p[i])}}
				if i == len(p)-1 && !s.silent {
					c.Text = p
				}
				if ctx.Err() != nil {
					yield(tts.Chunk{}, ctx.Err())
					return
				}
				if !yield(c, nil) {
					return
				}
			}
			if s.fails != nil {
				yield(tts.Chunk{}, s.fails)
				return
			}
		}
	}
}

func (s *speaker) Warm(context.Context) error { s.warm++; return nil }
func (s *speaker) Close() error               { s.closed++; return nil }
func (s *speaker) Phonetic(l string) bool     { return l == "de" }

func (s *speaker) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// send is a channel of pieces, closed after the last.
func send(pieces ...string) <-chan string {
	c := make(chan string, len(pieces))
	for _, p := range pieces {
		c <- p
	}
	close(c)
	return c
}

// say gives what a voice said: each frame's number, the words, and whether all of it was kept.
func say(t *testing.T, v tts.Synthesizer, o tts.Options, pieces ...string) (sound, words string, kept bool) {
	t.Helper()
	kept = true
	for c, err := range v.Speak(t.Context(), send(pieces...), o) {
		if err != nil {
			t.Fatal(err)
		}
		sound += string(rune(c.Frame[0]))
		words += c.Text
		kept = kept && c.Kept
	}
	return sound, words, kept
}

var fixed = tts.Options{Language: "en", Fixed: true}

func TestSaidAgain(t *testing.T) {
	s := &speaker{}
	m := NewMemory(Whole)
	for i, want := range []bool{false, true, true} {
		v := Voice(m, s, "env", "voice") // each call has a voice of its own
		sound, words, kept := say(t, v, fixed, "Hello, ", "this is Ann.")
		if sound != "Hello, this is Ann." || words != sound || kept != want {
			t.Errorf("%d: %q %q %v", i, sound, words, kept)
		}
	}
	if s.times() != 1 {
		t.Errorf("spoken %d times", s.times())
	}
	if want := []string{"Hello, ", "this is Ann."}; !slices.Equal(s.asked[0], want) {
		t.Errorf("spoken as %q", s.asked[0])
	}
}

// TestTextsWhereTheyWere: words come back with the frames that they came with.
func TestTextsWhereTheyWere(t *testing.T) {
	v := Voice(NewMemory(Whole), &speaker{}, "a")
	told := func() (at []string) {
		i := 0
		for c := range v.Speak(t.Context(), send("ab ", "cd."), fixed) {
			if c.Text != "" {
				at = append(at, fmt.Sprint(i, c.Text))
			}
			i++
		}
		return at
	}
	if first, again := told(), told(); !slices.Equal(first, again) || len(first) != 2 {
		t.Errorf("%q, then %q", first, again)
	}
}

func TestOthersAreAsked(t *testing.T) {
	lexicon := func(ipa string) tts.Lexicon {
		return func(text string) (int, string) {
			if strings.HasPrefix(text, "Ann") {
				return 3, ipa
			}
			return 0, ""
		}
	}
	english, german, again := fixed, fixed, fixed
	german.Language = "de"
	again.Fixed = false
	one, other := fixed, fixed
	one.Lexicon, other.Lexicon = lexicon("an"), lexicon("ɛn")
	m, s := NewMemory(Whole), &speaker{}
	for _, c := range []struct {
		name   string
		whose  []string
		o      tts.Options
		pieces []string
		kept   bool
	}{
		{"the first", []string{"e1", "voice"}, english, []string{"I am Ann."}, false},
		{"the same", []string{"e1", "voice"}, english, []string{"I am Ann."}, true},
		{"another environment", []string{"e2", "voice"}, english, []string{"I am Ann."}, false},
		{"the same letters, cut elsewhere", []string{"e", "1voice"}, english, []string{"I am Ann."}, false},
		{"another language", []string{"e1", "voice"}, german, []string{"I am Ann."}, false},
		{"other words", []string{"e1", "voice"}, english, []string{"I am Bob."}, false},
		{"other pieces", []string{"e1", "voice"}, english, []string{"I am ", "Ann."}, false},
		{"nothing fixed", []string{"e1", "voice"}, again, []string{"I am Ann."}, false},
		{"a word of the dictionary", []string{"e1", "voice"}, one, []string{"I am Ann."}, false},
		{"said otherwise", []string{"e1", "voice"}, other, []string{"I am Ann."}, false},
		{"as before", []string{"e1", "voice"}, one, []string{"I am Ann."}, true},
	} {
		if _, _, kept := say(t, Voice(m, s, c.whose...), c.o, c.pieces...); kept != c.kept {
			t.Errorf("%s: kept %v", c.name, kept)
		}
	}
}

// TestOnlyWhole: what failed, was broken off or was not all told is spoken anew.
func TestOnlyWhole(t *testing.T) {
	broken := errors.New("broken")
	m := NewMemory(Whole)
	s := &speaker{fails: broken}
	v := Voice(m, s, "a")
	var last error
	for _, err := range v.Speak(t.Context(), send("One. ", "Two."), fixed) {
		last = err
	}
	if !errors.Is(last, broken) {
		t.Errorf("it ended with %v", last)
	}
	s.fails = nil
	for range v.Speak(t.Context(), send("One. ", "Two."), fixed) {
		break
	}
	if _, _, kept := say(t, v, fixed, "One. ", "Two."); kept {
		t.Error("what was broken off was kept")
	}
	s.silent = true
	for range 2 {
		if _, _, kept := say(t, v, fixed, "Three."); kept {
			t.Error("what nobody knows to be whole was kept")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range v.Speak(ctx, send("One. ", "Two."), fixed) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("of a context that is over: %v", last)
	}
	for _, err := range v.Speak(ctx, make(chan string), fixed) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("waiting for words: %v", last)
	}
}

// TestRoom: what is said again stays, what was said once goes, and the bytes are what is there.
func TestRoom(t *testing.T) {
	const takes = 40
	frame := audio.Samples * 2
	m := NewMemory(takes * (20*frame + 300))
	s := &speaker{}
	v := Voice(m, s, "a")
	greeting := "Hello, I am Annette."
	say(t, v, fixed, greeting)
	say(t, v, fixed, greeting)
	for i := range 10 * takes {
		say(t, v, fixed, fmt.Sprintf("Hello, caller %5d.", i))
	}
	if _, _, kept := say(t, v, fixed, greeting); !kept {
		t.Error("the greeting of all was pushed out by those of one call each")
	}
	asked := s.times()
	for i := range 10 * takes {
		for range 2 {
			say(t, v, fixed, fmt.Sprintf("Good day, no. %5d.", i))
		}
	}
	if n := s.times() - asked; n != 10*takes {
		t.Errorf("%d of %d were said anew at once", n, 10*takes)
	}
	if _, _, kept := say(t, v, fixed, greeting); kept {
		t.Error("what nobody asked for since stays for ever")
	}
	m.check(t)
	long := strings.Repeat("x", m.size/4/frame+1)
	for range 2 {
		if _, _, kept := say(t, v, fixed, long); kept {
			t.Error("one text has more than a quarter of the memory")
		}
	}
	m.check(t)
}

// check holds what m believes of itself against what is there.
func (m *Memory) check(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var bytes [2]int
	for e := m.once.Front(); e != nil; e = e.Next() {
		bytes[0] += e.Value.(*take).bytes()
	}
	for e := m.often.Front(); e != nil; e = e.Next() {
		bytes[1] += e.Value.(*take).bytes()
	}
	if bytes != m.bytes || bytes[0]+bytes[1] > m.size || bytes[0] > m.size/4 || len(m.takes) != m.once.Len()+m.often.Len() {
		t.Errorf("%v bytes of %d, it says %v; %d + %d of %d", bytes, m.size, m.bytes, m.once.Len(), m.often.Len(), len(m.takes))
	}
}

func TestMany(t *testing.T) {
	m := NewMemory(30 * 10 * audio.Samples * 2)
	s := &speaker{}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			v := Voice(m, s, "a")
			for j := range 200 {
				want := fmt.Sprintf("No. %3d.", (i*j)%23)
				if got, words, _ := say(t, v, fixed, want); got != want || words != want {
					t.Errorf("%q, %q for %q", got, words, want)
				}
			}
		})
	}
	all.Wait()
	m.check(t)
}

func TestWhatElseAVoiceCan(t *testing.T) {
	s := &speaker{}
	v := Voice(NewMemory(Whole), s, "a").(*voice)
	if v.Warm(t.Context()) != nil || v.Close() != nil || s.warm != 1 || s.closed != 1 || !v.Phonetic("de") || v.Phonetic("en") {
		t.Errorf("%+v", s)
	}
	plain := Voice(NewMemory(Whole), tts.Func(s.Speak), "a").(*voice)
	if plain.Warm(t.Context()) != nil || plain.Close() != nil || plain.Phonetic("de") {
		t.Error("a voice that can no more than speak")
	}
	if Voice(nil, s) != tts.Synthesizer(s) {
		t.Error("without a memory it is the voice itself")
	}
}

func BenchmarkKept(b *testing.B) {
	v := Voice(NewMemory(Whole), &speaker{}, "a")
	words := strings.Repeat("x", 500) // 10 s
	for range v.Speak(b.Context(), send(words), fixed) {
	}
	b.ReportAllocs()
	for b.Loop() {
		for range v.Speak(b.Context(), send(words), fixed) {
		}
	}
}
