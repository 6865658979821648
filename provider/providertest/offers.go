package providertest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// keyed answers with a body to whoever has a key. A key that begins with "wrong" is refused by quoting its end, as vendors do.
func keyed(field, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get(field)
		if _, after, ok := strings.Cut(key, " "); ok {
			key = after
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case key == "" || strings.HasPrefix(key, "wrong"):
			w.WriteHeader(http.StatusUnauthorized)
			json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"message": "Incorrect API key provided: ****" + key[max(0, len(key)-4):]}})
		case strings.HasPrefix(key, "narrow"): // ElevenLabs's words of a key that may do other things
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"detail":{"status":"missing_permissions","message":"The API key you used is missing the permission user_read to execute this operation."}}`)
		default:
			io.WriteString(w, body)
		}
	}
}

// What vendors list, after their references.
const (
	deepgramModels = `{"stt":[{"name":"general","canonical_name":"nova-3"}],"tts":[{"name":"thalia","canonical_name":"aura-2-thalia-en","architecture":"aura-2",` +
		`"languages":["en","en-US"],"metadata":{"accent":"American","sample":"https://static.deepgram.com/examples/Aura-2-thalia.wav","tags":["feminine"]}}]}`
	playhtVoices = `[{"id":"s3://voice/larry/manifest.json","name":"Larry","sample":"https://example.com/larry.wav","gender":"male","language":"English (US)","language_code":"en-US","voice_engine":"PlayHT2.0"}]`
	rimeVoices   = `[{"speaker":"astra","gender":"Female","age":"Young Adult","country":"US","modelId":"coda","language":"English","lang":"eng","flagship":true}]`
	googleVoices = `{"models":[],"voices":[{"languageCodes":["en-US"],"name":"en-US-Chirp3-HD-Kore","ssmlGender":"FEMALE","naturalSampleRateHertz":24000},` +
		`{"languageCodes":["en-US"],"name":"Kore","ssmlGender":"FEMALE","naturalSampleRateHertz":24000}]}`
	azureVoices = `[{"Name":"Microsoft Server Speech Text to Speech Voice (en-US, JennyNeural)","DisplayName":"Jenny","LocalName":"Jenny","ShortName":"en-US-JennyNeural",` +
		`"Gender":"Female","Locale":"en-US","SampleRateHertz":"24000","VoiceType":"Neural","Status":"GA"}]`
)

// elevenLabsVoices is GET /v2/voices: two pages of one voice.
func elevenLabsVoices(w http.ResponseWriter, r *http.Request) {
	answer := `{"voices":[{"voice_id":"JBFqnCBsd6RMkjVDRZzb","name":"George","category":"premade","labels":{"accent":"british","gender":"male","language":"en"},` +
		`"preview_url":"https://example.com/george.mp3","verified_languages":[{"language":"en"},{"language":"de"}]}],"has_more":true,"total_count":2,"next_page_token":"two"}`
	if r.URL.Query().Get("next_page_token") == "two" {
		answer = `{"voices":[{"voice_id":"21m00Tcm4TlvDq8ikWAM","name":"Rachel","labels":{"gender":"female"},"preview_url":null}],"has_more":false,"total_count":2,"next_page_token":null}`
	}
	keyed("Xi-Api-Key", answer)(w, r)
}

// cartesiaVoices is GET /voices: pages as long as asked for, of three voices.
func cartesiaVoices(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Cartesia-Version") == "" {
		http.Error(w, `{"message":"Cartesia-Version is required."}`, http.StatusBadRequest)
		return
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	data := []map[string]any{}
	after := r.URL.Query().Get("starting_after")
	for _, id := range []string{"a1", "b2", "c3"} {
		if id > after && len(data) < min(limit, 2) {
			data = append(data, map[string]any{"id": id, "name": "Voice " + id, "language": "en", "gender": "feminine", "is_public": true})
		}
	}
	more := len(data) > 0 && data[len(data)-1]["id"] != "c3"
	b, _ := json.Marshal(map[string]any{"data": data, "has_more": more})
	keyed("Authorization", string(b))(w, r)
}
