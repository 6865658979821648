package elevenlabs

import (
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-voice/parley/tts"
)

// A char is one character of the text and when its sound is over.
type char struct {
	text       string
	start, end time.Duration
}

// words tells an Align of the words that characters make. A word may go on in the next message.
type words struct {
	align *tts.Align
	word  strings.Builder
	end   time.Duration // of the word, or of the last that was told
}

// take takes the characters of a message, before its sound is written. ElevenLabs counts times from the beginning of the
// message's sound (websocket), or of the whole answer (HTTP); what begins well before the last ended is of the first kind.
func (w *words) take(cs []char) {
	if len(cs) == 0 {
		return
	}
	var from time.Duration
	if cs[0].start+overlap < w.end {
		from = w.align.Sounded()
	}
	for _, c := range cs {
		r, _ := utf8.DecodeRuneInString(c.text)
		if unicode.IsSpace(r) {
			w.flush()
			continue
		}
		if alone := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana); alone {
			w.flush()
			w.add(c, from)
			w.flush()
			continue
		}
		w.add(c, from)
	}
	if last, _ := utf8.DecodeLastRuneInString(cs[len(cs)-1].text); unicode.IsPunct(last) {
		w.flush() // nothing but a mark can be missing
	}
}

const (
	maxWord = 256                   // bytes; what is longer is told in parts
	overlap = 50 * time.Millisecond // by which characters may run into each other
)

func (w *words) add(c char, from time.Duration) {
	if w.word.Len() > maxWord {
		w.flush()
	}
	w.word.WriteString(c.text)
	w.end = from + c.end
}

// flush tells the word.
func (w *words) flush() {
	if w.word.Len() > 0 {
		w.align.Word(w.word.String(), w.end)
		w.word.Reset()
	}
}

// reset begins the next piece.
func (w *words) reset() {
	w.flush()
	w.end = 0
}

// alignment is what a websocket message tells of its characters
// (https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-stream-input).
type alignment struct {
	Chars     []string  `json:"chars"`
	Starts    []float64 `json:"charStartTimesMs"`
	Durations []float64 `json:"charDurationsMs"`
}

func (a *alignment) chars() []char {
	if a == nil {
		return nil
	}
	n := min(len(a.Chars), len(a.Starts))
	cs := make([]char, n)
	for i := range n {
		cs[i] = char{a.Chars[i], millis(a.Starts[i]), millis(a.Starts[i])}
		if i < len(a.Durations) {
			cs[i].end = millis(a.Starts[i] + a.Durations[i])
		}
	}
	return cs
}

// characters is what a message of a streamed HTTP answer tells of its characters
// (https://elevenlabs.io/docs/api-reference/text-to-speech/stream-with-timestamps).
type characters struct {
	Chars  []string  `json:"characters"`
	Starts []float64 `json:"character_start_times_seconds"`
	Ends   []float64 `json:"character_end_times_seconds"`
}

func (a *characters) chars() []char {
	if a == nil {
		return nil
	}
	n := min(len(a.Chars), len(a.Starts), len(a.Ends))
	cs := make([]char, n)
	for i := range n {
		cs[i] = char{a.Chars[i], millis(1000 * a.Starts[i]), millis(1000 * a.Ends[i])}
	}
	return cs
}

// millis is a time that a vendor gave, within reason.
func millis(ms float64) time.Duration {
	if math.IsNaN(ms) || ms < 0 {
		return 0
	}
	return time.Duration(min(ms, 3.6e6) * float64(time.Millisecond))
}
