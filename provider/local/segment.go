package local

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/provider/local/sphinx"
)

// The sound a worker hears: 20 ms at 8 kHz at a time.
const (
	step        = 160
	stepDur     = 20 * time.Millisecond
	preroll     = 15 // steps before the onset that belong to the utterance
	overAfter   = 15 // silent steps that end an utterance: 300 ms
	partialEach = 12 // steps between looks at the words: 240 ms
	longest     = 1000
)

// recogniser is what the segmenter drives: sphinx.Decoder.
type recogniser interface {
	Start() error
	Feed(pcm []int16) error
	Finish() error
	Words() []sphinx.Word // timed from the first sound ever fed
}

// A segmenter finds the utterances in a caller's sound and has each recognised. It is used by one goroutine.
type segmenter struct {
	rec  recogniser
	tell func(result) error
	vad  vad

	now    int // steps since the first sound
	before [preroll][step]int16
	kept   int // of before, the newest last

	speaking bool
	began    int           // step of the utterance's first sound
	spent    int           // steps fed to the recogniser before it
	fed      int           // and altogether
	quiet    int           // steps since the last speech
	text     string        // of the last partial
	last     time.Duration // end of the last final
}

// frame takes the next step of sound.
func (s *segmenter) frame(pcm *[step]int16) error {
	speech := s.vad.frame(pcm)
	defer func() { s.now++ }()
	if !s.speaking {
		if !speech {
			s.keep(pcm)
			return nil
		}
		return s.begin(pcm)
	}
	if err := s.feed(pcm); err != nil {
		return err
	}
	if speech {
		s.quiet = 0
	} else if s.quiet++; s.quiet >= overAfter {
		return s.end(true)
	}
	length := s.now - s.began
	if length >= longest {
		return s.renew()
	}
	if length%partialEach == 0 {
		return s.partial()
	}
	return nil
}

func (s *segmenter) keep(pcm *[step]int16) {
	if s.kept == preroll {
		copy(s.before[:], s.before[1:])
		s.kept--
	}
	s.before[s.kept] = *pcm
	s.kept++
}

func (s *segmenter) begin(pcm *[step]int16) error {
	if err := s.rec.Start(); err != nil {
		return err
	}
	s.speaking, s.quiet, s.text = true, 0, ""
	s.began, s.spent = s.now-s.kept, s.fed
	for i := range s.kept {
		if err := s.feed(&s.before[i]); err != nil {
			return err
		}
	}
	s.kept = 0
	if err := s.feed(pcm); err != nil {
		return err
	}
	return s.tell(result{Started: true})
}

func (s *segmenter) feed(pcm *[step]int16) error {
	s.fed++
	return s.rec.Feed(pcm[:])
}

func (s *segmenter) partial() error {
	words := s.words()
	text := join(words)
	if text == s.text {
		return nil
	}
	s.text = text
	return s.tell(result{Text: text, Words: words})
}

// end closes the utterance; over: the caller has stopped, and not only gone on for long.
func (s *segmenter) end(over bool) error {
	if !s.speaking {
		return nil
	}
	s.speaking = false
	if err := s.rec.Finish(); err != nil {
		return err
	}
	words := s.words()
	if onlyNoise(words) {
		words = nil
	}
	if len(words) > 0 {
		s.last = words[len(words)-1].End
		if s.text == "" { // too short for one: whoever waits for a partial gets it
			if err := s.tell(result{Text: join(words), Words: words}); err != nil {
				return err
			}
		}
	}
	return s.tell(result{Text: join(words), Words: words, Final: len(words) > 0, End: over})
}

// renew bounds what the recogniser has to keep of someone who never stops.
func (s *segmenter) renew() error {
	if err := s.end(false); err != nil {
		return err
	}
	if err := s.rec.Start(); err != nil {
		return err
	}
	s.speaking, s.text, s.began, s.spent = true, "", s.now+1, s.fed
	return nil
}

func (s *segmenter) words() []timedWord {
	var out []timedWord
	shift := time.Duration(s.began-s.spent) * stepDur
	for _, w := range s.rec.Words() {
		// What the recogniser leaves out as silence shifts its times a little: words never overlap the final before.
		start := max(s.last, w.Start+shift)
		out = append(out, timedWord{Text: w.Text, Start: start, End: max(start, w.End+shift)})
	}
	return out
}

func join(words []timedWord) string {
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = w.Text
	}
	return strings.Join(text, " ")
}

// noise are the words a recogniser makes of a breath, a click or a door; nobody says only these.
var noise = strings.Fields("a an and are as at for huh her his if i'm in is it it's of on or s that the their them then there they this to uh um up was were with you'd")

func onlyNoise(words []timedWord) bool {
	var said time.Duration
	for _, w := range words {
		if !slices.Contains(noise, w.Text) {
			return false
		}
		said += w.End - w.Start
	}
	return len(words) < 3 && said < 600*time.Millisecond
}
