package call

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		variable, value string
		want            bool
	}{
		{"name", "Ada Lovelace", true},
		{"first_name", "ada", true},
		{"customerName", "bo", true},
		{"vorname", "Jürgen", true},
		{"apellido", "Núñez-O’Brien", true},
		{"company", "acme & sons", true},
		{"firm", "AT&T", true},
		{"firm", "3M", false}, // a code by its looks
		{"company", "3M", true},
		{"brand", "Yahoo!", true},
		{"doctor", "Dr. Saint-Exupéry", true},
		{"city", "Garmisch-Partenkirchen", true},
		{"顧客", "山田太郎", true},
		{"client", "محمد علي", true},
		{"street", "12 Main St.", true},
		{"office", "Suite B12", true},
		{"plan", "gold", false},
		{"plan", "GB", false},
		{"language", "en", false},
		{"name", "true", false},
		{"vip", "True", false},
		{"name", "", false},
		{"name", "   ", false},
		{"phone", "+1 555 000 1111", false},
		{"amount", "$1,200.50", false},
		{"due", "2026-11-27T10:00:00Z", false},
		{"date", "27/11/2026", false},
		{"order", "A1B2C3D4", false},
		{"order", "550e8400-e29b-41d4-a716-446655440000", false},
		{"zip", "90210", false},
		{"email", "Ada@example.org", false},
		{"site", "https://Example.org/a", false},
		{"site", "Example.org", false},
		{"site", "www.Example.com", false},
		{"company", "Booking.com", false},
		{"payload", `{"Name":"Ada"}`, false},
		{"note", "The customer called twice about a broken boiler", false},
		{"note", "Please call Ada back after five today", false},
		{"name", strings.Repeat("Ab", 40), false},
		{"name", "A\nB", true},
	} {
		got := names(map[string]string{tc.variable: tc.value})
		if (len(got) == 1) != tc.want {
			t.Errorf("%s = %q gave %q", tc.variable, tc.value, got)
		}
	}
}

func TestNamesInOrderOnceAndBounded(t *testing.T) {
	many := map[string]string{"agent": "Zoë", "z_name": "Ada  Lovelace", "a_name": "ADA LOVELACE", "name": "Grace"}
	if got := names(many); !slices.Equal(got, []string{"ADA LOVELACE", "Grace", "Zoë"}) {
		t.Errorf("%q", got)
	}
	for i := range 300 {
		many[fmt.Sprintf("v%03d", i)] = fmt.Sprintf("Person%c%c", 'a'+i/26, 'a'+i%26)
	}
	if got := names(many); len(got) != maxNames || got[1] != "Grace" || got[3] != "Personaa" {
		t.Errorf("%d: %q", len(got), got)
	}
}

// TestNamesAreExpected: beside the agent's own keywords, whose boosts stay; not on a private call, since vendors take them in an address.
func TestNamesAreExpected(t *testing.T) {
	a := fromJSON(t, `{"prompt":{"content":"x"},"voice":{"type":"voice_local"},"deepgram_keywords":{"Parley":"3","grace":2}}`)
	c := &parley.Call{ID: "c1", From: "+15550001111", Context: map[string]string{"name": "Ada Lovelace", "friend": "Grace", "tier": "gold", "id": "c77123456"}}
	want := map[string]float64{"Parley": 3, "grace": 2, "Ada Lovelace": 1}
	if got := write(c, a, nil, time.Now()).setup.Hearing.Keywords; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	c.Private = true
	if got := write(c, a, nil, time.Now()).setup.Hearing.Keywords; !maps.Equal(got, map[string]float64{"Parley": 3, "grace": 2}) {
		t.Errorf("on a private call: %v", got)
	}
	if got := expect(nil, nil); got != nil {
		t.Errorf("%v of nothing", got)
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"Ada Lovelace", "550e8400-e29b", "\xff\xfe", "山田", "a.b.c", ". .", "İ"} {
		f.Add("name", s)
	}
	f.Fuzz(func(t *testing.T, variable, value string) {
		for _, n := range names(map[string]string{variable: value}) {
			if n != strings.TrimSpace(n) || n == "" || utf8.RuneCountInString(n) > maxNameRunes || strings.ContainsAny(n, "\n:/?#@<>{}\"") {
				t.Errorf("%q of %q", n, value)
			}
		}
	})
}
