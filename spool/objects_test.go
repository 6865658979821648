package spool

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/spool/spooltest"
)

var live = flag.Bool("live", false, "run the suite against the bucket of PARLEY_S3_URL, _REGION, _ACCESS_KEY, _SECRET_KEY and _STYLE, too, below the prefix parley-test; it is left empty")

func storage(t testing.TB) *spooltest.Storage {
	s := spooltest.New()
	t.Cleanup(s.Close)
	return s
}

func bucketAt(t testing.TB, url string) *Bucket {
	t.Helper()
	b, err := NewBucket(S3{URL: url, Region: spooltest.Region, AccessKey: spooltest.AccessKey, SecretKey: spooltest.SecretKey, Silence: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func liveBucket(t testing.TB) *Bucket {
	t.Helper()
	b, err := NewBucket(S3{URL: strings.TrimRight(os.Getenv("PARLEY_S3_URL"), "/") + "/parley-test", Region: os.Getenv("PARLEY_S3_REGION"),
		AccessKey: os.Getenv("PARLEY_S3_ACCESS_KEY"), SecretKey: os.Getenv("PARLEY_S3_SECRET_KEY"), Style: os.Getenv("PARLEY_S3_STYLE")})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// noise is sound that does not compress, the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func all(t *testing.T, o Objects, name string) []byte {
	t.Helper()
	f, size, err := o.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != size {
		t.Fatalf("%s: %d of %d bytes, %v", name, len(b), size, err)
	}
	return b
}

// TestObjects is what each storage has to do.
func TestObjects(t *testing.T) {
	kinds := map[string]func(t *testing.T) Objects{
		"disk": func(t *testing.T) Objects {
			f, err := NewFolder(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		},
		"S3": func(t *testing.T) Objects { return bucketAt(t, storage(t).URL+"/a prefix/of ours") },
	}
	if *live {
		kinds["live"] = func(t *testing.T) Objects {
			return liveBucket(t)
		}
	}
	for kind, open := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			if err := o.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			suite(t, o)
		})
	}
}

func suite(t *testing.T, o Objects) {
	ctx := t.Context()
	put := func(name string, b []byte) {
		t.Helper()
		if err := o.Put(ctx, name, bytes.NewReader(b), int64(len(b))); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = o.Delete(context.Background(), name) })
	}
	for name, b := range map[string][]byte{"empty.journal": {}, "small.peaks": []byte("x"), "one.mp3": noise(1 << 20), "parts.wav": noise(2*partSize + 12345)} {
		put(name, b)
		if got := all(t, o, name); !bytes.Equal(got, b) {
			t.Errorf("%s: %d bytes of %d came back, or others", name, len(got), len(b))
		}
	}
	put("one.mp3", []byte("another"))
	if got := all(t, o, "one.mp3"); string(got) != "another" {
		t.Errorf("replaced: %q", got)
	}
	t.Run("ranges", func(t *testing.T) { ranges(t, o) })
	if err := o.Put(ctx, "broken.wav", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)), 100); err == nil {
		t.Error("a file that cannot be read was stored")
	}
	if err := o.Put(ctx, "short.wav", strings.NewReader("half"), 8); err == nil {
		t.Error("a file that is too short was stored")
	}
	for _, name := range []string{"broken.wav", "short.wav", "never.wav"} {
		if f, _, err := o.Open(ctx, name); !parley.IsNotFound(err) {
			t.Errorf("%s: %v %v", name, f, err)
		}
	}
	for range 2 {
		if err := o.Delete(ctx, "parts.wav"); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := o.Open(ctx, "parts.wav"); !parley.IsNotFound(err) {
		t.Errorf("deleted: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := o.Put(gone, "late.wav", strings.NewReader("late"), 4); err == nil {
		t.Error("stored for nobody")
	}
}

// ranges are what browsers ask for when somebody clicks into a recording.
func ranges(t *testing.T, o Objects) {
	want := noise(2*partSize + 12345)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, _, err := o.Open(r.Context(), "parts.wav")
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		http.ServeContent(w, r, "x.wav", time.Time{}, f)
	}))
	defer srv.Close()
	n := len(want)
	for ask, w := range map[string][]byte{
		"bytes=0-9": want[:10], "bytes=1000000-1000099": want[1000000:1000100], "bytes=-5": want[n-5:], "bytes=33000000-": want[33000000:],
		"bytes=" + "16777215-16777216": want[16777215:16777217],
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", ask)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusPartialContent || !bytes.Equal(b, w) {
			t.Errorf("%s: %d, %d bytes, %v", ask, resp.StatusCode, len(b), err)
		}
	}
	f, size, err := o.Open(t.Context(), "parts.wav")
	if err != nil || size != int64(n) {
		t.Fatal(size, err)
	}
	defer f.Close()
	b := make([]byte, 7)
	if _, err = f.Seek(-7, io.SeekEnd); err == nil {
		_, err = io.ReadFull(f, b)
	}
	if err != nil || !bytes.Equal(b, want[n-7:]) {
		t.Errorf("the last bytes: %v", err)
	}
}

// TestPrefixes: two installations in one bucket do not see each other's.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	s := storage(t)
	a, b := bucketAt(t, s.URL+"/a"), bucketAt(t, s.URL)
	if err := a.Put(t.Context(), "x.wav", strings.NewReader("a's"), 3); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Open(t.Context(), "x.wav"); !parley.IsNotFound(err) {
		t.Errorf("the other sees it: %v", err)
	}
	if err := b.Delete(t.Context(), "x.wav"); err != nil {
		t.Error(err)
	}
	if got := all(t, a, "x.wav"); string(got) != "a's" {
		t.Errorf("%q", got)
	}
}

// TestRefusals: what is wrong is said before anything is asked, or in the storage's words, and no key is in it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := storage(t)
	good := S3{URL: s.URL, Region: spooltest.Region, AccessKey: spooltest.AccessKey, SecretKey: spooltest.SecretKey}
	for want, change := range map[string]func(*S3){
		"PARLEY_S3_URL: that is no address":                 func(c *S3) { c.URL = "bucket" },
		"PARLEY_S3_URL: the bucket is missing":              func(c *S3) { c.URL = "https://s3.example.com/" },
		"PARLEY_S3_URL: keys do not go into":                func(c *S3) { c.URL = "https://a:s3cr3t@s3.example.com/b" },
		"both are needed":                                   func(c *S3) { c.SecretKey = "" },
		"PARLEY_S3_STYLE":                                   func(c *S3) { c.Style = "both" },
		"SignatureDoesNotMatch":                             func(c *S3) { c.SecretKey = "s3cr3t" },
		"the credential is":                                 func(c *S3) { c.AccessKey = "nobody" },
		"NoSuchBucket: The specified bucket does not exist": func(c *S3) { c.URL = strings.Replace(c.URL, spooltest.Bucket, "other", 1) },
	} {
		c := good
		change(&c)
		b, err := NewBucket(c)
		if err == nil {
			err = b.Check(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), spooltest.SecretKey) {
			t.Errorf("%s: %v", want, err)
		}
	}
	s.Set(spooltest.Fault{Refuse: "AccessDenied"})
	b := bucketAt(t, s.URL)
	var refused *RefusedError
	if err := b.Check(t.Context()); !asRefused(err, &refused) || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("%v", err)
	}
	s.Set(spooltest.Fault{Away: true})
	if err := b.Check(t.Context()); err == nil || asRefused(err, &refused) {
		t.Errorf("away: %v", err)
	}
}

// TestHalf: what the storage says it has, and has not, is no success.
func TestHalf(t *testing.T) {
	t.Parallel()
	s := storage(t)
	b := bucketAt(t, s.URL)
	for name, fault := range map[string]spooltest.Fault{"half": {Half: true}, "cut": {Cut: 300_000}, "away": {Away: true}} {
		s.Set(fault)
		for _, size := range []int{1 << 20, partSize + 1} {
			if err := b.Put(t.Context(), "x.wav", bytes.NewReader(noise(size)), int64(size)); err == nil {
				t.Errorf("%s, %d bytes: stored", name, size)
			}
		}
	}
	s.Set(spooltest.Fault{})
	if err := b.Delete(t.Context(), "x.wav"); err != nil || s.Half() != 0 || len(s.Keys()) != 0 {
		t.Errorf("%v; %d uploads are left over, and %v", err, s.Half(), s.Keys())
	}
}

// TestSilence: a storage that takes a request and says nothing is given up.
func TestSilence(t *testing.T) {
	t.Parallel()
	s := storage(t)
	c := S3{URL: s.URL, Region: spooltest.Region, AccessKey: spooltest.AccessKey, SecretKey: spooltest.SecretKey, Silence: 100 * time.Millisecond}
	b, err := NewBucket(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Set(spooltest.Fault{Stall: time.Hour})
	if err := b.Put(t.Context(), "x.wav", strings.NewReader("x"), 1); err == nil {
		t.Error("stored")
	}
	if _, _, err := b.Open(t.Context(), "x.wav"); err == nil || parley.IsNotFound(err) {
		t.Errorf("%v", err)
	}
}

// BenchmarkUpload is Put, with -live to a real bucket; else to the storage of the tests, whose own work and memory are counted, too.
func BenchmarkUpload(b *testing.B) {
	for name, size := range map[string]int{"1min": 3_840_044, "10min": 38_400_044} {
		b.Run(name, func(b *testing.B) {
			var o *Bucket
			if *live {
				o = liveBucket(b)
				defer func() { _ = o.Delete(context.Background(), "x.wav") }()
			} else {
				o = bucketAt(b, storage(b).URL)
			}
			path := filepath.Join(b.TempDir(), "x.wav")
			if err := os.WriteFile(path, noise(size), 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				f, err := os.Open(path)
				if err == nil {
					err = o.Put(b.Context(), "x.wav", f, int64(size))
				}
				if err != nil {
					b.Fatal(err)
				}
				f.Close()
			}
		})
	}
}

func asRefused(err error, to **RefusedError) bool { return errors.As(err, to) }
