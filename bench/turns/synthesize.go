package turns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider/local/flite"
)

// errAbsent: this machine has not that voice.
var errAbsent = errors.New("no such voice on this machine")

func at(samples int) time.Duration { return time.Duration(samples) * time.Second / audio.Rate }

func samples(d time.Duration) int { return int(d * audio.Rate / time.Second) }

// synthesize makes sound of a text.
func synthesize(ctx context.Context, o order) (*said, error) {
	engine, name, _ := strings.Cut(o.voice, "/")
	switch engine {
	case "flite":
		return byFlite(name, o.text)
	case "espeak":
		return byEspeak(ctx, name, o.text)
	case "festival":
		return byFestival(ctx, name, o.text)
	case "pico", "openjtalk", "piper", "kokoro":
		return byPython(ctx, engine, name, o.text)
	}
	return nil, fmt.Errorf("there is no engine %q", engine)
}

// flites is the library's one speaker.
var flites struct {
	sync.Mutex
	once    sync.Once
	speaker *flite.Speaker
	err     error
}

// byFlite times the words by the library's own tokens.
func byFlite(name, text string) (*said, error) {
	flites.Lock()
	defer flites.Unlock()
	flites.once.Do(func() { flites.speaker, flites.err = flite.New() })
	if flites.err != nil {
		return nil, errAbsent
	}
	if err := flites.speaker.Load(name); err != nil {
		return nil, errAbsent
	}
	var words []Word
	var pcm []int16
	rate := audio.Rate
	err := flites.speaker.Speak(name, text, flite.Prosody{Rate: 1, Pitch: 1}, func(ts []flite.Token) {
		last := at(len(pcm))
		for _, t := range ts {
			words = append(words, Word{strings.TrimSpace(t.Text), last, t.End})
			last = t.End
		}
	}, func(p []int16, r int) bool {
		rate = r
		pcm = append(pcm, p...)
		return true
	})
	if err != nil {
		return nil, err
	}
	return trimmed(&said{Words: words, pcm: resampled(pcm, rate)}), nil
}

// byEspeak runs the program, whose licence keeps it out of this process. It does not tell when its words are, so they are placed
// by their length.
func byEspeak(ctx context.Context, name, text string) (*said, error) {
	wav, err := output(ctx, text, "espeak-ng", "-v", name, "-s", "165", "-b", "1", "--stdin", "--stdout")
	if err != nil {
		return nil, err
	}
	return placed(wav, text)
}

func byFestival(ctx context.Context, name, text string) (*said, error) {
	if !strings.HasPrefix(name, "hindi") {
		text = latin1(text)
	}
	wav, err := output(ctx, text, "text2wave", "-eval", "(voice_"+name+")", "-otype", "wav")
	if err != nil {
		return nil, err
	}
	return placed(wav, text)
}

// latin1 is how festival's voices read accents.
func latin1(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r > 0xff {
			r = '?'
		}
		b.WriteByte(byte(r))
	}
	return b.String()
}

func output(ctx context.Context, text, program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = strings.NewReader(text)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errAbsent
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(complaint.String()))
	}
	if len(out) == 0 {
		return nil, errAbsent
	}
	return out, nil
}

func placed(wav []byte, text string) (*said, error) {
	snd, err := audio.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		return nil, err
	}
	v := trimmed(&said{pcm: resampled(snd.PCM, snd.Rate)})
	v.Words = spread(text, at(len(v.pcm)))
	return v, nil
}

// spread places words in a time by their letters; each has one more for its beginning.
func spread(text string, whole time.Duration) []Word {
	fields := wordsOf(text)
	total := 0
	for _, f := range fields {
		total += len([]rune(f)) + 1
	}
	var out []Word
	had := 0
	for _, f := range fields {
		w := Word{Text: f, Start: whole * time.Duration(had) / time.Duration(total)}
		had += len([]rune(f)) + 1
		w.End = whole * time.Duration(had) / time.Duration(total)
		out = append(out, w)
	}
	return out
}

// wordsOf cuts a text into words; one without spaces into pieces of three signs, as its transcribers' partials grow.
func wordsOf(text string) []string {
	fields := strings.Fields(text)
	if len(fields) != 1 || len(text) == len([]rune(text)) || !slices.ContainsFunc([]rune(text), func(r rune) bool { return r >= 0x3040 && r < 0xa000 }) {
		return fields
	}
	var out []string
	r := []rune(text)
	for len(r) > 0 {
		n := min(3, len(r))
		if n < len(r) && len(r) <= 4 {
			n = len(r)
		}
		out = append(out, string(r[:n]))
		r = r[n:]
	}
	return out
}
