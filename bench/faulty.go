package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// A Fault is a way in which a vendor goes wrong.
type Fault string

const (
	NoFault  Fault = ""
	Refuse   Fault = "refuse" // the connection is dropped before an answer
	Denied   Fault = "401"
	Throttle Fault = "429"
	Broken   Fault = "500"
	Hang     Fault = "no first byte"
	Stall    Fault = "stall"    // some output, then nothing
	Drip     Fault = "drip"     // some output, then bytes for ever and nothing useful
	CutJSON  Fault = "cut JSON" // some output, then half a message, and the end
	Garbage  Fault = "garbage"
	Closed   Fault = "close" // some output, then the end, in good order
)

// Faults are all of them.
func Faults() []Fault {
	return []Fault{Refuse, Denied, Throttle, Broken, Hang, Stall, Drip, CutJSON, Garbage, Closed}
}

const (
	dripEvery  = 100 * time.Millisecond
	wordsFirst = 4 // of a model's answer, before a fault in the middle of it
	soundFirst = 3 // chunks of 100 ms, before a fault in the middle of speech
)

// faulty plays what goes wrong before an answer.
func (v *Vendors) faulty(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch v.fault {
		case Refuse:
			panic(http.ErrAbortHandler)
		case Denied, Throttle, Broken:
			status := map[Fault]int{Denied: 401, Throttle: 429, Broken: 500}[v.fault]
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":{"message":"no, by design: %d"}}`, status)
		case Hang:
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		default:
			h(w, r)
		}
	}
}

// spoilText plays what goes wrong in the middle of an event stream; false: nothing does.
func (v *Vendors) spoilText(w http.ResponseWriter, r *http.Request) bool {
	out := http.NewResponseController(w)
	switch v.fault {
	case Stall:
		<-r.Context().Done()
	case Drip:
		for wait(r.Context(), dripEvery) {
			_, _ = io.WriteString(w, ": still here\n\n")
			_ = out.Flush()
		}
	case CutJSON:
		_, _ = io.WriteString(w, `data: {"id":"bench","choices":[{"index":0,"del`)
		_ = out.Flush()
		panic(http.ErrAbortHandler)
	case Garbage:
		_, _ = io.WriteString(w, "data: <html>no JSON at all\n\n")
	case Closed:
	default:
		return false
	}
	return true
}

// spoilSocket plays what goes wrong in the middle of a websocket's life; false: nothing does. idle is a message that means nothing,
// half the beginning of one that would.
func (v *Vendors) spoilSocket(ctx context.Context, c *websocket.Conn, idle, half string) bool {
	say := func(text string) { _ = c.Write(ctx, websocket.MessageText, []byte(text)) }
	switch v.fault {
	case Stall:
		<-ctx.Done()
	case Drip:
		for wait(ctx, dripEvery) {
			say(idle)
		}
	case CutJSON:
		say(half)
		_ = c.CloseNow()
	case Garbage:
		say("\x00\x01 no JSON at all")
	case Closed:
		_ = c.Close(websocket.StatusNormalClosure, "")
	default:
		return false
	}
	return true
}
