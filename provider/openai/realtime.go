package openai

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"iter"
	"net/url"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	realtimeRate = 24000           // Hz, the only one for audio/pcm
	lastWords    = 5 * time.Second // wait for what is still being transcribed when the sound has ended
)

// TranscriberOptions are the fields of transcriber_openai.
type TranscriberOptions struct {
	Model             string `json:"model,omitempty" doc:"gpt-4o-mini-transcribe (default), gpt-4o-transcribe, whisper-1, or what a compatible server has"`
	Language          string `json:"language,omitempty" doc:"ISO 639-1; the agent's language when left out"`
	Prompt            string `json:"prompt,omitempty" doc:"what the call is about, to help recognition"`
	SilenceDurationMS int    `json:"silence_duration_ms,omitempty" doc:"silence that ends an utterance, ms; default 300"`
}

// A Transcriber hears by the realtime API's transcription sessions (https://platform.openai.com/docs/guides/realtime-transcription).
type Transcriber struct {
	endpoint
	options TranscriberOptions
}

// NewTranscriber opens a transcriber from a transcriber_openai object.
func NewTranscriber(a provider.Access, options json.RawMessage) (*Transcriber, error) {
	e, err := newEndpoint("openai", a)
	if err != nil {
		return nil, err
	}
	t := &Transcriber{endpoint: e}
	if err := parse("transcriber", options, &t.options); err != nil {
		return nil, err
	}
	if t.options.Model == "" {
		t.options.Model = "gpt-4o-mini-transcribe"
	}
	if t.options.SilenceDurationMS <= 0 {
		t.options.SilenceDurationMS = 300
	}
	return t, nil
}

// Transcribe hears one stream. The server's own VAD parts it: an utterance is over once its words are final. Words are not
// timed. When in is closed, what is being transcribed is waited for, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		address, err := provider.SocketURL(t.base, "/realtime", url.Values{"intent": {"transcription"}})
		if err != nil {
			yield(stt.Event{}, parley.Invalid("base_url", err.Error()))
			return
		}
		socket, err := t.net.Dial(ctx, t.vendor, address, t.header())
		if err != nil {
			yield(stt.Event{}, err)
			return
		}
		stop := socket.CloseOn(ctx)
		defer stop()
		h := hearing{vendor: t.vendor, socket: socket, partial: map[string]string{}}
		var sending sync.WaitGroup
		defer sending.Wait()
		defer socket.Close()
		defer cancel()
		if err = socket.Text(t.update(o)); err == nil {
			sending.Go(func() { h.send(ctx, in) })
			err = h.listen(yield)
		}
		if h.stopped || h.over() {
			return
		}
		yield(stt.Event{}, provider.Fault(ctx, t.vendor, err))
	}
}

// update is the session.update event that makes the session ours.
func (t *Transcriber) update(o stt.Options) []byte {
	transcription := map[string]any{"model": t.options.Model}
	if language := pick(t.options.Language, o.Language); language != "" {
		transcription["language"] = language
	}
	if prompt := hint(t.options.Prompt, o); prompt != "" {
		transcription["prompt"] = prompt
	}
	b, err := json.Marshal(map[string]any{"type": "session.update", "session": map[string]any{
		"type": "transcription",
		"audio": map[string]any{"input": map[string]any{
			"format":         map[string]any{"type": "audio/pcm", "rate": realtimeRate},
			"transcription":  transcription,
			"turn_detection": map[string]any{"type": "server_vad", "silence_duration_ms": t.options.SilenceDurationMS},
		}},
	}})
	if err != nil {
		panic("openai: session.update: " + err.Error()) // strings and numbers always marshal
	}
	return b
}

func pick(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

const maxHint = 900 // bytes: models read about 224 tokens of a prompt

// hint is the prompt that tells the words to expect, those of the highest boost first.
func hint(prompt string, o stt.Options) string {
	words := make([]string, 0, len(o.Keywords))
	for w := range o.Keywords {
		words = append(words, w)
	}
	sort.Slice(words, func(i, j int) bool {
		a, b := o.Keywords[words[i]], o.Keywords[words[j]]
		return a > b || a == b && words[i] < words[j]
	})
	if len(words) > 0 {
		prompt = strings.TrimSpace(prompt + "\nWords that may occur: " + strings.Join(words, ", "))
	}
	if len(prompt) > maxHint {
		prompt = strings.ToValidUTF8(prompt[:maxHint], "")
	}
	return prompt
}

// hearing is one open session.
type hearing struct {
	vendor  string
	socket  *provider.Socket
	partial map[string]string // words so far, by item
	stopped bool              // the consumer ended the loop

	mu       sync.Mutex // guards all below
	ended    bool       // the sound has ended, and the rest of it was committed
	answered bool       // the server has answered that commit
	pending  int        // utterances committed and not yet transcribed
}

// An encoder turns frames into input_audio_buffer.append events; it allocates only for the first.
type encoder struct {
	up       *audio.Resampler
	pcm      []int16
	raw, msg []byte
}

func newEncoder() *encoder { return &encoder{up: audio.NewResampler(audio.Rate, realtimeRate)} }

func (e *encoder) append(f *audio.Frame) []byte {
	e.pcm = e.up.Process(e.pcm[:0], f[:])
	e.raw = e.raw[:0]
	for _, s := range e.pcm {
		e.raw = append(e.raw, byte(s), byte(uint16(s)>>8))
	}
	e.msg = append(e.msg[:0], `{"type":"input_audio_buffer.append","audio":"`...)
	e.msg = base64.StdEncoding.AppendEncode(e.msg, e.raw)
	e.msg = append(e.msg, `"}`...)
	return e.msg
}

// send passes every frame on at once, and commits the rest when the sound ends. The clear after that commit changes nothing
// but is answered in turn: the commit itself may be answered by an error or not be told from one of the server's VAD.
func (h *hearing) send(ctx context.Context, in <-chan audio.Frame) {
	wire := newEncoder()
	for {
		select {
		case f, ok := <-in:
			if !ok {
				h.commit(ctx)
				return
			}
			if h.socket.Text(wire.append(&f)) != nil {
				return // the listener finds out why
			}
		case <-ctx.Done():
			return
		}
	}
}

func (h *hearing) commit(ctx context.Context) {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	if h.socket.Text([]byte(`{"type":"input_audio_buffer.commit"}`)) != nil || h.socket.Text([]byte(`{"type":"input_audio_buffer.clear"}`)) != nil {
		return
	}
	late := time.NewTimer(lastWords)
	defer late.Stop()
	select {
	case <-late.C:
		h.mu.Lock()
		h.answered = true // a server that does not answer; what was committed must still be transcribed
		h.mu.Unlock()
		h.socket.Close()
	case <-ctx.Done():
	}
}

// over reports whether all that was said has been told.
func (h *hearing) over() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended && h.answered && h.pending == 0
}

// listen reads what the server says until all is told, an error, or the end of the loop.
func (h *hearing) listen(yield func(stt.Event, error) bool) error {
	var buf []byte
	for {
		_, r, err := h.socket.Next()
		if err == nil {
			buf, err = provider.ReadAll(r, buf)
		}
		if err != nil {
			return err
		}
		e, err := parseEvent(buf)
		if err != nil {
			return provider.BadOutput(h.vendor, "an event is not JSON: "+provider.Line(string(buf)), err)
		}
		out, err := h.take(e)
		if err != nil {
			return err
		}
		if out != nil && !yield(*out, nil) {
			h.stopped = true
			return nil
		}
		if h.over() {
			return nil
		}
	}
}

// event is a server event, as far as we read it (https://platform.openai.com/docs/api-reference/realtime-server-events).
type event struct {
	Type       string    `json:"type"`
	ItemID     string    `json:"item_id"`
	Delta      string    `json:"delta"`
	Transcript string    `json:"transcript"`
	Error      errorBody `json:"error"`
}

type errorBody struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func parseEvent(b []byte) (e event, err error) {
	err = json.Unmarshal(b, &e)
	return e, err
}

const maxItems = 32 // being transcribed at once; more is a server gone wrong

// take turns an event of the server's into one of ours, nil when it tells nothing.
func (h *hearing) take(e event) (*stt.Event, error) {
	switch e.Type {
	case "input_audio_buffer.speech_started":
		return &stt.Event{Started: true}, nil
	case "input_audio_buffer.committed":
		h.mu.Lock()
		defer h.mu.Unlock()
		h.pending++
	case "input_audio_buffer.cleared": // follows the answer to our last commit, whatever that was
		h.mu.Lock()
		defer h.mu.Unlock()
		h.answered = true
	case "conversation.item.input_audio_transcription.delta":
		if e.Delta == "" {
			return nil, nil
		}
		if len(h.partial) >= maxItems && h.partial[e.ItemID] == "" {
			return nil, provider.BadOutput(h.vendor, "too many utterances without an end", nil)
		}
		h.partial[e.ItemID] += e.Delta
		return &stt.Event{Text: strings.TrimSpace(h.partial[e.ItemID])}, nil
	case "conversation.item.input_audio_transcription.completed":
		delete(h.partial, e.ItemID)
		h.mu.Lock()
		h.pending = max(0, h.pending-1)
		h.mu.Unlock()
		text := strings.TrimSpace(e.Transcript)
		if text == "" {
			return nil, nil
		}
		return &stt.Event{Text: text, Final: true, End: true}, nil
	case "conversation.item.input_audio_transcription.failed":
		return nil, provider.Closed(h.vendor, "an utterance was not transcribed: "+provider.Line(e.Error.Message))
	case "error":
		return nil, h.refused(e.Error)
	}
	return nil, nil
}

func (h *hearing) refused(e errorBody) error {
	if e.Code == "input_audio_buffer_commit_empty" { // nothing was left to commit
		return nil
	}
	code := parley.VendorRefused
	switch {
	case e.Code == "invalid_api_key":
		return provider.StatusError(h.vendor, 401, nil)
	case strings.Contains(e.Code, "rate_limit"), e.Code == "insufficient_quota":
		code = parley.VendorRateLimited
	case e.Type == "server_error", e.Code == "session_expired":
		code = parley.VendorUnavailable
	}
	return &parley.VendorError{Vendor: h.vendor, Code: code, Message: provider.Line(e.Message)}
}
