package main

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
)

// settled has nothing answered that a power cut could still take back: the first byte waits for the disk.
func settled(h http.Handler, settle func() error, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &settledWriter{ResponseWriter: w, settle: settle, log: log}
		h.ServeHTTP(s, r)
		if !s.begun {
			s.WriteHeader(http.StatusOK)
		}
	})
}

type settledWriter struct {
	http.ResponseWriter
	settle func() error
	log    *slog.Logger
	begun  bool
	failed bool // 500 was said instead, and what the handler says is dropped
}

func (w *settledWriter) WriteHeader(status int) {
	if status >= 100 && status < 200 {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	if w.begun {
		return
	}
	w.begun = true
	if err := w.settle(); err != nil {
		w.failed = true
		w.log.Error("an answer was held back: what it tells of may not outlast a power cut", "error", err)
		w.Header().Del("Content-Length")
		status = http.StatusInternalServerError
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *settledWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	if w.failed {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Flush is for those who ask for an http.Flusher; the head waits for the disk, too.
func (w *settledWriter) Flush() {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack is for websockets.
func (w *settledWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.begun = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *settledWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
