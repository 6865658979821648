package local

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local/flite"
	"github.com/parley-voice/parley/tts"
)

func TestVoiceOptions(t *testing.T) {
	l := &Local{}
	for options, field := range map[string]string{
		`{"voice":"alloy"}`: "voice.voice", `{"rate":5}`: "voice.rate", `{"rate":0.1}`: "voice.rate", `{"pitch":-1}`: "voice.pitch", `{"rate":"x"}`: "voice", `[`: "voice",
	} {
		_, err := l.openVoice([]byte(options))
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != field || e.Status != 400 || !strings.Contains(e.Message, field) {
			t.Errorf("%s: %v", options, err)
		}
	}
	for _, options := range []string{``, `null`, `{}`, `{"type":"voice_local","id":"v","user_id":"u"}`} {
		v, err := l.openVoice([]byte(options))
		if err != nil || v.options != (VoiceOptions{"rms", 1, 1}) {
			t.Errorf("%q: %+v, %v", options, v, err)
		}
	}
	s := l.Spec()
	if s.Name != "local" || s.Env != "" || s.Hearing == nil || s.Thinking == nil || s.Speaking == nil {
		t.Errorf("%+v", s)
	}
}

func texts(chunks []tts.Chunk) (s string) {
	for _, c := range chunks {
		s += c.Text
	}
	return s
}

func pcmOf(chunks []tts.Chunk) (pcm []int16) {
	for _, c := range chunks {
		pcm = append(pcm, c.Frame[:]...)
	}
	return pcm
}

// awkward pieces: what a model writes, and worse.
var awkward = []string{"-o /dev/null --help. ", "Dr. Khoury’s café — “très bien”, costs $95.50! ", "… ", "", " \n ", "-", "$(reboot) `ls`; rm -rf / | cat > x\n",
	"A\x00B\x1b[31m ", "100% of 3/4 at 9:30 a.m. ", "日本語 and 한국어. ", "\xff\xfe bytes. ", "<speak>mark up</speak> & more "}

func TestAllTextsTogetherAreTheText(t *testing.T) {
	t.Parallel()
	l := speech(t)
	for _, lang := range []string{"en", "fr"} {
		for _, v := range flite.Voices() {
			if v != "rms" && (lang != "en" || v != "kal") {
				continue
			}
			chunks := say(t, l, `{"voice":"`+v+`"}`, lang, awkward...)
			if got, want := texts(chunks), strings.Join(awkward, ""); got != want {
				t.Errorf("%s %s: told\n%q of\n%q", lang, v, got, want)
			}
			if chunks[0].Vendor != "local" || chunks[1].Vendor != "" {
				t.Errorf("%s: named %q, %q", v, chunks[0].Vendor, chunks[1].Vendor)
			}
		}
	}
	long := strings.Repeat("This is a rather long reply that goes on and on without a pause and then ", 8) + strings.Repeat("wordword", 40)
	if got := texts(say(t, l, "", "en", long)); got != long {
		t.Errorf("told %d bytes of %d", len(got), len(long))
	}
}

func TestWordsComeWithTheirSound(t *testing.T) {
	l := speech(t)
	chunks := say(t, l, "", "en", "One two three four five six.")
	at := map[string]int{}
	for i, c := range chunks {
		for _, w := range strings.Fields(c.Text) {
			at[strings.Trim(w, ".")] = i
		}
	}
	words := []string{"One", "two", "three", "four", "five", "six"}
	for i := 1; i < len(words); i++ {
		if gap := at[words[i]] - at[words[i-1]]; gap < 5 || gap > 40 {
			t.Errorf("%s comes %d frames after %s", words[i], gap, words[i-1])
		}
	}
	if energy := chunks[1].Frame.RMS(); energy < 50 {
		t.Errorf("the sound begins with silence: RMS %g", energy)
	}
}

func TestRateAndPitch(t *testing.T) {
	l := speech(t)
	const text = "We are open every day from nine until five, and on Saturday until noon."
	for _, v := range []string{"rms", "kal"} {
		plain := say(t, l, `{"voice":"`+v+`"}`, "en", text)
		fast := say(t, l, `{"voice":"`+v+`","rate":1.5}`, "en", text)
		high := say(t, l, `{"voice":"`+v+`","pitch":1.5}`, "en", text)
		if r := float64(len(plain)) / float64(len(fast)); r < 1.3 || r > 1.7 {
			t.Errorf("%s: rate 1.5 is %.2f times as fast", v, r)
		}
		if r := pitch(pcmOf(high)) / pitch(pcmOf(plain)); r < 1.25 || r > 1.75 {
			t.Errorf("%s: pitch 1.5 is %.2f times as high", v, r)
		}
	}
	plain, fast := say(t, l, "", "es", "Buenos días, ¿en qué puedo ayudarle?"), say(t, l, `{"rate":1.6}`, "es", "Buenos días, ¿en qué puedo ayudarle?")
	if r := float64(len(plain)) / float64(len(fast)); r < 1.25 {
		t.Errorf("espeak-ng: rate 1.6 is %.2f times as fast", r)
	}
}

// pitch is the mean fundamental by autocorrelation, 60–300 Hz, over the loud stretches.
func pitch(pcm []int16) float64 {
	const window = 1024
	sum, n := 0.0, 0.0
	for from := 0; from+2*window < len(pcm); from += window {
		if audio.RMS(pcm[from:from+window]) < 800 {
			continue
		}
		best, lag := 0.0, 0
		power := 0.0
		for i := range window {
			power += float64(pcm[from+i]) * float64(pcm[from+i])
		}
		for l := audio.Rate / 300; l < audio.Rate/60; l++ {
			c := 0.0
			for i := range window {
				c += float64(pcm[from+i]) * float64(pcm[from+i+l])
			}
			if c > best {
				best, lag = c, l
			}
		}
		if best > 0.5*power {
			sum += float64(audio.Rate) / float64(lag)
			n++
		}
	}
	return sum / math.Max(n, 1)
}

func TestEveryLanguageSpeaks(t *testing.T) {
	l := speech(t)
	for lang, text := range map[string]string{"es": "Buenos días. ", "de": "Guten Tag. ", "hi": "नमस्ते। ", "pt": "Bom dia. ", "fr": "Bonjour. ", "nl": "Goedendag. ",
		"id": "Selamat pagi. ", "it": "Buongiorno. ", "ja": "こんにちは。", "ko": "안녕하세요. ", "en-GB": "Good day. "} {
		chunks := say(t, l, "", lang, text, "-v xx. ")
		if texts(chunks) != text+"-v xx. " || len(chunks) < 20 || audio.RMS(pcmOf(chunks)) < 200 {
			t.Errorf("%s: %d frames of RMS %.0f tell %q", lang, len(chunks), audio.RMS(pcmOf(chunks)), texts(chunks))
		}
	}
}

// TestPiecesAreRenderedAhead: the second piece is not kept waiting by a slow listener, and text is not taken without bound.
func TestPiecesAreRenderedAhead(t *testing.T) {
	l := speech(t)
	v, err := l.openVoice(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	text := make(chan string)
	took := make(chan int)
	go func() {
		defer close(took)
		for i := range 100 {
			select {
			case text <- "Hello there. ":
				took <- i + 1
			case <-ctx.Done():
				return
			}
		}
	}()
	n := 0
	for _, err := range v.Speak(ctx, text, tts.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for n < aheadPieces { // while the listener stands still at the first frame
			n = <-took
		}
		break
	}
	cancel()
	for m := range took {
		n = m
	}
	if n > aheadPieces+3 {
		t.Errorf("%d pieces were taken ahead, %d is the bound", n, aheadPieces)
	}
}

func TestCuts(t *testing.T) {
	for _, text := range append(slices.Clone(awkward), strings.Repeat("word ", 100), strings.Repeat("é", 900), "Short.") {
		got := cuts(text)
		if strings.Join(got, "") != text {
			t.Errorf("%q was cut into %q", text, got)
		}
		for _, c := range got {
			if len(c) > cutMost+4 {
				t.Errorf("a cut of %d bytes", len(c))
			}
		}
	}
	got := cuts("We are open from nine in the morning until six in the evening, Monday to Friday, and on Saturday from ten until two.")
	if len(got) != 2 || got[1] != " and on Saturday from ten until two." && !strings.HasPrefix(got[1], " ") {
		t.Errorf("%q", got)
	}
}

func TestSpeakingStopsAtOnce(t *testing.T) {
	l := speech(t)
	v, err := l.openVoice(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "de"} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		text := make(chan string, 1)
		text <- strings.Repeat("And then there was more to say about it. ", 100)
		var last error
		n := 0
		for _, err := range v.Speak(ctx, text, tts.Options{Language: lang}) {
			if n++; n == 10 {
				cancel()
			}
			last = err
		}
		cancel()
		if !errors.Is(last, context.Canceled) || n > 100 {
			t.Errorf("%s: %d frames, then %v", lang, n, last)
		}
	}
}

var _ provider.Warmer = (*voice)(nil)
var _ provider.Warmer = (*transcriber)(nil)
