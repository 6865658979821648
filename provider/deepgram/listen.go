package deepgram

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
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

	maxTermBytes = 1500 // of keyterms: past 500 tokens Deepgram stops transcribing without a word
	maxTerms     = 100
)

// TranscriberOptions are the fields of transcriber_deepgram.
type TranscriberOptions struct {
	Model          string   `json:"model,omitempty" doc:"nova-3 (default), nova-2-phonecall, nova-2, …; flux (flux-general-en for English, else flux-general-multi) knows when a turn is over"`
	Language       string   `json:"language,omitempty" doc:"the agent's language when left out; multi for several"`
	Keyterms       []string `json:"keyterm,omitempty" doc:"words and phrases to expect, before those of deepgram_keywords"`
	EndpointingMS  *int     `json:"endpointing,omitempty" doc:"nova: silence that ends an utterance, ms; default 250"`
	UtteranceEndMS *int     `json:"utterance_end_ms,omitempty" doc:"nova: gap between words that ends an utterance in noise, ms, 1000 at least; default 1000; 0 is off"`
	SmartFormat    *bool    `json:"smart_format,omitempty" doc:"numbers, dates and money as one writes them, with flux numbers; default true"`
	ProfanityMask  bool     `json:"profanity_filter,omitempty" doc:"default false"`
	Encoding       string   `json:"encoding,omitempty" enum:"linear16,mulaw" doc:"linear16 (default, 16 kHz); mulaw (8 kHz) takes a third of the bandwidth"`
	EndThreshold   *float64 `json:"eot_threshold,omitempty" min:"0.5" max:"1" doc:"flux: how sure it must be that a turn is over, 0.5 to 1; default 0.7"`
	EagerThreshold *float64 `json:"eager_eot_threshold,omitempty" min:"0.3" max:"0.9" doc:"flux: how sure it must be to tell a turn's words as probably its last, 0.3 to 0.9 and not above eot_threshold; 0.5 by default"`
	EndTimeoutMS   *int     `json:"eot_timeout_ms,omitempty" min:"500" max:"60000" doc:"flux: silence that ends a turn however sure it is, ms, 500 to 60000; default 5000"`
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
	return t, t.options.check()
}

func (o *TranscriberOptions) check() error {
	if o.Encoding != "" && o.Encoding != "linear16" && o.Encoding != "mulaw" {
		return parley.Invalid("transcriber.encoding", "encoding is linear16 or mulaw")
	}
	sure := 0.7
	if x := o.EndThreshold; x != nil {
		if sure = *x; !(sure >= 0.5 && sure <= 1) {
			return parley.Invalid("transcriber.eot_threshold", "eot_threshold is 0.5 to 1")
		}
	}
	if x := o.EagerThreshold; x != nil && !(*x >= 0.3 && *x <= 0.9 && *x <= sure) {
		return parley.Invalid("transcriber.eager_eot_threshold", "eager_eot_threshold is 0.3 to 0.9, and not above eot_threshold")
	}
	if x := o.EndTimeoutMS; x != nil && (*x < 500 || *x > 60000) {
		return parley.Invalid("transcriber.eot_timeout_ms", "eot_timeout_ms is 500 to 60000")
	}
	return nil
}

func (o *TranscriberOptions) coding() *provider.Coding {
	return provider.NewCoding(o.Encoding == "mulaw")
}

// encoded is what every query has. Linear 16 kHz needs no arithmetic here, and narrower sound is heard no better.
func (o *TranscriberOptions) encoded(model string) url.Values {
	return url.Values{"model": {model}, "encoding": {cmp.Or(o.Encoding, "linear16")}, "sample_rate": {strconv.Itoa(o.coding().Rate)}}
}

// Warm opens a connection for the websocket to find.
func (t *Transcriber) Warm(ctx context.Context) error { return t.net.Knock(ctx, vendor, t.base) }

func (t *Transcriber) query(o stt.Options) url.Values {
	q := t.options.encoded(t.options.Model)
	maps.Copy(q, url.Values{"channels": {"1"},
		"interim_results": {"true"}, "vad_events": {"true"}, "punctuate": {"true"},
		"endpointing": {strconv.Itoa(orInt(t.options.EndpointingMS, 250))},
	})
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
	addKeywords(q, t.options.Model, t.options.Keyterms, o.Keywords)
	return q
}

func orInt(p *int, otherwise int) int {
	if p != nil {
		return *p
	}
	return otherwise
}

// addKeywords names the words to expect: nova-3, Flux and what comes later take keyterms, which know no boost, older models keywords.
// The terms come first, then the highest boosts, as far as there is room.
func addKeywords(q url.Values, model string, terms []string, keywords map[string]float64) {
	older := strings.HasPrefix(model, "nova-2") || strings.HasPrefix(model, "enhanced") || strings.HasPrefix(model, "base") || model == "nova" || strings.HasPrefix(model, "nova-general") || strings.HasPrefix(model, "nova-phonecall")
	size := 0
	for i, w := range slices.Concat(terms, stt.Likeliest(keywords)) {
		if size += len(w) + 1; size > maxTermBytes || i == maxTerms {
			return
		}
		if !older {
			q.Add("keyterm", w)
			continue
		}
		boost := ""
		if b := keywords[w]; b != 0 && !math.IsNaN(b) && !math.IsInf(b, 0) {
			boost = ":" + strconv.FormatFloat(b, 'g', -1, 64)
		}
		for _, one := range strings.Fields(w) { // a keyword is one word
			q.Add("keywords", one+boost)
		}
	}
}

func (t *Transcriber) dial(ctx context.Context, path string, q url.Values) (*provider.Socket, error) {
	address, err := provider.SocketURL(t.base, path, q)
	if err != nil {
		return nil, parley.Invalid("base_url", err.Error())
	}
	return t.net.Dial(ctx, vendor, address, t.header)
}

// Transcribe hears one stream. Every frame is sent when it comes, to Flux four at once. Closing in lets Deepgram finish, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return provider.Hear(ctx, in, func(ctx context.Context) (*provider.Ear, error) {
		if flux(t.options.Model) {
			return t.hearTurns(ctx, o)
		}
		socket, err := t.dial(ctx, "/v1/listen", t.query(o))
		if err != nil {
			return nil, err
		}
		c := t.options.coding()
		wire := make([]byte, c.Size)
		var h hearing
		e := &provider.Ear{Vendor: vendor, Socket: socket, Idle: keepAlive}
		e.Sound = func(_ context.Context, f *audio.Frame) error {
			c.Write(wire, 0, f)
			return socket.Binary(wire)
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
