package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateEvery is how often a renewed certificate is looked for, at most.
const certificateEvery = 10 * time.Second

// certificate is a pair of PEM files, read again once they change: a renewal needs no restart. One that cannot be read leaves the
// last good one in use.
type certificate struct {
	log *slog.Logger

	mu        sync.Mutex // guards all below
	cert, key string
	pair      *tls.Certificate
	written   [2]time.Time // of the files that pair was read from
	looked    time.Time
}

// certificate reads what SIP over TLS shows; nil: none is configured.
func (c *serveCmd) certificate(log *slog.Logger) (*certificate, error) {
	if c.TLS.Cert == "" && c.TLS.Key == "" {
		return nil, nil
	}
	if c.TLS.Cert == "" || c.TLS.Key == "" {
		return nil, fmt.Errorf("PARLEY_TLS_CERT and PARLEY_TLS_KEY go together: set both to PEM files, or none")
	}
	f := &certificate{cert: c.TLS.Cert, key: c.TLS.Key, log: log}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("PARLEY_TLS_CERT, PARLEY_TLS_KEY: %w", err)
	}
	return f, nil
}

// config is what SIP over TLS answers with. TLS 1.2 is the least.
func (f *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.get}
}

// take goes on with the files of another, which nobody else has.
func (f *certificate) take(other *certificate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cert, f.key, f.pair, f.written, f.looked = other.cert, other.key, other.pair, other.written, other.looked
}

func (f *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) < certificateEvery {
		return f.pair, nil
	}
	f.looked = time.Now()
	if f.changed() {
		if err := f.load(); err != nil {
			f.log.Error("the renewed TLS certificate cannot be read: the one before stays in use", "error", err)
		}
	}
	return f.pair, nil
}

func (f *certificate) read() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked = time.Now()
	return f.load()
}

// changed tells whether either file has been written since; mu is held.
func (f *certificate) changed() bool { return f.times() != f.written }

func (f *certificate) times() (at [2]time.Time) {
	for i, name := range []string{f.cert, f.key} {
		if s, err := os.Stat(name); err == nil {
			at[i] = s.ModTime()
		}
	}
	return at
}

// load reads the pair; mu is held. Files that do not fit together, as in the middle of a renewal, are looked at again.
func (f *certificate) load() error {
	at := f.times()
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	f.pair, f.written = &pair, at
	return nil
}
