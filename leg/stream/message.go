package stream

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// Words are how a carrier wants to be told.
type Words struct {
	Media [2]string // before and after 20 ms of sound in base64
	Mark  [2]string // before and after a mark's name
	Clear string
}

// A message is what of a carrier's is of interest; all of it is part of the bytes that were parsed. (Reading one by encoding/json takes 7 µs
// and 11 allocations, 50 times a second and call.)
type message struct {
	event                     []byte
	track, chunk, at, payload []byte // of media; at in ms
	mark                      []byte // its name
	digit                     []byte
}

// parse reads a JSON object; false: it is none. Strings keep their escapes; that of / in a payload is undone by sound.
func (m *message) parse(b []byte) bool {
	*m = message{}
	s := scanner{b: b}
	if !s.open() {
		return false
	}
	for {
		key, more, ok := s.key()
		if !ok || !more {
			return ok && s.end()
		}
		switch {
		case string(key) == "event":
			m.event, ok = s.value()
		case string(key) == "media" && s.open():
			ok = m.media(&s)
		case string(key) == "mark" && s.open():
			ok = only(&s, "name", &m.mark)
		case string(key) == "dtmf" && s.open():
			ok = only(&s, "digit", &m.digit)
		default:
			_, ok = s.value()
		}
		if !ok {
			return false
		}
	}
}

func (m *message) media(s *scanner) bool {
	for {
		key, more, ok := s.key()
		if !ok || !more {
			return ok
		}
		v, ok := s.value()
		if !ok {
			return false
		}
		switch string(key) {
		case "track":
			m.track = v
		case "chunk":
			m.chunk = v
		case "timestamp":
			m.at = v
		case "payload":
			m.payload = v
		}
	}
}

// only reads an object of which one value matters.
func only(s *scanner, name string, to *[]byte) bool {
	for {
		key, more, ok := s.key()
		if !ok || !more {
			return ok
		}
		v, ok := s.value()
		if !ok {
			return false
		}
		if string(key) == name {
			*to = v
		}
	}
}

// sound decodes the payload into dst; 0: it is none, or longer than dst.
func (m *message) sound(dst []byte) int {
	p := m.payload
	if bytes.IndexByte(p, '\\') >= 0 {
		p = bytes.ReplaceAll(p, []byte(`\/`), []byte("/"))
	}
	if base64.StdEncoding.DecodedLen(len(p)) > len(dst) {
		return 0
	}
	n, err := base64.StdEncoding.Decode(dst, p)
	if err != nil {
		return 0
	}
	return n
}

// number reads digits; false: there are none, or too many.
func number(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// media appends a message that plays sound.
func (w *Words) media(dst, sound []byte) []byte {
	dst = append(dst, w.Media[0]...)
	dst = base64.StdEncoding.AppendEncode(dst, sound)
	return append(dst, w.Media[1]...)
}

// mark appends a message that asks for an echo once all before it has been played.
func (w *Words) mark(dst []byte, name uint64) []byte {
	dst = append(dst, w.Mark[0]...)
	dst = strconv.AppendUint(dst, name, 10)
	return append(dst, w.Mark[1]...)
}

// A scanner walks over a JSON object without keeping anything (RFC 8259). It takes some that are none: what is within values that are of no
// interest is only counted.
type scanner struct {
	b     []byte
	at    int
	first bool // of the object at hand
}

func (s *scanner) space() {
	for s.at < len(s.b) && (s.b[s.at] == ' ' || s.b[s.at] == '\n' || s.b[s.at] == '\r' || s.b[s.at] == '\t') {
		s.at++
	}
}

// next takes one character, when it is c.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.at < len(s.b) && s.b[s.at] == c {
		s.at++
		return true
	}
	return false
}

// open begins an object, when there is one.
func (s *scanner) open() bool {
	if s.next('{') {
		s.first = true
		return true
	}
	return false
}

// end reports whether nothing follows.
func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.b)
}

// key gives the next key of the object; !more: it is over.
func (s *scanner) key() (key []byte, more, ok bool) {
	if s.next('}') {
		s.first = false
		return nil, false, true
	}
	if !s.first && !s.next(',') {
		return nil, false, false
	}
	s.first = false
	if !s.next('"') {
		return nil, false, false
	}
	if key, ok = s.text(); !ok {
		return nil, false, false
	}
	return key, true, s.next(':')
}

// text is the rest of a string, without its quotes.
func (s *scanner) text() ([]byte, bool) {
	from := s.at
	for {
		i := bytes.IndexByte(s.b[s.at:], '"')
		if i < 0 {
			return nil, false
		}
		s.at += i + 1
		n := 0 // backslashes before it
		for s.at-2-n >= from && s.b[s.at-2-n] == '\\' {
			n++
		}
		if n%2 == 0 {
			return s.b[from : s.at-1], true
		}
	}
}

// value takes a value: a string without its quotes, a word or number as it stands, nil for objects and lists.
func (s *scanner) value() ([]byte, bool) {
	if s.next('"') {
		return s.text()
	}
	from := s.at
	for depth := 0; s.at < len(s.b); s.at++ {
		switch s.b[s.at] {
		case '"':
			s.at++
			if _, ok := s.text(); !ok {
				return nil, false
			}
			s.at--
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				return bytes.TrimRight(s.b[from:s.at], " \n\r\t"), s.at > from
			}
			if s.b[s.at] == ',' {
				continue
			}
			if depth--; depth == 0 {
				s.at++
				return nil, true
			}
		}
	}
	return nil, false
}
