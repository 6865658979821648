package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

func vendorError(t *testing.T, err error, code parley.VendorCode, words ...string) {
	t.Helper()
	var v *parley.VendorError
	if !errors.As(err, &v) || v.Vendor != "local" || v.Code != code {
		t.Errorf("got %v, want a VendorError %s of local", err, code)
		return
	}
	for _, w := range words {
		if !strings.Contains(v.Message, w) {
			t.Errorf("%q lacks %q", v.Message, w)
		}
	}
}

// heardError runs a stream over silence until it errs.
func heardError(t *testing.T, l *Local, o stt.Options) (err error) {
	t.Helper()
	tr, e := l.Spec().Hearing.Open(provider.Access{}, nil)
	if e != nil {
		t.Fatal(e)
	}
	in := make(chan audio.Frame)
	close(in)
	for _, err = range tr.Transcribe(t.Context(), in, o) {
	}
	return err
}

func spokenError(t *testing.T, l *Local, language string) (err error) {
	t.Helper()
	v, e := l.openVoice(nil)
	if e != nil {
		t.Fatal(e)
	}
	text := make(chan string, 1)
	text <- "hello"
	close(text)
	for _, err = range v.Speak(t.Context(), text, tts.Options{Language: language}) {
	}
	return err
}

func TestOtherLanguages(t *testing.T) {
	l := New(Config{CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Hearers: []string{"deepgram", "openai", "gladia"}})
	defer l.Close()
	for _, lang := range []string{"es", "de", "hi", "pt", "fr", "nl", "id", "it", "ja", "ko"} {
		vendorError(t, heardError(t, l, stt.Options{Language: lang}), parley.VendorUnsupported, "English only", lang, "deepgram, openai, gladia")
		if espeakVoices[lang] == "" {
			t.Errorf("no voice for %s", lang)
		}
	}
	vendorError(t, spokenError(t, l, "xx"), parley.VendorUnsupported, "xx")
}

func TestWorkersThatCannotStart(t *testing.T) {
	for name, command := range map[string][]string{"none": nil, "missing": {"/nonexistent/parley"}, "one that dies": {"/bin/false"}, "one that babbles": {"/bin/echo", "hello world, this is no worker"}} {
		l := New(Config{Command: command, CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
		vendorError(t, heardError(t, l, stt.Options{}), parley.VendorUnavailable, "worker")
		vendorError(t, spokenError(t, l, "en"), parley.VendorUnavailable, "worker")
		l.Close()
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestMissingPackagesAreNamed(t *testing.T) {
	if _, err := prepareModels(t.TempDir(), t.TempDir()); !errors.Is(err, errNotInstalled) || !strings.Contains(err.Error(), "apt-get install flite espeak-ng pocketsphinx pocketsphinx-en-us") {
		t.Errorf("no models: %v", err)
	}
	for _, said := range []string{errNotInstalled.Error(), "opening libflite.so.1: cannot open shared object file"} {
		if err := workerError([]byte(said)); !errors.Is(err, errNotInstalled) {
			t.Errorf("%q gave %v", said, err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	l := New(Config{CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	defer l.Close()
	vendorError(t, spokenError(t, l, "de"), parley.VendorUnavailable, "apt-get install")
}

func TestPreparingIsDoneOnce(t *testing.T) {
	l := speech(t)
	<-l.modelReady
	if l.modelErr != nil {
		t.Fatal(l.modelErr)
	}
	before, err := os.Stat(filepath.Join(l.model, generalLM))
	if err != nil || before.Size() < 1<<20 || before.Size() > 16<<20 {
		t.Fatalf("general model: %+v, %v", before, err)
	}
	again, err := prepareModels(debianModels, filepath.Dir(l.model))
	if err != nil || again != l.model {
		t.Errorf("prepared again as %s: %v", again, err)
	}
	after, err := os.Stat(filepath.Join(l.model, generalLM))
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("written anew: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(l.model), ".preparing-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestPreparingEndsWithTheServer(t *testing.T) {
	installed(t)
	cache := t.TempDir()
	old := filepath.Join(cache, preparing+"1-2")
	if err := errors.Join(os.Mkdir(old, 0o755), os.WriteFile(filepath.Join(old, generalDict), nil, 0o644), os.Chtimes(old, time.Time{}, time.Now().Add(-2*stale))); err != nil {
		t.Fatal(err)
	}
	p, err := start(t.Context(), []string{os.Args[0], workerArg}, orderBody{Work: workPrepare, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	begun := func() bool {
		dirs, err := filepath.Glob(filepath.Join(cache, fmt.Sprintf("%s%d-*", preparing, p.cmd.Process.Pid)))
		return err == nil && len(dirs) == 1
	}
	for over := time.Now().Add(time.Minute); !begun(); time.Sleep(time.Millisecond) {
		if time.Now().After(over) {
			t.Fatal("it does not begin")
		}
	}
	p.stdin.Close()                        // as the kernel does for a server that is killed
	if _, _, err := p.read(); err == nil { // its end, or that it cannot write where nothing is any more
		t.Error("it went on")
	}
	left, err := os.ReadDir(cache)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// children are the processes whose parent is this one, by their state.
func children(t *testing.T) (out []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		b, err := os.ReadFile(s)
		if err != nil {
			continue // it has ended since
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		var state string
		var parent int
		if _, err := fmt.Sscan(rest, &state, &parent); err == nil && parent == os.Getpid() {
			out = append(out, s+" "+state)
		}
	}
	return out
}

func TestNothingIsLeftRunning(t *testing.T) {
	installed(t)
	before := len(children(t))
	l := New(Config{Command: []string{os.Args[0], workerArg}, CacheDir: filepath.Join(os.TempDir(), "parley-test-speech"), Logger: slog.New(slog.DiscardHandler)})
	v, err := l.openVoice(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &transcriber{l}
	if err := errors.Join(v.Warm(t.Context()), tr.Warm(t.Context())); err != nil {
		t.Fatal(err)
	}
	if n := len(children(t)) - before; n != 2 {
		t.Errorf("%d workers are warm, want 2", n)
	}
	in := make(chan audio.Frame)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		var last error
		for _, err := range tr.Transcribe(ctx, in, stt.Options{}) {
			last = err
		}
		ended <- last
	}()
	for range 10 {
		in <- audio.Frame{}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled stream ended with %v", err)
	}
	l.Close()
	l.Close()
	if left := children(t); len(left) > before {
		t.Errorf("left: %q", left)
	}
	vendorError(t, heardError(t, l, stt.Options{}), parley.VendorUnavailable, "closed")
}

// TestWorkerDies: a crash of the libraries ends the stream with an error, not the server.
func TestWorkerDies(t *testing.T) {
	l := speech(t)
	w, _, err := l.hearers.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.hearers.put(w) // the next stream takes it
	in := make(chan audio.Frame)
	tr := &transcriber{l}
	go func() {
		for range 5 {
			in <- audio.Frame{}
		}
		w.cmd.Process.Kill()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var last error
	for _, err := range tr.Transcribe(ctx, in, stt.Options{}) {
		last = err
	}
	vendorError(t, last, parley.VendorUnavailable, "died")
}

func TestIdleWorkersGo(t *testing.T) {
	l := speech(t)
	p := pool{open: l.openSpeaker, most: 1}
	a, release, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	b, release, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	p.put(a)
	p.put(b) // one too many
	if b.cmd.ProcessState == nil {
		t.Error("the second idle worker was kept")
	}
	if c, release, err := p.take(t.Context()); err != nil || c != a {
		t.Errorf("took %v, %v", c, err)
	} else {
		release()
		p.put(c)
	}
	p.expire(p.idle[0])
	if a.cmd.ProcessState == nil || len(p.idle) != 0 {
		t.Error("an idle worker outlived its time")
	}
	p.close()
	if _, _, err := p.take(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("a closed pool gave %v", err)
	}
	p.put(a)
}
