//go:build linux && !static

package flite

import (
	"errors"
	"strings"
	"time"

	"github.com/ebitengine/purego"
)

// minBuffer is the least sound given at once, in samples: 10 ms at 16 kHz.
const minBuffer = 160

const (
	goOn = 0
	stop = ^uintptr(0) // CST_AUDIO_STREAM_STOP, −1
)

// A Speaker speaks with the voices of the library. There is one in a process.
type Speaker struct {
	lib    *library
	call   uintptr
	voices map[string]*voice
	now    struct { // the utterance being spoken
		tokens func([]Token)
		sound  func(pcm []int16, rate int) bool
		told   bool
	}
}

// New opens the library. The callback it makes is never given back: call it once in a process.
func New() (*Speaker, error) {
	lib, err := load()
	if err != nil {
		return nil, err
	}
	s := &Speaker{lib: lib, voices: map[string]*voice{}}
	s.call = purego.NewCallback(s.chunk)
	return s, nil
}

// Load opens a voice before it is needed.
func (s *Speaker) Load(name string) error {
	_, err := s.voice(name)
	return err
}

func (s *Speaker) voice(name string) (*voice, error) {
	if v, ok := s.voices[name]; ok {
		return v, nil
	}
	if !Valid(name) {
		return nil, errors.New("flite has no voice " + name)
	}
	v, err := s.lib.openVoice(name, s.call)
	if err != nil {
		return nil, err
	}
	s.voices[name] = v
	return v, nil
}

// Speak renders one sentence. Before the first sound, tokens is told where each stretch of the text ends; sound is given what
// is ready while the rest is still made, and may return false to stop. The sound is the callee's until it returns.
func (s *Speaker) Speak(name, text string, p Prosody, tokens func([]Token), sound func(pcm []int16, rate int) bool) error {
	v, err := s.voice(name)
	if err != nil {
		return err
	}
	s.lib.featFloat(v.features, &stretchName[0], float32(1/p.Rate))
	if strings.HasPrefix(name, "kal") {
		s.lib.featFloat(v.features, &meanName[0], float32(kalMean*p.Pitch))
	} else {
		s.lib.featFloat(v.features, &shiftName[0], float32(p.Pitch))
	}
	s.now.tokens, s.now.sound, s.now.told = tokens, sound, false
	utt := s.lib.synth(text, uintptrOf(v))
	if utt == 0 {
		return errors.New("flite cannot speak " + text)
	}
	s.lib.freeUtt(utt)
	return nil
}

// chunk is called by the library for every stretch of sound.
func (s *Speaker) chunk(w *wave, start, size, last int32, info *streamingInfo) uintptr {
	if !s.now.told && info != nil && info.utt != 0 {
		s.now.told = true
		s.now.tokens(s.lib.tokens(info.utt))
	}
	if pcm := w.slice(start, size); len(pcm) > 0 && !s.now.sound(pcm, int(w.rate)) {
		return stop
	}
	return goOn
}

// tokens reads the text back from the utterance, and when each of its tokens ends.
func (l *library) tokens(utt uintptr) []Token {
	var out []Token
	text := func(item uintptr, feat string) string {
		if l.hasFeat(item, feat) == 0 {
			return ""
		}
		return l.itemString(item, feat)
	}
	end := time.Duration(0)
	for t := l.head(l.relation(utt, "Token")); t != 0; t = l.next(t) {
		at := l.pathFloat(t, "daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end")
		end = max(end, time.Duration(float64(at)*float64(time.Second)))
		out = append(out, Token{text(t, "whitespace") + text(t, "prepunctuation") + text(t, "name") + text(t, "punc"), end})
	}
	return out
}
