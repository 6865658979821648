package providertest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"testing"
)

// AzureSpeech is a fake of text to speech's REST API, of a region and of a resource (/tts), after
// learn.microsoft.com/azure/ai-services/speech-service/rest-text-to-speech, and of the websocket that Microsoft's SDKs hear by
// (azure_speech.go). It speaks a tone of 20 ms a character, and hears Spoken.
type AzureSpeech struct {
	posts
	azureHearing
}

// NewAzureSpeech starts one; it ends with the test.
func NewAzureSpeech(t testing.TB) *AzureSpeech {
	s := new(AzureSpeech)
	mux := http.NewServeMux()
	for _, path := range []string{"", "/tts"} {
		mux.HandleFunc("POST "+path+"/cognitiveservices/v1", s.speak)
		mux.HandleFunc("GET "+path+"/cognitiveservices/voices/list", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Ocp-Apim-Subscription-Key") == "" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			io.WriteString(w, azureVoices)
		})
	}
	for _, path := range []string{"/stt/speech/universal/v2", "/speech/recognition/conversation/cognitiveservices/v1"} {
		mux.HandleFunc("GET "+path, s.listen)
	}
	mux.HandleFunc("POST /sts/v1.0/issueToken", keyed("Ocp-Apim-Subscription-Key", "token"))
	start(t, &s.Server, mux)
	return s
}

func (s *AzureSpeech) speak(w http.ResponseWriter, r *http.Request) {
	b := s.take(r)
	h := r.Header
	voice, text, err := spokenBy(b)
	switch {
	case h.Get("Ocp-Apim-Subscription-Key") == "":
		w.WriteHeader(http.StatusUnauthorized) // no body
	case h.Get("Content-Type") != "application/ssml+xml":
		w.WriteHeader(http.StatusUnsupportedMediaType)
	case h.Get("User-Agent") == "" || h.Get("X-Microsoft-OutputFormat") != "raw-16khz-16bit-mono-pcm" || err != nil || text == "":
		w.WriteHeader(http.StatusBadRequest)
	case voice == "xx-XX-NobodyNeural":
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, "Unsupported voice xx-XX-NobodyNeural for "+h.Get("Ocp-Apim-Subscription-Key"))
	default:
		s.heard(text)
		s.pour(w, r, "audio/basic", tone(perChar*len([]rune(text))), make([]byte, 640))
	}
}

// spokenBy reads a document of SSML.
func spokenBy(b []byte) (voice, text string, err error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	depth := 0
	for {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return voice, text, nil
		case err != nil:
			return "", "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 && (t.Name.Local != "speak" || t.Name.Space != "http://www.w3.org/2001/10/synthesis" || len(t.Attr) != 3) {
				return "", "", errors.New("no speak of that namespace, version and language")
			}
			depth++
			if t.Name.Local == "voice" {
				voice = t.Attr[0].Value
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			text += string(t)
		}
	}
}

// AzureOpenAI is a fake of chat completions by deployment: POST /openai/v1/chat/completions, and
// /openai/deployments/{deployment}/chat/completions with an api-version.
type AzureOpenAI struct {
	OpenAI
	came []Post
}

// Posts is what came, without its bodies, in order.
func (o *AzureOpenAI) Posts() []Post {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Post(nil), o.came...)
}

// NewAzureOpenAI starts one; it ends with the test.
func NewAzureOpenAI(t testing.TB) *AzureOpenAI {
	o := new(AzureOpenAI)
	known := func(then http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			o.mu.Lock()
			o.came = append(o.came, Post{Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header.Clone()})
			o.mu.Unlock()
			refuse := func(status int, body string) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				io.WriteString(w, body)
			}
			switch {
			case r.Header.Get("Api-Key") == "" && r.Header.Get("Authorization") == "": // v1 takes a bearer's, too
				refuse(http.StatusUnauthorized, `{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}`)
			case r.PathValue("dated") != "" && r.URL.Query().Get("api-version") == "":
				refuse(http.StatusNotFound, `{"error":{"code":"404","message":"Resource not found"}}`)
			case r.PathValue("dated") == "gone":
				refuse(http.StatusNotFound, `{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}`)
			default:
				then(w, r)
			}
		}
	}
	list := known(func(w http.ResponseWriter, r *http.Request) {
		field := "Api-Key"
		if r.Header.Get(field) == "" {
			field = "Authorization"
		}
		keyed(field, `{"object":"list","data":[]}`)(w, r)
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /openai/v1/chat/completions", known(o.chat))
	mux.HandleFunc("POST /openai/deployments/{dated}/chat/completions", known(o.chat))
	mux.HandleFunc("GET /openai/v1/models", list)
	mux.HandleFunc("GET /openai/models", list)
	start(t, &o.Server, mux)
	return o
}
