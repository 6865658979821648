package wire

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley/hammer"
)

// taken are the messages a framer finds in a stream that comes in pieces of at most size bytes, the pings between them, and what ended it.
func taken(stream []byte, size int) (all [][]byte, pings int, bad *Refusal) {
	var f framer
	for {
		pings += f.pings()
		n, r := f.next()
		if r != nil {
			return all, pings, r
		}
		if n > 0 {
			all = append(all, bytes.Clone(f.buf[:n]))
			f.drop(n)
			continue
		}
		if len(stream) == 0 {
			return all, pings, nil
		}
		room := f.room()
		n = copy(room, stream[:min(size, len(stream))])
		f.buf, stream = f.buf[:len(f.buf)+n], stream[n:]
	}
}

// TestFrames: however a stream is cut into pieces, the same messages are found in it.
func TestFrames(t *testing.T) {
	body := strings.Replace(options(""), "Content-Length: 0", "l\t:\r\n 5", 1) + "\r\n\r\nX"
	lf := strings.ReplaceAll(options("X: y\r\n"), "\r\n", "\n")
	want := []string{options(""), invite, body, lf, options("")}
	stream := []byte("\r\n\r\n" + options("") + "\r\n" + invite + body + "\r\n\r\n" + lf + options("") + "\r")
	for size := 1; size < len(stream); size += 1 + size/3 {
		got, pings, bad := taken(stream, size)
		if bad != nil || pings != 2 || len(got) != len(want) {
			t.Fatalf("in pieces of %d: %d messages, %d pings, %v", size, len(got), pings, bad)
		}
		for i := range got {
			if string(got[i]) != want[i] {
				t.Errorf("in pieces of %d: message %d is %q", size, i, got[i])
			}
		}
	}
}

func TestFramesEnd(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		code   int
	}{
		"no length":             {"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n", 400},
		"two lengths":           {"OPTIONS sip:a SIP/2.0\r\nl: 0\r\nContent-length : 0\r\n\r\n", 400},
		"a negative length":     {"OPTIONS sip:a SIP/2.0\r\nl: -1\r\n\r\n", 400},
		"a length in two lines": {"OPTIONS sip:a SIP/2.0\r\nl: 1\r\n 2\r\n\r\n", 400},
		"an endless length":     {"OPTIONS sip:a SIP/2.0\r\nl: 99999999999\r\n\r\n", 400},
		"a large length":        {"OPTIONS sip:a SIP/2.0\r\nl: 300000\r\n\r\n", 513},
		"endless headers":       {"OPTIONS sip:a SIP/2.0\r\n" + strings.Repeat("X: y\r\n", 60_000), 513},
		"endless header":        {"OPTIONS sip:a SIP/2.0\r\nX: " + strings.Repeat("y", 300_000), 513},
		"an endless line":       {"OPTIONS " + strings.Repeat("y", 300_000), 0},
		"HTTP":                  {"GET / HTTP/1.1\r\n", 0},
		"TLS":                   {"\x16\x03\x01\x02\x00\x01", 0},
		"zeros":                 {strings.Repeat("\x00", 100), 0},
	} {
		for _, size := range []int{1, 1460, 1 << 20} {
			got, _, bad := taken([]byte(c.stream), size)
			if len(got) > 0 || bad == nil || bad.Code != c.code {
				t.Errorf("%s in pieces of %d: %d messages, %v", name, size, len(got), bad)
			}
		}
	}
}

// TestFramerGivesBack: what a large message needed is not kept.
func TestFramerGivesBack(t *testing.T) {
	var f framer
	large := strings.Replace(options(""), "Content-Length: 0", "Content-Length: 200000", 1) + strings.Repeat("b", 200_000)
	for rest := []byte(large + options("")); ; {
		n, bad := f.next()
		if bad != nil {
			t.Fatal(bad)
		}
		if n > 0 {
			f.drop(n)
			break
		}
		n = copy(f.room(), rest)
		f.buf, rest = f.buf[:len(f.buf)+n], rest[n:]
	}
	if cap(f.buf) > roomLeast {
		t.Errorf("%d bytes are kept", cap(f.buf))
	}
}

// FuzzFrames: the pieces a stream comes in do not matter, and the length of a message is the one Check finds.
func FuzzFrames(f *testing.F) {
	for _, c := range tortures(f) {
		f.Add(c.msg, uint16(7))
	}
	f.Add([]byte("\r\n\r\n"+options("")+"\r\n"+options("l: 1\r\n")+invite), uint16(1))
	f.Fuzz(framed)
}

func TestHammerFrames(t *testing.T) {
	seeds := [][]byte{[]byte("\r\n\r\n" + options("") + "\r\n" + options("l: 1\r\n") + invite)}
	for _, c := range tortures(t) {
		seeds = append(seeds, c.msg)
	}
	n := uint16(0)
	hammer.Strike(t, seeds, func(b []byte) {
		n++
		framed(t, b, n%300)
	})
}

func framed(t *testing.T, stream []byte, size uint16) {
	whole, pings, bad := taken(stream, len(stream)+1)
	cut, pings2, bad2 := taken(stream, max(1, int(size)))
	if len(whole) != len(cut) || pings != pings2 || bad != bad2 || !slices.EqualFunc(whole, cut, bytes.Equal) {
		t.Fatalf("%d messages, %d pings, %v; in pieces of %d: %d, %d, %v", len(whole), pings, bad, size, len(cut), pings2, bad2)
	}
	for _, m := range whole {
		h := new(head)
		if h.scan(m) == nil && !h.crooked && h.judge(true) == nil && h.length != len(h.body) {
			t.Fatalf("%d bytes of body are framed, %d are meant: %q", len(h.body), h.length, m)
		}
	}
}
