package vocabulary

import "testing"

func TestToASCII(t *testing.T) {
	for in, want := range map[string]string{
		"Plain, text.": "Plain, text.", "Müller’s “café” – naïve…": "Muller's \"cafe\" - naive...", "5 € & 3 £": "5  euros   and  3  pounds ",
		"日本": "  ", "a\x00b\tc": "a b c", "Straße": "Strasse", "": "",
	} {
		got := ToASCII(in)
		if got.Text != want {
			t.Errorf("%q became %q, want %q", in, got.Text, want)
		}
		if got.Origin(0) != 0 || got.Origin(len(got.Text)) != len(in) {
			t.Errorf("%q goes from %d to %d", in, got.Origin(0), got.Origin(len(got.Text)))
		}
	}
	a := ToASCII("ß x")
	for i, want := range []int{0, 0, 2, 3, 4} {
		if got := a.Origin(i); got != want {
			t.Errorf("byte %d comes from %d, want %d", i, got, want)
		}
	}
}
