package providertest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Google is a fake of Gemini's streamGenerateContent, after ai.google.dev/api/generate-content, of Cloud Text-to-Speech's
// text:synthesize, after cloud.google.com/text-to-speech/docs/reference/rest, and of Speech-to-Text's StreamingRecognize, after
// cloud.google.com/speech-to-text/docs/reference/rpc/google.cloud.speech.v1, under one origin. It refuses what they do: fields they do
// not have, turns out of order, results that are not as many as the calls, calls without their signature (Gemini 3), and a wrong
// thinkingConfig. Its model answers "endless" without end, "both" with two tool calls at once, "stop REASON" half and with that
// finishReason, "block REASON" not at all, all else with Answer. It speaks a tone of 20 ms a character.
type Google struct {
	Server
	Bodies []json.RawMessage // of the requests for answers; read them once the test is over
	Paths  []string          // of these, with their queries
	Voices []json.RawMessage // of the requests for speech
	Refuse string            // thinkingLevels it does not take, by commas
	Hears  GoogleEars

	streams []GoogleConfig
}

// Signature is the thoughtSignature of the fake's tool calls.
const Signature = "c2lnbmVkIGJ5IHRoZSBmYWtl"

// NewGoogle starts one; it ends with the test.
func NewGoogle(t testing.TB) *Google {
	g := new(Google)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1beta/models/{action}", g.generate)
	mux.HandleFunc("POST /v1/text:synthesize", g.synthesize)
	mux.HandleFunc("POST /google.cloud.speech.v1.Speech/StreamingRecognize", g.recognise)
	list := func(w http.ResponseWriter, r *http.Request) {
		if g.known(w, r) {
			io.WriteString(w, googleVoices)
		}
	}
	mux.HandleFunc("GET /v1beta/models", list)
	mux.HandleFunc("GET /v1/voices", list)
	start(t, &g.Server, mux)
	return g
}

// refuse answers as Google's front does.
func (g *Google) refuse(w http.ResponseWriter, code int, status, message string, details ...any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	e := map[string]any{"code": code, "message": message, "status": status}
	if details != nil {
		e["details"] = details
	}
	json.NewEncoder(w).Encode(map[string]any{"error": e})
}

func (g *Google) invalid(w http.ResponseWriter, message string) bool {
	g.refuse(w, 400, "INVALID_ARGUMENT", message)
	return false
}

// known checks the key.
func (g *Google) known(w http.ResponseWriter, r *http.Request) bool {
	key := r.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = r.URL.Query().Get("key")
	}
	switch {
	case key == "":
		g.refuse(w, 403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.")
	case strings.HasPrefix(key, "wrong"):
		g.refuse(w, 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
			map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"})
	default:
		return true
	}
	return false
}

type geminiBody struct {
	System   *geminiContent  `json:"systemInstruction"`
	Contents []geminiContent `json:"contents"`
	Tools    []struct {
		Functions []struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Parameters  json.RawMessage `json:"parameters"`
			Schema      json.RawMessage `json:"parametersJsonSchema"`
		} `json:"functionDeclarations"`
	} `json:"tools"`
	Config struct {
		Temperature *float64 `json:"temperature"`
		MaxTokens   *int     `json:"maxOutputTokens"`
		Thinking    *struct {
			Budget *int   `json:"thinkingBudget"`
			Level  string `json:"thinkingLevel"`
		} `json:"thinkingConfig"`
	} `json:"generationConfig"`
}

type geminiContent struct {
	Role  string       `json:"role"`
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text *string `json:"text"`
	Call *struct {
		ID   string                     `json:"id"`
		Name string                     `json:"name"`
		Args map[string]json.RawMessage `json:"args"`
	} `json:"functionCall"`
	Response *struct {
		ID       string                     `json:"id"`
		Name     string                     `json:"name"`
		Response map[string]json.RawMessage `json:"response"`
	} `json:"functionResponse"`
	Signature string `json:"thoughtSignature"`
	Thought   bool   `json:"thought"`
}

// turns are contents with those of one side in a row as one: Google's own SDKs send a content per event of an answer.
func turns(cs []geminiContent) (out []geminiContent) {
	for _, c := range cs {
		if n := len(out); n > 0 && out[n-1].Role == c.Role && len(c.Parts) > 0 {
			out[n-1].Parts = append(slices.Clone(out[n-1].Parts), c.Parts...)
			continue
		}
		out = append(out, c)
	}
	return out
}

// counts are the calls and results of a content.
func (c *geminiContent) counts() (calls, results int) {
	for _, p := range c.Parts {
		if p.Call != nil {
			calls++
		}
		if p.Response != nil {
			results++
		}
	}
	return calls, results
}

func (g *Google) generate(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	defer func() {
		if err != nil || r.Context().Err() != nil {
			g.gaveUp()
		}
	}()
	g.mu.Lock()
	g.Bodies = append(g.Bodies, raw)
	g.Paths = append(g.Paths, r.URL.RequestURI())
	g.mu.Unlock()
	if !g.known(w, r) {
		return
	}
	model, action, _ := strings.Cut(r.PathValue("action"), ":")
	if action != "streamGenerateContent" && action != "generateContent" || !strings.HasPrefix(model, "gemini-") {
		g.refuse(w, 404, "NOT_FOUND", "models/"+model+" is not found for API version v1beta, or is not supported for generateContent.")
		return
	}
	var body geminiBody
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if wrong := dec.Decode(&body); wrong != nil {
		g.invalid(w, "Invalid JSON payload received. "+wrong.Error())
		return
	}
	if !g.thinks(w, model, &body) || !g.ordered(w, strings.HasPrefix(model, "gemini-3"), body.Contents) {
		return
	}
	if action == "generateContent" {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"candidates":[{"content":{"parts":[{"text":"Y"}],"role":"model"},"finishReason":"MAX_TOKENS","index":0}],`+
			`"usageMetadata":{"promptTokenCount":50,"candidatesTokenCount":1,"totalTokenCount":51,"cachedContentTokenCount":32},"modelVersion":"m"}`)
		return
	}
	if r.URL.Query().Get("alt") != "sse" {
		io.WriteString(w, "[]")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	s := &sse{w: w, r: r}
	s.flush()
	last := ""
	for _, p := range body.Contents[len(body.Contents)-1].Parts {
		if p.Text != nil {
			last = *p.Text
		}
	}
	g.play(s, model, last)
}

func (g *Google) thinks(w http.ResponseWriter, model string, body *geminiBody) bool {
	t := body.Config.Thinking
	switch {
	case t == nil:
	case t.Budget != nil && t.Level != "":
		return g.invalid(w, "You can only set only one of thinking budget and thinking level.")
	case strings.HasPrefix(model, "gemini-2.0"), strings.HasPrefix(model, "gemini-1"):
		return g.invalid(w, "Thinking is not enabled for models/"+model)
	case strings.HasPrefix(model, "gemini-2.5") && t.Level != "":
		return g.invalid(w, "Thinking level is not supported for this model.")
	case model == "gemini-2.5-pro" && *t.Budget < 128:
		return g.invalid(w, "Budget 0 is invalid. This model only works in thinking mode.")
	case t.Level != "" && (strings.Contains(g.Refuse, t.Level) || !strings.Contains("MINIMAL LOW MEDIUM HIGH", t.Level)):
		return g.invalid(w, "Thinking level "+t.Level+" is not supported for this model.")
	}
	return true
}

// ordered checks the turns of a conversation; signed: the calls since the user last spoke need signatures.
func (g *Google) ordered(w http.ResponseWriter, signed bool, cs []geminiContent) bool {
	if len(cs) == 0 {
		return g.invalid(w, "* GenerateContentRequest.contents: contents is not specified")
	}
	cs = turns(cs)
	spoke := 0
	for i := range cs {
		calls, results := cs[i].counts()
		if cs[i].Role == "user" && slices.ContainsFunc(cs[i].Parts, func(p geminiPart) bool { return p.Text != nil }) {
			spoke = i
		}
		switch {
		case cs[i].Role != "user" && cs[i].Role != "model":
			return g.invalid(w, "Please use a valid role: user, model.")
		case len(cs[i].Parts) == 0:
			return g.invalid(w, fmt.Sprintf("* GenerateContentRequest.contents[%d].parts: contents.parts must not be empty.", i))
		case calls > 0 && (i == 0 || cs[i-1].Role != "user"):
			return g.invalid(w, "Please ensure that function call turn comes immediately after a user turn or after a function response turn.")
		case results > 0:
			if before, _ := cs[max(i-1, 0)].counts(); i == 0 || before != results {
				return g.invalid(w, "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.")
			}
		}
		for j, p := range cs[i].Parts {
			if n := btoi(p.Text != nil) + btoi(p.Call != nil) + btoi(p.Response != nil); n != 1 {
				return g.invalid(w, fmt.Sprintf("* GenerateContentRequest.contents[%d].parts[%d].data: required oneof field 'data' must have one initialized field", i, j))
			}
		}
	}
	for i := spoke; signed && i < len(cs); i++ {
		for _, p := range cs[i].Parts {
			if p.Call != nil {
				if p.Signature == "" {
					return g.invalid(w, fmt.Sprintf("Function call `%s` in the `%d.` content block is missing a `thought_signature`.", p.Call.Name, i))
				}
				break // the first alone
			}
		}
	}
	if cs[len(cs)-1].Role == "model" && signed {
		return g.invalid(w, "The last content must not have the role model.")
	}
	return true
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// event is one GenerateContentResponse.
func (s *sse) event(reason string, out int, parts ...any) {
	candidate := map[string]any{"content": map[string]any{"parts": parts, "role": "model"}, "index": 0}
	if reason != "" {
		candidate["finishReason"] = reason
	}
	b, _ := json.Marshal(map[string]any{"candidates": []any{candidate}, "modelVersion": "fake", "responseId": "r",
		"usageMetadata": map[string]any{"promptTokenCount": 50, "candidatesTokenCount": out, "thoughtsTokenCount": 3, "totalTokenCount": 53 + out}})
	s.data(string(b))
}

func (g *Google) play(s *sse, model, last string) {
	text := func(t string) any { return map[string]any{"text": t} }
	switch f := faultOf(s.r); {
	case f == Hang:
		<-s.r.Context().Done()
	case f == Drip:
		for !s.gone() {
			s.event("", 0, map[string]any{"text": "hm", "thought": true})
			time.Sleep(2 * time.Millisecond)
		}
	case f == Garbage:
		s.raw("data: <html>oops</html>\n\n")
	case strings.Contains(last, "endless"):
		for n := 1; !s.gone(); n++ {
			s.event("", n, text("on and on "))
			time.Sleep(2 * time.Millisecond)
		}
	case strings.HasPrefix(last, "block "):
		s.data(`{"promptFeedback":{"blockReason":"` + last[6:] + `"},"usageMetadata":{"promptTokenCount":50,"totalTokenCount":50},"modelVersion":"fake"}`)
	case strings.HasPrefix(last, "stop "):
		s.event("", 3, text("Yes, of "))
		s.event(last[5:], 3)
	case strings.HasPrefix(last, "error"):
		s.event("", 3, text("Yes, of "))
		s.data(`{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}`)
	case strings.Contains(last, "both"):
		g.calls(s, f, strings.HasPrefix(model, "gemini-3"))
	default:
		for i, t := range strings.SplitAfter(Answer, " ") {
			if i == 3 {
				switch f {
				case Stall:
					<-s.r.Context().Done()
					return
				case CutJSON:
					s.raw(`data: {"candidates":[{"content":{"parts":[{"te`)
					return
				case Close:
					return
				}
			}
			s.event("", i+1, text(t))
		}
		s.event("STOP", 20, map[string]any{"text": "", "thoughtSignature": Signature})
	}
}

// calls asks for transfer {"to":"sales"} and note {"text":"a \"b\""}. Gemini 3 numbers its calls and signs the first.
func (g *Google) calls(s *sse, f Fault, three bool) {
	call := func(id, name string, args map[string]any) map[string]any {
		c := map[string]any{"name": name, "args": args}
		if three {
			c["id"] = id
		}
		return map[string]any{"functionCall": c}
	}
	first := call("fc1", "transfer", map[string]any{"to": "sales"})
	if three {
		first["thoughtSignature"] = Signature
	}
	s.event("", 5, first)
	switch f {
	case CutJSON:
		s.raw(`data: {"candidates":[{"content":{"parts":[{"functionC`)
		return
	case Close:
		return
	case Stall:
		<-s.r.Context().Done()
		return
	}
	s.event("STOP", 9, call("fc2", "note", map[string]any{"text": `a "b"`}))
}

func (g *Google) synthesize(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	g.mu.Lock()
	g.Voices = append(g.Voices, raw)
	g.mu.Unlock()
	var body struct {
		Input struct {
			Text                 string
			CustomPronunciations struct {
				Pronunciations []struct{ Phrase, PhoneticEncoding, Pronunciation string }
			}
		}
		Voice struct{ LanguageCode, Name string }
		Audio struct {
			AudioEncoding   any // by its name, or by its number
			SampleRateHertz int
		} `json:"audioConfig"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	switch err := dec.Decode(&body); {
	case !g.known(w, r):
		return
	case err != nil:
		g.invalid(w, "Invalid JSON payload received. "+err.Error())
		return
	case body.Input.Text == "":
		g.invalid(w, "Either `input.text` or `input.ssml` is longer than the limit of 5000 bytes, or is empty.")
		return
	case len(body.Input.Text) > 5000:
		g.invalid(w, "Either `input.text` or `input.ssml` is longer than the limit of 5000 bytes. This limit is different from quotas.")
		return
	case body.Voice.LanguageCode == "" || body.Audio.AudioEncoding != "LINEAR16" && body.Audio.AudioEncoding != 1.0:
		g.invalid(w, "Request contains an invalid argument.")
		return
	case body.Voice.Name != "" && !strings.HasPrefix(body.Voice.Name, body.Voice.LanguageCode+"-"):
		g.invalid(w, fmt.Sprintf("Requested language code '%s' doesn't match the voice '%s''s language code.", body.Voice.LanguageCode, body.Voice.Name))
		return
	}
	g.heard(body.Input.Text)
	if g.speak(w, r, body.Input.Text, body.Audio.SampleRateHertz); r.Context().Err() != nil {
		g.gaveUp()
	}
}

func (g *Google) speak(w http.ResponseWriter, r *http.Request, text string, rate int) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	sound := tone(rate / 50 * len([]rune(text)))
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(36+len(sound)))
	head = append(head, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	head = binary.LittleEndian.AppendUint32(head, uint32(rate))
	head = binary.LittleEndian.AppendUint32(head, uint32(2*rate))
	head = append(head, "\x02\x00\x10\x00data"...)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(sound)))
	answer := "{\n  \"audioContent\": \"" + base64.StdEncoding.EncodeToString(append(head, sound...)) + "\"\n}\n"
	say := func(s string) { io.WriteString(w, s); w.(http.Flusher).Flush() }
	switch faultOf(r) {
	case Hang:
		<-r.Context().Done()
	case Stall:
		say(answer[:len(answer)/2])
		<-r.Context().Done()
	case Drip:
		for r.Context().Err() == nil {
			say(" ")
			time.Sleep(5 * time.Millisecond)
		}
	case CutJSON:
		say(answer[:len(answer)/2])
	case Garbage:
		say("<html>oops</html>")
	case Close:
		say(answer[:len(answer)/2])
		panic(http.ErrAbortHandler)
	default:
		say(answer)
	}
}
