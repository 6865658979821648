package playht

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	maxChunk = 64 << 10     // bytes of what may stand before the sound
	endless  = 1 << 30      // a size that is none: the header was written before the sound
	quiet    = 200          // samples below it are silence
	maxHeld  = 2 * rate * 5 // bytes of silence that may turn out to be the end
)

// wav gives the sound of a WAV that is still being written.
func (v *Voice) wav(body io.Reader, align *tts.Align, yield func(tts.Chunk, error) bool) error {
	body, err := begin(body)
	if err != nil {
		return err
	}
	return v.pcm(body, align, yield)
}

// begin reads the header of a WAV, and gives the sound behind it.
func begin(body io.Reader) (io.Reader, error) {
	var head [12]byte
	switch _, err := io.ReadFull(body, head[:]); {
	case errors.Is(err, io.EOF): // nothing at all
		return body, nil
	case err != nil:
		return nil, err
	case string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE":
		return nil, provider.BadOutput(vendor, "asked for wav, the server sent something else", nil)
	}
	known := false
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(body, chunk[:]); err != nil {
			return nil, err
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		if string(chunk[:4]) == "data" {
			if !known {
				return nil, provider.BadOutput(vendor, "the sound came before its format", nil)
			}
			if size > 0 && size < endless {
				body = io.LimitReader(body, size)
			}
			return body, nil
		}
		if size > maxChunk {
			return nil, provider.BadOutput(vendor, "the header of the WAV is too long", nil)
		}
		b := make([]byte, size+size%2)
		if _, err := io.ReadFull(body, b); err != nil {
			return nil, err
		}
		if string(chunk[:4]) != "fmt " {
			continue
		}
		if len(b) < 16 {
			return nil, provider.BadOutput(vendor, "the format of the WAV is too short", nil)
		}
		u16 := binary.LittleEndian.Uint16
		if hz := binary.LittleEndian.Uint32(b[4:]); hz != rate || u16(b[2:]) != 1 || u16(b[14:]) != 16 || u16(b) != 1 && u16(b) != 0xfffe {
			return nil, provider.BadOutput(vendor, fmt.Sprintf("asked for 24000 Hz, the server sent WAV of %d Hz, %d channels, %d bits", hz, u16(b[2:]), u16(b[14:])), nil)
		}
		known = true
	}
}

// ulaw gives the sound of an answer in µ-law.
func (v *Voice) ulaw(body io.Reader, align *tts.Align, yield func(tts.Chunk, error) bool) error {
	return v.pcm(&expander{from: body}, align, yield)
}

// An expander reads µ-law as PCM.
type expander struct {
	from io.Reader
	buf  [2048]byte
	pcm  []int16
	left []byte
	out  []byte
}

func (e *expander) Read(p []byte) (int, error) {
	if len(e.left) == 0 {
		n, err := e.from.Read(e.buf[:])
		if n == 0 {
			return 0, err
		}
		e.pcm = audio.DecodeUlaw(e.pcm[:0], e.buf[:n])
		e.out = e.out[:0]
		for _, s := range e.pcm {
			e.out = binary.LittleEndian.AppendUint16(e.out, uint16(s))
		}
		e.left = e.out // an error comes back with the next read
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}

// pcm gives sound, without the silence at its ends when it is to be cut.
func (v *Voice) pcm(body io.Reader, align *tts.Align, yield func(tts.Chunk, error) bool) error {
	cut := trim{on: v.options.ExperimentalRemove}
	buf := make([]byte, 4096)
	for {
		n, err := body.Read(buf)
		switch {
		case !align.Write(cut.take(buf[:n]), yield):
			return provider.ErrStopped
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// trim drops the silence before the first sound, and holds back what may be the silence after the last.
type trim struct {
	on    bool
	begun bool
	odd   []byte // half a sample
	held  []byte
	out   []byte
}

func (t *trim) take(b []byte) []byte {
	if !t.on {
		return b
	}
	b = append(t.odd, b...)
	last := 0 // bytes up to the last sample that is no silence
	first := -1
	for i := 0; i+1 < len(b); i += 2 {
		if s := int16(binary.LittleEndian.Uint16(b[i:])); s >= quiet || s <= -quiet {
			if first < 0 {
				first = i
			}
			last = i + 2
		}
	}
	whole := len(b) &^ 1
	t.odd = append([]byte(nil), b[whole:]...)
	b = b[:whole]
	t.out = t.out[:0]
	if last > 0 {
		if t.begun {
			first = 0
		}
		t.begun = true
		t.out = append(append(t.out, t.held...), b[first:last]...)
		t.held = t.held[:0]
	}
	if t.begun {
		t.held = append(t.held, b[last:]...)
	}
	if len(t.held) > maxHeld { // a pause, and no end
		t.out = append(t.out, t.held...)
		t.held = t.held[:0]
	}
	return t.out
}
