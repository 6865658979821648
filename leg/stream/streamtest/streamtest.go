// Package streamtest is the other end of a leg that goes over a websocket: a carrier with a caller on the line. It follows the published
// protocol to the letter, plays what it is sent at the pace of the ear, and notes what the protocol forbids.
//
// Goroutines: one that reads the socket and one that is the line, until the call is over.
package streamtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg/stream"
)

const bytesPerFrame = 160 // 20 ms of G.711

// A Dialect is what carriers spell differently.
type Dialect struct {
	Sequence string         // key of the number of a message
	Stream   string         // key of the stream's id; also in what it is sent, when Strict
	Strict   bool           // what it is sent must name the stream
	Hello    map[string]any // the first message
}

// The dialects of Twilio (twilio.com/docs/voice/media-streams/websocket-messages) and Telnyx
// (developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket).
var (
	Twilio = Dialect{Sequence: "sequenceNumber", Stream: "streamSid", Strict: true,
		Hello: map[string]any{"event": "connected", "protocol": "Call", "version": "1.0.0"}}
	Telnyx = Dialect{Sequence: "sequence_number", Stream: "stream_id",
		Hello: map[string]any{"event": "connected", "version": "1.0.0"}}
)

// A Call is who calls.
type Call struct {
	Dialect
	ID    string         // of the stream
	Start map[string]any // what "start" says
	Stop  map[string]any // and "stop"
	Alaw  bool           // the sound is A-law
}

// A Caller is one on the line. All methods are safe from any goroutine.
type Caller struct {
	call   Call
	socket stream.Socket
	gone   chan struct{}
	hung   chan struct{}
	tasks  sync.WaitGroup

	write    sync.Mutex // guards sequence and text, and the order of messages on the wire
	sequence int
	text     []byte

	mu      sync.Mutex // guards all below
	mouth   []audio.Frame
	ear     []audio.Frame
	digits  strings.Builder
	finder  *audio.DTMFFinder
	buffer  buffer
	clears  int
	faults  []string
	mute    bool          // Vanish
	stalled chan struct{} // nil: it reads
	skip    int           // media messages that are lost on the way
	hangup  sync.Once
}

// A buffer is what was sent and not played.
type buffer struct {
	sound          []byte
	marks          []place // in it
	before, behind string  // of the payload in a media message that was found right
}

// A place is that of a mark, in bytes from the ear.
type place struct {
	at   int
	name string
}

// On begins a call on a socket that is connected.
func On(socket stream.Socket, call Call) *Caller {
	c := &Caller{call: call, socket: socket, gone: make(chan struct{}), hung: make(chan struct{}), finder: audio.NewDTMFFinder()}
	c.send(call.Hello, false)
	c.send(map[string]any{"event": "start", "start": call.Start}, true)
	c.tasks.Go(c.read)
	c.tasks.Go(c.line)
	return c
}

// send writes a message, numbered unless it is the first.
func (c *Caller) send(m map[string]any, numbered bool) {
	c.write.Lock()
	defer c.write.Unlock()
	out := maps.Clone(m)
	if numbered {
		c.sequence++
		out[c.call.Sequence], out[c.call.Stream] = strconv.Itoa(c.sequence), c.call.ID
	}
	if b, err := json.Marshal(out); err == nil {
		_ = c.socket.Write(b) // the reader learns of an end
	}
}

// sendSound is send for a media message, and allocates nothing.
func (c *Caller) sendSound(chunk int, sound []byte) {
	c.write.Lock()
	defer c.write.Unlock()
	c.sequence++
	b := append(c.text[:0], `{"event":"media","`...)
	b = append(append(b, c.call.Sequence...), `":"`...)
	b = append(strconv.AppendInt(b, int64(c.sequence), 10), `","media":{"track":"inbound","chunk":"`...)
	b = append(strconv.AppendInt(b, int64(chunk), 10), `","timestamp":"`...)
	b = append(strconv.AppendInt(b, int64(20*chunk-15), 10), `","payload":"`...)
	b = append(base64.StdEncoding.AppendEncode(b, sound), `"},"`...)
	b = append(append(b, c.call.Stream...), `":"`...)
	b = append(append(b, c.call.ID...), `"}`...)
	c.text = b
	_ = c.socket.Write(b)
}

// read takes what the leg sends.
func (c *Caller) read() {
	defer close(c.gone)
	for {
		c.mu.Lock()
		stalled := c.stalled
		c.mu.Unlock()
		if stalled != nil {
			select {
			case <-stalled:
			case <-c.hung:
			}
		}
		b, err := c.socket.Read()
		if err != nil {
			return
		}
		c.mu.Lock()
		if !c.again(b) {
			c.take(b)
		}
		c.mu.Unlock()
	}
}

// again takes sound that differs from what was found right in its payload alone; mu is held.
func (c *Caller) again(b []byte) bool {
	if c.buffer.before == "" || len(b) < len(c.buffer.before)+len(c.buffer.behind) || string(b[:len(c.buffer.before)]) != c.buffer.before || string(b[len(b)-len(c.buffer.behind):]) != c.buffer.behind {
		return false
	}
	at := len(c.buffer.sound)
	payload := b[len(c.buffer.before) : len(b)-len(c.buffer.behind)]
	c.buffer.sound = slices.Grow(c.buffer.sound, base64.StdEncoding.DecodedLen(len(payload)))
	n, err := base64.StdEncoding.Decode(c.buffer.sound[at:cap(c.buffer.sound)], payload)
	if err != nil || n == 0 {
		return false
	}
	c.buffer.sound = c.buffer.sound[:at+n]
	return true
}

// take reads a message; mu is held.
func (c *Caller) take(b []byte) {
	var m struct {
		Event     string
		StreamSid string
		Media     *struct{ Payload string }
		Mark      *struct{ Name string }
	}
	err := json.Unmarshal(b, &m)
	switch {
	case err != nil:
		c.fault("%q is no JSON: %v", b, err)
	case c.call.Strict && m.StreamSid != c.call.ID:
		c.fault("%q names the stream %q", m.Event, m.StreamSid)
	case m.Event == "media" && m.Media != nil:
		sound, err := base64.StdEncoding.DecodeString(m.Media.Payload)
		if err != nil || len(sound) == 0 {
			c.fault("the payload %q: %v", m.Media.Payload, err)
		}
		c.buffer.sound = append(c.buffer.sound, sound...)
		c.buffer.before, c.buffer.behind, _ = strings.Cut(string(b), m.Media.Payload)
	case m.Event == "mark" && m.Mark != nil && m.Mark.Name != "":
		c.buffer.marks = append(c.buffer.marks, place{len(c.buffer.sound), m.Mark.Name})
	case m.Event == "clear":
		c.clears++
		c.buffer.sound = c.buffer.sound[:0]
		c.echo(len(c.buffer.marks))
	default:
		c.fault("%q is no message", b)
	}
}

// echo tells of the first n marks; mu is held.
func (c *Caller) echo(n int) {
	for _, m := range c.buffer.marks[:n] {
		c.send(map[string]any{"event": "mark", "mark": map[string]any{"name": m.name}}, true)
	}
	c.buffer.marks = slices.Delete(c.buffer.marks, 0, n)
}

func (c *Caller) fault(f string, v ...any) { c.faults = append(c.faults, fmt.Sprintf(f, v...)) }

// line is the clock of the line: every 20 ms some sound each way. A step it was late for is made up for.
func (c *Caller) line() {
	w := &ways{up: audio.NewResampler(8000, audio.Rate), down: audio.NewResampler(audio.Rate, 8000)}
	begin := time.Now()
	timer := time.NewTimer(time.Hour)
	for n := 1; ; n++ {
		timer.Reset(time.Until(begin.Add(time.Duration(n) * audio.FrameDur)))
		select {
		case <-c.gone:
			return
		case <-c.hung:
			return
		case <-timer.C:
		}
		c.play(w)
		c.speak(n, w)
	}
}

// ways are the codecs of both directions, and their scratch.
type ways struct {
	up, down  *audio.Resampler
	pcm, wide []int16
	sound     []byte
}

// play plays 20 ms of what was sent, and echoes the marks before it.
func (c *Caller) play(w *ways) {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := 0
	for due < len(c.buffer.marks) && c.buffer.marks[due].at == 0 {
		due++
	}
	c.echo(due)
	n := min(bytesPerFrame, len(c.buffer.sound))
	if n == 0 {
		return
	}
	if w.pcm = audio.DecodeUlaw(w.pcm[:0], c.buffer.sound[:n]); c.call.Alaw {
		w.pcm = audio.DecodeAlaw(w.pcm[:0], c.buffer.sound[:n])
	}
	c.buffer.sound = slices.Delete(c.buffer.sound, 0, n)
	for i := range c.buffer.marks {
		c.buffer.marks[i].at = max(0, c.buffer.marks[i].at-n)
	}
	for len(w.pcm) < bytesPerFrame {
		w.pcm = append(w.pcm, 0)
	}
	var f audio.Frame
	w.wide = w.up.Process(w.wide[:0], w.pcm)
	copy(f[:], w.wide)
	c.ear = append(c.ear, f)
	if d, ok := c.finder.Find(&f); ok {
		c.digits.WriteByte(d)
	}
}

// speak sends 20 ms of what is said.
func (c *Caller) speak(n int, w *ways) {
	c.mu.Lock()
	var f audio.Frame
	mute, lost := c.mute, c.skip > 0
	if !mute && len(c.mouth) > 0 {
		f, c.mouth = c.mouth[0], c.mouth[1:]
	}
	if lost {
		c.skip--
	}
	c.mu.Unlock()
	w.pcm = w.down.Process(w.pcm[:0], f[:])
	if w.sound = audio.EncodeUlaw(w.sound[:0], w.pcm); c.call.Alaw {
		w.sound = audio.EncodeAlaw(w.sound[:0], w.pcm)
	}
	if !mute && !lost {
		c.sendSound(n, w.sound)
	}
}

// Say queues sound towards the leg; silence goes out otherwise.
func (c *Caller) Say(fs ...audio.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mouth = append(c.mouth, fs...)
}

// Quiet reports whether all has been said.
func (c *Caller) Quiet() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.mouth) == 0
}

// Ear is the sound heard so far; silence between is left out.
func (c *Caller) Ear() []audio.Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ear)
}

// Press presses digits.
func (c *Caller) Press(digits string) {
	for _, d := range digits {
		c.send(map[string]any{"event": "dtmf", "dtmf": map[string]any{"track": "inbound_track", "digit": string(d)}}, true)
	}
}

// Digits are those heard as tones.
func (c *Caller) Digits() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.digits.String()
}

// Hangup ends the call as a carrier does when its caller hangs up.
func (c *Caller) Hangup() {
	c.hangup.Do(func() {
		close(c.hung)
		c.send(map[string]any{"event": "stop", "stop": c.call.Stop}, true)
		c.socket.Close()
	})
}

// Vanish sends no sound any more, and no goodbye.
func (c *Caller) Vanish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mute = true
}

// Lose has the next n chunks of sound lost on the way to the carrier.
func (c *Caller) Lose(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skip = n
}

// Stall stops reading, or goes on with it.
func (c *Caller) Stall(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case on && c.stalled == nil:
		c.stalled = make(chan struct{})
	case !on && c.stalled != nil:
		close(c.stalled)
		c.stalled = nil
	}
}

// Gone is closed once the socket is.
func (c *Caller) Gone() <-chan struct{} { return c.gone }

// Clears is how often it was told to forget what it had not played.
func (c *Caller) Clears() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clears
}

// Faults are what the protocol forbids of what was sent.
func (c *Caller) Faults() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.faults)
}

// Close ends the call, and waits for its goroutines.
func (c *Caller) Close() {
	c.Hangup()
	c.Stall(false)
	c.tasks.Wait()
}
