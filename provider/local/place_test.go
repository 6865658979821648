package local

import (
	"testing"
	"time"

	"github.com/parley-voice/parley/provider/local/flite"
	"github.com/parley-voice/parley/provider/local/vocabulary"
)

func TestPlace(t *testing.T) {
	const text = `“Hi,” said Dr. Müller: it's 5 €.`
	said := vocabulary.ToASCII(text)
	tokens := []flite.Token{{Text: `"Hi,"`, End: 1}, {Text: " said", End: 2}, {Text: " Dr", End: 3}, {Text: " Muller:", End: 4}, {Text: " it's", End: 5}, {Text: " 5", End: 6}, {Text: " euros", End: 7}}
	rest := text
	for i, want := range []string{"“Hi,”", " said", " Dr.", " Müller:", " it's", " 5"} {
		got := place(tokens, said, 1)[i]
		if rest[:got.Len] != want || got.End != time.Duration(i+1) {
			t.Errorf("token %d is %q at %d, want %q", i, rest[:got.Len], got.End, want)
		}
		rest = rest[got.Len:]
	}
	if got := place(tokens, said, 2)[5]; got.End != 3 {
		t.Errorf("played twice as fast, 6 ns end at %d", got.End)
	}
	if got := place([]flite.Token{{Text: "elsewhere"}}, said, 1); got != nil {
		t.Errorf("found %+v", got)
	}
}
