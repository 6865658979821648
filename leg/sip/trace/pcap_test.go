package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dissect has tshark read a capture.
func dissect(t *testing.T, capture []byte, args ...string) string {
	t.Helper()
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	name := filepath.Join(t.TempDir(), "x.pcap")
	if err := os.WriteFile(name, capture, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tshark, append([]string{"-n", "-r", name, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-o", "tcp.desegment_tcp_streams:TRUE"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err, stderr.String())
	}
	return string(out)
}

// An independent reader finds in a capture what the ladder shows, with checksums that are right.
func TestTsharkReadsCaptures(t *testing.T) {
	for name, messages := range scripts(t) {
		if strings.Contains(name, "hostile") {
			continue
		}
		for i := range messages {
			messages[i].Raw = Mask(long(messages[i].Raw))
		}
		var b bytes.Buffer
		if err := Pcap(&b, messages); err != nil {
			t.Fatal(err)
		}
		out := dissect(t, b.Bytes(), "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "sip.Call-ID", "-e", "ip.src", "-e", "ipv6.src",
			"-e", "ip.checksum.status", "-e", "udp.checksum.status", "-e", "tcp.checksum.status", "-e", "_ws.malformed")
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if len(lines) != len(messages) {
			t.Errorf("%s: %d packets of %d\n%s", name, len(lines), len(messages), out)
			continue
		}
		for i, m := range messages {
			f := strings.Split(lines[i], "\t")
			method, _, _ := strings.Cut(string(m.Raw), " ")
			if method == "SIP/2.0" {
				method = ""
			}
			from := m.Remote.Addr()
			if m.Out {
				from = m.Local.Addr()
			}
			sums := strings.Join(f[5:8], "")
			if f[0] != method || (f[1] == "") == (method == "") || f[2] != string(callID(m.Raw)) || f[3]+f[4] != from.String() || strings.Trim(sums, "1") != "" || f[8] != "" {
				t.Errorf("%s, message %d: %q", name, i, f)
			}
		}
	}
}

// long gives a script's message the length that it says it has, and what else tshark wants.
func long(raw []byte) []byte {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var out []byte
	for line := range bytes.Lines(head) {
		if !bytes.HasPrefix(line, []byte("Content-")) {
			out = append(out, line...)
		}
	}
	out = append(bytes.TrimRight(out, "\r\n"), "\r\nContent-Type: application/sdp\r\nContent-Length: "...)
	return append(append(out, []byte(itoa(len(body))+"\r\n\r\n")...), body...)
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func TestCaptureIsBounded(t *testing.T) {
	big := invite("big", 1)
	big.Raw = append(big.Raw, make([]byte, 200_000)...)
	for _, network := range []string{"UDP", "TCP", "TLS"} {
		big.Network = network
		var b bytes.Buffer
		if err := Pcap(&b, []Message{big}); err != nil || b.Len() > 24+16+packetMost {
			t.Error(network, b.Len(), err)
		}
	}
	var b bytes.Buffer
	c, _ := NewCapture(&b)
	c.UDP(began, us, them, make([]byte, 1<<20))
	if err := c.Flush(); err != nil || b.Len() != 24+16+packetMost {
		t.Error(b.Len(), err)
	}
}

// Both ends of a packet have one family, whatever is known of them.
func TestAddressesOfAPacket(t *testing.T) {
	for _, c := range [][4]string{
		{"::", "192.0.2.7", "0.0.0.0", "192.0.2.7"},
		{"192.0.2.7", "::", "192.0.2.7", "0.0.0.0"},
		{"0.0.0.0", "2001:db8::1", "::", "2001:db8::1"},
		{"::ffff:192.0.2.1", "192.0.2.7", "192.0.2.1", "192.0.2.7"},
		{"fe80::1%eth0", "fe80::2", "fe80::1", "fe80::2"},
		{"", "", "0.0.0.0", "0.0.0.0"},
		{"", "::1", "::", "::1"},
		{"::1", "", "::1", "::"},
		{"192.0.2.1", "2001:db8::1", "192.0.2.1", "0.0.0.0"},
	} {
		a, _ := netip.ParseAddr(c[0])
		b, _ := netip.ParseAddr(c[1])
		var buf bytes.Buffer
		if err := Pcap(&buf, []Message{{Network: "UDP", Local: netip.AddrPortFrom(b, 1), Remote: netip.AddrPortFrom(a, 2), Raw: []byte("x")}}); err != nil {
			t.Fatal(err)
		}
		p := buf.Bytes()[24+16:]
		at, n := 12, 4
		if p[0]>>4 == 6 {
			at, n = 8, 16
		}
		from, _ := netip.AddrFromSlice(p[at : at+n])
		to, _ := netip.AddrFromSlice(p[at+n : at+2*n])
		if from.String() != c[2] || to.String() != c[3] {
			t.Errorf("%q: %s → %s", c, from, to)
		}
	}
}

// Segments of one connection follow each other, each direction by itself.
func TestSequenceNumbers(t *testing.T) {
	var ms []Message
	for i := range 4 {
		ms = append(ms, Message{At: began, Network: "TCP", Local: us, Remote: them, Out: i%2 == 1, Raw: make([]byte, 10*(i+1))})
	}
	var b bytes.Buffer
	if err := Pcap(&b, ms); err != nil {
		t.Fatal(err)
	}
	p := b.Bytes()[24:]
	for i, want := range [][2]uint32{{1, 1}, {1, 11}, {11, 21}, {21, 41}} {
		tcp := p[16+20:]
		if seq, ack := binary.BigEndian.Uint32(tcp[4:]), binary.BigEndian.Uint32(tcp[8:]); seq != want[0] || ack != want[1] {
			t.Error(i, seq, ack)
		}
		p = p[16+binary.LittleEndian.Uint32(p[8:]):]
	}
}

type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

var errFull = errors.New("no space left")

func TestADiskThatIsFull(t *testing.T) {
	var many []Message
	for n := range 200 {
		many = append(many, invite("x", n))
	}
	for _, left := range []int{0, 100, 5000} {
		if err := Pcap(&full{left}, many); !errors.Is(err, errFull) {
			t.Error(left, err)
		}
		if err := Ladder(&full{left}, many); !errors.Is(err, errFull) {
			t.Error(left, err)
		}
	}
}
