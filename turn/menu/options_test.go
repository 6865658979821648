package menu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		language, text string
		want           []string
	}{
		{"en", "Thank you for calling. For sales, press one. For billing, press 2.", []string{"1: thank you for calling for sales press", "2: for billing press"}},
		{"en", "Press one for sales, press two for billing.", []string{"1: for sales press", "2: for billing"}},
		{"en", "1, sales. 2, billing. 0, everything else.", []string{"1: sales", "2: billing", "0: everything else"}},
		{"de", "Für den Vertrieb drücken Sie die Eins, für Rechnungen die Zwei.", []string{"1: für den vertrieb drücken sie die", "2: für rechnungen die"}},
		{"es", "Para ventas, pulse uno.", []string{"1: para ventas pulse"}},
		{"hi", "बिक्री के लिए एक दबाएँ। सहायता के लिए दो दबाएँ।", []string{"1: बिक्री के लिए", "2: दबाएँ सहायता के लिए"}},
		{"en", "please hold", nil}, {"en", "", nil}, {"ja", "ご予約は一を", nil},
	} {
		var got []string
		for _, o := range options(c.language, c.text) {
			got = append(got, o.key+": "+strings.Join(o.words, " "))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestNobodyChoosesAndTheWordsDo: what a purpose has in common with a choice.
func TestNobodyChoosesAndTheWordsDo(t *testing.T) {
	for _, c := range []struct{ language, purpose, text, want string }{
		{"", "You call Acme about an open invoice.", "for sales press one for invoices and payments press two for support press three", "2"},
		{"en", "You call Acme about an open invoice.", "if you are calling about a missing parcel press four for an open invoice press five", "5"},
		{"en", "Book a table at the restaurant.", "press one for the restaurant press two for the hotel", "1"},
		{"de", "Du rufst wegen einer offenen Rechnung an.", "Für den Vertrieb drücken Sie die Eins, für Rechnungen drücken Sie die Zwei.", "2"},
		{"en", "Book a table.", "for sales press one for billing press two", Operator},
		{"en", "Talk about billing.", "please listen we know that billing is important to you press star", Operator},
	} {
		m := newTree(Options{Language: c.language, Purpose: c.purpose})
		m.reads(c.text)
		s := m.chooses(m.waits(5*time.Second), Choice{})
		if s.Kind != Press || s.Text != c.want || (s.By == ByWords) != (c.want != Operator) {
			t.Errorf("%q, %q: %v, want %s", c.purpose, c.text, s, c.want)
		}
	}
}

// TestWordsDoNotChooseInVain: a key that led back is not chosen by its words again.
func TestWordsDoNotChooseInVain(t *testing.T) {
	m := newTree(Options{Purpose: "billing"})
	var got []string
	for range 5 {
		m.reads("for sales press one for billing press two")
		s := m.waits(5 * time.Second)
		if s.Kind == Ask {
			s = m.chooses(s, Choice{})
		}
		got = append(got, fmt.Sprintf("%d %s %s", s.Kind, s.Text, s.By))
		m.now += time.Second
		if s.Kind == End {
			break
		}
	}
	if want := []string{"1 2 words", "1 2 memory", "1 0 operator", "9  "}; !slices.Equal(got[:min(4, len(got))], want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzOptions(f *testing.F) {
	f.Add("en", "press one for sales")
	f.Fuzz(func(t *testing.T, language, text string) {
		for _, o := range options(language, text) {
			if len(o.key) != 1 {
				t.Errorf("%q", o.key)
			}
		}
		g := New(Options{Language: language, Purpose: text})
		g.serves(g.place(text))
	})
}
