package cartesia

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

// ahead is how many messages of a reply are read before anybody wants them: a context lasts a second past its last sound, so that
// its end has to be noticed while what came before is still being played.
const ahead = 1024

// A message is what Cartesia sends.
type message struct {
	Type    string `json:"type"`
	Context string `json:"context_id"`
	Sound   []byte `json:"data"`
	Words   *times `json:"word_timestamps"`

	Status  int    `json:"status_code"`
	Title   string `json:"title"`
	Message string `json:"message"`
	Code    string `json:"error_code"`
	Error   string `json:"error"` // of the earlier version

	err error // the line is dead, or Type is error
}

// times are when words are spoken, in seconds.
type times struct {
	Words []string  `json:"words"`
	Start []float64 `json:"start"`
	End   []float64 `json:"end"`
}

// A line is an open connection to /tts/websocket.
type line struct {
	*provider.Wire
	prefix string // of the names of its contexts
	names  int    // of contexts so far; belongs to who speaks
	inbox  atomic.Pointer[inbox]
}

// An inbox takes the messages of one reply, which are those of its present context. The others are of contexts that nobody
// listens to any more.
type inbox struct {
	messages chan message
	over     chan struct{} // closed when nobody reads messages
	context  atomic.Pointer[string]
	left     atomic.Int64 // pieces flushed whose sound has not come in whole
	idle     atomic.Int64 // when left became 0, in Unix nanoseconds
}

// open connects.
func (v *Voice) open(ctx context.Context) (*line, error) {
	socket, err := v.net.Dial(ctx, vendor, v.address, v.header)
	if err != nil {
		return nil, err
	}
	l := &line{Wire: provider.NewWire(socket), prefix: rand.Text()}
	provider.ReadWire(l.Wire, parse, l.give)
	return l, nil
}

// listen gives an inbox for a reply, until forget.
func (l *line) listen() (*inbox, error) {
	in := &inbox{messages: make(chan message, ahead), over: make(chan struct{})}
	l.inbox.Store(in)
	if err := l.Why(); err != nil {
		return nil, err
	}
	return in, nil
}

// forget ends a reply.
func (l *line) forget(in *inbox) {
	close(in.over)
	l.inbox.CompareAndSwap(in, nil)
}

// next names the next context of an inbox.
func (l *line) next(in *inbox) string {
	l.names++
	name := l.prefix + "-" + strconv.Itoa(l.names)
	in.context.Store(&name)
	return name
}

// cancel has no more of a context spoken. Sound that was already being made still comes, and is dropped.
func (l *line) cancel(name string) error {
	return l.Send(struct {
		Context string `json:"context_id"`
		Cancel  bool   `json:"cancel"`
	}{name, true})
}

// give is where what comes in goes. False: the line is closed.
func (l *line) give(m message, err error) bool {
	if err != nil {
		m.err = err
	}
	in := l.inbox.Load()
	return in == nil || l.deliver(in, m)
}

// deliver hands a message to a reply that wants it. False: the line is closed.
func (l *line) deliver(in *inbox, m message) bool {
	name := in.context.Load()
	if mine := name != nil && m.Context == *name; !mine && m.Context != "" || m.Context == "" && m.err == nil {
		return true
	}
	if m.Type == "flush_done" && in.left.Load() > 0 {
		in.idle.Store(time.Now().UnixNano())
		in.left.Add(-1)
	}
	select {
	case in.messages <- m:
	case <-in.over:
	case <-l.Closed():
		return false
	}
	return true
}

func parse(b []byte) (m message, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return message{}, provider.BadOutput(vendor, "a message is not as documented: "+provider.Line(string(b[:min(len(b), 200)])), err)
	}
	if m.Type == "error" {
		m.err = refusal(m)
	}
	return m, nil
}

// refusal is the error that a message tells of; its status is that of HTTP.
func refusal(m message) error {
	var said []string
	for _, s := range []string{m.Code, m.Title, m.Message, m.Error} {
		if s != "" {
			said = append(said, s)
		}
	}
	text := strings.Join(said, ": ")
	if m.Status < 400 || m.Status > 599 {
		return &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Status: m.Status, Message: provider.Line(text)}
	}
	b, err := json.Marshal(map[string]string{"message": text})
	if err != nil {
		return err
	}
	return provider.StatusError(vendor, m.Status, b)
}
