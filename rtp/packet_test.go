package rtp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/parley-voice/parley/hammer"
)

func TestPacketComesBack(t *testing.T) {
	in := Packet{PayloadType: 101, Marker: true, Sequence: 0xfffe, Timestamp: 0xdeadbeef, SSRC: 0x01020304, Payload: []byte("sound")}
	b := in.Append([]byte("kept"))
	if string(b[:4]) != "kept" {
		t.Error("Append overwrote what was there")
	}
	var out Packet
	if err := out.Parse(b[4:]); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(in.Payload, out.Payload) {
		t.Errorf("payload %q", out.Payload)
	}
	in.Payload, out.Payload = nil, nil
	if in.PayloadType != out.PayloadType || in.Marker != out.Marker || in.Sequence != out.Sequence ||
		in.Timestamp != out.Timestamp || in.SSRC != out.SSRC {
		t.Errorf("%+v came back as %+v", in, out)
	}
}

func TestParseSkipsWhatIsAround(t *testing.T) {
	head := []byte{0x80, 0x00, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}
	with := func(first byte, more ...byte) []byte {
		b := append(bytes.Clone(head), more...)
		b[0] = first
		return b
	}
	for name, c := range map[string]struct {
		b       []byte
		payload string
		err     error
	}{
		"plain":               {with(0x80, 'a', 'b'), "ab", nil},
		"empty":               {with(0x80), "", nil},
		"two CSRCs":           {with(0x82, 1, 1, 1, 1, 2, 2, 2, 2, 'a'), "a", nil},
		"CSRCs cut off":       {with(0x8f, 1, 1, 1, 1), "", errShort},
		"extension":           {with(0x90, 0xbe, 0xde, 0, 1, 9, 9, 9, 9, 'a'), "a", nil},
		"empty extension":     {with(0x90, 0xbe, 0xde, 0, 0, 'a'), "a", nil},
		"extension too long":  {with(0x90, 0xbe, 0xde, 0xff, 0xff, 'a'), "", errShort},
		"extension cut off":   {with(0x90, 0xbe), "", errShort},
		"padding":             {with(0xa0, 'a', 0, 0, 3), "a", nil},
		"only padding":        {with(0xa0, 0, 0, 3), "", nil},
		"padding of 0":        {with(0xa0, 'a', 0), "", errPadding},
		"padding too long":    {with(0xa0, 'a', 3), "", errPadding},
		"padding of nothing":  {with(0xa0), "", errPadding},
		"all of them":         {with(0xb1, 1, 1, 1, 1, 0, 0, 0, 1, 9, 9, 9, 9, 'a', 0, 2), "a", nil},
		"padding into header": {with(0xa0, 13), "", errPadding},
		"version 1":           {with(0x40, 'a'), "", errVersion},
		"STUN":                {with(0x00, 'a'), "", errVersion},
		"short":               {head[:11], "", errShort},
		"nothing":             {nil, "", errShort},
	} {
		var p Packet
		if err := p.Parse(c.b); !errors.Is(err, c.err) || string(p.Payload) != c.payload {
			t.Errorf("%s: payload %q, %v", name, p.Payload, err)
		}
	}
}

func TestRTCPIsTold(t *testing.T) {
	for second, want := range map[byte]bool{200: true, 201: true, 203: true, 207: true, 192: true, 223: true, 0: false, 8: false, 101: false, 128 + 101: false, 128: false} {
		if got := isRTCP([]byte{0x80, second, 0, 1, 0, 0, 0, 0}); got != want {
			t.Errorf("second byte %d: RTCP %v", second, got)
		}
	}
	if isRTCP([]byte{0x80, 200}) {
		t.Error("two bytes are no RTCP")
	}
}

func TestPacketAllocatesNothing(t *testing.T) {
	b := make([]byte, 0, 200)
	p := Packet{Payload: make([]byte, 160)}
	if n := testing.AllocsPerRun(100, func() {
		b = p.Append(b[:0])
		var q Packet
		if q.Parse(b) != nil {
			t.Error("lost")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var packets = [][]byte{
	{0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 'a'},
	{0xb1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 1, 1, 0, 0, 0, 1, 9, 9, 9, 9, 'a', 0, 2},
}

func FuzzPacket(f *testing.F) {
	for _, b := range packets {
		f.Add(b)
	}
	f.Fuzz(parsed)
}

func TestHammerPacket(t *testing.T) {
	hammer.Strike(t, packets, func(b []byte) { parsed(t, b) })
}

func parsed(t *testing.T, b []byte) {
	var p, q Packet
	if p.Parse(b) != nil {
		return
	}
	if len(p.Payload) > len(b)-headerLen {
		t.Fatalf("%d bytes of payload in %d", len(p.Payload), len(b))
	}
	if err := q.Parse(p.Append(nil)); err != nil || !bytes.Equal(p.Payload, q.Payload) || p.Sequence != q.Sequence {
		t.Fatalf("written again it is %+v, %v", q, err)
	}
}
