package turn

import (
	"strings"
	"testing"
)

// contract are the languages of the contract.
var contract = []string{"en", "es", "de", "hi", "pt", "fr", "nl", "id", "it", "ja", "ko"}

func TestEveryLanguage(t *testing.T) {
	if len(languages) != len(contract) {
		t.Errorf("%d languages, the contract has %d", len(languages), len(contract))
	}
	for _, code := range contract {
		l := languages[code]
		if l == nil || len(l.backchannels) < 20 || len(l.trailing) < 5 || len(l.last) < 10 {
			t.Fatalf("%s is missing or thin", code)
		}
		for name, set := range map[string]map[string]bool{"backchannels": l.backchannels, "trailing": l.trailing, "alone": l.alone, "last": l.last, "questions": l.questions} {
			for w := range set {
				if got := strings.Join(split(w), " "); got != w {
					t.Errorf("%s: %s has %q, which is heard as %q", code, name, w, got)
				}
			}
		}
		for w := range l.alone {
			if !l.trailing[w] {
				t.Errorf("%s: %q stands alone but does not trail", code, w)
			}
		}
	}
	if languageOf("") != languages["en"] || languageOf("xx") != languages["en"] {
		t.Error("an unknown language is not taken as en")
	}
}

func TestBackchannels(t *testing.T) {
	for code, words := range map[string]struct{ listening, speaking []string }{
		"en": {[]string{"Yes.", "uh-huh", "Mm-hmm, okay.", "I see. That makes sense.", "Yeahhhh", "That's right", ""}, []string{"no", "stop", "wait", "yes but", "okay so when", "hold on", "right now please"}},
		"es": {[]string{"sí, sí", "vale", "claro que sí", "ya veo"}, []string{"no", "espera", "sí pero"}},
		"de": {[]string{"ja ja", "genau, genau", "ach so", "alles klar"}, []string{"nein", "stopp", "ja aber", "moment"}},
		"hi": {[]string{"हाँ", "जी हाँ", "ठीक है", "haan ji"}, []string{"नहीं", "रुकिए"}},
		"pt": {[]string{"sim", "tá bom", "isso mesmo"}, []string{"não", "espere"}},
		"fr": {[]string{"oui oui", "d'accord", "ah bon", "c'est ça"}, []string{"non", "attendez", "oui mais"}},
		"nl": {[]string{"ja ja", "oké", "dat klopt"}, []string{"nee", "wacht even", "ja maar"}},
		"id": {[]string{"iya", "baik", "oh begitu"}, []string{"tidak", "tunggu"}},
		"it": {[]string{"sì sì", "va bene", "ho capito"}, []string{"no", "aspetti", "sì ma"}},
		"ja": {[]string{"はい", "はい、はい", "そうですね", "うん、なるほど"}, []string{"いいえ", "待ってください", "はい、でも違います"}},
		"ko": {[]string{"네", "네, 네", "그렇군요", "아 그래요"}, []string{"아니요", "잠깐만요", "네 그런데요"}},
	} {
		l := languages[code]
		for _, w := range words.listening {
			if !l.backchannel(w) {
				t.Errorf("%s: %q is taken for more than listening", code, w)
			}
		}
		for _, w := range words.speaking {
			if l.backchannel(w) {
				t.Errorf("%s: %q is taken for mere listening", code, w)
			}
		}
	}
}

func TestFinished(t *testing.T) {
	for code, texts := range map[string]struct{ over, open []string }{
		"en": {[]string{"could you tell me what your opening hours are today please", "That is all.", "what time do you close", "I would like to book an appointment.", "Whatever is cheapest.",
			"thanks bye", "no", "yes", "is that right?", "If possible, please.", "If that's okay, thank you.", `He said "yes."`},
			[]string{"I would like to", "and then", "well, um", "my number is 555 12", "I want a table for", "because", "well.", "let me see.", "Hold on, please.", "four one five", "R O B", "if it rains.", "i am looking for something for my", "you sent me the wrong", "is it possible", "what i do not understand", "so I was thinking...", "it was red,", "the"}},
		"es": {[]string{"¿A qué hora abren?", "cuánto cuesta la entrada", "muchas gracias", "eso es todo"}, []string{"quiero una mesa para", "y", "porque", "mi"}},
		"de": {[]string{"wann haben Sie geöffnet", "vielen Dank", "Ich möchte einen Termin."}, []string{"ich möchte einen Tisch für", "und", "weil ich", "das ist die"}},
		"hi": {[]string{"आप कब खुलते हैं", "मुझे एक टेबल चाहिए", "धन्यवाद", "ठीक है।"}, []string{"मुझे शाम को", "और", "लेकिन"}},
		"pt": {[]string{"qual é o horário hoje", "obrigado", "É só isso."}, []string{"eu queria uma mesa para", "mas", "porque"}},
		"fr": {[]string{"quelle heure est il maintenant", "merci", "au revoir", "C'est tout.", "Si possible, s'il vous plaît."}, []string{"je voudrais une table pour", "et", "parce que"}},
		"nl": {[]string{"hoe laat gaan jullie open", "dank u", "Dat was het."}, []string{"ik wil graag een tafel voor", "en", "omdat"}},
		"id": {[]string{"jam berapa buka hari ini", "terima kasih", "Itu saja."}, []string{"saya mau pesan meja untuk", "dan", "karena"}},
		"it": {[]string{"quanto costa un biglietto", "grazie mille", "È tutto."}, []string{"vorrei un tavolo per", "e", "perché il"}},
		"ja": {[]string{"何時に開きますか", "予約をお願いします", "ありがとうございます", "はい。"}, []string{"予約したいんですけど", "明日の", "えっと"}},
		"ko": {[]string{"몇 시에 열어요", "예약하고 싶습니다", "감사합니다", "네."}, []string{"내일 저녁에", "예약을", "그런데"}},
	} {
		l := languages[code]
		for _, s := range texts.over {
			if f := l.finished(s, false); f < enough || f > 1 {
				t.Errorf("%s: %q is finished to %.2f", code, s, f)
			}
		}
		for _, s := range texts.open {
			if f := l.finished(s, false); f >= enough || f < 0 {
				t.Errorf("%s: %q is finished to %.2f", code, s, f)
			}
		}
	}
	// From one who writes punctuation, its absence means something.
	if f := languages["en"].finished("I would like to book an appointment", true); f >= enough {
		t.Errorf("without a full stop where there could be one: %.2f", f)
	}
}

func TestBeyond(t *testing.T) {
	for _, tc := range [][3]string{
		{"When are you open?", "when are you open", ""},
		{"When are you open today?", "when are you open", "today?"},
		{"when are you", "when are you open", "when are you"},
		{"something else", "when", "something else"},
		{"Uh-huh, go on", "uh huh", "go on"},
		{"text", "", "text"},
		{"", "said", ""},
	} {
		if got := beyond(tc[0], tc[1]); got != tc[2] {
			t.Errorf("beyond(%q, %q) = %q, want %q", tc[0], tc[1], got, tc[2])
		}
	}
}

func TestCount(t *testing.T) {
	if n := languages["en"].count("could you  tell me"); n != 4 {
		t.Errorf("%v words", n)
	}
	if n := languages["ja"].count("予約をお願いします。"); n < 3 || n > 4 {
		t.Errorf("%v words", n)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("Yes, uh-huh…", "en", true)
	f.Add("そうですね", "ja", false)
	f.Add("\xff’’' . ", "ko", true)
	f.Fuzz(func(t *testing.T, text, code string, marks bool) {
		l := languageOf(code)
		if s := l.finished(text, marks); s < 0 || s > 1 {
			t.Errorf("%q is finished to %v", text, s)
		}
		l.backchannel(text)
		if got := beyond(text, text); len(split(got)) > 0 && len(split(text)) > 0 {
			t.Errorf("beyond itself, %q says %q", text, got)
		}
	})
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{"You’ve reached  Bob!": " youve reached bob ", "": "  ", "Can't… no": " cant no ", "少々、お待ちください。": " 少々 お待ちください ", "नहीं, जी": " नहीं जी "} {
		if got := Plain(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
