package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestNothingIsAnsweredBeforeItIsOnTheDisk: whatever a handler does first, the disk comes before it, and once; when the disk refuses,
// nothing of the answer is told.
func TestNothingIsAnsweredBeforeItIsOnTheDisk(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	for name, handle := range map[string]http.HandlerFunc{
		"a status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) },
		"words":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "made") },
		"both": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, "made")
		},
		"a flush":         func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); io.WriteString(w, "made") },
		"a flush by name": func(w http.ResponseWriter, _ *http.Request) { http.NewResponseController(w).Flush() },
		"nothing":         func(http.ResponseWriter, *http.Request) {},
	} {
		rec := httptest.NewRecorder()
		rec.Code = 0
		n := 0
		settled(handle, func() error {
			if n++; rec.Code != 0 || rec.Body.Len() > 0 || rec.Flushed {
				t.Errorf("%s: something was answered before", name)
			}
			return nil
		}, quiet).ServeHTTP(rec, httptest.NewRequest("POST", "/", nil))
		if n != 1 {
			t.Errorf("%s: the disk was waited for %d times", name, n)
		}
		if name == "both" && (rec.Code != http.StatusCreated || rec.Body.String() != "made") {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
		rec = httptest.NewRecorder()
		settled(handle, func() error { return errors.New("no disk") }, quiet).ServeHTTP(rec, httptest.NewRequest("POST", "/", nil))
		if rec.Code != http.StatusInternalServerError || rec.Body.Len() > 0 {
			t.Errorf("%s: without a disk %d %s", name, rec.Code, rec.Body)
		}
	}
}
