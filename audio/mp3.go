package audio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// ErrNoMP3 means that no MP3 encoder is installed.
var ErrNoMP3 = errors.New("no MP3 encoder on this machine: install lame or ffmpeg (apt-get install lame), or ask for WAV")

// EncodeMP3 writes the WAV file at wavPath to w as MP3 (stereo, 64 kb/s at 16 kHz), by the installed lame or ffmpeg as a
// process of its own; ending ctx ends that. ErrNoMP3: neither is installed.
func EncodeMP3(ctx context.Context, w io.Writer, wavPath string) error {
	if strings.HasPrefix(wavPath, "-") {
		wavPath = "./" + wavPath // not an option
	}
	name, args := "lame", []string{"--quiet", "-b", "64", wavPath, "-"}
	path, err := exec.LookPath(name)
	if err != nil {
		name = "ffmpeg"
		args = []string{"-nostdin", "-v", "error", "-f", "wav", "-i", "file:" + wavPath, "-b:a", "64k", "-f", "mp3", "pipe:1"}
		if path, err = exec.LookPath(name); err != nil {
			return ErrNoMP3
		}
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second // a child of its own may hold the pipe
	complaint := &head{}
	cmd.Stdout, cmd.Stderr = w, complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("encoding MP3 with %s: %w: %s", name, err, complaint)
	}
	return nil
}

// head keeps the first words of what a process complains about.
type head struct{ bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := 500 - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (h *head) String() string { return string(bytes.TrimSpace(h.Bytes())) }
