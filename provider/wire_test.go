package provider

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
)

// dialled is a socket to a server that does so with each connection.
func dialled(t *testing.T, serve func(c *websocket.Conn, r *http.Request)) *Socket {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		serve(c, r)
	}))
	var n *Net
	s, err := n.Dial(t.Context(), "acme", srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		srv.Close()
	})
	return s
}

func upper(b []byte) (string, error) {
	if string(b) == "bad" {
		return "", BadOutput("acme", "bad", nil)
	}
	return string(b) + "!", nil
}

// TestWireIsReadToItsEnd: by the vendor's close, or by a message that cannot be read; the error comes last, when the wire is dead already.
func TestWireIsReadToItsEnd(t *testing.T) {
	for last, code := range map[string]parley.VendorCode{"": parley.VendorUnavailable, "bad": parley.VendorBadOutput} {
		w := NewWire(dialled(t, func(c *websocket.Conn, r *http.Request) {
			c.Write(r.Context(), websocket.MessageText, []byte("a"))
			c.Write(r.Context(), websocket.MessageBinary, []byte("b"))
			if last == "" {
				c.Close(websocket.StatusInternalError, "enough")
				return
			}
			c.Write(r.Context(), websocket.MessageText, []byte(last))
			c.Write(r.Context(), websocket.MessageText, []byte("never read"))
			c.Read(r.Context())
		}))
		if w.Why() != nil || !w.Alive() {
			t.Error("dead before it was read")
		}
		var got []string
		var died error
		ReadWire(w, upper, func(m string, err error) bool {
			if err != nil {
				if died = err; w.Alive() {
					t.Error("alive when its end was told")
				}
				return true
			}
			got = append(got, m)
			return true
		})
		<-w.Dead()
		w.Close()
		w.Close()
		var v *parley.VendorError
		if !slices.Equal(got, []string{"a!", "b!"}) || !errors.As(died, &v) || v.Code != code || w.Why() != died {
			t.Errorf("%q: %q, died of %v, %v", last, got, died, w.Why())
		}
	}
}

// TestWireCloses: also while nobody takes what has come in, and everything that runs on it ends.
func TestWireCloses(t *testing.T) {
	w := NewWire(dialled(t, func(c *websocket.Conn, r *http.Request) {
		c.Write(r.Context(), websocket.MessageText, []byte("a"))
		c.Read(r.Context())
	}))
	full, ended := make(chan struct{}), false
	ReadWire(w, upper, func(string, error) bool {
		close(full)
		<-w.Closed()
		return false
	})
	w.Go(func() {
		<-w.Closed()
		ended = true
	})
	<-full
	w.Close()
	if !ended {
		t.Error("Close did not wait")
	}
	if err := w.Send(map[string]int{"a": 1}); err == nil {
		t.Error("a closed wire was sent on")
	}
}

func TestWireSends(t *testing.T) {
	got := make(chan string, 1)
	w := NewWire(dialled(t, func(c *websocket.Conn, r *http.Request) {
		_, b, _ := c.Read(r.Context())
		got <- string(b)
	}))
	defer w.Close()
	if err := w.Send(struct {
		Text string `json:"text"`
	}{"é<"}); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != `{"text":"é\u003c"}` {
		t.Errorf("sent %s", s)
	}
	if err := w.Send(func() {}); err == nil {
		t.Error("a function became JSON")
	}
}

// TestPing: a far end that answers, one that does not, and one that is gone.
func TestPing(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	quick := dialled(t, func(c *websocket.Conn, r *http.Request) { c.Read(r.Context()) })
	w := NewWire(quick)
	ReadWire(w, upper, func(string, error) bool { return true })
	if err := quick.Ping(10 * time.Second); err != nil {
		t.Error(err)
	}
	w.Close()
	if err := quick.Ping(10 * time.Second); err == nil {
		t.Error("a closed socket answered")
	}
	mute := dialled(t, func(*websocket.Conn, *http.Request) { <-hold })
	if err := mute.Ping(time.Millisecond); err != nil {
		t.Errorf("no answer is no error: %v", err)
	}
}

// TestLearn: the reader's error is waited for, past what else has come in; a reader that found nothing out leaves the writer's.
func TestLearn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told, wrote := errors.New("told"), errors.New("wrote")
		same := func(err error) error { return err }
		m := make(chan error, 2)
		m <- nil
		time.AfterFunc(50*time.Millisecond, func() { m <- told })
		if err := Learn(m, same, wrote); err != told {
			t.Error(err)
		}
		m <- nil
		if err := Learn(m, same, wrote); err != wrote {
			t.Error(err)
		}
	})
}
