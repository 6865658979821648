package azure

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

// TestContext: what each option is on the wire.
func TestContext(t *testing.T) {
	const (
		output = `"phraseOutput":{"detailed":{"options":["WordTimings"]},"format":"Detailed"}}`
		common = "format=detailed&language=en-US"
		times  = "&wordLevelTimestamps=true"
	)
	plain := `{"phraseDetection":{"language":"en-US","mode":"Conversation"},` + output
	with := func(detection string) string {
		return `{"phraseDetection":{` + detection + `,"language":"en-US","mode":"Conversation"},` + output
	}
	for name, tc := range map[string]struct {
		options        string
		o              stt.Options
		context, query string
	}{
		"nothing":   {``, stt.Options{}, plain, common + times},
		"null":      {`null`, stt.Options{Language: "en"}, plain, common + times},
		"another":   {`{"type":"transcriber_azure"}`, stt.Options{Language: "ja"}, strings.Replace(plain, "en-US", "ja-JP", 1), "format=detailed&language=ja-JP" + times},
		"language":  {`{"language":"en_GB"}`, stt.Options{Language: "de"}, strings.Replace(plain, "en-US", "en-GB", 1), "format=detailed&language=en-GB" + times},
		"model":     {`{"model":"0123-abcd"}`, stt.Options{}, plain, "cid=0123-abcd&format=detailed" + times},
		"silence":   {`{"segmentation_silence_timeout_ms":300}`, stt.Options{}, with(`"conversation":{"segmentation":{"mode":"Custom","segmentationSilenceTimeoutMs":300}}`), common + "&segmentationSilenceTimeoutMs=300" + times},
		"maximum":   {`{"segmentation_maximum_time_ms":20000,"segmentation_silence_timeout_ms":300}`, stt.Options{}, with(`"conversation":{"segmentation":{"mode":"Custom","segmentationForcedTimeoutMs":20000,"segmentationSilenceTimeoutMs":300}}`), common + "&segmentationSilenceTimeoutMs=300" + times},
		"semantic":  {`{"segmentation_strategy":"semantic"}`, stt.Options{}, with(`"conversation":{"segmentation":{"mode":"Semantic"}}`), common + times},
		"default":   {`{"segmentation_strategy":"default"}`, stt.Options{}, with(`"conversation":{"segmentation":{"mode":"Normal"}}`), common + times},
		"profanity": {`{"profanity":"raw"}`, stt.Options{}, with(`"enrichment":{"profanity":"raw"}`), common + "&profanity=raw" + times},
		"true_text": {`{"true_text":true}`, stt.Options{}, with(`"enrichment":{"conversation":{"disfluencyMode":"Removed","intermediatePunctuationMode":"Implicit","intermediatedisfluencymode":"Removed","punctuationMode":"Implicit"}}`), common + times},
		"stable":    {`{"stable_partial_threshold":3}`, stt.Options{}, strings.Replace(plain, `"format":"Detailed"`, `"format":"Detailed","interimResults":{"stableThreshold":3}`, 1), common + "&stableIntermediateThreshold=3" + times},
		"words expected": {``, stt.Options{Keywords: map[string]float64{"Brezn": 1, " Semmel ": 3, " ": 9}},
			`{"dgi":{"bias":1,"groups":[{"items":[{"text":"Semmel"},{"text":"Brezn"}],"type":"Generic"}]},` + plain[1:], common + times},
	} {
		s := providertest.NewAzureSpeech(t)
		providertest.Hear(t, transcriber(t, s, tc.options), providertest.Silence(3), 0, tc.o)
		if got := s.Contexts(); len(got) != 1 || got[0] != tc.context {
			t.Errorf("%s: context %s, want %s", name, got, tc.context)
		}
		if got := s.Asked(); len(got) != 1 || got[0].Encode() != tc.query {
			t.Errorf("%s: query %v, want %s", name, got, tc.query)
		}
	}
	many, long := map[string]float64{}, map[string]float64{}
	for i := range 1000 {
		many[fmt.Sprint("w", i)] = float64(i)
		long[fmt.Sprint(strings.Repeat("x", 500), i)] = 1
	}
	if got := phrases(many); len(got) != maxPhrases || got[0]["text"] != "w999" {
		t.Errorf("%d phrases, first %s", len(got), got[0])
	}
	if got := phrases(long); len(got) != maxPhraseBytes/503 && len(got) != maxPhraseBytes/502 {
		t.Errorf("%d long phrases", len(got))
	}
}

// TestLocales: each of the contract's languages has Azure's name.
func TestLocales(t *testing.T) {
	for code, want := range map[string]string{"": "en-US", "en": "en-US", "es": "es-ES", "de": "de-DE", "hi": "hi-IN", "pt": "pt-BR", "fr": "fr-FR", "nl": "nl-NL",
		"id": "id-ID", "it": "it-IT", "ja": "ja-JP", "ko": "ko-KR", "PT": "pt-BR", "es-MX": "es-MX"} {
		if got := new(Transcriber).language(stt.Options{Language: code}); got != want {
			t.Errorf("%q: %s, want %s", code, got, want)
		}
	}
}

func TestListenAddress(t *testing.T) {
	const universal, older = "/stt/speech/universal/v2", "/speech/recognition/conversation/cognitiveservices/v1"
	for base, want := range map[string]string{
		"": "https://westeurope.stt.speech.microsoft.com" + universal,
		"https://westus.api.cognitive.microsoft.com/":   "https://westus.stt.speech.microsoft.com" + universal,
		"https://westus.tts.speech.microsoft.com":       "https://westus.stt.speech.microsoft.com" + universal,
		"https://westus.stt.speech.microsoft.com":       "https://westus.stt.speech.microsoft.com" + universal,
		"https://my.cognitiveservices.azure.com":        "https://my.cognitiveservices.azure.com" + universal,
		"https://my.cognitiveservices.azure.com/tts":    "https://my.cognitiveservices.azure.com" + universal,
		"https://virginia.api.cognitive.microsoft.us":   "https://virginia.stt.speech.microsoft.us" + universal,
		"http://localhost:5000":                         "http://localhost:5000" + older,
		"http://localhost:5000/stt/speech/universal/v2": "http://localhost:5000" + universal,
	} {
		got, err := listenAddress(provider.Access{BaseURL: base, Extra: map[string]string{"region": "West Europe"}})
		if err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", base, got, err, want)
		}
	}
	for region, want := range map[string]string{"chinaeast2": "https://chinaeast2.stt.speech.azure.cn" + universal, "usgovvirginia": "https://usgovvirginia.stt.speech.azure.us" + universal} {
		if got, err := listenAddress(provider.Access{Extra: map[string]string{"region": region}}); err != nil || got != want {
			t.Errorf("%s: %s, %v", region, got, err)
		}
	}
}

func TestOpenToHear(t *testing.T) {
	s := Spec()
	region := map[string]string{"region": "westus"}
	var v *parley.VendorError
	var e *parley.Error
	if _, err := s.Hearing.Open(provider.Access{Extra: region}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, "AZURE_SPEECH_API_KEY") {
		t.Errorf("without a key: %v", err)
	}
	for options, field := range map[string]string{
		`{"model":7}`:                                                                "transcriber",
		`{"segmentation_silence_timeout_ms":99}`:                                     "transcriber.segmentation_silence_timeout_ms",
		`{"segmentation_maximum_time_ms":1}`:                                         "transcriber.segmentation_maximum_time_ms",
		`{"stable_partial_threshold":0}`:                                             "transcriber.stable_partial_threshold",
		`{"segmentation_strategy":"wild"}`:                                           "transcriber.segmentation_strategy",
		`{"segmentation_maximum_time_ms":20000}`:                                     "transcriber.segmentation_maximum_time_ms",
		`{"segmentation_strategy":"semantic","segmentation_silence_timeout_ms":300}`: "transcriber.segmentation_strategy",
		`{"profanity":"loud"}`:                                                       "transcriber.profanity",
	} {
		if _, err := s.Hearing.Open(provider.Access{Key: "k", Extra: region}, []byte(options)); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", options, err)
		}
	}
	for base, field := range map[string]string{"": "region", "gopher://x": "endpoint", "x": "endpoint"} {
		if _, err := s.Hearing.Open(provider.Access{Key: "k", BaseURL: base}, nil); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// TestPhrases: what Azure sends, and what becomes of it.
func TestPhrases(t *testing.T) {
	phrase := `{"RecognitionStatus":"Success","Offset":1000000,"Duration":9000000,"DisplayText":"Hi, my.","NBest":[{"Confidence":0.9,"Lexical":"hi my","ITN":"hi my","MaskedITN":"hi my","Display":"Hi, my.","Words":[{"Word":"hi","Offset":1000000,"Duration":2000000},{"Word":"my","Offset":4000000,"Duration":6000000}]}]}`
	for name, tc := range map[string]struct {
		in   []string // a path and a body each
		want string   // partials, finals with a full stop, ! for Started
		rest string
	}{
		"a phrase":              {[]string{`speech.startdetected {"Offset":1}`, `speech.hypothesis {"Text":"hi","Offset":1,"Duration":2}`, `speech.hypothesis {"Text":"hi my"}`, "speech.phrase " + phrase}, "! | hi | hi my | Hi, my..", ""},
		"in short":              {[]string{`speech.phrase {"RecognitionStatus":"Success","DisplayText":"Hi.","Offset":0,"Duration":1}`}, "Hi..", ""},
		"a stable part":         {[]string{`speech.fragment {"Text":"hi"}`}, "hi", "hi."},
		"silence":               {[]string{`speech.phrase {"RecognitionStatus":"InitialSilenceTimeout","Offset":0,"Duration":0}`, `speech.phrase {"RecognitionStatus":"NoMatch"}`}, "", ""},
		"nothing came of it":    {[]string{`speech.hypothesis {"Text":"hi"}`, `speech.phrase {"RecognitionStatus":"NoMatch"}`}, "hi | hi.", ""},
		"the end of dictation":  {[]string{`speech.phrase {"RecognitionStatus":"EndOfDictation"}`, `speech.enddetected {"Offset":1}`}, "", ""},
		"empty":                 {[]string{`speech.hypothesis {"Text":""}`, `speech.phrase {"RecognitionStatus":"Success","DisplayText":"","NBest":[{"Display":""}]}`}, "", ""},
		"what nobody asked for": {[]string{`turn.start {"context":{}}`, `response xx`}, "", ""},
		"an open end":           {[]string{`speech.hypothesis {"Text":"hi"}`}, "hi", "hi."},
	} {
		var got []string
		tell := func(e *stt.Event) {
			switch {
			case e.Started:
				got = append(got, "!")
			case e.Final != e.End:
				t.Errorf("%s: %+v", name, e)
			case e.Final:
				got = append(got, e.Text+".")
			default:
				got = append(got, e.Text)
			}
		}
		var p phrased
		for _, in := range tc.in {
			path, body, _ := strings.Cut(in, " ")
			e, err := p.take(path, []byte(body), 0)
			if err != nil {
				t.Fatal(err)
			}
			if e != nil {
				tell(e)
			}
		}
		if strings.Join(got, " | ") != tc.want {
			t.Errorf("%s: %q, want %s", name, got, tc.want)
		}
		got = nil
		if e := p.rest(); e != nil {
			tell(e)
		}
		if strings.Join(got, "") != tc.rest || p.rest() != nil {
			t.Errorf("%s: left %q, want %s", name, got, tc.rest)
		}
	}
	ms := time.Millisecond
	var p phrased
	e, err := p.take("speech.phrase", []byte(phrase), time.Second)
	if want := []stt.Word{{Text: "Hi,", Start: 1100 * ms, End: 1300 * ms}, {Text: "my.", Start: 1400 * ms, End: 2000 * ms}}; err != nil || !reflect.DeepEqual(e.Words, want) || p.heard != 2*time.Second {
		t.Errorf("words %v, heard %s, %v", e.Words, p.heard, err)
	}
	for status, want := range map[string]parley.VendorCode{"Error": parley.VendorUnavailable, "TooManyRequests": parley.VendorRateLimited, "Forbidden": parley.VendorRateLimited, "BadRequest": parley.VendorRefused, "": parley.VendorUnavailable} {
		var v *parley.VendorError
		if _, err := p.take("speech.phrase", []byte(`{"RecognitionStatus":"`+status+`"}`), 0); !errors.As(err, &v) || v.Code != want {
			t.Errorf("%q: %v", status, err)
		}
	}
}

func FuzzPhrases(f *testing.F) {
	f.Add([]byte("Path:speech.phrase\r\nX-RequestId:1\r\n\r\n{\"RecognitionStatus\":\"Success\",\"Offset\":-9,\"Duration\":9223372036854775807,\"NBest\":[{\"Display\":\"a b\",\"Words\":[{\"Word\":\"a\",\"Offset\":9223372036854775807,\"Duration\":9223372036854775807},{\"Word\":\"b\"}]}]}"))
	f.Add([]byte("Path: speech.hypothesis\r\nX-RequestId: 1\r\n\r\n{\"Text\":\"hi\"}"))
	f.Add([]byte("\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path, _, body := parts(b)
		var p phrased
		for range 2 {
			e, err := p.take(path, body, time.Second)
			if err != nil || e == nil {
				continue
			}
			if e.Final && e.Text == "" {
				t.Errorf("a final without text: %+v", e)
			}
			for i, w := range e.Words {
				if w.Start < 0 || w.End < w.Start || i > 0 && w.Start < e.Words[i-1].End {
					t.Errorf("word %+v", w)
				}
			}
		}
	})
}

// answering closes each connection as told, after the lines, in whose place of ID stands the turn's id.
func answering(t *testing.T, code websocket.StatusCode, reason string, lines ...string) *Transcriber {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		_, b, err := c.Read(r.Context())
		if err != nil {
			return
		}
		_, id, _ := parts(b)
		c.Write(r.Context(), websocket.MessageBinary, []byte("sound that nobody asked for"))
		for _, l := range lines {
			c.Write(r.Context(), websocket.MessageText, []byte(strings.ReplaceAll(l, "ID", id)))
		}
		c.Close(code, reason)
	}))
	t.Cleanup(srv.Close)
	tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: srv.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestHowItEnds: the errors and codes with which Azure hangs up, and what they mean to whoever asks again.
func TestHowItEnds(t *testing.T) {
	const hi = "Path:speech.phrase\r\nX-RequestId:ID\r\n\r\n" + `{"RecognitionStatus":"Success","DisplayText":"Hi."}`
	for name, c := range map[string]struct {
		code   websocket.StatusCode
		reason string
		lines  []string
		want   parley.VendorCode
		words  string
	}{
		"the quota":              {1007, "Quota exceeded", nil, parley.VendorRateLimited, "Quota"},
		"too many at once":       {4429, "Too many requests", nil, parley.VendorRateLimited, "Too many"},
		"a wrong message":        {1007, "The language is not supported by " + key, nil, parley.VendorRefused, "by …"},
		"no such sound":          {1003, "", nil, parley.VendorRefused, "closed"},
		"a fault of protocol":    {4000, "", nil, parley.VendorRefused, "closed"},
		"its own fault":          {1011, "", []string{hi}, parley.VendorUnavailable, "closed"},
		"later":                  {1013, "no tokens", nil, parley.VendorUnavailable, "no tokens"},
		"just goes":              {1000, "", []string{hi}, parley.VendorUnavailable, "closed"},
		"an error":               {1000, "", []string{strings.Replace(hi, "Success", "Error", 1)}, parley.VendorUnavailable, "Error"},
		"no message":             {1000, "", []string{"no headers"}, parley.VendorBadOutput, "path"},
		"no phrase":              {1000, "", []string{"Path:speech.phrase\r\nX-RequestId:ID\r\n\r\n[1"}, parley.VendorBadOutput, "documented"},
		"of a turn that is over": {1000, "", []string{"Path:speech.phrase\r\nX-RequestId:0\r\n\r\n[1"}, parley.VendorUnavailable, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			finals := 0
			for e, err := range answering(t, c.code, c.reason, c.lines...).Transcribe(t.Context(), make(chan audio.Frame), stt.Options{}) {
				last = err
				if e.Final {
					finals++
				}
			}
			var v *parley.VendorError
			if !errors.As(last, &v) || v.Code != c.want || v.Vendor != vendor || !strings.Contains(v.Message, c.words) || strings.Contains(last.Error(), key) {
				t.Errorf("ended with %v, want %s with %q", last, c.want, c.words)
			}
			if want := strings.Count(strings.Join(c.lines, ""), "Success"); finals != want {
				t.Errorf("%d finals, want %d", finals, want)
			}
		})
	}
}

// TestKeysToHear: the fake's own refusals arrive as they should.
func TestKeysToHear(t *testing.T) {
	for key, want := range map[string]parley.VendorCode{"wrong-key-of-ours": parley.VendorUnauthorized, "busy-key-of-ours": parley.VendorRateLimited} {
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: providertest.NewAzureSpeech(t).URL}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range tr.Transcribe(t.Context(), make(chan audio.Frame), stt.Options{}) {
			last = err
		}
		var v *parley.VendorError
		if !errors.As(last, &v) || v.Code != want || strings.Contains(last.Error(), key) {
			t.Errorf("%q: %v", key, last)
		}
	}
}

// TestPace: sound that has piled up is sent no faster than Azure takes it: the fake hangs up on who does.
func TestPace(t *testing.T) {
	t.Parallel()
	s := providertest.NewAzureSpeech(t)
	sound := append(providertest.Silence(500), providertest.Spoken("one two")...)
	if got := providertest.Hear(t, transcriber(t, s, ""), sound, 0, stt.Options{}); got != "one two" {
		t.Errorf("heard %q", got)
	}
}

// TestTurns: one connection serves turn after turn, and what is heard has its place in the stream.
func TestTurns(t *testing.T) {
	t.Parallel()
	s := providertest.NewAzureSpeech(t)
	s.TurnAfter = 1200 * time.Millisecond
	sound := append(providertest.Silence(100), providertest.Spoken("one two")...)
	sound = append(append(sound, providertest.Silence(100)...), providertest.Spoken("three")...)
	in := make(chan audio.Frame)
	go func() {
		defer close(in)
		for _, f := range sound {
			in <- f
			time.Sleep(4 * time.Millisecond)
		}
	}()
	at := map[string]time.Duration{}
	for e, err := range transcriber(t, s, "").Transcribe(t.Context(), in, stt.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range e.Words {
			at[strings.ToLower(w.Text)] = w.Start
		}
	}
	for word, want := range map[string]time.Duration{"one": 100 * frame, "two": 108 * frame, "three": (100 + 16 + 15 + 100) * frame} {
		if d := at[word] - want; d < -2*frame || d > 2*frame {
			t.Errorf("%s at %s, want %s", word, at[word], want)
		}
	}
	if s.Timeouts() < 2 || len(s.Addresses()) != 1 || len(s.Contexts()) != s.Timeouts()+1 {
		t.Errorf("%d turns were ended, %d connections, %d contexts", s.Timeouts(), len(s.Addresses()), len(s.Contexts()))
	}
}

// TestFrameAllocatesNothing: a frame's way to the wire, 50 times a second in every call.
func TestFrameAllocatesNothing(t *testing.T) {
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil { // reads nothing, and so allocates nothing in this process
			<-done
			c.CloseNow()
		}
	}))
	defer srv.Close()
	defer close(done)
	socket, err := provider.Access{}.Net.Dial(t.Context(), vendor, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	id := guid()
	h, f := &hearing{socket: socket, id: id, turn: id}, new(audio.Frame)
	if err := h.sound(t.Context(), f); err != nil { // the buffer is made
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() {
		if err := h.sound(t.Context(), f); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// BenchmarkPhrase is a message's way to its event.
func BenchmarkPhrase(b *testing.B) {
	in := []byte("X-RequestId:0123456789abcdef0123456789abcdef\r\nContent-Type:application/json; charset=utf-8\r\nPath:speech.hypothesis\r\n\r\n{\"Text\":\"hi my name is sonny i am a voice agent\",\"Offset\":1000000,\"Duration\":20000000}")
	var p phrased
	b.ReportAllocs()
	for b.Loop() {
		path, _, body := parts(in)
		if e, err := p.take(path, body, 0); err != nil || e == nil {
			b.Fatal(err)
		}
	}
}
