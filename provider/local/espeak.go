package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley/provider"
)

// espeakVoices are espeak-ng's names for the contract's languages besides English. Japanese is read from kana only, Korean
// by its letters.
var espeakVoices = map[string]string{"es": "es", "de": "de", "hi": "hi", "pt": "pt-br", "fr": "fr", "nl": "nl", "id": "id", "it": "it", "ja": "ja", "ko": "ko"}

const (
	espeakWords = 165 // a minute, at rate 1
	espeakPitch = 50  // of 0–99, at pitch 1
)

// espeak renders a piece by a process of its own. The text goes in by its standard input, so nothing in it is taken as an
// option.
func (v *voice) espeak(ctx context.Context, p *piece, name string) error {
	rate, pitch := int(espeakWords*v.options.Rate), min(99, int(espeakPitch*v.options.Pitch))
	cmd := exec.CommandContext(ctx, "espeak-ng", "-v", name, "-s", strconv.Itoa(rate), "-p", strconv.Itoa(pitch), "-b", "1", "--stdin", "--stdout")
	cmd.Stdin = strings.NewReader(strings.TrimSpace(p.say))
	cmd.WaitDelay = time.Second
	var complaint strings.Builder
	cmd.Stderr = &limited{&complaint, 500}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting espeak-ng: %w", err)
	}
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) {
		return errNotInstalled
	} else if err != nil {
		return fmt.Errorf("starting espeak-ng: %w", err)
	}
	read := readWave(out, p)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("espeak-ng: %w: %s", err, provider.Line(complaint.String()))
	}
	return read
}

// readWave takes the sound of a WAV file that is still being written: the length in its header means nothing.
func readWave(r io.Reader, p *piece) error {
	var head [44]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return fmt.Errorf("espeak-ng gave no sound: %w", err)
	}
	rate := int(binary.LittleEndian.Uint32(head[24:]))
	if string(head[:4]) != "RIFF" || string(head[36:40]) != "data" || rate < 8000 || rate > 48000 {
		return errors.New("espeak-ng gave something else than sound")
	}
	p.begin(rate, nil)
	buf := make([]byte, 1<<13)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			p.write(buf[:n])
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("hearing espeak-ng: %w", err)
		}
	}
}

// limited keeps the beginning of what is written.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	if n := min(len(b), l.left); n > 0 {
		l.left -= n
		l.w.Write(b[:n])
	}
	return len(b), nil
}
