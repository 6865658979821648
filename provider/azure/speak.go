package azure

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"iter"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	defaultVoice = "en-US-AvaMultilingualNeural" // speaks the language that it is given
	ahead        = 1                             // requests waiting behind the piece being spoken
	format       = "raw-16khz-16bit-mono-pcm"
	again        = 3 * time.Minute // less than an idle connection is kept
)

// VoiceOptions are the fields of voice_azure.
type VoiceOptions struct {
	VoiceName string  `json:"voice_name" required:"true" doc:"Azure's name of the voice, such as en-US-JennyNeural"`
	Pitch     float64 `json:"pitch,omitempty" min:"-50" max:"50" doc:"Change of pitch, in percent"`
	Rate      float64 `json:"rate,omitempty" min:"-50" max:"100" doc:"Change of speed, in percent"`
}

// A Voice speaks by POST /cognitiveservices/v1, a request per piece.
type Voice struct {
	net     *provider.Net
	speech  string // address
	voices  string // address of their list
	header  http.Header
	options VoiceOptions
}

var (
	region = regexp.MustCompile(`^[a-z0-9]+$`)
	locale = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?-[A-Z]{2}\b`)
)

// NewVoice opens a voice from a voice_azure object.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	v := &Voice{net: a.Net}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &v.options); err != nil {
			return nil, parley.Invalid("voice", "voice does not have the fields of Azure's: "+err.Error())
		}
	}
	v.options.VoiceName = cmp.Or(v.options.VoiceName, defaultVoice)
	if a.Key == "" {
		return nil, unauthorized("AZURE_SPEECH", "account_connection_azure_speech")
	}
	base, err := speechBase(a)
	if err != nil {
		return nil, err
	}
	v.speech, v.voices = base+"/cognitiveservices/v1", base+"/cognitiveservices/voices/list"
	v.header = http.Header{"Ocp-Apim-Subscription-Key": {a.Key}, "Content-Type": {"application/ssml+xml"}, "X-Microsoft-Outputformat": {format},
		"User-Agent": {"parley"}} // it must have one
	return v, nil
}

// speechBase is where the region or the resource speaks: a resource with a name of its own below /tts
// (https://learn.microsoft.com/azure/ai-services/speech-service/speech-services-private-link), a container at its origin.
func speechBase(a provider.Access) (string, error) {
	if a.BaseURL == "" {
		r := strings.ToLower(strings.ReplaceAll(a.Extra["region"], " ", "")) // the portal shows West Europe, too
		if !region.MatchString(r) {
			return "", parley.Invalid("region", "region of the Azure connection must be the name of one, such as westeurope: add it, or set AZURE_SPEECH_REGION")
		}
		return "https://" + r + ".tts.speech." + domain(r), nil
	}
	u, err := address(a.BaseURL)
	if err != nil {
		return "", err
	}
	if r, ok := strings.CutSuffix(u.Host, ".api.cognitive.microsoft.com"); ok { // what the portal calls the endpoint
		u.Host, u.Path = r+".tts.speech.microsoft.com", ""
	}
	if strings.HasSuffix(u.Host, ".cognitiveservices.azure.com") && u.Path == "" {
		u.Path = "/tts"
	}
	return u.String(), nil
}

// domain is of the cloud that a region belongs to.
func domain(region string) string {
	switch {
	case strings.HasPrefix(region, "china"):
		return "azure.cn"
	case strings.HasPrefix(region, "usgov"):
		return "azure.us"
	}
	return "microsoft.com"
}

// warmed is when a connection to an address was last opened: the list of voices that this costs is long.
var warmed struct {
	mu sync.Mutex // guards at
	at map[string]time.Time
}

// Warm opens a connection for the first request to find.
func (v *Voice) Warm(ctx context.Context) error {
	now := time.Now()
	warmed.mu.Lock()
	fresh := now.Sub(warmed.at[v.voices]) < again
	if !fresh {
		if warmed.at == nil || len(warmed.at) >= 256 {
			warmed.at = map[string]time.Time{}
		}
		warmed.at[v.voices] = now
	}
	warmed.mu.Unlock()
	if fresh {
		return nil
	}
	return v.net.Touch(ctx, vendor, v.voices, http.Header{"Ocp-Apim-Subscription-Key": v.header["Ocp-Apim-Subscription-Key"], "User-Agent": v.header["User-Agent"]})
}

// Speak asks for each piece as it comes, one ahead of the one being spoken, and gives their sound in order. Words have estimated
// places: over HTTP Azure tells none.
func (v *Voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	p := provider.Pieces{Vendor: vendor, Rate: audio.Rate, Ahead: ahead,
		Ask: func(ctx context.Context, piece, _ string) (io.ReadCloser, error) {
			body := v.options.ssml(piece, o.Language, o.Lexicon)
			sound, err := v.net.Sound(ctx, vendor, v.speech, v.header, body)
			if provider.Refused(err) && bytes.Contains(body, []byte("<phoneme ")) { // one phoneme that it does not know costs the document
				return v.net.Sound(ctx, vendor, v.speech, v.header, v.options.ssml(piece, o.Language, nil))
			}
			return sound, err
		}}
	return p.Speak(ctx, text)
}

// Phonetic: every language is.
func (v *Voice) Phonetic(string) bool { return true }

// ssml is the document that has the voice say text, and words by their phonemes (https://learn.microsoft.com/azure/ai-services/speech-service/speech-synthesis-markup-voice).
func (o *VoiceOptions) ssml(text, language string, words tts.Lexicon) []byte {
	var b bytes.Buffer
	b.WriteString(`<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="`)
	escape(&b, cmp.Or(locale.FindString(o.VoiceName), locale.FindString(strings.ReplaceAll(language, "_", "-")), "en-US"))
	b.WriteString(`"><voice name="`)
	escape(&b, o.VoiceName)
	b.WriteString(`">`)
	spoken := o.Pitch != 0 || o.Rate != 0
	if spoken {
		b.WriteString(`<prosody`)
		if o.Pitch != 0 {
			fmt.Fprintf(&b, ` pitch="%+g%%"`, o.Pitch)
		}
		if o.Rate != 0 {
			fmt.Fprintf(&b, ` rate="%+g%%"`, o.Rate)
		}
		b.WriteString(`>`)
	}
	for part, ipa := range words.Parts(text) {
		if ipa == "" {
			escape(&b, part)
			continue
		}
		b.WriteString(`<phoneme alphabet="ipa" ph="`)
		escape(&b, ipa)
		b.WriteString(`">`)
		escape(&b, part)
		b.WriteString(`</phoneme>`)
	}
	if spoken {
		b.WriteString(`</prosody>`)
	}
	b.WriteString(`</voice></speak>`)
	return b.Bytes()
}

// escape writes text that is no markup, without what XML cannot hold.
func escape(b *bytes.Buffer, text string) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	_ = xml.EscapeText(b, []byte(text)) // a buffer takes all
}
