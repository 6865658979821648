package openai

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

// utterances is what hears by o when the agent says options.
func utterances(t testing.TB, o *providertest.OpenAI, options string) stt.Transcriber {
	t.Helper()
	tr, err := Compatible().Hearing.Open(access(o), []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func twoUtterances() []audio.Frame {
	return append(append(providertest.Voiced("one two three"), providertest.Silence(10)...), providertest.Voiced("four five")...)
}

func TestUtterances(t *testing.T) {
	for name, tc := range map[string]struct {
		options string
		ears    providertest.Ears
	}{
		"OpenAI":      {`{"model":"gpt-4o-mini-transcribe"}`, providertest.Ears{JSONOnly: true}},
		"Groq":        {`{"model":"whisper-large-v3-turbo"}`, providertest.Ears{}},
		"whisper.cpp": {`{}`, providertest.Ears{Segmented: true}},
		"no words":    {`{"model":"w"}`, providertest.Ears{NoWords: true}},
		"text alone":  {`{"model":"x"}`, providertest.Ears{JSONOnly: true, NoWords: true}},
		"interim":     {`{"model":"w","interim_ms":200}`, providertest.Ears{}},
	} {
		t.Run(name, func(t *testing.T) {
			suite := providertest.Hearing{Sound: twoUtterances(), Open: func(t testing.TB) stt.Transcriber {
				o := providertest.NewOpenAI(t)
				o.Ears = tc.ears
				return utterances(t, o, tc.options)
			}}
			if name == "Groq" {
				suite.Failing = func(t testing.TB, f providertest.Fault) stt.Transcriber {
					o := providertest.NewOpenAI(t)
					o.Fail(f, 1)
					return utterances(t, o, tc.options)
				}
			}
			suite.Test(t)
		})
	}
}

// TestForm: what each option and each of the agent's own words is on the wire.
func TestForm(t *testing.T) {
	whole := func(fields map[string][]string) map[string][]string {
		for k, v := range map[string][]string{"response_format": {"verbose_json"}, "timestamp_granularities[]": {"word", "segment"}, "model": {"w"}, "language": {"en"}} {
			if fields[k] == nil {
				fields[k] = v
			}
		}
		return fields
	}
	keywords := map[string]float64{"Brezn": 1, "Semmel & Co": 3}
	for name, tc := range map[string]struct {
		options string
		o       stt.Options
		want    map[string][]string
	}{
		"plain":                {`{"model":"w"}`, stt.Options{}, whole(map[string][]string{})},
		"model":                {`{"model":"whisper-1"}`, stt.Options{}, whole(map[string][]string{"model": {"whisper-1"}})},
		"a model of text only": {`{"model":"gpt-4o-transcribe"}`, stt.Options{}, map[string][]string{"model": {"gpt-4o-transcribe"}, "response_format": {"json"}, "language": {"en"}}},
		"the agent's language": {`{"model":"w"}`, stt.Options{Language: "hi"}, whole(map[string][]string{"language": {"hi"}})},
		"a language":           {`{"model":"w","language":"pt-BR"}`, stt.Options{Language: "en"}, whole(map[string][]string{"language": {"pt"}})},
		"prompt":               {`{"model":"w","prompt":"A bakery."}`, stt.Options{}, whole(map[string][]string{"prompt": {"A bakery."}})},
		"keywords":             {`{"model":"w"}`, stt.Options{Keywords: keywords}, whole(map[string][]string{"prompt": {"Semmel & Co, Brezn"}})},
		"prompt and keywords":  {`{"model":"w","prompt":"A bakery."}`, stt.Options{Keywords: keywords}, whole(map[string][]string{"prompt": {"A bakery.\nSemmel & Co, Brezn"}})},
		"keywords, in a sentence": {`{"model":"gpt-4o-transcribe"}`, stt.Options{Keywords: keywords}, map[string][]string{"model": {"gpt-4o-transcribe"}, "response_format": {"json"}, "language": {"en"},
			"prompt": {"Words that may occur: Semmel & Co, Brezn"}}},
	} {
		o := providertest.NewOpenAI(t)
		if got := providertest.Hear(t, utterances(t, o, tc.options), providertest.Voiced("one two"), 0, tc.o); got != "one two" {
			t.Errorf("%s: heard %q", name, got)
		}
		all := o.Transcriptions()
		if len(all) != 1 {
			t.Fatalf("%s: %d requests", name, len(all))
		}
		r := all[0]
		if !reflect.DeepEqual(r.Fields.Value, tc.want) || r.File != "speech.wav" || r.Kind != "audio/wav" {
			t.Errorf("%s: %v, %s as %s, want %v", name, r.Fields.Value, r.File, r.Kind, tc.want)
		}
	}
}

// TestSilenceDuration: the pause that parts two utterances.
func TestSilenceDuration(t *testing.T) {
	for options, want := range map[string]int{`{"model":"w"}`: 2, `{"model":"w","silence_duration_ms":700}`: 1, `{"model":"w","silence_duration_ms":60}`: 5} {
		o := providertest.NewOpenAI(t)
		providertest.Hear(t, utterances(t, o, options), twoUtterances(), 0, stt.Options{})
		if got := len(o.Transcriptions()); got != want {
			t.Errorf("%s: %d requests, want %d", options, got, want)
		}
	}
}

// TestInterim: requests while somebody speaks, and none without the option.
func TestInterim(t *testing.T) {
	long := providertest.Voiced(strings.Repeat("one two three four ", 5))
	for options, interim := range map[string]bool{`{"model":"w"}`: false, `{"model":"w","interim_ms":300}`: true} {
		o := providertest.NewOpenAI(t)
		ctx := t.Context()
		in := make(chan audio.Frame)
		go func() {
			defer close(in)
			for _, f := range long {
				in <- f
				time.Sleep(time.Millisecond)
			}
		}()
		var partials, finals []string
		for e, err := range utterances(t, o, options).Transcribe(ctx, in, stt.Options{}) {
			switch {
			case err != nil:
				t.Fatal(err)
			case e.Final:
				finals = append(finals, e.Text)
			case e.Text != "":
				partials = append(partials, e.Text)
			}
		}
		whole := strings.TrimSpace(strings.Repeat("one two three four ", 5))
		if !slices.Equal(finals, []string{whole}) {
			t.Errorf("%s: finals %q", options, finals)
		}
		for _, p := range partials {
			if !strings.HasPrefix(whole, p) {
				t.Errorf("%s: partial %q", options, p)
			}
		}
		if n := len(o.Transcriptions()); interim != (n > 1) || interim != (len(partials) > 1) {
			t.Errorf("%s: %d requests, partials %q", options, n, partials)
		}
	}
}

// TestNothingIsAskedOfNothing: silence, hiss, hum and clicks are no requests.
func TestNothingIsAskedOfNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(level float64) (out []audio.Frame) {
		for range 250 {
			var f audio.Frame
			for i := range f {
				f[i] = int16(level * r.NormFloat64())
			}
			out = append(out, f)
		}
		return out
	}
	hum := providertest.Silence(250)
	for k := range hum {
		for i := range hum[k] {
			hum[k][i] = int16(600 * math.Sin(2*math.Pi*50*float64(k*audio.Samples+i)/audio.Rate))
		}
	}
	clicks := providertest.Silence(250)
	for k := 20; k < len(clicks); k += 30 {
		clicks[k][100], clicks[k][101] = 20000, -20000
	}
	for name, sound := range map[string][]audio.Frame{"silence": providertest.Silence(500), "hiss": noise(60), "hum": hum, "clicks": clicks, "no sound": nil} {
		o := providertest.NewOpenAI(t)
		if got := providertest.Hear(t, utterances(t, o, `{"model":"w","interim_ms":200}`), sound, 0, stt.Options{}); got != "" || o.Count() != 0 {
			t.Errorf("%s: heard %q by %d requests", name, got, o.Count())
		}
	}
}

// TestMadeUp: what Whisper makes of breath is not told.
func TestMadeUp(t *testing.T) {
	for name, tc := range map[string]struct {
		says func(*providertest.Saying)
		want string
	}{
		"words":              {func(*providertest.Saying) {}, "one two"},
		"its doubts":         {func(s *providertest.Saying) { s.NoSpeech, s.Logprob = 0.9, -1.3 }, ""},
		"sure of itself":     {func(s *providertest.Saying) { s.NoSpeech, s.Logprob = 0.9, -0.3 }, "one two"},
		"round in circles":   {func(s *providertest.Saying) { s.Compression = 3 }, ""},
		"too much":           {func(s *providertest.Saying) { s.Text = strings.Repeat("and so on ", 20) }, ""},
		"credits":            {func(s *providertest.Saying) { s.Text = "Thanks for watching!" }, ""},
		"an aside":           {func(s *providertest.Saying) { s.Text = "[BLANK_AUDIO]" }, ""},
		"an aside and words": {func(s *providertest.Saying) { s.Text = "(door closes) Hello." }, "hello."},
		"nothing":            {func(s *providertest.Saying) { s.Text = " " }, ""},
		"the prompt":         {func(s *providertest.Saying) { s.Text = "The call is about bread" }, ""},
	} {
		o := providertest.NewOpenAI(t)
		o.Ears.Says = tc.says
		if got := providertest.Hear(t, utterances(t, o, `{"model":"w","prompt":"The call is about bread and rolls."}`), providertest.Voiced("one two"), 0, stt.Options{}); got != tc.want {
			t.Errorf("%s: heard %q, want %q", name, got, tc.want)
		}
	}
}

func TestSensible(t *testing.T) {
	for text, want := range map[string]string{
		"Thank you.": "Thank you.", "Thank you for watching.": "", "Subtitles by the Amara.org community": "", "Untertitel der Amara.org-Community": "",
		"Vielen Dank fürs Zuschauen!": "", "Sous-titrage Société Radio-Canada": "", "ご視聴ありがとうございました。": "", "はい、お願いします。": "はい、お願いします。",
		"♪ la la ♪": "", "*coughs*": "", "...": "", "I was watching subtitles by accident": "I was watching subtitles by accident",
		"Gracias por ver el video": "", "gracias": "gracias", "Ja.": "Ja.", "Please subscribe to my channel": "", "subscribe me": "subscribe me",
	} {
		if got := sensible(text, 2*time.Second, ""); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestWords: words have their places in the stream, the vendor's where it tells them.
func TestWords(t *testing.T) {
	sound := append(providertest.Silence(50), providertest.Voiced("one two three")...)
	for name, tc := range map[string]struct {
		ears   providertest.Ears
		within time.Duration
	}{"told": {providertest.Ears{}, 0}, "in segments": {providertest.Ears{Segmented: true}, 0}, "not told": {providertest.Ears{NoWords: true}, 400 * time.Millisecond}} {
		o := providertest.NewOpenAI(t)
		o.Ears = tc.ears
		for e, err := range utterances(t, o, `{"model":"w"}`).Transcribe(t.Context(), given(sound), stt.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			if !e.Final {
				continue
			}
			if len(e.Words) != 3 || !e.End {
				t.Fatalf("%s: %+v", name, e)
			}
			for i, w := range e.Words {
				want := time.Second + time.Duration(i)*160*time.Millisecond
				if d := (w.Start - want).Abs(); d > tc.within || w.End < w.Start || w.Text != []string{"one", "two", "three"}[i] {
					t.Errorf("%s: word %+v, want it at %s", name, w, want)
				}
			}
		}
	}
}

func given(frames []audio.Frame) <-chan audio.Frame {
	in := make(chan audio.Frame, len(frames))
	for _, f := range frames {
		in <- f
	}
	close(in)
	return in
}

// TestLearns: what a server refuses is not asked of it again.
func TestLearns(t *testing.T) {
	for name, tc := range map[string]struct {
		ears providertest.Ears
		want int // requests for two utterances
	}{"takes all": {providertest.Ears{}, 2}, "no words": {providertest.Ears{NoWords: true}, 3}, "no verbose_json": {providertest.Ears{JSONOnly: true}, 3}} {
		o := providertest.NewOpenAI(t)
		o.Ears = tc.ears
		for range 2 {
			if got := providertest.Hear(t, utterances(t, o, `{"model":"w"}`), providertest.Voiced("one two"), 0, stt.Options{}); got != "one two" {
				t.Errorf("%s: heard %q", name, got)
			}
		}
		if o.Count() != tc.want {
			t.Errorf("%s: %d requests, want %d", name, o.Count(), tc.want)
		}
	}
}

// TestNamed: which model is asked for when the agent names none.
func TestNamed(t *testing.T) {
	for want, models := range map[string][]string{
		"whisper-1":              nil,
		"only-one":               {"only-one"},
		"whisper-large-v3-turbo": {"llama-3", "whisper-large-v3", "whisper-large-v3-turbo", "distil-whisper"},
		"nvidia/parakeet":        {"qwen", "nvidia/parakeet"},
	} {
		o := providertest.NewOpenAI(t)
		o.Ears.Models = models
		for range 2 {
			providertest.Hear(t, utterances(t, o, `{}`), providertest.Voiced("one two"), 0, stt.Options{})
		}
		all := o.Transcriptions()
		if len(all) != 2 || all[0].Fields.Value["model"][0] != want || o.Count() != 3 {
			t.Errorf("want %s of %v: %d requests, %+v", want, models, o.Count(), all)
		}
	}
}

// TestDeafServers: one that does not transcribe says so, and one that has other models than before is asked which.
func TestDeafServers(t *testing.T) {
	o := providertest.NewOpenAI(t)
	tr, err := Compatible().Hearing.Open(provider.Access{BaseURL: o.URL + "/elsewhere"}, []byte(`{"model":"w"}`))
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range tr.Transcribe(t.Context(), given(twoUtterances()), stt.Options{}) {
		last = err
	}
	var v *parley.VendorError
	if !errors.As(last, &v) || v.Code != parley.VendorRefused || v.Vendor != "openai_compatible" || !strings.Contains(v.Message, "/elsewhere has no /audio/transcriptions") {
		t.Errorf("ended with %v", last)
	}
	o.Ears.Models, o.Ears.Gone = []string{"whisper-a"}, "whisper-a"
	for range tr.Transcribe(t.Context(), given(nil), stt.Options{}) {
		t.Error("no sound is something")
	}
	for i, want := range []string{"", "one"} {
		last, heard := error(nil), ""
		for e, err := range utterances(t, o, `{}`).Transcribe(t.Context(), given(providertest.Voiced("one")), stt.Options{}) {
			if last = err; e.Final {
				heard = e.Text
			}
		}
		if heard != want || i == 0 && (!errors.As(last, &v) || !strings.Contains(v.Message, "whisper-a")) {
			t.Errorf("%d: heard %q: %v", i, heard, last)
		}
		o.Ears.Models = []string{"whisper-b"}
	}
}

// TestUtterancesWarm: the first utterance finds a connection, and a model.
func TestUtterancesWarm(t *testing.T) {
	for _, options := range []string{`{}`, `{"model":"w"}`} {
		o := providertest.NewOpenAI(t)
		tr := utterances(t, o, options)
		if err := tr.(provider.Warmer).Warm(t.Context()); err != nil || o.Count() != 1 {
			t.Errorf("%s: %d requests, %v", options, o.Count(), err)
		}
		if got := providertest.Hear(t, tr, providertest.Voiced("one"), 0, stt.Options{}); got != "one" || o.Count() != 2 {
			t.Errorf("%s: heard %q by %d requests", options, got, o.Count())
		}
	}
}

// TestWhichAPI: who is asked by which API.
func TestWhichAPI(t *testing.T) {
	openai, compatible := Spec(), Compatible()
	for name, tc := range map[string]struct {
		spec    provider.Spec
		options string
		deaf    bool
		want    int // requests to /audio/transcriptions
	}{
		"a server with realtime":       {openai, `{}`, false, 0},
		"a server without":             {openai, `{}`, true, 1},
		"asked for":                    {openai, `{"api":"transcriptions"}`, false, 1},
		"compatible":                   {compatible, `{}`, false, 1},
		"compatible, asked for":        {compatible, `{"api":"realtime"}`, false, 0},
		"compatible, transcriptions":   {compatible, `{"api":"transcriptions"}`, false, 1},
		"realtime asked for, in words": {openai, `{"api":"realtime"}`, false, 0},
	} {
		o := providertest.NewOpenAI(t)
		o.Deaf = tc.deaf
		for range 2 {
			tr, err := tc.spec.Hearing.Open(access(o), []byte(tc.options))
			if err != nil {
				t.Fatal(err)
			}
			sound := providertest.Spoken("one two") // resampled, tones are no words to the fake
			if tc.want > 0 {
				sound = providertest.Voiced("one two")
			}
			if got := providertest.Hear(t, tr, sound, 0, stt.Options{}); got != "one two" {
				t.Errorf("%s: heard %q", name, got)
			}
		}
		if got := len(o.Transcriptions()); got != 2*tc.want {
			t.Errorf("%s: %d transcriptions, want %d", name, got, 2*tc.want)
		}
		if tc.deaf && o.Count() != 1+1+2 { // the handshake and the list once
			t.Errorf("%s: %d requests", name, o.Count())
		}
	}
	own, err := openai.Hearing.Open(provider.Access{Key: "k", BaseURL: openai.BaseURL}, nil)
	if _, ok := own.(*Transcriber); !ok || err != nil {
		t.Errorf("OpenAI itself is heard by %T, %v", own, err)
	}
	whole, err := openai.Hearing.Open(provider.Access{Key: "k"}, []byte(`{"api":"transcriptions"}`))
	if u, ok := whole.(*Utterances); !ok || err != nil || u.options.Model != "gpt-4o-mini-transcribe" {
		t.Errorf("OpenAI itself by utterances: %+v, %v", whole, err)
	}
}

func TestOpenEar(t *testing.T) {
	var e *parley.Error
	var v *parley.VendorError
	for options, field := range map[string]string{`{"api":"telepathy"}`: "transcriber.api", `{"interim_ms":"often"}`: "transcriber", `{"model":7}`: "transcriber"} {
		if _, err := Compatible().Hearing.Open(provider.Access{BaseURL: "http://x/v1"}, []byte(options)); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", options, err)
		}
	}
	if _, err := Compatible().Hearing.Open(provider.Access{}, nil); !errors.As(err, &e) || e.Field != "base_url" {
		t.Errorf("without an address: %v", err)
	}
	if _, err := Spec().Hearing.Open(provider.Access{}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
	strange, err := Compatible().Hearing.Open(provider.Access{BaseURL: "http://a b/v1"}, []byte(`{"model":"w"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range strange.Transcribe(t.Context(), given(twoUtterances()), stt.Options{}) {
		if err != nil && (!errors.As(err, &e) || e.Field != "base_url") {
			t.Errorf("a strange address: %v", err)
		}
	}
}

// TestAnswersOutOfTime: an utterance that is never transcribed is an error in bounded time.
func TestAnswersOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := Utterances{endpoint: endpoint{vendor: "openai", base: "http://never.invalid/v1", net: provider.Guarded(nowhere)}, options: TranscriberOptions{Model: "w", SilenceDurationMS: 300}}
		start := time.Now()
		var last error
		for _, err := range u.Transcribe(t.Context(), given(twoUtterances()), stt.Options{}) {
			last = err
		}
		var v *parley.VendorError
		if !errors.As(last, &v) || v.Code != parley.VendorTimeout || time.Since(start) < answerWithin || time.Since(start) > answerWithin+time.Second {
			t.Errorf("after %s: %v", time.Since(start), last)
		}
		time.Sleep(2 * time.Minute)
	})
}

// TestCutter: the longest utterance is parted at a gap, and nothing is lost between the parts.
func TestCutter(t *testing.T) {
	for name, pause := range map[string]int{"with gaps": 5, "without": 2} { // frames between words
		var sound []audio.Frame
		for len(sound) < 3000 {
			sound = append(append(sound, providertest.Voiced("five")[:5]...), providertest.Silence(pause)...)
		}
		c := cutter{silence: 15}
		next, parts := 0, 0
		take := func(u *utterance) {
			if u == nil {
				return
			}
			if parts > 0 && u.began != next || u.frames > longest || len(u.pcm) != u.frames*2*audio.Samples {
				t.Errorf("%s: a part from %d of %d frames, the one before ended at %d", name, u.began, u.frames, next)
			}
			next = u.began + u.frames
			parts++
		}
		for i := range sound {
			_, done := c.hear(&sound[i])
			take(done)
		}
		take(c.rest())
		if parts < 2 || next != len(sound) || c.rest() != nil {
			t.Errorf("%s: %d parts up to %d of %d", name, parts, next, len(sound))
		}
	}
}

func FuzzTranscript(f *testing.F) {
	f.Add([]byte(`{"text":"one two","words":[{"word":"one","start":0.1,"end":0.2}],"segments":[{"text":" one two","start":0,"end":1,"no_speech_prob":0.9,"avg_logprob":-2}]}`), "one")
	f.Add([]byte(`{"text":"x","words":[{"word":"x","start":-1,"end":1e308},{"word":"y","start":5,"end":0}]}`), "")
	f.Fuzz(func(t *testing.T, b []byte, prompt string) {
		tr, ok := parseTranscript(b)
		if !ok {
			return
		}
		u := utterance{began: 100, frames: 50, last: 140}
		text, words := tr.heard(&u, prompt)
		if text == "" && len(words) > 0 || text != "" && len(words) == 0 {
			t.Errorf("%q with %v", text, words)
		}
		at := 2 * time.Second
		for _, w := range words {
			if w.Start < at || w.End < w.Start || w.End > 3*time.Second {
				t.Errorf("word %+v after %s", w, at)
			}
			at = w.End
		}
	})
}

// TestLiveUtterances hears by OpenAI's own transcriptions, or by those of OPENAI_COMPATIBLE_BASE_URL.
func TestLiveUtterances(t *testing.T) {
	key, base := os.Getenv("OPENAI_API_KEY"), os.Getenv("OPENAI_COMPATIBLE_BASE_URL")
	if !*live || key == "" {
		t.Skip("-live and OPENAI_API_KEY not given")
	}
	v, err := NewVoice(provider.Access{Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sound := providertest.Say(t, v, "My name is Alice, and I live in London.")
	spec, a := Spec(), provider.Access{Key: key}
	if base != "" {
		spec, a = Compatible(), provider.Access{Key: os.Getenv("OPENAI_COMPATIBLE_API_KEY"), BaseURL: base}
	}
	tr, err := spec.Hearing.Open(a, []byte(`{"api":"transcriptions","interim_ms":1000}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := providertest.Hear(t, tr, sound, 20*time.Millisecond, stt.Options{Language: "en"}); !strings.Contains(got, "london") {
		t.Errorf("heard %q", got)
	}
}

// BenchmarkUtterance measures, against the fake, from the answer's first byte to the final words: what our plumbing adds. The kernel's
// part and the fake's own are in it.
func BenchmarkUtterance(b *testing.B) {
	o := providertest.NewOpenAI(b)
	tr, sound := utterances(b, o, `{"model":"w"}`), providertest.Voiced("one two three")
	var took []time.Duration
	for b.Loop() {
		for e, err := range tr.Transcribe(b.Context(), given(sound), stt.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			if e.Final {
				took = append(took, time.Since(o.Sounded()))
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// BenchmarkListening is a frame of silence on its way to nowhere.
func BenchmarkListening(b *testing.B) {
	c, f := cutter{silence: 15}, new(audio.Frame)
	b.ReportAllocs()
	for b.Loop() {
		c.hear(f)
	}
}

// nowhere is a dialler to servers that never answer.
func nowhere(ctx context.Context, _, _ string) (net.Conn, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Minute): // a dial outlives the request that wanted it
		return nil, net.ErrClosed
	}
}
