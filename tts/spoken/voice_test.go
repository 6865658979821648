package spoken

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-voice/parley/tts"
)

// speaker says each piece in parts that are cut anywhere, a frame each, and stops for good after some of them.
type speaker struct {
	cut    func(said string) []string
	parts  int // 0: all
	heard  []string
	err    error
	warmed bool
	closed bool
	phones bool
	words  tts.Lexicon
}

func (s *speaker) Warm(context.Context) error    { s.warmed = true; return nil }
func (s *speaker) Close() error                  { s.closed = true; return nil }
func (s *speaker) Phonetic(language string) bool { return s.phones && language == "en" }

func (s *speaker) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	s.words = o.Lexicon
	return func(yield func(tts.Chunk, error) bool) {
		n := 0
		for {
			select {
			case <-ctx.Done():
				yield(tts.Chunk{}, ctx.Err())
				return
			case p, ok := <-text:
				if !ok {
					return
				}
				s.heard = append(s.heard, p)
				for _, part := range s.cut(p) {
					if !yield(tts.Chunk{Text: part, Vendor: "speaker"}, nil) || !yield(tts.Chunk{}, nil) {
						return
					}
					if n++; n == s.parts {
						if s.err != nil {
							yield(tts.Chunk{}, s.err)
						}
						return
					}
				}
			}
		}
	}
}

func whole(s string) []string { return []string{s} }

// byWord cuts after each word.
func byWord(s string) []string { return strings.SplitAfter(s, " ") }

func speak(t *testing.T, s *speaker, d *Dictionary, pieces ...string) (told []string, err error) {
	t.Helper()
	in := make(chan string, len(pieces))
	for _, p := range pieces {
		in <- p
	}
	close(in)
	for c, e := range Voice(s, d).Speak(t.Context(), in, tts.Options{Language: "en"}) {
		if e != nil {
			err = e
		}
		if c.Text != "" {
			told = append(told, c.Text)
		}
	}
	return told, err
}

func TestVoiceTellsWhatWasWritten(t *testing.T) {
	s := &speaker{cut: byWord}
	told, err := speak(t, s, nil, "You owe $1,234.50, ", "Dr. Smith. ", "Bye!")
	if got := strings.Join(told, ""); err != nil || got != "You owe $1,234.50, Dr. Smith. Bye!" {
		t.Errorf("told %q, %v", got, err)
	}
	if got := strings.Join(s.heard, ""); got != "You owe one thousand two hundred thirty-four dollars and fifty cents, Doctor Smith. Bye!" {
		t.Errorf("the vendor was given %q", got)
	}
	if want := []string{"You ", "owe ", "$1,234.50, ", "Dr. ", "Smith. ", "Bye!"}; strings.Join(told, "|") != strings.Join(want, "|") {
		t.Errorf("told %q, want %q", told, want)
	}
}

// TestVoiceCutInTheMiddle: what was cut off within an amount was not heard.
func TestVoiceCutInTheMiddle(t *testing.T) {
	for parts, want := range map[int]string{2: "You owe ", 3: "You owe ", 10: "You owe ", 11: "You owe $1,234.50, ", 12: "You owe $1,234.50, or "} {
		s := &speaker{cut: byWord, parts: parts, err: errors.New("gone")}
		told, err := speak(t, s, nil, "You owe $1,234.50, or $2.")
		if got := strings.Join(told, ""); got != want || err == nil {
			t.Errorf("after %d words %q was told, want %q (%v)", parts, got, want, err)
		}
	}
}

// TestVoiceGroups: a telephone number is told group by group.
func TestVoiceGroups(t *testing.T) {
	s := &speaker{cut: byWord, parts: 6}
	told, _ := speak(t, s, nil, "Call +1 (415) 555-0123 now.")
	if got := strings.Join(told, ""); got != "Call +1 (415) " {
		t.Errorf("told %q", got)
	}
}

// TestVoiceBehindFallback: the second vendor goes on with the word at which the first failed.
func TestVoiceBehindFallback(t *testing.T) {
	first := &speaker{cut: byWord, parts: 4, err: errors.New("gone")}
	second := &speaker{cut: byWord}
	v := tts.Fallback(tts.Vendor{Name: "spoken-first", Synthesizer: Voice(first, nil)}, tts.Vendor{Name: "spoken-second", Synthesizer: Voice(second, nil)})
	in := make(chan string, 2)
	in <- "You owe $1,234.50 by 3pm. "
	in <- "Bye."
	close(in)
	got := ""
	for c, err := range v.Speak(t.Context(), in, tts.Options{Language: "en"}) {
		if err != nil {
			t.Fatal(err)
		}
		got += c.Text
	}
	if got != "You owe $1,234.50 by 3pm. Bye." {
		t.Errorf("told %q", got)
	}
	if said := strings.Join(second.heard, ""); said != "one thousand two hundred thirty-four dollars and fifty cents by three PM. Bye." {
		t.Errorf("the second was given %q", said)
	}
}

// TestVoiceAnywhere: pieces cut anywhere by who writes them, told in parts cut anywhere: all Texts are what was written.
func TestVoiceAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, language := range languages {
		text := ""
		for _, row := range rows(t, language) {
			text += row[0] + " "
		}
		var pieces []string
		for rest := text; rest != ""; {
			n := min(len(rest), 1+r.IntN(60))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		s := &speaker{cut: func(said string) (parts []string) {
			for said != "" {
				n := min(len(said), 1+r.IntN(9))
				parts, said = append(parts, said[:n]), said[n:]
			}
			return parts
		}}
		told, err := speak(t, s, nil, pieces...)
		if got := strings.Join(told, ""); err != nil || got != text {
			t.Errorf("%s: told %q\nwant %q", language, got, text)
		}
	}
}

func TestVoiceEndsWithItsLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := make(chan string, 1) // never closed
		in <- "One, 2, 3."
		for range Voice(&speaker{cut: byWord}, nil).Speak(t.Context(), in, tts.Options{Language: "en"}) {
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range Voice(&speaker{cut: byWord}, nil).Speak(ctx, in, tts.Options{Language: "en"}) {
		}
	})
}

func TestVoiceWarmsAndCloses(t *testing.T) {
	s := &speaker{cut: whole}
	v := Voice(s, nil)
	if err := v.(interface{ Warm(context.Context) error }).Warm(t.Context()); err != nil || !s.warmed {
		t.Error("not warmed", err)
	}
	if err := v.(interface{ Close() error }).Close(); err != nil || !s.closed {
		t.Error("not closed", err)
	}
	plain := Voice(tts.Func(s.Speak), nil)
	if plain.(interface{ Warm(context.Context) error }).Warm(t.Context()) != nil || plain.(interface{ Close() error }).Close() != nil {
		t.Error("what cannot be warmed or closed is no error")
	}
}

func TestVoiceOfPhonemes(t *testing.T) {
	d := NewDictionary([]Word{{Word: "Nguyen", IPA: "wɪn", Respelling: "Win"}, {Word: "Siobhan", Respelling: "Shivawn"}})
	s := &speaker{cut: whole, phones: true}
	if _, err := speak(t, s, d, "Siobhan Nguyen is here."); err != nil {
		t.Fatal(err)
	}
	if got := s.heard[0]; got != "Shivawn Nguyen is here." {
		t.Errorf("a voice that reads phonemes was given %q", got)
	}
	if n, ipa := s.words("Nguyen is here."); n != len("Nguyen") || ipa != "wɪn" {
		t.Errorf("its lexicon has %d, %q", n, ipa)
	}
	s = &speaker{cut: whole}
	told, _ := speak(t, s, d, "Siobhan Nguyen is here.")
	if s.heard[0] != "Shivawn Win is here." || s.words != nil || told[0] != "Siobhan Nguyen is here." {
		t.Errorf("one that does not was given %q, and told %q", s.heard[0], told)
	}
}

// TestVoiceAddsNothingToAFrame: a frame without words costs nothing.
func TestVoiceAddsNothingToAFrame(t *testing.T) {
	var tl teller
	r := NewReader("en", nil, false).Read("You owe $5, and no more.")
	tl.add(r)
	if n := testing.AllocsPerRun(10, func() { tl.told(0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
