package azure

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

// TestATurnThatEndsAmidWords: what was told of them stays told, once, and the next turn is sent the sound behind them.
func TestATurnThatEndsAmidWords(t *testing.T) {
	again := make(chan int, 1) // frames of the next turn that were of the first as well
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		first, frames := "", 0
		for {
			kind, b, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if kind == websocket.MessageText {
				if _, id, _ := parts(b); first == "" {
					first = id
				}
				continue
			}
			if strings.Contains(string(b), first) {
				if frames++; frames == 41 { // the first is the header
					for _, l := range []string{`speech.hypothesis` + "\r\n\r\n" + `{"Text":"hi my","Offset":0,"Duration":6000000}`, "turn.end\r\n\r\n{}"} {
						c.Write(r.Context(), websocket.MessageText, []byte("X-RequestId:"+first+"\r\nPath:"+l))
					}
				}
				continue
			}
			id := strings.TrimSpace(strings.SplitAfter(strings.SplitAfter(string(b[2:]), "X-RequestId: ")[1], "\r\n")[0])
			n := 0
			for ; len(b) > 0; n++ {
				if _, b, err = c.Read(r.Context()); err != nil || !strings.Contains(string(b), id) || len(b) < 2*audio.Samples {
					break
				}
				if b[len(b)-2*audio.Samples] > 40 { // frames bear their numbers
					break
				}
			}
			again <- n
			c.Write(r.Context(), websocket.MessageText, []byte("X-RequestId:"+id+"\r\nPath:speech.phrase\r\n\r\n"+`{"RecognitionStatus":"Success","DisplayText":"Name.","Offset":0,"Duration":1}`))
			c.Close(websocket.StatusNormalClosure, "")
			return
		}
	}))
	defer srv.Close()
	tr, err := NewTranscriber(provider.Access{Key: key, BaseURL: srv.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan audio.Frame)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for n := 1; ; n++ {
			var f audio.Frame
			f[0] = int16(min(n, 120))
			select {
			case in <- f:
				time.Sleep(time.Duration(n/40) * time.Millisecond) // lets the end of the turn come
			case <-stop:
				return
			}
		}
	}()
	var told []string
	for e := range tr.Transcribe(t.Context(), in, stt.Options{}) {
		if e.Final {
			told = append(told, e.Text)
		}
	}
	if got := strings.Join(told, " | "); got != "hi my | Name." {
		t.Errorf("told %q", got)
	}
	if n := <-again; n != 10 {
		t.Errorf("%d frames of the first 40 were sent again, want the 10 behind the words", n)
	}
}
