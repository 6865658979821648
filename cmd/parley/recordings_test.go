package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/parley-voice/parley/spool/spooltest"
)

func s3(t *testing.T) (s3Config, *spooltest.Storage) {
	t.Helper()
	st := spooltest.New()
	t.Cleanup(st.Close)
	return s3Config{URL: st.URL, Region: spooltest.Region, AccessKey: spooltest.AccessKey, SecretKey: spooltest.SecretKey, Cache: 1e9, Free: 1}, st
}

// TestStorageOfRecordings: a storage that serves is used, one that refuses stops the start, in its own words, and one that is away is waited for.
func TestStorageOfRecordings(t *testing.T) {
	t.Parallel()
	c, st := s3(t)
	open := func(c s3Config) (said string, err error) {
		var log bytes.Buffer
		h := &house{cfg: &serveCmd{Data: t.TempDir(), storeConfig: storeConfig{S3: c}}, log: slog.New(slog.NewTextHandler(&log, nil))}
		err = h.openSpool(t.Context())
		if h.blobs.spool != nil {
			_ = h.blobs.spool.Close()
		}
		return log.String(), err
	}
	if said, err := open(c); err != nil || said != "" {
		t.Errorf("%v %s", err, said)
	}
	wrongKey := c
	wrongKey.SecretKey = "0ther-secret"
	if said, err := open(wrongKey); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") || strings.Contains(err.Error()+said, "0ther-secret") {
		t.Errorf("%v %s", err, said)
	}
	if f := wrongKey.examine(t.Context()); len(f) != 1 || f[0].verdict != wrong || !strings.Contains(f[0].said, "SignatureDoesNotMatch") || strings.Contains(f[0].said, "0ther-secret") {
		t.Errorf("%+v", f)
	}
	if f := c.examine(t.Context()); len(f) != 1 || f[0].verdict != fine {
		t.Errorf("%+v", f)
	}
	st.Set(spooltest.Fault{Away: true})
	if said, err := open(c); err != nil || !strings.Contains(said, "the storage of recordings is away") {
		t.Errorf("%v %s", err, said)
	}
	if f := c.examine(t.Context()); len(f) != 1 || f[0].verdict != wrong {
		t.Errorf("%+v", f)
	}
	if f := (s3Config{}).examine(t.Context()); f != nil {
		t.Errorf("%+v", f)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]size{"0": 0, "500MB": 5e8, "1.5 gb": 15e8, "2TB": 2e12, "12kB": 12e3, "77": 77} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "many", "-1GB", "1PB", "1e30GB", "NaN"} {
		var s size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s: %d", text, s)
		}
	}
}
