package google

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	hearingBase = "https://speech.googleapis.com"
	recognize   = "/google.cloud.speech.v1.Speech/StreamingRecognize"
	phoneModel  = "telephony"   // hears the telephone best
	anyModel    = "latest_long" // for languages that the other does not have
)

// TranscriberOptions are the fields of transcriber_google.
type TranscriberOptions struct {
	Model             string   `json:"model,omitempty" doc:"telephony (default; latest_long where a language has none), latest_long, latest_short, phone_call, …"`
	Language          string   `json:"language,omitempty" doc:"what is spoken, such as en-GB; the agent's language when left out"`
	Alternatives      []string `json:"alternative_languages,omitempty" doc:"what else may be spoken, three at most"`
	Punctuation       *bool    `json:"automatic_punctuation,omitempty" doc:"default true"`
	SpokenPunctuation bool     `json:"spoken_punctuation,omitempty" doc:"“comma” becomes a comma; default false"`
	Enhanced          bool     `json:"use_enhanced,omitempty" doc:"the enhanced variant of models that have one, such as phone_call; default false"`
	ProfanityFilter   bool     `json:"profanity_filter,omitempty" doc:"all but the first letter become asterisks; default false"`
}

// A Transcriber hears by Speech-to-Text's StreamingRecognize
// (https://cloud.google.com/speech-to-text/docs/reference/rpc/google.cloud.speech.v1): version 1, whose requests need no name of a project,
// so that an API key is enough.
type Transcriber struct {
	endpoint
	options     TranscriberOptions
	quiet, most time.Duration // ages at which a stream gives way to the next
}

// NewTranscriber opens a transcriber from a transcriber_google object.
func NewTranscriber(a provider.Access, options json.RawMessage) (*Transcriber, error) {
	e, err := newEndpoint(a, hearingBase)
	if err != nil {
		return nil, err
	}
	e.header.Del("Content-Type")
	t := &Transcriber{endpoint: e, quiet: ageQuiet, most: ageMost}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &t.options); err != nil {
			return nil, parley.Invalid("transcriber", "transcriber does not have the fields of Google's: "+err.Error())
		}
	}
	if len(t.options.Alternatives) > 3 {
		return nil, parley.Invalid("transcriber.alternative_languages", "transcriber.alternative_languages are three at most")
	}
	return t, nil
}

// Warm opens a connection for the first stream to find.
func (t *Transcriber) Warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	return t.net.TouchCalls(ctx, vendor, t.base+"/", t.header)
}

// locale is a language as Google names it.
func locale(code string) string {
	if l := locales[strings.ToLower(code)]; l != "" {
		return l
	}
	return code
}

// learnt is which languages have not the model for the telephone, by address.
var learnt provider.Refusals

// model is the one to ask for.
func (t *Transcriber) model(language string) string {
	switch {
	case t.options.Model != "":
		return t.options.Model
	case len(learnt.Of(t.base+" "+language)) > 0:
		return anyModel
	}
	return phoneModel
}

// configure is the first message: StreamingRecognizeRequest.streaming_config.
func (t *Transcriber) configure(model, language string, o stt.Options) []byte {
	var c []byte // RecognitionConfig
	number := func(num protowire.Number, n uint64) {
		c = protowire.AppendVarint(protowire.AppendTag(c, num, protowire.VarintType), n)
	}
	text := func(num protowire.Number, s string) { c = appendText(c, num, s) }
	number(1, 1) // LINEAR16
	number(2, audio.Rate)
	text(3, language)
	if t.options.ProfanityFilter {
		number(5, 1)
	}
	c = appendContexts(c, o.Keywords)
	number(8, 1) // enable_word_time_offsets
	if t.options.Punctuation == nil || *t.options.Punctuation {
		number(11, 1)
	}
	text(13, model)
	if t.options.Enhanced {
		number(14, 1)
	}
	for _, l := range t.options.Alternatives {
		text(18, locale(l))
	}
	if t.options.SpokenPunctuation {
		c = appendBytes(c, 22, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1))
	}
	s := appendBytes(nil, 1, c)
	for _, num := range []protowire.Number{3, 5} { // interim_results, enable_voice_activity_events
		s = protowire.AppendVarint(protowire.AppendTag(s, num, protowire.VarintType), 1)
	}
	m := appendBytes(nil, 1, s)
	return append(provider.AppendHead(nil, len(m)), m...)
}

func appendBytes(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

func appendText(b []byte, num protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

// Limits of what may be hinted at, by Google's quotas.
const (
	maxPhrases = 5000
	maxPhrase  = 100     // characters
	maxHints   = 100_000 // characters in all
	maxBoost   = 20
)

// appendContexts names the words to expect: a SpeechContext for each boost, the highest first.
func appendContexts(c []byte, keywords map[string]float64) []byte {
	words := slices.DeleteFunc(stt.Likeliest(keywords), func(w string) bool {
		return strings.TrimSpace(w) == "" || utf8.RuneCountInString(w) > maxPhrase
	})
	size := 0
	for i := 0; i < len(words) && i < maxPhrases; {
		boost := boostOf(keywords[words[i]])
		var one []byte
		for ; i < len(words) && i < maxPhrases && boostOf(keywords[words[i]]) == boost; i++ {
			if size += utf8.RuneCountInString(words[i]); size > maxHints {
				i = maxPhrases
				break
			}
			one = appendText(one, 1, strings.TrimSpace(words[i]))
		}
		if boost > 0 {
			one = protowire.AppendFixed32(protowire.AppendTag(one, 4, protowire.Fixed32Type), math.Float32bits(boost))
		}
		if len(one) > 0 {
			c = appendBytes(c, 6, one)
		}
	}
	return c
}

// boostOf is a boost as Google takes it; 0 is none.
func boostOf(boost float64) float32 {
	if !(boost > 0) { // nor a number
		return 0
	}
	return float32(min(boost, maxBoost))
}

// Transcribe hears one stream of sound by as many of Google's as it takes: none may last 5 minutes. The next hears again what no final
// covers, so that no word is lost and none comes twice. While no sound comes there is none.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		h := hearing{t: t, options: o, tape: newTape(), yield: yield, language: locale(pick(t.options.Language, pick(o.Language, "en")))}
		var taping sync.WaitGroup
		taping.Go(func() { h.tape.run(ctx, in) })
		defer taping.Wait()
		defer cancel()
		for again := true; again; {
			var err error
			if again, err = h.once(ctx); err != nil {
				yield(stt.Event{}, provider.Fault(ctx, vendor, err))
				return
			}
		}
		if err := ctx.Err(); err != nil && !h.stopped {
			yield(stt.Event{}, err)
		}
	}
}

func pick(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// hearing is one stream of sound.
type hearing struct {
	t        *Transcriber
	options  stt.Options
	language string
	tape     *tape
	yield    func(stt.Event, error) bool
	stopped  bool // the consumer ended the loop
	last     time.Duration
}

// once hears by one stream of Google's. Again: another is to go on.
func (h *hearing) once(ctx context.Context) (again bool, err error) {
	start, anew := h.tape.rewind()
	if !h.tape.more() {
		return false, ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	model := h.t.model(h.language)
	l := &line{tape: h.tape, cancel: cancel, opened: time.Now(), quiet: h.t.quiet, most: h.t.most, start: start, anew: anew,
		head: h.t.configure(model, h.language, h.options), buf: make([]byte, headRoom+together*2*audio.Samples)}
	defer l.Close() // the transport does so later: it would take sound that is the next one's
	defer context.AfterFunc(ctx, func() { l.Close() })()
	rs := results{place: l.at, last: h.last}
	err = h.listen(ctx, l, &rs)
	h.last = rs.last
	if h.stopped {
		return false, nil
	}
	halved, gaveWay, over, sent := l.state()
	switch {
	case gaveWay:
		return true, nil
	case halved && errors.Is(err, context.Canceled) && rs.partial != "":
		return false, &parley.VendorError{Vendor: vendor, Code: parley.VendorTimeout, Message: "the last words did not come"}
	case halved && (err == nil || errors.Is(err, context.Canceled)):
		for _, e := range rs.rest() {
			h.say(e)
		}
		h.tape.settle(math.MaxInt)
		return !over && !h.stopped, nil
	case err == nil:
		return false, provider.Closed(vendor, "ended the stream")
	case outOfRange(err) && sent > 0 && time.Since(l.opened) > time.Second:
		return true, nil // it was too old, or without sound for too long, by Google's count
	case model == phoneModel && h.t.options.Model == "" && noModel(err):
		learnt.Add(h.t.base+" "+h.language, phoneModel)
		return true, nil
	}
	return false, err
}

func outOfRange(err error) bool {
	var c *provider.CallError
	return errors.As(err, &c) && c.Code == 11
}

// noModel reports whether a model was refused: INVALID_ARGUMENT, “The requested model is currently not supported for language : …”.
func noModel(err error) bool {
	var c *provider.CallError
	return errors.As(err, &c) && c.Code == 3 && strings.Contains(c.Message, "model")
}

// listen tells what Google says until the stream ends; nil: in good order.
func (h *hearing) listen(ctx context.Context, l *line, rs *results) error {
	call, err := h.t.net.Call(ctx, vendor, h.t.base+recognize, h.t.header, l)
	if err != nil {
		return keyless(err)
	}
	defer call.Close()
	for {
		m, err := call.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return keyless(err)
		}
		r, err := parseResponse(m)
		if err != nil {
			return provider.BadOutput(vendor, "a response is not as documented", err)
		}
		if r.code != 0 {
			return keyless(call.Status(r.code, r.message))
		}
		events, settled := rs.take(&r)
		h.tape.speaks(rs.talking())
		if settled > 0 {
			h.tape.settle(int(settled / audio.FrameDur))
		}
		for _, e := range events {
			if !h.say(e) {
				return nil
			}
		}
	}
}

func (h *hearing) say(e stt.Event) bool {
	if !h.stopped && !h.yield(e, nil) {
		h.stopped = true
	}
	return !h.stopped
}
