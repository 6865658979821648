package turn

import (
	"strings"
	"testing"
	"time"
)

// asked is how long the caller is waited for after an answer.
func asked(t *testing.T, language, question, answer string) time.Duration {
	t.Helper()
	sc := newScene(Options{Language: language})
	sc.d.Asked(question)
	sc.speaks(2 * time.Second).quiet(100 * ms).final(answer).quiet(5 * time.Second)
	sc.want(t, TurnEnd)
	wait, _ := sc.ended(t)
	return wait
}

// TestAsked: what was asked for is waited for until it is whole, whatever full stops the transcriber writes.
func TestAsked(t *testing.T) {
	const long, short = 1300 * ms, 800 * ms
	for _, tc := range []struct {
		language, question, answer string
		whole                      bool
	}{
		{"en", "What is your phone number?", "It's four one five.", false},
		{"en", "What is your phone number?", "four one five five five five", false},
		{"en", "What is your phone number?", "Sure.", false},
		{"en", "What are the last four digits?", "seven seven", false},
		{"en", "What are the last four digits?", "seven seven two one", true},
		{"en", "Please tell me the 6 digit code.", "12 34", false},
		{"en", "Please tell me the 6 digit code.", "123456", true},
		{"en", "What is the number on your card?", "I have not got it here, thanks", true},
		{"en", "What is your e-mail address?", "john dot smith", false},
		{"en", "What is your e-mail address?", "john dot smith at example", false},
		{"en", "What is your e-mail address?", "john dot smith at example dot com", true},
		{"en", "And your email?", "It's john.smith@example.com.", true},
		{"en", "What is your address?", "The address is twenty two", false},
		{"en", "Could you spell that?", "R O B", false},
		{"en", "Is that right?", "Yes.", true},
		{"en", "Is that right?", "No.", true},
		{"es", "¿Cuál es su número de teléfono?", "seis uno dos", false},
		{"de", "Wie ist Ihre Kundennummer?", "null eins sieben", false},
		{"de", "Wie ist Ihre E-Mail-Adresse?", "anna ät beispiel punkt de", true},
		{"fr", "Quel est votre numéro ?", "zéro six douze", false},
		{"it", "Qual è il suo numero?", "tre tre otto", false},
		{"pt", "Qual é o seu número?", "nove um dois", false},
		{"nl", "Wat is uw klantnummer?", "nul zes een", false},
		{"id", "Berapa nomor telepon Anda?", "nol delapan satu", false},
		{"hi", "आपका फ़ोन नंबर क्या है?", "नौ आठ सात", false},
		{"ja", "電話番号をお願いします。", "ゼロ九ゼロ", false},
		{"ko", "전화번호가 어떻게 되세요?", "공일공", false},
	} {
		wait := asked(t, tc.language, tc.question, tc.answer)
		if tc.whole && wait > short || !tc.whole && wait < long {
			t.Errorf("%s: %q after %q: waited %s", tc.language, tc.answer, tc.question, wait)
		}
	}
}

// TestNameAsked: a first name may be followed by another.
func TestNameAsked(t *testing.T) {
	if wait := asked(t, "en", "May I have your name?", "My name is Catherine."); wait < 950*ms {
		t.Errorf("one name: %s", wait)
	}
	if wait := asked(t, "en", "May I have your name?", "My name is Robert Miller."); wait > 520*ms {
		t.Errorf("two names: %s", wait)
	}
}

// TestYesAlone: a yes that answers no question is often the beginning of more.
func TestYesAlone(t *testing.T) {
	if wait := asked(t, "en", "I have put it down.", "No."); wait < 980*ms {
		t.Errorf("waited %s", wait)
	}
	if wait := asked(t, "en", "Shall I book it?", "No."); wait > 520*ms {
		t.Errorf("waited %s", wait)
	}
}

func TestRequest(t *testing.T) {
	for _, tc := range []struct {
		language, text string
		want           request
	}{
		{"en", "", request{}},
		{"en", "Your number is 555 12 34.", request{}},
		{"en", "Thanks. What is your name?", request{want: aName}},
		{"en", "What is your name? Thanks. We are open from nine. All the time.", request{}},
		{"en", "Can I have your email address?", request{want: anEmail}},
		{"en", "Where shall we send it, what's the street?", request{want: anAddress}},
		{"en", "When were you born?", request{want: aDate}},
		{"en", "Please tell me the last four digits of your card.", request{aNumber, 4, false}},
		{"en", "Can you spell your name?", request{want: aSpelling}},
		{"en", "Is Tuesday fine?", request{want: aYes, yes: true}},
		{"de", "Wie lautet Ihre Telefonnummer?", request{want: aPhone}},
		{"de", "Wie ist Ihre Kundennummer?", request{want: aNumber}},
		{"de", "Wann sind Sie geboren?", request{want: aDate}},
		{"es", "¿Cómo se llama?", request{want: aName}},
		{"es", "¿Cuál es su correo electrónico?", request{want: anEmail}},
		{"fr", "Quelle est votre adresse ?", request{want: anAddress}},
		{"it", "Come si chiama?", request{want: aName}},
		{"pt", "Qual é o seu endereço?", request{want: anAddress}},
		{"nl", "Wat is uw geboortedatum?", request{want: aDate}},
		{"id", "Siapa nama Anda?", request{want: aName}},
		{"hi", "आपका नाम क्या है?", request{want: aName}},
		{"ja", "お名前をお願いします。", request{want: aName}},
		{"ko", "성함이 어떻게 되세요?", request{want: aName}},
	} {
		if got := languageOf(tc.language).request(tc.text); got != tc.want {
			t.Errorf("%s: %q asks for %+v, want %+v", tc.language, tc.text, got, tc.want)
		}
	}
}

// TestAskedWhilePending: what is asked while words wait is taken into account at once.
func TestAskedWhilePending(t *testing.T) {
	sc := newScene(Options{}).speaks(time.Second).final("Sure.")
	sc.d.Asked("What is your phone number?")
	sc.quiet(1300 * ms)
	sc.want(t)
	sc.quiet(2 * time.Second)
	sc.want(t, TurnEnd)
}

func TestFigure(t *testing.T) {
	for _, tc := range []struct {
		language, text string
		words, digits  int
	}{
		{"en", "my number is four one five", 3, 3},
		{"en", "twenty two", 2, 2},
		{"en", "415 555", 2, 6},
		{"en", "one of them", 0, 0},
		{"de", "null eins zweiundzwanzig", 3, 4},
		{"fr", "zéro six douze", 3, 4},
		{"es", "seis veintidós", 2, 3},
		{"ja", "番号はゼロ九ゼロです", 3, 3},
		{"ko", "공일공 삼사오예요", 2, 6},
		{"ko", "이 사람", 0, 0},
		{"hi", "नौ आठ सात", 3, 3},
	} {
		l := languageOf(tc.language)
		if f := l.figure(split(tc.text)); f.digits != tc.digits || tc.language != "ko" && f.words != tc.words {
			t.Errorf("%s: %q is %+v", tc.language, tc.text, f)
		}
	}
	if languages["en"].dictates(split(strings.Repeat("five ", 10))) {
		t.Error("ten digits are a number")
	}
}

func FuzzAsked(f *testing.F) {
	f.Add("What is your phone number?", "four one five", "en")
	f.Add("電話番号は？", "ゼロ九ゼロ", "ja")
	f.Add("\xff . ? !", "\xf0 at . dot", "ko")
	f.Fuzz(func(t *testing.T, question, answer, code string) {
		d := New(Options{Language: code})
		d.Asked(question)
		if s := d.lang.fits(d.request, answer, d.lang.finished(answer, false)); s < 0 || s > 1 {
			t.Errorf("%q after %q is finished to %v", answer, question, s)
		}
	})
}
