package gladia

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
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

// TestRequest: what each option is on the wire.
func TestRequest(t *testing.T) {
	body := func(endpointing, maximum, language, processing string) string {
		return `{"encoding":"wav/pcm","bit_depth":16,"sample_rate":16000,"channels":1,"model":"solaria-1","endpointing":` + endpointing + maximum +
			`,"language_config":` + language + processing + `,"messages_config":{"receive_partial_transcripts":true,"receive_final_transcripts":true,"receive_speech_events":true,` +
			`"receive_pre_processing_events":false,"receive_realtime_processing_events":false,"receive_post_processing_events":false,"receive_acknowledgments":false,"receive_errors":true,"receive_lifecycle_events":true}}`
	}
	const none, en = `{"languages":[],"code_switching":false}`, `{"languages":["en"],"code_switching":false}`
	plain := body("0.25", "", en, "")
	for name, tc := range map[string]struct {
		options     string
		o           stt.Options
		want, query string
	}{
		"nothing":            {``, stt.Options{}, body("0.25", "", none, ""), ""},
		"null":               {`null`, stt.Options{Language: "en"}, plain, ""},
		"the agent's":        {`{"type":"transcriber_gladia","account_connection":"x"}`, stt.Options{Language: "en"}, plain, ""},
		"with a country":     {``, stt.Options{Language: "en-GB"}, plain, ""},
		"language":           {`{"language":"en_US"}`, stt.Options{Language: "de"}, plain, ""},
		"multi":              {`{"language":"multi"}`, stt.Options{Language: "de"}, body("0.25", "", none, ""), ""},
		"code_switching":     {`{"language":"multi","code_switching":true}`, stt.Options{Language: "de"}, body("0.25", "", `{"languages":[],"code_switching":true}`, ""), ""},
		"switching, but one": {`{"code_switching":true}`, stt.Options{Language: "en"}, plain, ""},
		"model":              {`{"model":"solaria-1"}`, stt.Options{Language: "en"}, plain, ""},
		"region":             {`{"region":"us-west"}`, stt.Options{Language: "en"}, plain, "region=us-west"},
		"endpointing":        {`{"endpointing":0.05}`, stt.Options{Language: "en"}, body("0.05", "", en, ""), ""},
		"maximum":            {`{"maximum_duration_without_endpointing":30}`, stt.Options{Language: "en"}, body("0.25", `,"maximum_duration_without_endpointing":30`, en, ""), ""},
		"speech_threshold":   {`{"speech_threshold":0}`, stt.Options{Language: "en"}, body("0.25", "", en, `,"pre_processing":{"speech_threshold":0}`), ""},
		"audio_enhancer":     {`{"audio_enhancer":true}`, stt.Options{Language: "en"}, body("0.25", "", en, `,"pre_processing":{"audio_enhancer":true}`), ""},
		"keywords": {``, stt.Options{Language: "en", Keywords: map[string]float64{"Brezn": 1, " Semmel ": 3, " ": 9}},
			body("0.25", "", en, `,"realtime_processing":{"custom_vocabulary":true,"custom_vocabulary_config":{"vocabulary":["Semmel","Brezn"]}}`), ""},
	} {
		g := providertest.NewGladia(t)
		providertest.Hear(t, transcriber(t, g, tc.options), providertest.Silence(3), 0, tc.o)
		if got := g.Opened(); len(got) != 1 || got[0] != tc.want {
			t.Errorf("%s: asked %s, want %s", name, got, tc.want)
		}
		if got := g.Queries(); len(got) != 1 || got[0].Encode() != tc.query {
			t.Errorf("%s: query %v, want %s", name, got, tc.query)
		}
		if got := g.Messages(); !slices.Equal(got, []string{`{"type":"stop_recording"}`}) {
			t.Errorf("%s: sent %q", name, got)
		}
	}
}

func TestTerms(t *testing.T) {
	many, long := map[string]float64{}, map[string]float64{}
	for i := range 1000 {
		many[fmt.Sprint("word", i)] = float64(i)
		long[fmt.Sprint(strings.Repeat("x", 500), i)] = 1
	}
	if got := terms(many); len(got) != maxTerms || got[0] != "word999" {
		t.Errorf("%d words, first %s", len(got), got[0])
	}
	if got := strings.Join(terms(long), ""); len(got) == 0 || len(got) > maxTermBytes {
		t.Errorf("%d bytes", len(got))
	}
}

// TestLanguages: the contract's codes are Gladia's own.
func TestLanguages(t *testing.T) {
	for _, two := range strings.Fields("en es de hi pt fr nl id it ja ko") {
		if got := new(Transcriber).request(stt.Options{Language: two}).Language.Languages; !slices.Equal(got, []string{two}) {
			t.Errorf("%s: %v", two, got)
		}
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	var e *parley.Error
	if _, err := s.Hearing.Open(provider.Access{BaseURL: s.BaseURL}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, "GLADIA_API_KEY") {
		t.Errorf("without a key: %v", err)
	}
	for options, field := range map[string]string{
		`{"model":7}`:                                "transcriber",
		`{"endpointing":0}`:                          "transcriber.endpointing",
		`{"endpointing":11}`:                         "transcriber.endpointing",
		`{"language":"7"}`:                           "transcriber.language",
		`{"language":"en&x"}`:                        "transcriber.language",
		`{"region":"mars"}`:                          "transcriber.region",
		`{"maximum_duration_without_endpointing":1}`: "transcriber.maximum_duration_without_endpointing",
		`{"speech_threshold":-1}`:                    "transcriber.speech_threshold",
	} {
		if _, err := s.Hearing.Open(provider.Access{Key: "k"}, []byte(options)); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", options, err)
		}
	}
	for _, base := range []string{"gopher://x", "api.gladia.io", "http://"} {
		tr, err := s.Hearing.Open(provider.Access{Key: "k", BaseURL: base}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range tr.Transcribe(t.Context(), nil, stt.Options{}) {
			if !errors.As(err, &e) || e.Field != "base_url" {
				t.Errorf("%s: %v", base, err)
			}
		}
	}
	if s.Thinking != nil || s.Speaking != nil {
		t.Errorf("%+v", s)
	}
}

func transcript(final bool, words ...string) string {
	var ws []string
	for i, w := range words {
		ws = append(ws, fmt.Sprintf(`{"word":" %s","start":%g,"end":%g,"confidence":0.9}`, w, float64(i)/2, float64(i)/2+0.25))
	}
	return fmt.Sprintf(`{"type":"transcript","session_id":"x","created_at":"y","data":{"id":"00_00000000","is_final":%v,"utterance":{"text":" %s","start":0,"end":1,"language":"en","confidence":0.9,"channel":0,"words":[%s]}}}`,
		final, strings.Join(words, " "), strings.Join(ws, ","))
}

const (
	began = `{"type":"speech_start","session_id":"x","data":{"time":0.1,"channel":0}}`
	ended = `{"type":"speech_end","session_id":"x","data":{"time":1.1,"channel":0}}`
)

// TestTake: what Gladia sends, as its documentation shows it, and what becomes of it.
func TestTake(t *testing.T) {
	for name, tc := range map[string]struct {
		in   []string
		want string // partials, finals with a full stop, ! for Started, # for End
		rest string
	}{
		"an utterance":             {[]string{`{"type":"start_recording"}`, began, transcript(false, "hi"), transcript(false, "hi", "my"), ended, transcript(true, "hi", "my")}, "! | hi | hi my | hi my.#", ""},
		"the end comes after":      {[]string{began, transcript(false, "hi"), transcript(true, "hi"), ended}, "! | hi | hi. | #", ""},
		"cut by its length":        {[]string{began, transcript(false, "hi"), transcript(true, "hi"), transcript(false, "so"), ended, transcript(true, "so")}, "! | hi | hi. | so | so.#", ""},
		"two":                      {[]string{began, ended, transcript(true, "hi"), began, transcript(false, "so"), transcript(true, "so")}, "! | hi.# | ! | so | so.", ""},
		"speech without words":     {[]string{began, ended, transcript(true)}, "!", ""},
		"nothing came of it":       {[]string{began, transcript(false, "hi"), ended, transcript(true)}, "! | hi | hi.#", ""},
		"an empty partial":         {[]string{transcript(false)}, "", ""},
		"an open end":              {[]string{began, transcript(false, "hi")}, "! | hi", "hi.#"},
		"what nobody asked for":    {[]string{`{"type":"translation","data":null}`, `{"type":"post_transcript","data":{}}`, `{"type":"audio_chunk","acknowledged":true,"error":null,"data":{"byte_range":[0,1]}}`}, "", ""},
		"words without their list": {[]string{`{"type":"transcript","data":{"is_final":true,"utterance":{"text":"hi my"}}}`}, "hi my.", ""},
	} {
		var got []string
		tell := func(e stt.Event) {
			s := e.Text
			if e.Started {
				s += "!"
			}
			if e.Final {
				s += "."
			}
			if e.End {
				s += "#"
			}
			got = append(got, s)
		}
		var w words
		for _, in := range tc.in {
			m, err := parseMessage([]byte(in))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range w.take(&m) {
				tell(e)
			}
		}
		if strings.Join(got, " | ") != tc.want {
			t.Errorf("%s: %q, want %s", name, got, tc.want)
		}
		got = nil
		if e := w.rest(); e != nil {
			tell(*e)
		}
		if strings.Join(got, "") != tc.rest || w.rest() != nil {
			t.Errorf("%s: left %q, want %s", name, got, tc.rest)
		}
	}
	m, _ := parseMessage([]byte(transcript(true, "hi", "my")))
	if got, want := new(words).take(&m)[0].Words, []stt.Word{{Text: "hi", End: 250 * time.Millisecond}, {Text: "my", Start: 500 * time.Millisecond, End: 750 * time.Millisecond}}; !reflect.DeepEqual(got, want) {
		t.Errorf("words %v", got)
	}
}

func FuzzWords(f *testing.F) {
	f.Add([]byte(transcript(true, "hi", "my")))
	f.Add([]byte(`{"type":"transcript","data":{"utterance":{"text":"x","words":[{"start":1e300,"end":-5,"word":"x"},{"start":0,"word":"y"}]}}}`))
	f.Add([]byte(ended))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMessage(b)
		if err != nil {
			return
		}
		var ws words
		for _, e := range append(ws.take(&m), ws.take(&m)...) {
			if e.Final && e.Text == "" {
				t.Errorf("a final without text: %+v", e)
			}
			for i, w := range e.Words {
				if w.Start < 0 || w.End < w.Start || w.End > 24*time.Hour || i > 0 && w.Start < e.Words[i-1].End {
					t.Errorf("word %+v", w)
				}
			}
		}
	})
}

// scripted opens a session that says its lines at once, whatever it hears, and then closes as told.
func scripted(t *testing.T, code websocket.StatusCode, reason string, lines ...string) *Transcriber {
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"id":"x","url":"ws%s/?token=y"}`, strings.TrimPrefix(srv.URL, "http"))
			return
		}
		if r.Header.Get("X-Gladia-Key") != "" {
			t.Error("the websocket was told the key")
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.Write(r.Context(), websocket.MessageBinary, []byte("sound that nobody asked for"))
		for _, l := range lines {
			c.Write(r.Context(), websocket.MessageText, []byte(l))
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

// TestHowItEnds: the errors and codes with which Gladia hangs up, and what they mean to whoever asks again.
func TestHowItEnds(t *testing.T) {
	for name, c := range map[string]struct {
		code   websocket.StatusCode
		reason string
		lines  []string
		want   parley.VendorCode
		words  string
	}{
		"a session that is over": {4403, "over", nil, parley.VendorUnavailable, "over"},
		"not allowed":            {4401, key + " is no key", nil, parley.VendorUnauthorized, "the key"},
		"too many":               {4429, "concurrent", nil, parley.VendorRateLimited, "concurrent"},
		"a wrong message":        {4400, key + " is wrong", nil, parley.VendorRefused, "… is wrong"},
		"too slow":               {4408, "timeout", nil, parley.VendorUnavailable, "timeout"},
		"its own fault":          {4500, "oh", []string{transcript(true, "hi")}, parley.VendorUnavailable, "oh"},
		"a broken server":        {1011, "", nil, parley.VendorUnavailable, "closed"},
		"just goes":              {1000, "", []string{transcript(true, "hi")}, parley.VendorUnavailable, "closed"},
		"ends it unasked":        {1000, "", []string{`{"type":"end_session","session_id":"x"}`}, parley.VendorUnavailable, "ended"},
		"sound it cannot take":   {1000, "", []string{`{"type":"audio_chunk","acknowledged":false,"error":{"message":"no sound of ` + key + `"},"data":null}`}, parley.VendorRefused, "no sound of …"},
		"no message":             {1000, "", []string{`[]`}, parley.VendorBadOutput, "documented"},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			finals := 0
			for e, err := range scripted(t, c.code, c.reason, c.lines...).Transcribe(t.Context(), make(chan audio.Frame), stt.Options{}) {
				last = err
				if e.Final {
					finals++
				}
			}
			var v *parley.VendorError
			if !errors.As(last, &v) || v.Code != c.want || v.Vendor != vendor || !strings.Contains(v.Message, c.words) || strings.Contains(last.Error(), key) {
				t.Errorf("ended with %v, want %s with %q", last, c.want, c.words)
			}
			if want := strings.Count(strings.Join(c.lines, ""), "transcript"); finals != want {
				t.Errorf("%d finals, want %d", finals, want)
			}
		})
	}
}

// TestNoSession: answers to the request that are none.
func TestNoSession(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   parley.VendorCode
		words  string
	}{
		"no key":        {401, `{"statusCode":401,"message":"` + key + `"}`, parley.VendorUnauthorized, "the key"},
		"wrong":         {400, `{"statusCode":400,"message":"Invalid parameter(s) for ` + key + `"}`, parley.VendorRefused, "Invalid parameter(s) for …"},
		"too many":      {429, `{"message":"Maximum number"}`, parley.VendorRateLimited, "Maximum"},
		"no JSON":       {201, `<html>`, parley.VendorBadOutput, "not JSON"},
		"no address":    {201, `{}`, parley.VendorBadOutput, "no websocket"},
		"no websocket":  {201, `{"url":"https://x/"}`, parley.VendorBadOutput, "no websocket"},
		"nobody there":  {201, `{"url":"ws://127.0.0.1:1/?token=secret"}`, parley.VendorUnavailable, "refused"},
		"no such place": {201, `{"url":"ws://%zz/?token=secret"}`, parley.VendorBadOutput, "no websocket"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			w.Write([]byte(c.body))
		}))
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: srv.URL}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range tr.Transcribe(t.Context(), make(chan audio.Frame), stt.Options{}) {
			last = err
		}
		srv.Close()
		var v *parley.VendorError
		if !errors.As(last, &v) || v.Code != c.want || !strings.Contains(v.Message, c.words) || strings.Contains(last.Error(), key) || strings.Contains(last.Error(), "secret") {
			t.Errorf("%s: %v", name, last)
		}
	}
}

// TestKeys: the fake's own refusals arrive as they should.
func TestKeys(t *testing.T) {
	for key, want := range map[string]parley.VendorCode{"": parley.VendorUnauthorized, "wrong-key-of-ours": parley.VendorUnauthorized, "busy-key-of-ours": parley.VendorRateLimited} {
		g := providertest.NewGladia(t)
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: g.URL}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range tr.Transcribe(t.Context(), make(chan audio.Frame), stt.Options{}) {
			last = err
		}
		var v *parley.VendorError
		if !errors.As(last, &v) || v.Code != want || key != "" && strings.Contains(last.Error(), key) {
			t.Errorf("%q: %v", key, last)
		}
	}
}

// TestLastWords: words that were never final are told when the session ends, once.
func TestLastWords(t *testing.T) {
	for _, abandon := range []bool{false, true} {
		g := providertest.NewGladia(t)
		if abandon {
			g.Abandon()
		}
		if got := providertest.Hear(t, transcriber(t, g, ""), providertest.Spoken("one two")[:14], 0, stt.Options{}); got != "one two" {
			t.Errorf("abandoned %v: heard %q", abandon, got)
		}
	}
}

// TestLeaving: a call that just ends leaves no session waiting for it, which would count among those that may be open at once.
func TestLeaving(t *testing.T) {
	g := providertest.NewGladia(t)
	tr := transcriber(t, g, "")
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		in := make(chan audio.Frame, 100)
		for _, f := range providertest.Spoken("one two three") {
			in <- f
		}
		for e, err := range tr.Transcribe(ctx, in, stt.Options{}) {
			if err == nil && e.Text == "one two" {
				cancel()
			}
		}
		cancel()
	}
	for end := time.Now().Add(10 * time.Second); len(g.Messages()) < 3 && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	if got := g.Messages(); len(got) != 3 || got[0] != string(stop) || g.Waiting() != 0 {
		t.Errorf("%d sessions wait; told %q", g.Waiting(), got)
	}
}

// TestConnectionsThatKeepDropping: one connection after the other is lost in the middle of words; the caller's are told once each,
// in order, by one vendor alone.
func TestConnectionsThatKeepDropping(t *testing.T) {
	t.Parallel()
	for _, f := range []providertest.Fault{providertest.Close, providertest.CutJSON} {
		for _, drops := range []int{1, 2} {
			g := providertest.NewGladia(t)
			g.Fail(f, 2*drops) // the request that opens a session, and its websocket
			tr := stt.Fallback(stt.Vendor{Name: t.Name(), Transcriber: transcriber(t, g, "")})
			sound := append(append(append(providertest.Spoken("one two three"), providertest.Silence(10)...), providertest.Spoken("four five")...), providertest.Spoken("six seven eight")...)
			if got := providertest.Hear(t, tr, sound, 2*time.Millisecond, stt.Options{}); got != "one two three four five six seven eight" {
				t.Errorf("%s %d times: heard %q", f, drops, got)
			}
			if got := len(g.Opened()); got != drops+1 {
				t.Errorf("%s %d times: %d sessions", f, drops, got)
			}
		}
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
	f, wire := new(audio.Frame), new([2 * audio.Samples]byte)
	if n := testing.AllocsPerRun(20, func() {
		provider.Linear16(wire[:], f)
		if err := socket.Binary(wire[:]); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// BenchmarkMessage is a message's way to its event.
func BenchmarkMessage(b *testing.B) {
	in := []byte(transcript(false, strings.Fields("hi my name is sonny i am a voice agent")...))
	var w words
	b.ReportAllocs()
	for b.Loop() {
		m, err := parseMessage(in)
		if err != nil || len(w.take(&m)) != 1 {
			b.Fatal(err)
		}
	}
}
