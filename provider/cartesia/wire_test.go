package cartesia

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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

func cutOff(ctx context.Context, v *Voice, text string) {
	in := make(chan string, 1)
	in <- text
	for range v.Speak(ctx, in, tts.Options{}) {
		break
	}
}

// TestOptions: every option of voice_cartesia, and what it is on the wire.
func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		name, options, language string
		fields                  map[string]string // of the first message; "-": is not there
		version                 string
	}{
		{name: "nothing but a voice", options: `{"voice_id":"v1"}`, version: version, fields: map[string]string{"voice": `{"id":"v1","mode":"id"}`, "model_id": `"sonic-3"`,
			"transcript": `"Hello. "`, "continue": "true", "flush": "-", "max_buffer_delay_ms": "0", "add_timestamps": "true", "use_normalized_timestamps": "false",
			"output_format": `{"container":"raw","encoding":"pcm_s16le","sample_rate":16000}`, "language": "-", "generation_config": "-", "use_original_timestamps": "-"}},
		{name: "nothing at all", options: `{}`, fields: map[string]string{"voice": `{"id":"` + defaultVoice + `","mode":"id"}`}},
		{name: "null", options: `{"voice_id":"v1","model_id":null,"speed":null,"emotion":null}`, fields: map[string]string{"model_id": `"sonic-3"`, "generation_config": "-"}},
		{name: "model_id", options: `{"voice_id":"v1","model_id":"sonic-3.5"}`, version: version, fields: map[string]string{"model_id": `"sonic-3.5"`}},
		{name: "speed, a number", options: `{"voice_id":"v1","speed":1.1}`, fields: map[string]string{"generation_config": `{"speed":1.1}`}},
		{name: "speed, too fast", options: `{"voice_id":"v1","speed":7}`, fields: map[string]string{"generation_config": `{"speed":1.5}`}},
		{name: "speed, too slow", options: `{"voice_id":"v1","speed":0}`, fields: map[string]string{"generation_config": `{"speed":0.6}`}},
		{name: "speed, a word", options: `{"voice_id":"v1","speed":"fast"}`, fields: map[string]string{"generation_config": `{"speed":1.2}`}},
		{name: "speed, a number in a word", options: `{"voice_id":"v1","speed":"0.9"}`, fields: map[string]string{"generation_config": `{"speed":0.9}`}},
		{name: "speed, empty", options: `{"voice_id":"v1","speed":""}`, fields: map[string]string{"generation_config": "-"}},
		{name: "emotion", options: `{"voice_id":"v1","emotion":["calm"]}`, fields: map[string]string{"generation_config": `{"emotion":"calm"}`}},
		{name: "emotion of the models before", options: `{"voice_id":"v1","emotion":["Positivity:high","curiosity"],"speed":"slow"}`,
			fields: map[string]string{"generation_config": `{"emotion":"happy","speed":0.8}`}},
		{name: "language", options: `{"voice_id":"v1"}`, language: "pt-BR", fields: map[string]string{"language": `"pt"`}},
		{name: "a model before", options: `{"voice_id":"v1","model_id":"sonic-2"}`, version: versionEarlier,
			fields: map[string]string{"model_id": `"sonic-2"`, "voice": `{"id":"v1","mode":"id"}`, "use_original_timestamps": "true", "use_normalized_timestamps": "-"}},
		{name: "a model before, speed", options: `{"voice_id":"v1","model_id":"sonic-turbo","speed":0.5}`, version: versionEarlier,
			fields: map[string]string{"voice": `{"__experimental_controls":{"speed":0.5},"id":"v1","mode":"id"}`, "generation_config": "-"}},
		{name: "a model before, speed 0", options: `{"voice_id":"v1","model_id":"sonic","speed":0}`,
			fields: map[string]string{"voice": `{"__experimental_controls":{"speed":0},"id":"v1","mode":"id"}`}},
		{name: "a model before, a word and emotions", options: `{"voice_id":"v1","model_id":"sonic-english","speed":"slow","emotion":["positivity:high","curiosity"]}`,
			fields: map[string]string{"voice": `{"__experimental_controls":{"emotion":["positivity:high","curiosity"],"speed":"slow"},"id":"v1","mode":"id"}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := providertest.NewCartesia(t)
			v := voice(t, c, tc.options)
			defer v.Close()
			speakAll(t, v, tts.Options{Language: tc.language}, "Hello. ")
			var fields map[string]any
			if err := json.Unmarshal([]byte(c.Messages()[0]), &fields); err != nil {
				t.Fatal(err)
			}
			for k, want := range tc.fields {
				got := "-"
				if x, ok := fields[k]; ok {
					b, _ := json.Marshal(x)
					got = string(b)
				}
				if got != want {
					t.Errorf("%s is %s, want %s", k, got, want)
				}
			}
			if tc.version != "" && c.Versions[0] != tc.version || c.Keys[0] != key {
				t.Errorf("version %q, key %q", c.Versions[0], c.Keys[0])
			}
		})
	}
	var e *parley.Error
	for options, field := range map[string]string{`{"voice_id":"v1","speed":"warp"}`: "voice.speed", `{"voice_id":"v1","speed":[1]}`: "voice.speed", `{"voice_id":7}`: "voice"} {
		if _, err := NewVoice(provider.Access{Key: key}, []byte(options)); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", options, err)
		}
	}
	if _, err := NewVoice(provider.Access{Key: key, BaseURL: "gopher://x"}, nil); !errors.As(err, &e) || e.Field != "base_url" {
		t.Errorf("a strange address: %v", err)
	}
	var v *parley.VendorError
	if _, err := Spec().Speaking.Open(provider.Access{}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
}

// TestMessages: what one reply sends: each piece and a flush, and the end, in one context; the next reply has another.
func TestMessages(t *testing.T) {
	c := providertest.NewCartesia(t)
	v := voice(t, c, `{"voice_id":"v1"}`)
	defer v.Close()
	speakAll(t, v, tts.Options{}, "One, ", " ", "two. ")
	speakAll(t, v, tts.Options{}, "Three. ")
	var got []string
	contexts := map[string]bool{}
	for _, m := range c.Messages() {
		var u utterance
		json.Unmarshal([]byte(m), &u)
		contexts[u.Context] = true
		s := u.Transcript
		if u.Flush {
			s += "|"
		}
		if !u.Continue {
			s += "."
		}
		got = append(got, s)
	}
	// the end is not said when the sound was whole before
	if s := strings.ReplaceAll(strings.Join(got, ""), "|.", "|"); s != "One, |two. |Three. |" || len(contexts) != 2 || c.Count() != 1 {
		t.Errorf("sent %q in %d contexts on %d connections", s, len(contexts), c.Count())
	}
}

// TestHeard: each word is told with the frame in which it ends by Cartesia's own times, 20 ms a character in the fake, however
// these count; without times they are estimated.
func TestHeard(t *testing.T) {
	for name, set := range map[string]func(*providertest.Cartesia){
		"times of the context": func(*providertest.Cartesia) {},
		"times of the flush":   func(c *providertest.Cartesia) { c.Relative = true },
		"no times":             func(c *providertest.Cartesia) { c.Untimed = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := providertest.NewCartesia(t)
			set(c)
			v := voice(t, c, `{"voice_id":"v1"}`)
			defer v.Close()
			frames, told := speakAll(t, v, tts.Options{}, "One, two. ", "Three four. ")
			want := map[int]string{3: "One,", 8: " two. ", 14: "Three", 20: " four. "}
			if name == "no times" {
				all := ""
				for i := range frames {
					all += told[i]
				}
				if all != "One, two. Three four. " || len(told) < 2 {
					t.Errorf("told %v in %d frames", told, frames)
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

// TestUnansweredFlushes: a server that only says when a context is over has all of it spoken.
func TestUnansweredFlushes(t *testing.T) {
	c := providertest.NewCartesia(t)
	c.NoFlushes = true
	v := voice(t, c, `{"voice_id":"v1"}`)
	defer v.Close()
	_, told := speakAll(t, v, tts.Options{}, "One, ", "two. ")
	all := ""
	for i := range 100 {
		all += told[i]
	}
	if all != "One, two. " {
		t.Errorf("told %q", all)
	}
}

// TestPauses: a context ends a second after its last sound; a piece that comes after a pause begins another, even while the sound
// before it is still being played.
func TestPauses(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]bool{"heard at once": false, "heard later": true} {
		c := providertest.NewCartesia(t)
		c.Lasts = patience + 100*time.Millisecond
		v := voice(t, c, `{"voice_id":"v1"}`)
		in := make(chan string, 1)
		in <- "One. "
		go func() {
			time.Sleep(c.Lasts + 200*time.Millisecond)
			in <- "Two. "
			close(in)
		}()
		all, first := "", true
		for c, err := range v.Speak(t.Context(), in, tts.Options{}) {
			if err != nil {
				t.Fatal(name, err)
			}
			all += c.Text
			if first && slow {
				time.Sleep(patience + 600*time.Millisecond)
			}
			first = false
		}
		v.Close()
		if all != "One. Two. " {
			t.Errorf("%s: told %q", name, all)
		}
	}
}

// TestOneConnection: replies share one connection, interrupted ones too; nothing of a cancelled context is heard.
func TestOneConnection(t *testing.T) {
	c := providertest.NewCartesia(t)
	v := voice(t, c, `{"voice_id":"v1"}`)
	defer v.Close()
	if err := v.Warm(t.Context()); err != nil || c.Count() != 1 {
		t.Fatalf("%d connections, %v", c.Count(), err)
	}
	want, _ := speakAll(t, v, tts.Options{}, "One. ")
	for range 3 {
		cutOff(t.Context(), v, strings.Repeat("A long sentence that is cut off. ", 20))
		if got, _ := speakAll(t, v, tts.Options{}, "One. "); got != want {
			t.Errorf("%d frames after an interruption, want %d", got, want)
		}
	}
	speakAll(t, v, tts.Options{})
	if c.Count() != 1 {
		t.Errorf("%d connections", c.Count())
	}
	cancels := 0
	for _, m := range c.Messages() {
		if strings.Contains(m, `"cancel":true`) {
			cancels++
		}
	}
	if cancels != 3 {
		t.Errorf("%d contexts were cancelled", cancels)
	}
}

// TestDeadWhileIdle: a connection that Cartesia dropped between replies, as it does after five minutes, is replaced before anybody
// hears of it.
func TestDeadWhileIdle(t *testing.T) {
	c := providertest.NewCartesia(t)
	v := voice(t, c, `{"voice_id":"v1"}`)
	defer v.Close()
	speakAll(t, v, tts.Options{}, "One. ")
	l, err := v.spare.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.spare.Keep(l)
	l.Socket.Close()
	<-l.Dead()
	if _, err := l.listen(); err == nil {
		t.Error("a dead line is listened to")
	}
	speakAll(t, v, tts.Options{}, "Two. ")
	if c.Count() != 2 {
		t.Errorf("%d connections", c.Count())
	}
}

// scripted is a websocket that answers the first flush with lines, %s being its context, and then closes, unless code is 0.
func scripted(t *testing.T, code websocket.StatusCode, reason string, lines ...string) *Voice {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		var u utterance
		for !u.Flush {
			_, b, err := c.Read(r.Context())
			if err != nil {
				return
			}
			json.Unmarshal(b, &u)
		}
		for _, l := range lines {
			c.Write(r.Context(), websocket.MessageText, []byte(strings.ReplaceAll(l, "%s", u.Context)))
		}
		for code == 0 {
			if _, _, err := c.Read(r.Context()); err != nil {
				return
			}
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

// TestHowItEnds: what Cartesia says when it will not speak, and what that means to whoever asks again.
func TestHowItEnds(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  parley.VendorCode // "": none
		words string
	}{
		"no such model":          {[]string{`{"type":"error","done":true,"title":"Invalid model","message":"The model is not valid.","error_code":"model_not_found","status_code":400,"context_id":"%s"}`}, parley.VendorRefused, "model_not_found: Invalid model"},
		"the earlier version":    {[]string{`{"type":"error","done":true,"error":"Invalid model: The model is not valid.","status_code":400,"context_id":"%s"}`}, parley.VendorRefused, "The model is not valid"},
		"too many at once":       {[]string{`{"type":"error","done":true,"title":"Too many","message":"concurrency limit","status_code":429,"context_id":"%s"}`}, parley.VendorRateLimited, "concurrency limit"},
		"a wrong key":            {[]string{`{"type":"error","done":true,"message":"what is ` + key + `?","status_code":401}`}, parley.VendorUnauthorized, "the key"},
		"out of order":           {[]string{`{"type":"error","done":true,"message":"no","status_code":500,"context_id":"%s"}`}, parley.VendorUnavailable, "no"},
		"an error without more":  {[]string{`{"type":"error"}`}, parley.VendorUnavailable, ""},
		"ended too early":        {[]string{`{"type":"done","done":true,"status_code":206,"context_id":"%s"}`}, parley.VendorUnavailable, ""},
		"no sound":               {[]string{`{"type":"flush_done","flush_done":true,"flush_id":1,"context_id":"%s"}`}, parley.VendorBadOutput, "without sound"},
		"no base64":              {[]string{`{"type":"chunk","data":"!!","context_id":"%s"}`}, parley.VendorBadOutput, "not as documented"},
		"just goes":              {nil, parley.VendorUnavailable, "going away"},
		"another's error":        {[]string{`{"type":"error","status_code":400,"context_id":"other"}`, `{"type":"chunk","data":"AAAA","context_id":"%s"}`, `{"type":"flush_done","context_id":"%s"}`}, "", ""},
		"new kinds of messages":  {[]string{`{"type":"hello"}`, `{"type":"news","context_id":"%s"}`, `{"type":"chunk","data":"AAAA","context_id":"%s"}`, `{"type":"flush_done","context_id":"%s"}`}, "", ""},
		"a flush nobody sent":    {[]string{`{"type":"chunk","data":"AAAA","context_id":"%s"}`, `{"type":"flush_done","context_id":"%s"}`, `{"type":"flush_done","context_id":"%s"}`}, "", ""},
		"another's sound":        {[]string{`{"type":"chunk","data":"AAAA","context_id":"x"}`, `{"type":"flush_done","context_id":"%s"}`}, parley.VendorBadOutput, "without sound"},
		"times that do not add":  {[]string{`{"type":"timestamps","context_id":"%s","word_timestamps":{"words":["a","b"],"start":[1e300],"end":[-1,2,3]}}`, `{"type":"chunk","data":"AAAA","context_id":"%s"}`, `{"type":"flush_done","context_id":"%s"}`}, "", ""},
		"times that are nothing": {[]string{`{"type":"timestamps","context_id":"%s"}`, `{"type":"chunk","data":"AAAA","context_id":"%s"}`, `{"type":"flush_done","context_id":"%s"}`}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			code := websocket.StatusGoingAway
			if c.want == "" {
				code = 0
			}
			v := scripted(t, code, "going away", c.lines...)
			in := make(chan string, 1)
			in <- "Hello. "
			if c.want == "" {
				close(in)
			}
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

// TestClosingLeavesNothing: whenever a call ends, no goroutine of its voice is left.
func TestClosingLeavesNothing(t *testing.T) {
	for name, play := range map[string]func(v *Voice){
		"never used":  func(*Voice) {},
		"warmed":      func(v *Voice) { _ = v.Warm(t.Context()) },
		"spoken":      func(v *Voice) { providertest.Say(t, v, "A sentence. ") },
		"interrupted": func(v *Voice) { cutOff(t.Context(), v, "A sentence. ") },
		"spoken after the end": func(v *Voice) {
			_ = v.Close()
			providertest.Say(t, v, "A sentence. ")
		},
		"cancelled before it connects": func(v *Voice) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			cutOff(ctx, v, "A sentence. ")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := providertest.NewCartesia(t)
			providertest.Leaks(t, func() {
				v := voice(t, c, `{"voice_id":"v1"}`)
				play(v)
				if err := v.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"type":"chunk","data":"AAAA","context_id":"c"}`))
	f.Add([]byte(`{"type":"timestamps","context_id":"c","word_timestamps":{"words":["Hi"],"start":[0],"end":[1e300]}}`))
	f.Add([]byte(`{"type":"flush_done","context_id":"c"}`))
	f.Add([]byte(`{"type":"done","context_id":"c"}`))
	f.Add([]byte(`{"type":"error","status_code":400,"title":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err == nil {
			err = m.err
		}
		var v *parley.VendorError
		if err != nil {
			if !errors.As(err, &v) {
				t.Errorf("%q gave the untyped %v", b, err)
			}
			return
		}
		got := ""
		r := reply{inbox: new(inbox), align: tts.NewAlign(16000), yield: func(c tts.Chunk, _ error) bool { got += c.Text; return true }}
		r.align.Add("Hi there")
		r.inbox.left.Add(1)
		r.full.Store(true)
		if err := r.take(m); err != nil && !errors.As(err, &v) {
			t.Errorf("%q gave the untyped %v", b, err)
		}
		for r.align.Left() > 0 {
			r.align.End(r.yield)
		}
		if got != "Hi there" {
			t.Errorf("told %q", got)
		}
	})
}

// BenchmarkFirstFrame is from the first byte of Cartesia to the first frame: the times and 200 ms of sound.
func BenchmarkFirstFrame(b *testing.B) {
	timed := []byte(`{"type":"timestamps","context_id":"c","word_timestamps":{"words":["Hello","there"],"start":[0,0.1],"end":[0.1,0.2]}}`)
	chunk, err := json.Marshal(map[string]any{"type": "chunk", "context_id": "c", "data": make([]byte, 6400)})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r := reply{inbox: new(inbox), align: tts.NewAlign(16000), yield: func(tts.Chunk, error) bool { return false }}
		r.align.Add("Hello there")
		for _, raw := range [][]byte{timed, chunk} {
			m, err := parse(raw)
			if err != nil {
				b.Fatal(err)
			}
			if err := r.take(m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
