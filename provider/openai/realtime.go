package openai

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
	"strings"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	realtimeRate = 24000 // Hz, the only one for audio/pcm
)

// A Transcriber hears by the realtime API's transcription sessions (https://platform.openai.com/docs/guides/realtime-transcription).
type Transcriber struct {
	endpoint
	options TranscriberOptions
}

// NewTranscriber opens a transcriber from a transcriber_openai object, by the realtime API whatever it says.
func NewTranscriber(a provider.Access, options json.RawMessage) (*Transcriber, error) {
	e, err := newEndpoint("openai", a)
	if err != nil {
		return nil, err
	}
	t := &Transcriber{endpoint: e}
	if err := parse("transcriber", options, &t.options); err != nil {
		return nil, err
	}
	t.options.fill(true)
	return t, nil
}

// Warm opens a connection for the websocket to find.
func (t *Transcriber) Warm(ctx context.Context) error { return t.net.Knock(ctx, t.vendor, t.base) }

// Transcribe hears one stream. The server's own VAD parts it: an utterance is over once its words are final. Words are not
// timed. When in is closed, what is being transcribed is waited for, 5 s at most.
func (t *Transcriber) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return provider.Hear(ctx, in, func(ctx context.Context) (*provider.Ear, error) {
		address, err := provider.SocketURL(t.base, "/realtime", url.Values{"intent": {"transcription"}})
		if err != nil {
			return nil, parley.Invalid("base_url", err.Error())
		}
		socket, err := t.net.Dial(ctx, t.vendor, address, t.header())
		if err != nil {
			return nil, err
		}
		h := &hearing{vendor: t.vendor, socket: socket, partial: map[string]string{}}
		wire := newEncoder()
		return &provider.Ear{Vendor: t.vendor, Socket: socket,
			Begin:  func() error { return socket.Text(t.update(o)) },
			Sound:  func(_ context.Context, f *audio.Frame) error { return socket.Text(wire.append(f)) },
			Finish: h.commit,
			Take:   h.read,
			Rest:   h.rest,
		}, nil
	})
}

// update is the session.update event that makes the session ours.
func (t *Transcriber) update(o stt.Options) []byte {
	transcription := map[string]any{"model": t.options.Model}
	if language := pick(t.options.Language, o.Language); language != "" {
		transcription["language"] = language
	}
	if prompt := hint(t.options.Model, t.options.Prompt, o); prompt != "" {
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

// hint is the prompt that tells the words to expect, those of the highest boost first. Models of OpenAI's own are told in a sentence;
// Whisper and its like take a prompt for what was said before, and a sentence for the language.
func hint(model, prompt string, o stt.Options) string {
	words := strings.Join(stt.Likeliest(o.Keywords), ", ")
	if words != "" && onlyJSON(model) {
		words = "Words that may occur: " + words
	}
	prompt = strings.TrimSpace(prompt + "\n" + words)
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

// commit has the rest transcribed. The clear after it changes nothing but is answered in turn: the commit itself may be answered by an
// error or not be told from one of the server's VAD.
func (h *hearing) commit() error {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	if err := h.socket.Text([]byte(`{"type":"input_audio_buffer.commit"}`)); err != nil {
		return err
	}
	return h.socket.Text([]byte(`{"type":"input_audio_buffer.clear"}`))
}

// over reports whether all that was said has been told.
func (h *hearing) over() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended && h.answered && h.pending == 0
}

// read is an Ear's Take.
func (h *hearing) read(_ bool, b []byte) (events []stt.Event, over bool, err error) {
	e, err := parseEvent(b)
	if err != nil {
		return nil, false, provider.BadOutput(h.vendor, "an event is not JSON: "+provider.Line(string(b)), err)
	}
	out, err := h.take(e)
	if err != nil {
		return nil, false, err
	}
	if out != nil {
		events = []stt.Event{*out}
	}
	return events, h.over(), nil
}

// rest is an Ear's: a connection that ends when all is told is no failure, nor is a server that does not answer our last commit.
func (h *hearing) rest(err error) ([]stt.Event, error) {
	if errors.Is(err, provider.ErrLate) {
		h.mu.Lock()
		h.answered = true // what was committed must still have been transcribed
		h.mu.Unlock()
	}
	if h.over() {
		return nil, nil
	}
	return nil, err
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

const (
	maxItems   = 32       // being transcribed at once; more is a server gone wrong
	maxPartial = 32 << 10 // bytes of words of one: more than anybody says in a breath
)

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
		if len(h.partial[e.ItemID])+len(e.Delta) > maxPartial {
			return nil, provider.BadOutput(h.vendor, "an utterance without an end", nil)
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
