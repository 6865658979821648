package turn

import "testing"

func TestListens(t *testing.T) {
	for text, want := range map[string]bool{"Okay.": true, "yeah, right": true, "hello": false, "press one": false, "": true} {
		if got := Listens("en", text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
