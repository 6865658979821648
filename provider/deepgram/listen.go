package deepgram

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	keepAlive = 4 * time.Second // Deepgram hangs up after 10 s without sound or KeepAlive
	maxTerms  = 1500            // bytes of keyterms: past 500 tokens Deepgram stops transcribing without a word
)

// TranscriberOptions are the fields of transcriber_deepgram.
type TranscriberOptions struct {
	Model          string `json:"model,omitempty" doc:"nova-3 (default), nova-2-phonecall, nova-2, …"`
	Language       string `json:"language,omitempty" doc:"the agent's language when left out; multi for several"`
	EndpointingMS  *int   `json:"endpointing,omitempty" doc:"silence that ends an utterance, ms; default 250"`
	UtteranceEndMS *int   `json:"utterance_end_ms,omitempty" doc:"gap between words that ends an utterance in noise, ms, 1000 at least; default 1000; 0 is off"`
	SmartFormat    *bool  `json:"smart_format,omitempty" doc:"numbers, dates and money as one writes them; default true"`
	ProfanityMask  bool   `json:"profanity_filter,omitempty" doc:"default false"`
}

// A Transcriber hears by wss /v1/listen (https://developers.deepgram.com/reference/speech-to-text/listen-streaming).
type Transcriber struct {
	base    string
	header  http.Header
	net     *provider.Net
	options TranscriberOptions
}

// NewTranscriber opens a transcriber from a transcriber_deepgram object.
func NewTranscriber(a provider.Access, options json.RawMessage) (*Transcriber, error) {
	t := &Transcriber{net: a.Net}
	var err error
	if t.base, t.header, err = open(a, "transcriber", options, &t.options); err != nil {
		return nil, err
	}
	if t.options.Model == "" {
		t.options.Model = "nova-3"
	}
	return t, nil
}

// query asks for our frames as they are: linear 16 kHz needs no arithmetic here, and narrower sound is heard no better.
func (t *Transcriber) query(o stt.Options) url.Values {
	q := url.Values{
		"model": {t.options.Model}, "encoding": {"linear16"}, "sample_rate": {strconv.Itoa(audio.Rate)}, "channels": {"1"},
		"interim_results": {"true"}, "vad_events": {"true"}, "punctuate": {"true"},
		"endpointing": {strconv.Itoa(orInt(t.options.EndpointingMS, 250))},
	}
	if ms := orInt(t.options.UtteranceEndMS, 1000); ms > 0 {
		q.Set("utterance_end_ms", strconv.Itoa(max(ms, 1000)))
	}
	if t.options.SmartFormat == nil || *t.options.SmartFormat {
		q.Set("smart_format", "true")
		q.Set("no_delay", "true") // do not hold a final back to see whether a number goes on
	}
	if t.options.ProfanityMask {
		q.Set("profanity_filter", "true")
	}
	if language := t.options.Language; language != "" {
		q.Set("language", language)
	} else if o.Language != "" {
		q.Set("language", o.Language)
	}
	addKeywords(q, t.options.Model, o.Keywords)
	return q
}

func orInt(p *int, otherwise int) int {
	if p != nil {
		return *p
	}
	return otherwise
}

// addKeywords names the words to expect: nova-3 and later take keyterms, which know no boost, older models keywords. The
// highest boosts come first, as far as there is room.
func addKeywords(q url.Values, model string, keywords map[string]float64) {
	words := make([]string, 0, len(keywords))
	for w := range keywords {
		words = append(words, w)
	}
	sort.Slice(words, func(i, j int) bool {
		a, b := keywords[words[i]], keywords[words[j]]
		return a > b || a == b && words[i] < words[j]
	})
	older := strings.HasPrefix(model, "nova-2") || strings.HasPrefix(model, "enhanced") || strings.HasPrefix(model, "base") || model == "nova" || strings.HasPrefix(model, "nova-general") || strings.HasPrefix(model, "nova-phonecall")
	size := 0
	for _, w := range words {
		if size += len(w) + 1; size > maxTerms {
			return
		}
		switch boost := keywords[w]; {
		case !older:
			q.Add("keyterm", w)
		case boost == 0 || math.IsNaN(boost) || math.IsInf(boost, 0):
			q.Add("keywords", w)
		default:
			q.Add("keywords", w+":"+strconv.FormatFloat(boost, 'g', -1, 64))
		}
	}
}

// Transcribe hears one stream. Every frame is sent when it comes. Closing in lets Deepgram finish, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return provider.Hear(ctx, in, func(ctx context.Context) (*provider.Ear, error) {
		address, err := provider.SocketURL(t.base, "/v1/listen", t.query(o))
		if err != nil {
			return nil, parley.Invalid("base_url", err.Error())
		}
		socket, err := t.net.Dial(ctx, vendor, address, t.header)
		if err != nil {
			return nil, err
		}
		var wire [2 * audio.Samples]byte
		var h hearing
		e := &provider.Ear{Vendor: vendor, Socket: socket, Idle: keepAlive}
		e.Sound = func(_ context.Context, f *audio.Frame) error {
			provider.Linear16(wire[:], f)
			return socket.Binary(wire[:])
		}
		e.Alive = func() error { return socket.Text([]byte(`{"type":"KeepAlive"}`)) }
		e.Finish = func() error { return socket.Text([]byte(`{"type":"CloseStream"}`)) }
		e.Take = func(text bool, b []byte) ([]stt.Event, bool, error) {
			if !text {
				return nil, false, nil
			}
			m, err := parseMessage(b)
			if err != nil {
				return nil, false, provider.BadOutput(vendor, "a message is not JSON: "+provider.Line(string(b)), err)
			}
			if m.Type == "Metadata" && e.Ended() { // the answer to CloseStream: nothing follows
				return nil, true, nil
			}
			event, err := h.take(&m)
			if err != nil || event == nil {
				return nil, false, err
			}
			return []stt.Event{*event}, false, nil
		}
		return e, nil
	})
}

// hearing is what is known of one stream.
type hearing struct {
	said bool // words were told since the utterance last ended
}
