package tts

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/parley-voice/parley/audio"
)

// Characters a second of synthesized speech, before any piece has shown the voice's own pace, and its limits.
const (
	startPace = 15.0
	minPace   = 4.0 // ideographs
	maxPace   = 40.0
)

// An Align gives words their places in sound: by the vendor's own times where it tells them (Word), else by estimate. Pieces are
// added in the order in which they are spoken; their sound is written as it comes, and each piece is ended. Words are told with
// the frame at which they should be over by the pace of the voice so far; a piece's last word waits for the piece's last frame,
// and brings along whatever the estimate had not told by then. All Texts together are what was added. The last frame of a
// piece is filled up with silence. Add and Join may be called from another goroutine than the rest.
type Align struct {
	mu    sync.Mutex // guards queue
	queue []string   // pieces not yet ended, the one being spoken first

	resample *audio.Resampler // nil: the sound comes at audio.Rate
	pcm, out []int16          // scratch
	odd      byte             // half a sample that ended the last write
	half     bool
	frame    audio.Frame
	fill     int // samples in frame

	pace   float64
	told   int     // bytes of the piece whose words are out
	heard  int     // samples of the piece that are out
	known  int     // bytes of the piece whose words the vendor has placed
	places []place // of those that are not out
}

// NewAlign aligns sound of rate Hz, signed 16-bit little-endian mono.
func NewAlign(rate int) *Align {
	a := &Align{pace: startPace}
	if rate != audio.Rate {
		a.resample = audio.NewResampler(rate, audio.Rate)
	}
	return a
}

// Add tells that text is the next piece to be spoken.
func (a *Align) Add(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.queue); n > 0 && strings.TrimSpace(a.queue[n-1]) == "" {
		a.queue[n-1] += text
		return
	}
	a.queue = append(a.queue, text)
}

// Join tells that text is spoken in one breath with the piece added last. Text without words, which no vendor can speak,
// is joined too; when nothing is left to join it to, it goes with the next piece.
func (a *Align) Join(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.queue); n > 0 {
		a.queue[n-1] += text
		return
	}
	a.queue = append(a.queue, text)
}

// Left is how many pieces are not ended.
func (a *Align) Left() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.queue)
}

// Mute reports whether the piece being spoken has something to say and no sound so far: ended now, it would be lost.
func (a *Align) Mute() bool {
	return a.heard+a.fill == 0 && strings.ContainsFunc(a.piece(), func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
}

func (a *Align) piece() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 {
		return ""
	}
	return a.queue[0]
}

// Write takes the sound of the piece being spoken, cut anywhere, and yields every frame that it completes. False: yield
// did not want more.
func (a *Align) Write(b []byte, yield func(Chunk, error) bool) bool {
	for len(b) > 0 {
		n := min(len(b), 4096)
		if !a.write(b[:n], yield) {
			return false
		}
		b = b[n:]
	}
	return true
}

func (a *Align) write(b []byte, yield func(Chunk, error) bool) bool {
	pcm := a.pcm[:0]
	if a.half && len(b) > 0 {
		pcm = append(pcm, int16(uint16(a.odd)|uint16(b[0])<<8))
		b, a.half = b[1:], false
	}
	for ; len(b) >= 2; b = b[2:] {
		pcm = append(pcm, int16(uint16(b[0])|uint16(b[1])<<8))
	}
	if len(b) == 1 {
		a.odd, a.half = b[0], true
	}
	a.pcm = pcm
	return a.samples(pcm, yield)
}

func (a *Align) samples(pcm []int16, yield func(Chunk, error) bool) bool {
	if a.resample != nil {
		a.out = a.resample.Process(a.out[:0], pcm)
		pcm = a.out
	}
	for len(pcm) > 0 {
		n := copy(a.frame[a.fill:], pcm)
		pcm = pcm[n:]
		if a.fill += n; a.fill < audio.Samples {
			return true
		}
		a.fill = 0
		a.heard += audio.Samples
		if !yield(Chunk{Frame: a.frame, Text: a.due()}, nil) {
			return false
		}
	}
	return true
}

// due is the words that should be over by now, but the last.
func (a *Align) due() string {
	text := a.piece()
	if a.known > 0 {
		return a.over(text)
	}
	limit := a.pace * float64(a.heard) / audio.Rate
	from, end := a.told, a.told
	runes := float64(utf8.RuneCountInString(text[:from]))
	for {
		next := end + wordLen(text[end:])
		if next >= len(text) {
			break // the last word waits for the end
		}
		runes += float64(utf8.RuneCountInString(text[end:next]))
		if runes > limit {
			break
		}
		end = next
	}
	a.told = end
	return text[from:end]
}

// wordLen is the length in bytes of the first word of text: the space before it, its letters and the marks after it. An
// ideograph is a word of its own. Space at the end belongs to the last word.
func wordLen(text string) int {
	i, in := 0, false
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.IsSpace(r):
			if in {
				if strings.TrimLeftFunc(text[i:], unicode.IsSpace) == "" {
					return len(text)
				}
				return i
			}
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			if in {
				return i
			}
			i += n
			for i < len(text) { // marks stay with it
				r, n := utf8.DecodeRuneInString(text[i:])
				if !unicode.IsPunct(r) {
					break
				}
				i += n
			}
			if strings.TrimLeftFunc(text[i:], unicode.IsSpace) == "" {
				return len(text)
			}
			return i
		default:
			in = true
		}
		i += n
	}
	return i
}

// End tells that the sound of the piece is whole: what is left of it comes out, with the words still to be told. A piece
// that had no sound gives a frame of silence, so that its words are told.
func (a *Align) End(yield func(Chunk, error) bool) bool {
	if a.resample != nil { // the filter holds the last millisecond back
		if !a.samples(tail[:], yield) {
			return false
		}
		a.resample.Reset()
	}
	a.half = false
	text := a.piece()
	rest := text[min(a.told, len(text)):]
	heard := a.heard + a.fill
	space := "" // that came after all was told: it needs no frame of its own
	if a.fill == 0 && a.heard > 0 && strings.TrimSpace(rest) == "" {
		space, rest = rest, ""
	}
	if a.fill > 0 || rest != "" {
		clear(a.frame[a.fill:])
		a.fill = 0
		if !yield(Chunk{Frame: a.frame, Text: rest}, nil) {
			return false
		}
	}
	if secs := float64(heard) / audio.Rate; secs >= 0.2 && len(text) > 0 {
		pace := float64(utf8.RuneCountInString(text)) / secs
		a.pace = min(max((a.pace+pace)/2, minPace), maxPace)
	}
	a.told, a.heard, a.known, a.places = 0, 0, 0, a.places[:0]
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) > 0 {
		space += a.queue[0][len(text):] // joined meanwhile
		a.queue = a.queue[1:]
	}
	switch {
	case space == "":
	case len(a.queue) > 0:
		a.queue[0] = space + a.queue[0]
	default:
		a.queue = append(a.queue, space)
	}
	return true
}

var tail [64]int16
