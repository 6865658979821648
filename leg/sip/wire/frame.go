package wire

import "bytes"

const (
	lineMost  = 8 << 10 // bytes of a first line
	roomLeast = 1 << 10 // bytes of the buffer of a connection that is idle
	roomKept  = 8 << 10 // bytes it may have kept from the last message
)

// framer finds whole messages in a stream by their Content-Length (RFC 3261 §18.3).
type framer struct {
	buf      []byte
	searched int // no end of the headers before here
	looked   int // no end of a line between there and here
	size     int // of the message buf begins with, 0: not known yet
}

// pings drops the line ends between messages and counts the pings among them (RFC 5626 §3.5.1).
func (f *framer) pings() (n int) {
	if f.size > 0 || f.searched > 0 {
		return 0
	}
	i := 0
	for {
		rest := f.buf[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("\r\n\r\n")):
			n++
			i += 4
			continue
		case bytes.HasPrefix(rest, []byte("\r\n\r")) && len(rest) == 3, string(rest) == "\r\n", string(rest) == "\r":
		case len(rest) > 0 && (rest[0] == '\r' || rest[0] == '\n'):
			i++
			continue
		}
		f.drop(i)
		return n
	}
}

// begun reports whether what is there is part of a message.
func (f *framer) begun() bool { return len(f.buf) > 0 && f.buf[0] != '\r' }

// next gives the size of the message buf begins with, 0: more must be read first. A refusal is the end of the stream: nobody knows where
// the next message begins.
func (f *framer) next() (int, *Refusal) {
	if f.size == 0 {
		if r := f.head(); r != nil || f.size == 0 {
			return 0, r
		}
	}
	if len(f.buf) < f.size {
		return 0, nil
	}
	return f.size, nil
}

// head looks for the end of the headers, never at a byte twice.
func (f *framer) head() *Refusal {
	if !f.begun() {
		return nil
	}
	for {
		from := max(f.searched, f.looked)
		i := bytes.IndexByte(f.buf[from:], '\n')
		if i < 0 {
			f.looked = len(f.buf)
			if f.searched == 0 && (len(f.buf) > lineMost || control(f.buf[0])) {
				return dropped
			}
			return f.bounded()
		}
		i += from
		f.looked = i
		if f.searched == 0 && (i >= lineMost || control(f.buf[0]) || !speaksSIP(bytes.TrimSuffix(f.buf[:i], []byte("\r")))) {
			return dropped
		}
		end := i + 1
		if end < len(f.buf) && f.buf[end] == '\r' {
			end++
		}
		switch {
		case end == len(f.buf):
			if i > 0 {
				f.searched = i // the next byte tells
			}
			return f.bounded()
		case f.buf[end] == '\n':
			n, r := bodyLength(f.buf[:end+1])
			if r != nil {
				return r
			}
			if f.size = end + 1 + n; f.size > streamMost {
				return tooLarge
			}
			return nil
		}
		f.searched = i + 1
	}
}

// most is how large the message that buf begins with is at least.
func (f *framer) most() int {
	if f.size > 0 {
		return f.size
	}
	return len(f.buf)
}

func (f *framer) bounded() *Refusal {
	if len(f.buf) > streamMost {
		return tooLarge
	}
	return nil
}

// bodyLength is the Content-Length of a whole head.
func bodyLength(head []byte) (int, *Refusal) {
	n, found := 0, false
	_, rest := cutLine(head)
	for len(rest) > 0 {
		var line []byte
		line, rest = cutLine(rest)
		i := bytes.IndexByte(line, ':')
		if i < 0 || blank(line[0]) || kindOf(trimRight(line[:i])) != contentLength {
			continue
		}
		value := trim(line[i+1:])
		for len(rest) > 0 && blank(rest[0]) {
			line, rest = cutLine(rest)
			if line = trim(line); len(value) > 0 && len(line) > 0 {
				return 0, badLength
			} else if len(line) > 0 {
				value = line
			}
		}
		if found {
			return 0, repeated[contentLength]
		}
		var ok bool
		if n, ok = number(value); !ok {
			return 0, badLength
		}
		found = true
	}
	if !found {
		return 0, noLength
	}
	return n, nil
}

// drop forgets the first n bytes. A buffer that has become large is given back with the message it was for.
func (f *framer) drop(n int) {
	if n == 0 {
		return
	}
	rest := f.buf[n:]
	if cap(f.buf) > roomKept && len(rest) <= roomLeast {
		f.buf = append(make([]byte, 0, roomLeast), rest...)
	} else {
		f.buf = f.buf[:copy(f.buf, rest)]
	}
	f.searched, f.looked, f.size = 0, 0, 0
}

// room makes place for what is read next, and returns it.
func (f *framer) room() []byte {
	if len(f.buf) == cap(f.buf) {
		f.buf = append(make([]byte, 0, max(roomLeast, min(2*cap(f.buf), streamMost+roomKept))), f.buf...)
	}
	return f.buf[len(f.buf):cap(f.buf)]
}
