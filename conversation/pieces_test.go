package conversation

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// cutAll gives the pieces of tokens as they come out, the rest last.
func cutAll(tokens ...string) (pieces []string) {
	var c cutter
	for _, t := range tokens {
		c.add(t)
		for {
			p, ok := c.next()
			if !ok {
				break
			}
			pieces = append(pieces, p)
		}
	}
	if p := c.rest(); p != "" {
		pieces = append(pieces, p)
	}
	return pieces
}

func TestPieces(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"Sure, I can help with that. We are open.", []string{"Sure, ", "I can help with that. ", "We are open."}},
		{"It costs 3.5 euros, or 1,000 points.", []string{"It costs 3.5 euros, ", "or 1,000 points."}},
		{"Dr. Smith is in, at last.", []string{"Dr. Smith is in, ", "at last."}},
		{"See Mr. J. R. Smith, e.g. today.", []string{"See Mr. J. R. Smith, ", "e.g. today."}},
		{"It opens at 9 a.m. every day. Come in.", []string{"It opens at 9 a.m. every day. ", "Come in."}},
		{"Look at https://example.com/a,b.html for more. Bye.", []string{"Look at https://example.com/a,b.html for more. ", "Bye."}},
		{"We meet at 10:30 or so: be there.", []string{"We meet at 10:30 or so: ", "be there."}},
		{"1. Turn left. 2. Turn right.", []string{"1. Turn left. ", "2. Turn right."}},
		{"That was in 2025. Now it is different.", []string{"That was in 2025. ", "Now it is different."}},
		{"So do I. And you?", []string{"So do I. ", "And you?"}},
		{`He said "yes." Then he left.`, []string{`He said "yes." `, "Then he left."}},
		{"Wait... what? Oh!", []string{"Wait... ", "what? ", "Oh!"}},
		{"One\nTwo\nThree", []string{"One\n", "Two\n", "Three"}},
		{"well-known facts - and others, too. End.", []string{"well-known facts - ", "and others, too. ", "End."}},
		{"Yes—of course. Now.", []string{"Yes—", "of course. ", "Now."}},
		{"... - Hello, you.", []string{"... - Hello, ", "you."}},
		{"First, second, third, and then a good deal later the fourth, fifth.", []string{"First, ", "second, third, and then a good deal later the fourth, ", "fifth."}},
		{"はい、わかりました。明日の予約ですね。", []string{"はい、", "わかりました。", "明日の予約ですね。"}},
		{"नमस्ते। मैं मदद कर सकता हूँ। बताइए।", []string{"नमस्ते। ", "मैं मदद कर सकता हूँ। ", "बताइए।"}},
		{"Am 5. Mai, bzw. am 6. Mai, ist zu.", []string{"Am 5. Mai, ", "bzw. am 6. Mai, ist zu."}},
		{"", nil},
		{"no mark at all", []string{"no mark at all"}},
	} {
		tokens := map[string][]string{"at once": {tc.text}, "words": strings.SplitAfter(tc.text, " "), "letters": strings.Split(tc.text, "")}
		for how, ts := range tokens {
			if got := cutAll(ts...); !slices.Equal(got, tc.want) {
				t.Errorf("%s: %q\n got %q\nwant %q", how, tc.text, got, tc.want)
			}
		}
	}
}

// TestFirstPieceAtOnce: the first clause goes out with the token that ends it, not with the next.
func TestFirstPieceAtOnce(t *testing.T) {
	var c cutter
	c.add("Sure, ")
	if p, ok := c.next(); !ok || p != "Sure, " {
		t.Errorf("%q %v", p, ok)
	}
	c = cutter{}
	c.add("Sure,")
	if p, ok := c.next(); ok {
		t.Errorf("%q before it is known what follows the comma", p)
	}
	c.add(" I")
	if p, ok := c.next(); !ok || p != "Sure, " {
		t.Errorf("%q %v", p, ok)
	}
}

func TestPiecesWithoutMarksAreBounded(t *testing.T) {
	for i, p := range cutAll(strings.SplitAfter(strings.Repeat("word ", 200), " ")...) {
		if n := len(p); i == 0 && n > longFirst+10 || n > longPiece+10 {
			t.Errorf("piece %d has %d bytes", i, n)
		}
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("Sure, I can. 3.5 e.g. 1. x", 3)
	f.Add("…—。\xff ,", 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 || size > 50 {
			size = 1
		}
		var tokens []string
		for s := text; s != ""; {
			n := min(size, len(s))
			for n < len(s) && !utf8.RuneStart(s[n]) {
				n++
			}
			tokens, s = append(tokens, s[:n]), s[n:]
		}
		pieces := cutAll(tokens...)
		if got := strings.Join(pieces, ""); got != text {
			t.Errorf("%q became %q", text, pieces)
		}
		if slices.Contains(pieces, "") {
			t.Errorf("an empty piece of %q", text)
		}
	})
}

func BenchmarkPieces(b *testing.B) {
	tokens := strings.SplitAfter("Sure, I can help with that. We are open from nine in the morning until six in the evening today.", " ")
	b.ReportAllocs()
	for b.Loop() {
		cutAll(tokens...)
	}
}
