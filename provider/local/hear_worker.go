package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/parley-voice/parley/provider/local/flite"
	"github.com/parley-voice/parley/provider/local/sphinx"
	"github.com/parley-voice/parley/provider/local/vocabulary"
)

// hearAll hears one caller: an expectation first, then sound until the input ends.
func hearAll(in io.Reader, out io.Writer, model string) error {
	yieldCPU()
	d, err := sphinx.Open(sphinx.Config{Acoustic: filepath.Join(model, acousticDir), Dictionary: filepath.Join(model, generalDict),
		Rate: sphinx.NarrowRate})
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := writeMessage(out, nil, ready, nil); err != nil {
		return err
	}
	k, body, err := readMessage(in, nil)
	if errors.Is(err, io.EOF) {
		return nil
	}
	var e expectation
	if err != nil || k != expect || json.Unmarshal(body, &e) != nil {
		return fmt.Errorf("worker: no expectation: %w", err)
	}
	if err := expectAll(d, model, e); err != nil {
		return err
	}
	if _, err := writeMessage(out, nil, ready, nil); err != nil {
		return err
	}
	s := &segmenter{rec: d}
	s.tell = func(r result) error {
		r.At = time.Duration(s.now+1) * stepDur
		return writeJSON(out, heard, r)
	}
	var pcm []int16
	var buf []byte
	for n := 0; ; {
		_, body, err = readMessage(in, body)
		if errors.Is(err, io.EOF) {
			if err := s.end(true); err != nil {
				return err
			}
			_, err := writeMessage(out, nil, done, nil)
			return err
		} else if err != nil {
			return err
		}
		pcm = samples(pcm, body)
		for len(pcm) >= step {
			if err := s.frame((*[step]int16)(pcm)); err != nil {
				return err
			}
			pcm = pcm[:copy(pcm, pcm[step:])]
			if n++; n%tookEach == 0 {
				if buf, err = writeMessage(out, buf, took, nil); err != nil {
					return err
				}
			}
		}
	}
}

// expectAll builds the search from the general model and one of what this caller may say.
func expectAll(d *sphinx.Decoder, model string, e expectation) error {
	sentences, extra := vocabulary.Expect(e.Phrases, e.Keywords)
	if err := learnWords(d, model, sentences); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "parley-hear-")
	if err != nil {
		return fmt.Errorf("building the search: %w", err)
	}
	defer os.RemoveAll(dir)
	domain := filepath.Join(dir, "agent.arpa")
	if err := writeModel(vocabulary.Domain(sentences, extra), domain); err != nil {
		return fmt.Errorf("building the search: %w", err)
	}
	return d.Expect(filepath.Join(model, generalLM), domain)
}

const maxNewWords = 300 // of one agent

// learnWords adds the words of the sentences that the general dictionary lacks: as the whole dictionary has them, else as
// flite would say them.
func learnWords(d *sphinx.Decoder, model string, sentences [][]string) error {
	b, err := os.ReadFile(filepath.Join(model, generalDict))
	if err != nil {
		return fmt.Errorf("building the search: %w", err)
	}
	missing := map[string]bool{}
	var order []string
	for _, s := range sentences {
		for _, w := range s {
			if _, ok := missing[w]; !ok && len(order) < maxNewWords {
				missing[w] = true
				order = append(order, w)
			}
		}
	}
	for w := range vocabulary.ReadDictionary(b, func(w string) bool { return missing[w] }) {
		missing[w] = false
	}
	if b, err = os.ReadFile(filepath.Join(debianModels, "cmudict-en-us.dict")); err != nil {
		return fmt.Errorf("building the search: %w", err)
	}
	known := vocabulary.ReadDictionary(b, func(w string) bool { return missing[w] })
	for _, w := range order {
		if !missing[w] {
			continue
		}
		ways := known[w]
		if ways == nil {
			ways = guess(w)
		}
		for i, phones := range ways {
			name := w
			if i > 0 {
				name = fmt.Sprintf("%s(%d)", w, i+1)
			}
			d.AddWord(name, phones) // a word it refuses stays unheard
		}
	}
	return nil
}

// guess is how flite would say a word; nil when it cannot.
func guess(word string) []string {
	if strings.ContainsFunc(word, func(r rune) bool { return r > 127 }) {
		word = vocabulary.ToASCII(word).Text
	}
	phones, err := flite.Phones(word)
	if p := vocabulary.FromFlite(phones); err == nil && p != "" {
		return []string{p}
	}
	return nil
}
