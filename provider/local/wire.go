package local

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// A message between the server and a worker is a kind, four bytes of length (big endian) and the body. To a worker go one
// order and then sound or texts; the worker answers with results and ends when its input does.
type kind byte

const (
	order  kind = iota + 1 // → an Order in JSON, the first message
	expect                 // → an Expectation in JSON; hearing
	pcm                    // → and ←: sound, signed 16-bit little-endian
	speak                  // → an Utterance in JSON
	ready                  // ← what was ordered is open; body: a path after prepare
	heard                  // ← a Heard in JSON
	spoken                 // ← a Spoken in JSON: where the words of an utterance end, before its sound
	done                   // ← the utterance is over
	failed                 // ← a sentence; the worker ends after it, except when speaking
	took                   // ← tookEach more steps of sound have been heard
)

// maxBody bounds a message: neither side believes a length above it.
const maxBody = 4 << 20

// writeMessage sends one message in a single write.
func writeMessage(w io.Writer, buf []byte, k kind, body []byte) ([]byte, error) {
	if len(body) > maxBody {
		return buf, fmt.Errorf("message of %d bytes, %d is the most", len(body), maxBody)
	}
	buf = append(buf[:0], byte(k))
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(body)))
	buf = append(buf, body...)
	_, err := w.Write(buf)
	return buf, err
}

func writeJSON(w io.Writer, k kind, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = writeMessage(w, nil, k, b)
	return err
}

// readMessage reads the next message into buf, which grows as needed. io.EOF: the other side has ended between messages.
func readMessage(r io.Reader, buf []byte) (k kind, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, buf, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxBody {
		return 0, buf, fmt.Errorf("message of %d bytes, %d is the most", n, maxBody)
	}
	if cap(buf) < int(n) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return 0, buf, fmt.Errorf("message cut short: %w", io.ErrUnexpectedEOF)
	}
	return kind(head[0]), buf, nil
}

// putSamples and samples turn sound into bytes and back.
func putSamples(dst []byte, pcm []int16) []byte {
	for _, s := range pcm {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(s))
	}
	return dst
}

func samples(dst []int16, b []byte) []int16 {
	for ; len(b) >= 2; b = b[2:] {
		dst = append(dst, int16(binary.LittleEndian.Uint16(b)))
	}
	return dst
}
