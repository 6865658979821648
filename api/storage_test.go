package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/spool"
	"github.com/parley-voice/parley/spool/spooltest"
)

// stored has the recordings of h come from a storage that another node has filled with one of tenant a's calls.
func (h *house) stored() (s *spooltest.Storage, sp *spool.Spool, id string, wav []byte) {
	h.t.Helper()
	s = spooltest.New()
	h.t.Cleanup(s.Close)
	o, err := spool.NewBucket(spool.S3{URL: s.URL, Region: spooltest.Region, AccessKey: spooltest.AccessKey, SecretKey: spooltest.SecretKey, Silence: 5 * time.Second})
	if err != nil {
		h.t.Fatal(err)
	}
	_, wav = h.recorded()
	id = h.call(h.a, func(c *parley.Call) { c.Status, c.End = parley.Ended, time.Now() })
	if err = h.db.UpdateCall(h.t.Context(), id, func(c *parley.Call) error { c.Recording = id + ".wav"; return nil }); err != nil {
		h.t.Fatal(err)
	}
	if err = o.Put(h.t.Context(), id+".wav", bytes.NewReader(wav), int64(len(wav))); err != nil {
		h.t.Fatal(err)
	}
	sp, err = spool.New(spool.Config{Dir: filepath.Join(h.dir, "another node"), Objects: o, Rows: h.db, Logger: h.api.Logger})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { sp.Close() })
	h.api.Blobs = sp
	return s, sp, id, wav
}

// TestRecordingInStorage: whichever node is asked serves what is stored, in ranges, too, and what it looks like; to nobody of another environment.
func TestRecordingInStorage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s, _, id, wav := h.stored()
	path := "/v1/calls/recording?format=wav&id=" + id
	if r := h.do(h.a, "GET", path, ""); r.status != 200 || !bytes.Equal(r.body, wav) {
		t.Errorf("%d, %d bytes of %d", r.status, len(r.body), len(wav))
	}
	if r := h.do(h.a, "GET", path, "", "Range", "bytes=44-103"); r.status != 206 || !bytes.Equal(r.body, wav[44:104]) {
		t.Errorf("a range: %d, %d bytes", r.status, len(r.body))
	}
	if r := h.do(h.a, "HEAD", path, ""); r.status != 200 || r.header.Get("Content-Length") != fmt.Sprint(len(wav)) {
		t.Errorf("HEAD: %d %v", r.status, r.header)
	}
	picture := "/v1/calls/waveform?points=5&id=" + id
	var w waveform
	if r := h.do(h.a, "GET", picture, ""); r.status != 200 || json.Unmarshal(r.body, &w) != nil || w.Length != 500 || len(w.Caller) != 5 || w.Caller[2] == 0 {
		t.Errorf("a picture of the sound: %d %s", r.status, r.body)
	}
	for _, p := range []string{path, picture} {
		if r := h.do(h.b, "GET", p, ""); r.status != 404 {
			t.Errorf("another environment: %d", r.status)
		}
	}
	away := func(path string) *httptest.ResponseRecorder {
		req := h.request(h.a, path, "", "")
		req.Method = http.MethodGet
		return h.raw(req)
	}
	s.Set(spooltest.Fault{Away: true})
	other, _ := h.recorded()
	for p, code := range map[string]string{"/v1/calls/recording?format=wav&id=" + other: "storage_away", "/v1/calls/waveform?id=" + other: "storage_away"} {
		if w := away(p); w.Code != 503 || !strings.Contains(w.Body.String(), code) {
			t.Errorf("%s: %d %s", p, w.Code, w.Body)
		}
	}
	s.Set(spooltest.Fault{})
	if w := away("/v1/calls/recording?format=wav&id=" + other); w.Code != 503 || !strings.Contains(w.Body.String(), "recording_waits") {
		t.Errorf("not stored yet: %d %s", w.Code, w.Body)
	}
}

// TestDeletedInStorage: a call that is erased while the storage is away goes from it when it is back.
func TestDeletedInStorage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s, sp, id, _ := h.stored()
	if err := sp.Objects.Put(t.Context(), id+audio.PeaksEnding, bytes.NewReader([]byte("xx")), 2); err != nil {
		t.Fatal(err)
	}
	s.Set(spooltest.Fault{Away: true})
	if r := h.do(h.a, "DELETE", "/v1/calls/delete?id="+id, ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	s.Set(spooltest.Fault{})
	if len(s.Keys()) != 2 {
		t.Fatalf("%v", s.Keys())
	}
	q := job.New(h.db, job.Options{Owner: "another node", Logger: h.api.Logger}, sp.Kind())
	go func() { _ = q.Run(t.Context()) }()
	for end := time.Now().Add(2 * time.Minute); len(s.Keys()) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still stored: %v", s.Keys())
		}
	}
}
