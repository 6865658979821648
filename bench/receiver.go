package bench

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/parley-voice/parley"
)

// A receiver takes webhooks and counts them. Goroutines: the HTTP server's.
type receiver struct {
	listener net.Listener
	server   *http.Server
	running  sync.WaitGroup
	all      atomic.Int64
	ended    atomic.Int64 // calls whose end was told
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{listener: l}
	r.server = &http.Server{Handler: r}
	r.running.Go(func() { _ = r.server.Serve(l) }) // ends with close
	return r, nil
}

func (r *receiver) url() string { return "http://" + r.listener.Addr().String() + "/hook" }

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var e struct{ Type parley.EventType }
	if err := json.NewDecoder(io.LimitReader(req.Body, chunkLimit)).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.all.Add(1)
	if e.Type == parley.EventEnded {
		r.ended.Add(1)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) close() {
	r.server.Close()
	r.running.Wait()
}
