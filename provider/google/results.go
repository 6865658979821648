package google

import (
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/parley-voice/parley/stt"
)

// response is a StreamingRecognizeResponse
// (https://cloud.google.com/speech-to-text/docs/reference/rpc/google.cloud.speech.v1#streamingrecognizeresponse).
type response struct {
	code    int // of error: google.rpc.Code
	message string
	event   int // SpeechEventType
	results []result
}

const (
	activityBegin = 2
	activityEnd   = 3
)

// result is a StreamingRecognitionResult with its first alternative.
type result struct {
	text  string
	final bool
	end   time.Duration // of the sound that it covers
	words []stt.Word    // by Google's clock
}

const (
	maxResults = 64
	maxWords   = 4096
)

var errWire = errors.New("not a protobuf message")

// fields walks a message: varints come as n, everything with a length as b.
func fields(m []byte, each func(num protowire.Number, n uint64, b []byte) error) error {
	for len(m) > 0 {
		num, kind, size := protowire.ConsumeTag(m)
		if size < 0 {
			return errWire
		}
		m = m[size:]
		var n uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(m)
		case protowire.BytesType:
			b, size = protowire.ConsumeBytes(m)
		default:
			size = protowire.ConsumeFieldValue(num, kind, m)
		}
		if size < 0 {
			return errWire
		}
		m = m[size:]
		if kind != protowire.VarintType && kind != protowire.BytesType {
			continue // confidences: nobody reads them
		}
		if err := each(num, n, b); err != nil {
			return err
		}
	}
	return nil
}

func parseResponse(m []byte) (r response, err error) {
	err = fields(m, func(num protowire.Number, n uint64, b []byte) error {
		switch num {
		case 1:
			return fields(b, func(num protowire.Number, n uint64, b []byte) error {
				switch num {
				case 1:
					r.code = int(int32(n))
				case 2:
					r.message = string(b)
				}
				return nil
			})
		case 2:
			if len(r.results) == maxResults {
				return errWire
			}
			one, err := parseResult(b)
			r.results = append(r.results, one)
			return err
		case 4:
			r.event = int(int32(n))
		}
		return nil
	})
	return r, err
}

func parseResult(m []byte) (r result, err error) {
	first := true
	err = fields(m, func(num protowire.Number, n uint64, b []byte) (err error) {
		switch num {
		case 1:
			if first {
				first = false
				return r.alternative(b)
			}
		case 2:
			r.final = n != 0
		case 4:
			r.end, err = parseDuration(b)
		}
		return err
	})
	return r, err
}

func (r *result) alternative(m []byte) error {
	return fields(m, func(num protowire.Number, n uint64, b []byte) error {
		switch num {
		case 1:
			r.text = strings.ToValidUTF8(string(b), "?")
		case 3:
			if len(r.words) == maxWords {
				return errWire
			}
			w, err := parseWord(b)
			r.words = append(r.words, w)
			return err
		}
		return nil
	})
}

func parseWord(m []byte) (w stt.Word, err error) {
	err = fields(m, func(num protowire.Number, n uint64, b []byte) (err error) {
		switch num {
		case 1:
			w.Start, err = parseDuration(b)
		case 2:
			w.End, err = parseDuration(b)
		case 3:
			w.Text = strings.ToValidUTF8(string(b), "?")
		}
		return err
	})
	return w, err
}

const day = 24 * time.Hour // no stream is longer

// parseDuration reads a google.protobuf.Duration; one that no stream can have is nothing.
func parseDuration(m []byte) (d time.Duration, err error) {
	var s, ns int64
	err = fields(m, func(num protowire.Number, n uint64, b []byte) error {
		switch num {
		case 1:
			s = int64(n)
		case 2:
			ns = int64(int32(n))
		}
		return nil
	})
	if s < 0 || ns < 0 || s > int64(day/time.Second) {
		return 0, err
	}
	return time.Duration(s)*time.Second + time.Duration(ns), err
}

// results turn what one stream says into events.
type results struct {
	place func(time.Duration) time.Duration // from Google's clock to the sound's

	partial  string        // told, and not yet final
	last     time.Duration // end of the last word told for good
	activity bool          // Google tells when somebody speaks
	speaking bool          // somebody does
	ending   bool          // they have stopped, and their words are not final yet
	said     bool          // words are final since the last end
}

// talking reports whether the sound that comes belongs to words that are not final.
func (rs *results) talking() bool { return rs.speaking || rs.partial != "" }

// take gives the events of a response. settled is the end of the sound that is now final, 0 when none is.
func (rs *results) take(r *response) (events []stt.Event, settled time.Duration) {
	switch r.event {
	case activityBegin:
		rs.activity, rs.speaking, rs.ending = true, true, false
		events = append(events, stt.Event{Started: true})
	case activityEnd:
		rs.activity, rs.speaking = true, false
		switch {
		case rs.partial != "":
			rs.ending = true
		case rs.said:
			rs.said = false
			events = append(events, stt.Event{End: true})
		}
	}
	interim := ""
	for i := range r.results {
		one := &r.results[i]
		if !one.final {
			interim += one.text
			continue
		}
		end, words := rs.place(one.end), rs.words(one.words)
		if one.end == 0 && len(words) == 0 {
			end = rs.place(day) // it is not told: all there was
		}
		if len(words) > 0 {
			end = max(end, words[len(words)-1].End)
		}
		settled = max(settled, end)
		events = append(events, rs.final(strings.TrimSpace(one.text), words)...)
	}
	if interim = strings.TrimSpace(interim); interim != "" && interim != rs.partial {
		rs.partial = interim
		events = append(events, stt.Event{Text: interim})
	}
	return events, settled
}

// final is the events of words that stay: a partial first, for whoever waits for one.
func (rs *results) final(text string, words []stt.Word) (events []stt.Event) {
	ending := rs.ending || !rs.activity
	if text == "" {
		text = rs.partial // what was told does not vanish
	}
	if text == "" {
		return nil
	}
	if rs.partial == "" {
		events = append(events, stt.Event{Text: text, Words: words})
	}
	rs.partial, rs.ending, rs.said = "", false, !ending
	return append(events, stt.Event{Text: text, Words: words, Final: true, End: ending})
}

// words puts words where they are in the sound, one after the other.
func (rs *results) words(in []stt.Word) (out []stt.Word) {
	for _, w := range in {
		if w.Text == "" {
			continue
		}
		start := max(rs.last, rs.place(w.Start))
		rs.last = max(start, rs.place(w.End))
		out = append(out, stt.Word{Text: w.Text, Start: start, End: rs.last})
	}
	return out
}

// rest is words that never became final, when the stream is over.
func (rs *results) rest() []stt.Event {
	rs.ending = true
	return rs.final("", nil)
}
