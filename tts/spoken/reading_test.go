package spoken

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// checked reads text in pieces cut at all the places given, and holds a Reading to what it must be.
func checked(t *testing.T, language, text string, cuts ...int) (said string) {
	t.Helper()
	r := NewReader(language, nil, false)
	from, written := 0, ""
	for _, at := range append(cuts, len(text)) {
		if at = min(at, len(text)); at < from {
			continue
		}
		got := r.Read(text[from:at])
		a, b := 0, 0
		for _, s := range got.spans {
			if s.same && got.Written[a:a+s.written] != got.Said[b:b+s.said] {
				t.Fatalf("%s: %q is not said as written", language, got.Written[a:a+s.written])
			}
			a, b = a+s.written, b+s.said
		}
		if a != len(got.Written) || b != len(got.Said) {
			t.Fatalf("%s: spans of %q have %d and %d bytes of %d and %d", language, got.Written, a, b, len(got.Written), len(got.Said))
		}
		written, said, from = written+got.Written, said+got.Said, at
	}
	if written != text {
		t.Fatalf("%s: %q was read as %q", language, text, written)
	}
	return said
}

// TestNoFigureIsLeft: of the languages that have all figures as words, none is left in what is said of the tables, but for those
// whose form depends on a noun.
func TestNoFigureIsLeft(t *testing.T) {
	for _, language := range []string{"en", "nl", "id", "hi"} {
		for _, row := range rows(t, language) {
			said := row[1]
			if i := strings.IndexByte(said, '<'); i >= 0 {
				said = said[:i]
			}
			if strings.ContainsFunc(said, func(r rune) bool { return r >= '0' && r <= '9' }) {
				t.Errorf("%s: %s", language, said)
			}
		}
	}
}

// TestWordsStay: text without anything to read otherwise goes through as it is, in every language.
func TestWordsStay(t *testing.T) {
	for _, s := range []string{"", " ", "\n", "Hello there, how are you?", "¿Cómo está usted?", "Ça va très bien, merci !", "नमस्ते, आप कैसे हैं?",
		"こんにちは。お元気ですか？", "안녕하세요, 반갑습니다.", "…", "\xff\xfe", "a\x00b", "I'd say it's well-known.", "Straße, Grüße."} {
		for _, language := range append(languages, "xx", "") {
			if got := checked(t, language, s); got != s {
				t.Errorf("%s: %q became %q", language, s, got)
			}
		}
	}
}

func TestUnknownLanguageKeepsFigures(t *testing.T) {
	if got := checked(t, "sv", "Det kostar $5."); got != "Det kostar $5." {
		t.Errorf("said %q", got)
	}
	if got := checked(t, "en-GB", "It is $5."); got != "It is five dollars." {
		t.Errorf("with its country: %q", got)
	}
}

// TestAcrossPieces: what the last piece ended with is known in the next; what a figure goes on with is not waited for.
func TestAcrossPieces(t *testing.T) {
	for _, c := range []struct {
		text, said string
		at         int
	}{
		{"Your PIN is 1234.", "Your PIN is one two three four.", len("Your PIN is ")},
		{"On March 3.", "On March third.", len("On March ")},
		{"It weighs 10 kg.", "It weighs ten kg.", len("It weighs 10 ")},
	} {
		if got := checked(t, "en", c.text, c.at); got != c.said {
			t.Errorf("%q is said %q, want %q", c.text, got, c.said)
		}
	}
}

func TestHostileText(t *testing.T) {
	for _, s := range []string{strings.Repeat("9", 5000), strings.Repeat("1.", 3000), strings.Repeat("1-", 3000), "$" + strings.Repeat("9", 40) + "." + strings.Repeat("9", 40),
		strings.Repeat("a@b.com/", 500), strings.Repeat("(", 2000), "+" + strings.Repeat("1 ", 500), strings.Repeat("<", 500), strings.Repeat("a.", 500), "1/1/1/1/1", "99:99", "$", "#", "-", "€ €", "5 €€",
		"1º2ª3º", "0000-00-00", "32/13/2026", "٣٤", "½", "１２３"} {
		for _, language := range languages {
			checked(t, language, s)
		}
	}
}

func FuzzRead(f *testing.F) {
	for i, language := range languages {
		for _, row := range rows(f, language) {
			f.Add(uint8(i), row[0], 5)
		}
	}
	f.Fuzz(func(t *testing.T, l uint8, text string, cut int) {
		language := languages[int(l)%len(languages)]
		said := checked(t, language, text, max(cut, 0))
		if utf8.ValidString(text) && cut <= 0 && !utf8.ValidString(said) {
			t.Errorf("%q became %q", text, said)
		}
		sounds := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
		if strings.ContainsFunc(text, sounds) && !strings.ContainsFunc(said, sounds) {
			t.Errorf("of %q nothing is left to say: %q", text, said)
		}
	})
}

const sentence = "Your order A-1042-B of $1,234.50 was shipped to Dr. Smith on 12/03/2026 at 3:30pm, please call +1 (415) 555-0123."

func BenchmarkReadSentence(b *testing.B) {
	r := NewReader("en", nil, false)
	b.ReportAllocs()
	for b.Loop() {
		r.Read(sentence)
	}
}

func BenchmarkReadWords(b *testing.B) {
	r := NewReader("en", nil, false)
	b.ReportAllocs()
	for b.Loop() {
		r.Read("I would be happy to help you with that, may I have the name on the account?")
	}
}
