package vocabulary

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const debian = "/usr/share/pocketsphinx/model/en-us/"

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(debian + name)
	if err != nil {
		t.Fatalf("%v: apt-get install pocketsphinx-en-us", err)
	}
	return b
}

func TestSpokenText(t *testing.T) {
	for in, want := range map[string]string{
		"We're open 8 am – 5:30 p.m., Mon-Fri!":    "we're open eight a.m. five thirty p.m. mon fri",
		"Open from 9:00 to 17:05.":                 "open from nine to seventeen oh five",
		"A cleaning costs $95 (or 20% off).":       "a cleaning costs ninety five dollars or twenty percent off",
		"Call 555-0199 or 5035550142":              "call five five five zero one nine nine or five zero three five five five zero one four two",
		"Since 1998, the 2nd and 21st on 12th St.": "since nineteen ninety eight the second and twenty first on twelfth street",
		"8am & 10PM": "eight a.m. and ten p.m.",
		"Dr. Khoury’s X-rays — e.g. for children": "doctor khoury's x rays for children",
		"1500 people, 2000 more":                  "one thousand five hundred people two thousand more",
		"**Bold** _text_ #1 café":                 "bold text one café",
		"":                                        "", " … ": "", "U.S.A.": "u s a",
	} {
		if got := strings.Join(Spoken(in), " "); got != want {
			t.Errorf("%q is spoken\n%q, want\n%q", in, got, want)
		}
	}
}

func FuzzSpoken(f *testing.F) {
	for _, s := range []string{"9:30 a.m.", "$1,000.50", "0007", "99999999999999999999", "1st2nd", "ⅷ ٣", "\xff'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range Spoken(s) {
			if w == "" || strings.ContainsAny(w, " \n\t") {
				t.Errorf("%q has the word %q", s, w)
			}
		}
		a := ToASCII(s)
		if a.Origin(len(a.Text)) != len(s) {
			t.Errorf("%q ends at %d", s, a.Origin(len(a.Text)))
		}
		for i := range len(a.Text) {
			if a.Text[i] < 32 || a.Text[i] > 126 || a.Origin(i) > a.Origin(i+1) {
				t.Fatalf("%q: byte %d of %q", s, i, a.Text)
			}
		}
	})
}

// sums checks that each history's probabilities, with what backs off, come to one.
func sums(t *testing.T, m *Model) {
	t.Helper()
	uni := map[uint32]Ngram{}
	total := 0.0
	for _, g := range m.Grams[0] {
		uni[g.Words[0]] = g
		if m.Words[g.Words[0]] != Begin {
			total += math.Pow(10, float64(g.Prob))
		}
	}
	if math.Abs(total-1) > 0.01 {
		t.Errorf("the single words come to %g", total)
	}
	runs(m.Grams[1], 1, func(run []Ngram) {
		seen, rest := 0.0, 1.0
		for _, g := range run {
			seen += math.Pow(10, float64(g.Prob))
			rest -= math.Pow(10, float64(uni[g.Words[1]].Prob))
		}
		all := seen + rest*math.Pow(10, float64(uni[run[0].Words[0]].Backoff))
		if math.Abs(all-1) > 0.02 && seen < 0.999 {
			t.Errorf("after %s comes %g", m.Words[run[0].Words[0]], all)
		}
	})
}

func TestDomain(t *testing.T) {
	var sentences [][]string
	for _, s := range []string{"i need help", "i need a cab", "i want a cab", "a cab please"} {
		sentences = append(sentences, strings.Fields(s))
	}
	m := Domain(sentences, []string{"yes", "no", "help"})
	sums(t, m)
	if !slices.IsSorted(m.Words) || len(m.Words) != 11 {
		t.Errorf("words %q", m.Words)
	}
	prob := func(words ...string) float64 {
		var want [3]uint32
		for i, w := range words {
			want[i] = uint32(slices.Index(m.Words, w))
		}
		for _, g := range m.Grams[len(words)-1] {
			if g.Words == want {
				return math.Pow(10, float64(g.Prob))
			}
		}
		return 0
	}
	// "i" is followed by need twice and want once: n=3, t=2. need is 2 of 18 tokens, of 10 words: (2+1)/(18+10).
	if got, want := prob("i", "need"), (2+2*3.0/28)/5; math.Abs(got-want) > 1e-4 {
		t.Errorf("p(need|i) = %g, want %g", got, want)
	}
	if prob("i", "need", "a") <= 0 || prob("yes") <= 0 || prob("i", "yes") != 0 {
		t.Error("what is seen, possible and unseen")
	}
	var a, b bytes.Buffer
	if err := m.WriteARPA(&a); err != nil {
		t.Fatal(err)
	}
	if err := Domain(sentences, []string{"yes", "no", "help"}).WriteARPA(&b); err != nil || a.String() != b.String() {
		t.Error("the same sentences give another model")
	}
	for _, want := range []string{"\\data\\\nngram 1=11\n", "\\3-grams:\n", "\ti need a\n", "\n\\end\\\n", "-99.0000\t<s>\t"} {
		if !strings.Contains(a.String(), want) {
			t.Errorf("the file lacks %q", want)
		}
	}
	if Domain(nil, nil) == nil {
		t.Error("no sentences")
	}
}

func TestPrune(t *testing.T) {
	dict := ReadDictionary(file(t, "cmudict-en-us.dict"), nil)
	m, err := Prune(file(t, "en-us.lm.bin"), Cut{Words: 3000, Bigrams: 2e-6, Trigrams: 2e-6}, func(w string) bool { return dict[w] != nil })
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Words) != 3002 || !slices.IsSorted(m.Words) || len(m.Grams[1]) < 10000 || len(m.Grams[2]) < 10000 {
		t.Errorf("%d words, %d bigrams, %d trigrams", len(m.Words), len(m.Grams[1]), len(m.Grams[2]))
	}
	for _, w := range []string{"the", "you", "please", "thank", Begin, End} {
		if _, ok := slices.BinarySearch(m.Words, w); !ok {
			t.Errorf("%s was dropped", w)
		}
	}
	var a bytes.Buffer
	if err := m.WriteARPA(&a); err != nil {
		t.Fatal(err)
	}
	at := strings.Index(a.String(), "\tthank you\t")
	line := a.String()[strings.LastIndexByte(a.String()[:at], '\n')+1 : at]
	if p, err := strconv.ParseFloat(line, 64); err != nil || math.Abs(p+0.134) > 0.01 {
		t.Errorf("p(you|thank) is %s", line)
	}
}

func FuzzReadTrie(f *testing.F) {
	head := append([]byte(trieMagic), 3, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
	f.Add(head)
	f.Add([]byte(trieMagic))
	whole := append(slices.Clone(head), make([]byte, 3*quantTable+36+64)...)
	f.Add(append(whole, "\x00\x00\x00\x00a\x00b\x00"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Prune(b, Cut{Words: 10}, func(string) bool { return true })
		if err == nil && len(m.Words) > 12 {
			t.Errorf("%d words", len(m.Words))
		}
	})
}

func TestDictionary(t *testing.T) {
	d := ReadDictionary([]byte("a AH\na(2) EY\n\nbad\nread R EH D\nskip S\n"), func(w string) bool { return w != "skip" })
	var b bytes.Buffer
	if err := d.Write(&b); err != nil || b.String() != "a AH\na(2) EY\nread R EH D\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if got := FromFlite(strings.Fields("k ax0 r iy1 pau el")); got != "K AH R IY AH L" {
		t.Errorf("%q", got)
	}
}

func FuzzReadDictionary(f *testing.F) {
	f.Add([]byte("a(2) AH\n(x) Y\n \n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for w, ways := range ReadDictionary(b, nil) {
			if w == "" || len(ways) == 0 {
				t.Errorf("%q: %q", w, ways)
			}
		}
	})
}

func TestExpect(t *testing.T) {
	text := []string{"You are the receptionist of Harbor Dental.", "Teeth whitening costs $250.", "Dr. Khoury is in on Monday."}
	sentences, extra := Expect(text, map[string]float64{"Invisalign": 5, "Lindqvist": 1})
	all := map[string]int{}
	for _, s := range sentences {
		all[strings.Join(s, " ")]++
	}
	for _, want := range []string{"what are your opening hours", "how much is teeth whitening", "do you have invisalign", "where is the khoury",
		"doctor khoury is in on monday", "teeth whitening costs two hundred fifty dollars", "lindqvist please"} {
		if all[want] == 0 {
			t.Errorf("%q is not expected", want)
		}
	}
	if all["do you take invisalign"] <= all["do you take lindqvist"] {
		t.Error("a boost makes no difference")
	}
	if !slices.Contains(extra, "seven") || !slices.Contains(extra, "yes") {
		t.Errorf("anywhere: %q", extra)
	}
	many := make([]string, 5000)
	for i := range many {
		many[i] = "word" + strconv.Itoa(i) + " other thing" + strconv.Itoa(i)
	}
	if s, _ := Expect(many, nil); len(s) > 8000 {
		t.Errorf("%d sentences of a long prompt", len(s))
	}
	d := ReadDictionary(file(t, "cmudict-en-us.dict"), nil)
	for _, s := range append(callers, strings.Join(callerWords, " ")) {
		for _, w := range strings.Fields(s) {
			if d[w] == nil {
				t.Errorf("%q is in no dictionary", w)
			}
		}
	}
}

// TestSituations: what goes by another word in the agent's text is expected where that text is about it, and nowhere else.
func TestSituations(t *testing.T) {
	has := func(text, said string) bool {
		sentences, _ := Expect([]string{text}, nil)
		for _, s := range sentences {
			if strings.Join(s, " ") == said {
				return true
			}
		}
		return false
	}
	for _, c := range []struct {
		text, said string
		want       bool
	}{
		{"Doctor Moreno is our dentist.", "my tooth hurts", true},
		{"In an emergency, come at once.", "i'm in pain", true},
		{"Children are welcome.", "can i bring my son", true},
		{"We sell bicycles.", "my tooth hurts", false},
		{"We sell bicycles.", "can i book a table", false},
		{"Our restaurant is by the sea.", "a table for two", true},
		{"We sell bicycles.", "i'd like to make an appointment for tuesday", true},
		{"We sell bicycles.", "can i speak to bicycles", true},
		{"", "what", true},
	} {
		if got := has(c.text, c.said); got != c.want {
			t.Errorf("%q expects %q: %v", c.text, c.said, got)
		}
	}
	for _, u := range situations {
		for _, s := range u.sentences {
			if got := strings.Join(Spoken(s), " "); got != s {
				t.Errorf("%q is said %q", s, got)
			}
		}
	}
}

func TestAm(t *testing.T) {
	for text, want := range map[string]string{"I am here": "i am here", "Am I late?": "am i late", "8 am": "eight a.m.", "8:30 AM": "eight thirty a.m.",
		"from nine am": "from nine a.m.", "10 o'clock am": "ten o'clock a.m.", "who am I": "who am i", "9am": "nine a.m."} {
		if got := strings.Join(Spoken(text), " "); got != want {
			t.Errorf("%q is said %q, want %q", text, got, want)
		}
	}
}
