package spool

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/parley-voice/parley"
)

// S3 says where a bucket is.
type S3 struct {
	URL       string // https://host[:port]/bucket[/prefix]
	Region    string
	AccessKey string
	SecretKey string
	Style     string        // how a bucket is named: path, host (bucket.host), "": host for Amazon, path for all others
	Silence   time.Duration // of a connection on which something is to come or go, until it is given up; 0: 30 s
}

// A Bucket is Objects in S3-compatible storage, all of whose names begin with a prefix.
type Bucket struct {
	client         *minio.Client
	bucket, prefix string
	silence        time.Duration
	keys           *keys
}

// keys are what requests are signed with, each with those of its moment.
type keys struct {
	mu             sync.Mutex // guards all below
	access, secret string
	renewed        bool // since they were read last
}

// SetKey has requests from now on signed with a key; false: it is the same.
func (b *Bucket) SetKey(access, secret string) (another bool) {
	b.keys.mu.Lock()
	defer b.keys.mu.Unlock()
	if b.keys.access == access && b.keys.secret == secret {
		return false
	}
	b.keys.access, b.keys.secret, b.keys.renewed = access, secret, true
	return true
}

// RetrieveWithCredContext is credentials.Provider's, as the two others.
func (k *keys) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	return k.Retrieve()
}

func (k *keys) Retrieve() (credentials.Value, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.renewed = false
	return credentials.Value{AccessKeyID: k.access, SecretAccessKey: k.secret, SignerType: credentials.SignatureV4}, nil
}

// IsExpired has them read again.
func (k *keys) IsExpired() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.renewed
}

const (
	dialWait = 5 * time.Second
	silence  = 30 * time.Second
	partSize = 16 << 20 // what is larger goes in parts of this; each upload holds one of them in memory
)

// NewBucket makes one; nothing is asked yet. An error names what is wrong with where it is to be, and has no key in it.
func NewBucket(c S3) (*Bucket, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("PARLEY_S3_URL: that is no address of a bucket; write https://s3.eu-central-1.amazonaws.com/bucket, or http://10.0.0.5:9000/bucket/prefix")
	}
	if u.User != nil {
		return nil, errors.New("PARLEY_S3_URL: keys do not go into the address; set PARLEY_S3_ACCESS_KEY and PARLEY_S3_SECRET_KEY")
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if bucket == "" {
		return nil, errors.New("PARLEY_S3_URL: the bucket is missing; write https://" + u.Host + "/bucket")
	}
	if c.AccessKey == "" || c.SecretKey == "" {
		return nil, errors.New("PARLEY_S3_ACCESS_KEY, PARLEY_S3_SECRET_KEY: both are needed for PARLEY_S3_URL")
	}
	style, known := map[string]minio.BucketLookupType{"": minio.BucketLookupAuto, "path": minio.BucketLookupPath, "host": minio.BucketLookupDNS}[c.Style]
	if !known {
		return nil, fmt.Errorf("PARLEY_S3_STYLE: %q is none; write path or host", c.Style)
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Silence == 0 {
		c.Silence = silence
	}
	k := &keys{access: c.AccessKey, secret: c.SecretKey}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.New(k), Secure: u.Scheme == "https", Region: c.Region, BucketLookup: style,
		MaxRetries: 1, // whoever asks knows when to ask again
		Transport:  transport(c.Silence),
	})
	if err != nil {
		return nil, fmt.Errorf("PARLEY_S3_URL: %w", err)
	}
	if prefix != "" {
		prefix += "/"
	}
	return &Bucket{client, bucket, prefix, c.Silence, k}, nil
}

// transport gives a connection up on which nothing moves.
func transport(silence time.Duration) *http.Transport {
	d := net.Dialer{Timeout: dialWait}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: dialWait, ResponseHeaderTimeout: silence, IdleConnTimeout: silence / 2,
		MaxIdleConnsPerHost: 8, DisableCompression: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &watched{c, silence}, nil
		},
	}
}

// A watched connection fails when nothing moves on it.
type watched struct {
	net.Conn
	silence time.Duration
}

func (w *watched) Read(b []byte) (int, error) {
	_ = w.SetReadDeadline(time.Now().Add(w.silence))
	return w.Conn.Read(b)
}

func (w *watched) Write(b []byte) (int, error) {
	_ = w.SetWriteDeadline(time.Now().Add(w.silence))
	return w.Conn.Write(b)
}

// Put is Objects'. The storage checks each part by its MD5, and the whole is asked for once more.
func (b *Bucket) Put(ctx context.Context, name string, from io.Reader, size int64) error {
	_, err := b.client.PutObject(ctx, b.bucket, b.prefix+name, from, size, minio.PutObjectOptions{
		ContentType: contentType(name), SendContentMd5: true, PartSize: partSize, NumThreads: 1})
	if err != nil {
		return told(err)
	}
	info, err := b.client.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{})
	if err == nil && info.Size != size {
		err = fmt.Errorf("%s: %d bytes are stored of %d", name, info.Size, size)
	}
	return told(err)
}

func contentType(name string) string {
	switch {
	case strings.HasSuffix(name, wav):
		return "audio/wav"
	case strings.HasSuffix(name, mp3):
		return "audio/mpeg"
	}
	return "application/octet-stream"
}

// Open is Objects'.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadSeekCloser, int64, error) {
	o, err := b.client.GetObject(ctx, b.bucket, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, 0, told(err)
	}
	info, err := o.Stat()
	if err != nil {
		_ = o.Close()
		return nil, 0, told(err)
	}
	return o, info.Size, nil
}

// Delete is Objects'.
func (b *Bucket) Delete(ctx context.Context, name string) error {
	if err := told(b.client.RemoveObject(ctx, b.bucket, b.prefix+name, minio.RemoveObjectOptions{})); err != nil && !parley.IsNotFound(err) {
		return err
	}
	if !strings.HasSuffix(name, wav) && !strings.HasSuffix(name, mp3) {
		return nil // never goes in parts
	}
	return told(b.client.RemoveIncompleteUpload(ctx, b.bucket, b.prefix+name))
}

// Check writes, reads and deletes an object.
func (b *Bucket) Check(ctx context.Context) error {
	name := ".check-" + rand.Text()
	want := []byte("Parley may write here.\n")
	if err := b.Put(ctx, name, bytes.NewReader(want), int64(len(want))); err != nil {
		return fmt.Errorf("writing to bucket %s: %w", b.bucket, err)
	}
	got, err := b.read(ctx, name)
	if err == nil && !bytes.Equal(got, want) {
		err = &RefusedError{"what is read is not what was written"}
	}
	if err != nil {
		err = fmt.Errorf("reading from bucket %s: %w", b.bucket, err)
	}
	gone := b.Delete(ctx, name)
	if gone == nil {
		gone = told(b.client.RemoveIncompleteUpload(ctx, b.bucket, b.prefix+name))
	}
	if gone != nil {
		gone = fmt.Errorf("deleting from bucket %s: %w", b.bucket, gone)
	}
	return errors.Join(err, gone)
}

func (b *Bucket) read(ctx context.Context, name string) ([]byte, error) {
	f, _, err := b.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Versioned says whether the bucket keeps what is deleted; of storage that does not tell, no.
func (b *Bucket) Versioned(ctx context.Context) bool {
	v, err := b.client.GetBucketVersioning(ctx, b.bucket)
	return err == nil && v.Enabled()
}

// told is an error as the storage tells it: of what is not there, of a refusal, or of a storage that is away.
func told(err error) error {
	if err == nil {
		return nil
	}
	var e minio.ErrorResponse
	if !errors.As(err, &e) || e.StatusCode == 0 {
		return err
	}
	switch {
	case e.Code == minio.NoSuchKey || e.StatusCode == http.StatusNotFound && e.Code != minio.NoSuchBucket:
		return parley.NotFound("recording")
	case e.StatusCode >= 400 && e.StatusCode < 500 && e.StatusCode != http.StatusRequestTimeout && e.StatusCode != http.StatusTooManyRequests:
		says := e.Code
		if e.Message != "" {
			says += ": " + e.Message
		}
		return &RefusedError{says}
	}
	return err
}
