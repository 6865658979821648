package providertest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// A Line is a way to a fake that notes when bytes of its come, and how many connections were opened.
type Line struct {
	net *provider.Net

	mu          sync.Mutex // guards all below
	first, last time.Time  // since Arm
	opened      int
}

// NewLine makes one; its connections end with the test.
func NewLine(t testing.TB) *Line {
	l := new(Line)
	l.net = provider.Guarded(func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		l.opened++
		l.mu.Unlock()
		return &noting{c, l}, nil
	})
	t.Cleanup(l.net.CloseIdle)
	return l
}

// Net is what a vendor is given.
func (l *Line) Net() *provider.Net { return l.net }

// Opened is how many connections were.
func (l *Line) Opened() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

func (l *Line) arm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first, l.last = time.Time{}, time.Time{}
}

// since is how long ago the first bytes came, or the last.
func (l *Line) since(last bool) time.Duration {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if last {
		return now.Sub(l.last)
	}
	return now.Sub(l.first)
}

type noting struct {
	net.Conn
	line *Line
}

func (c *noting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		now := time.Now()
		c.line.mu.Lock()
		if c.line.last = now; c.line.first.IsZero() {
			c.line.first = now
		}
		c.line.mu.Unlock()
	}
	return n, err
}

// A Turn is what a vendor does once on a call of its own: what our plumbing adds is from the first byte that comes of its answer to
// the first frame or words, and, of a hearer, who tells other things before, from the last byte to the event that it makes.
type Turn struct {
	Line  *Line
	Hear  stt.Transcriber
	Sound []audio.Frame // nil: Spoken
	Think llm.Model
	Speak tts.Synthesizer
}

// Take warms the vendor and has it do its work.
func (u Turn) Take(t testing.TB) time.Duration {
	t.Helper()
	var skill any = u.Hear
	switch {
	case u.Think != nil:
		skill = u.Think
	case u.Speak != nil:
		skill = u.Speak
		defer closeIt(u.Speak)
	}
	w, ok := skill.(provider.Warmer)
	if !ok {
		t.Fatalf("%T has nothing to be warmed", skill)
	}
	if err := w.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	u.Line.arm()
	switch {
	case u.Think != nil:
		return u.think(t)
	case u.Speak != nil:
		return u.speak(t)
	}
	return u.hear(t)
}

func (u Turn) think(t testing.TB) (added time.Duration) {
	for d, err := range u.Think.Chat(t.Context(), Says("When are you open?")) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Text != "" && added == 0 {
			added = u.Line.since(false)
		}
	}
	return added
}

func (u Turn) speak(t testing.TB) (added time.Duration) {
	for c, err := range u.Speak.Speak(t.Context(), send1([]string{"We are open until nine. "}), tts.Options{Language: "en"}) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Frame != (audio.Frame{}) && added == 0 {
			added = u.Line.since(false)
		}
	}
	return added
}

func (u Turn) hear(t testing.TB) (added time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sound := u.Sound
	if sound == nil {
		sound = Spoken("one two three")
	}
	for e, err := range u.Hear.Transcribe(ctx, Hearing{Pace: time.Millisecond}.feed(ctx, sound, true), stt.Options{Language: "en"}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Text != "" {
			return u.Line.since(true)
		}
	}
	return 0
}

// Bench takes turns, and reports the median and the 95th percentile of what was added.
func Bench(b *testing.B, turn func() Turn) {
	var all []time.Duration
	for b.Loop() {
		added := turn().Take(b)
		if added <= 0 {
			b.Fatal("nothing came")
		}
		all = append(all, added)
	}
	slices.Sort(all)
	ms := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000 }
	b.ReportMetric(0, "ns/op") // of the whole turn, which is the fake's
	b.ReportMetric(ms(.5), "p50-ms")
	b.ReportMetric(ms(.95), "p95-ms")
}
