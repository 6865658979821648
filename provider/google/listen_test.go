package google

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

func transcriber(t testing.TB, g *providertest.Google, options string) *Transcriber {
	t.Helper()
	tr, err := NewTranscriber(access(g), []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestHearing(t *testing.T) {
	for name, ears := range map[string]providertest.GoogleEars{"": {}, "no activity": {NoActivity: true}, "no ends": {NoEnds: true}, "another model": {Lacks: phoneModel}} {
		t.Run(name, func(t *testing.T) {
			suite := providertest.Hearing{Open: func(t testing.TB) stt.Transcriber {
				g := providertest.NewGoogle(t)
				g.Hears = ears
				return transcriber(t, g, "")
			}}
			if name == "another model" {
				suite.Options.Language = "id"
			}
			if name == "" {
				suite.Failing = func(t testing.TB, f providertest.Fault) stt.Transcriber {
					g := providertest.NewGoogle(t)
					g.Fail(f, 1)
					return transcriber(t, g, "")
				}
			}
			suite.Test(t)
		})
	}
}

// TestConfiguration: what each option and each of the agent's own words is on the wire, by the numbers of RecognitionConfig's fields.
func TestConfiguration(t *testing.T) {
	const plain = `1=1 2=16000 3="en-US" 8=1 11=1 13="telephony"`
	for name, tc := range map[string]struct {
		options  string
		o        stt.Options
		want     string
		contexts []providertest.GoogleContext
	}{
		"plain":                 {``, stt.Options{}, plain, nil},
		"null":                  {`null`, stt.Options{Language: "en"}, plain, nil},
		"the agent's language":  {``, stt.Options{Language: "hi"}, `1=1 2=16000 3="hi-IN" 8=1 11=1 13="telephony"`, nil},
		"a language":            {`{"language":"en-GB"}`, stt.Options{Language: "hi"}, `1=1 2=16000 3="en-GB" 8=1 11=1 13="telephony"`, nil},
		"model":                 {`{"model":"latest_long"}`, stt.Options{}, `1=1 2=16000 3="en-US" 8=1 11=1 13="latest_long"`, nil},
		"automatic_punctuation": {`{"automatic_punctuation":false}`, stt.Options{}, `1=1 2=16000 3="en-US" 8=1 13="telephony"`, nil},
		"spoken_punctuation":    {`{"spoken_punctuation":true}`, stt.Options{}, plain + ` 22="\b\x01"`, nil},
		"use_enhanced":          {`{"model":"phone_call","use_enhanced":true}`, stt.Options{}, `1=1 2=16000 3="en-US" 8=1 11=1 13="phone_call" 14=1`, nil},
		"profanity_filter":      {`{"profanity_filter":true}`, stt.Options{}, `1=1 2=16000 3="en-US" 5=1 8=1 11=1 13="telephony"`, nil},
		"alternative_languages": {`{"alternative_languages":["de","pl-PL"]}`, stt.Options{}, plain + ` 18="de-DE" 18="pl-PL"`, nil},
		"keywords": {``, stt.Options{Keywords: map[string]float64{"Brezn": 1, "Semmel & Co": 3, "Weck": 1, " ": 9, "much": 90, "endless": math.Inf(1), "none": 0, "no number": math.NaN(), "less": -5, strings.Repeat("ü", 101): 9}}, plain,
			[]providertest.GoogleContext{{Phrases: []string{"endless", "much"}, Boost: 20}, {Phrases: []string{"Semmel & Co"}, Boost: 3}, {Phrases: []string{"Brezn", "Weck"}, Boost: 1}, {Phrases: []string{"none", "less", "no number"}}}},
	} {
		g := providertest.NewGoogle(t)
		providertest.Hear(t, transcriber(t, g, tc.options), providertest.Silence(7), 0, tc.o)
		streams := g.Streams()
		if len(streams) != 1 {
			t.Fatalf("%s: %d streams", name, len(streams))
		}
		s := streams[0]
		if s.Fields != tc.want || !reflect.DeepEqual(s.Contexts, tc.contexts) || !s.Interim || !s.Activity || s.Single || s.Sound != 140*time.Millisecond {
			t.Errorf("%s: %+v, want %s", name, s, tc.want)
		}
	}
	many := map[string]float64{}
	for i := range 9000 {
		many[fmt.Sprintf("word %04d %s", i, strings.Repeat("x", i%90))] = float64(i % 3)
	}
	if n := len(appendContexts(nil, many)); n > 130_000 || n < 90_000 {
		t.Errorf("hints of %d bytes", n)
	}
}

// TestLanguages: the contract's languages as Google names them.
func TestLanguages(t *testing.T) {
	for code, want := range map[string]string{"en": "en-US", "es": "es-US", "de": "de-DE", "hi": "hi-IN", "pt": "pt-BR", "fr": "fr-FR", "nl": "nl-NL", "id": "id-ID",
		"it": "it-IT", "ja": "ja-JP", "ko": "ko-KR", "EN": "en-US", "en-IN": "en-IN"} {
		if got := locale(code); got != want {
			t.Errorf("%s is %s, want %s", code, got, want)
		}
	}
}

// TestLearnsModels: a language without the model for the telephone is asked for with it once.
func TestLearnsModels(t *testing.T) {
	g := providertest.NewGoogle(t)
	g.Hears.Lacks = phoneModel
	for range 2 {
		if got := providertest.Hear(t, transcriber(t, g, ""), providertest.Spoken("one two"), 0, stt.Options{Language: "xx-XX"}); got != "one two" {
			t.Errorf("heard %q", got)
		}
	}
	if n := len(g.Streams()); n != 3 {
		t.Errorf("%d streams, want 3", n)
	}
	var v *parley.VendorError
	_, err := heard(transcriber(t, g, `{"model":"telephony"}`), providertest.Spoken("one"))
	if !errors.As(err, &v) || v.Code != parley.VendorRefused || !strings.Contains(v.Message, "not supported for language") {
		t.Errorf("a model that was named: %v", err)
	}
}

// heard is what a stream tells of sound, as fast as it is taken.
func heard(tr stt.Transcriber, frames []audio.Frame) (events []stt.Event, err error) {
	in := make(chan audio.Frame, len(frames))
	for _, f := range frames {
		in <- f
	}
	close(in)
	for e, er := range tr.Transcribe(context.Background(), in, stt.Options{}) {
		if er != nil {
			err = er
			continue
		}
		events = append(events, e)
	}
	return events, err
}

// TestEvents: activity, partials, finals and their places.
func TestEvents(t *testing.T) {
	g := providertest.NewGoogle(t)
	events, err := heard(transcriber(t, g, ""), append(providertest.Silence(50), append(providertest.Spoken("one two"), providertest.Spoken("three")...)...))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var words []stt.Word
	for _, e := range events {
		switch {
		case e.Started:
			got = append(got, "!")
		case e.Final && e.End:
			got = append(got, e.Text+".")
			words = append(words, e.Words...)
		case e.Final || e.End:
			t.Errorf("%+v", e)
		default:
			got = append(got, e.Text)
		}
	}
	if text := strings.Join(got, " | "); text != "! | one | one two | one two. | ! | three | three." {
		t.Errorf("told %s", text)
	}
	at := time.Second
	want := []stt.Word{{Text: "one", Start: at, End: at + 100*time.Millisecond}, {Text: "two", Start: at + 160*time.Millisecond, End: at + 260*time.Millisecond},
		{Text: "three", Start: at + 620*time.Millisecond, End: at + 720*time.Millisecond}}
	if !reflect.DeepEqual(words, want) {
		t.Errorf("words %v", words)
	}
}

const numbers = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"

// TestLongCalls: Google ends streams after 5 minutes; ours give way before, and no word is lost or told twice, wherever they do.
func TestLongCalls(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		quiet, most time.Duration // ages, of sound
		longest     time.Duration // Google's own
		pause       int           // frames between utterances
	}{
		"while nobody speaks":          {2 * time.Second, 6 * time.Second, 0, 40},
		"in the middle of words":       {time.Hour, 1500 * time.Millisecond, 0, 0},
		"in the middle, odd":           {time.Hour, 1130 * time.Millisecond, 0, 0},
		"often":                        {300 * time.Millisecond, 900 * time.Millisecond, 0, 20},
		"never":                        {time.Hour, time.Hour, 0, 20},
		"Google is first":              {time.Hour, time.Hour, 3 * time.Second, 40},
		"Google is first, every three": {time.Hour, time.Hour, 2500 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := providertest.NewGoogle(t)
			g.Hears.Longest = tc.longest
			tr := transcriber(t, g, "")
			tr.quiet, tr.most = tc.quiet, tc.most
			var sound []audio.Frame
			for i, all := 0, strings.Fields(numbers); i < len(all); i += 3 {
				sound = append(append(sound, providertest.Spoken(strings.Join(all[i:i+3], " "))...), providertest.Silence(tc.pause)...)
			}
			var hears stt.Transcriber = tr
			if tc.longest > 0 { // a stream that Google ends so soon is a failure to us
				hears = stt.Fallback(stt.Vendor{Name: t.Name(), Transcriber: tr})
			}
			if got := providertest.Hear(t, hears, sound, 4*time.Millisecond, stt.Options{}); got != numbers {
				t.Errorf("heard %q", got)
			}
			if n := len(g.Streams()); (name == "never") != (n == 1) {
				t.Errorf("%d streams", n)
			}
		})
	}
}

// TestPlacesAcrossStreams: words are where they were said, whichever stream heard them.
func TestPlacesAcrossStreams(t *testing.T) {
	t.Parallel()
	g := providertest.NewGoogle(t)
	tr := transcriber(t, g, "")
	tr.quiet, tr.most = 400*time.Millisecond, 700*time.Millisecond
	in := make(chan audio.Frame)
	go func() {
		defer close(in)
		for range 6 {
			for _, f := range providertest.Spoken("one two") { // 31 frames
				in <- f
				time.Sleep(4 * time.Millisecond)
			}
		}
	}()
	n := 0
	for e, err := range tr.Transcribe(t.Context(), in, stt.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if !e.Final {
			continue
		}
		for i, w := range e.Words {
			if want := time.Duration(31*n+8*i) * audio.FrameDur; w.Start != want {
				t.Errorf("utterance %d: %+v, want it at %s", n, w, want)
			}
		}
		n++
	}
	if streams := len(g.Streams()); n != 6 || streams < 3 {
		t.Errorf("%d utterances by %d streams", n, streams)
	}
}

// TestStatuses: how Google ends streams, and what it means to whoever asks again.
func TestStatuses(t *testing.T) {
	for status, want := range map[int]parley.VendorCode{
		3: parley.VendorRefused, 7: parley.VendorUnauthorized, 16: parley.VendorUnauthorized, 8: parley.VendorRateLimited, 14: parley.VendorUnavailable,
		13: parley.VendorUnavailable, 2: parley.VendorUnavailable, 1: parley.VendorUnavailable, 10: parley.VendorUnavailable, 11: parley.VendorUnavailable,
		4: parley.VendorTimeout, 5: parley.VendorRefused, 9: parley.VendorRefused, 12: parley.VendorUnavailable, 77: parley.VendorUnavailable,
	} {
		g := providertest.NewGoogle(t)
		g.Hears.Says = status
		_, err := heard(transcriber(t, g, ""), providertest.Spoken("one two three four five six seven eight"))
		var v *parley.VendorError
		if !errors.As(err, &v) || v.Code != want || v.Vendor != vendor || strings.Contains(err.Error(), key) {
			t.Errorf("status %d: %v, want %s", status, err, want)
		}
		if v != nil && v.Code != parley.VendorUnauthorized && !strings.Contains(v.Message, "says the fake to …") {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestHearingKeys(t *testing.T) {
	for key, want := range map[string]parley.VendorCode{"": parley.VendorUnauthorized, "wrong-key-of-ours": parley.VendorUnauthorized} {
		g := providertest.NewGoogle(t)
		tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: g.URL}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = heard(tr, providertest.Spoken("one"))
		var v *parley.VendorError
		if !errors.As(err, &v) || v.Code != want || key != "" && strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
	var v *parley.VendorError
	var e *parley.Error
	if _, err := Spec().Hearing.Open(provider.Access{BaseURL: thinkingBase}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
	for options, field := range map[string]string{`{"model":7}`: "transcriber", `{"alternative_languages":["a","b","c","d"]}`: "transcriber.alternative_languages"} {
		if _, err := Spec().Hearing.Open(provider.Access{Key: "k"}, []byte(options)); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", options, err)
		}
	}
}

// TestEndsUnasked: a stream that Google ends while there is sound, in good order or without a word.
func TestEndsUnasked(t *testing.T) {
	for _, ears := range []providertest.GoogleEars{{Says: -1}, {Quits: true}} {
		g := providertest.NewGoogle(t)
		g.Hears = ears
		in := make(chan audio.Frame, 1000)
		for _, f := range providertest.Spoken("one two three four five six seven eight nine ten") {
			in <- f
		}
		var last error
		for _, err := range transcriber(t, g, "").Transcribe(t.Context(), in, stt.Options{}) { // in stays open
			last = err
		}
		var v *parley.VendorError
		if !errors.As(last, &v) || v.Code != parley.VendorUnavailable {
			t.Errorf("%+v: %v", ears, last)
		}
	}
}

// TestNoSoundNoStream: a call on which nothing is to be heard costs nothing.
func TestNoSoundNoStream(t *testing.T) {
	g := providertest.NewGoogle(t)
	if events, err := heard(transcriber(t, g, ""), nil); err != nil || len(events) > 0 || len(g.Streams()) > 0 {
		t.Errorf("%v, %v", events, err)
	}
}

// TestHearingWarm opens the connection that the stream finds.
func TestHearingWarm(t *testing.T) {
	g := providertest.NewGoogle(t)
	tr := transcriber(t, g, "")
	if err := tr.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := heard(tr, providertest.Spoken("one")); err != nil {
		t.Fatal(err)
	}
	g.Fail(providertest.Unauthorized, -1)
	if err := tr.Warm(t.Context()); err != nil {
		t.Errorf("an answer that is an error: %v", err)
	}
}

// TestLateWords: a server that never ends its stream is left after a while.
func TestLateWords(t *testing.T) {
	t.Parallel()
	g := providertest.NewGoogle(t)
	g.Hears.Slow = true
	events, err := heard(transcriber(t, g, ""), providertest.Spoken("one two"))
	if err != nil || len(events) == 0 {
		t.Errorf("%v, %v", events, err)
	}
}
