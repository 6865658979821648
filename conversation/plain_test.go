package conversation

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"We are open.":                            "We are open.",
		"**Sure**, I can *really* help.":          "Sure, I can really help.",
		"***Now*** or __never__, _maybe_.":        "Now or never, maybe.",
		"un*believ*able":                          "unbelievable",
		"3 * 4 is 12 and 2*3 is 6":                "3 * 4 is 12 and 2*3 is 6",
		"the snake_case of my_var":                "the snake_case of my_var",
		"~~Old~~ new, about ~5":                   "Old new, about ~5",
		"Say `go test` now":                       "Say go test now",
		"---\n* * *\n====\n--\n":                  "\n\n\n--\n",
		"# Opening hours\n":                       "Opening hours\n",
		"### Hours #\n":                           "Hours #\n",
		"We are #1 in C#\n":                       "We are #1 in C#\n",
		"#1 in town":                              "#1 in town",
		"####### seven":                           "####### seven",
		"- one\n- two\n  * three\n• four\n":       "one\ntwo\nthree\nfour\n",
		"1. one\n2. two":                          "1. one\n2. two",
		"> - **quoted**\n":                        "quoted\n",
		"-5 degrees - or so":                      "-5 degrees - or so",
		"```go\nx\n```\n":                         "\nx\n\n",
		"See [our *new* site](https://x.org/a).":  "See our new site.",
		"![a map](map.png) here":                  "a map here",
		"[sic] it says (see below)":               "[sic] it says (see below)",
		"[one](two) three":                        "[one](two) three",
		"list[0](yes, no)":                        "list[0](yes, no)",
		"Go to <https://www.example.com/>.":       "Go to example.com.",
		"Mail <me@example.com> or <mailto:a@b.c>": "Mail me@example.com or a@b.c",
		"a < b > c and <break time=\"1s\"/> <b>":  "a < b > c and <break time=\"1s\"/> <b>",
		"Great! 😊 How are you? 👍🏽":                "Great! How are you? ",
		"क्\u200dया ❤️ है":                        "क्\u200dया है",
		"5\\* and \\_this\\_ \\o/":                "5* and _this_ \\o/",
		"":                                        "",
		"* ":                                      "",
		"a\xffb":                                  "a\xffb",
	} {
		if got := new(plainer).piece(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPlainAcrossPieces(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		want   string
	}{
		{[]string{"First, ", "- not a list"}, "First, - not a list"},
		{[]string{"First:\n", "- a list\n", "- of two"}, "First:\na list\nof two"},
		{[]string{"See [hours, ", "prices](https://x.org/a_b) here"}, "See [hours, prices here"},
		{[]string{"**Note: ", "closed** today"}, "Note: closed today"},
	} {
		var p plainer
		got := ""
		for _, s := range c.pieces {
			got += p.piece(s)
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.pieces, got, c.want)
		}
	}
}

// What is written without signs is said as it is, and no word is ever lost but those of addresses.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"**a** b", "- x\n# y\n> z", "[a](http://b) <http://c>", "`a` ``` ~~", "😊 \\* _a_", "plain, words."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := new(plainer).piece(s)
		if len(got) > len(s) {
			t.Fatalf("%q grew to %q", s, got)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q: %q", s, got)
		}
		if !utf8.ValidString(s) || strings.ContainsAny(s, "<[]`~\\") { // addresses and the names of fences are left out
			return
		}
		keep := func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}
		if a, b := strings.Map(keep, s), strings.Map(keep, got); a != b {
			t.Fatalf("%q lost words: %q", s, got)
		}
	})
}
