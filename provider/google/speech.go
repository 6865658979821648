package google

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	ahead     = 2        // requests waiting behind the piece being spoken
	maxText   = 4500     // bytes of one request; Google's limit is 5000
	maxAnswer = 64 << 20 // bytes of one answer
)

// VoiceOptions are the fields of voice_google.
type VoiceOptions struct {
	VoiceName string `json:"voice_name" required:"true" doc:"Google's name of the voice, such as en-US-Chirp3-HD-Kore"`
}

// localeOf finds the language that a voice's name begins with.
var localeOf = regexp.MustCompile(`^([a-z]{2,3}-(?:[A-Za-z]{2}|[0-9]{3}))-[A-Za-z0-9_-]+$`)

// locales are where the contract's languages are spoken, for agents that name no voice.
var locales = map[string]string{"en": "en-US", "es": "es-US", "de": "de-DE", "hi": "hi-IN", "pt": "pt-BR", "fr": "fr-FR",
	"nl": "nl-NL", "id": "id-ID", "it": "it-IT", "ja": "ja-JP", "ko": "ko-KR"}

const anyVoice = "-Chirp3-HD-Kore" // is there in all of these

// A Voice speaks by POST /v1/text:synthesize, a request per piece.
type Voice struct {
	endpoint
	options  VoiceOptions
	language string
}

// NewVoice opens a voice from a voice_google object.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	e, err := newEndpoint(a, speakingBase)
	if err != nil {
		return nil, err
	}
	v := &Voice{endpoint: e, language: a.Language}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &v.options); err != nil {
			return nil, parley.Invalid("voice", "voice does not have the fields of Google's: "+err.Error())
		}
	}
	if v.options.VoiceName != "" && !localeOf.MatchString(v.options.VoiceName) {
		return nil, parley.Invalid("voice.voice_name", "voice.voice_name is no voice of Google's: it begins with its language, such as en-US-Chirp3-HD-Kore")
	}
	return v, nil
}

// voiceParams is a VoiceSelectionParams.
type voiceParams struct {
	Language string `json:"languageCode"`
	Name     string `json:"name,omitempty"`
}

// params is the voice to speak with: its own language wins, since no voice speaks another's.
func (v *Voice) params(language string) voiceParams {
	if m := localeOf.FindStringSubmatch(v.options.VoiceName); m != nil {
		return voiceParams{m[1], v.options.VoiceName}
	}
	if language == "" {
		language = v.language
	}
	if language == "" {
		language = "en"
	}
	if locale := locales[language]; locale != "" {
		return voiceParams{locale, locale + anyVoice}
	}
	return voiceParams{Language: language} // Google takes one that speaks it
}

// Warm opens a connection for the first request to find.
func (v *Voice) Warm(ctx context.Context) error {
	return v.net.Touch(ctx, vendor, v.base+"/v1/voices?languageCode="+url.QueryEscape(v.params("").Language), v.header.Clone())
}

// speechRequest is the body of POST /v1/text:synthesize (https://cloud.google.com/text-to-speech/docs/reference/rest/v1/text/synthesize).
type speechRequest struct {
	Input struct {
		Text  string      `json:"text"`
		Words *pronounced `json:"customPronunciations,omitempty"`
	} `json:"input"`
	Voice voiceParams `json:"voice"`
	Audio audioConfig `json:"audioConfig"`
}

// pronounced is a CustomPronunciations: which words of the text are said by their phonemes.
type pronounced struct {
	Words []pronunciation `json:"pronunciations"`
}

type pronunciation struct {
	Phrase   string `json:"phrase"`
	Alphabet string `json:"phoneticEncoding"`
	Phonemes string `json:"pronunciation"`
}

// Phonetic: customPronunciations is documented for English alone.
func (v *Voice) Phonetic(language string) bool { return language == "en" }

// pronounce finds the words of text that are known by their phonemes; nil when there are none.
func pronounce(text string, words tts.Lexicon) *pronounced {
	var p pronounced
	for part, ipa := range words.Parts(text) {
		if w := (pronunciation{part, "PHONETIC_ENCODING_IPA", ipa}); ipa != "" && !slices.Contains(p.Words, w) {
			p.Words = append(p.Words, w)
		}
	}
	if len(p.Words) == 0 {
		return nil
	}
	return &p
}

type audioConfig struct {
	Encoding string `json:"audioEncoding"`
	Rate     int    `json:"sampleRateHertz"`
}

// Speak asks for each piece as it comes, two ahead of the one being spoken, and gives their sound in order. Words have
// estimated places: the API tells none.
func (v *Voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	voice := v.params(o.Language)
	p := provider.Pieces{Vendor: vendor, Rate: audio.Rate, Ahead: ahead, Ask: func(ctx context.Context, piece, _ string) (io.ReadCloser, error) {
		var sound []byte
		for piece != "" {
			n := cut(piece)
			if part := strings.TrimSpace(piece[:n]); strings.ContainsFunc(part, sounds) {
				b, err := v.say(ctx, part, voice, o.Lexicon)
				if err != nil {
					return nil, err
				}
				sound = append(sound, b...)
			}
			piece = piece[n:]
		}
		return io.NopCloser(bytes.NewReader(sound)), nil
	}}
	return p.Speak(ctx, text)
}

// sounds reports whether a character is spoken: text without one is not asked for.
func sounds(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// cut is how many bytes of a piece go into one request: up to a space where there is one.
func cut(piece string) int {
	if len(piece) <= maxText {
		return len(piece)
	}
	if i := strings.LastIndexByte(piece[:maxText], ' '); i > 0 {
		return i
	}
	n := maxText
	for n > maxText-utf8.UTFMax && !utf8.RuneStart(piece[n]) {
		n--
	}
	return n
}

// say asks for the sound of text. Phonemes that Google or the voice does not know are left out: they cost the request.
func (v *Voice) say(ctx context.Context, text string, p voiceParams, words tts.Lexicon) ([]byte, error) {
	q := speechRequest{Voice: p, Audio: audioConfig{"LINEAR16", audio.Rate}}
	q.Input.Text, q.Input.Words = text, pronounce(text, words)
	sound, err := v.post(ctx, &q)
	if provider.Refused(err) && q.Input.Words != nil {
		q.Input.Words = nil
		return v.post(ctx, &q)
	}
	return sound, err
}

func (v *Voice) post(ctx context.Context, q *speechRequest) ([]byte, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+"/v1/text:synthesize", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := v.do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	var a struct {
		Sound []byte `json:"audioContent"`
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, provider.BadOutput(vendor, "the answer is not as documented", err)
	}
	sound, err := samples(a.Sound)
	if err != nil {
		return nil, provider.BadOutput(vendor, err.Error(), err)
	}
	return sound, nil
}

var errNoWAV = errors.New("the sound is no WAV")

// samples is the sound of a WAV, which must be what was asked for. Lengths beyond its end are those of a stream.
func samples(wav []byte) ([]byte, error) {
	if len(wav) < 12 || string(wav[:4]) != "RIFF" || string(wav[8:12]) != "WAVE" {
		return nil, errNoWAV
	}
	known := false
	for b := wav[12:]; len(b) >= 8; {
		name, size := string(b[:4]), uint64(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		body := b[:min(size, uint64(len(b)))]
		switch {
		case name == "fmt " && len(body) >= 16:
			format, channels, rate, bits := binary.LittleEndian.Uint16(body), binary.LittleEndian.Uint16(body[2:]), binary.LittleEndian.Uint32(body[4:]), binary.LittleEndian.Uint16(body[14:])
			if format != 1 || channels != 1 || rate != audio.Rate || bits != 16 {
				return nil, fmt.Errorf("asked for LINEAR16 of %d Hz, got format %d of %d Hz, %d channels, %d bits", audio.Rate, format, rate, channels, bits)
			}
			known = true
		case name == "data" && known:
			return body, nil
		}
		b = b[min(uint64(len(b)), size+size%2):]
	}
	return nil, errNoWAV
}
