package knowledge

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"github.com/parley-voice/parley"
)

// Sizes of a chunk, in characters: paragraphs are put together up to the first, and only what is longer than the second is cut.
const (
	chunkWanted = 800
	chunkMost   = 1200
)

// A Chunk is a piece of a document that is understood by itself.
type Chunk struct {
	Heading string // the headings above it, outermost first, joined by " > "
	Text    string
}

// A block is a paragraph, a list or a table, or a heading.
type block struct {
	level int // of a heading, from 1; 0: it is none
	text  string
}

// Chunks cuts a document where its structure does: a chunk has paragraphs under one heading, and its headings as context. A document
// without words has none.
func Chunks(d *parley.Document) []Chunk {
	var blocks []block
	switch d.Type {
	case parley.Markdown:
		blocks = markdown(d.Content)
	case parley.HTML:
		blocks = hypertext(d.Content)
	default:
		blocks = plain(d.Content)
	}
	var c chunker
	for _, b := range blocks {
		if b.level > 0 {
			c.heading(b)
		} else {
			c.paragraph(b.text)
		}
	}
	c.flush()
	return c.chunks
}

type chunker struct {
	path   []block // the headings above
	text   []string
	runes  int
	chunks []Chunk
}

func (c *chunker) heading(b block) {
	b.text = strings.Join(strings.Fields(b.text), " ")
	c.flush()
	for len(c.path) > 0 && c.path[len(c.path)-1].level >= b.level {
		c.path = c.path[:len(c.path)-1]
	}
	if b.text != "" {
		c.path = append(slices.Clip(c.path), block{b.level, clip(b.text, parley.DocumentName)})
	}
}

func (c *chunker) paragraph(text string) {
	text = strings.TrimSpace(text)
	n := utf8.RuneCountInString(text)
	if c.runes > 0 && c.runes+n > chunkWanted {
		c.flush()
	}
	if n <= chunkMost {
		c.take(text, n)
		return
	}
	for _, part := range parts(text) {
		n := utf8.RuneCountInString(part)
		if c.runes > 0 && c.runes+n > chunkWanted {
			c.flush()
		}
		c.take(part, n)
	}
	c.flush()
}

func (c *chunker) take(text string, runes int) {
	if runes > 0 {
		c.text = append(c.text, text)
		c.runes += runes
	}
}

func (c *chunker) flush() {
	text := strings.Join(c.text, "\n")
	c.text, c.runes = nil, 0
	if !wordy(text) {
		return
	}
	titles := make([]string, len(c.path))
	for i, h := range c.path {
		titles[i] = h.text
	}
	c.chunks = append(c.chunks, Chunk{Heading: strings.Join(titles, " > "), Text: text})
}

// parts are a long text's lines, of long lines the sentences, and of long sentences what chunkWanted allows.
func parts(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); utf8.RuneCountInString(line) <= chunkWanted {
			all = append(all, line)
			continue
		}
		for s := sentences.FromString(line); s.Next(); {
			rest := strings.TrimSpace(s.Value())
			for utf8.RuneCountInString(rest) > chunkWanted {
				cut := len(clip(rest, chunkWanted))
				if space := strings.LastIndexAny(rest[:cut], " \t"); space > 0 {
					cut = space
				}
				all = append(all, rest[:cut])
				rest = strings.TrimSpace(rest[cut:])
			}
			all = append(all, rest)
		}
	}
	return all
}

// clip is the first n characters of s.
func clip(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// plain cuts text at empty lines.
func plain(text string) (blocks []block) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var para []string
	put := func() {
		if len(para) > 0 {
			blocks = append(blocks, block{text: strings.Join(para, "\n")})
		}
		para = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			put()
			continue
		}
		para = append(para, line)
	}
	put()
	return blocks
}
