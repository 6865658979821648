package stream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
)

const someMedia = `{"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"/w9/+38=" } , "streamSid" : "MZ1"}`

func TestParse(t *testing.T) {
	for text, want := range map[string]message{
		someMedia: {event: []byte("media"), track: []byte("inbound"), chunk: []byte("2"), at: []byte("5"), payload: []byte("/w9/+38=")},
		`{"media":{"payload":"AA==","extra":{"payload":"no","list":[{"a":"}]"}]}},"event":"media"}`: {event: []byte("media"), payload: []byte("AA==")},
		` {"event" : "mark","mark":{"name":"17"}, "x":null,"y":-1.5e3,"z":[],"w":{}} `:              {event: []byte("mark"), mark: []byte("17")},
		`{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"#"}}`:                             {event: []byte("dtmf"), digit: []byte("#")},
		`{"event":"start","start":{"customParameters":{"a":"\",\"event\":\"stop\\"}}}`:              {event: []byte("start")},
		`{"event":"media","media":{"chunk":7,"timestamp":20}}`:                                      {event: []byte("media"), chunk: []byte("7"), at: []byte("20")},
		`{"event":"media","media":null}`:                                                            {event: []byte("media")},
		`{}`:                                                                                        {},
	} {
		var m message
		if !m.parse([]byte(text)) {
			t.Errorf("%s was not read", text)
			continue
		}
		for what, pair := range map[string][2][]byte{"event": {m.event, want.event}, "track": {m.track, want.track}, "chunk": {m.chunk, want.chunk}, "at": {m.at, want.at},
			"payload": {m.payload, want.payload}, "mark": {m.mark, want.mark}, "digit": {m.digit, want.digit}} {
			if !bytes.Equal(pair[0], pair[1]) {
				t.Errorf("%s: %s is %q, want %q", text, what, pair[0], pair[1])
			}
		}
	}
	for _, text := range []string{``, `[]`, `{`, `{"event"}`, `{"event":}`, `{"event":"media"`, `{"event":"media",}x`, `{"a":"\"}`, `{"media":{"payload":"x"}`, `{,}`, `null`} {
		if (&message{}).parse([]byte(text)) {
			t.Errorf("%s was read", text)
		}
	}
}

func TestSound(t *testing.T) {
	for payload, want := range map[string]string{"AQID": "\x01\x02\x03", `\/w9\/+38=`: "\xff\x0f\x7f\xfb\x7f", "/w9/+38=": "\xff\x0f\x7f\xfb\x7f", "": "", "A": "", "!!!!": "", `\u0041AAA`: ""} {
		var dst [8]byte
		m := message{payload: []byte(payload)}
		if n := m.sound(dst[:]); string(dst[:n]) != want {
			t.Errorf("%q is %q, want %q", payload, dst[:n], want)
		}
	}
	m := message{payload: bytes.Repeat([]byte("AAAA"), 100)}
	if n := m.sound(make([]byte, 299)); n != 0 {
		t.Errorf("%d bytes of 300 in 299", n)
	}
}

// FuzzParse: what encoding/json takes is read as encoding/json does; nothing that comes over a socket does harm.
func FuzzParse(f *testing.F) {
	f.Add([]byte(someMedia))
	f.Add([]byte(`{"event":"mark","mark":{"name":"a\"b"},"x":[1,{"y":"]"}]}`))
	f.Add([]byte(`{"event":"dtmf","dtmf":{"digit":"1"},"event":"stop"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m message
		ok := m.parse(b)
		var dst [480]byte
		_ = m.sound(dst[:])
		var want map[string]json.RawMessage
		if json.Unmarshal(b, &want) != nil || want == nil {
			return
		}
		if !ok {
			t.Fatalf("%q was not read", b)
		}
		var event string
		if bytes.IndexByte(b, '\\') < 0 && json.Unmarshal(want["event"], &event) == nil && event != string(m.event) && event != "" {
			t.Errorf("event %q, want %q", m.event, event)
		}
	})
}

func TestWords(t *testing.T) {
	w := Words{Media: [2]string{`{"payload":"`, `"}`}, Mark: [2]string{`{"name":"`, `"}`}}
	if got := string(w.media(nil, []byte{1, 2, 3})); got != `{"payload":"AQID"}` {
		t.Error(got)
	}
	if got := string(w.mark(nil, 17)); got != `{"name":"17"}` {
		t.Error(got)
	}
}

func TestMessagesAllocateNothing(t *testing.T) {
	b := []byte(someMedia)
	w := Words{Media: [2]string{`{"payload":"`, `"}`}}
	sound, text := make([]byte, 160), make([]byte, 0, 512)
	if n := testing.AllocsPerRun(100, func() {
		var m message
		m.parse(b)
		m.sound(sound)
		text = w.media(text[:0], sound)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"` +
		base64.StdEncoding.EncodeToString(make([]byte, 160)) + `"},"streamSid":"MZ18ad3ab5a668481ce02b83e7395059f0"}`)
	var dst [480]byte
	b.ReportAllocs()
	for b.Loop() {
		var m message
		if !m.parse(text) || m.sound(dst[:]) != 160 {
			b.Fatal("not read")
		}
	}
}
