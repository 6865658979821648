package cluster

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

// natsServer is a NATS server of the test's own.
func natsServer(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not begin")
	}
	t.Cleanup(s.Shutdown)
	return s
}

// A far is a node at the other end of a bus: what it was told and asked.
type far struct {
	*Bus
	mu       sync.Mutex
	woken    []string
	events   []parley.Event
	commands []string
	calls    int
	draining bool
	over     chan struct{} // closed: its call ends
}

func (f *far) Woken(what string) { f.mu.Lock(); defer f.mu.Unlock(); f.woken = append(f.woken, what) }
func (f *far) Heard(e []parley.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e...)
}

func (f *far) Command(_ context.Context, id string, c []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands = append(f.commands, id+" "+string(c))
	switch id {
	case "here":
		return nil
	case "breaks":
		return errors.New("broken")
	case "busy":
		return parley.Full("busy", "the call has too many commands waiting", 1, 2, time.Second)
	}
	return parley.NotFound("running call")
}

func (f *far) Listen(ctx context.Context, id string, channels int, w io.Writer) error {
	if id != "here" {
		return parley.NotFound("running call")
	}
	for i := range 3 {
		if _, err := w.Write([]byte{byte(channels), byte(i)}); err != nil {
			return err
		}
	}
	select {
	case <-f.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *far) is(what func() bool) bool { f.mu.Lock(); defer f.mu.Unlock(); return what() }

func key(t *testing.T, text string) *secret.Key {
	t.Helper()
	k, err := secret.NewKey(strings.Repeat(text, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func join(t *testing.T, url, id, secret string) *far {
	t.Helper()
	f := &far{over: make(chan struct{})}
	var err error
	f.Bus, err = Connect(Config{URL: url, Self: id, Key: key(t, secret), Calls: f, Store: f, Kind: "dial", Logger: slog.New(slog.DiscardHandler),
		Load: func() Load {
			f.mu.Lock()
			defer f.mu.Unlock()
			return Load{Roles: []string{Media}, Calls: f.calls, Weight: 2, Draining: f.draining}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// until waits for what is to come about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for over := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(over) {
			t.Fatal("not in time: " + what)
		}
	}
}

// ends are two nodes that know of each other.
func ends(t *testing.T) (url string, a, b *far) {
	t.Helper()
	s := natsServer(t, -1)
	url = s.ClientURL()
	a, b = join(t, url, "a", "k"), join(t, url, "b", "k")
	until(t, "both know of each other", func() bool { return a.Alive("b") && b.Alive("a") })
	return url, a, b
}

// TestCommands: a command reaches the node that a call runs in, and what it says comes back as it was.
func TestCommands(t *testing.T) {
	_, a, b := ends(t)
	if err := a.Bus.Command(t.Context(), "b", "here", []byte(`{"Act":"say"}`)); err != nil {
		t.Error(err)
	}
	if !b.is(func() bool { return slices.Equal(b.commands, []string{`here {"Act":"say"}`}) }) {
		t.Errorf("asked were %q", b.commands)
	}
	if err := a.Bus.Command(t.Context(), "b", "gone", []byte("{}")); !parley.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	var e *parley.Error
	if err := a.Bus.Command(t.Context(), "b", "busy", []byte("{}")); !errors.As(err, &e) || e.Status != 429 || e.Max != 2 || e.RetryAfter != time.Second {
		t.Errorf("%+v", err)
	}
	if err := a.Bus.Command(t.Context(), "b", "breaks", []byte("{}")); !errors.As(err, &e) || e.Status != 500 {
		t.Errorf("%+v", err)
	}
	if err := a.Bus.Command(t.Context(), "nobody", "here", []byte("{}")); !errors.As(err, &e) || e.Status != 503 || e.RetryAfter == 0 {
		t.Errorf("%+v", err)
	}
}

// TestSound: the sound of another node's call comes in order, ends with the call, and costs nothing once the listener has left.
func TestSound(t *testing.T) {
	_, a, b := ends(t)
	var heard bytes.Buffer
	ended := make(chan error, 1)
	three := make(chan struct{})
	n := 0
	go func() {
		ended <- a.Bus.Listen(t.Context(), "b", "here", 2, &heard, func() error {
			if n++; n == 3 {
				close(three)
			}
			return nil
		})
	}()
	<-three
	if !bytes.Equal(heard.Bytes(), []byte{2, 0, 2, 1, 2, 2}) {
		t.Errorf("heard %v", heard.Bytes())
	}
	close(b.over)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := a.Bus.Listen(t.Context(), "b", "gone", 1, &heard, func() error { return nil }); !parley.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	b.over = make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	go func() { ended <- a.Bus.Listen(ctx, "b", "here", 1, io.Discard, func() error { return nil }) }()
	until(t, "somebody listens", func() bool { return b.listening.Load() == 1 })
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	until(t, "nobody listens", func() bool { return b.listening.Load() == 0 })
}

// TestLiveEvents: events of a call come to those who follow it and to nobody else, in order.
func TestLiveEvents(t *testing.T) {
	_, a, b := ends(t)
	done := b.Follow("call")
	again := b.Follow("call")
	tell := func(from int) {
		var all []parley.Event
		for i := range 200 {
			all = append(all, parley.Event{CallID: "call", Sequence: int64(from + i)}, parley.Event{CallID: "other", Sequence: 1})
		}
		a.Tell(all)
	}
	until(t, "the first comes", func() bool { // from when NATS knows of the follower
		a.Tell([]parley.Event{{CallID: "call"}})
		time.Sleep(10 * time.Millisecond)
		return b.is(func() bool { return len(b.events) > 0 })
	})
	done()
	done()
	tell(1)
	until(t, "all come", func() bool {
		return b.is(func() bool { return len(b.events) > 0 && b.events[len(b.events)-1].Sequence == 200 })
	})
	b.mu.Lock()
	next := int64(1)
	for _, e := range b.events {
		if e.CallID != "call" || e.Sequence != 0 && e.Sequence != next {
			t.Fatalf("%+v, and %d was to come", e, next)
		}
		if e.Sequence > 0 {
			next++
		}
	}
	b.events = nil
	b.mu.Unlock()
	again()
	tell(500)
	a.Wake("jobs")
	a.Wake("jobs")
	until(t, "the other is woken", func() bool { return b.is(func() bool { return len(b.woken) > 0 }) })
	if !b.is(func() bool { return len(b.events) == 0 && slices.Equal(b.woken, []string{"jobs"}) }) || len(a.woken) > 0 {
		t.Errorf("%v and %d events", b.woken, len(b.events))
	}
}

// TestStrangers: who has another key shares nothing, and what is not sealed is not taken.
func TestStrangers(t *testing.T) {
	url, a, b := ends(t)
	c := join(t, url, "b", "x")
	time.Sleep(50 * time.Millisecond)
	if c.Alive("a") || len(a.Peers()) != 1 {
		t.Error("an installation with another key knows of us")
	}
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	seen := make(chan *nats.Msg, 64)
	if _, err := conn.ChanSubscribe(">", seen); err != nil {
		t.Fatal(err)
	}
	conn.Publish(a.prefix+"wake", []byte("jobs"))
	conn.Publish(a.prefix+"node.b.command", []byte(`{"call":"here"}`))
	conn.Publish(a.prefix+"load", []byte(`{"node":"evil"}`))
	conn.Publish(a.prefix+"node.b.listen", a.sealed.make([]byte(`{"call":"here","inbox":"elsewhere"}`), a.prefix+"node.b.listen"))
	conn.Flush()
	if err := a.Bus.Command(t.Context(), "b", "gone", []byte(`{"Text":"a secret"}`)); !parley.IsNotFound(err) {
		t.Error(err)
	}
	for n := len(seen); n > 0; n-- { // a recording of all that was said is said once more
		m := <-seen
		seen <- m
		conn.PublishMsg(&nats.Msg{Subject: m.Subject, Reply: "nobody", Data: m.Data})
	}
	conn.Flush()
	time.Sleep(100 * time.Millisecond)
	if !b.is(func() bool { return len(b.commands) == 1 && len(b.woken) == 0 }) || b.listening.Load() != 0 {
		t.Errorf("a stranger has us do %v %v", b.commands, b.woken)
	}
	for n := len(seen); n > 0; n-- {
		if m := <-seen; strings.Contains(string(m.Data), "secret") {
			t.Errorf("on the wire: %s", m.Data)
		}
	}
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNATSComesBack: the bus opens without a server, and goes on after one was away.
func TestNATSComesBack(t *testing.T) {
	s := natsServer(t, -1)
	url := s.ClientURL()
	s.Shutdown()
	s.WaitForShutdown()
	a, b := join(t, url, "a", "k"), join(t, url, "b", "k")
	if err := a.Bus.Command(t.Context(), "b", "here", []byte("{}")); err == nil {
		t.Error("a command by a NATS that is not there")
	}
	natsServer(t, portOf(t, url))
	until(t, "both know of each other", func() bool { return a.Alive("b") && b.Alive("a") })
	if err := a.Bus.Command(t.Context(), "b", "here", []byte("{}")); err != nil {
		t.Error(err)
	}
	if _, err := Connect(Config{URL: "nats://\x00", Key: key(t, "k"), Load: func() Load { return Load{} }}); err == nil {
		t.Error("an address that is none")
	}
}
