package provider

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// Warmth is what a Warm did.
type Warmth struct {
	Took    time.Duration
	Saved   time.Duration // of Took: what whoever comes next need not wait for
	Open    bool          // connections were asked for, and all were open already
	Resumed bool          // a TLS handshake was resumed
}

// Measure runs a Warmer. What it saves is the opening of connections, and all of it when it keeps one ready to be used or asks nobody.
func Measure(ctx context.Context, w Warmer) (Warmth, error) {
	m := &measure{}
	began := time.Now()
	err := w.Warm(httptrace.WithClientTrace(context.WithValue(ctx, measureKey{}, m), m.trace()))
	took := time.Since(began)
	m.mu.Lock()
	defer m.mu.Unlock()
	out := Warmth{Took: took, Saved: min(m.opening, took), Open: m.asked > 0 && m.reused == m.asked, Resumed: m.resumed}
	switch {
	case err != nil && m.asked == 0:
		out.Saved = 0
	case err == nil && (m.kept || m.asked == 0):
		out.Saved = took
	}
	return out, err
}

type measureKey struct{}

// A measure is being taken. The transport tells it from goroutines of its own.
type measure struct {
	mu            sync.Mutex // guards all below
	asked, reused int        // connections
	since         time.Time  // the last was asked for
	opening       time.Duration
	resumed       bool
	kept          bool
}

func (m *measure) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.since = time.Now()
		},
		GotConn: func(c httptrace.GotConnInfo) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.asked++
			if c.Reused {
				m.reused++
				return
			}
			m.opening += time.Since(m.since)
		},
		TLSHandshakeDone: func(s tls.ConnectionState, err error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.resumed = m.resumed || err == nil && s.DidResume
		},
	}
}

// keeps tells the measure, if one is being taken, that a connection is kept that can be used at once.
func keeps(ctx context.Context) {
	if m, ok := ctx.Value(measureKey{}).(*measure); ok {
		m.mu.Lock()
		m.kept = true
		m.mu.Unlock()
	}
}

// Knock opens a connection for the next Dial of a websocket at the same origin to find, without opening a websocket: vendors count, and some
// charge, from then on. It carries no key; whatever the answer is, the connection is there, or at least its TLS session.
func (n *Net) Knock(ctx context.Context, vendor, base string) error {
	// Transport keeps the connections of websockets apart from others', and knows them by this. Without a key it is no handshake: servers say no.
	return knock(ctx, n.orOperators().knocker, vendor, base, http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}})
}

// Reach is Knock for the next Do.
func (n *Net) Reach(ctx context.Context, vendor, base string) error {
	return knock(ctx, n.orOperators().client, vendor, base, nil)
}

func knock(ctx context.Context, by *http.Client, vendor, base string, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	address, err := origin(base)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if header != nil {
		req.Header = header
	}
	resp, err := by.Do(req)
	if err != nil {
		return Fault(ctx, vendor, bare(err))
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return err
}
