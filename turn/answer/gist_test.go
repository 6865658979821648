package answer

import "testing"

func TestGistOf(t *testing.T) {
	for _, c := range []struct {
		language, text string
		want           Gist
	}{
		{"en", "For sales, press one.", Gist{Class: IVR, Sure: 0.9, Phrase: "press one"}},
		{"en", "Hello?", Gist{Greets: true}},
		{"en", "Bob speaking, how can I help?", Gist{Person: "speaking"}},
		{"en", "Thank you for calling Acme.", Gist{Company: true}},
		{"en", "", Gist{}},
		{"de", "Drücken Sie die Eins.", Gist{Class: IVR, Sure: 0.9, Phrase: "drücken sie"}},
		{"de", "Please hold.", Gist{Class: Hold, Sure: 0.9, Phrase: "please hold"}},
		{"ja", "もしもし", Gist{Greets: true}},
		{"xx", "press one", Gist{Class: IVR, Sure: 0.9, Phrase: "press one"}},
	} {
		if got := GistOf(c.language, c.text); got != c.want {
			t.Errorf("%s %q: %+v, want %+v", c.language, c.text, got, c.want)
		}
	}
}
