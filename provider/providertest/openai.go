package providertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// OpenAI is a fake of the HTTP API, after platform.openai.com/docs/api-reference. Its model answers "endless" without end,
// "both" with two tool calls at once, all else with Answer. Its address is URL+"/v1".
type OpenAI struct {
	Server
	Dialect Dialect
	Refuses []string          // request fields that it answers with a 400
	Failure string            // code of the failure that a response ends with after some words
	Bodies  []json.RawMessage // of the chat requests; read them once the test is over
	Events  []string          // of realtime sessions
	Voices  []json.RawMessage // of the speech requests
	Ears    Ears
	Deaf    bool // it has no realtime API

	wrong  func(body []byte) string // what this vendor says of a body; nil: nothing
	thinks func(body []byte) bool   // whether its model thinks about it first, in thought
	field  string                   // of a delta, for thoughts

	transcribed []Transcription
}

// A Dialect is how servers that are not OpenAI's differ.
type Dialect struct {
	WholeCalls   bool // each call in one chunk, without an index
	ObjectArgs   bool // arguments as an object
	ReasonStop   bool // finish_reason stop although there are calls
	NoDone       bool // no [DONE]
	NoUsage      bool
	Thinks       bool // <think>…</think> first
	WAV          bool // a header before the sound
	CommentFirst bool // ": processing" lines, as routers send
}

// Answer is what the fake's model says.
const Answer = "Yes, of course. We are open until six today, and “ünïcode” is fine."

// NewOpenAI starts one; it ends with the test.
func NewOpenAI(t testing.TB) *OpenAI {
	o := new(OpenAI)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", o.chat)
	mux.HandleFunc("POST /v1/responses", o.responses)
	mux.HandleFunc("POST /v1/audio/speech", o.speech)
	mux.HandleFunc("GET /v1/realtime", o.realtime)
	mux.HandleFunc("POST /v1/audio/transcriptions", o.transcribe)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer wrong") {
			keyed("Authorization", "")(w, r)
			return
		}
		data := []map[string]string{}
		for _, id := range o.Ears.Models {
			data = append(data, map[string]string{"id": id, "object": "model"})
		}
		json.NewEncoder(w).Encode(map[string]any{"object": "list", "data": data})
	})
	start(t, &o.Server, mux)
	return o
}

type chatBody struct {
	Model    string
	Messages []struct {
		Role    string
		Content *string
	}
	Stream        *bool
	MaxTokens     int `json:"max_tokens"`
	MaxCompletion int `json:"max_completion_tokens"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

func (o *OpenAI) chat(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body chatBody
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &body) != nil || json.Unmarshal(raw, &fields) != nil || len(body.Messages) == 0 {
		http.Error(w, `{"error":{"message":"bad body","type":"invalid_request_error"}}`, 400)
		return
	}
	o.mu.Lock()
	o.Bodies = append(o.Bodies, raw)
	o.mu.Unlock()
	for _, f := range o.Refuses {
		if _, ok := fields[f]; ok {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":{"message":"Unsupported parameter: '%s' is not supported with this model.","type":"invalid_request_error","param":%q,"code":"unsupported_parameter"}}`, f, f)
			return
		}
	}
	if o.wrong != nil {
		if says := o.wrong(raw); says != "" {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":{"message":%q,"type":"invalid_request_error","param":null,"code":"invalid_request_error"}}`, says)
			return
		}
	}
	if body.Stream != nil && !*body.Stream {
		n := min(max(body.MaxTokens, body.MaxCompletion), 20)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Y"},"finish_reason":"length"}],`+
			`"usage":{"prompt_tokens":50,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":32}}}`, n, n+50)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s := &sse{w: w, r: r}
	s.flush()
	if o.thinks != nil && o.thinks(raw) && faultOf(r) == NoFault {
		for _, t := range []string{"Hm, ", "what now?"} {
			s.data(`{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"` + o.field + `":"` + t + `"},"finish_reason":null}]}`)
		}
	}
	if f := faultOf(r); f != Hang && f != Drip && f != Garbage {
		s.data(`{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`)
	}
	last := body.Messages[len(body.Messages)-1]
	switch f := faultOf(r); {
	case f == Hang:
		<-r.Context().Done()
	case f == Drip:
		for !s.gone() {
			s.data(`{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`)
			s.raw(": keep-alive\n\n")
			time.Sleep(2 * time.Millisecond)
		}
	case f == Garbage:
		s.raw("data: <html>oops</html>\n\n")
	case last.Content != nil && strings.Contains(*last.Content, "endless"):
		for !s.gone() {
			s.text("on and on ")
			time.Sleep(2 * time.Millisecond)
		}
	case last.Content != nil && strings.Contains(*last.Content, "both"):
		o.calls(s, f)
	default:
		o.answer(s, f, body.StreamOptions != nil && body.StreamOptions.IncludeUsage)
	}
	if s.gone() {
		o.gaveUp()
	}
}

func (o *OpenAI) answer(s *sse, f Fault, usage bool) {
	if o.Dialect.CommentFirst {
		s.raw(": processing\n\n: processing\n\nevent: message\n")
	}
	if o.Dialect.Thinks {
		for _, t := range []string{"<th", "ink>hm, what", " now</", "think>\n\n"} {
			s.text(t)
		}
	}
	for i, t := range strings.SplitAfter(Answer, " ") {
		if i == 3 {
			switch f {
			case Stall:
				<-s.r.Context().Done()
				return
			case CutJSON:
				s.raw(`data: {"choices":[{"index":0,"delta":{"cont`)
				return
			case Close:
				return
			}
		}
		s.text(t)
	}
	s.data(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)
	if usage && !o.Dialect.NoUsage {
		s.data(`{"choices":[],"usage":{"prompt_tokens":50,"completion_tokens":20,"total_tokens":70}}`)
	}
	if !o.Dialect.NoDone {
		s.raw("data: [DONE]\n\n")
	}
}

// calls asks for transfer {"to":"sales"} and note {"text":"a \"b\""}.
func (o *OpenAI) calls(s *sse, f Fault) {
	delta := func(tc string) { s.data(`{"choices":[{"index":0,"delta":{"tool_calls":[` + tc + `]}}]}`) }
	switch {
	case o.Dialect.WholeCalls:
		args := func(v string) string {
			if o.Dialect.ObjectArgs {
				return v
			}
			b, _ := json.Marshal(v)
			return string(b)
		}
		delta(`{"id":"c1","type":"function","function":{"name":"transfer","arguments":` + args(`{"to":"sales"}`) + `}}`)
		delta(`{"id":"c2","type":"function","function":{"name":"note","arguments":` + args(`{"text":"a \"b\""}`) + `}}`)
	default:
		delta(`{"index":0,"id":"c1","type":"function","function":{"name":"transfer","arguments":""}}`)
		delta(`{"index":0,"function":{"arguments":"{\"to\":"}}`)
		if f == CutJSON {
			s.raw(`data: {"choices":[{"index":0,"delta":{"tool_ca`)
			return
		}
		if f == Close {
			return
		}
		delta(`{"index":0,"function":{"arguments":"\"sales\"}"}}`)
		delta(`{"index":1,"id":"c2","type":"function","function":{"name":"note","arguments":"{\"te"}}`)
		if f == Stall {
			<-s.r.Context().Done()
			return
		}
		delta(`{"index":1,"function":{"arguments":"xt\":\"a \\\"b\\\"\"}"}}`)
	}
	reason := "tool_calls"
	if o.Dialect.ReasonStop {
		reason = "stop"
	}
	s.data(`{"choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}`)
	if !o.Dialect.NoDone {
		s.raw("data: [DONE]\n\n")
	}
}

// sse writes server-sent events.
type sse struct {
	w http.ResponseWriter
	r *http.Request
}

func (s *sse) flush()          { s.w.(http.Flusher).Flush() }
func (s *sse) gone() bool      { return s.r.Context().Err() != nil }
func (s *sse) data(d string)   { s.raw("data: " + d + "\n\n") }
func (s *sse) raw(text string) { io.WriteString(s.w, text); s.flush() }

func (s *sse) text(t string) {
	b, _ := json.Marshal(t)
	s.data(`{"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":` + string(b) + `},"finish_reason":null}]}`)
}

func (o *OpenAI) speech(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body struct {
		Input  string
		Format string `json:"response_format"`
	}
	json.Unmarshal(raw, &body)
	o.mu.Lock()
	o.Voices = append(o.Voices, raw)
	o.mu.Unlock()
	o.heard(body.Input)
	if body.Format != "pcm" {
		http.Error(w, `{"error":{"message":"only pcm here"}}`, 400)
		return
	}
	f := faultOf(r)
	if f == Hang {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "audio/pcm")
	if f == Garbage || f == CutJSON {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"detail":"no`)
		return
	}
	if o.Dialect.WAV {
		w.Write([]byte("RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0\x5d\x00\x00\x80\xbb\x00\x00\x02\x00\x10\x00data\xff\xff\xff\xff"))
	}
	sound := tone(24000 / 50 * len([]rune(body.Input)))
	for n := 0; len(sound) > 0; n++ {
		switch {
		case f == Stall && n == 12:
			<-r.Context().Done()
			return
		case f == Close && n == 12:
			panic(http.ErrAbortHandler)
		case f == Drip:
			for r.Context().Err() == nil {
				w.Write(make([]byte, 960))
				w.(http.Flusher).Flush()
				time.Sleep(5 * time.Millisecond)
			}
			return
		}
		k := min(len(sound), 1001)
		w.Write(sound[:k])
		w.(http.Flusher).Flush()
		sound = sound[k:]
	}
	if r.Context().Err() != nil {
		o.gaveUp()
	}
}

// realtime is a transcription session with server VAD.
func (o *OpenAI) realtime(w http.ResponseWriter, r *http.Request) {
	if o.Deaf {
		http.NotFound(w, r)
		return
	}
	if r.URL.Query().Get("intent") != "transcription" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		http.Error(w, `{"error":{"message":"You must provide a model parameter.","code":"missing_model"}}`, 400)
		return
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	s := &session{o: o, c: c, r: r, ear: ear{rate: 24000}}
	s.say(`{"type":"session.created","event_id":"e","session":{"type":"transcription"}}`)
	for n := 0; ; n++ {
		_, b, err := c.Read(r.Context())
		if err != nil || !s.take(b, n) {
			return
		}
	}
}

type session struct {
	o     *OpenAI
	c     *websocket.Conn
	r     *http.Request
	ear   ear
	items int
}

func (s *session) say(text string) { s.c.Write(s.r.Context(), websocket.MessageText, []byte(text)) }

func (s *session) take(b []byte, n int) bool {
	if n == 12 {
		switch faultOf(s.r) {
		case Close:
			s.c.Close(websocket.StatusInternalError, "server error")
			return false
		case CutJSON:
			s.say(`{"type":"conversation.item.in`)
			return true
		case Garbage:
			s.say("\x01\x02 no JSON at all")
		}
	}
	var m struct{ Type, Audio string }
	json.Unmarshal(b, &m)
	switch m.Type {
	case "session.update":
		s.o.mu.Lock()
		s.o.Events = append(s.o.Events, string(b))
		s.o.mu.Unlock()
		s.say(`{"type":"session.updated","event_id":"e"}`)
	case "input_audio_buffer.append":
		raw, _ := base64.StdEncoding.DecodeString(m.Audio)
		pcm := make([]int16, len(raw)/2)
		for i := range pcm {
			pcm[i] = int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
		}
		for _, f := range s.ear.hear(pcm) {
			if f.started {
				s.say(`{"type":"input_audio_buffer.speech_started","audio_start_ms":1,"item_id":"i"}`)
			}
			if f.final {
				s.say(`{"type":"input_audio_buffer.speech_stopped","audio_end_ms":2,"item_id":"i"}`)
				s.item(f.words)
			}
		}
	case "input_audio_buffer.clear":
		s.ear.rest()
		s.say(`{"type":"input_audio_buffer.cleared","event_id":"e"}`)
	case "input_audio_buffer.commit":
		if ws := s.ear.rest(); len(ws) > 0 {
			s.item(ws)
		} else {
			s.say(`{"type":"error","error":{"type":"invalid_request_error","code":"input_audio_buffer_commit_empty","message":"buffer too small"}}`)
		}
	}
	return true
}

// item commits an utterance and transcribes it: a delta a word, then the whole.
func (s *session) item(ws []heardWord) {
	s.items++
	id := fmt.Sprintf(`"item_id":"item_%d","content_index":0`, s.items)
	s.say(`{"type":"input_audio_buffer.committed",` + id + `}`)
	for i, w := range ws {
		text := w.text
		if i > 0 {
			text = " " + text
		}
		s.say(fmt.Sprintf(`{"type":"conversation.item.input_audio_transcription.delta",%s,"delta":%q}`, id, text))
	}
	s.say(fmt.Sprintf(`{"type":"conversation.item.input_audio_transcription.completed",%s,"transcript":%q}`, id, textOf(ws)))
}
