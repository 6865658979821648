package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// TestConnectionsThatKeepDropping: sessions are lost one after the other; the caller's words are told once each, in order.
func TestConnectionsThatKeepDropping(t *testing.T) {
	t.Parallel()
	for _, f := range []providertest.Fault{providertest.Close, providertest.Broken} {
		for _, drops := range []int{1, 3} {
			o := providertest.NewOpenAI(t)
			o.Fail(f, drops)
			tr := stt.Fallback(stt.Vendor{Name: t.Name(), Transcriber: transcriber(t, o)})
			sound := append(append(append(providertest.Spoken("one two three"), providertest.Silence(10)...), providertest.Spoken("four five")...), providertest.Spoken("six seven")...)
			if got := providertest.Hear(t, tr, sound, 2*time.Millisecond, stt.Options{}); got != "one two three four five six seven" {
				t.Errorf("%s %d times: heard %q", f, drops, got)
			}
			if o.Count() != drops+1 {
				t.Errorf("%s %d times: %d sessions", f, drops, o.Count())
			}
		}
	}
}

// TestVendorsTakeTurns: an answer that is cut is gone on with by the next vendor, which is told where, and no word comes twice.
func TestVendorsTakeTurns(t *testing.T) {
	for _, f := range []providertest.Fault{providertest.Close, providertest.CutJSON, providertest.Broken, providertest.Garbage, providertest.RateLimited} {
		first, second := providertest.NewOpenAI(t), providertest.NewOpenAI(t)
		first.Fail(f, -1)
		m := llm.Fallback(llm.Vendor{Name: first.URL, Model: model(t, first, "gpt-4o-mini")}, llm.Vendor{Name: second.URL, Model: model(t, second, "gpt-4o-mini")})
		text, notice := "", ""
		for d, err := range m.Chat(t.Context(), says("are you open?")) {
			if err != nil {
				t.Fatal(err)
			}
			text += d.Text
			notice += d.Notice
		}
		if text != providertest.Answer || !strings.Contains(notice, "failed") {
			t.Errorf("%s: said %q, noticed %q", f, text, notice)
		}
		body := string(second.Bodies[0])
		if cut := f == providertest.Close || f == providertest.CutJSON; strings.Contains(body, "cut off") != cut {
			t.Errorf("%s: the second was asked %s", f, body)
		}
	}
}

// talking is a realtime session that says its lines once it is set up, and then hears on.
func talking(t *testing.T, lines ...string) *Transcriber {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for _, l := range lines {
			c.Write(r.Context(), websocket.MessageText, []byte(l))
		}
		for {
			if _, _, err := c.Read(r.Context()); err != nil {
				return
			}
		}
	}))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	tr, err := NewTranscriber(provider.Access{Key: "k", BaseURL: srv.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestRefusals: the errors of a session, and whether it is worth asking again.
func TestRefusals(t *testing.T) {
	fail := func(kind, code, message string) string {
		return fmt.Sprintf(`{"type":"error","event_id":"e","error":{"type":%q,"code":%q,"message":%q}}`, kind, code, message)
	}
	for name, c := range map[string]struct {
		line string
		want parley.VendorCode
	}{
		"wrong key":        {fail("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-abc"), parley.VendorUnauthorized},
		"too many":         {fail("tokens", "rate_limit_exceeded", "slow down"), parley.VendorRateLimited},
		"no credit":        {fail("insufficient_quota", "insufficient_quota", "pay"), parley.VendorRateLimited},
		"a bad field":      {fail("invalid_request_error", "unknown_parameter", "no such field"), parley.VendorRefused},
		"its own fault":    {fail("server_error", "", "sorry"), parley.VendorUnavailable},
		"half an hour":     {fail("invalid_request_error", "session_expired", "over"), parley.VendorUnavailable},
		"not transcribed":  {`{"type":"conversation.item.input_audio_transcription.failed","item_id":"i","error":{"message":"too short"}}`, parley.VendorUnavailable},
		"not JSON":         {`{"type":`, parley.VendorBadOutput},
		"a null for error": {`{"type":"error","error":null}`, parley.VendorRefused},
	} {
		t.Run(name, func(t *testing.T) {
			providertest.Leaks(t, func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				var last error
				for _, err := range talking(t, `{"type":"session.created"}`, c.line).Transcribe(ctx, make(chan audio.Frame), stt.Options{}) {
					last = err
				}
				var v *parley.VendorError
				if !errors.As(last, &v) || v.Code != c.want || v.Vendor != "openai" || strings.Contains(v.Message, "sk-abc") {
					t.Errorf("ended with %v, want %s", last, c.want)
				}
			})
		})
	}
}

// TestUtterancesWithoutEnd: a server that begins ever more utterances is not believed.
func TestUtterancesWithoutEnd(t *testing.T) {
	var lines []string
	for i := range 2 * maxItems {
		lines = append(lines, fmt.Sprintf(`{"type":"conversation.item.input_audio_transcription.delta","item_id":"i%d","delta":"x"}`, i))
	}
	n := 0
	var last error
	for e, err := range talking(t, lines...).Transcribe(t.Context(), make(chan audio.Frame), stt.Options{}) {
		if last = err; e.Text != "" {
			n++
		}
	}
	var v *parley.VendorError
	if !errors.As(last, &v) || v.Code != parley.VendorBadOutput || n != maxItems {
		t.Errorf("%d partials, then %v", n, last)
	}
}

// TestInterruptedSpeechLeavesNothing: requests for pieces that nobody will hear are given up, and no goroutine stays.
func TestInterruptedSpeechLeavesNothing(t *testing.T) {
	for _, after := range []int{0, 1, 30} {
		o := providertest.NewOpenAI(t)
		providertest.Leaks(t, func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in := make(chan string, 5)
			for range 5 {
				in <- "A long sentence that takes its time to be spoken. "
			}
			n := 0
			for _, err := range voice(t, o).Speak(ctx, in, tts.Options{}) {
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				if n++; n > after {
					break
				}
			}
		})
		if got := len(o.Texts()); got > ahead+2 {
			t.Errorf("after %d frames: %d pieces were asked for", after, got)
		}
	}
}
