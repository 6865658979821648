package conversation

import (
	"strings"
	"testing"
)

// sifted gives the pieces that come out, parted by |.
func sifted(never string, pieces ...string) string {
	s := forbid(strings.Split(never, ",")).sieve()
	var out []string
	for _, p := range pieces {
		out = append(out, s.next(p))
	}
	return strings.Join(append(out, s.rest()), "|")
}

func TestSieve(t *testing.T) {
	for _, c := range []struct{ never, in, want string }{
		{"refund", "No refund here.", "No here.|"},
		{"refund", "A REFUND, a Refund!", "A , a !|"},
		{"refund", "refunded", "refunded|"},
		{"refund*", "They refunded it all.", "They it all.|"},
		{"refund", "re", "re|"},
		{"money back", "Your money | is safe.", "Your |money  is safe.|"},
		{"money back", "Your money, |back now.", "Your |now.|"},
		{"money back", "Your money-back plan", "Your plan|"},
		{"money back", "All the money", "All the |money"},
		{"money back", "your money |money back", "your |money |"},
		{"a b c", "x a |b |c d", "x ||d|"},
		{"a b c", "x a |b |d c", "x ||a b d c|"},
		{"café", "The cafe\u0301 and the CAFÉ", "The and the |"},
		{"don't", "dont don’t", "|"},
		{"pass word", "pass\u200b wo\u00adrd", "|"},
		{"full", "ｆｕｌｌ ful\u200bl", "|"},
		{"返金", "ご返金します。", "ごします。|"},
		{"返金", "ご返|金します。", "ご|します。|"},
		{"返金", "ご返|事します。", "ご|返事します。|"},
		{"返金", "返、金", "|"},
		{"환불", "환불은 안 됩니다", "은 안 됩니다|"},
		{"गारंटी", "यह गारंटी है", "यह है|"},
		{"the end,end game", "the end game", "|"},
		{"-, ,…", "as it - is …", "as it - is …|"},
	} {
		if got := sifted(c.never, strings.Split(c.in, "|")...); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.never, c.in, got, c.want)
		}
	}
	if got := (*sieve)(nil).next("refund"); got != "refund" || (*sieve)(nil).rest() != "" || (*sieve)(nil).took() || forbid(nil).sieve() != nil {
		t.Error("no list forbids something")
	}
}

func TestSays(t *testing.T) {
	if got := Says([]string{"x", "money back"}, "Your money, back!"); got != "money back" {
		t.Error(got)
	}
	if got := Says([]string{"refund", ""}, "All is well. Money"); got != "" {
		t.Error(got)
	}
}

// FuzzSieve: however a text is parted, no forbidden word comes out, and nothing is lost that is none.
func FuzzSieve(f *testing.F) {
	f.Add("your money, back now refund", uint16(7), uint16(12))
	f.Add("re fund 返 金 refund", uint16(3), uint16(9))
	never := []string{"refund", "money back", "返金"}
	f.Fuzz(func(t *testing.T, text string, a, b uint16) {
		text = strings.ToValidUTF8(text, "")
		fields := strings.SplitAfter(text, " ")
		i, j := int(a)%(len(fields)+1), int(b)%(len(fields)+1)
		i, j = min(i, j), max(i, j)
		s := forbid(never).sieve()
		out := s.next(strings.Join(fields[:i], "")) + s.next(strings.Join(fields[i:j], "")) + s.next(strings.Join(fields[j:], "")) + s.rest()
		whole := forbid(never).sieve()
		if at := whole.next(text) + whole.rest(); plainly(at) != plainly(out) {
			t.Errorf("%q parted: %q, whole: %q", text, out, at)
		}
		if !whole.took() && out != text {
			t.Errorf("%q lost something: %q", text, out)
		}
	})
}

func plainly(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestGuardPhrases(t *testing.T) {
	for code := range spoken {
		p, ok := guardSpoken[code]
		if !ok || p.disclosure == "" || p.offTopic == "" || p.unsaid == "" || p.goodbye == "" || Sentence(code) != p.disclosure {
			t.Errorf("%s: %+v", code, p)
		}
	}
}
