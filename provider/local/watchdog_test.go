package local

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

// TestWatchdog: a worker that owes a sign of life and gives none is killed, once, after its patience; all others live.
func TestWatchdog(t *testing.T) {
	second := func(d *watchdog, n int) {
		for range n * 50 {
			d.gave()
			time.Sleep(20 * time.Millisecond)
		}
	}
	for name, c := range map[string]struct {
		play func(d *watchdog)
		hung bool
	}{
		"never says a word":             {func(*watchdog) { time.Sleep((gettingUp + 2) * time.Second) }, true},
		"takes its time to get up":      {func(d *watchdog) { time.Sleep((gettingUp - 2) * time.Second); d.sign(false) }, false},
		"nothing to do for a long time": {func(d *watchdog) { d.sign(false); time.Sleep(time.Hour) }, false},
		"a few steps and then nothing":  {func(d *watchdog) { d.sign(false); second(d, 1); time.Sleep(time.Hour) }, false},
		"stops taking sound":            {func(d *watchdog) { d.sign(false); second(d, patience+4) }, true},
		"says no more after the end":    {func(d *watchdog) { d.sign(false); d.end(); time.Sleep((patience + 2) * time.Second) }, true},
		"takes it slowly": {func(d *watchdog) {
			d.sign(false)
			for range 60 {
				second(d, 1)
				d.sign(true) // half of what it is given
			}
		}, false},
		"takes it all, and then the caller is held": {func(d *watchdog) {
			d.sign(false)
			for range 60 {
				second(d, 1)
				d.sign(true)
				d.sign(true)
			}
			time.Sleep(time.Hour)
		}, false},
		"nobody reads what it says": {func(d *watchdog) {
			d.sign(false)
			d.read(false)
			second(d, 3*patience)
			d.read(true)
			d.sign(true)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				killed := 0
				d := watchOver(time.Second, func() { killed++ })
				c.play(d)
				if got := d.stop(); got != c.hung || (killed == 1) != c.hung {
					t.Errorf("hung %v, killed %d times", got, killed)
				}
				time.Sleep(time.Hour)
				if d.stop() != c.hung || killed > 1 {
					t.Errorf("after its end: killed %d times", killed)
				}
			})
		})
	}
}

// TestWorkerHangs: a worker that stands still in the middle of a sentence is killed, another takes over, and no word is lost or
// told twice.
func TestWorkerHangs(t *testing.T) {
	t.Parallel()
	installed(t)
	l := New(Config{Command: []string{os.Args[0], workerArg}, CacheDir: filepath.Join(os.TempDir(), "parley-test-speech"), Logger: slog.New(slog.DiscardHandler)})
	defer l.Close()
	l.lookEach = 100 * time.Millisecond
	frames := telephone(say(t, l, "", "en", "How much does a cleaning cost?"), 20)
	w, _, err := l.hearers.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.hearers.put(w) // the stream takes it
	tr, err := l.Spec().Hearing.Open(provider.Access{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan audio.Frame)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	go func() {
		defer close(in)
		for i, f := range frames {
			if i == len(frames)/2 {
				if err := syscall.Kill(w.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
					t.Error(err)
				}
			}
			select {
			case in <- f:
			case <-ctx.Done():
				return
			}
			time.Sleep(time.Millisecond)
		}
		// the sound goes on while the worker stands still
		for range 100 {
			select {
			case in <- audio.Frame{}:
			case <-ctx.Done():
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	var events []stt.Event
	notices := 0
	for e, err := range stt.Fallback(stt.Vendor{Name: t.Name(), Transcriber: tr}).Transcribe(ctx, in, stt.Options{Phrases: []string{"How much does a cleaning cost?"}}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
		if e.Notice != "" {
			notices++
		}
	}
	if got := finals(events); got != "how much does a cleaning cost" {
		t.Errorf("heard %q", got)
	}
	if w.cmd.ProcessState == nil {
		t.Error("the worker that hung is still there")
	}
}

// TestHungWorkerIsNamed: without anybody to take over, the error says what happened.
func TestHungWorkerIsNamed(t *testing.T) {
	l := speech(t)
	w, _, err := l.hearers.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(w.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	own := &Local{config: l.config, hearers: pool{most: 1, idle: []*idler{{process: w, timer: time.NewTimer(time.Hour)}}}, lookEach: 10 * time.Millisecond}
	in := make(chan audio.Frame)
	var last error
	for _, err := range (&transcriber{own}).Transcribe(t.Context(), in, stt.Options{Keywords: map[string]float64{strings.Repeat("long ", 50000): 1}}) {
		last = err // the order itself fills the pipe
	}
	vendorError(t, last, parley.VendorUnavailable, "worker")
	if w.cmd.ProcessState == nil {
		t.Error("the worker that hung is still there")
	}
}
