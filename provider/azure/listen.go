package azure

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	maxPhrases     = 500  // of a phrase list (https://learn.microsoft.com/azure/ai-services/speech-service/improve-accuracy-phrase-list)
	maxPhraseBytes = 8192 // of all: a message may not be larger than 64 KiB

	frame    = 20 * time.Millisecond
	fastLane = 250 // frames that are sent as they come; Microsoft's SDKs send no more than twice as fast as real time after 5 s
	tail     = 50  // frames sent that are kept for the turn after an end of a turn that nobody asked for
)

// TranscriberOptions are the fields of transcriber_azure.
type TranscriberOptions struct {
	Model        string `json:"model,omitempty" doc:"Endpoint id of a custom speech model; Azure's own model of the language when left out"`
	Language     string `json:"language,omitempty" doc:"Language that is spoken, when it is not the agent's, such as en-GB"`
	SilenceMS    *int   `json:"segmentation_silence_timeout_ms,omitempty" min:"100" max:"5000" doc:"Silence that ends a phrase, ms, 100 to 5000; Azure's own default"`
	MaximumMS    *int   `json:"segmentation_maximum_time_ms,omitempty" min:"20000" max:"70000" doc:"Length at which a phrase ends without a silence, ms, 20000 to 70000, with segmentation_silence_timeout_ms only; Azure's own default"`
	Segmentation string `json:"segmentation_strategy,omitempty" enum:"default,time,semantic" doc:"What ends a phrase: time, a silence alone; semantic, a sentence that is whole; Azure's own default"`
	Profanity    string `json:"profanity,omitempty" enum:"masked,removed,raw" doc:"What becomes of swear words; masked by Azure's default"`
	TrueText     bool   `json:"true_text,omitempty" doc:"Leave out hesitations and repeated words; default false"`
	Stable       *int   `json:"stable_partial_threshold,omitempty" min:"1" doc:"How often a word must have been the same before a partial has it; higher: partials come later and change less"`
}

// A Transcriber hears by the websocket of Microsoft's Speech SDKs, whose source (MIT) is its only description.
type Transcriber struct {
	address string
	header  http.Header
	net     *provider.Net
	options TranscriberOptions
}

// NewTranscriber opens a transcriber from a transcriber_azure object.
func NewTranscriber(a provider.Access, options json.RawMessage) (*Transcriber, error) {
	t := &Transcriber{net: a.Net, header: http.Header{"Ocp-Apim-Subscription-Key": {a.Key}}}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &t.options); err != nil {
			return nil, parley.Invalid("transcriber", "transcriber does not have the fields of Azure's: "+err.Error())
		}
	}
	if err := t.options.check(); err != nil {
		return nil, err
	}
	if a.Key == "" {
		return nil, unauthorized("AZURE_SPEECH", "account_connection_azure_speech")
	}
	var err error
	t.address, err = listenAddress(a)
	return t, err
}

func (o *TranscriberOptions) check() error {
	for _, c := range []struct {
		name     string
		x        *int
		min, max int
	}{
		{"segmentation_silence_timeout_ms", o.SilenceMS, 100, 5000},
		{"segmentation_maximum_time_ms", o.MaximumMS, 20000, 70000},
	} {
		if c.x != nil && (*c.x < c.min || *c.x > c.max) {
			return parley.Invalid("transcriber."+c.name, c.name+" is "+strconv.Itoa(c.min)+" to "+strconv.Itoa(c.max))
		}
	}
	switch {
	case o.Stable != nil && *o.Stable < 1:
		return parley.Invalid("transcriber.stable_partial_threshold", "stable_partial_threshold is 1 or more")
	case o.MaximumMS != nil && o.SilenceMS == nil:
		return parley.Invalid("transcriber.segmentation_maximum_time_ms", "segmentation_maximum_time_ms goes with segmentation_silence_timeout_ms only: add that")
	case o.Segmentation == "semantic" && o.SilenceMS != nil:
		return parley.Invalid("transcriber.segmentation_strategy", "segmentation_strategy semantic takes no times: leave out segmentation_silence_timeout_ms and segmentation_maximum_time_ms")
	}
	for _, c := range []struct {
		name, x string
		known   []string
	}{
		{"segmentation_strategy", o.Segmentation, []string{"default", "time", "semantic"}},
		{"profanity", o.Profanity, []string{"masked", "removed", "raw"}},
	} {
		if c.x != "" && !slices.Contains(c.known, c.x) {
			return parley.Invalid("transcriber."+c.name, c.name+" is one of "+strings.Join(c.known, ", "))
		}
	}
	return nil
}

// listenAddress is where the region or the resource hears. What is no host of Azure's is a container, which has the older route alone.
func listenAddress(a provider.Access) (string, error) {
	const universal, older = "/stt/speech/universal/v2", "/speech/recognition/conversation/cognitiveservices/v1"
	if a.BaseURL == "" {
		base, err := speechBase(a)
		return strings.Replace(base, ".tts.", ".stt.", 1) + universal, err
	}
	u, err := address(a.BaseURL)
	if err != nil {
		return "", err
	}
	for _, of := range []string{".api.cognitive.", ".tts.speech."} { // what the portal calls the endpoint, and where it speaks
		u.Host = strings.Replace(u.Host, of, ".stt.speech.", 1)
	}
	u.Path = strings.TrimSuffix(u.Path, "/tts")
	switch own := strings.Contains(u.Host, ".stt.speech.") || strings.Contains(u.Host, ".cognitiveservices.azure."); {
	case own && u.Path == "":
		u.Path = universal
	case u.Path == "":
		u.Path = older
	}
	return u.String(), nil
}

// locales are the contract's languages as Azure names them.
var locales = map[string]string{"en": "en-US", "es": "es-ES", "de": "de-DE", "hi": "hi-IN", "pt": "pt-BR", "fr": "fr-FR", "nl": "nl-NL", "id": "id-ID",
	"it": "it-IT", "ja": "ja-JP", "ko": "ko-KR"}

func (t *Transcriber) language(o stt.Options) string {
	given := strings.ReplaceAll(cmp.Or(t.options.Language, o.Language), "_", "-")
	return cmp.Or(locales[strings.ToLower(given)], given, "en-US")
}

// Warm opens a connection for the websocket to find.
func (t *Transcriber) Warm(ctx context.Context) error { return t.net.Knock(ctx, vendor, t.address) }

// query has what the older route knows by it alone, with what the other one knows by context.
func (t *Transcriber) query(o stt.Options) url.Values {
	q := url.Values{"language": {t.language(o)}, "format": {"detailed"}, "wordLevelTimestamps": {"true"}}
	if t.options.Model != "" {
		q.Set("cid", t.options.Model)
		q.Del("language")
	}
	for name, x := range map[string]*int{"segmentationSilenceTimeoutMs": t.options.SilenceMS, "stableIntermediateThreshold": t.options.Stable} {
		if x != nil {
			q.Set(name, strconv.Itoa(*x))
		}
	}
	if t.options.Profanity != "" {
		q.Set("profanity", t.options.Profanity)
	}
	return q
}

type object = map[string]any

// context is what speech.context says of a turn.
func (t *Transcriber) context(o stt.Options) []byte {
	detection := object{"mode": "Conversation", "language": t.language(o)}
	segments := object{}
	if s := t.options.Segmentation; s != "" {
		segments["mode"] = map[string]string{"default": "Normal", "time": "Custom", "semantic": "Semantic"}[s]
	}
	if t.options.SilenceMS != nil {
		segments["mode"], segments["segmentationSilenceTimeoutMs"] = "Custom", *t.options.SilenceMS
	}
	if t.options.MaximumMS != nil {
		segments["mode"], segments["segmentationForcedTimeoutMs"] = "Custom", *t.options.MaximumMS
	}
	if len(segments) > 0 {
		detection["conversation"] = object{"segmentation": segments}
	}
	enrichment := object{}
	if p := t.options.Profanity; p != "" {
		enrichment["profanity"] = p
	}
	if t.options.TrueText {
		enrichment["conversation"] = object{"punctuationMode": "Implicit", "disfluencyMode": "Removed", "intermediatePunctuationMode": "Implicit", "intermediatedisfluencymode": "Removed"}
	}
	if len(enrichment) > 0 {
		detection["enrichment"] = enrichment
	}
	output := object{"format": "Detailed", "detailed": object{"options": []string{"WordTimings"}}}
	if t.options.Stable != nil {
		output["interimResults"] = object{"stableThreshold": *t.options.Stable}
	}
	c := object{"phraseDetection": detection, "phraseOutput": output}
	if items := phrases(o.Keywords); len(items) > 0 {
		c["dgi"] = object{"groups": []object{{"type": "Generic", "items": items}}, "bias": 1}
	}
	b, _ := json.Marshal(c) // strings and numbers always marshal
	return b
}

// phrases are the words to expect, the highest boosts first, as far as there is room. Azure knows one weight for all.
func phrases(keywords map[string]float64) (items []object) {
	size := 0
	for _, w := range stt.Likeliest(keywords) {
		if w = strings.TrimSpace(w); w == "" {
			continue
		}
		if size += len(w); size > maxPhraseBytes || len(items) == maxPhrases {
			break
		}
		items = append(items, object{"text": w})
	}
	return items
}

// guid is an id as the protocol has them: without dashes.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Transcribe hears one stream, of one turn after the other. Every frame is sent when it comes, but at most twice as fast as real time once
// 5 s were. Closing in lets Azure finish, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return provider.Hear(ctx, in, func(ctx context.Context) (*provider.Ear, error) {
		address, err := provider.SocketURL(t.address, "", t.query(o))
		if err != nil {
			return nil, parley.Invalid("endpoint", err.Error())
		}
		header := t.header.Clone()
		header.Set("X-Connectionid", guid())
		socket, err := t.net.Dial(ctx, vendor, address, header)
		if err != nil {
			return nil, err
		}
		h := &hearing{socket: socket, context: t.context(o), id: guid()}
		h.ear = &provider.Ear{Vendor: vendor, Socket: socket, Begin: h.begin, Sound: h.sound, Finish: h.finish, Take: h.take, Rest: h.rest}
		return h.ear, nil
	})
}

// hearing is one open connection.
type hearing struct {
	ear     *provider.Ear
	socket  *provider.Socket
	context []byte
	phrases phrased // belongs to the loop

	mu    sync.Mutex // guards all of these
	id    string     // of the turn: X-RequestId
	base  int        // frames sent before the turn's first
	sent  int        // frames in all
	until int        // frames sent when the turn was called for

	// Of who sends.
	turn  string // the turn that was begun
	wire  []byte
	kept  [tail]audio.Frame
	out   int       // frames sent, those sent twice too
	ready time.Time // for the next frame, once the fast lane is full
}

const system = `{"context":{"system":{"name":"Parley","version":"1","build":"Go","lang":"Go"}}}`

func (h *hearing) begin() error {
	h.mu.Lock()
	id := h.id
	h.mu.Unlock()
	if err := h.socket.Text(message("speech.config", id, []byte(system))); err != nil {
		return err
	}
	return h.open(id)
}

// open begins a turn.
func (h *hearing) open(id string) error {
	h.turn = id
	if err := h.socket.Text(message("speech.context", id, h.context)); err != nil {
		return err
	}
	h.wire = soundHeader(h.wire[:0], id, true)
	return h.socket.Binary(append(h.wire, wave[:]...))
}

// reopen begins the turn that take has called for, with the sound that the one before may not have heard.
func (h *hearing) reopen(id string, again int) error {
	if err := h.open(id); err != nil {
		return err
	}
	for i := h.sent - min(again, tail); i < h.sent; i++ {
		if err := h.put(&h.kept[i%tail]); err != nil {
			return err
		}
	}
	return nil
}

// next is the turn to send in, and how many of the frames sent belong to it as well.
func (h *hearing) next() (id string, again int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.id, h.sent - h.base
}

// sound allocates nothing per frame.
func (h *hearing) sound(ctx context.Context, f *audio.Frame) error {
	if id, again := h.next(); id != h.turn {
		if err := h.reopen(id, again); err != nil {
			return err
		}
	}
	if err := provider.Hold(ctx, time.Until(h.ready)); err != nil {
		return err
	}
	if err := h.put(f); err != nil {
		return err
	}
	h.kept[h.sent%tail] = *f
	h.mu.Lock()
	h.sent++
	h.mu.Unlock()
	return nil
}

// put sends a frame, and reckons when the next one may be.
func (h *hearing) put(f *audio.Frame) error {
	if h.out++; h.out >= fastLane {
		if now := time.Now(); h.ready.Before(now) {
			h.ready = now
		}
		h.ready = h.ready.Add(frame / 2)
	}
	h.wire = soundHeader(h.wire[:0], h.turn, false)
	n := len(h.wire)
	h.wire = slices.Grow(h.wire, 2*audio.Samples)[:n+2*audio.Samples]
	provider.Linear16(h.wire[n:], f)
	return h.socket.Binary(h.wire)
}

// finish ends the sound by a message without any.
func (h *hearing) finish() error {
	if id, again := h.next(); id != h.turn {
		if err := h.reopen(id, again); err != nil {
			return err
		}
	}
	h.wire = soundHeader(h.wire[:0], h.turn, false)
	return h.socket.Binary(h.wire)
}

func (h *hearing) take(text bool, b []byte) (events []stt.Event, over bool, err error) {
	if !text {
		return nil, false, nil
	}
	path, id, body := parts(b)
	if path == "" {
		return nil, false, provider.BadOutput(vendor, "a message has no path: "+provider.Line(string(b)), nil)
	}
	h.mu.Lock()
	current, base := h.id, h.base
	h.mu.Unlock()
	if !strings.EqualFold(id, current) { // of a turn that is over
		return nil, false, nil
	}
	if path == "turn.end" {
		if h.ear.Ended() {
			return nil, true, nil
		}
		if e := h.phrases.rest(); e != nil { // its sound is not sent again
			events = []stt.Event{*e}
		}
		h.again()
		return events, false, nil
	}
	e, err := h.phrases.take(path, body, time.Duration(base)*frame)
	if err != nil || e == nil {
		return nil, false, err
	}
	return []stt.Event{*e}, false, nil
}

// again calls for another turn: Azure ends one when it has heard nothing for long. What it may not have heard of the last second it is sent anew.
func (h *hearing) again() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.id = guid()
	h.base = min(max(h.sent-tail+1, h.until, int(h.phrases.heard/frame)), h.sent) // one more frame may be on its way
	h.until = h.sent                                                              // nothing is sent three times: turns may end fast
}

// rest tells words that were never final.
func (h *hearing) rest(err error) ([]stt.Event, error) {
	if err = typed(err); err != nil && !(h.ear.Ended() && provider.Farewell(err)) {
		return nil, err
	}
	if e := h.phrases.rest(); e != nil {
		return []stt.Event{*e}, nil
	}
	return nil, nil
}

// typed gives an error of the connection the code that its close code has here: 1007 is what Azure closes with on a quota that is used up as on
// a message that is wrong, and its SDKs try neither 1002 nor 4000 again.
func typed(err error) error {
	var v *parley.VendorError
	if !errors.As(err, &v) {
		return err
	}
	switch low := strings.ToLower(v.Message); {
	case v.Status == 1007 && (strings.Contains(low, "quota") || strings.Contains(low, "too many")), v.Status == 4429:
		v.Code = parley.VendorRateLimited
	case v.Status == 1002, v.Status == 4000:
		v.Code = parley.VendorRefused
	}
	return err
}
