package provider

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	maxLine  = 2 << 20 // of an event stream: a whole tool call may come in one
	maxNoise = 4 << 20 // bytes between two events that are none
)

// ErrTooLong is what Events gives for a line, or a run of noise, beyond all reason.
var ErrTooLong = errors.New("provider: the event stream has a line that is too long")

// Events reads the data of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as
// vendors use them: one line of data an event. Comments, names, ids and blank lines are skipped.
type Events struct {
	r    *bufio.Reader
	long []byte // a line longer than r's buffer
}

// NewEvents reads events from r.
func NewEvents(r io.Reader) *Events { return &Events{r: bufio.NewReaderSize(r, 4<<10)} }

// Next is the data of the next event, valid until the next call. io.EOF: the stream has ended.
func (e *Events) Next() ([]byte, error) {
	for noise := 0; ; {
		line, err := e.line()
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if data = bytes.TrimSpace(data); len(data) > 0 {
				return data, nil
			}
		}
		if err != nil {
			return nil, err
		}
		if noise += len(line) + 1; noise > maxNoise {
			return nil, ErrTooLong
		}
	}
}

// line reads up to the next line feed; a last line without one comes with io.EOF.
func (e *Events) line() ([]byte, error) {
	e.long = e.long[:0]
	for {
		part, err := e.r.ReadSlice('\n')
		if err == nil && len(e.long) == 0 {
			return bytes.TrimRight(part, "\r\n"), nil
		}
		e.long = append(e.long, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(e.long) > maxLine {
				return nil, ErrTooLong
			}
			continue
		}
		return bytes.TrimRight(e.long, "\r\n"), err
	}
}
