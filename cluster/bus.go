package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/parley-voice/parley"
)

// Sealer encrypts what goes over the wire, and vouches for it: whoever reaches the NATS server reads no words and commands no call.
// *secret.Key is one; all nodes have the same.
type Sealer interface {
	Seal(plain []byte, place ...string) string
	Open(sealed string, place ...string) ([]byte, error)
	Sign(msg string) string
}

// Calls are the calls that run here.
type Calls interface {
	// Command carries out what was asked of a call that runs here. Not here: parley.NotFound.
	Command(ctx context.Context, callID string, command []byte) error
	// Listen writes the sound of a call that runs here until it is over or w fails. Not here: parley.NotFound.
	Listen(ctx context.Context, callID string, channels int, w io.Writer) error
}

// Local is the store as it is told of others. *store.DB is one.
type Local interface {
	Woken(what string)
	Heard(events []parley.Event)
}

// Config is what a Bus is made of.
type Config struct {
	URL    string // of the NATS servers, with commas between
	Self   string // this node
	Key    Sealer
	Calls  Calls
	Store  Local
	Load   func() Load
	Kind   string // of the jobs that are done by the node with the least load
	Logger *slog.Logger
}

const (
	loadEvery   = time.Second
	heardWithin = 5 * time.Second // a node of which nothing was heard for longer cannot be reached
	commandWait = 10 * time.Second
	outDepth    = 4096 // messages that wait for the wire; more are lost
	eventsMost  = 64   // in one message, of one call
)

// A Bus carries what nodes tell each other by NATS. While NATS is away nothing comes and what is sent is lost.
type Bus struct {
	Config
	registry
	conn   *nats.Conn
	prefix string
	out    chan message
	ctx    context.Context // done when the bus closes
	cancel context.CancelFunc
	work   sync.WaitGroup

	listening atomic.Int32 // listeners elsewhere to calls here
	told      atomic.Int64 // in seconds since 1970, when stale messages were complained of
	sealed    seal

	waking sync.Mutex      // guards asked
	asked  map[string]bool // what others are to be woken for

	following sync.Mutex // guards follows; held while NATS is told, which may wait
	follows   map[string]*follow
}

// A follow is a call of which others' events are wanted here.
type follow struct {
	sub  *nats.Subscription
	many int
}

type message struct {
	subject string
	body    []byte
}

// Connect opens the bus. A server that is not there yet is tried again for as long as the bus is open; one that refuses us is an error.
func Connect(c Config) (*Bus, error) {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	b := &Bus{Config: c, prefix: "parley." + strings.ToLower(subject(c.Key.Sign("nats"))) + ".", out: make(chan message, outDepth),
		follows: map[string]*follow{}, asked: map[string]bool{}, registry: newRegistry(c.Self), sealed: seal{key: c.Key}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	var err error
	b.conn, err = nats.Connect(c.URL, nats.Name("parley "+c.Self), nats.NoEcho(), nats.MaxReconnects(-1), nats.ReconnectWait(time.Second),
		nats.RetryOnFailedConnect(true), nats.ReconnectBufSize(-1), nats.Timeout(3*time.Second), nats.FlusherTimeout(5*time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				c.Logger.Warn("NATS is away: other nodes are not reached", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { c.Logger.Info("NATS is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.Logger.Warn("NATS", "error", err) }))
	if err != nil {
		b.cancel()
		return nil, err
	}
	for suffix, take := range map[string]func(m *nats.Msg, body []byte){
		"load": b.tookLoad, "wake": b.tookWake, "node." + c.Self + ".command": b.tookCommand, "node." + c.Self + ".listen": b.tookListener,
	} {
		if _, err = b.subscribe(b.prefix+suffix, take); err != nil {
			b.conn.Close()
			b.cancel()
			return nil, err
		}
	}
	b.work.Go(b.send)
	b.work.Go(b.tell)
	return b, nil
}

// Connected reports whether NATS is there now.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// subject is what of a signature may stand in a NATS subject.
func subject(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 16)]
}

// Close says no more and waits for what is being carried out for others.
func (b *Bus) Close() {
	b.cancel()
	b.work.Wait()
	b.conn.Close()
}

// subscribe has what comes on a subject opened and given to take, by one goroutine of the subscription; what does not open is not ours.
func (b *Bus) subscribe(subject string, take func(m *nats.Msg, body []byte)) (*nats.Subscription, error) {
	return b.conn.Subscribe(subject, func(m *nats.Msg) {
		if b.ctx.Err() != nil {
			return
		}
		body, err := b.sealed.open(m.Data, m.Subject)
		if errors.Is(err, errStale) {
			b.stale()
		}
		if err != nil {
			return
		}
		take(m, body)
	})
}

func (b *Bus) publish(subject string, body []byte) error {
	return b.conn.Publish(subject, b.sealed.make(body, subject))
}

// stale: a message was sealed with our key, and does not count any more. It is told once a minute at most.
func (b *Bus) stale() {
	now := time.Now().Unix()
	if last := b.told.Load(); now-last >= 60 && b.told.CompareAndSwap(last, now) {
		b.Logger.Warn("messages of other nodes are not taken: they are older than 30 s, or the machines' clocks differ by more")
	}
}

// post leaves a message to send; it never waits.
func (b *Bus) post(suffix string, body []byte) {
	select {
	case b.out <- message{b.prefix + suffix, body}:
	default:
	}
}

// send is the one goroutine that waits for the wire.
func (b *Bus) send() {
	for {
		select {
		case m := <-b.out:
			_ = b.publish(m.subject, m.body) // it is away: then it is lost
		case <-b.ctx.Done():
			return
		}
	}
}

// tell has the others know of this node's load.
func (b *Bus) tell() {
	tick := time.NewTicker(loadEvery)
	defer tick.Stop()
	for {
		body, err := json.Marshal(b.load())
		if err == nil {
			b.post("load", body)
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			return
		}
	}
}

func (b *Bus) load() Load {
	l := b.Config.Load()
	l.Node = b.Self
	return l
}

func (b *Bus) tookLoad(_ *nats.Msg, body []byte) {
	var l Load
	if json.Unmarshal(body, &l) == nil && l.Node != "" && l.Node != b.Self {
		b.registry.heard(l)
	}
}

// wakeWait is how long wakings for one thing are gathered.
const wakeWait = 10 * time.Millisecond

// Wake implements store.Company.
func (b *Bus) Wake(what string) {
	b.waking.Lock()
	defer b.waking.Unlock()
	if b.asked[what] {
		return
	}
	b.asked[what] = true
	time.AfterFunc(wakeWait, func() {
		b.waking.Lock()
		delete(b.asked, what)
		b.waking.Unlock()
		b.post("wake", []byte(what))
	})
}

func (b *Bus) tookWake(_ *nats.Msg, body []byte) { b.Store.Woken(string(body)) }

// Tell implements store.Company.
func (b *Bus) Tell(events []parley.Event) {
	for len(events) > 0 {
		n := 1
		for n < len(events) && n < eventsMost && events[n].CallID == events[0].CallID {
			n++
		}
		if body, err := json.Marshal(events[:n]); err == nil {
			b.post("events."+token(events[0].CallID), body)
		}
		events = events[n:]
	}
}

// Follow implements store.Company.
func (b *Bus) Follow(callID string) (done func()) {
	b.following.Lock()
	defer b.following.Unlock()
	f := b.follows[callID]
	if f == nil {
		f = &follow{}
		f.sub, _ = b.subscribe(b.prefix+"events."+token(callID), func(_ *nats.Msg, body []byte) { // without one its events are read from the database
			var events []parley.Event
			if json.Unmarshal(body, &events) == nil {
				b.Store.Heard(events)
			}
		})
		b.follows[callID] = f
	}
	f.many++
	return sync.OnceFunc(func() {
		b.following.Lock()
		defer b.following.Unlock()
		if f.many--; f.many == 0 {
			delete(b.follows, callID)
			if f.sub != nil {
				_ = f.sub.Unsubscribe()
			}
		}
	})
}

// token is an id as a part of a subject.
func token(id string) string {
	if id == "" || strings.ContainsAny(id, ".*> \t\r\n") {
		return fmt.Sprintf("%x", id)
	}
	return id
}

// Command has the node that a call runs in carry out a command. Its refusal comes back as it was; a node that does not answer: 503.
func (b *Bus) Command(ctx context.Context, node, callID string, command []byte) error {
	ctx, cancel := context.WithTimeout(ctx, commandWait)
	defer cancel()
	body, err := json.Marshal(order{Call: callID, Command: command})
	if err != nil {
		return err
	}
	to := b.prefix + "node." + token(node) + ".command"
	m, err := b.conn.RequestWithContext(ctx, to, b.sealed.make(body, to))
	if err != nil {
		return unreachable(err)
	}
	if body, err = b.sealed.open(m.Data, m.Subject); err != nil {
		return unreachable(err)
	}
	return refusalOf(body)
}

// An order is what is asked of a call that runs elsewhere.
type order struct {
	Call     string          `json:"call"`
	Command  json.RawMessage `json:"command,omitempty"`
	Channels int             `json:"channels,omitempty"`
	Inbox    string          `json:"inbox,omitempty"` // where its sound is to be sent
}

func (b *Bus) tookCommand(m *nats.Msg, body []byte) {
	var o order
	if json.Unmarshal(body, &o) != nil || m.Reply == "" {
		return
	}
	b.work.Go(func() {
		ctx, cancel := context.WithTimeout(b.ctx, commandWait)
		defer cancel()
		err := b.Calls.Command(ctx, o.Call, o.Command)
		_ = m.Respond(b.sealed.make(refusal(err), m.Reply))
	})
}

// unreachable is the error for a node that does not answer.
func unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &parley.Error{Status: 503, Code: "node_unreachable", Message: "the node in which the call runs does not answer: try again", RetryAfter: 5 * time.Second}
}

// refusal is what became of an order, as it is sent back.
func refusal(err error) []byte {
	var e *parley.Error
	switch {
	case err == nil:
		return []byte("{}")
	case !errors.As(err, &e):
		e = &parley.Error{Status: 500, Code: "internal", Message: err.Error()}
	}
	b, _ := json.Marshal(e) // all its fields are plain
	return b
}

func refusalOf(b []byte) error {
	var e parley.Error
	if err := json.Unmarshal(b, &e); err != nil {
		return unreachable(err)
	}
	if e.Status == 0 {
		return nil
	}
	return &e
}
