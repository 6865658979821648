package providertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// azureHearing is the hearing side of AzureSpeech, after the source of microsoft-cognitiveservices-speech-sdk: messages of headers and a body,
// one turn after the other, each with a speech.context of its own. All is guarded by the Server's mutex.
type azureHearing struct {
	TurnAfter time.Duration // of silence in which a turn is ended; 0: none is

	addresses []string
	queries   []url.Values
	contexts  []string // bodies of speech.context
	configs   []string // bodies of speech.config
	timeouts  int      // turns ended
	status    string   // RecognitionStatus of the next phrase, instead of Success
}

// Addresses are the paths of the handshakes, and Asked their queries.
func (s *AzureSpeech) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.addresses...)
}

// Asked are the queries of the handshakes.
func (s *AzureSpeech) Asked() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]url.Values(nil), s.queries...)
}

// Contexts are the bodies of speech.context, in order.
func (s *AzureSpeech) Contexts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.contexts...)
}

// Timeouts is how many turns were ended for their silence.
func (s *AzureSpeech) Timeouts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.timeouts
}

// Answer has the next phrases have a status that is no success.
func (s *AzureSpeech) Answer(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// recognition is one connection.
type recognition struct {
	s     *AzureSpeech
	c     *websocket.Conn
	r     *http.Request
	id    string // of the turn; "" between turns
	ear   ear
	wave  bool          // the turn's header has come
	told  bool          // turn.start was sent
	since time.Duration // silence
	heard time.Duration // in all
	began time.Time
	turn  bool // a speech.config has come
}

func (s *AzureSpeech) listen(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Ocp-Apim-Subscription-Key") == "" || strings.HasPrefix(r.Header.Get("Ocp-Apim-Subscription-Key"), "wrong") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Header.Get("X-ConnectionId") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 16)
	s.mu.Lock()
	s.addresses = append(s.addresses, r.URL.Path)
	s.queries = append(s.queries, r.URL.Query())
	s.mu.Unlock()
	v := &recognition{s: s, c: c, r: r, began: time.Now()}
	if strings.HasPrefix(r.Header.Get("Ocp-Apim-Subscription-Key"), "busy") {
		c.Close(websocket.StatusInvalidFramePayloadData, "Quota exceeded for "+r.Header.Get("Ocp-Apim-Subscription-Key"))
		return
	}
	for n := 0; ; n++ {
		typ, b, err := c.Read(r.Context())
		if err != nil {
			return
		}
		ok := false
		if typ == websocket.MessageText {
			head, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
			ok = v.message(headers(head), body)
		} else if len(b) >= 2 && len(b) >= 2+int(binary.BigEndian.Uint16(b)) {
			size := 2 + int(binary.BigEndian.Uint16(b))
			ok = v.sound(headers(b[2:size]), b[size:], n)
		}
		if !ok {
			c.Close(websocket.StatusInvalidFramePayloadData, "The message is not as the protocol has it")
			return
		}
	}
}

func headers(b []byte) map[string]string {
	h := map[string]string{}
	for _, line := range strings.Split(string(b), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			h[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
	return h
}

func (v *recognition) message(h map[string]string, body []byte) bool {
	if len(h["x-requestid"]) != 32 || h["x-timestamp"] == "" || !json.Valid(body) {
		return false
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	switch h["path"] {
	case "speech.config":
		v.turn = true
		v.s.configs = append(v.s.configs, string(body))
	case "speech.context":
		if !v.turn {
			return false
		}
		v.s.contexts = append(v.s.contexts, string(body))
		v.id, v.ear, v.wave, v.told, v.since = h["x-requestid"], ear{}, false, false, 0
	case "telemetry":
	default:
		return false
	}
	return true
}

// sound takes a binary message. Sound of a turn that is over is dropped.
func (v *recognition) sound(h map[string]string, b []byte, n int) bool {
	switch {
	case h["path"] != "audio" || h["x-timestamp"] == "":
		return false
	case v.id == "" || !strings.EqualFold(h["x-requestid"], v.id):
		return true
	case len(b) == 0:
		if ws := v.ear.rest(); len(ws) > 0 {
			v.phrase(ws)
		}
		v.say("speech.endDetected", map[string]any{"Offset": v.ear.at * 10_000_000 / 16000})
		v.say("speech.phrase", map[string]any{"RecognitionStatus": "EndOfDictation", "Offset": 0, "Duration": 0, "Type": "ConversationTranscription"})
		v.end()
		return true
	}
	if !v.wave {
		v.wave, v.ear.rate = true, 16000
		if h["content-type"] != "audio/x-wav" || len(b) < 44 || string(b[:4]) != "RIFF" || string(b[36:40]) != "data" || binary.LittleEndian.Uint32(b[24:]) != 16000 {
			return false
		}
		b = b[44:]
	}
	if !v.told {
		v.told = true
		v.say("turn.start", map[string]any{"context": map[string]any{"serviceTag": "0123456789abcdef"}})
	}
	return v.hear(b, n)
}

func (v *recognition) hear(b []byte, n int) bool {
	if !spoilt(v.r.Context(), v.c, faultOf(v.r), 2*n, v.idle(), "Path: speech.hypothesis\r\nX-RequestId: "+v.id+"\r\n\r\n{\"Te") {
		return false
	}
	size := time.Duration(len(b)/2) * time.Second / 16000
	if v.heard += size; v.heard > 8*time.Second+2*time.Since(v.began) {
		v.c.Close(websocket.StatusInternalError, "buffer overflow")
		return false
	}
	v.since += size
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(uint16(b[2*i]) | uint16(b[2*i+1])<<8)
	}
	for _, f := range v.ear.hear(pcm) {
		v.since = 0
		if f.started {
			v.say("speech.startDetected", map[string]any{"Offset": tick(f.words[0].start)})
		}
		if f.final {
			v.phrase(f.words)
			continue
		}
		v.say("speech.hypothesis", map[string]any{"Text": textOf(f.words), "Offset": tick(f.words[0].start), "Duration": tick(f.words[len(f.words)-1].end - f.words[0].start)})
	}
	v.s.mu.Lock()
	over := v.s.TurnAfter > 0 && v.since >= v.s.TurnAfter
	if over {
		v.s.timeouts++
	}
	v.s.mu.Unlock()
	if over {
		v.say("speech.phrase", map[string]any{"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": 0})
		v.end()
	}
	return true
}

func (v *recognition) end() {
	v.say("turn.end", nil)
	v.id = ""
}

func tick(s float64) int64 { return int64(s * 1e7) }

func (v *recognition) phrase(ws []heardWord) {
	v.s.mu.Lock()
	status := v.s.status
	v.s.mu.Unlock()
	start, end := ws[0].start, ws[len(ws)-1].end
	m := map[string]any{"Id": "0123456789abcdef", "RecognitionStatus": "Success", "Offset": tick(start), "Duration": tick(end - start), "Channel": 0, "Type": "ConversationTranscription"}
	if status != "" {
		m["RecognitionStatus"] = status
	} else if v.detailed() {
		words := []map[string]any{}
		for _, w := range ws {
			words = append(words, map[string]any{"Word": w.text, "Offset": tick(w.start), "Duration": tick(w.end - w.start)})
		}
		text := textOf(ws)
		m["DisplayText"] = strings.ToUpper(text[:1]) + text[1:]
		m["NBest"] = []any{map[string]any{"Confidence": 0.9, "Lexical": text, "ITN": text, "MaskedITN": text, "Display": m["DisplayText"], "Words": words}}
	} else {
		text := textOf(ws)
		m["DisplayText"] = strings.ToUpper(text[:1]) + text[1:]
	}
	v.say("speech.phrase", m)
}

// detailed reports whether the turn's context, or the address, asks for more than the text.
func (v *recognition) detailed() bool {
	var c struct {
		PhraseOutput struct{ Format string }
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	json.Unmarshal([]byte(v.s.contexts[len(v.s.contexts)-1]), &c)
	return c.PhraseOutput.Format == "Detailed" || v.r.URL.Query().Get("format") == "detailed"
}

func (v *recognition) text(path string, body any) string {
	b := []byte("{}")
	if body != nil {
		b, _ = json.Marshal(body)
	}
	return "X-RequestId:" + v.id + "\r\nContent-Type:application/json; charset=utf-8\r\nPath:" + path + "\r\n\r\n" + string(b)
}

func (v *recognition) idle() string { return v.text("turn.start", nil) }

func (v *recognition) say(path string, body any) {
	ctx, cancel := context.WithCancel(v.r.Context())
	defer cancel()
	v.c.Write(ctx, websocket.MessageText, []byte(v.text(path, body)))
}
