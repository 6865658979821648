package answer

import (
	"strings"
	"testing"
	"time"
)

// TestGuesses: how an answer begins says who it may be, while they talk on.
func TestGuesses(t *testing.T) {
	for name, tc := range map[string]struct {
		language, said string
		want           Class
		after          int // ms of talk after these words
	}{
		"a yes":                    {"en", "yes", Human, 20},
		"a question":               {"en", "who", Human, 20},
		"a yes after a greeting":   {"en", "hi yeah", Human, 20},
		"a greeting":               {"en", "hello", Human, 20},
		"a name":                   {"en", "miller residence", Human, 20},
		"one word of a name":       {"en", "riverside", Human, 200},
		"a greeting and a name":    {"en", "good morning baker", Human, 200},
		"a name in German":         {"de", "schneider", Human, 200},
		"a yes in German":          {"de", "ja", Human, 20},
		"an allô":                  {"fr", "allô", Human, 20},
		"a pronto":                 {"it", "pronto", Human, 20},
		"a mi dica":                {"it", "mi dica", Human, 20},
		"a hai in Japanese":        {"ja", "はい", Human, 20},
		"a yeoboseyo":              {"ko", "여보세요", Human, 20},
		"nobody":                   {"en", "no one is", "", 1000},
		"an article":               {"en", "the person", "", 1000},
		"a possessive":             {"de", "ihr gesprächspartner", "", 1000},
		"an article in Italian":    {"it", "il cliente", "", 1000},
		"an announcement in Hindi": {"hi", "आपका", "", 1000},
		"one who introduces":       {"en", "this is peter", "", 1000},
		"thanks":                   {"en", "thank you for calling", "", 1000},
		"thanks, for long":         {"en", "thank you for calling the acme store+and for the time you take+today we all wish you+a day", Human, 900},
		"a welcome":                {"en", "welcome to acme+the home of all+good things+and of+more", IVR, 300},
		"a welcome, and a person":  {"en", "welcome to acme how can i", "", 20},
		"a machine's phrase":       {"en", "the person you are calling", Voicemail, 20},
	} {
		t.Run(name, func(t *testing.T) {
			a, said := newCallee(Options{Language: tc.language, Guess: true}).quiet(300), ""
			for more := range strings.SplitSeq(tc.said, "+") {
				said += " " + more
				a.talks(500).words(said).talks(tc.after)
			}
			v, ok := a.c.Verdict()
			if ok != (tc.want != "") || v.Class != tc.want || ok && (v.Confidence < 0.5 || len(v.Evidence) != 1) {
				t.Errorf("%v %+v, want %q", ok, v, tc.want)
			}
		})
	}
}

// TestGuessesWait: they are no more than that until it is settled, and another takes their place when more speaks for it.
func TestGuessesWait(t *testing.T) {
	a := newCallee(Options{Guess: true}).quiet(300).talks(500).words("yes").talks(40)
	if v := a.want(t, Human, time.Second); !v.Guess || a.c.Waits() {
		t.Errorf("%+v, waits %v: they still talk", v, a.c.Waits())
	}
	if v := a.quiet(700).want(t, Human, 2*time.Second); v.Guess || v.Confidence < 0.95 || !a.c.Waits() {
		t.Errorf("%+v, waits %v: a greeting, and they wait", v, a.c.Waits())
	}
	a = newCallee(Options{Guess: true}).quiet(300).talks(500).words("greenwood law").talks(300)
	if v, _ := a.c.Verdict(); v.Class != Human || !v.Guess {
		t.Errorf("a name: %+v", v)
	}
	a.talks(900).words("greenwood law please leave a message").talks(40)
	if v := a.want(t, Voicemail, 3*time.Second); v.Guess {
		t.Errorf("%+v: a machine's own words settle it", v)
	}
	a = newCallee(Options{Guess: true}).quiet(300).talks(600).words("your call has been forwarded").talks(300)
	if v, _ := a.c.Verdict(); v.Class != Voicemail || !v.Guess {
		t.Errorf("a machine that may yet say more: %+v", v)
	}
	if at, ok := a.c.Leave(); ok {
		t.Errorf("a message at %s for a guess", at)
	}
}

// TestGuessOfSound: a word or two of a voice and a pause are enough to say something, and words say more.
func TestGuessOfSound(t *testing.T) {
	a := newCallee(Options{Guess: true}).quiet(300).talks(500).quiet(60)
	if v, ok := a.c.Verdict(); ok {
		t.Errorf("%+v: a consonant is as long", v)
	}
	a.quiet(180)
	if v := a.want(t, Human, 940*time.Millisecond); !v.Guess || v.Confidence > 0.6 {
		t.Errorf("%+v", v)
	}
	a.words("yes")
	if v := a.want(t, Human, 1200*time.Millisecond); !v.Guess || v.Confidence < 0.9 {
		t.Errorf("%+v: their word is known now", v)
	}
	a = newCallee(Options{Guess: true}).quiet(300).tone(400, 1400).quiet(300)
	if v, ok := a.c.Verdict(); ok {
		t.Errorf("%+v of a tone", v)
	}
}

// TestNoGuesses where none are wanted.
func TestNoGuesses(t *testing.T) {
	a := newCallee(Options{}).quiet(300).talks(500).words("yes").talks(1000)
	if v, ok := a.c.Verdict(); ok {
		t.Errorf("%+v", v)
	}
	a = newCallee(Options{Guess: true}).quiet(300).talks(1500).quiet(300)
	if v, ok := a.c.Verdict(); ok {
		t.Errorf("%+v without a word", v)
	}
}

// TestOpeners: the lists are in the lexicons' spelling, no word is in two of them, and each language has some.
func TestOpeners(t *testing.T) {
	for language := range lexicons {
		o := opened[language]
		if o == nil || len(o.telephone) == 0 || len(o.announces) == 0 {
			t.Errorf("%s has no openers", language)
			continue
		}
		in := map[string]bool{}
		for _, list := range [][]string{o.telephone, o.told, o.announces} {
			for _, p := range list {
				if in[p] {
					t.Errorf("%s: %q twice", language, p)
				}
				if in[p] = true; strings.TrimSpace(plain(p)) != p {
					t.Errorf("%s: %q would never be found: it is %q in plain", language, p, plain(p))
				}
			}
		}
	}
}
