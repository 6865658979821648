package srtp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	pion "github.com/pion/srtp/v3"
)

// packet is an RTP packet of 160 bytes of payload.
func packet(seq uint16, source uint32) []byte {
	b := make([]byte, 172, 172+Overhead)
	b[0], b[1] = 0x80, 0
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(b[8:], source)
	for i := range 160 {
		b[12+i] = byte(i) ^ byte(seq)
	}
	return b
}

func report(source uint32) []byte {
	b := []byte{0x80, 200, 0, 6, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(b[4:], source)
	return append(b, make([]byte, 20)...)
}

// pair are the two ends of one direction.
func pair(t testing.TB, s Suite) (*Context, *Context) {
	k := NewCrypto(1, s).Keys
	return contextOf(t, k), contextOf(t, k)
}

func contextOf(t testing.TB, k Keys) *Context {
	c, err := New(k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSealedIsOpened(t *testing.T) {
	for _, s := range Suites() {
		out, in := pair(t, s)
		for seq := range uint16(100) {
			plain := packet(seq, 7)
			want := bytes.Clone(plain)
			sealed, err := out.Seal(plain[:0], plain)
			if err != nil {
				t.Fatal(err)
			}
			if &sealed[0] != &plain[0] {
				t.Fatalf("%v: sealed elsewhere", s)
			}
			if added := len(sealed) - len(want); added > Overhead || added < 4 {
				t.Fatalf("%v: %d bytes were added", s, added)
			}
			if !bytes.Equal(sealed[:12], want[:12]) || bytes.Contains(sealed, want[20:40]) {
				t.Fatalf("%v: %x", s, sealed)
			}
			opened, err := in.Open(sealed[:0], sealed)
			if err != nil || !bytes.Equal(opened, want) {
				t.Fatalf("%v: packet %d: %x, %v", s, seq, opened, err)
			}
			elsewhere := make([]byte, 0, 1500)
			if sealed, err = out.SealRTCP(elsewhere, report(7)); err != nil {
				t.Fatal(err)
			}
			if len(sealed)-28 > Overhead {
				t.Fatalf("%v: %d bytes were added to RTCP", s, len(sealed)-28)
			}
			if opened, err = in.OpenRTCP(nil, sealed); err != nil || !bytes.Equal(opened, report(7)) {
				t.Fatalf("%v: report: %x, %v", s, opened, err)
			}
		}
	}
}

// TestPionOnTheOtherSide speaks with the library as it is.
func TestPionOnTheOtherSide(t *testing.T) {
	for _, s := range Suites() {
		k := NewCrypto(1, s).Keys
		theirs, err := pion.CreateContext(k.Master, k.Salt, profiles[s])
		if err != nil {
			t.Fatal(err)
		}
		ours := contextOf(t, k)
		for seq := range uint16(10) {
			b, err := theirs.EncryptRTP(nil, packet(seq, 3), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := ours.Open(nil, b); err != nil || !bytes.Equal(got, packet(seq, 3)) {
				t.Fatalf("%v: %x, %v", s, got, err)
			}
		}
	}
}

// TestVector is the packet by which implementations of SRTP have long compared themselves: RFC 3711 §B.3's master key, 16 bytes of 0xab.
func TestVector(t *testing.T) {
	k := Keys{
		Suite:  AES_CM_128_HMAC_SHA1_80,
		Master: []byte{0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39},
		Salt:   []byte{0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6},
	}
	plain := append([]byte{0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe}, bytes.Repeat([]byte{0xab}, 16)...)
	want := []byte{
		0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe, 0xba, 0xbe, 0x4e, 0x55, 0xdc, 0x4c, 0xe7, 0x99, 0x78, 0xd8,
		0x8c, 0xa4, 0xd2, 0x15, 0x94, 0x9d, 0x24, 0x02, 0xb7, 0x8d, 0x6a, 0xcc, 0x99, 0xea, 0x17, 0x9b, 0x8d, 0xbb,
	}
	got, err := contextOf(t, k).Seal(nil, plain)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v", got, err)
	}
}

// TestSequenceWraps over 2^16 three times, with loss and disorder at the edge.
func TestSequenceWraps(t *testing.T) {
	for _, s := range Suites() {
		out, in := pair(t, s)
		for i := 65000; i < 65000+3*65536; i++ {
			near := i%65536 > 65530 || i%65536 < 6
			if i%97 != 0 && !near {
				continue // the receiver sees few of them
			}
			plain := packet(uint16(i), 9)
			want := bytes.Clone(plain)
			sealed, err := out.Seal(plain[:0], plain)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := in.Open(nil, sealed); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%v: packet %d: %v", s, i, err)
			}
		}
		// Now the last before a wrap arrives after the first behind it.
		var late [][]byte
		for i := 65530; i < 65536+6; i++ {
			b, err := out.Seal(nil, packet(uint16(i), 10))
			if err != nil {
				t.Fatal(err)
			}
			late = append(late, b)
		}
		late[4], late[8] = late[8], late[4]
		late[1], late[2] = late[2], late[1]
		for i, b := range late {
			if _, err := in.Open(nil, b); err != nil {
				t.Fatalf("%v: out of order %d: %v", s, i, err)
			}
		}
	}
}

func TestReplayIsRefused(t *testing.T) {
	for _, s := range Suites() {
		out, in := pair(t, s)
		var sent [][]byte
		for seq := range uint16(300) {
			b, _ := out.Seal(nil, packet(seq, 1))
			sent = append(sent, b)
		}
		for _, i := range []int{0, 2, 1, 299} {
			if _, err := in.Open(nil, sent[i]); err != nil {
				t.Fatalf("%v: %d: %v", s, i, err)
			}
		}
		for _, i := range []int{0, 1, 2, 299, 100} { // seen, and older than the window
			if _, err := in.Open(nil, sent[i]); err == nil {
				t.Errorf("%v: packet %d was taken again", s, i)
			}
		}
		if _, err := in.Open(nil, sent[250]); err != nil {
			t.Errorf("%v: a late one: %v", s, err)
		}
		r, _ := out.SealRTCP(nil, report(1))
		if _, err := in.OpenRTCP(nil, r); err != nil {
			t.Fatal(err)
		}
		if _, err := in.OpenRTCP(nil, r); err == nil {
			t.Errorf("%v: a report was taken again", s)
		}
	}
}

// TestForgedIsRefused turns each byte of a packet; what was refused must not keep the real one out.
func TestForgedIsRefused(t *testing.T) {
	for _, s := range Suites() {
		out, in := pair(t, s)
		sealed, _ := out.Seal(nil, packet(5, 1))
		reported, _ := out.SealRTCP(nil, report(1))
		for i := range sealed {
			b := bytes.Clone(sealed)
			b[i] ^= 0x41
			if _, err := in.Open(nil, b); err == nil {
				t.Fatalf("%v: byte %d was changed", s, i)
			}
		}
		for i := range reported {
			b := bytes.Clone(reported)
			b[i] ^= 0x41
			if _, err := in.OpenRTCP(nil, b); err == nil {
				t.Fatalf("%v: byte %d of a report was changed", s, i)
			}
		}
		for n := range sealed {
			if _, err := in.Open(nil, bytes.Clone(sealed[:n])); err == nil {
				t.Fatalf("%v: cut to %d bytes", s, n)
			}
		}
		if _, err := in.Open(nil, packet(5, 1)); err == nil {
			t.Errorf("%v: a plain packet was taken", s)
		}
		stranger, _ := pair(t, s)
		b, _ := stranger.Seal(nil, packet(6, 1))
		if _, err := in.Open(nil, b); err == nil {
			t.Errorf("%v: a stranger's packet was taken", s)
		}
		if _, err := in.Open(nil, sealed); err != nil {
			t.Errorf("%v: the real one: %v", s, err)
		}
		if _, err := in.OpenRTCP(nil, reported); err != nil {
			t.Errorf("%v: the real report: %v", s, err)
		}
	}
}

func TestIdentifierOfTheKey(t *testing.T) {
	for _, s := range Suites() {
		k := NewCrypto(1, s).Keys
		k.MKI = []byte{0, 1}
		out, in := contextOf(t, k), contextOf(t, k)
		b, err := out.Seal(nil, packet(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := in.Open(nil, b); err != nil || !bytes.Equal(got, packet(1, 1)) {
			t.Errorf("%v: %v", s, err)
		}
		k.MKI = []byte{0, 2}
		if _, err := contextOf(t, k).Open(nil, b); err == nil {
			t.Errorf("%v: another key's packet was taken", s)
		}
	}
}

func TestSourcesAreBounded(t *testing.T) {
	out, _ := pair(t, AEAD_AES_128_GCM)
	for i := range uint32(sources) {
		if _, err := out.Seal(nil, packet(1, i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.Seal(nil, packet(1, sources)); !errors.Is(err, ErrSources) {
		t.Errorf("one source too many: %v", err)
	}
	if _, err := out.Seal(nil, packet(2, 3)); err != nil {
		t.Errorf("a known source: %v", err)
	}
	in, _ := pair(t, AEAD_AES_128_GCM)
	for i := range uint32(5000) { // strangers leave nothing
		_, _ = in.Open(nil, packet(1, i))
	}
	if len(in.known) != 0 {
		t.Errorf("%d sources of packets that were refused", len(in.known))
	}
}

func TestBadKeys(t *testing.T) {
	k := NewCrypto(1, AES_CM_128_HMAC_SHA1_80).Keys
	for name, bad := range map[string]Keys{
		"none": {}, "no suite": {Suite: 77, Master: k.Master, Salt: k.Salt},
		"short": {Suite: k.Suite, Master: k.Master[:15], Salt: k.Salt}, "salt": {Suite: k.Suite, Master: k.Master, Salt: k.Salt[:13]},
	} {
		if _, err := New(bad); err == nil || !strings.Contains(err.Error(), "srtp") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	keys := make([]Keys, 0, 4)
	rng := rand.New(rand.NewPCG(3, 3))
	for _, s := range Suites() {
		k := NewCrypto(1, s).Keys
		for i := range k.Master {
			k.Master[i] = byte(rng.Uint32())
		}
		for i := range k.Salt {
			k.Salt[i] = byte(rng.Uint32())
		}
		keys = append(keys, k)
		c := contextOf(f, k)
		p, _ := c.Seal(nil, packet(1, 1))
		f.Add(p)
		p, _ = c.SealRTCP(nil, report(1))
		f.Add(p)
	}
	f.Add([]byte{0xb0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x1f, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, k := range keys {
			c := contextOf(t, k)
			for _, open := range []func(dst, b []byte) ([]byte, error){c.Open, c.OpenRTCP, c.Seal, c.SealRTCP} {
				in := bytes.Clone(b)
				if out, err := open(nil, in); err == nil && len(out) > len(b)+Overhead {
					t.Errorf("%d bytes became %d", len(b), len(out))
				}
				_, _ = open(in[:0], slices.Grow(in, Overhead))
			}
		}
	})
}

func TestAllocations(t *testing.T) {
	for _, s := range Suites() {
		out, in := pair(t, s)
		buf := make([]byte, 0, 1500)
		plain := packet(0, 1)
		seq := uint16(0)
		n := testing.AllocsPerRun(500, func() {
			seq++
			binary.BigEndian.PutUint16(plain[2:], seq)
			var err error
			if buf, err = out.Seal(buf, plain); err != nil {
				t.Fatal(err)
			}
			if buf, err = in.Open(buf[:0], buf); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%v: %v", s, n)
		if n > 2 {
			t.Errorf("%v: %v allocations to seal and open", s, n)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	for _, s := range Suites() {
		b.Run(s.String(), func(b *testing.B) {
			out, _ := pair(b, s)
			plain, buf := packet(0, 1), make([]byte, 0, 1500)
			b.ReportAllocs()
			for seq := uint16(0); b.Loop(); seq++ {
				binary.BigEndian.PutUint16(plain[2:], seq)
				buf, _ = out.Seal(buf, plain)
			}
		})
	}
}

func BenchmarkSealAndOpen(b *testing.B) {
	for _, s := range Suites() {
		b.Run(s.String(), func(b *testing.B) {
			out, in := pair(b, s)
			plain, buf := packet(0, 1), make([]byte, 0, 1500)
			b.ReportAllocs()
			for seq := uint16(0); b.Loop(); seq++ {
				binary.BigEndian.PutUint16(plain[2:], seq)
				buf, _ = out.Seal(buf, plain)
				var err error
				if buf, err = in.Open(buf[:0], buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
