package deepgram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	"github.com/parley-voice/parley/tts"
)

func query(t *testing.T, options string, o stt.Options) url.Values {
	tr, err := NewTranscriber(access("http://x"), []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr.query(o)
}

func TestQuery(t *testing.T) {
	q := query(t, `{"type":"transcriber_deepgram"}`, stt.Options{Language: "es", Keywords: map[string]float64{"Parley": 2, "Aachen": 5}})
	for k, want := range map[string]string{"model": "nova-3", "encoding": "linear16", "sample_rate": "16000", "language": "es",
		"interim_results": "true", "vad_events": "true", "endpointing": "250", "utterance_end_ms": "1000", "smart_format": "true", "no_delay": "true"} {
		if q.Get(k) != want {
			t.Errorf("%s is %q, want %q", k, q.Get(k), want)
		}
	}
	if got := q["keyterm"]; !slices.Equal(got, []string{"Aachen", "Parley"}) || q.Has("keywords") {
		t.Errorf("keyterms %q", got)
	}
	q = query(t, `{"model":"nova-2-phonecall","language":"de","endpointing":0,"utterance_end_ms":0,"smart_format":false,"profanity_filter":true}`,
		stt.Options{Language: "es", Keywords: map[string]float64{"Parley": 2.5, "plain": 0, "Ada Lovelace": 1}})
	if got := q["keywords"]; !slices.Equal(got, []string{"Parley:2.5", "Ada:1", "Lovelace:1", "plain"}) || q.Has("keyterm") {
		t.Errorf("keywords %q", got)
	}
	if q.Get("language") != "de" || q.Get("endpointing") != "0" || q.Has("utterance_end_ms") || q.Has("smart_format") || !q.Has("profanity_filter") {
		t.Errorf("query %v", q)
	}
	many := map[string]float64{}
	for i := range 1000 {
		many[fmt.Sprintf("word%d", i)] = 1
	}
	if n := len(strings.Join(query(t, ``, stt.Options{Keywords: many})["keyterm"], " ")); n == 0 || n > maxTermBytes {
		t.Errorf("%d bytes of keyterms", n)
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	if _, err := s.Hearing.Open(provider.Access{}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
	var e *parley.Error
	if _, err := s.Speaking.Open(access("http://x"), []byte(`{"model":7}`)); !errors.As(err, &e) || e.Field != "voice" {
		t.Errorf("a model that is a number: %v", err)
	}
	if _, err := s.Speaking.Open(access("gopher://x"), nil); !errors.As(err, &e) || e.Field != "base_url" {
		t.Errorf("a strange address: %v", err)
	}
	if s.Thinking != nil || reflect.TypeOf(s.Speaking.Options).Kind() != reflect.Pointer {
		t.Errorf("%+v", s)
	}
}

// TestTake: what Deepgram sends, as its documentation shows it, and what becomes of it.
func TestTake(t *testing.T) {
	res := func(text string, final, speechFinal bool) string {
		return fmt.Sprintf(`{"type":"Results","channel_index":[0,1],"duration":1.98,"start":5.99,"is_final":%v,"speech_final":%v,
			"channel":{"alternatives":[{"transcript":%q,"confidence":0.99,"words":[{"word":"tell","start":6.0,"end":6.5,"punctuated_word":"Tell"}]}]},"metadata":{}}`, final, speechFinal, text)
	}
	h := hearing{}
	for _, tc := range []struct {
		in   string
		want *stt.Event
	}{
		{`{"type":"SpeechStarted","channel":[0,1],"timestamp":9.54}`, &stt.Event{Started: true}},
		{res("", false, false), nil},
		{res("Tell", false, false), &stt.Event{Text: "Tell"}},
		{res("Tell", true, false), &stt.Event{Text: "Tell", Final: true}},
		{res("", true, true), &stt.Event{End: true}},
		{res("", true, true), nil},
		{res("Tell", true, true), &stt.Event{Text: "Tell", Final: true, End: true}},
		{`{"type":"UtteranceEnd","channel":[0,1],"last_word_end":2.3}`, nil},
		{res("Tell", true, false), &stt.Event{Text: "Tell", Final: true}},
		{`{"type":"UtteranceEnd","channel":[0,1],"last_word_end":2.3}`, &stt.Event{End: true}},
		{`{"type":"Metadata","request_id":"x"}`, nil},
		{`{"type":"SomethingNew","channel":"?"}`, nil},
	} {
		m, err := parseMessage([]byte(tc.in))
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.take(&m)
		if err != nil {
			t.Fatal(err)
		}
		if got != nil && got.Text != "" {
			if len(got.Words) != 1 || got.Words[0] != (stt.Word{Text: "Tell", Start: 6 * time.Second, End: 6500 * time.Millisecond}) {
				t.Errorf("words %+v", got.Words)
			}
			got.Words = nil
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%.60s gave %+v, want %+v", tc.in, got, tc.want)
		}
	}
	m, _ := parseMessage([]byte(`{"type":"Error","description":"bad","message":"worse","variant":"X"}`))
	if _, err := h.take(&m); err == nil {
		t.Error("an Error is none")
	}
}

func FuzzResults(f *testing.F) {
	f.Add([]byte(`{"type":"Results","is_final":true,"speech_final":true,"channel":{"alternatives":[{"transcript":"hi","words":[{"word":"hi","start":0.1,"end":1e300}]}]}}`))
	f.Add([]byte(`{"type":"Results","channel":[0]}`))
	f.Add([]byte(`{"type":"UtteranceEnd","channel":[0,1],"last_word_end":-1}`))
	f.Add([]byte(`{"type":"Error","description":"` + strings.Repeat("x", 1000) + `"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMessage(b)
		if err != nil {
			return
		}
		h := hearing{said: true}
		e, err := h.take(&m)
		if err != nil || e == nil {
			return
		}
		if e.Final && e.Text == "" {
			t.Errorf("a final without text: %+v", e)
		}
		for _, w := range e.Words {
			if w.Start < 0 || w.End > 25*time.Hour {
				t.Errorf("word %+v", w)
			}
		}
	})
}

func FuzzSpeakMessages(f *testing.F) {
	f.Add([]byte(`{"type":"Flushed","sequence_id":0}`))
	f.Add([]byte(`{"type":"Warning","code":"EXCEEDED_FLUSH_LIMIT","description":"x"}`))
	f.Add([]byte(`{"type":"Error","err_code":"x","err_msg":"y"}`))
	socket, _, _ := openSocket(f)
	wire := provider.NewWire(socket)
	wire.Close()
	f.Fuzz(func(t *testing.T, b []byte) {
		l := &line{Wire: wire, parts: make(chan part, 1), next: make(chan struct{}, 1)}
		err := l.take(b)
		var v *parley.VendorError
		if err != nil && !errors.Is(err, errClosed) && !errors.As(err, &v) {
			t.Errorf("%q gave the untyped %v", b, err)
		}
	})
}

func TestSpeakMessages(t *testing.T) {
	for in, want := range map[string]parley.VendorCode{
		`{"type":"Warning","code":"EXCEEDED_FLUSH_LIMIT","description":"no"}`: parley.VendorRateLimited,
		`{"type":"Warning","code":"OTHER","description":"no"}`:                "",
		`{"type":"Metadata"}`:                            "",
		`{"type":"Error","err_code":"X","err_msg":"no"}`: parley.VendorUnavailable,
		`{`: parley.VendorBadOutput,
	} {
		err := new(line).take([]byte(in))
		var v *parley.VendorError
		if errors.As(err, &v); (v == nil) != (want == "") || v != nil && v.Code != want {
			t.Errorf("%s gave %v, want %q", in, err, want)
		}
	}
}

// TestOneConnection: replies of a call share one connection, opened by Warm; an interruption drops it and opens the next
// without waiting for anybody to speak.
func TestOneConnection(t *testing.T) {
	d := providertest.NewDeepgram(t)
	v := voice(t, d)
	defer v.Close()
	if err := v.Warm(t.Context()); err != nil || d.Count() != 1 {
		t.Fatalf("%d connections, %v", d.Count(), err)
	}
	providertest.Say(t, v, "One. ")
	providertest.Say(t, v, "Two. ")
	if d.Count() != 1 {
		t.Fatalf("two replies took %d connections", d.Count())
	}
	in := make(chan string, 1)
	in <- "A long sentence that is cut off."
	for range v.Speak(t.Context(), in, tts.Options{}) {
		break
	}
	for end := time.Now().Add(5 * time.Second); d.Count() < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody opened the next connection")
		}
	}
	providertest.Say(t, v, "Three. ")
	if d.Count() != 2 {
		t.Errorf("%d connections", d.Count())
	}
	if got := strings.Join(d.Texts(), ""); got != "One. Two. A long sentence that is cut off.Three. " {
		t.Errorf("was asked to speak %q", got)
	}
}

// TestDeadWhileIdle: a connection that Deepgram dropped between replies is replaced before anybody hears of it.
func TestDeadWhileIdle(t *testing.T) {
	d := providertest.NewDeepgram(t)
	v := voice(t, d)
	defer v.Close()
	providertest.Say(t, v, "One. ")
	l, err := v.lines.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.lines.Keep(l)
	l.Socket.Close()
	<-l.Dead()
	providertest.Say(t, v, "Two. ")
	if d.Count() != 2 {
		t.Errorf("%d connections", d.Count())
	}
}

// TestFlushesAreSaved: Deepgram takes 20 flushes a minute; long replies stay below, and the next reply has a new connection.
func TestFlushesAreSaved(t *testing.T) {
	d := providertest.NewDeepgram(t)
	v := voice(t, d)
	defer v.Close()
	in := make(chan string)
	want := ""
	go func() {
		defer close(in)
		for i := range 30 {
			in <- fmt.Sprintf("%d, ", i)
		}
	}()
	for i := range 30 {
		want += fmt.Sprintf("%d, ", i)
	}
	got := ""
	for c, err := range v.Speak(t.Context(), in, tts.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		got += c.Text
	}
	if got != want {
		t.Errorf("spoke %q", got)
	}
	flushes := 0
	for _, m := range d.Messages() {
		if strings.Contains(m, `"Flush"`) {
			flushes++
		}
	}
	if flushes != flushSoft+1 {
		t.Errorf("%d flushes, want %d and one for the end", flushes, flushSoft)
	}
	providertest.Say(t, v, "Next. ")
	if d.Count() != 2 {
		t.Errorf("%d connections", d.Count())
	}
}

func TestLongPiecesAreSplit(t *testing.T) {
	d := providertest.NewDeepgram(t)
	v := voice(t, d)
	defer v.Close()
	long := strings.Repeat("word ", 1000) + strings.Repeat("ü", 2000)
	in := make(chan string, 1)
	in <- long
	close(in)
	got := ""
	for c, err := range v.Speak(t.Context(), in, tts.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		got += c.Text
	}
	if got != long || strings.Join(d.Texts(), "") != long {
		t.Error("a long piece did not come back whole")
	}
	for _, s := range d.Texts() {
		if len(s) > maxText {
			t.Errorf("a message has %d bytes", len(s))
		}
	}
}

// TestKeepAlive: no sound for some seconds, and Deepgram still waits.
func TestKeepAlive(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as Deepgram's patience")
	}
	t.Parallel()
	d := providertest.NewDeepgram(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for end := time.Now().Add(5 * keepAlive); len(d.Messages()) == 0 && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	for range transcriber(t, d, "").Transcribe(ctx, make(chan audio.Frame), stt.Options{}) {
		t.Log("ended with the context")
	}
	if got := d.Messages(); len(got) == 0 || got[0] != `{"type":"KeepAlive"}` {
		t.Errorf("sent %q", got)
	}
}

// TestSayIsJSON: whatever the text, the message is valid.
func TestSayIsJSON(t *testing.T) {
	d := providertest.NewDeepgram(t)
	v := voice(t, d)
	defer v.Close()
	text := "He said \"no\"\n\\ \u2028 and <left> & \x01. "
	providertest.Say(t, v, text)
	for _, m := range d.Messages() {
		if !json.Valid([]byte(m)) {
			t.Errorf("sent %q", m)
		}
	}
	if got := d.Texts(); len(got) != 1 || got[0] != text {
		t.Errorf("asked to speak %q", got)
	}
}

// TestFrameAllocatesNothing: a frame's way to the wire, 50 times a second in every call.
func TestFrameAllocatesNothing(t *testing.T) {
	socket, frame, wire := openSocket(t)
	if n := testing.AllocsPerRun(60, func() { // what the sender's kernel holds without anybody reading
		provider.Linear16(wire[:], frame)
		if err := socket.Binary(wire[:]); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// openSocket opens a websocket to a server that reads nothing, and so allocates nothing in this process.
func openSocket(t testing.TB) (*provider.Socket, *audio.Frame, *[2 * audio.Samples]byte) {
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
	return socket, new(audio.Frame), new([2 * audio.Samples]byte)
}

// BenchmarkSendFrame is a frame's way to the fake; the time is the kernel's, too.
func BenchmarkSendFrame(b *testing.B) {
	d := providertest.NewDeepgram(b)
	tr := transcriber(b, d, "")
	address, err := provider.SocketURL(tr.base, "/v1/listen", tr.query(stt.Options{}))
	if err != nil {
		b.Fatal(err)
	}
	socket, err := provider.Access{}.Net.Dial(b.Context(), vendor, address, tr.header)
	if err != nil {
		b.Fatal(err)
	}
	defer socket.Close()
	frame, wire := new(audio.Frame), new([2 * audio.Samples]byte)
	b.ReportAllocs()
	for b.Loop() {
		provider.Linear16(wire[:], frame)
		if err := socket.Binary(wire[:]); err != nil {
			b.Fatal(err)
		}
	}
}
