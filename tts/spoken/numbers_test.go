package spoken

import (
	"strings"
	"testing"
)

// TestCardinals are numbers at which languages are irregular.
func TestCardinals(t *testing.T) {
	for _, c := range []struct {
		language string
		n        uint64
		form     form
		want     string
	}{
		{"en", 1_000_001, alone, "one million one"},
		{"en", 999_999_999_999_999, alone, "nine hundred ninety-nine trillion nine hundred ninety-nine billion nine hundred ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine"},
		{"de", 1, alone, "eins"}, {"de", 1, masculine, "ein"}, {"de", 1, feminine, "eine"}, {"de", 101, alone, "einhunderteins"},
		{"de", 21_001, alone, "einundzwanzigtausendeins"}, {"de", 2_000_000, alone, "zwei Millionen"}, {"de", 1_000_001, alone, "eine Million eins"},
		{"es", 1, masculine, "un"}, {"es", 1, feminine, "una"}, {"es", 21, masculine, "veintiún"}, {"es", 31, feminine, "treinta y una"}, {"es", 100, alone, "cien"},
		{"es", 201, feminine, "doscientas una"}, {"es", 21_000, alone, "veintiún mil"}, {"es", 1_000_000, alone, "un millón"}, {"es", 2_000_000_000_000, alone, "dos billones"},
		{"es", 11, feminine, "once"},
		{"fr", 71, alone, "soixante et onze"}, {"fr", 80, alone, "quatre-vingts"}, {"fr", 81, alone, "quatre-vingt-un"}, {"fr", 80_000, alone, "quatre-vingt mille"},
		{"fr", 200, alone, "deux cents"}, {"fr", 200_000, alone, "deux cent mille"}, {"fr", 2_000_000, alone, "deux millions"}, {"fr", 21, feminine, "vingt et une"},
		{"it", 21, alone, "ventuno"}, {"it", 28, alone, "ventotto"}, {"it", 33, alone, "trentatré"}, {"it", 1000, alone, "mille"}, {"it", 2000, alone, "duemila"},
		{"it", 1_000_000, alone, "un milione"}, {"it", 3_000_000_000, alone, "tre miliardi"}, {"it", 1, feminine, "una"},
		{"pt", 2, feminine, "duas"}, {"pt", 100, alone, "cem"}, {"pt", 1100, alone, "mil e cem"}, {"pt", 1_234, alone, "mil duzentos e trinta e quatro"}, {"pt", 200, feminine, "duzentas"},
		{"pt", 2_000_000, alone, "dois milhões"}, {"pt", 2000, feminine, "duas mil"},
		{"nl", 22, alone, "tweeëntwintig"}, {"nl", 1000, alone, "duizend"}, {"nl", 2_500, alone, "tweeduizend vijfhonderd"},
		{"id", 11, alone, "sebelas"}, {"id", 111, alone, "seratus sebelas"}, {"id", 1_500, alone, "seribu lima ratus"}, {"id", 1_000_000, alone, "satu juta"},
		{"hi", 1_00_000, alone, "एक लाख"}, {"hi", 99, alone, "निन्यानवे"}, {"hi", 12_34_56_789, alone, "बारह करोड़ चौंतीस लाख छप्पन हज़ार सात सौ नवासी"},
	} {
		if got := languageOf(c.language).cardinal(c.n, c.form); got != c.want {
			t.Errorf("%s: %d is %q, want %q", c.language, c.n, got, c.want)
		}
	}
	if n := len(hiOnes); n != 100 {
		t.Errorf("%d words up to a hundred in Hindi", n)
	}
}

// TestEveryNumberIsItsOwn: no two numbers are called alike, in any language.
func TestEveryNumberIsItsOwn(t *testing.T) {
	for _, code := range languages {
		l := languageOf(code)
		if l.cardinal == nil {
			continue
		}
		seen := map[string]uint64{}
		check := func(n uint64) {
			w := l.cardinal(n, alone)
			if before, ok := seen[w]; ok {
				t.Errorf("%s: %d and %d are both %q", code, before, n, w)
			}
			if strings.Contains(w, "  ") || strings.TrimSpace(w) != w || w == "" {
				t.Errorf("%s: %d is %q", code, n, w)
			}
			seen[w] = n
		}
		for n := range uint64(3000) {
			check(n)
		}
		for n := uint64(3001); n < maxWhole; n = n*7/3 + 1 {
			check(n)
		}
	}
}

func TestOrdinals(t *testing.T) {
	for _, c := range []struct {
		language string
		n        uint64
		form     form
		want     string
	}{
		{"en", 12, alone, "twelfth"}, {"en", 20, alone, "twentieth"}, {"en", 101, alone, "one hundred first"},
		{"de", 1, alone, "erste"}, {"de", 7, alone, "siebte"}, {"de", 20, alone, "zwanzigste"}, {"de", 103, alone, "einhundertdritte"},
		{"fr", 1, feminine, "première"}, {"fr", 5, alone, "cinquième"}, {"fr", 9, alone, "neuvième"}, {"fr", 4, alone, "quatrième"}, {"fr", 21, alone, "vingt et unième"},
		{"es", 3, masculine, "tercer"}, {"es", 3, alone, "tercero"}, {"es", 7, feminine, "séptima"}, {"es", 11, alone, "undécimo"}, {"es", 13, masculine, "decimotercer"}, {"es", 21, feminine, "vigésima primera"}, {"es", 100, alone, ""},
		{"it", 3, feminine, "terza"}, {"it", 11, alone, "undicesimo"}, {"it", 23, alone, "ventitreesimo"}, {"it", 26, alone, "ventiseiesimo"},
		{"pt", 10, feminine, "décima"}, {"pt", 12, alone, "décimo segundo"}, {"pt", 21, feminine, "vigésima primeira"}, {"nl", 1, alone, "eerste"}, {"nl", 3, alone, "derde"}, {"nl", 20, alone, "twintigste"}, {"nl", 101, alone, "honderdeerste"},
		{"id", 1, alone, "pertama"}, {"id", 5, alone, "kelima"},
	} {
		if got := languageOf(c.language).ordinal(c.n, c.form); got != c.want {
			t.Errorf("%s: %d is %q, want %q", c.language, c.n, got, c.want)
		}
	}
}

func TestYears(t *testing.T) {
	for _, c := range []struct {
		language string
		n        uint64
		want     string
	}{
		{"en", 1776, "seventeen seventy-six"}, {"en", 1900, "nineteen hundred"}, {"en", 1907, "nineteen oh seven"}, {"en", 2000, "two thousand"}, {"en", 2005, "two thousand five"}, {"en", 2026, "twenty twenty-six"},
		{"de", 1984, "neunzehnhundertvierundachtzig"}, {"de", 2026, "zweitausendsechsundzwanzig"}, {"nl", 1984, "negentienvierentachtig"}, {"nl", 1900, "negentienhonderd"}, {"nl", 2026, "tweeduizend zesentwintig"},
		{"fr", 1984, "mille neuf cent quatre-vingt-quatre"}, {"hi", 1947, "उन्नीस सौ सैंतालीस"},
	} {
		if got := languageOf(c.language).annum(c.n); got != c.want {
			t.Errorf("%s: %d is %q, want %q", c.language, c.n, got, c.want)
		}
	}
}
