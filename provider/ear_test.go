package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
)

// plainEar sends s per frame and E at the end, and makes a final of every message but "over".
func plainEar(s *Socket) *Ear {
	return &Ear{Vendor: "acme", Socket: s,
		Sound:  func(context.Context, *audio.Frame) error { return s.Text([]byte("s")) },
		Finish: func() error { return s.Text([]byte("E")) },
		Take: func(_ bool, b []byte) ([]stt.Event, bool, error) {
			switch string(b) {
			case "over":
				return nil, true, nil
			case "bad":
				return []stt.Event{{Text: "before"}}, false, BadOutput("acme", "bad", nil)
			}
			return []stt.Event{{Text: string(b), Final: true}}, false, nil
		}}
}

// heardBy loops over a stream of n frames; 0: there is no end of it, and nothing in it.
func heardBy(t *testing.T, n int, serve func(c *websocket.Conn, r *http.Request), change func(e *Ear)) (texts []string, err error) {
	t.Helper()
	in := make(chan audio.Frame)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for range n {
			select {
			case in <- audio.Frame{}:
			case <-ctx.Done():
				return
			}
		}
		if n > 0 {
			close(in)
		}
	}()
	s := dialled(t, serve)
	for e, er := range Hear(ctx, in, func(context.Context) (*Ear, error) {
		ear := plainEar(s)
		change(ear)
		return ear, nil
	}) {
		if er != nil {
			err = er
			continue
		}
		texts = append(texts, e.Text)
	}
	return texts, err
}

// until reads messages to E, and says what they were.
func until(c *websocket.Conn, r *http.Request) string {
	got := ""
	for !strings.HasSuffix(got, "E") {
		_, b, err := c.Read(r.Context())
		if err != nil {
			return got
		}
		got += string(b)
	}
	return got
}

func say(c *websocket.Conn, r *http.Request, texts ...string) {
	for _, s := range texts {
		c.Write(r.Context(), websocket.MessageText, []byte(s))
	}
}

func TestHear(t *testing.T) {
	all := func(c *websocket.Conn, r *http.Request) { say(c, r, until(c, r)) }
	for name, tc := range map[string]struct {
		serve   func(c *websocket.Conn, r *http.Request)
		change  func(e *Ear)
		want    []string
		fails   string
		endless bool
	}{
		"the vendor says it is over": {serve: func(c *websocket.Conn, r *http.Request) {
			all(c, r)
			say(c, r, "over", "never read")
			c.Read(r.Context())
		}, want: []string{"sssE"}},
		"the vendor says goodbye": {serve: func(c *websocket.Conn, r *http.Request) {
			all(c, r)
			c.Close(websocket.StatusNormalClosure, "")
		}, want: []string{"sssE"}},
		"what is said first": {serve: func(c *websocket.Conn, r *http.Request) {
			all(c, r)
			c.Close(websocket.StatusNormalClosure, "")
		}, change: func(e *Ear) { e.Begin = func() error { return e.Socket.Text([]byte("B")) } }, want: []string{"BsssE"}},
		"a goodbye before the end": {serve: func(c *websocket.Conn, r *http.Request) {
			say(c, r, "a")
			c.Close(websocket.StatusNormalClosure, "no more")
		}, want: []string{"a"}, fails: "no more", endless: true},
		"an error after the end": {serve: func(c *websocket.Conn, r *http.Request) {
			all(c, r)
			c.Close(websocket.StatusInternalError, "broken")
		}, want: []string{"sssE"}, fails: "broken"},
		"what cannot be read": {serve: func(c *websocket.Conn, r *http.Request) {
			say(c, r, "bad", "never told")
			c.Read(r.Context())
		}, want: []string{"before"}, fails: "bad"},
		"what is left": {serve: func(c *websocket.Conn, r *http.Request) { all(c, r) }, change: func(e *Ear) {
			e.Rest = func(err error) ([]stt.Event, error) {
				if !e.Ended() || err == nil {
					return nil, errors.New("asked too early")
				}
				return []stt.Event{{Text: "rest"}}, nil
			}
		}, want: []string{"sssE", "rest"}},
		"what is left when it is over": {serve: func(c *websocket.Conn, r *http.Request) {
			all(c, r)
			say(c, r, "over")
			c.Read(r.Context())
		}, change: func(e *Ear) {
			e.Rest = func(err error) ([]stt.Event, error) { return []stt.Event{{Text: fmt.Sprint(err)}}, err }
		}, want: []string{"sssE", "<nil>"}},
		"sound that cannot be sent": {serve: func(c *websocket.Conn, r *http.Request) {
			say(c, r, "a")
			c.Close(websocket.StatusPolicyViolation, "you shall not")
		}, change: func(e *Ear) {
			e.Sound = func(context.Context, *audio.Frame) error { return errors.New("no") }
		}, want: []string{"a"}, fails: "you shall not"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.change == nil {
				tc.change = func(*Ear) {}
			}
			frames := 3
			if tc.endless {
				frames = 0
			}
			got, err := heardBy(t, frames, tc.serve, tc.change)
			if !slices.Equal(got, tc.want) {
				t.Errorf("heard %q, want %q", got, tc.want)
			}
			var v *parley.VendorError
			switch {
			case tc.fails == "" && err != nil:
				t.Error(err)
			case tc.fails != "" && (!errors.As(err, &v) || !strings.Contains(v.Message, tc.fails)):
				t.Errorf("ended by %v, want %s", err, tc.fails)
			}
		})
	}
}

func TestHearTellsWhyItCannotOpen(t *testing.T) {
	want := errors.New("no address")
	for _, err := range Hear(t.Context(), nil, func(context.Context) (*Ear, error) { return nil, want }) {
		if err != want {
			t.Error(err)
		}
	}
}

// TestHearEnds: when the loop is left, and when the call is over while sound waits to be sent. That nothing is left is the vendors' suite's.
func TestHearEnds(t *testing.T) {
	quiet := func(c *websocket.Conn, r *http.Request) {
		say(c, r, "a")
		for {
			if _, _, err := c.Read(r.Context()); err != nil {
				return
			}
		}
	}
	for range 3 {
		for range Hear(t.Context(), make(chan audio.Frame), func(context.Context) (*Ear, error) { return plainEar(dialled(t, quiet)), nil }) {
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		in := make(chan audio.Frame, 1)
		in <- audio.Frame{}
		var last error
		for _, err := range Hear(ctx, in, func(context.Context) (*Ear, error) {
			e := plainEar(dialled(t, quiet))
			e.Sound = func(ctx context.Context, _ *audio.Frame) error {
				<-ctx.Done()
				return ctx.Err()
			}
			return e, nil
		}) {
			cancel()
			last = err
		}
		cancel()
		if !errors.Is(last, context.Canceled) {
			t.Errorf("ended by %v", last)
		}
	}
}

// TestEarKeepsAwake: where there is no sound, and only there.
func TestEarKeepsAwake(t *testing.T) {
	var woken atomic.Int32
	in := make(chan audio.Frame)
	s := dialled(t, func(c *websocket.Conn, r *http.Request) {
		say(c, r, until(c, r))
		c.Close(websocket.StatusNormalClosure, "")
	})
	go func() {
		in <- audio.Frame{}
		for woken.Load() < 3 {
			time.Sleep(time.Millisecond)
		}
		close(in)
	}()
	for e, err := range Hear(t.Context(), in, func(context.Context) (*Ear, error) {
		e := plainEar(s)
		e.Idle = time.Millisecond
		e.Alive = func() error {
			woken.Add(1)
			return s.Text([]byte("k"))
		}
		return e, nil
	}) {
		if err != nil || !strings.HasPrefix(strings.TrimLeft(e.Text, "k"), "sk") {
			t.Errorf("%+v %v", e, err)
		}
	}
}

// TestLastWordsAreLate: a vendor that never says goodbye is left, and the error says so; some take it for the end.
func TestLastWordsAreLate(t *testing.T) {
	e := plainEar(nil)
	e.ended.Store(true)
	e.late.Store(true)
	var told []string
	yield := func(ev stt.Event, _ error) bool {
		told = append(told, ev.Text)
		return true
	}
	_, err := e.rest(yield, errors.New("closed"))
	var v *parley.VendorError
	if !errors.Is(err, ErrLate) || !errors.As(err, &v) || v.Code != parley.VendorTimeout || !v.Temporary() {
		t.Errorf("%v", err)
	}
	e.Rest = func(err error) ([]stt.Event, error) {
		if !errors.Is(err, ErrLate) {
			t.Errorf("rest is told of %v", err)
		}
		return []stt.Event{{Text: "kept"}}, nil
	}
	if more, err := e.rest(yield, errors.New("closed")); err != nil || !more || !reflect.DeepEqual(told, []string{"kept"}) {
		t.Errorf("%v %v %q", more, err, told)
	}
}
