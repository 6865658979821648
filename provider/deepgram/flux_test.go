package deepgram

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/turn"
)

func TestHearingTurns(t *testing.T) {
	for _, options := range []string{`{"model":"flux"}`, `{"model":"flux-general-multi","eager_eot_threshold":0.4,"eot_threshold":0.8}`, `{"model":"flux","encoding":"mulaw"}`} {
		providertest.Hearing{
			Open: func(t testing.TB) stt.Transcriber { return transcriber(t, providertest.NewDeepgram(t), options) },
			Failing: func(t testing.TB, f providertest.Fault) stt.Transcriber {
				d := providertest.NewDeepgram(t)
				d.Fail(f, 1)
				return transcriber(t, d, options)
			},
			Options: stt.Options{Language: "en", Keywords: map[string]float64{"Parley": 2}},
		}.Test(t)
	}
}

func turnQuery(t *testing.T, options string, o stt.Options) (url.Values, error) {
	tr, err := NewTranscriber(access("http://x"), []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	return tr.turnQuery(o)
}

// TestTurnQuery: all of it, for /v2/listen refuses what it does not know.
func TestTurnQuery(t *testing.T) {
	plain := func(more url.Values) url.Values {
		q := url.Values{"model": {"flux-general-en"}, "encoding": {"linear16"}, "sample_rate": {"16000"}, "numerals": {"true"}, "eager_eot_threshold": {"0.5"}}
		for name, v := range more {
			if q[name] = v; v == nil {
				delete(q, name)
			}
		}
		return q
	}
	for _, tc := range []struct {
		options string
		o       stt.Options
		want    url.Values
	}{
		{`{"model":"flux"}`, stt.Options{}, plain(nil)},
		{`{"model":"flux"}`, stt.Options{Language: "en"}, plain(nil)},
		{`{"model":"flux","language":"en-GB"}`, stt.Options{Language: "es"}, plain(nil)},
		{`{"model":"flux-general-en","endpointing":100,"utterance_end_ms":2000}`, stt.Options{Language: "en"}, plain(nil)},
		{`{"model":"flux"}`, stt.Options{Language: "es"}, plain(url.Values{"model": {"flux-general-multi"}, "language_hint": {"es"}})},
		{`{"model":"flux","language":"pt-BR"}`, stt.Options{}, plain(url.Values{"model": {"flux-general-multi"}, "language_hint": {"pt-br"}})},
		{`{"model":"flux","language":"multi"}`, stt.Options{Language: "es"}, plain(url.Values{"model": {"flux-general-multi"}})},
		{`{"model":"flux-general-multi"}`, stt.Options{Language: "en"}, plain(url.Values{"model": {"flux-general-multi"}, "language_hint": {"en"}})},
		{`{"model":"flux"}`, stt.Options{Language: "hi"}, plain(url.Values{"model": {"flux-general-multi"}, "language_hint": {"hi"}, "numerals": nil})},
		{`{"model":"flux","encoding":"mulaw"}`, stt.Options{}, plain(url.Values{"encoding": {"mulaw"}, "sample_rate": {"8000"}})},
		{`{"model":"flux","smart_format":false,"profanity_filter":true}`, stt.Options{}, plain(url.Values{"numerals": nil, "profanity_filter": {"true"}})},
		{`{"model":"flux","eot_threshold":0.85,"eager_eot_threshold":0.4,"eot_timeout_ms":3000}`, stt.Options{},
			plain(url.Values{"eot_threshold": {"0.85"}, "eager_eot_threshold": {"0.4"}, "eot_timeout_ms": {"3000"}})},
		{`{"model":"flux","keyterm":["Saint-Exupéry & Co"]}`, stt.Options{Keywords: map[string]float64{"Parley": 2, "Aachen": 5}},
			plain(url.Values{"keyterm": {"Saint-Exupéry & Co", "Aachen", "Parley"}})},
	} {
		if got, err := turnQuery(t, tc.options, tc.o); err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s in %q: %v %v, want %v", tc.options, tc.o.Language, got, err, tc.want)
		}
	}
	var v *parley.VendorError
	if _, err := turnQuery(t, `{"model":"flux-general-en"}`, stt.Options{Language: "de"}); !errors.As(err, &v) || v.Code != parley.VendorUnsupported || !strings.Contains(v.Message, "flux-general-multi") {
		t.Errorf("German by the English model: %v", err)
	}
}

// TestTurnOptions: what Flux would refuse is refused before there is a call.
func TestTurnOptions(t *testing.T) {
	for options, field := range map[string]string{
		`{"eot_threshold":0.5}`:                               "",
		`{"eot_threshold":1,"eager_eot_threshold":0.9}`:       "",
		`{"eager_eot_threshold":0.3,"eot_timeout_ms":500}`:    "",
		`{"encoding":"opus"}`:                                 "transcriber.encoding",
		`{"eot_threshold":0.4}`:                               "transcriber.eot_threshold",
		`{"eot_threshold":1.1}`:                               "transcriber.eot_threshold",
		`{"eager_eot_threshold":0.2}`:                         "transcriber.eager_eot_threshold",
		`{"eager_eot_threshold":0.8}`:                         "transcriber.eager_eot_threshold",
		`{"eager_eot_threshold":0.95,"eot_threshold":1}`:      "transcriber.eager_eot_threshold",
		`{"eot_timeout_ms":499}`:                              "transcriber.eot_timeout_ms",
		`{"eot_timeout_ms":60001}`:                            "transcriber.eot_timeout_ms",
		`{"model":"flux","keyterm":"one"}`:                    "transcriber",
		`{"model":"flux","eot_threshold":"0.7"}`:              "transcriber",
		`{"model":"flux","keyterm":["a"],"eot_timeout_ms":1}`: "transcriber.eot_timeout_ms",
	} {
		_, err := NewTranscriber(access("http://x"), []byte(options))
		var e *parley.Error
		if got := ""; errors.As(err, &e) {
			got = e.Field
			if got != field {
				t.Errorf("%s: %q (%v), want %q", options, got, err, field)
			}
		} else if err != nil || field != "" {
			t.Errorf("%s: %v, want %q", options, err, field)
		}
	}
}

// TestTurns: what Flux sends, as its documentation shows it, and what becomes of it.
func TestTurns(t *testing.T) {
	info := func(event string, turn int, text string) string {
		b, _ := json.Marshal(map[string]any{"type": "TurnInfo", "event": event, "turn_index": turn, "transcript": text, "words": []any{}, "end_of_turn_confidence": 0.5})
		return string(b)
	}
	eager := func(s string) stt.Event { return stt.Event{Text: s, Eager: true} }
	started, part, end := stt.Event{Started: true}, func(s string) stt.Event { return stt.Event{Text: s} }, func(s string) stt.Event { return stt.Event{Text: s, Final: true, End: true, Semantic: true} }
	for name, tc := range map[string]struct {
		in   []string
		want []stt.Event
		rest string
	}{
		"a turn": {[]string{`{"type":"Connected","request_id":"x","sequence_id":0}`, info("Update", 0, ""), info("StartOfTurn", 0, "Hello,"), info("Update", 0, "Hello,"),
			info("Update", 0, "Hello, how"), info("EndOfTurn", 0, "Hello, how?"), info("Update", 1, "")}, []stt.Event{started, part("Hello,"), part("Hello, how"), end("Hello, how?")}, ""},
		"eager, and it was the end": {[]string{info("StartOfTurn", 0, "Yes"), info("EagerEndOfTurn", 0, "Yes."), info("EndOfTurn", 0, "Yes.")},
			[]stt.Event{started, part("Yes"), eager("Yes."), end("Yes.")}, ""},
		"eager of words that were told": {[]string{info("Update", 0, "Yes"), info("EagerEndOfTurn", 0, "Yes"), info("Update", 0, "Yes"), info("EndOfTurn", 0, "Yes")},
			[]stt.Event{part("Yes"), eager("Yes"), end("Yes")}, ""},
		"closed after an eager end": {[]string{info("EagerEndOfTurn", 0, "Yes")}, []stt.Event{eager("Yes")}, "Yes"},
		"eager, and it was not": {[]string{info("StartOfTurn", 0, "Yes"), info("EagerEndOfTurn", 0, "Yes."), info("TurnResumed", 0, "Yes, but"), info("EndOfTurn", 0, "Yes, but no.")},
			[]stt.Event{started, part("Yes"), eager("Yes."), part("Yes, but"), end("Yes, but no.")}, ""},
		"noise":                     {[]string{info("StartOfTurn", 0, ""), info("EndOfTurn", 0, "")}, []stt.Event{started}, ""},
		"an end without words":      {[]string{info("Update", 0, "Well"), info("EndOfTurn", 0, "")}, []stt.Event{part("Well"), end("Well")}, ""},
		"told twice":                {[]string{info("Update", 0, "Well"), info("EndOfTurn", 0, "Well"), info("EndOfTurn", 0, "Well"), info("Update", 0, "Well")}, []stt.Event{part("Well"), end("Well")}, ""},
		"an end that never came":    {[]string{info("Update", 0, "Well"), info("StartOfTurn", 1, "Now")}, []stt.Event{part("Well"), {Text: "Well", Final: true, End: true}, started, part("Now")}, "Now"},
		"closed in the turn":        {[]string{info("StartOfTurn", 0, "One"), info("Update", 0, "One two")}, []stt.Event{started, part("One"), part("One two")}, "One two"},
		"what is not known is left": {[]string{`{"type":"Warning","code":"X"}`, info("SomethingNew", 0, "Hm"), `{"type":"ConfigureSuccess"}`}, []stt.Event{part("Hm")}, "Hm"},
	} {
		ts := turns{told: -1}
		var got []stt.Event
		for _, in := range tc.in {
			var m turnMessage
			if err := json.Unmarshal([]byte(in), &m); err != nil {
				t.Fatal(err)
			}
			got = append(got, ts.take(&m)...)
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s gave %+v, want %+v", name, got, tc.want)
		}
		rest := ""
		if e := ts.rest(); e != nil {
			if e.Eager || !e.End {
				t.Errorf("%s: the end is %+v", name, e)
			}
			rest = e.Text
		}
		if rest != tc.rest || ts.rest() != nil {
			t.Errorf("%s: %q is left, want %q", name, rest, tc.rest)
		}
	}
}

// TestTurnWords: servers told no times before July 2026.
func TestTurnWords(t *testing.T) {
	if got := turnTimes([]word{{Word: "Hello,"}, {Word: "you"}}); got != nil {
		t.Errorf("%+v", got)
	}
	want := []stt.Word{{Text: "Hello,", Start: 0, End: 180 * time.Millisecond}, {Text: "you?", Start: 240 * time.Millisecond, End: 360 * time.Millisecond}}
	if got := turnTimes([]word{{Word: "Hello,", End: 0.18}, {Word: "you?", Start: 0.24, End: 0.36}}); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestTurnFaults(t *testing.T) {
	for code, want := range map[string]parley.VendorCode{"INTERNAL_SERVER_ERROR": parley.VendorUnavailable, "UNPARSABLE_CLIENT_MESSAGE": parley.VendorRefused, "": parley.VendorUnavailable} {
		m := turnMessage{Type: "Error", Code: code, Description: "why"}
		var v *parley.VendorError
		if err := m.fault(); !errors.As(err, &v) || v.Code != want || !strings.Contains(v.Message, "why") {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestStuckTurn: a stream that stays open and says no more of a turn is given up, while one that says something is not.
func TestStuckTurn(t *testing.T) {
	socket, f, _ := openSocket(t)
	h := &turnHearing{socket: socket, coding: provider.NewCoding(false), wire: make([]byte, together*2*audio.Samples)}
	speak := func() (err error) {
		for range together {
			if err = h.sound(t.Context(), f); err != nil {
				return err
			}
		}
		return nil
	}
	if err := speak(); err != nil {
		t.Errorf("no turn is open: %v", err)
	}
	h.open.Store(time.Now().UnixNano())
	if err := speak(); err != nil {
		t.Errorf("just told: %v", err)
	}
	h.open.Store(time.Now().Add(-silentTurn - time.Second).UnixNano())
	var v *parley.VendorError
	if err := speak(); !errors.As(err, &v) || v.Code != parley.VendorTimeout || !v.Temporary() {
		t.Errorf("told nothing for long: %v", err)
	}
	if _, err := h.rest(errors.New("closed")); !errors.As(err, &v) || v.Code != parley.VendorTimeout {
		t.Errorf("the stream ended by %v", err)
	}
}

func TestTurnFrameAllocatesNothing(t *testing.T) {
	socket, f, _ := openSocket(t)
	h := &turnHearing{socket: socket, coding: provider.NewCoding(false), wire: make([]byte, together*2*audio.Samples)}
	if n := testing.AllocsPerRun(60, func() {
		if err := h.sound(t.Context(), f); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// TestLooksAlive: where there is no sound, Flux is pinged: KeepAlive is of /v1/listen.
func TestLooksAlive(t *testing.T) {
	d := providertest.NewDeepgram(t)
	tr := transcriber(t, d, `{"model":"flux"}`)
	e, err := tr.hearTurns(t.Context(), stt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Socket.Close()
	reading := make(chan struct{})
	go func() { // a pong is taken by who reads
		defer close(reading)
		for {
			if _, _, err := e.Socket.Next(); err != nil {
				return
			}
		}
	}()
	if err := e.Alive(); err != nil {
		t.Error(err)
	}
	e.Socket.Close()
	<-reading
	if err := e.Alive(); err == nil {
		t.Error("a connection that is gone looks alive")
	}
	if got := d.Messages(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

func FuzzTurns(f *testing.F) {
	f.Add([]byte(`{"type":"TurnInfo","event":"EndOfTurn","turn_index":0,"transcript":"Hi","words":[{"word":"Hi","start":0.1,"end":1e300}]}`), 2)
	f.Add([]byte(`{"type":"TurnInfo","event":"Update","turn_index":-9,"transcript":" "}`), 1)
	f.Add([]byte(`{"type":"Error","code":"X","description":"`+strings.Repeat("x", 1000)+`"}`), 1)
	f.Fuzz(func(t *testing.T, b []byte, times int) {
		ts := turns{told: -1}
		var m turnMessage
		if json.Unmarshal(b, &m) != nil {
			return
		}
		finals := 0
		for range min(max(times, 1), 5) {
			for _, e := range ts.take(&m) {
				if e.Final {
					finals++
				}
				if e.Final && e.Text == "" || e.Text == "" && !e.Started {
					t.Errorf("%+v", e)
				}
				for _, w := range e.Words {
					if w.Start < 0 || w.End > 25*time.Hour {
						t.Errorf("word %+v", w)
					}
				}
			}
		}
		if finals > 1 {
			t.Errorf("%d finals of one turn", finals)
		}
	})
}

// TestTurnEndsAtItsWord: what Flux says of the end of a turn is what ends it, without a pause of our own after it.
func TestTurnEndsAtItsWord(t *testing.T) {
	d := turn.New(turn.Options{Language: "en"})
	d.Asked("What are the last three digits of your number?")
	now, ended := time.Duration(0), []string{}
	tick := func() {
		if s := d.Tick(now); s.Kind == turn.TurnEnd {
			ended = append(ended, string(s.Why)+" "+s.Text)
		}
	}
	in := make(chan audio.Frame)
	go func() {
		defer close(in)
		for _, f := range providertest.Spoken("one two three") {
			in <- f
		}
	}()
	for e, err := range transcriber(t, providertest.NewDeepgram(t), `{"model":"flux"}`).Transcribe(t.Context(), in, stt.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		now += 20 * time.Millisecond
		d.Heard(turn.Words{Text: e.Text, Final: e.Final, End: e.End, Semantic: e.Semantic, Started: e.Started}, now)
		tick()
	}
	if want := []string{"vendor one two three"}; !slices.Equal(ended, want) {
		t.Errorf("turns %q, want %q", ended, want)
	}
}
