package google

import (
	"context"
	"io"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
)

const (
	together  = 5 // frames of one message at most, when several wait: 100 ms
	headRoom  = 16
	lastWords = 5 * time.Second // wait for the last results once the sound has ended
)

// Google ends a stream after 5 minutes of time or of sound. Ours gives way to the next when it is that old and nobody speaks, or at the
// latest; the sound of others that it begins with may be tapeMost long, and does not count.
const (
	ageQuiet = 4 * time.Minute
	ageMost  = 4*time.Minute + 25*time.Second
)

// A line is what one stream sends: the configuration, then the sound of the tape from where it began. Its reader is the transport,
// in a goroutine of its own.
type line struct {
	tape        *tape
	cancel      context.CancelFunc // ends the stream
	opened      time.Time
	quiet, most time.Duration // ages at which it gives way

	head []byte // what is left of the message that is being read
	buf  []byte

	// guarded by tape.mu
	start   int  // number of the frame at which Google's clock is zero
	anew    int  // and of the first that no stream before has had
	sent    int  // frames
	halved  bool // its end was sent: there was no more sound
	late    *time.Timer
	gaveWay bool
	closed  bool
}

// Read gives the next bytes of the stream: a message of the frames that wait, or of the next one.
func (l *line) Read(p []byte) (int, error) {
	if len(l.head) == 0 {
		if err := l.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.head)
	l.head = l.head[n:]
	return n, nil
}

// fill makes the next message. It allocates nothing after the first few.
func (l *line) fill() error {
	t := l.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		switch {
		case l.closed || t.gone:
			return io.ErrClosedPipe
		case l.old():
			l.gaveWay = true
			l.cancel()
			return io.ErrClosedPipe
		case t.sent < t.next:
			n := min(together, t.next-t.sent)
			l.start += max(0, t.sent-l.start-l.sent) // frames that were forgotten before it could send them
			l.message(n)
			return nil
		case t.ended || t.idle:
			l.halved = true
			l.late = time.AfterFunc(lastWords, l.cancel)
			return io.EOF
		}
		t.came.Wait()
	}
}

// old reports whether the line should give way.
func (l *line) old() bool {
	if l.tape.sent <= l.anew {
		return false
	}
	age := max(time.Since(l.opened), time.Duration(l.tape.sent-l.anew)*audio.FrameDur)
	return age >= l.most || age >= l.quiet && !l.tape.talking
}

// message takes n frames: StreamingRecognizeRequest.audio_content.
func (l *line) message(n int) {
	const bytes = 2 * audio.Samples
	size := n * bytes
	b := provider.AppendHead(l.buf[:0], 1+protowire.SizeBytes(size))
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	at := len(b)
	b = b[:at+size]
	t := l.tape
	for i := range n {
		provider.Linear16(b[at+i*bytes:], &t.frames[(t.sent+i)%len(t.frames)])
	}
	t.sent += n
	l.sent += n
	l.head, l.buf = b, b
}

// Close is the transport's, when the stream is over.
func (l *line) Close() error {
	l.tape.change(func() { l.closed = true })
	return nil
}

// at is where a moment of Google's clock is in the sound.
func (l *line) at(d time.Duration) time.Duration {
	l.tape.mu.Lock()
	defer l.tape.mu.Unlock()
	return time.Duration(l.start)*audio.FrameDur + max(0, min(d, time.Duration(l.sent)*audio.FrameDur))
}

// state is how it ended.
func (l *line) state() (halved, gaveWay, over bool, sent int) {
	l.tape.mu.Lock()
	defer l.tape.mu.Unlock()
	if l.late != nil {
		l.late.Stop()
	}
	return l.halved, l.gaveWay, l.tape.ended && l.tape.sent == l.tape.next, l.sent
}
