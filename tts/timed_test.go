package tts

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// timed is a second of sound with words placed in it: which frame tells what.
func timed(text string, words ...any) map[int]string {
	a, tr := NewAlign(16000), new(track)
	a.Join(text)
	for i := 0; i < len(words); i += 2 {
		a.Word(words[i].(string), time.Duration(words[i+1].(int))*time.Millisecond)
	}
	a.Write(sound(1, 16000), tr.yield)
	a.End(tr.yield)
	out := map[int]string{}
	for i, s := range tr.texts {
		if s != "" {
			out[i] = s
		}
	}
	return out
}

// TestWord: a word is told with the frame in which it ends, as the vendor says, whatever the vendor calls it.
func TestWord(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		words []any
		want  map[int]string // frame of 20 ms: text
	}{
		"as it was sent":           {"Well, that is good. ", []any{"Well,", 200, "that", 400, "is", 410, "good.", 900}, map[int]string{9: "Well,", 19: " that", 20: " is", 44: " good. "}},
		"without its marks":        {"“Well”, he said…", []any{"well", 200, "he", 400, "said", 600}, map[int]string{9: "“Well”,", 19: " he", 29: " said…"}},
		"one word in two":          {"twenty-one days", []any{"twenty", 200, "one", 400, "days", 500}, map[int]string{9: "twenty-", 19: "one", 24: " days"}},
		"two words in one":         {"New York now", []any{"NewYork", 200, "now", 400}, map[int]string{9: "New York", 19: " now"}},
		"one that is not told":     {"We have $42 left now", []any{"We", 100, "have", 200, "forty", 300, "two", 400, "dollars", 500, "left", 600, "now", 700}, map[int]string{4: "We", 9: " have", 29: " $42 left", 34: " now"}},
		"ideographs":               {"你好，世界。", []any{"你", 100, "好", 200, "世界", 300}, map[int]string{4: "你", 9: "好，", 14: "世界。"}},
		"times that go back":       {"one two three", []any{"one", 500, "two", 300, "three", 600}, map[int]string{24: "one two", 29: " three"}},
		"times that cannot be":     {"one two three", []any{"one", -500, "two", 1 << 40}, map[int]string{0: "one", 50: " two three"}},
		"words nobody sent":        {"one two", []any{"uno", 100, "dos", 200}, map[int]string{50: "one two"}},
		"no words at all":          {"…", []any{"…", 100, "", 200}, map[int]string{50: "…"}},
		"a word within a longer":   {"Another an one", []any{"um", 50, "an", 300, "one", 400}, map[int]string{14: "", 19: ""}},
		"only the first is placed": {"one two three", []any{"one", 200}, map[int]string{9: "one", 50: " two three"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := timed(tc.text, tc.words...)
			if name == "words nobody sent" || name == "no words at all" || name == "a word within a longer" {
				all := ""
				for i := range 60 {
					all += got[i]
				}
				if all != tc.text {
					t.Errorf("told %q", all)
				}
				return
			}
			for at, want := range tc.want {
				if got[at] != want {
					t.Errorf("frame %d tells %q, want %q (all: %v)", at, got[at], want, got)
				}
			}
			if len(got) != len(tc.want) {
				t.Errorf("told %v", got)
			}
		})
	}
}

// TestWordAfterItsSound: a time that comes late is made up for with the next frame, and the next piece begins anew.
func TestWordAfterItsSound(t *testing.T) {
	a, tr := NewAlign(16000), new(track)
	a.Add("one two. ")
	a.Add("three four. ")
	a.Word("one", 100*time.Millisecond)
	a.Write(sound(0.5, 16000), tr.yield)
	if a.Sounded() != 500*time.Millisecond {
		t.Errorf("sounded %s", a.Sounded())
	}
	a.Word("two", 300*time.Millisecond)
	a.Write(sound(0.02, 16000), tr.yield)
	if tr.texts[4] != "one" || tr.texts[25] != " two. " {
		t.Errorf("told %q", tr.texts)
	}
	a.End(tr.yield)
	tr.texts = nil
	a.Word("three", 100*time.Millisecond)
	a.Write(sound(0.5, 16000), tr.yield)
	a.End(tr.yield)
	if tr.texts[4] != "three" || strings.Join(tr.texts, "") != "three four. " {
		t.Errorf("told %q", tr.texts)
	}
}

// FuzzWord: whatever a vendor calls words, all Texts together are what was sent.
func FuzzWord(f *testing.F) {
	f.Add("Well, that is good. ", "Well that good", 100)
	f.Add("日本 \xff a", "日 a \xff", -3)
	f.Add("a b", "… a", 1<<40)
	f.Fuzz(func(t *testing.T, text, words string, step int) {
		a, tr := NewAlign(16000), new(track)
		half := len(text) / 2
		a.Join(text[:half])
		for i, w := range strings.Split(words, " ") {
			a.Word(w, time.Duration(i*step)*time.Millisecond)
			a.Write(sound(0.03, 16000), tr.yield)
			if i == 2 {
				a.Join(text[half:])
			}
		}
		want := text
		if strings.Count(words, " ") < 2 {
			want = text[:half]
		}
		for a.Left() > 0 {
			a.End(tr.yield)
		}
		if got := strings.Join(tr.texts, ""); got != want {
			t.Errorf("told %q of %q", got, want)
		}
		if utf8.ValidString(text) && len(a.places) > 0 {
			t.Error("places outlive their piece")
		}
	})
}
