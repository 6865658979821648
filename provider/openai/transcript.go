package openai

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
)

// transcript is the answer to a transcription, of either format (https://platform.openai.com/docs/api-reference/audio/json-object,
// …/verbose-json-object). whisper.cpp's server has the words in their segments.
type transcript struct {
	Text     *string     `json:"text"`
	Words    []timedWord `json:"words"`
	Segments []segment   `json:"segments"`
}

type segment struct {
	Text        string      `json:"text"`
	Start       float64     `json:"start"` // s
	End         float64     `json:"end"`
	NoSpeech    float64     `json:"no_speech_prob"`
	Logprob     float64     `json:"avg_logprob"`
	Compression float64     `json:"compression_ratio"`
	Words       []timedWord `json:"words"`
}

type timedWord struct {
	Word  string  `json:"word"`
	Start float64 `json:"start"` // s
	End   float64 `json:"end"`
}

func parseTranscript(b []byte) (t transcript, ok bool) {
	return t, json.Unmarshal(b, &t) == nil && t.Text != nil
}

// heard is what an utterance says, with its words in their places; "" when the model has made it up.
func (t *transcript) heard(u *utterance, prompt string) (text string, words []stt.Word) {
	text = *t.Text
	var gone [][2]float64 // stretches without words
	if len(t.Segments) > 0 && len(t.Segments) <= maxSegment {
		var kept []string
		for i := range t.Segments {
			s := &t.Segments[i]
			if s.made() {
				gone = append(gone, [2]float64{s.Start, s.End})
				continue
			}
			kept = append(kept, strings.TrimSpace(s.Text))
		}
		if len(gone) > 0 {
			text = strings.Join(kept, " ")
		}
	}
	if text = sensible(text, time.Duration(u.last-u.began)*audio.FrameDur, prompt); text == "" {
		return "", nil
	}
	all := t.Words
	for i := range t.Segments {
		if len(t.Words) == 0 {
			all = append(all, t.Segments[i].Words...)
		}
	}
	from, to := time.Duration(u.began)*audio.FrameDur, time.Duration(u.began+u.frames)*audio.FrameDur
	at := from
	for _, w := range all {
		if w.within(gone) {
			continue
		}
		if text := strings.TrimSpace(asides.ReplaceAllString(w.Word, "")); text != "" {
			start := min(to, max(at, from+seconds(w.Start)))
			end := min(to, max(start, from+seconds(w.End)))
			words = append(words, stt.Word{Text: text, Start: start, End: end})
			at = end
		}
	}
	if len(words) == 0 {
		words = spread(text, from, time.Duration(u.last)*audio.FrameDur)
	}
	return text, words
}

func (w *timedWord) within(stretches [][2]float64) bool {
	for _, s := range stretches {
		if w.Start >= s[0] && w.End <= s[1] {
			return true
		}
	}
	return false
}

const hour = 3600 // s; nothing is longer

func seconds(s float64) time.Duration {
	if !(s > 0) { // nor a number
		return 0
	}
	return time.Duration(min(s, hour) * float64(time.Second))
}

// spread places words over an utterance by their lengths: where it begins and ends is known, and no more.
func spread(text string, from, to time.Duration) []stt.Word {
	fields := strings.Fields(text)
	whole := 0
	for _, f := range fields {
		whole += utf8.RuneCountInString(f)
	}
	words, done := make([]stt.Word, len(fields)), 0
	place := func(n int) time.Duration { return from + (to-from)*time.Duration(n)/time.Duration(whole) }
	for i, f := range fields {
		words[i] = stt.Word{Text: f, Start: place(done)}
		done += utf8.RuneCountInString(f)
		words[i].End = place(done)
	}
	return words
}
