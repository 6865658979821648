package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/parley-voice/parley"
)

// told takes the webhooks of a soak and does its agents' actions. Goroutines: the HTTP server's.
type told struct {
	listener net.Listener
	server   *http.Server
	running  sync.WaitGroup

	mu    sync.Mutex // guards calls
	calls map[string]*toldCall
}

// A toldCall is what came about one call.
type toldCall struct {
	events map[parley.EventType]map[string]bool // by type, the ids
	acted  int
}

func newTold() (*told, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &told{listener: l, calls: map[string]*toldCall{}}
	t.server = &http.Server{Handler: t}
	t.running.Go(func() { _ = t.server.Serve(l) }) // ends with close
	return t, nil
}

func (t *told) url() string { return "http://" + t.listener.Addr().String() + "/hook" }

func (t *told) close() {
	t.server.Close()
	t.running.Wait()
}

// ServeHTTP takes an event, or a request of an action, which has a call but no type.
func (t *told) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var e struct {
		ID   string
		Type parley.EventType
		Call string `json:"call_id"`
	}
	if err := json.NewDecoder(io.LimitReader(req.Body, chunkLimit)).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	c := t.calls[e.Call]
	if c == nil {
		c = &toldCall{events: map[parley.EventType]map[string]bool{}}
		t.calls[e.Call] = c
	}
	if e.Type == "" {
		c.acted++
	} else {
		if c.events[e.Type] == nil {
			c.events[e.Type] = map[string]bool{}
		}
		c.events[e.Type][e.ID] = true
	}
	t.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"result": "from nine to six"}`)
}

// over is whether the end and the transcript of a call were told.
func (t *told) over(call string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls[call]
	return c != nil && len(c.events[parley.EventEnded]) > 0 && len(c.events[parley.EventTranscript]) > 0
}

func (t *told) forget(call string) {
	t.mu.Lock()
	delete(t.calls, call)
	t.mu.Unlock()
}

// judge compares what was told of a call with what became of it.
func (t *told) judge(p soakPlan, c *soakCall, k keptCall) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := t.calls[c.id]
	if got == nil {
		got = &toldCall{}
	}
	if got.acted != c.script.acted {
		return fmt.Errorf("%d actions were run, %d turns were for one", got.acted, c.script.acted)
	}
	if !p.agent.told {
		if len(got.events) > 0 {
			return fmt.Errorf("it was told of a call that is none of its own")
		}
		return nil
	}
	for _, x := range []struct {
		event parley.EventType
		want  int
	}{{parley.EventConnected, 1}, {parley.EventEnded, 1}, {parley.EventTranscript, 1}, {parley.EventMessage, len(k.Turns)}} {
		if n := len(got.events[x.event]); n != x.want {
			return fmt.Errorf("%s came %d times, not %d", x.event, n, x.want)
		}
	}
	return nil
}
