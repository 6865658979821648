package audio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMP3WithoutAnEncoder(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := EncodeMP3(t.Context(), io.Discard, "a.wav")
	if !errors.Is(err, ErrNoMP3) || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("got %v", err)
	}
}

// encoder puts a shell script by that name first, and alone but for the shell's own tools, on the path.
func encoder(t *testing.T, name, script string) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

func TestMP3PrefersLame(t *testing.T) {
	encoder(t, "lame", `echo "$@"`)
	var out bytes.Buffer
	if err := EncodeMP3(t.Context(), &out, "-odd name.wav"); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, " ./-odd name.wav -\n") {
		t.Errorf("lame was called with %q", got)
	}
}

func TestMP3SaysWhatTheEncoderSaid(t *testing.T) {
	encoder(t, "ffmpeg", `echo "cannot do that" >&2; exit 3`)
	err := EncodeMP3(t.Context(), io.Discard, "a.wav")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.Contains(err.Error(), "cannot do that") {
		t.Errorf("got %v", err)
	}
}

func TestMP3EndsWithItsContext(t *testing.T) {
	encoder(t, "lame", `exec /bin/sleep 60`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := EncodeMP3(ctx, io.Discard, "a.wav"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// With a real encoder on this machine all of the sound must be in the file; without one the error must say so.
func TestMP3HoldsAllTheSound(t *testing.T) {
	const seconds = 10
	f := tempFile(t)
	w, err := NewWAV(f, Rate, 2)
	if err != nil {
		t.Fatal(err)
	}
	pcm, tone := make([]int16, 2*Rate), Sine(440, 2*Rate, -6)
	for range seconds {
		tone.Fill(pcm)
		w.Write(pcm)
	}
	w.Sync()
	var out bytes.Buffer
	err = EncodeMP3(t.Context(), &out, f.Name())
	_, noLame := exec.LookPath("lame")
	_, noFFmpeg := exec.LookPath("ffmpeg")
	if noLame != nil && noFFmpeg != nil {
		if !errors.Is(err, ErrNoMP3) {
			t.Errorf("no encoder, and yet %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, want := out.Len(), seconds*64000/8; n < want*95/100 || n > want*110/100 {
		t.Errorf("%d bytes, %d s at 64 kb/s are %d", n, seconds, want)
	}
}
