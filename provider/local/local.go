// Package local hears, thinks and speaks on this machine, with no key and no network: pocketsphinx and flite in worker
// processes, espeak-ng, and a language model on loopback or, where there is none, the built-in responder.
// New starts two goroutines that end by themselves or with Close: one prepares the models for hearing, one looks for a
// language model; so does one later when a call is opened. A stream that hears has one that sends, a stream that speaks one that renders; they end with the loop.
package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const vendor = "local"

var errNotInstalled = errors.New("speech programs are missing: apt-get install flite espeak-ng pocketsphinx pocketsphinx-en-us")

// Config is what Local needs of the process it is in.
type Config struct {
	// Command starts a worker: a program that calls Worker with its standard input and output, such as this one with a
	// hidden subcommand.
	Command []string
	// CacheDir keeps the models made for the telephone, 12 MB; the user's cache directory when "".
	CacheDir string
	// Logger is told what was found; slog.Default when nil.
	Logger *slog.Logger
	// OpenAICompatible opens a model of a server that speaks OpenAI's API, for language models on this machine. Nil: they
	// are not looked for.
	OpenAICompatible func(baseURL, model string) (llm.Model, error)
	// Servers are where a language model is looked for, on loopback; the usual ports when nil.
	Servers []Server
	// Hearers are the vendors that hear other languages than English, for the error that says so.
	Hearers []string
}

// Local is the speech of this machine. Close it when no call uses it any more.
type Local struct {
	config   Config
	log      *slog.Logger
	ctx      context.Context // of all workers
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	hearers  pool
	speakers pool

	modelReady chan struct{} // closed when model or modelErr is set
	model      string        // directory prepared for hearing
	modelErr   error

	lookEach time.Duration // of the watchdogs

	mu     sync.Mutex    // guards all below
	looked chan struct{} // closed when the look at the servers is over
	since  time.Time     // when that was
	found  *thinker      // nil: the built-in responder thinks
}

// New prepares in the background what takes a moment the first time; nothing waits for it but the first who hears.
func New(c Config) *Local {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.CacheDir == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			dir = os.TempDir()
		}
		c.CacheDir = filepath.Join(dir, "parley", "speech")
	}
	if len(c.Hearers) == 0 {
		c.Hearers = []string{"deepgram", "openai"}
	}
	l := &Local{config: c, log: c.Logger, modelReady: make(chan struct{}), lookEach: lookEach}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	cpus := runtime.GOMAXPROCS(0)
	l.hearers = pool{open: l.openHearer, most: 2 * cpus}
	l.speakers = pool{open: l.openSpeaker, most: 2 * cpus}
	l.wg.Go(l.prepare)
	l.look()
	return l
}

// Close kills the workers and waits until they are gone.
func (l *Local) Close() {
	l.mu.Lock() // no look begins from now on
	l.cancel()
	l.mu.Unlock()
	l.hearers.close()
	l.speakers.close()
	l.wg.Wait()
}

// Spec is the vendor "local". It needs no key.
func (l *Local) Spec() provider.Spec {
	return provider.Spec{
		Name:  vendor,
		Title: "This machine",
		Hearing: &provider.Hearing{Options: new(TranscriberOptions), Open: func(_ provider.Access, _ json.RawMessage) (stt.Transcriber, error) {
			return &transcriber{l}, nil
		}},
		Thinking: &provider.Thinking{Open: func(_ provider.Access, model string, _ json.RawMessage) (llm.Model, error) {
			if model != BuiltIn {
				l.look()
			}
			return &thinking{l: l, name: model}, nil
		}},
		Speaking: &provider.Speaking{Options: new(VoiceOptions), Voices: voices, Open: func(_ provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return l.openVoice(options)
		}},
	}
}

// prepare has a worker make the models for hearing.
func (l *Local) prepare() {
	defer close(l.modelReady)
	began := time.Now()
	p, err := start(l.ctx, l.config.Command, orderBody{Work: workPrepare, Cache: l.config.CacheDir})
	if err == nil {
		defer p.stop()
		var dir []byte
		if dir, err = p.ready(); err == nil {
			l.model = string(dir)
			l.log.Info("local hearing is ready", "models", l.model, "took", time.Since(began).Round(time.Millisecond))
			return
		}
	}
	l.modelErr = fmt.Errorf("preparing local hearing: %w", err)
	if l.ctx.Err() == nil {
		l.log.Warn("local hearing is not available", "error", err)
	}
}

// fault is the typed error of a worker that failed; the end of the caller's own context comes back as it is.
func fault(ctx context.Context, err error) error {
	var typed *parley.VendorError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &typed):
		return err
	}
	return &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Message: provider.Line(err.Error()), Err: err}
}

// english reports whether a contract language is English, or none was named.
func english(language string) bool {
	code, _, _ := strings.Cut(strings.ToLower(language), "-")
	return code == "" || code == "en"
}
