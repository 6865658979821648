package deepgram

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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

// TestClosingLeavesNothing: whenever a call ends, no goroutine of its voice is left.
func TestClosingLeavesNothing(t *testing.T) {
	long := "A sentence that takes a while to be said. "
	for name, play := range map[string]func(v *Voice){
		"never used": func(*Voice) {},
		"warmed":     func(v *Voice) { _ = v.Warm(t.Context()) },
		"warmed twice": func(v *Voice) {
			_ = v.Warm(t.Context())
			_ = v.Warm(t.Context())
		},
		"spoken":      func(v *Voice) { providertest.Say(t, v, long) },
		"interrupted": func(v *Voice) { cutOff(t.Context(), v, long) },
		"interrupted again while the next is opened": func(v *Voice) {
			cutOff(t.Context(), v, long)
			cutOff(t.Context(), v, long)
		},
		"closed twice": func(v *Voice) { _ = v.Close() },
		"spoken after the end": func(v *Voice) {
			_ = v.Close()
			cutOff(t.Context(), v, long)
		},
		"closed while it speaks": func(v *Voice) {
			in := make(chan string, 1)
			in <- long
			for range v.Speak(t.Context(), in, tts.Options{}) {
				_ = v.Close()
				break
			}
		},
		"cancelled before it connects": func(v *Voice) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			cutOff(ctx, v, long)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := providertest.NewDeepgram(t)
			providertest.Leaks(t, func() {
				v := voice(t, d)
				play(v)
				if err := v.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func cutOff(ctx context.Context, v *Voice, text string) {
	in := make(chan string, 1)
	in <- text
	for range v.Speak(ctx, in, tts.Options{}) {
		break
	}
}

// TestConnectionsThatKeepDropping: one connection after the other is lost in the middle of words; the caller's are told once each,
// in order, by one vendor alone.
func TestConnectionsThatKeepDropping(t *testing.T) {
	t.Parallel()
	for _, f := range []providertest.Fault{providertest.Close, providertest.CutJSON} {
		for _, drops := range []int{1, 2, 3} {
			d := providertest.NewDeepgram(t)
			d.Fail(f, drops)
			tr := stt.Fallback(stt.Vendor{Name: t.Name(), Transcriber: transcriber(t, d, "")})
			sound := append(append(append(providertest.Spoken("one two three"), providertest.Silence(10)...), providertest.Spoken("four five")...), providertest.Spoken("six seven eight")...)
			if got := providertest.Hear(t, tr, sound, 2*time.Millisecond, stt.Options{}); got != "one two three four five six seven eight" {
				t.Errorf("%s %d times: heard %q", f, drops, got)
			}
			if d.Count() != drops+1 {
				t.Errorf("%s %d times: %d connections", f, drops, d.Count())
			}
		}
	}
}

// scripted is a /v1/listen that says its lines at once, whatever it hears, and then closes as told.
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
	tr, err := NewTranscriber(provider.Access{Key: "a-key-of-ours", BaseURL: srv.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestHowItEnds: the codes and reasons with which Deepgram hangs up, and what they mean to whoever asks again.
func TestHowItEnds(t *testing.T) {
	heard := `{"type":"Results","is_final":true,"speech_final":true,"channel":{"alternatives":[{"transcript":"hello","words":[]}]}}`
	for name, c := range map[string]struct {
		code   websocket.StatusCode
		reason string
		lines  []string
		want   parley.VendorCode
		words  string
	}{
		"no sound in time":       {1011, "NET-0001", []string{heard}, parley.VendorUnavailable, "NET-0001"},
		"nothing to say in time": {1011, "NET-0000", nil, parley.VendorUnavailable, "NET-0000"},
		"not audio":              {1008, "DATA-0000", nil, parley.VendorRefused, "DATA-0000"},
		"just goes":              {1000, "", []string{heard}, parley.VendorUnavailable, "closed"},
		"restarts":               {1001, "going away", nil, parley.VendorUnavailable, "going away"},
		"quotes the key":         {1008, "a-key-of-ours is no key", nil, parley.VendorRefused, "… is no key"},
		"an error first":         {1011, "", []string{`{"type":"Error","description":"too loud"}`}, parley.VendorUnavailable, "too loud"},
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
			if want := strings.Count(strings.Join(c.lines, ""), "Results"); finals != want {
				t.Errorf("%d finals, want %d", finals, want)
			}
		})
	}
}

// TestBrokenWhileSpeaking: a line that dies under a reply is an error with the reason that its reader found, and the next reply has
// another.
func TestBrokenWhileSpeaking(t *testing.T) {
	var mu sync.Mutex
	conns := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		mu.Lock()
		conns++
		first := conns == 1
		mu.Unlock()
		for {
			_, b, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if !strings.Contains(string(b), "Flush") {
				continue
			}
			if first {
				c.Close(websocket.StatusInternalError, "out of breath")
				return
			}
			c.Write(r.Context(), websocket.MessageBinary, make([]byte, 6400))
			c.Write(r.Context(), websocket.MessageText, []byte(`{"type":"Flushed","sequence_id":0}`))
		}
	}))
	defer srv.Close()
	v, err := NewVoice(access(srv.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	in := make(chan string)
	go func() {
		for range 3 {
			select {
			case in <- "More and more. ":
			case <-t.Context().Done():
				return
			}
		}
	}()
	var last error
	for _, err := range v.Speak(t.Context(), in, tts.Options{}) {
		last = err
	}
	var e *parley.VendorError
	if !errors.As(last, &e) || e.Code != parley.VendorUnavailable || e.Status != 1011 || !strings.Contains(e.Message, "out of breath") {
		t.Errorf("ended with %v", last)
	}
	providertest.Say(t, v, "Again. ")
}

func TestSeconds(t *testing.T) {
	for s, want := range map[float64]time.Duration{0: 0, -1: 0, 1.5: 1500 * time.Millisecond, 1e300: 24 * time.Hour} {
		if got := seconds(s); got != want {
			t.Errorf("%v s is %s, want %s", s, got, want)
		}
	}
}
