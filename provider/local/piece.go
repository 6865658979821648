package local

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/tts"
)

// A piece is a stretch of text and its sound, which one goroutine writes and another plays. A worker is not made to wait
// for the listener, so the sound is kept whole: some 30 kB a second, a piece being cut to a few seconds.
type piece struct {
	text string
	say  string // text for an engine: as many bytes, none of them invalid or a control character

	more   chan struct{} // holds a token while there is something new
	mu     sync.Mutex    // guards what follows
	rate   int
	tokens []token
	sound  []byte
	over   bool
	err    error
}

func newPiece(text string) *piece {
	return &piece{text: text, say: plain(text), more: make(chan struct{}, 1)}
}

func plain(text string) string {
	b := []byte(text)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) {
			for j := range n {
				b[i+j] = ' '
			}
		}
		i += n
	}
	return string(b)
}

func (p *piece) change(f func()) {
	p.mu.Lock()
	f()
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *piece) begin(rate int, tokens []token) { p.change(func() { p.rate, p.tokens = rate, tokens }) }
func (p *piece) write(b []byte)                 { p.change(func() { p.sound = append(p.sound, b...) }) }
func (p *piece) finish(err error)               { p.change(func() { p.over, p.err = true, err }) }

// take moves what has been written into buf; over: there is no more.
func (p *piece) take(buf []byte) (b []byte, rate int, tokens []token, over bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b = append(buf[:0], p.sound...)
	p.sound = p.sound[:0]
	return b, p.rate, p.tokens, p.over, p.err
}

func speakable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

const (
	cutFrom = 70  // bytes after which the next clause's end cuts
	cutAt   = 160 // and the next space
	cutMost = 240 // and anything
)

// cuts splits a piece into what is rendered at once; together they are the piece. Sound starts the sooner, the shorter a cut.
func cuts(text string) []string {
	var out []string
	from, space := 0, false
	for i, r := range text {
		n := i - from
		now := unicode.IsSpace(r)
		clause := n > 0 && strings.ContainsRune(".!?;:,—", rune(text[max(i-1, 0)]))
		if now && !space && (n >= cutFrom && clause || n >= cutAt) || n >= cutMost {
			out = append(out, text[from:i])
			from = i
		}
		space = now
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}

// player turns pieces into frames. It is used by one goroutine.
type player struct {
	first bool // nothing has been yielded: the chunk names the vendor
	buf   []byte
	pcm   []int16
}

// piece plays one; false: the listener wants no more.
func (y *player) piece(ctx context.Context, p *piece, yield func(tts.Chunk, error) bool) (bool, error) {
	give := func(c tts.Chunk, err error) bool {
		if y.first {
			c.Vendor, y.first = vendor, false
		}
		return yield(c, err)
	}
	var s *stretch
	var a *tts.Align
	trim := trimmer{}
	for {
		select {
		case <-p.more:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		sound, rate, tokens, over, err := p.take(y.buf)
		y.buf = sound
		if err != nil {
			return false, err
		}
		if rate != 0 && s == nil && a == nil {
			trim = trimmer{left: rate * int(maxLead/time.Millisecond) / 1000}
			if tokens != nil {
				s = newStretch(p.text, rate, tokens)
			} else {
				a = tts.NewAlign(rate)
				a.Add(p.text)
			}
		}
		more := true
		switch sound := trim.cut(sound); {
		case s != nil:
			y.pcm = samples(y.pcm[:0], sound)
			more = s.write(y.pcm, trim.cutOff, give)
		case a != nil:
			more = a.Write(sound, give)
		}
		switch {
		case !more:
			return false, nil
		case over && s != nil:
			return s.end(give), nil
		case over && a != nil:
			return a.End(give), nil
		case over && speakable(p.text):
			return false, errors.New("no sound came for " + p.text)
		case over:
			return give(tts.Chunk{Text: p.text}, nil), nil
		}
	}
}

// maxLead is how much silence before the first sound is left out.
const maxLead = 400 * time.Millisecond

// A trimmer takes the silence off the beginning of a piece.
type trimmer struct {
	left   int // samples that may still be cut
	cutOff int // samples cut so far
}

func (t *trimmer) cut(b []byte) []byte {
	const quiet = 100 // of 32768
	for t.left > 0 && len(b) >= 2 {
		if s := int16(uint16(b[0]) | uint16(b[1])<<8); s > quiet || s < -quiet {
			t.left = 0
			break
		}
		b = b[2:]
		t.left--
		t.cutOff++
	}
	return b
}

// A stretch is a piece whose words have their times.
type stretch struct {
	text     string
	rate     int
	tokens   []token
	resample *audio.Resampler
	out      []int16
	frame    audio.Frame
	fill     int
	heard    int // samples yielded
	lead     int // samples of the original that were cut off its beginning
}

func newStretch(text string, rate int, tokens []token) *stretch {
	s := &stretch{text: text, rate: rate, tokens: tokens}
	if rate != audio.Rate {
		s.resample = audio.NewResampler(rate, audio.Rate)
	}
	return s
}

func (s *stretch) write(pcm []int16, lead int, yield func(tts.Chunk, error) bool) bool {
	s.lead = lead
	if s.resample != nil {
		s.out = s.resample.Process(s.out[:0], pcm)
		pcm = s.out
	}
	for len(pcm) > 0 {
		n := copy(s.frame[s.fill:], pcm)
		pcm = pcm[n:]
		if s.fill += n; s.fill < audio.Samples {
			return true
		}
		s.fill = 0
		s.heard += audio.Samples
		if !yield(tts.Chunk{Frame: s.frame, Text: s.due()}, nil) {
			return false
		}
	}
	return true
}

// due is the words that are over by the end of what was yielded; the last waits for the end of the sound.
func (s *stretch) due() string {
	now := time.Duration(s.heard)*time.Second/audio.Rate + time.Duration(s.lead)*time.Second/time.Duration(s.rate)
	n := 0
	for len(s.tokens) > 1 && s.tokens[0].End <= now {
		n += s.tokens[0].Len
		s.tokens = s.tokens[1:]
	}
	n = min(n, len(s.text))
	text := s.text[:n]
	s.text = s.text[n:]
	return text
}

func (s *stretch) end(yield func(tts.Chunk, error) bool) bool {
	if s.resample != nil {
		var flush [64]int16
		if !s.write(flush[:], s.lead, yield) {
			return false
		}
	}
	clear(s.frame[s.fill:])
	return yield(tts.Chunk{Frame: s.frame, Text: s.text}, nil)
}
