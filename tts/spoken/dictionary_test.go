package spoken

import (
	"strconv"
	"testing"
)

func TestDictionary(t *testing.T) {
	d := NewDictionary([]Word{
		{Word: "Siobhan", Respelling: "Shivawn"},
		{Word: "gif", Respelling: "jif"},
		{Word: "US", Respelling: "you ess", CaseSensitive: true},
		{Word: "Aer Lingus", Respelling: "air ling gus"},
		{Word: "Aer", Respelling: "air"},
		{Word: "C++", Respelling: "see plus plus"},
		{Word: "AT&T", Respelling: "A T and T"},
		{Word: "Kita", Respelling: "Kinderta", Language: "de"},
		{Word: "Kita", Respelling: "keeta"},
		{Word: "1Password", Respelling: "one password"},
		{Word: "東海林", Respelling: "しょうじ"},
		{Word: "Zoë", IPA: "ˈzoʊi"},
		{Word: " ", Respelling: "never"},
		{Word: "nothing"},
	})
	for _, c := range [][3]string{
		{"en", "Is Siobhan's SIOBHAN here?", "Is Shivawn's Shivawn here?"},
		{"en", "A gif, gifs", "A jif, gifs"},
		{"en", "The US told us.", "The you ess told us."},
		{"en", "Aer Lingus, Aer France.", "air ling gus, air France."},
		{"en", "I write C++ at AT&T.", "I write see plus plus at A T and T."},
		{"en", "Kita", "keeta"},
		{"de", "Kita", "Kinderta"},
		{"en", "Use 1Password.", "Use one password."},
		{"ja", "東海林さん", "しょうじさん"},
		{"sv", "Siobhan har 5.", "Shivawn har 5."},
		{"en", "Zoë is nothing.", "Zoë is nothing."},
	} {
		if got := NewReader(c[0], d, false).Read(c[1]).Said; got != c[2] {
			t.Errorf("%s: %q is said %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if n, ipa := d.lexicon("en")("zoë, come"); n != len("zoë") || ipa != "ˈzoʊi" {
		t.Errorf("lexicon: %d, %q", n, ipa)
	}
	if n, _ := d.lexicon("en")("Siobhan"); n != 0 {
		t.Error("a word without phonemes is in the lexicon")
	}
	var none *Dictionary
	if none.lexicon("en") != nil {
		t.Error("no dictionary has a lexicon")
	}
}

func BenchmarkReadWithDictionary(b *testing.B) {
	var words []Word
	for i := range 5000 {
		words = append(words, Word{Word: "word" + strconv.Itoa(i), Respelling: "w"})
	}
	r := NewReader("en", NewDictionary(words), false)
	b.ReportAllocs()
	for b.Loop() {
		r.Read(sentence)
	}
}
