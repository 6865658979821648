package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/metrics"
	"github.com/parley-voice/parley/replay"
	"github.com/parley-voice/parley/spool"
	"github.com/parley-voice/parley/store"
)

// s3Config is where recordings go to from this machine's disk.
type s3Config struct {
	URL       string `name:"s3-url" env:"PARLEY_S3_URL" help:"Bucket that recordings go to, in S3-compatible storage: https://host/bucket or https://host/bucket/prefix (docs/recordings.md). Default: they stay in the data folder."`
	Region    string `name:"s3-region" env:"PARLEY_S3_REGION" default:"us-east-1" help:"Region of the bucket."`
	AccessKey string `name:"s3-access-key" env:"PARLEY_S3_ACCESS_KEY" help:"Id of the key for the bucket."`
	SecretKey string `name:"s3-secret-key" env:"PARLEY_S3_SECRET_KEY" help:"The key itself."`
	Style     string `name:"s3-style" env:"PARLEY_S3_STYLE" help:"How the storage wants a bucket named: path or host (bucket.host). Default: host for Amazon, path for all others."`
	Cache     size   `name:"s3-cache" env:"PARLEY_S3_CACHE" default:"1GB" help:"How much of what is stored stays on this machine's disk, too."`
	Spool     size   `name:"s3-spool" env:"PARLEY_S3_SPOOL" default:"0" help:"How much may wait on this machine's disk for the storage; calls beyond are not recorded, and say so. 0: as much as the disk has room for."`
	Free      size   `name:"s3-free" env:"PARLEY_S3_FREE" default:"1GB" help:"How much of the disk is left free: calls that begin with less are not recorded, and say so."`
}

// size is a number of bytes, written 500MB.
type size int64

func (s *size) UnmarshalText(b []byte) error {
	text, factor := strings.ToUpper(strings.TrimSpace(string(b))), 1.0
	for unit, f := range map[string]float64{"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12} {
		if n, is := strings.CutSuffix(text, unit); is {
			text, factor = strings.TrimSpace(n), f
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n*factor <= 1e18) { // NaN is neither
		return fmt.Errorf("%q is no size; write 500MB or 20GB", b)
	}
	*s = size(n * factor)
	return nil
}

// check says what is wrong with it before anything is asked.
func (c s3Config) check() error {
	if c.URL == "" {
		return nil
	}
	_, err := c.bucket()
	return err
}

func (c s3Config) bucket() (*spool.Bucket, error) {
	return spool.NewBucket(spool.S3{URL: c.URL, Region: c.Region, AccessKey: c.AccessKey, SecretKey: c.SecretKey, Style: c.Style})
}

// objectsWait is how long storage may take to be asked whether it serves.
const objectsWait = 15 * time.Second

// examine says whether the storage takes what it will be given.
func (c s3Config) examine(ctx context.Context) []finding {
	const what = "PARLEY_S3_URL"
	if c.URL == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, objectsWait)
	defer cancel()
	b, err := c.bucket()
	began := time.Now()
	if err == nil {
		err = b.Check(ctx)
	}
	if err != nil {
		return []finding{{wrong, what, err.Error()}}
	}
	out := []finding{{fine, what, fmt.Sprintf("%s takes, gives back and deletes objects (%d ms)", c.URL, time.Since(began).Milliseconds())}}
	if b.Versioned(ctx) {
		out = append(out, finding{note, what, "the bucket keeps versions: what is erased stays as an old one until a rule of the bucket removes it"})
	}
	return out
}

// recordings are the files of calls: on this disk, or from there in storage of their own.
type recordings struct {
	*store.Blobs
	spool *spool.Spool // nil: on this disk alone
}

// takes asks a storage whether it takes what we would write. One that refuses is for people to put right by these settings, now; one that is away
// may come back: that is only logged.
func (h *house) takes(ctx context.Context, b *spool.Bucket, settings, away string) error {
	ctx, cancel := context.WithTimeout(ctx, objectsWait)
	defer cancel()
	err := b.Check(ctx)
	var refused *spool.RefusedError
	if errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", settings, err)
	}
	if err != nil {
		h.log.Warn(away, "error", err)
	}
	return nil
}

// openSpool opens the way to the storage, where there is one.
func (h *house) openSpool(ctx context.Context) error {
	c := h.cfg.S3
	if c.URL == "" {
		return nil
	}
	b, err := c.bucket()
	if err != nil {
		return err
	}
	if err = h.takes(ctx, b, "PARLEY_S3_URL", "the storage of recordings is away: they wait on this disk"); err != nil {
		return err
	}
	h.renewal.bucket = b
	h.blobs.spool, err = spool.New(spool.Config{Dir: h.cfg.recordings(), Objects: b, Rows: h.db, Logger: h.log,
		Cache: int64(c.Cache), Most: int64(c.Spool), Free: int64(c.Free)})
	return err
}

// Create gives the switchboard a file to write to.
func (r recordings) Create(name string) (call.File, error) {
	if r.spool != nil {
		return r.spool.Create(name)
	}
	return r.Blobs.Create(name)
}

// files are those that are served.
func (r recordings) files() api.Blobs {
	if r.spool != nil {
		return r.spool
	}
	return r.Blobs
}

// waiting is what metrics show; nil: nothing ever waits.
func (r recordings) waiting() func() metrics.Recordings {
	if r.spool == nil {
		return nil
	}
	return func() metrics.Recordings { return metrics.Recordings(r.spool.Waiting()) }
}

// storedWait is how long a stop waits for the last recordings to be stored. What is not by then waits for the next start.
const storedWait = 10 * time.Second

func (r recordings) drain(ctx context.Context) {
	if r.spool == nil {
		return
	}
	ctx, done := context.WithTimeout(ctx, storedWait)
	defer done()
	r.spool.Drain(ctx)
}

func (r recordings) close() error {
	var err error
	if r.spool != nil {
		err = r.spool.Close()
	}
	return errors.Join(err, r.Blobs.Close())
}

// read are the recordings for a command that only reads them.
func (c s3Config) read(here *store.Blobs, db *store.DB) (files replay.Files, done func(), err error) {
	if c.URL == "" {
		return here, func() {}, nil
	}
	b, err := c.bucket()
	if err != nil {
		return nil, nil, err
	}
	path, err := here.Path("x")
	if err != nil {
		return nil, nil, err
	}
	s, err := spool.New(spool.Config{Dir: filepath.Dir(path), Objects: b, Rows: db})
	if err != nil {
		return nil, nil, err
	}
	return s, func() { _ = s.Close() }, nil
}
