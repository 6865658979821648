package turn

import "testing"

// TestHasNumber: digits are found as figures and as words, within words and without spaces.
func TestHasNumber(t *testing.T) {
	for _, c := range []struct {
		language, text string
		want           bool
	}{
		{"en", "Thank you, that is all.", false}, {"en", "I have four one one one.", true}, {"en", "It ends in 4-2.", true}, {"en", "forty-two", true}, {"en", "", false},
		{"en", "code A7X", true}, {"de", "Vielen Dank.", false}, {"de", "Sechsunddreißig", true}, {"de", "vier, eins", true}, {"de", "the card is nine", true},
		{"es", "veintidós", true}, {"fr", "quatre", true}, {"hi", "चार एक", true}, {"hi", "४१११", true}, {"ja", "番号は四一一です", true}, {"ja", "ありがとうございます", false}, {"ja", "カード１２", true},
		{"ko", "카드번호는 공일공입니다", true}, {"ko", "감사합니다", false}, {"xx", "seven", true},
	} {
		if got := HasNumber(c.language, c.text); got != c.want {
			t.Errorf("%s %q: %v", c.language, c.text, got)
		}
	}
}
