package conversation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
)

const second = time.Second

// at places words: "two@2.5" is said from 2.5 s on, for 0.3 s.
func at(s string) (out []word) {
	for _, f := range strings.Fields(s) {
		var from float64
		text, when, _ := strings.Cut(f, "@")
		fmt.Sscan(when, &from)
		start := time.Duration(from * float64(second))
		out = append(out, word{text, parley.Span{Start: start, End: start + 300*time.Millisecond}})
	}
	return out
}

// shown is in seconds, "0.5–0.8".
func shown(spans []parley.Span) string {
	var out []string
	for _, s := range spans {
		out = append(out, fmt.Sprintf("%.1f–%.1f", s.Start.Seconds(), s.End.Seconds()))
	}
	return strings.Join(out, " ")
}

// TestWordsAmongThoseTimed: each word of a text has the place of the same word, and what was written otherwise stands between.
func TestWordsAmongThoseTimed(t *testing.T) {
	for _, k := range []struct{ text, known, want string }{
		{"one two three", "one@1 two@1.5 three@2", "1.0–1.3 1.5–1.8 2.0–2.3"},
		{"One, “two” three.", "one@1 TWO@1.5 three@2", "1.0–1.3 1.5–1.8 2.0–2.3"},
		{"a table for 25 people", "a@1 table@1.5 for@2 twenty@3 five@3.5 people@4", "1.0–1.3 1.5–1.8 2.0–2.3 2.3–4.0 4.0–4.3"},
		{"one a bbb two", "one@1 two@3", "1.0–1.3 1.3–1.7 1.7–3.0 3.0–3.3"}, // half of them
		{"well yes I do", "yes@2 i@2.5 do@3", "1.0–2.0 2.0–2.3 2.5–2.8 3.0–3.3"},
		{"yes I do thanks", "yes@2 i@2.5 do@3", "2.0–2.3 2.5–2.8 3.0–3.3 3.3–5.0"},
		{"the cat the dog", "the@1 cat@2 the@3 dog@4", "1.0–1.3 2.0–2.3 3.0–3.3 4.0–4.3"},
		{"one two", "one@2 two@1", "2.0–2.3 2.3–2.3"}, // a vendor that runs backwards
		{"no — none", "no@1 none@2", "1.0–1.3 1.3–2.0 2.0–2.3"},
		{"four five six", "one@1 two@2", ""},
		{"four five six seven one", "one@1", ""},
		{"", "one@1", ""},
		{"one", "", ""},
	} {
		if got := shown(among(at(k.known), k.text, second, 5*second)); got != k.want {
			t.Errorf("%q among %q: %s, want %s", k.text, k.known, got, k.want)
		}
	}
}

// TestTimeline: what was said where, when sound was lost before it came or on the way to the transcriber.
func TestTimeline(t *testing.T) {
	var line timeline
	if got := line.place(second); got != second {
		t.Error(got)
	}
	for i := range 50 { // begins 2 s after the answer
		line.note(i, 2*second+time.Duration(i)*audio.FrameDur)
	}
	for i := 50; i < 100; i++ { // 3 s of it never came
		line.note(i, 5*second+time.Duration(i)*audio.FrameDur)
	}
	line.note(100, 8*second) // the transcriber lost some: as many frames, and time has gone on
	line.note(100, 9*second)
	line.note(101, 9*second+audio.FrameDur)
	for in, want := range map[time.Duration]time.Duration{0: 2 * second, second / 2: 2*second + second/2, second: 6 * second, 2*second - 20*time.Millisecond: 7*second - 20*time.Millisecond,
		2 * second: 9 * second, 3 * second: 10 * second, -second: second} {
		if got := line.place(in); got != want {
			t.Errorf("%v of the stream is at %v, want %v", in, got, want)
		}
	}
	if n := len(line.splices); n != 3 {
		t.Errorf("%d splices", n)
	}
	for i := range 10 * splices { // a line that stutters without end
		line.note(200+i, time.Duration(i+100)*second)
	}
	if n := len(line.splices); n != splices || line.place(200*audio.FrameDur) < 100*second {
		t.Errorf("%d splices, %v", n, line.place(200*audio.FrameDur))
	}
}

// TestTimingsOfATurn: partials give way to finals, a turn takes what was said in it, and the next one the rest.
func TestTimingsOfATurn(t *testing.T) {
	var w timings
	line := new(timeline)
	hears := func(final bool, text string, words ...word) {
		e := stt.Event{Text: text, Final: final}
		for _, x := range words {
			e.Words = append(e.Words, stt.Word{Text: x.text, Start: x.Start, End: x.End})
		}
		w.take(&e, line)
	}
	hears(false, "won", at("won@1")...)
	hears(true, "one two", at("one@1 two@1.5")...)
	hears(true, "")
	hears(false, "three four", at("three@2.2 four@9")...)
	if got := shown(w.turn("one two three", second, 3*second)); got != "1.0–1.3 1.5–1.8 2.2–2.5" {
		t.Error(got)
	}
	hears(true, "four one", at("four@9 one@9.5")...)
	if got := shown(w.turn("four one", 9*second, 10*second)); got != "9.0–9.3 9.5–9.8" {
		t.Error(got)
	}
	hears(true, "one", at("one@20")...)
	if got := w.turn("one", 12*second, 13*second); got != nil {
		t.Errorf("a word from elsewhere: %v", got)
	}
	hears(true, "two", at("two@13")...) // told late
	if got := shown(w.turn("two", 15*second, 15*second)); got != "13.0–13.3" {
		t.Error(got)
	}
	if got := shown(w.turn("one", 20*second, 21*second)); got != "20.0–20.3" {
		t.Error(got)
	}
	hears(true, "untimed words")
	if got := w.turn("untimed words", 30*second, 31*second); got != nil {
		t.Error(got)
	}
	many := make([]word, mostTimed+5)
	hears(true, "x", many...)
	if len(w.final) != mostTimed {
		t.Errorf("%d are kept", len(w.final))
	}
}

// TestWordsAsTheyAreHeard: the agent's words have the times at which they were heard, after a pause, too, and a silence before a word is not part of it.
func TestWordsAsTheyAreHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := newMouth(t)
		done := make(chan error)
		go func() { done <- say(t.Context(), m, true, "one ", "two ", "three") }()
		time.Sleep(310 * time.Millisecond) // half of "two"
		m.pause()
		if err := m.leg.Clear(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		m.resume()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		spans := m.words()
		if len(spans) != 3 {
			t.Fatal(spans)
		}
		for i, want := range []time.Duration{0, 2300 * time.Millisecond, 2500 * time.Millisecond} {
			if s := spans[i]; s.Start < want || s.Start > want+60*time.Millisecond || s.End-s.Start != 200*time.Millisecond {
				t.Errorf("word %d was heard %v–%v, want from %v on", i, s.Start, s.End, want)
			}
		}
	})
}

// TestWordsOfPieces: a piece may be part of a word, or several, and begins with its first sound.
func TestWordsOfPieces(t *testing.T) {
	var u utterance
	var quiet, sound audio.Frame
	sound[0] = 9000
	until := time.Duration(0)
	add := func(text string, silent, loud int) {
		var frames []kept
		for i := range silent + loud {
			k := kept{frame: quiet}
			if i >= silent {
				k.frame = sound
			}
			frames = append(frames, k)
		}
		frames[len(frames)-1].text = text
		until += time.Duration(len(frames)) * audio.FrameDur
		if !u.take(frames, until) {
			t.Error("there were words")
		}
	}
	add("Good mor", 5, 35)
	add("ning, ", 0, 10)
	if u.take([]kept{{frame: sound}}, until+audio.FrameDur) {
		t.Error("there were none")
	}
	until += audio.FrameDur
	add("Ann.", 0, 9)
	add("…", 10, 0) // never to be heard
	if got := shown(u.words()); got != "0.1–0.5 0.5–1.0 1.0–1.4" {
		t.Error(got)
	}
	if spans := u.words(); len(spans) != len(strings.Fields(u.String())) || !slices.IsSortedFunc(spans, func(a, b parley.Span) int { return int(a.Start - b.Start) }) {
		t.Errorf("%v of %q", spans, u.String())
	}
}
