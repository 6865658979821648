package spoken

import (
	"strings"
	"testing"
)

// prose is text without figures and abbreviations, with capitals, dashes, quotes and brackets, in every language.
var prose = map[string]string{
	"en": "Hello Anna, it's well-known: \"May I?\" she said. The sun set on a no-go area (in a way). Fri and Mo went on; I am so happy, Part of it.",
	"es": "Hola, ¿qué tal? El lunes por la mañana hablamos con la señora Mar; el domingo no hay nadie. ¡Gracias! Sí, así es: \"todo bien\".",
	"de": "Guten Tag, Frau Müller! So ist es: Die Straße ist gesperrt, wir fahren am Montag. Was möchten Sie (bitte)? „Gerne“, sagte er – und ging.",
	"hi": "नमस्ते, आप कैसे हैं? मैं आपकी मदद करूँगा। कृपया थोड़ा इंतज़ार करें, धन्यवाद!",
	"pt": "Olá, tudo bem? Não há ninguém na segunda; a sexta é melhor. \"Claro\", disse ela, e à tarde saiu. Guarda-chuva!",
	"fr": "Bonjour, comment allez-vous ? C’est l’été, n'est-ce pas ; mer et ciel. « Bien sûr », dit-elle. Voilà !",
	"nl": "Goedemorgen, hoe gaat het met u? Wij zijn er zo: ma en pa komen ook. 's Avonds is het rustig, zo'n dag.",
	"id": "Halo, apa kabar? Kami ada di sini setiap hari; silakan tunggu sebentar, ya. Anak-anak senang.",
	"it": "Buongiorno, come sta? L'amico c'è; perché no, è il mio turno. \"Certo\", disse lui. Così sia.",
	"ja": "こんにちは。お元気ですか？「はい」と言いました。少々お待ちください。",
	"ko": "안녕하세요, 잘 지내세요? 네, 잠시만 기다려 주세요. \"감사합니다\"라고 했어요.",
}

// TestProseStays: what has nothing to be read otherwise is said as written, whole and cut anywhere.
func TestProseStays(t *testing.T) {
	for _, language := range languages {
		text := prose[language]
		if text == "" {
			t.Errorf("%s has no prose", language)
		}
		if got := checked(t, language, text); got != text {
			t.Errorf("%s:\n     %s\nbecame %s", language, text, got)
		}
		for at := range text {
			if got := checked(t, language, text, at); got != text {
				t.Errorf("%s cut at %d:\n     %s\nbecame %s", language, at, text, got)
			}
		}
	}
}

// TestCutAnywhere: a row cut in two or three is written as it was, whatever of it is said, and each piece is accounted for.
func TestCutAnywhere(t *testing.T) {
	for _, language := range languages {
		for _, row := range rows(t, language) {
			text := row[0]
			for at := range len(text) + 1 {
				checked(t, language, text, at)
				checked(t, language, text, at, at+1)
				checked(t, language, text, at/2, at)
			}
		}
	}
}

// TestToldBackAnywhere: of a row that is cut anywhere, and heard a byte at a time, all letters come back, in order, none twice.
func TestToldBackAnywhere(t *testing.T) {
	for _, language := range languages {
		for _, row := range rows(t, language) {
			for at := 0; at <= len(row[0]); at += 3 {
				var tl teller
				said := 0
				r := NewReader(language, nil, false)
				for _, piece := range []string{row[0][:at], row[0][at:]} {
					if piece != "" {
						reading := r.Read(piece)
						said += len(reading.Said)
						tl.add(reading)
					}
				}
				var told strings.Builder
				for range said {
					told.WriteString(tl.told(1))
				}
				if told.String() != row[0] {
					t.Fatalf("%s cut at %d: told back %q of %q", language, at, told.String(), row[0])
				}
			}
		}
	}
}

// TestReadAgain: what is said is words, and words are said as they are.
func TestReadAgain(t *testing.T) {
	for _, language := range languages {
		for _, row := range rows(t, language) {
			if row[1] == "1234567 habitantes." { // figures that the voice is left with are no words
				continue
			}
			if got := checked(t, language, row[1]); got != row[1] {
				t.Errorf("%s: %s\nis said again %s", language, row[1], got)
			}
		}
	}
}

// TestTablesAreLong: the tables are long enough for callers of every language.
func TestTablesAreLong(t *testing.T) {
	for _, language := range languages {
		if n := len(rows(t, language)); n < 45 {
			t.Errorf("%s has %d rows", language, n)
		}
	}
}
