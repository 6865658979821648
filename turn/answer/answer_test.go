package answer

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
)

// A callee plays sound and words to a classifier.
type callee struct {
	c     *Classifier
	voice *babble.Voice
	now   time.Duration
}

func newCallee(o Options) *callee {
	return &callee{c: New(o), voice: babble.New(11)}
}

func (a *callee) play(d time.Duration, fill func([]int16)) *callee {
	for range int(d / audio.FrameDur) {
		var f audio.Frame
		if fill != nil {
			fill(f[:])
		}
		for i := range f { // the line itself
			f[i] += int16(i*7919%23) - 11
		}
		a.now += audio.FrameDur
		a.c.Frame(&f, a.now)
	}
	return a
}

func (a *callee) quiet(ms int) *callee { return a.play(time.Duration(ms)*time.Millisecond, nil) }
func (a *callee) talks(ms int) *callee {
	return a.play(time.Duration(ms)*time.Millisecond, a.voice.Fill)
}
func (a *callee) tone(ms int, hz ...float64) *callee {
	t := audio.Sine(hz[0], audio.Rate, -15)
	if len(hz) > 1 {
		t = audio.Pair(hz[0], hz[1], audio.Rate, -15)
	}
	return a.play(time.Duration(ms)*time.Millisecond, t.Fill)
}
func (a *callee) words(text string) *callee {
	a.c.Heard(Words{Text: text}, a.now)
	return a
}
func (a *callee) final(text string) *callee {
	a.c.Heard(Words{Text: text, Final: true}, a.now)
	return a
}

func (a *callee) want(t *testing.T, class Class, by time.Duration) Verdict {
	t.Helper()
	v, ok := a.c.Verdict()
	if !ok || v.Class != class || v.At > by || len(v.Evidence) == 0 || v.Confidence <= 0.5 || v.Confidence > 1 {
		t.Errorf("decided %v %+v, want %s by %s", ok, v, class, by)
	}
	return v
}

func TestHumans(t *testing.T) {
	for name, a := range map[string]*callee{
		"hello":             newCallee(Options{}).quiet(500).talks(400).quiet(200).words("hello").quiet(1500),
		"hello, no words":   newCallee(Options{}).quiet(500).talks(500).quiet(2000),
		"a company":         newCallee(Options{}).quiet(500).talks(2400).words("harbor dental this is Amy how can I help you").quiet(1500),
		"a long company":    newCallee(Options{}).quiet(500).talks(3000).words("good morning and thank you for calling harbor dental").talks(1200).words("good morning and thank you for calling harbor dental this is Amy speaking how may I help you").quiet(1500),
		"a name":            newCallee(Options{Language: "de"}).quiet(300).talks(600).quiet(250).words("Müller").quiet(1000),
		"hello in Japanese": newCallee(Options{Language: "ja"}).quiet(300).talks(600).quiet(250).words("はい、もしもし").quiet(1000),
		"English abroad":    newCallee(Options{Language: "fr"}).quiet(300).talks(600).quiet(250).words("hello?").quiet(1000),
	} {
		t.Run(name, func(t *testing.T) { a.want(t, Human, a.now-400*time.Millisecond) })
	}
}

func TestMachines(t *testing.T) {
	for name, tc := range map[string]struct {
		a    *callee
		want Class
	}{
		"a message":      {newCallee(Options{}).quiet(500).talks(3500).words("you've reached Dan please leave a message after the tone").quiet(600), Voicemail},
		"talks on":       {newCallee(Options{}).quiet(200).talks(400).words("hi there").talks(900).words("hi there it is").talks(800).words("hi there it is Dan and I").talks(900).words("hi there it is Dan and I am sorry that").talks(700).words("hi there it is Dan and I am sorry that we missed").talks(700).words("hi there it is Dan and I am sorry that we missed it but").talks(300), Voicemail},
		"no words":       {newCallee(Options{}).quiet(500).talks(5000), Silence},
		"a beep":         {newCallee(Options{}).quiet(300).talks(2000).quiet(300).tone(400, 1000).quiet(200), Voicemail},
		"full":           {newCallee(Options{}).quiet(500).talks(2000).words("the mailbox is").talks(700).words("the mailbox is full and cannot accept any messages at this time").quiet(600), MailboxFull},
		"a menu":         {newCallee(Options{}).quiet(500).talks(2000).words("thank you for calling acme for sales press one"), IVR},
		"a screening":    {newCallee(Options{}).quiet(500).talks(2500).words("please state your name and why you're calling"), CallScreening},
		"a queue":        {newCallee(Options{}).quiet(500).talks(2500).words("all of our agents are busy please hold").quiet(300), Hold},
		"not in service": {newCallee(Options{}).quiet(500).talks(2500).words("the number you have dialed is not in service").quiet(1200), SIT},
		"SIT":            {newCallee(Options{}).quiet(300).tone(380, 985.2).tone(380, 1428.5).tone(380, 1776.7).quiet(300), SIT},
		"CNG":            {newCallee(Options{}).quiet(300).tone(500, 1100).quiet(600), Fax},
		"CED":            {newCallee(Options{}).quiet(300).tone(2600, 2100), Fax},
		"busy":           {newCallee(Options{}).tone(500, 480, 620).quiet(500).tone(500, 480, 620).quiet(500), Busy},
		"busy in Europe": {newCallee(Options{}).tone(480, 425).quiet(480).tone(480, 425).quiet(480), Busy},
		"congestion":     {newCallee(Options{}).tone(240, 425).quiet(240).tone(240, 425).quiet(480), Busy},
		"nobody":         {newCallee(Options{}).quiet(4100), Silence},
		"German voicemail": {newCallee(Options{Language: "de"}).quiet(500).talks(3900).final("Hier ist die Mailbox von Dan").words("bitte hinterlassen Sie eine Nachricht").
			quiet(600), Voicemail},
	} {
		t.Run(name, func(t *testing.T) { tc.a.want(t, tc.want, 5*time.Second) })
	}
}

// TestRingingIsNobodyYet: a phone that goes on ringing behind an answer is waited for.
func TestRingingIsNobodyYet(t *testing.T) {
	a := newCallee(Options{}).tone(2000, 440, 480).quiet(4000).tone(2000, 440, 480)
	if v, ok := a.c.Verdict(); ok {
		t.Errorf("decided %+v", v)
	}
	a.quiet(500).talks(400).quiet(1600)
	a.want(t, Human, a.now)
}

// TestMessageWaitsForTheLastBeep: short ones come in twos, and what a voice holds for a moment is none.
func TestMessageWaitsForTheLastBeep(t *testing.T) {
	for name, play := range map[string]func(*callee) *callee{
		"one, short":            func(a *callee) *callee { return a.tone(200, 1000) },
		"two":                   func(a *callee) *callee { return a.tone(200, 1000).quiet(300).tone(200, 1000) },
		"two, far apart":        func(a *callee) *callee { return a.tone(200, 850).quiet(480).tone(200, 850) },
		"three, of two pitches": func(a *callee) *callee { return a.tone(160, 800).quiet(100).tone(160, 800).quiet(100).tone(300, 1000) },
		"a vowel before it":     func(a *callee) *callee { return a.tone(140, 400).quiet(900).tone(400, 1400) },
	} {
		t.Run(name, func(t *testing.T) {
			a := play(newCallee(Options{}).quiet(300).talks(3000).words("please leave a message after the tone").quiet(500))
			if at, ok := a.c.Leave(); ok {
				t.Errorf("the message begins at %s, with the last beep until %s", at, a.now)
			}
			end := a.now
			a.quiet(800)
			if at, ok := a.c.Leave(); !ok || at < end+100*time.Millisecond || at > end+700*time.Millisecond {
				t.Errorf("the last beep ended at %s, the message begins at %s", end, at)
			}
		})
	}
}

// TestNoBeepWhileWordsCome: who is too quiet for the detector talks on as long as there are new words.
func TestNoBeepWhileWordsCome(t *testing.T) {
	a := newCallee(Options{}).quiet(300).talks(2000).words("leave a message").quiet(1500).words("leave a message for us").quiet(1500)
	if at, ok := a.c.Leave(); ok {
		t.Errorf("the message begins at %s", at)
	}
	a.quiet(800)
	if _, ok := a.c.Leave(); !ok {
		t.Error("no message")
	}
}

// TestFullAfterAll: a mailbox that asked for a message and then is full takes none.
func TestFullAfterAll(t *testing.T) {
	a := newCallee(Options{}).quiet(300).talks(2000).words("please leave a message").talks(200)
	a.want(t, Voicemail, 3*time.Second)
	a.talks(1500).words("please leave a message the mailbox is full").talks(40)
	a.want(t, MailboxFull, 5*time.Second)
	a = newCallee(Options{}).quiet(300).talks(2000).words("please leave a message").quiet(300).tone(500, 1000).quiet(500).words("please leave a message the mailbox is full").quiet(100)
	a.want(t, Voicemail, 3*time.Second)
}

// TestMessageBegins after the beep, or after silence where none comes.
func TestMessageBegins(t *testing.T) {
	a := newCallee(Options{}).quiet(500).talks(4000).words("please leave a message after the tone")
	if at, ok := a.c.Leave(); ok {
		t.Errorf("the message begins at %s, while they talk", at)
	}
	a.quiet(400).tone(500, 850)
	end := a.now
	a.quiet(300)
	if at, ok := a.c.Leave(); !ok || at < end+100*time.Millisecond || at > end+700*time.Millisecond {
		t.Errorf("the beep ended at %s, the message begins at %s", end, at)
	}
	a = newCallee(Options{}).quiet(500).talks(4000).words("please leave a message")
	end = a.now
	a.quiet(3000)
	if at, ok := a.c.Leave(); !ok || at < end+1800*time.Millisecond || at > end+2800*time.Millisecond {
		t.Errorf("without a beep after %s, it begins at %s", end, at)
	}
	a = newCallee(Options{}).quiet(500).talks(400).quiet(3000)
	if at, ok := a.c.Leave(); ok {
		t.Errorf("a human is left a message at %s", at)
	}
}

// TestDynamic: who is taken for a human and shows to be a machine is one: soon after the answer, and later if that is wanted.
func TestDynamic(t *testing.T) {
	for _, tc := range []struct {
		dynamic bool
		after   time.Duration
		want    Class
	}{{false, time.Second, Voicemail}, {true, time.Second, Voicemail}, {false, Revisable, Human}, {true, Revisable, Voicemail}} {
		a := newCallee(Options{Dynamic: tc.dynamic}).quiet(500).talks(500).quiet(200).words("hello").quiet(1000)
		a.want(t, Human, 3*time.Second)
		a.quiet(int(tc.after.Milliseconds())).talks(3000).words("you have reached Dan leave a message after the tone").quiet(1000)
		if v, _ := a.c.Verdict(); v.Class != tc.want {
			t.Errorf("%+v: %+v", tc, v)
		}
	}
	a := newCallee(Options{Dynamic: true}).quiet(4100)
	a.want(t, Silence, 5*time.Second)
	a = newCallee(Options{}).quiet(4100).talks(400).quiet(1600)
	a.want(t, Human, 7*time.Second) // silence is no verdict to stand by
}

// TestWordsOnly: neither tones nor the length of talk count.
func TestWordsOnly(t *testing.T) {
	a := newCallee(Options{WordsOnly: true}).quiet(300).talks(2000).quiet(300).tone(400, 1000).quiet(200)
	if v, ok := a.c.Verdict(); ok {
		t.Errorf("decided %+v", v)
	}
	a.words("please leave a message after the tone").quiet(2000)
	a.want(t, Voicemail, a.now)
}

// TestLexicons: every language has all lists, as plain writes them.
func TestLexicons(t *testing.T) {
	if len(lexicons) != 11 {
		t.Errorf("%d languages", len(lexicons))
	}
	for code, l := range lexicons {
		for name, words := range map[string][]string{"machine": l.machine, "weak": l.weak, "company": l.company, "full": l.full, "menu": l.menu, "screening": l.screening, "hold": l.hold,
			"nobody": l.nobody, "human": l.human, "hello": l.hello} {
			if len(words) == 0 {
				t.Errorf("%s has no %s", code, name)
			}
			for _, w := range words {
				if strings.TrimSpace(plain(w)) != w {
					t.Errorf("%s, %s: %q is written %q", code, name, w, strings.TrimSpace(plain(w)))
				}
				if got, ok := l.has(plain(w), words); !ok {
					t.Errorf("%s, %s: %q is not found, but %q", code, name, w, got)
				}
			}
		}
		for _, w := range l.hello {
			if !l.greets(plain(w + " " + l.hello[0])) {
				t.Errorf("%s: %q is no greeting", code, w)
			}
		}
		if l.greets(plain("zzz")) {
			t.Errorf("%s: zzz is a greeting", code)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	a := newCallee(Options{})
	a.talks(300)
	var f audio.Frame
	a.voice.Fill(f[:])
	if n := testing.AllocsPerRun(50, func() { a.now += audio.FrameDur; a.c.Frame(&f, a.now) }); n > 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// TestNothingIsAllocatedForWords: they are looked through when they come, not with every frame.
func TestNothingIsAllocatedForWords(t *testing.T) {
	for _, o := range []Options{{}, {Dynamic: true}} {
		a := newCallee(o)
		a.talks(300).words("thank you for calling you have reached").talks(100)
		var f audio.Frame
		a.voice.Fill(f[:])
		if n := testing.AllocsPerRun(50, func() { a.now += audio.FrameDur; a.c.Frame(&f, a.now) }); n > 0 {
			t.Errorf("%+v: %v allocations a frame", o, n)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add("hello", "leave a message", "en")
	f.Add("もしもし", "", "ja")
	f.Fuzz(func(t *testing.T, a, b, language string) {
		c := newCallee(Options{Language: language, Dynamic: true})
		c.talks(200).words(a).final(b).quiet(600)
		if v, ok := c.c.Verdict(); ok && (v.Confidence <= 0 || v.Confidence > 1 || v.Class == "") {
			t.Errorf("%+v", v)
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	c, v := New(Options{Dynamic: true}), babble.New(3)
	var f audio.Frame
	v.Fill(f[:])
	now := time.Duration(0)
	for b.Loop() {
		now += audio.FrameDur
		c.Frame(&f, now)
	}
}

// TestWaits: a human is known by what only people say before they have finished; they wait when they have.
func TestWaits(t *testing.T) {
	a := newCallee(Options{}).quiet(300).talks(1500).words("good morning how can I help").talks(300)
	a.want(t, Human, a.now)
	if a.c.Waits() {
		t.Error("they wait while they talk")
	}
	if a.quiet(800); !a.c.Waits() {
		t.Error("they have finished, and do not wait")
	}
}
