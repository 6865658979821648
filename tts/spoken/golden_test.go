package spoken

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// languages of the contract.
var languages = []string{"en", "es", "de", "hi", "pt", "fr", "nl", "id", "it", "ja", "ko"}

// rows reads testdata/<language>.txt: a sentence as it is written, |, and as it is said. With ~ for the latter it is said as written.
func rows(t testing.TB, language string) (list [][2]string) {
	t.Helper()
	f, err := os.Open("testdata/" + language + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		l := sc.Text()
		if l == "" || strings.HasPrefix(l, "//") {
			continue
		}
		written, said, ok := strings.Cut(l, " | ")
		if !ok {
			t.Fatalf("%s: no | in %q", language, l)
		}
		if said == "~" {
			said = written
		}
		list = append(list, [2]string{written, said})
	}
	return list
}

// TestGolden is what callers hear, row by row.
func TestGolden(t *testing.T) {
	for _, language := range languages {
		list, least := rows(t, language), 30
		if language == "en" {
			least = 60
		}
		if len(list) < least {
			t.Errorf("%s has %d rows, %d are the least", language, len(list), least)
		}
		for _, row := range list {
			if got := NewReader(language, nil, false).Read(row[0]); got.Said != row[1] {
				t.Errorf("%s: %s\n is said %s\n    not %s", language, row[0], got.Said, row[1])
			}
		}
	}
}
