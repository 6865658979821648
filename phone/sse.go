package phone

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
)

const sseLimit = 1 << 20 // bytes of one event

// readSSE gives the data of each server-sent event (WHATWG HTML §9.2); lines of data are joined by newlines. The last event
// counts only when the empty line after it came.
func readSSE(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 4096), sseLimit)
		var data []byte
		for lines.Scan() {
			line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
			if len(line) == 0 {
				if len(data) > 0 && !yield(data, nil) {
					return
				}
				data = data[:0]
				continue
			}
			value, ok := bytes.CutPrefix(line, []byte("data:"))
			if !ok {
				continue // a comment, or a field that is of no use here
			}
			if len(data) > 0 {
				data = append(data, '\n')
			}
			if data = append(data, bytes.TrimPrefix(value, []byte(" "))...); len(data) > sseLimit {
				yield(nil, fmt.Errorf("an event of more than %d bytes", sseLimit))
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(nil, err)
		}
	}
}
