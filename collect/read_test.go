package collect

import (
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 27, 14, 0, 0, 0, time.UTC) // a Friday

func TestRead(t *testing.T) {
	for _, c := range []struct {
		kind       Kind
		lang, said string
		want       string // ! begins what the error says
	}{
		{Email, "en", "john@example.com", "john@example.com"},
		{Email, "en", "My email is John.Smith@Example.com.", "john.smith@example.com"},
		{Email, "en", "john dot smith at example dot com", "john.smith@example.com"},
		{Email, "en", "it's j o h n underscore 7 5 at gmail dot com", "john_75@gmail.com"},
		{Email, "en", "b as in boy, o, double b at example dot co dot uk", "bobb@example.co.uk"},
		{Email, "en", "j o h n @ example . com", "john@example.com"},
		{Email, "en", "anna hyphen lee seventy five at mail dot example dot com", "anna-lee75@mail.example.com"},
		{Email, "de", "meine Adresse ist hans punkt müller ät example punkt de", "!signs"},
		{Email, "de", "hans minus mueller ät example punkt de", "hans-mueller@example.de"},
		{Email, "de", "b wie Berta e r t a klammeraffe web punkt de", "berta@web.de"},
		{Email, "es", "maría arroba ejemplo punto com", "!signs"},
		{Email, "es", "maria guion bajo lopez arroba ejemplo punto es", "maria_lopez@ejemplo.es"},
		{Email, "fr", "jean tiret paul arobase exemple point fr", "jean-paul@exemple.fr"},
		{Email, "it", "mario trattino basso rossi chiocciola esempio punto it", "mario_rossi@esempio.it"},
		{Email, "nl", "jan apenstaartje voorbeeld punt nl", "jan@voorbeeld.nl"},
		{Email, "pt", "joao ponto silva arroba exemplo ponto com ponto br", "joao.silva@exemplo.com.br"},
		{Email, "hi", "ram डॉट kumar एट gmail डॉट com", "ram.kumar@gmail.com"},
		{Email, "ja", "taro アットマーク example ドット co ドット jp", "taro@example.co.jp"},
		{Email, "ko", "kim 골뱅이 example 점 kr", "kim@example.kr"},
		{Email, "en", "john at example", "!needs a dot"},
		{Email, "en", "john example dot com", "!no at sign"},
		{Email, "en", "at example dot com", "!nothing before"},
		{Email, "en", "john@@example.com", "!signs"},
		{Email, "en", "john\r\nBcc: x@example.com", "x@example.com"},
		{Email, "en", strings.Repeat("a", 65) + "@example.com", "!too long"},

		{Digits, "en", "four two double oh seven", "42007"},
		{Digits, "en", "my number is twenty two, thirty, nineteen", "223019"},
		{Digits, "en", "it is 12 34-56", "123456"},
		{Digits, "en", "triple five one", "5551"},
		{Digits, "en", "pressed 1 2 3 4", "1234"},
		{Digits, "en", "AB12", "!more than digits"},
		{Digits, "en", "I do not know", "!no digits"},
		{Digits, "de", "einundzwanzig null sieben zwo", "21072"},
		{Digits, "nl", "drieëntwintig nul vier", "2304"},
		{Digits, "fr", "zéro six, douze, soixante-douze, quatre-vingt-dix-huit, vingt et un", "0612729821"},
		{Digits, "fr", "soixante-dix-sept quatre-vingts", "7780"},
		{Digits, "es", "treinta y uno cero veintidós", "31022"},
		{Digits, "it", "ventitré sessantotto quarantuno", "236841"},
		{Digits, "pt", "vinte e um meia dúzia", "216"},
		{Digits, "id", "nol delapan satu dua", "0812"},
		{Digits, "hi", "नौ आठ शून्य डबल सात", "98077"},
		{Digits, "hi", "९८७६", "9876"},
		{Digits, "ja", "ゼロさんのいちに", "0312"},
		{Digits, "ja", "１２３", "123"},
		{Digits, "ko", "공일공 일이삼사", "0101234"},

		{Phone, "en", "five five five, zero one two, three four five six", "+15550123456"},
		{Phone, "en", "(555) 012-3456", "+15550123456"},
		{Phone, "en", "+44 20 7946 0018", "+442079460018"},
		{Phone, "en", "plus four four two oh seven nine four six double oh one eight", "+442079460018"},
		{Phone, "en", "0044 20 7946 0018", "+442079460018"},
		{Phone, "en", "five five five", "!digits are missing"},
		{Phone, "en", "5550123", "!too short"},
		{Phone, "en", "+0123456789", "!no telephone number"},
		{Phone, "en", "12345678901234567890", "!no more than 15"},
		{Phone, "en", "", "!empty"},

		{Name, "en", "my name is John Smith.", "John Smith"},
		{Name, "en", "John Smythe, S M Y T H E", "John Smythe"},
		{Name, "en", "maier, m a y e r", "Mayer"},
		{Name, "en", "S-m-i-double t-h", "!"},
		{Name, "en", "anna m as in mary e double y", "Anna Meyy"},
		{Name, "de", "ich heiße Anne-Marie von der Heide", "Anne-Marie von der Heide"},
		{Name, "de", "Meyer, M wie Martha E Y E R", "Meyer"},
		{Name, "fr", "c'est Hélène d'Arc", "Hélène d'Arc"},
		{Name, "ja", "山田太郎", "山田太郎"},
		{Name, "ko", "김민수", "김민수"},
		{Name, "en", "john 5", "!digits"},
		{Name, "en", "<script>", "!signs"},
		{Name, "en", "one two three four five six seven eight nine", "!too long"},

		{Date, "en", "1985-03-04", "1985-03-04"},
		{Date, "en", "March 4th, 1985", "1985-03-04"},
		{Date, "en", "the fourth of March nineteen eighty five", "1985-03-04"},
		{Date, "en", "march the twenty first two thousand and five", "2005-03-21"},
		{Date, "en", "3/4/1985", "1985-03-04"},
		{Date, "en", "25/12/85", "1985-12-25"},
		{Date, "en", "december 25", "2026-12-25"},
		{Date, "en", "march 4", "2027-03-04"},
		{Date, "en", "tomorrow", "2026-11-28"},
		{Date, "en", "next friday", "2026-12-04"},
		{Date, "en", "February 30 2024", "!no such day"},
		{Date, "en", "some day", "!no date"},
		{Date, "en", "3/4/1200", "!year"},
		{Date, "de", "3.4.1985", "1985-04-03"},
		{Date, "de", "3. März 1985", "1985-03-03"},
		{Date, "de", "übermorgen", "2026-11-29"},
		{Date, "es", "4 de marzo de 1985", "1985-03-04"},
		{Date, "pt", "amanhã", "2026-11-28"},
		{Date, "fr", "le 1er août 2027", "2027-08-01"},
		{Date, "it", "4 marzo 1985", "1985-03-04"},
		{Date, "nl", "4 maart 1985", "1985-03-04"},
		{Date, "id", "4 Maret 1985", "1985-03-04"},
		{Date, "id", "hari ini", "2026-11-27"},
		{Date, "hi", "4 मार्च 1985", "1985-03-04"},
		{Date, "ja", "1985年3月4日", "1985-03-04"},
		{Date, "ja", "明後日です", "2026-11-29"},
		{Date, "ko", "1985년 3월 4일", "1985-03-04"},

		{Address, "en", "12 Harbor Street,\n Springfield", "12 Harbor Street, Springfield"},
		{Address, "en", "12", "!shorter"},
		{Address, "en", "1234 5678", "!no words"},
		{Text, "en", "  two\u200b people \x00", "two people"},
		{Text, "en", strings.Repeat("x", 2001), "!longer"},
	} {
		f := Field{Name: "f", Kind: c.kind}
		got, err := f.Read(c.said, Place{Language: c.lang, Near: "+15559870000", Now: at})
		if want, fails := strings.CutPrefix(c.want, "!"); fails && (err == nil || !strings.Contains(err.Error(), want)) && c.want != "!" || !fails && (err != nil || got != c.want) {
			t.Errorf("%s in %s, %q: %q, %v; want %q", c.kind, c.lang, c.said, got, err, c.want)
		}
	}
}

func TestLengths(t *testing.T) {
	f := Field{Kind: Digits, Least: 6, Most: 6}
	for said, want := range map[string]string{"123456": "123456", "12345": "!5 digits, and must have 6", "1234567": "!7 digits"} {
		got, err := f.Read(said, Place{Now: at})
		if why, fails := strings.CutPrefix(want, "!"); fails && (err == nil || !strings.Contains(err.Error(), why)) || !fails && got != want {
			t.Errorf("%s: %q %v", said, got, err)
		}
	}
	f.Most = 8
	if _, err := f.Read("123", Place{Now: at}); err == nil || !strings.Contains(err.Error(), "6 to 8") {
		t.Error(err)
	}
	x := Field{Kind: Text, Least: 3, Most: 5}
	if _, err := x.Read("abcdef", Place{Now: at}); err == nil {
		t.Error("too long a text was taken")
	}
}

// TestNearNobody: a number without a country stays as it is where no country is known.
func TestNearNobody(t *testing.T) {
	f := Field{Kind: Phone}
	for near, want := range map[string]string{"": "02079460018", "204": "02079460018", "+442079460000": "+442079460018"} {
		if got, err := f.Read("020 7946 0018", Place{Language: "en", Near: near, Now: at}); got != want {
			t.Errorf("near %q: %q, %v", near, got, err)
		}
	}
}

func TestReadBack(t *testing.T) {
	for _, c := range []struct {
		kind              Kind
		lang, value, want string
	}{
		{Email, "en", "john.s_7@example.com", "I have noted: j, o, h, n, dot, s, underscore, 7, at, example, dot, com."},
		{Email, "de", "a-b@web.de", "Ich habe notiert: a, bindestrich, b, ät, web, punkt, d, e."},
		{Phone, "en", "+15550123456", "I have noted: plus 1 5 5, 5 0 1, 2 3 4, 5 6."},
		{Digits, "en", "1234567", "I have noted: 1 2 3, 4 5 6 7."},
		{Digits, "en", "1234", "I have noted: 1 2 3 4."},
		{Digits, "fr", "12345", "J'ai noté : 1 2 3, 4 5."},
		{Name, "en", "Anne-Marie Smith", "I have noted: Anne-Marie Smith, A N N E M A R I E, S M I T H."},
		{Name, "ja", "山田", "確認します。山田。"},
		{Date, "en", "1985-03-04", "I have noted: March 4, 1985."},
		{Date, "de", "1985-03-04", "Ich habe notiert: 4. März 1985."},
		{Date, "es", "1985-03-04", "He anotado: 4 de marzo de 1985."},
		{Date, "ja", "1985-03-04", "確認します。1985年3月4日。"},
		{Date, "ko", "1985-03-04", "확인하겠습니다. 1985년 3월 4일."},
		{Text, "it", "due persone", "Ho annotato: due persone."},
	} {
		f := Field{Kind: c.kind}
		if got := f.ReadBack(c.value, c.lang); got != c.want {
			t.Errorf("%s in %s, %s: %q\nwant %q", c.kind, c.lang, c.value, got, c.want)
		}
	}
}

func TestAsk(t *testing.T) {
	for lang, w := range languages {
		for _, k := range Kinds {
			f := Field{Name: "case_number", Kind: k}
			if q := f.Ask(lang); q == "" || strings.Contains(q, "%!") || (k == Digits || k == Text) != strings.Contains(q, "case number") {
				t.Errorf("%s %s: %q", lang, k, q)
			}
		}
		if !strings.ContainsAny(w.right, "?？。") || w.numerals == nil || len(w.sign) != 5 || len(w.yes) == 0 || len(w.no) == 0 {
			t.Errorf("%s is not whole", lang)
		}
	}
	if len(languages) != 11 {
		t.Errorf("%d languages", len(languages))
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		lang, said string
		want       Answer
	}{
		{"en", "Yes.", Yes}, {"en", "yes, that's right, thank you", Yes}, {"en", "that is correct", Yes}, {"en", "uh huh", Unclear}, {"en", "", Unclear},
		{"en", "No.", No}, {"en", "no, it is five five six", No}, {"en", "that's not right", No}, {"en", "yes but the last one is a seven", Unclear},
		{"en", "what is that for", Unclear}, {"es", "sí, correcto", Yes}, {"es", "no, está mal", No}, {"de", "ja, genau", Yes}, {"de", "stimmt so", Yes}, {"de", "das stimmt nicht", No},
		{"fr", "oui c'est ça", Yes}, {"fr", "non", No}, {"it", "sì, va bene", Yes}, {"pt", "sim, está certo", Yes}, {"pt", "não", No}, {"nl", "ja dat klopt", Yes}, {"nl", "nee", No},
		{"id", "ya, benar", Yes}, {"id", "bukan", No}, {"hi", "जी हाँ", Yes}, {"hi", "जी नहीं", No}, {"ja", "はい、そうです", Yes}, {"ja", "はいそうです", Yes}, {"ja", "いいえ", No}, {"ja", "違います", No},
		{"ko", "네, 맞아요", Yes}, {"ko", "아니요", No},
	} {
		if got := AnswerIn(c.lang, c.said); got != c.want {
			t.Errorf("%s %q: %d", c.lang, c.said, got)
		}
	}
}
