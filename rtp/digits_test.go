package rtp

import (
	"errors"
	"slices"
	"testing"
)

// pressed makes the packets of one digit as digitWriter sends them.
func pressed(digit string, timestamp uint32) (out []Packet) {
	var w digitWriter
	if err := w.add(digit); err != nil {
		panic(err)
	}
	for ; w.queue != ""; w.next() {
		payload, at, marker := w.event(nil, timestamp, 1)
		out = append(out, Packet{Payload: payload, Timestamp: at, Marker: marker})
	}
	return out
}

func readAll(packets []Packet) (digits string) {
	var r digitReader
	for i := range packets {
		if d, ok := r.read(&packets[i]); ok {
			digits += string(d)
		}
	}
	return digits
}

func TestDigitPackets(t *testing.T) {
	p := pressed("#", 1000)
	if len(p) != digitTicks+pauseTicks {
		t.Fatalf("%d packets", len(p))
	}
	ends := 0
	for i := range p {
		b := p[i].Payload
		duration := int(b[2])<<8 | int(b[3])
		if b[0] != 11 || b[1]&0x3f != 10 || p[i].Timestamp != 1000 || duration != min(800, 160*(i+1)) || p[i].Marker != (i == 0) {
			t.Errorf("packet %d: % x at %d, marker %v", i, b, p[i].Timestamp, p[i].Marker)
		}
		if b[1]&0x80 != 0 {
			ends++
		}
	}
	if ends != 3 {
		t.Errorf("the end is said %d times", ends)
	}
}

func TestDigitsAreReadOnce(t *testing.T) {
	one, two, same := pressed("1", 1000), pressed("2", 5000), pressed("1", 9000)
	for name, c := range map[string]struct {
		packets []Packet
		want    string
	}{
		"whole":               {slices.Concat(one, two, same), "121"},
		"starts lost":         {slices.Concat(one[3:], two[7:], same[4:]), "121"},
		"ends lost":           {slices.Concat(one[:2], two[:1], same[:5]), "121"},
		"end of a digit late": {slices.Concat(one[:6], two[:2], one[6:], two[2:]), "12"},
		"every packet twice":  {slices.Concat(one[:1], one[:1], one[1:], one, two, two), "12"},
		"same digit again":    {slices.Concat(one, same), "11"},
		"same, no end seen":   {slices.Concat(one[:5], same), "11"},
	} {
		if got := readAll(c.packets); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := readAll(slices.Concat(pressed("0123456789*#ABCD", 7))); got != "0" {
		t.Errorf("one timestamp is one digit, not %q", got)
	}
}

func TestEveryDigitIsSpelled(t *testing.T) {
	var all []Packet
	for i, d := range "0123456789*#ABCD" {
		all = append(all, pressed(string(d), uint32(i*1280)-5000)...) // the timestamp wraps on the way
	}
	if got := readAll(all); got != "0123456789*#ABCD" {
		t.Errorf("got %q", got)
	}
}

func TestOddSendersOfDigits(t *testing.T) {
	creeping := pressed("5", 0)
	for i := range creeping {
		creeping[i].Timestamp = uint32(160 * i)
		creeping[i].Payload[1] &^= eventEnd
	}
	if got := readAll(creeping); got != "5" {
		t.Errorf("a timestamp that moves on: %q", got)
	}
	long := func(timestamp uint32, duration uint16) Packet {
		return Packet{Timestamp: timestamp, Payload: []byte{5, 10, byte(duration >> 8), byte(duration)}}
	}
	if got := readAll([]Packet{long(0, 60000), long(0, 0xffff), long(0xffff, 800)}); got != "5" {
		t.Errorf("a key held for 8 s: %q", got)
	}
	if got := readAll([]Packet{{Payload: []byte{16, 0, 0, 0}}, {Payload: []byte{1}}, {}}); got != "" {
		t.Errorf("a flash and rubbish: %q", got)
	}
	if got := readAll([]Packet{long(100000, 160), long(100, 160)}); got != "55" {
		t.Errorf("a count that began anew: %q", got)
	}
}

func TestDigitQueue(t *testing.T) {
	var w digitWriter
	if err := w.add("12x"); !errors.Is(err, ErrBadDigit) || w.queue != "" {
		t.Errorf("%v, queue %q", err, w.queue)
	}
	if err := w.add("ab*#09"); err != nil || w.queue != "AB*#09" {
		t.Errorf("%v, queue %q", err, w.queue)
	}
	for range maxDigits - 6 {
		if err := w.add("1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.add("1"); !errors.Is(err, ErrDigits) || len(w.queue) != maxDigits {
		t.Errorf("%v with %d queued", err, len(w.queue))
	}
}

func FuzzDigits(f *testing.F) {
	f.Add([]byte{0, 0, 1, 5, 10, 0, 160})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r digitReader
		for len(b) >= 3 {
			n := min(len(b)-3, int(b[2]&7))
			p := Packet{Marker: b[0]&1 != 0, Timestamp: uint32(b[1]) << (b[0] >> 3), Payload: b[3 : 3+n]}
			if d, ok := r.read(&p); ok && !slices.Contains([]byte(eventDigits), d) {
				t.Fatalf("digit %q", d)
			}
			if _, again := r.read(&p); again {
				t.Fatal("one packet is two digits")
			}
			b = b[3+n:]
		}
	})
}
