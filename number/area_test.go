package number

import "testing"

func TestArea(t *testing.T) {
	for e164, want := range map[string][2]string{
		"+14155550123":  {"415", "4155550123"},
		"+442079460100": {"20", "2079460100"},
		"+441614960000": {"161", "1614960000"},
		"+4930123456":   {"30", "30123456"},
		"+18005550100":  {"", "8005550100"}, // toll-free
		"":              {"", ""},
		"201":           {"", ""},
		"sip:a@b":       {"", ""},
	} {
		if area, rest := Area(e164), Significant(e164); area != want[0] || rest != want[1] {
			t.Errorf("%s: %q %q, want %q", e164, area, rest, want)
		}
	}
}
