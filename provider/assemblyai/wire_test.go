package assemblyai

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

// TestQuery: what each option is on the wire.
func TestQuery(t *testing.T) {
	const common = "encoding=pcm_s16le&sample_rate=16000&speech_model="
	for name, tc := range map[string]struct {
		options string
		o       stt.Options
		want    string
	}{
		"nothing":                   {``, stt.Options{}, common + "universal-streaming-english"},
		"English":                   {``, stt.Options{Language: "en"}, common + "universal-streaming-english"},
		"a language of six":         {``, stt.Options{Language: "pt"}, common + "universal-streaming-multilingual"},
		"another language":          {``, stt.Options{Language: "ja"}, common + "whisper-rt"},
		"language":                  {`{"language":"de-DE"}`, stt.Options{Language: "en"}, common + "universal-streaming-multilingual"},
		"model":                     {`{"model":"u3-rt-pro"}`, stt.Options{Language: "en"}, common + "u3-rt-pro"},
		"a model told its language": {`{"model":"universal-3-5-pro","format_turns":true}`, stt.Options{Language: "fr-CA"}, "encoding=pcm_s16le&language_codes=%5B%22fr%22%5D&sample_rate=16000&speech_model=universal-3-5-pro"},
		"format_turns":              {`{"format_turns":true}`, stt.Options{}, "encoding=pcm_s16le&format_turns=true&sample_rate=16000&speech_model=universal-streaming-english"},
		"end_of_turn_confidence":    {`{"end_of_turn_confidence_threshold":0.7}`, stt.Options{}, "encoding=pcm_s16le&end_of_turn_confidence_threshold=0.7&sample_rate=16000&speech_model=universal-streaming-english"},
		"min_turn_silence":          {`{"min_turn_silence":0}`, stt.Options{}, "encoding=pcm_s16le&min_turn_silence=0&sample_rate=16000&speech_model=universal-streaming-english"},
		"max_turn_silence":          {`{"max_turn_silence":900}`, stt.Options{}, "encoding=pcm_s16le&max_turn_silence=900&sample_rate=16000&speech_model=universal-streaming-english"},
		"vad_threshold":             {`{"vad_threshold":0.6}`, stt.Options{}, common + "universal-streaming-english&vad_threshold=0.6"},
		"filter_profanity":          {`{"filter_profanity":true}`, stt.Options{}, "encoding=pcm_s16le&filter_profanity=true&sample_rate=16000&speech_model=universal-streaming-english"},
		"encoding":                  {`{"encoding":"pcm_mulaw"}`, stt.Options{}, "encoding=pcm_mulaw&sample_rate=8000&speech_model=universal-streaming-english"},
		"keywords":                  {``, stt.Options{Keywords: map[string]float64{"Brezn": 1, " Semmel & Co ": 3, " ": 9, strings.Repeat("x", 51): 9}}, "encoding=pcm_s16le&keyterms_prompt=%5B%22Semmel+%5Cu0026+Co%22%2C%22Brezn%22%5D&sample_rate=16000&speech_model=universal-streaming-english"},
		"keywords it cannot take":   {`{"model":"whisper-rt"}`, stt.Options{Keywords: map[string]float64{"Brezn": 1}}, common + "whisper-rt"},
	} {
		a := providertest.NewAssemblyAI(t)
		providertest.Hear(t, transcriber(t, a, tc.options), providertest.Silence(3), 0, tc.o)
		if qs := a.Queries(); len(qs) != 1 || qs[0].Encode() != tc.want {
			t.Errorf("%s: asked %v, want %s", name, qs, tc.want)
		}
		if got := a.Messages(); !slices.Equal(got, []string{`{"type":"ForceEndpoint"}`, `{"type":"Terminate"}`}) {
			t.Errorf("%s: sent %q", name, got)
		}
	}
	many := map[string]float64{}
	for i := range 1000 {
		many[fmt.Sprint("word", i)] = float64(i)
	}
	if got := keyterms(many); len(got) != maxTerms || got[0] != "word999" {
		t.Errorf("%d keyterms, first %s", len(got), got[0])
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	var e *parley.Error
	if _, err := s.Hearing.Open(provider.Access{BaseURL: s.BaseURL}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
	if _, err := s.Hearing.Open(provider.Access{Key: "k"}, []byte(`{"model":7}`)); !errors.As(err, &e) || e.Field != "transcriber" {
		t.Errorf("a model that is a number: %v", err)
	}
	tr, err := s.Hearing.Open(provider.Access{Key: "k", BaseURL: "gopher://x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range tr.Transcribe(t.Context(), nil, stt.Options{}) {
		if !errors.As(err, &e) || e.Field != "base_url" {
			t.Errorf("a strange address: %v", err)
		}
	}
	if s.Thinking != nil || s.Speaking != nil {
		t.Errorf("%+v", s)
	}
}

func turn(order int, end, formatted bool, transcript string, words ...string) string {
	var ws []string
	for i, w := range words {
		ws = append(ws, fmt.Sprintf(`{"start":%d,"end":%d,"text":%q,"confidence":0.9,"word_is_final":%v}`, 1000*order+100*i, 1000*order+100*i+80, w, end))
	}
	return fmt.Sprintf(`{"type":"Turn","turn_order":%d,"turn_is_formatted":%v,"end_of_turn":%v,"transcript":%q,"end_of_turn_confidence":0.5,"words":[%s],"utterance":""}`, order, formatted, end, transcript, strings.Join(ws, ","))
}

// TestSemanticEnd: whisper-rt knows silence only.
func TestSemanticEnd(t *testing.T) {
	for _, silent := range []bool{false, true} {
		ts := turns{silent: silent, told: -1, place: func(d time.Duration) time.Duration { return d }}
		m, err := parseMessage([]byte(turn(0, true, false, "hi my", "hi", "my")))
		if err != nil {
			t.Fatal(err)
		}
		if got := ts.take(&m); len(got) != 1 || !got[0].End || got[0].Semantic == silent {
			t.Errorf("silent %v gave %+v", silent, got)
		}
	}
}

// TestTake: what AssemblyAI sends, as its documentation shows it, and what becomes of it.
func TestTake(t *testing.T) {
	for name, tc := range map[string]struct {
		formatted bool
		in        []string
		want      string // partials, finals with a full stop, ! for Started
		rest      string
	}{
		"a turn":                   {false, []string{`{"type":"Begin","id":"x","expires_at":1}`, `{"type":"SpeechStarted","timestamp":14}`, turn(0, false, false, "", "hi"), turn(0, false, false, "hi", "hi", "my"), turn(0, true, false, "hi my", "hi", "my")}, "! | hi | hi my | hi my.", ""},
		"two turns":                {false, []string{turn(0, true, false, "hi", "hi"), turn(1, false, false, "", "so"), turn(1, true, false, "so", "so")}, "hi. | so | so.", ""},
		"formatted":                {true, []string{turn(0, true, false, "hi my", "hi", "my"), turn(0, true, true, "Hi, my.", "Hi,", "my.")}, "hi my | Hi, my..", ""},
		"formatted unasked":        {false, []string{turn(0, true, true, "Hi.", "Hi."), turn(0, true, true, "Hi.", "Hi.")}, "Hi..", ""},
		"the format never comes":   {true, []string{turn(0, true, false, "hi", "hi"), turn(1, false, false, "", "so"), turn(0, true, true, "Hi.", "Hi."), turn(1, true, true, "So.", "So.")}, "hi | hi. | so | So..", ""},
		"an end without words":     {false, []string{turn(0, false, false, "hi", "hi"), turn(0, true, false, "")}, "hi | hi.", ""},
		"nothing":                  {false, []string{turn(0, false, false, ""), turn(0, true, false, ""), `{"type":"Heartbeat"}`}, "", ""},
		"an open end":              {true, []string{turn(3, true, false, "hi", "hi")}, "hi", "hi."},
		"words without their list": {false, []string{`{"type":"Turn","turn_order":0,"end_of_turn":false,"transcript":"hi my"}`}, "hi my", "hi my."},
	} {
		ts := turns{formatted: tc.formatted, told: -1, place: func(d time.Duration) time.Duration { return d }}
		var got []string
		tell := func(e stt.Event) {
			switch {
			case e.Started:
				got = append(got, "!")
			case e.Final != e.End, e.Semantic && !e.Final:
				t.Errorf("%s: %+v", name, e)
			case e.Final:
				got = append(got, e.Text+".")
			default:
				got = append(got, e.Text)
			}
		}
		for _, in := range tc.in {
			m, err := parseMessage([]byte(in))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range ts.take(&m) {
				tell(e)
			}
		}
		if strings.Join(got, " | ") != tc.want {
			t.Errorf("%s: %q, want %s", name, got, tc.want)
		}
		got = nil
		if e := ts.rest(); e != nil {
			if e.Semantic {
				t.Errorf("%s: AssemblyAI did not say that it is over", name)
			}
			tell(*e)
		}
		if strings.Join(got, "") != tc.rest || ts.rest() != nil {
			t.Errorf("%s: left %q, want %s", name, got, tc.rest)
		}
	}
	ts := turns{told: -1, place: func(d time.Duration) time.Duration { return d + time.Second }}
	m, _ := parseMessage([]byte(turn(1, true, false, "hi my", "hi", "my")))
	if got, want := ts.take(&m)[0].Words, []stt.Word{{Text: "hi", Start: 2 * time.Second, End: 2080 * time.Millisecond}, {Text: "my", Start: 2100 * time.Millisecond, End: 2180 * time.Millisecond}}; !reflect.DeepEqual(got, want) {
		t.Errorf("words %v", got)
	}
}

func FuzzTurns(f *testing.F) {
	f.Add([]byte(turn(0, true, true, "Hi.", "Hi.")), true)
	f.Add([]byte(`{"type":"Turn","turn_order":-9,"words":[{"start":1e300,"end":-5,"text":"x"},{"start":0}]}`), false)
	f.Add([]byte(`{"type":"Error","error_code":3008,"error":"x"}`), false)
	f.Fuzz(func(t *testing.T, b []byte, formatted bool) {
		m, err := parseMessage(b)
		if err != nil {
			return
		}
		ts := turns{formatted: formatted, told: -1, place: func(d time.Duration) time.Duration { return d }}
		for _, e := range append(ts.take(&m), ts.take(&m)...) {
			if e.Final && e.Text == "" {
				t.Errorf("a final without text: %+v", e)
			}
			for i, w := range e.Words {
				if w.Start < 0 || w.End < w.Start || w.End > day || i > 0 && w.Start < e.Words[i-1].End {
					t.Errorf("word %+v", w)
				}
			}
		}
	})
}

// scripted is a /v3/ws that says its lines at once, whatever it hears, and then closes as told.
func scripted(t *testing.T, code websocket.StatusCode, reason string, lines ...string) *Transcriber {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

// TestHowItEnds: the errors and codes with which AssemblyAI hangs up, and what they mean to whoever asks again.
func TestHowItEnds(t *testing.T) {
	told := func(code int, text string) []string {
		return []string{turn(0, true, false, "hi", "hi"), fmt.Sprintf(`{"type":"Error","error_code":%d,"error":%q}`, code, text)}
	}
	for name, c := range map[string]struct {
		code   websocket.StatusCode
		reason string
		lines  []string
		want   parley.VendorCode
		words  string
	}{
		"no key":             {1008, "Unauthorized Connection: Missing Authorization header", nil, parley.VendorUnauthorized, "the key"},
		"no credit":          {1008, "Unauthorized Connection: Insufficient balance", nil, parley.VendorRateLimited, "balance"},
		"too many":           {3009, "Unauthorized Connection: Too many concurrent sessions", nil, parley.VendorRateLimited, "concurrent"},
		"three hours":        {3008, "", told(3008, "Session Expired: Maximum session duration exceeded"), parley.VendorUnavailable, "Session Expired"},
		"too fast":           {3007, "Audio Transmission Rate Exceeded: Received 9 sec. audio in 1 sec", nil, parley.VendorUnavailable, "Rate Exceeded"},
		"too short":          {3007, "", told(3007, "Input duration violation: 20 ms. Expected between 50 and 1000 ms"), parley.VendorUnavailable, "20 ms"},
		"a wrong message":    {3006, "", told(3006, "Invalid Message Type: x"), parley.VendorRefused, "Message Type"},
		"its own fault":      {3005, "Session Cancelled: An error occurred", nil, parley.VendorUnavailable, "Cancelled"},
		"an older code":      {4001, "Not Authorized", nil, parley.VendorUnauthorized, "the key"},
		"an older limit":     {4029, "Client sent audio too fast", nil, parley.VendorRateLimited, "too fast"},
		"a wrong parameter":  {4101, "Endpoint received a message with an invalid schema", nil, parley.VendorRefused, "schema"},
		"a broken server":    {1011, "", nil, parley.VendorUnavailable, "closed"},
		"just goes":          {1000, "", []string{turn(0, true, false, "hi", "hi")}, parley.VendorUnavailable, "closed"},
		"ends it unasked":    {1000, "", []string{`{"type":"Termination","audio_duration_seconds":1}`}, parley.VendorUnavailable, "ended"},
		"quotes the key":     {3006, "", told(3006, key+" is no key"), parley.VendorRefused, "… is no key"},
		"quotes it, closing": {3006, key + " is no key", nil, parley.VendorRefused, "… is no key"},
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
			if !errors.As(last, &v) || v.Code != c.want || v.Vendor != vendor || !strings.Contains(v.Message, c.words) {
				t.Errorf("ended with %v, want %s with %q", last, c.want, c.words)
			}
			if want := strings.Count(strings.Join(c.lines, ""), "Turn"); finals != want {
				t.Errorf("%d finals, want %d", finals, want)
			}
		})
	}
}

// TestKeys: the fake's own refusals arrive as they should.
func TestKeys(t *testing.T) {
	for key, want := range map[string]parley.VendorCode{"": parley.VendorUnauthorized, "wrong-key-of-ours": parley.VendorUnauthorized, "busy-key-of-ours": parley.VendorRateLimited} {
		a := providertest.NewAssemblyAI(t)
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: a.URL}, nil)
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

// TestLastWords: words that no turn has ended are told when the session ends, once.
func TestLastWords(t *testing.T) {
	for _, abandon := range []bool{false, true} {
		a := providertest.NewAssemblyAI(t)
		if abandon {
			a.Abandon()
		}
		sound := providertest.Spoken("one two")
		if got := providertest.Hear(t, transcriber(t, a, ""), sound[:14], 0, stt.Options{}); got != "one two" {
			t.Errorf("abandoned %v: heard %q", abandon, got)
		}
	}
}

// TestConnectionsThatKeepDropping: one connection after the other is lost in the middle of words; the caller's are told once each,
// in order, by one vendor alone.
func TestConnectionsThatKeepDropping(t *testing.T) {
	t.Parallel()
	for _, f := range []providertest.Fault{providertest.Close, providertest.CutJSON} {
		for _, drops := range []int{1, 3} {
			a := providertest.NewAssemblyAI(t)
			a.Fail(f, drops)
			tr := stt.Fallback(stt.Vendor{Name: t.Name(), Transcriber: transcriber(t, a, "")})
			sound := append(append(append(providertest.Spoken("one two three"), providertest.Silence(10)...), providertest.Spoken("four five")...), providertest.Spoken("six seven eight")...)
			if got := providertest.Hear(t, tr, sound, 2*time.Millisecond, stt.Options{}); got != "one two three four five six seven eight" {
				t.Errorf("%s %d times: heard %q", f, drops, got)
			}
			if a.Count() != drops+1 {
				t.Errorf("%s %d times: %d connections", f, drops, a.Count())
			}
		}
	}
}

// TestClosingLeavesNothing: a call that ends while sound is held back.
func TestClosingLeavesNothing(t *testing.T) {
	a := providertest.NewAssemblyAI(t)
	providertest.Leaks(t, func() {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		in := make(chan audio.Frame)
		go func() {
			defer close(in)
			for _, f := range providertest.Spoken(strings.Repeat("one two ", 50)) {
				select {
				case in <- f:
				case <-ctx.Done():
					return
				}
			}
		}()
		for range transcriber(t, a, "").Transcribe(ctx, in, stt.Options{}) {
			continue
		}
	})
	if a.Sound() > 2*time.Second {
		t.Errorf("%s of sound in a tenth of a second", a.Sound())
	}
}

// openSocket opens a websocket to a server that reads nothing, and so allocates nothing in this process.
func openSocket(t testing.TB) *provider.Socket {
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			<-done
			c.CloseNow()
		}
	}))
	socket, err := provider.Access{}.Net.Dial(t.Context(), vendor, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		socket.Close()
		close(done)
		srv.Close()
	})
	return socket
}

// TestFrameAllocatesNothing: a frame's way to the wire, 50 times a second in every call.
func TestFrameAllocatesNothing(t *testing.T) {
	socket, f, wire, p := openSocket(t), new(audio.Frame), new([together * 2 * audio.Samples]byte), new(pace)
	f[0] = 9000
	if n := testing.AllocsPerRun(20, func() { // what the sender's kernel holds without anybody reading
		if p.skip(f, time.Now()) || p.wait(time.Now()) > 0 {
			t.Error("skipped")
		}
		provider.Linear16(wire[:], f)
		if err := socket.Binary(wire[:]); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// BenchmarkFrame is a frame's way to its message.
func BenchmarkFrame(b *testing.B) {
	f, wire, p, now := new(audio.Frame), new([together * 2 * audio.Samples]byte), new(pace), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		p.skip(f, now)
		provider.Linear16(wire[:], f)
	}
}

// BenchmarkTurn is a message's way to its event.
func BenchmarkTurn(b *testing.B) {
	in := []byte(turn(0, false, false, "hi my name is sonny i am a voice", strings.Fields("hi my name is sonny i am a voice agent")...))
	ts := turns{told: -1, place: new(pace).heard}
	b.ReportAllocs()
	for b.Loop() {
		m, err := parseMessage(in)
		if err != nil || len(ts.take(&m)) != 1 {
			b.Fatal(err)
		}
	}
}
