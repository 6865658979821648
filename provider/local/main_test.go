package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const workerArg = "hear-or-speak"

// The test binary is its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == workerArg {
		if err := Worker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if shared != nil {
		shared.Close()
	}
	os.Exit(code)
}

// installed fails the test when the speech packages are not there.
func installed(t testing.TB) {
	t.Helper()
	for _, f := range []string{"flite", "espeak-ng"} {
		if _, err := exec.LookPath(f); err != nil {
			t.Fatal(errNotInstalled)
		}
	}
	if _, err := os.Stat(debianModels + "/en-us.lm.bin"); err != nil {
		t.Fatal(errNotInstalled)
	}
}

var (
	shared     *Local
	sharedOnce sync.Once
)

// speech is one Local for all tests; its models stay from run to run, as they do for a server.
func speech(t testing.TB) *Local {
	t.Helper()
	installed(t)
	sharedOnce.Do(func() {
		shared = New(Config{Command: []string{os.Args[0], workerArg}, CacheDir: filepath.Join(os.TempDir(), "parley-test-speech"), Logger: slog.New(slog.DiscardHandler)})
	})
	return shared
}

// say renders a text by a voice of ours.
func say(t testing.TB, l *Local, options, language string, pieces ...string) []tts.Chunk {
	t.Helper()
	v, err := l.Spec().Speaking.Open(provider.Access{}, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string, len(pieces))
	for _, p := range pieces {
		text <- p
	}
	close(text)
	var out []tts.Chunk
	for c, err := range v.Speak(t.Context(), text, tts.Options{Language: language}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// telephone is the sound as it comes off a G.711 line: silence, the sound, silence.
func telephone(chunks []tts.Chunk, silence int) []audio.Frame {
	frames := make([]audio.Frame, silence, len(chunks)+2*silence)
	down, up := audio.NewResampler(16000, 8000), audio.NewResampler(8000, 16000)
	for _, c := range chunks {
		narrow := audio.DecodeUlaw(nil, audio.EncodeUlaw(nil, down.Process(nil, c.Frame[:])))
		var f audio.Frame
		copy(f[:], up.Process(nil, narrow))
		frames = append(frames, f)
	}
	return append(frames, make([]audio.Frame, silence)...)
}

// hear gives all frames to a transcriber as fast as it takes them.
func hear(t testing.TB, l *Local, frames []audio.Frame, o stt.Options) []stt.Event {
	t.Helper()
	tr, err := l.Spec().Hearing.Open(provider.Access{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	in := make(chan audio.Frame, len(frames))
	for _, f := range frames {
		in <- f
	}
	close(in)
	var events []stt.Event
	for e, err := range tr.Transcribe(ctx, in, o) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func finals(events []stt.Event) string {
	var out []string
	for _, e := range events {
		if e.Final {
			out = append(out, e.Text)
		}
	}
	return strings.Join(out, " | ")
}
