package api

import (
	"context"
	"net/http"
	"time"
)

// streamStall is how long somebody who watches or hears a running call may read nothing.
const streamStall = 10 * time.Second

// A byteStream is what of a running call is sent as it comes.
type byteStream struct {
	rc    *http.ResponseController
	began bool // something has been sent: what goes wrong now is told nobody
}

// streaming prepares an answer that grows.
func streaming(w http.ResponseWriter, media string) *byteStream {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	h.Set("Content-Type", media)
	return &byteStream{rc: http.NewResponseController(w)}
}

// flush sends what has been written.
func (s *byteStream) flush() error {
	s.began = true
	_ = s.rc.SetWriteDeadline(time.Now().Add(streamStall)) // of a recorder of tests there is none
	return s.rc.Flush()
}

// whileOpen is ctx until the API is closed.
func (a *API) whileOpen(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-a.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// errElsewhere is for what can be asked only of the process that a call runs in.
func errElsewhere() error {
	return refused(http.StatusConflict, notHere, "the call does not run in this process, or not yet: try again")
}
