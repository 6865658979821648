package google

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

// TestAStreamThatIsOverTakesNoSound: what comes after Google has ended a stream is the next one's, however late the transport lets go of it.
func TestAStreamThatIsOverTakesNoSound(t *testing.T) {
	g := providertest.NewGoogle(t)
	g.Hears.Lacks = phoneModel
	e, err := newEndpoint(provider.Access{Key: key, BaseURL: g.URL}, hearingBase)
	if err != nil {
		t.Fatal(err)
	}
	e.header = http.Header{"X-Goog-Api-Key": {key}}
	for n := range 100 {
		h := hearing{t: &Transcriber{endpoint: e, quiet: time.Hour, most: time.Hour}, tape: newTape(), language: fmt.Sprintf("xx-%c%c", 'A'+n/26, 'A'+n%26),
			yield: func(stt.Event, error) bool { return true }}
		f := frame(0)
		h.tape.push(&f)
		if again, err := h.once(t.Context()); !again || err != nil {
			t.Fatalf("%v %v", again, err)
		}
		h.tape.rewind()
		for i := 1; i < 20; i++ {
			f := frame(i)
			h.tape.push(&f)
			runtime.Gosched()
			h.tape.mu.Lock()
			taken := h.tape.sent - h.tape.first
			h.tape.mu.Unlock()
			if taken > 0 {
				t.Fatalf("stream %d took %d frames of the next one's", n, taken)
			}
		}
	}
}
