package vocabulary

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Dictionary is how words are pronounced: one line for each way, in the phones of the acoustic model.
type Dictionary map[string][]string

// ReadDictionary reads a dictionary in the form of CMU's ("word PH PH", further ways as "word(2) PH"), keeping the words
// that keep allows; nil keeps all.
func ReadDictionary(b []byte, keep func(word string) bool) Dictionary {
	d := Dictionary{}
	for line := range bytes.Lines(b) {
		w, phones, ok := bytes.Cut(bytes.TrimSpace(line), []byte{' '})
		if !ok || len(w) == 0 {
			continue
		}
		if i := bytes.IndexByte(w, '('); i > 0 {
			w = w[:i]
		}
		if keep == nil || keep(string(w)) {
			d[string(w)] = append(d[string(w)], string(phones))
		}
	}
	return d
}

// Write writes the dictionary, sorted.
func (d Dictionary) Write(w io.Writer) error {
	words := make([]string, 0, len(d))
	for word := range d {
		words = append(words, word)
	}
	slices.Sort(words)
	b := bufio.NewWriter(w)
	for _, word := range words {
		for i, phones := range d[word] {
			if i == 0 {
				fmt.Fprintf(b, "%s %s\n", word, phones)
			} else {
				fmt.Fprintf(b, "%s(%d) %s\n", word, i+1, phones)
			}
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing a dictionary: %w", err)
	}
	return nil
}

// fromFlite are the phones of flite's English that the acoustic model names otherwise.
var fromFlite = map[string]string{"ax": "AH", "axr": "ER", "ix": "IH", "pau": "", "h#": "", "dx": "T", "el": "AH L", "em": "AH M", "en": "AH N", "nx": "N", "q": "", "ux": "UW"}

// FromFlite respells a word as flite pronounces it ("k ax r iy", stress digits allowed) in the phones of the model.
func FromFlite(phones []string) string {
	var out []string
	for _, p := range phones {
		p = strings.TrimRight(p, "0123456789")
		m, ok := fromFlite[p]
		if !ok {
			m = strings.ToUpper(p)
		}
		if m != "" {
			out = append(out, m)
		}
	}
	return strings.Join(out, " ")
}
