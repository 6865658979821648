package azure

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const stamp = "2006-01-02T15:04:05.000Z"

// message is one of text: headers, an empty line, a body.
func message(path, id string, body []byte) []byte {
	b := []byte("Path: " + path + "\r\nX-RequestId: " + id + "\r\nX-Timestamp: ")
	b = time.Now().UTC().AppendFormat(b, stamp)
	b = append(b, "\r\nContent-Type: application/json\r\n\r\n"...)
	return append(b, body...)
}

// soundHeader is what a binary message begins with: the size of its headers in two bytes, and the headers. The first of a turn says what follows.
func soundHeader(b []byte, id string, first bool) []byte {
	at := len(b)
	b = append(b, 0, 0)
	b = append(b, "Path: audio\r\nX-RequestId: "...)
	b = append(b, id...)
	b = append(b, "\r\nX-Timestamp: "...)
	b = time.Now().UTC().AppendFormat(b, stamp)
	b = append(b, "\r\n"...)
	if first {
		b = append(b, "Content-Type: audio/x-wav\r\n"...)
	}
	binary.BigEndian.PutUint16(b[at:], uint16(len(b)-at-2))
	return b
}

// wave is the header of a WAV file of our frames, whose length nobody knows yet: 0.
var wave = func() (h [44]byte) {
	copy(h[:], "RIFF\x00\x00\x00\x00WAVEfmt ")
	binary.LittleEndian.PutUint32(h[16:], 16)
	binary.LittleEndian.PutUint16(h[20:], 1) // PCM
	binary.LittleEndian.PutUint16(h[22:], 1)
	binary.LittleEndian.PutUint32(h[24:], audio.Rate)
	binary.LittleEndian.PutUint32(h[28:], 2*audio.Rate)
	binary.LittleEndian.PutUint16(h[32:], 2)
	binary.LittleEndian.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	return h
}()

// parts takes a message of text apart. path is "" when it has no headers.
func parts(b []byte) (path, id string, body []byte) {
	head, body, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		return "", "", nil
	}
	for _, line := range strings.Split(string(head), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "path":
			path = strings.ToLower(strings.TrimSpace(value))
		case "x-requestid":
			id = strings.TrimSpace(value)
		}
	}
	return path, id, body
}

// result is the body of speech.hypothesis, and of speech.phrase in detail.
type result struct {
	Text     string // of a hypothesis
	Status   string `json:"RecognitionStatus"`
	Offset   int64  // 100 ns from the first sound of the turn
	Duration int64
	Display  string `json:"DisplayText"`
	NBest    []struct {
		Display string
		Words   []struct {
			Word             string
			Offset, Duration int64
		}
	}
}

// phrased makes events of messages.
type phrased struct {
	open  *stt.Event    // words not final so far
	so    time.Duration // where they end
	heard time.Duration // where the last words ended that stay
}

func (p *phrased) take(path string, body []byte, base time.Duration) (*stt.Event, error) {
	switch path {
	case "speech.startdetected":
		return &stt.Event{Started: true}, nil
	case "speech.hypothesis", "speech.fragment", "speech.phrase":
	default:
		return nil, nil
	}
	var r result
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, provider.BadOutput(vendor, "a "+path+" is not as documented: "+provider.Line(string(body)), err)
	}
	if path != "speech.phrase" {
		e := &stt.Event{Text: strings.TrimSpace(r.Text)}
		if e.Text == "" {
			return nil, nil
		}
		p.open, p.so = e, base+ticks(r.Offset)+ticks(r.Duration)
		return e, nil
	}
	e := &stt.Event{Text: strings.TrimSpace(r.Display), Final: true, End: true}
	switch r.Status {
	case "Success":
		if len(r.NBest) > 0 {
			e.Text = strings.TrimSpace(r.NBest[0].Display)
		}
	case "NoMatch", "InitialSilenceTimeout", "BabbleTimeout", "EndOfDictation":
		e.Text = ""
	default:
		return nil, failed(r.Status)
	}
	p.heard = max(p.heard, base+ticks(r.Offset)+ticks(r.Duration))
	was := p.open
	if p.open = nil; e.Text == "" {
		if was == nil {
			return nil, nil
		}
		return &stt.Event{Text: was.Text, Final: true, End: true}, nil
	}
	if len(r.NBest) > 0 {
		e.Words = r.words(base, e.Text)
	}
	return e, nil
}

// words have the text's own forms where it has as many as were spoken.
func (r *result) words(base time.Duration, text string) []stt.Word {
	shown, spoken := strings.Fields(text), r.NBest[0].Words
	out := make([]stt.Word, 0, len(spoken))
	var last time.Duration
	for i, w := range spoken {
		start := max(base+ticks(w.Offset), last)
		last = max(base+ticks(w.Offset)+ticks(w.Duration), start)
		if len(shown) == len(spoken) {
			w.Word = shown[i]
		}
		out = append(out, stt.Word{Text: w.Word, Start: start, End: last})
	}
	return out
}

// rest is the words that are not final, as a final. nil: there are none.
func (p *phrased) rest() *stt.Event {
	e := p.open
	if e == nil {
		return nil
	}
	p.open, p.heard = nil, max(p.heard, p.so)
	return &stt.Event{Text: e.Text, Final: true, End: true}
}

// ticks are 100 ns each, kept within a day: the wire may say anything.
func ticks(n int64) time.Duration {
	const day = 24 * time.Hour
	return time.Duration(min(max(n, 0), int64(day/100))) * 100
}

func failed(status string) error {
	e := &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Message: "recognition ended with " + provider.Line(status)}
	switch status {
	case "TooManyRequests":
		e.Code = parley.VendorRateLimited
	case "Forbidden": // of a free resource whose quota is used up
		e.Code = parley.VendorRateLimited
	case "BadRequest":
		e.Code = parley.VendorRefused
	}
	return e
}
