package providertest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
)

// Voiced is Spoken for those who look for speech by its sound: the words are tones, not levels.
func Voiced(words string) []audio.Frame {
	out := Spoken(words)
	for k := range out {
		for i := range out[k] {
			if i/20%2 == 1 {
				out[k][i] = -out[k][i]
			}
		}
	}
	return out
}

// A Transcription is a request for one, as the fake took it.
type Transcription struct {
	Fields multipart.Form // all but the file
	File   string         // its name
	Kind   string         // its Content-Type
	Sound  time.Duration
}

// Transcriptions is the requests that came to /v1/audio/transcriptions, in order.
func (o *OpenAI) Transcriptions() []Transcription {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Transcription(nil), o.transcribed...)
}

// Ears is how servers differ that transcribe.
type Ears struct {
	Models    []string        // that the list shows
	Gone      string          // a model that it has no more
	JSONOnly  bool            // no verbose_json
	NoWords   bool            // no timestamp_granularities
	Segmented bool            // words stand in their segments (whisper.cpp)
	Says      func(s *Saying) // alters what is answered
}

// A Saying is what the fake is about to answer.
type Saying struct {
	Text              string
	NoSpeech, Logprob float64
	Compression       float64
}

type spokenWord struct {
	Word  string  `json:"word"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
}

// refuse answers as OpenAI does.
func (o *OpenAI) refuse(w http.ResponseWriter, param, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	b, _ := json.Marshal(message)
	fmt.Fprintf(w, `{"error":{"message":%s,"type":"invalid_request_error","param":%q,"code":"unsupported_value"}}`, b, param)
}

// transcribe is POST /v1/audio/transcriptions.
func (o *OpenAI) transcribe(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(32 << 20); err != nil {
		o.refuse(w, "file", "Could not parse multipart form")
		return
	}
	form := r.MultipartForm
	if len(form.File["file"]) != 1 || len(form.Value["model"]) != 1 || form.Value["model"][0] == "" {
		o.refuse(w, "model", "you must provide a model parameter")
		return
	}
	head := form.File["file"][0]
	f, err := head.Open()
	if err != nil {
		o.refuse(w, "file", err.Error())
		return
	}
	defer f.Close()
	sound, _ := io.ReadAll(f)
	rate, pcm, ok := wave(sound)
	if !ok {
		o.refuse(w, "file", "Invalid file format. Supported formats: ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', 'wav', 'webm']")
		return
	}
	o.mu.Lock()
	o.transcribed = append(o.transcribed, Transcription{Fields: multipart.Form{Value: form.Value}, File: head.Filename,
		Kind: head.Header.Get("Content-Type"), Sound: time.Duration(len(pcm)) * time.Second / time.Duration(rate)})
	o.mu.Unlock()
	format, model := one(form, "response_format"), one(form, "model")
	switch {
	case model == o.Ears.Gone:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"error":{"message":"The model %s does not exist or you do not have access to it.","type":"invalid_request_error","code":"model_not_found"}}`, model)
		return
	case len(one(form, "language")) > 2:
		o.refuse(w, "language", "Invalid language '"+one(form, "language")+"'. Language parameter must be specified in ISO-639-1 format.")
		return
	case format == "verbose_json" && (o.Ears.JSONOnly || strings.HasPrefix(model, "gpt-")):
		o.refuse(w, "response_format", "response_format 'verbose_json' is not compatible with model '"+model+"'. Use 'json' or 'text' instead.")
		return
	case len(form.Value["timestamp_granularities[]"]) > 0 && (o.Ears.NoWords || format != "verbose_json"):
		o.refuse(w, "timestamp_granularities", "timestamp_granularities is not supported here.")
		return
	}
	e := ear{rate: rate}
	var words []heardWord
	for _, f := range e.hear(pcm) {
		if f.final {
			words = append(words, f.words...)
		}
	}
	o.answerWith(w, r, form, append(words, e.rest()...), format == "verbose_json")
}

func one(f *multipart.Form, name string) string {
	if v := f.Value[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// answerWith answers, or plays the fault.
func (o *OpenAI) answerWith(w http.ResponseWriter, r *http.Request, form *multipart.Form, words []heardWord, verbose bool) {
	say := Saying{Text: textOf(words), Logprob: -0.2, NoSpeech: 0.01, Compression: 1}
	if o.Ears.Says != nil {
		o.Ears.Says(&say)
	}
	answer := map[string]any{"text": say.Text, "usage": map[string]any{"type": "duration", "seconds": 1}}
	if verbose {
		var timed []spokenWord
		for _, h := range words {
			timed = append(timed, spokenWord{h.text, h.start, h.end})
		}
		segment := map[string]any{"id": 0, "seek": 0, "start": 0, "end": 99, "text": " " + say.Text, "tokens": []int{}, "temperature": 0,
			"avg_logprob": say.Logprob, "compression_ratio": say.Compression, "no_speech_prob": say.NoSpeech}
		answer["task"], answer["language"], answer["duration"], answer["segments"] = "transcribe", "english", 1.5, []any{segment}
		switch {
		case o.Ears.Segmented:
			segment["words"] = timed
		case strings.Contains(strings.Join(form.Value["timestamp_granularities[]"], " "), "word"):
			answer["words"] = timed
		}
	}
	b, _ := json.Marshal(answer)
	w.Header().Set("Content-Type", "application/json")
	half := func() {
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.Write(b[:len(b)/2])
		w.(http.Flusher).Flush()
	}
	switch f := faultOf(r); f {
	case Hang:
		<-r.Context().Done()
	case Stall:
		half()
		<-r.Context().Done()
	case Drip:
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	case CutJSON:
		w.Write(b[:len(b)/2])
	case Garbage:
		io.WriteString(w, "<html>oops</html>")
	case Close:
		half()
		panic(http.ErrAbortHandler)
	default:
		o.sounds()
		w.Write(b)
	}
	if r.Context().Err() != nil {
		o.gaveUp()
	}
}

// wave is the sound of a WAV of signed 16-bit mono.
func wave(b []byte) (rate int, pcm []int16, ok bool) {
	if len(b) < 44 || string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " || string(b[36:40]) != "data" {
		return 0, nil, false
	}
	le := binary.LittleEndian
	if le.Uint32(b[4:]) != uint32(len(b)-8) || le.Uint32(b[16:]) != 16 || le.Uint16(b[20:]) != 1 || le.Uint16(b[22:]) != 1 || le.Uint16(b[34:]) != 16 ||
		le.Uint32(b[28:]) != 2*le.Uint32(b[24:]) || int(le.Uint32(b[40:])) != len(b)-44 {
		return 0, nil, false
	}
	pcm = make([]int16, (len(b)-44)/2)
	for i := range pcm {
		pcm[i] = int16(le.Uint16(b[44+2*i:]))
	}
	return int(le.Uint32(b[24:])), pcm, true
}
