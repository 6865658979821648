package elevenlabs

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

// speakAll speaks pieces and gives the frames in which text was told.
func speakAll(t testing.TB, v *Voice, o tts.Options, pieces ...string) (frames int, told map[int]string) {
	t.Helper()
	in := make(chan string, len(pieces))
	for _, p := range pieces {
		in <- p
	}
	close(in)
	told = map[int]string{}
	for c, err := range v.Speak(t.Context(), in, o) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Text != "" {
			told[frames] = c.Text
		}
		frames++
	}
	return frames, told
}

// wire is what one reply puts on the wire: the query and the JSON fields of all messages, "" for the ones that are not there.
func wire(t *testing.T, options, language string) (path string, query, fields map[string]string, key string) {
	e := providertest.NewElevenLabs(t)
	v := voice(t, e, options)
	defer v.Close()
	speakAll(t, v, tts.Options{Language: language}, "Hello. ")
	a := e.Asked()[0]
	query, fields = map[string]string{}, map[string]string{}
	for k := range a.Query {
		query[k] = a.Query.Get(k)
	}
	var flat func(prefix string, m map[string]any)
	flat = func(prefix string, m map[string]any) {
		for k, x := range m {
			if sub, ok := x.(map[string]any); ok {
				flat(prefix+k+".", sub)
				continue
			}
			b, _ := json.Marshal(x)
			fields[prefix+k] += string(b)
		}
	}
	for _, m := range a.Messages {
		var o map[string]any
		if err := json.Unmarshal([]byte(m), &o); err != nil {
			t.Fatalf("sent %q", m)
		}
		flat("", o)
	}
	return a.Path, query, fields, a.Key
}

// TestOptions: every option of voice_eleven_labs, and what it is on either wire.
func TestOptions(t *testing.T) {
	http := `,"experimental_input_streaming":false`
	for _, tc := range []struct {
		name, options, language string
		path                    string
		query, fields           map[string]string // "-": is not there
		key                     string
	}{
		{name: "nothing but a voice", options: `{"voice_id":"v1"}`, path: "/v1/text-to-speech/v1/stream-input",
			query: map[string]string{"model_id": "eleven_flash_v2_5", "output_format": "pcm_16000", "auto_mode": "true", "sync_alignment": "true",
				"inactivity_timeout": "180", "optimize_streaming_latency": "-", "language_code": "-"},
			fields: map[string]string{"text": `" ""Hello. """`, "flush": "true", "voice_settings.stability": "-", "voice_settings.similarity_boost": "-"}},
		{name: "nothing at all", options: `{}`, path: "/v1/text-to-speech/" + defaultVoice + "/stream-input"},
		{name: "voice_id", options: `{"voice_id":"JBFqnCBsd6RMkjVDRZzb"}`, path: "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/stream-input"},
		{name: "stability", options: `{"voice_id":"v1","stability":0.3}`, fields: map[string]string{"voice_settings.stability": "0.3", "voice_settings.similarity_boost": "-"}},
		{name: "stability 0", options: `{"voice_id":"v1","stability":0}`, fields: map[string]string{"voice_settings.stability": "0"}},
		{name: "similarity_boost", options: `{"voice_id":"v1","similarity_boost":0.9}`, fields: map[string]string{"voice_settings.similarity_boost": "0.9"}},
		{name: "api_key", options: `{"voice_id":"v1","api_key":"its-own-key"}`, key: "its-own-key"},
		{name: "optimize_streaming_latency", options: `{"voice_id":"v1","optimize_streaming_latency":3}`, query: map[string]string{"optimize_streaming_latency": "3"}},
		{name: "model_id", options: `{"voice_id":"v1","model_id":"eleven_turbo_v2"}`, query: map[string]string{"model_id": "eleven_turbo_v2"}},
		{name: "input streaming", options: `{"voice_id":"v1","experimental_input_streaming":true}`, path: "/v1/text-to-speech/v1/stream-input"},
		{name: "null", options: `{"voice_id":"v1","stability":null,"model_id":null,"experimental_input_streaming":null}`, path: "/v1/text-to-speech/v1/stream-input"},
		{name: "language", options: `{"voice_id":"v1"}`, language: "pt", query: map[string]string{"language_code": "pt"}},
		{name: "language and country", options: `{"voice_id":"v1"}`, language: "pt-BR", query: map[string]string{"language_code": "pt"}},
		{name: "a model without languages", options: `{"voice_id":"v1","model_id":"eleven_multilingual_v2"}`, language: "pt", query: map[string]string{"language_code": "-"}},

		{name: "http", options: `{"voice_id":"v1"` + http + `}`, language: "de", path: "/v1/text-to-speech/v1/stream/with-timestamps",
			query: map[string]string{"output_format": "pcm_16000", "optimize_streaming_latency": "-"},
			fields: map[string]string{"text": `"Hello."`, "model_id": `"eleven_flash_v2_5"`, "language_code": `"de"`, "previous_text": "-",
				"voice_settings.stability": "-"}},
		{name: "http, stability", options: `{"voice_id":"v1","stability":0.3` + http + `}`, fields: map[string]string{"voice_settings.stability": "0.3"}},
		{name: "http, similarity_boost", options: `{"voice_id":"v1","similarity_boost":1` + http + `}`, fields: map[string]string{"voice_settings.similarity_boost": "1"}},
		{name: "http, api_key", options: `{"voice_id":"v1","api_key":"its-own-key"` + http + `}`, key: "its-own-key"},
		{name: "http, optimize_streaming_latency", options: `{"voice_id":"v1","optimize_streaming_latency":4` + http + `}`, query: map[string]string{"optimize_streaming_latency": "4"}},
		{name: "http, model_id", options: `{"voice_id":"v1","model_id":"eleven_multilingual_v2"` + http + `}`, language: "de",
			fields: map[string]string{"model_id": `"eleven_multilingual_v2"`, "language_code": "-"}},
		{name: "v3 has no websocket", options: `{"voice_id":"v1","model_id":"eleven_v3","experimental_input_streaming":true}`, path: "/v1/text-to-speech/v1/stream/with-timestamps"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path, query, fields, used := wire(t, tc.options, tc.language)
			if tc.path != "" && path != tc.path {
				t.Errorf("asked %s, want %s", path, tc.path)
			}
			if want := tc.key; used != want && want != "" || want == "" && used != key {
				t.Errorf("key %q", used)
			}
			for _, x := range []struct{ got, want map[string]string }{{query, tc.query}, {fields, tc.fields}} {
				for k, want := range x.want {
					if got, ok := x.got[k]; ok == (want == "-") || ok && got != want {
						t.Errorf("%s is %q, want %q (all: %v)", k, got, want, x.got)
					}
				}
			}
		})
	}
}

// TestHeard: each word is told with the frame in which it ends by ElevenLabs's own times, 20 ms a character in the fake, however
// these count; without times they are estimated.
func TestHeard(t *testing.T) {
	want := map[int]string{3: "One,", 8: " two.", 14: " Three", 20: " four. "}
	for name, set := range map[string]func(*providertest.ElevenLabs){
		"times of each message":   func(*providertest.ElevenLabs) {},
		"times of the whole":      func(e *providertest.ElevenLabs) { e.Absolute = true },
		"the end is a close":      func(e *providertest.ElevenLabs) { e.NoFinal = true },
		"no times":                func(e *providertest.ElevenLabs) { e.Untimed = true },
		"http, a request a piece": nil,
	} {
		t.Run(name, func(t *testing.T) {
			e, options, want := providertest.NewElevenLabs(t), ways["websocket"], want
			if set == nil {
				options, want = ways["http"], map[int]string{3: "One,", 8: " two. ", 13: "Three", 19: " four. "} // no space is asked to be spoken between the pieces
			} else {
				set(e)
			}
			v := voice(t, e, options)
			defer v.Close()
			frames, told := speakAll(t, v, tts.Options{}, "One, two. ", "Three four. ")
			if name == "no times" {
				all := ""
				for _, i := range slices.Sorted(maps.Keys(told)) {
					all += told[i]
				}
				if all != "One, two. Three four. " || len(told) < 2 {
					t.Errorf("told %v", told)
				}
				return
			}
			trim := func(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) } // which word a space goes with is a matter of luck
			if !maps.EqualFunc(told, want, trim) {
				t.Errorf("told %v in %d frames, want %v", told, frames, want)
			}
		})
	}
}

// TestPreviousText: a request tells what was said before it, so that the melody goes on.
func TestPreviousText(t *testing.T) {
	for model, want := range map[string][]string{"eleven_flash_v2_5": {"", "One.", "One. Two."}, "eleven_v3": {"", "", ""}} {
		e := providertest.NewElevenLabs(t)
		v := voice(t, e, `{"voice_id":"v1","experimental_input_streaming":false,"model_id":"`+model+`"}`)
		speakAll(t, v, tts.Options{}, "One. ", "Two. ", "Three. ")
		var got []string
		for _, a := range e.Asked() {
			var b request
			json.Unmarshal([]byte(a.Messages[0]), &b)
			got = append(got, b.Previous)
		}
		slices.Sort(got) // two requests are under way at once
		if !slices.Equal(got, want) {
			t.Errorf("%s: told %q, want %q", model, got, want)
		}
		long := voice(t, e, ways["http"])
		speakAll(t, long, tts.Options{}, strings.Repeat("ü", 600)+" ", "Last. ")
		for _, a := range e.Asked() {
			if strings.Contains(a.Messages[0], "Last") && len(a.Messages[0]) > 1000 {
				t.Errorf("told %d bytes", len(a.Messages[0]))
			}
		}
	}
}

// TestConnections: a reply ends its connection, and the next one is open before anybody speaks; one that was told nothing is kept,
// one of another language is not used.
func TestConnections(t *testing.T) {
	e := providertest.NewElevenLabs(t)
	v := voice(t, e, ways["websocket"])
	defer v.Close()
	until := func(n int) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); e.Count() < n; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d connections, want %d", e.Count(), n)
			}
		}
	}
	if err := v.Warm(t.Context()); err != nil || e.Count() != 1 {
		t.Fatalf("%d connections, %v", e.Count(), err)
	}
	speakAll(t, v, tts.Options{})
	if e.Count() != 1 {
		t.Fatal("nothing to say took a connection")
	}
	speakAll(t, v, tts.Options{}, "One. ")
	until(2)
	in := make(chan string, 1)
	in <- "A long sentence that is cut off."
	for range v.Speak(t.Context(), in, tts.Options{}) {
		break
	}
	until(3)
	speakAll(t, v, tts.Options{Language: "de"}, "Vier. ")
	until(5)
	speakAll(t, v, tts.Options{Language: "de"}, "Fünf. ")
	until(6)
	asked := e.Asked()
	if got := asked[3].Query.Get("language_code") + asked[4].Query.Get("language_code"); got != "dede" {
		t.Errorf("languages %q", got)
	}
	if got := strings.Join(e.Texts(), ""); got != "One. A long sentence that is cut off. Vier. Fünf. " {
		t.Errorf("was asked to speak %q", got)
	}
}

// scripted is a websocket that says its lines when text is ended, and then closes.
func scripted(t *testing.T, code websocket.StatusCode, reason string, lines ...string) *Voice {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for range 3 {
			if _, _, err := c.Read(r.Context()); err != nil {
				return
			}
		}
		for _, l := range lines {
			c.Write(r.Context(), websocket.MessageText, []byte(l))
		}
		c.Close(code, reason)
	}))
	t.Cleanup(srv.Close)
	v, err := NewVoice(provider.Access{Key: key, BaseURL: srv.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// TestHowItEnds: what ElevenLabs says when it will not speak, and what that means to whoever asks again.
func TestHowItEnds(t *testing.T) {
	for name, c := range map[string]struct {
		code   websocket.StatusCode
		reason string
		lines  []string
		want   parley.VendorCode // "": none
		words  string
	}{
		"no text in time":         {1008, "Have not received a new text input within the timeout of 20 seconds.", nil, parley.VendorUnavailable, "within the timeout"},
		"no text, told":           {1008, "", []string{`{"message":"Have not received a new text input","error":"input_timeout_exceeded","code":1008}`}, parley.VendorUnavailable, "input_timeout_exceeded"},
		"no such key":             {1008, "", []string{`{"message":"Invalid API key ` + key + `","error":"invalid_api_key","code":1008}`}, parley.VendorUnauthorized, "the key"},
		"no such key, closed":     {1008, "Invalid API key " + key, nil, parley.VendorUnauthorized, "the key"},
		"unusual activity":        {1008, "", []string{`{"message":"Unusual activity detected.","error":"detected_unusual_activity","code":1008}`}, parley.VendorUnauthorized, ""},
		"nothing left to spend":   {1008, "", []string{`{"message":"This request exceeds your quota.","error":"quota_exceeded","code":1008}`}, parley.VendorRateLimited, "quota"},
		"too many at once":        {1008, "Maximum simultaneous contexts per WebSocket connection exceeded (5).", nil, parley.VendorRateLimited, "simultaneous"},
		"no such voice":           {1008, "A voice with the voice_id v1 does not exist.", nil, parley.VendorRefused, "does not exist"},
		"a key in other words":    {1008, "what is " + key + "?", nil, parley.VendorRefused, "what is …?"},
		"out of order":            {1011, "internal error", nil, parley.VendorUnavailable, "internal error"},
		"just goes, all unsaid":   {1000, "", nil, parley.VendorBadOutput, "without sound"},
		"the end, nothing said":   {1000, "", []string{`{"isFinal":true}`}, parley.VendorBadOutput, "without sound"},
		"sound that is no base64": {1000, "", []string{`{"audio":"!!"}`}, parley.VendorBadOutput, "not as documented"},
		"new kinds of messages":   {1000, "", []string{`{"hello":1}`, `{"audio":"AAAA"}`, `{"isFinal":true}`}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := scripted(t, c.code, c.reason, c.lines...)
			in := make(chan string, 1)
			in <- "Hello. "
			close(in)
			var last error
			for _, err := range v.Speak(t.Context(), in, tts.Options{}) {
				last = err
			}
			var e *parley.VendorError
			if c.want == "" {
				if last != nil {
					t.Error(last)
				}
				return
			}
			if !errors.As(last, &e) || e.Code != c.want || e.Vendor != vendor || !strings.Contains(e.Message, c.words) || strings.Contains(last.Error(), key) {
				t.Errorf("ended with %v, want %s with %q", last, c.want, c.words)
			}
		})
	}
}

// TestKeepAlive: a connection that waits sends a space in time, and none once its text is over.
func TestKeepAlive(t *testing.T) {
	if keepAlive >= patience*time.Second || keepAlive >= 20*time.Second {
		t.Errorf("a space every %s", keepAlive)
	}
	e := providertest.NewElevenLabs(t)
	v := voice(t, e, ways["websocket"])
	defer v.Close()
	l, err := v.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // its goroutines are gone, the socket stands in for what they write to
	synctest.Test(t, func(t *testing.T) {
		l := &line{Wire: provider.NewWire(l.Socket)}
		began := time.Now()
		l.keep() // writes to a closed socket once, and ends
		if waited := time.Since(began); waited != keepAlive {
			t.Errorf("the first space after %s", waited)
		}
		l.full.Store(true)
		l.Socket = nil // would be a panic
		l.keep()
	})
}

// TestClosingLeavesNothing: whenever a call ends, no goroutine of its voice is left.
func TestClosingLeavesNothing(t *testing.T) {
	for name, play := range map[string]func(v *Voice){
		"never used": func(*Voice) {},
		"warmed":     func(v *Voice) { _ = v.Warm(t.Context()) },
		"spoken":     func(v *Voice) { providertest.Say(t, v, "A sentence. ") },
		"spoken after the end": func(v *Voice) {
			_ = v.Close()
			providertest.Say(t, v, "A sentence. ")
		},
		"died while idle": func(v *Voice) {
			_ = v.Warm(t.Context())
			l, _ := v.spare.Take(t.Context())
			v.spare.Keep(l)
			l.Socket.Close()
			<-l.Dead()
			providertest.Say(t, v, "A sentence. ")
		},
	} {
		for way, options := range ways {
			if way == "http" && name == "died while idle" {
				continue
			}
			t.Run(way+" "+name, func(t *testing.T) {
				e := providertest.NewElevenLabs(t)
				providertest.Leaks(t, func() {
					v := voice(t, e, options)
					play(v)
					if err := v.Close(); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	if _, err := s.Speaking.Open(provider.Access{}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
	if s.VoiceType() != "voice_eleven_labs" {
		t.Errorf("its voices are %s", s.VoiceType())
	}
	var e *parley.Error
	if _, err := s.Speaking.Open(provider.Access{Key: "k"}, []byte(`{"voice_id":"../../v1/user?"}`)); !errors.As(err, &e) || e.Field != "voice.voice_id" {
		t.Errorf("a voice that is a way: %v", err)
	}
	if _, err := s.Speaking.Open(provider.Access{Key: "k"}, []byte(`{"stability":"high"}`)); !errors.As(err, &e) || e.Field != "voice" {
		t.Errorf("a stability that is a word: %v", err)
	}
	if _, err := s.Speaking.Open(provider.Access{Key: "k", BaseURL: "gopher://x"}, nil); !errors.As(err, &e) || e.Field != "base_url" {
		t.Errorf("a strange address: %v", err)
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"audio":"AAAA","isFinal":null,"alignment":{"chars":["H","i"],"charStartTimesMs":[0,1e300],"charDurationsMs":[-1]}}`))
	f.Add([]byte(`{"message":"x","error":"quota_exceeded","code":1008}`))
	f.Add([]byte(`{"audio":null,"isFinal":true}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		var v *parley.VendorError
		if err != nil {
			if !errors.As(named(err), &v) {
				t.Errorf("%q gave the untyped %v", b, err)
			}
			return
		}
		align := tts.NewAlign(16000)
		align.Join("Hi there")
		w := words{align: align}
		got := ""
		take := func(c tts.Chunk, _ error) bool { got += c.Text; return true }
		w.take(m.Align.chars())
		align.Write(m.Audio, take)
		w.reset()
		align.End(take)
		if got != "Hi there" {
			t.Errorf("told %q", got)
		}
	})
}

// BenchmarkFirstFrame is from the first byte of ElevenLabs to the first frame: a message of 200 ms with its times.
func BenchmarkFirstFrame(b *testing.B) {
	chars := &alignment{}
	for i := range 10 {
		chars.Chars = append(chars.Chars, string(rune('a'+i)))
		chars.Starts = append(chars.Starts, float64(20*i))
		chars.Durations = append(chars.Durations, 20)
	}
	raw, err := json.Marshal(map[string]any{"audio": make([]byte, 6400), "isFinal": nil, "alignment": chars, "normalizedAlignment": chars})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		align := tts.NewAlign(16000)
		align.Join("abcdefghij")
		w := words{align: align}
		m, err := parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		w.take(m.Align.chars())
		align.Write(m.Audio, func(tts.Chunk, error) bool { return false })
	}
}
