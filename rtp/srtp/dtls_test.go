package srtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	pion "github.com/pion/srtp/v3"
)

// A lossy conn drops the datagrams of its writer that drop wants to; n counts from 0.
type lossy struct {
	net.Conn
	mu   sync.Mutex
	n    int
	drop func(n int, b []byte) bool
}

func (l *lossy) Write(b []byte) (int, error) {
	l.mu.Lock()
	n := l.n
	l.n++
	l.mu.Unlock()
	if l.drop != nil && l.drop(n, b) {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

// link is two sockets that send to each other.
func link(t testing.TB) (a, b net.Conn) {
	var socks [2]*net.UDPConn
	for i := range socks {
		s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		socks[i] = s
		t.Cleanup(func() { s.Close() })
	}
	return &towards{socks[0], socks[1].LocalAddr()}, &towards{socks[1], socks[0].LocalAddr()}
}

type towards struct {
	*net.UDPConn
	to net.Addr
}

func (c *towards) Write(b []byte) (int, error) { return c.WriteTo(b, c.to) }

func certificate(t testing.TB) *Certificate {
	c, err := NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type end struct {
	Agreed
	err error
}

// shake does both sides' handshakes; the passive one repeats itself until the active one is done.
func shake(ctx context.Context, active, passive net.Conn, a, p *Certificate, wantOfActive, wantOfPassive string) (one, two end) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		two.Agreed, two.err = Handshake(ctx, passive, p, wantOfActive, false)
		if two.err == nil {
			repeat(passive, &two.Agreed, done)
		}
	})
	one.Agreed, one.err = Handshake(ctx, active, a, wantOfPassive, true)
	close(done)
	wg.Wait()
	return one, two
}

// repeat does what a stream does with DTLS after the handshake.
func repeat(conn net.Conn, a *Agreed, done <-chan struct{}) {
	b := make([]byte, 2000)
	for {
		select {
		case <-done:
			return
		default:
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := conn.Read(b)
		if err != nil {
			continue
		}
		for _, d := range a.Repeat(b[:n]) {
			_, _ = conn.Write(d)
		}
	}
}

// speak sends a packet each way by what was agreed.
func speak(t *testing.T, a, b Agreed) {
	t.Helper()
	for _, way := range [][2]Keys{{a.Send, b.Receive}, {b.Send, a.Receive}} {
		sealed, err := contextOf(t, way[0]).Seal(nil, packet(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := contextOf(t, way[1]).Open(nil, sealed); err != nil || !bytes.Equal(got, packet(1, 1)) {
			t.Fatalf("%v: %v", way[0].Suite, err)
		}
	}
	if bytes.Equal(a.Send.Master, b.Send.Master) || bytes.Equal(a.Send.Salt, b.Send.Salt) {
		t.Error("one key for both directions")
	}
}

func TestHandshake(t *testing.T) {
	before := runtime.NumGoroutine()
	a, p := link(t)
	ca, cp := certificate(t), certificate(t)
	one, two := shake(t.Context(), a, p, ca, cp, ca.Fingerprint(), cp.Fingerprint())
	if one.err != nil || two.err != nil {
		t.Fatal(one.err, two.err)
	}
	if one.Send.Suite != AES_CM_128_HMAC_SHA1_80 {
		t.Errorf("agreed on %v", one.Send.Suite)
	}
	speak(t, one.Agreed, two.Agreed)
	settles(t, before)
	// The conns live: what comes on them is the stream's again.
	_ = p.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := a.Write([]byte("after")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	if n, err := p.Read(b); err != nil || string(b[:n]) != "after" {
		t.Errorf("%q, %v: the end of the handshake was announced, or the conn is gone", b[:n], err)
	}
}

// settles waits until no more goroutines run than before.
func settles(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

func TestHandshakeLosesDatagrams(t *testing.T) {
	for name, drop := range map[string]func(n int, b []byte) bool{
		"the first":       func(n int, _ []byte) bool { return n == 0 },
		"the third":       func(n int, _ []byte) bool { return n == 2 },
		"the first three": func(n int, _ []byte) bool { return n < 3 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, p := link(t)
			ca, cp := certificate(t), certificate(t)
			one, two := shake(t.Context(), &lossy{Conn: a, drop: drop}, &lossy{Conn: p, drop: drop}, ca, cp, ca.Fingerprint(), cp.Fingerprint())
			if one.err != nil || two.err != nil {
				t.Fatal(one.err, two.err)
			}
			speak(t, one.Agreed, two.Agreed)
		})
	}
}

// TestLastFlightIsRepeated loses what the passive side says last: it is done, the active one is not, and says its own again.
func TestLastFlightIsRepeated(t *testing.T) {
	a, p := link(t)
	ca, cp := certificate(t), certificate(t)
	finished := func(_ int, b []byte) bool { return b[0] == 20 || bytes.Contains(b, []byte{20, 254, 253, 0, 0}) } // ChangeCipherSpec is in it
	passive := make(chan end, 1)
	go func() {
		got, err := Handshake(t.Context(), &lossy{Conn: p, drop: finished}, cp, ca.Fingerprint(), false)
		passive <- end{got, err}
	}()
	active := make(chan end, 1)
	go func() {
		got, err := Handshake(t.Context(), a, ca, cp.Fingerprint(), true)
		active <- end{got, err}
	}()
	two := <-passive
	if two.err != nil {
		t.Fatal(two.err)
	}
	select {
	case <-active:
		t.Fatal("nothing was lost")
	default:
	}
	b := make([]byte, 2000)
	_ = p.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		n, err := p.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		again := two.Repeat(b[:n])
		for _, d := range again {
			if _, err := p.Write(d); err != nil {
				t.Fatal(err)
			}
		}
		if len(again) > 0 {
			break
		}
	}
	one := <-active
	if one.err != nil {
		t.Fatal(one.err)
	}
	speak(t, one.Agreed, two.Agreed)
	if one.Repeat(append([]byte{22}, b[:20]...)) != nil {
		t.Error("the active side has a last flight")
	}
	for range mostRepeats {
		two.Repeat(append([]byte{22}, b[:20]...))
	}
	if two.Repeat(append([]byte{22}, b[:20]...)) != nil || two.Repeat(nil) != nil || two.Repeat([]byte{21, 1}) != nil {
		t.Error("it is repeated for ever, or for anything")
	}
}

func TestHandshakeWithAnotherCertificate(t *testing.T) {
	for name, of := range map[string]func(real, other string) (active, passive string){
		"of the passive side": func(real, other string) (string, string) { return real, other },
		"of the active side":  func(real, other string) (string, string) { return other, real },
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			a, p := link(t)
			c, stranger := certificate(t), certificate(t)
			ofActive, ofPassive := of(c.Fingerprint(), stranger.Fingerprint())
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			one, two := shake(ctx, a, p, c, c, ofActive, ofPassive)
			refused, wrong := one, ofPassive == stranger.Fingerprint()
			if !wrong {
				refused = two
			}
			if !errors.Is(refused.err, ErrFingerprint) {
				t.Errorf("the one that was shown the wrong one: %v", refused.err)
			}
			if one.err == nil && two.err == nil {
				t.Error("both are content")
			}
			settles(t, before)
		})
	}
}

func TestHandshakeTimesOut(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, active := range []bool{true, false} {
		a, _ := link(t)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		c := certificate(t)
		if _, err := Handshake(ctx, a, c, c.Fingerprint(), active); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("active %v: nobody there, and %v", active, err)
		}
		cancel()
	}
	settles(t, before)
}

func TestHandshakeEndsWithItsConn(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, active := range []bool{true, false} {
		a, _ := link(t)
		c := certificate(t)
		done := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		go func() {
			_, err := Handshake(ctx, a, c, c.Fingerprint(), active)
			done <- err
		}()
		time.Sleep(20 * time.Millisecond)
		a.Close()
		if err := <-done; err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("active %v: %v", active, err)
		}
		cancel()
	}
	settles(t, before)
}

func TestHandshakeAmongNoise(t *testing.T) {
	a, p := link(t)
	ca, cp := certificate(t), certificate(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // what is no DTLS, or broken, is passed over
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				junk := bytes.Repeat([]byte{byte(20 + i%44)}, 1+i%60)
				_, _ = a.Write(junk)
				_, _ = p.Write(junk)
			}
		}
	})
	one, two := shake(t.Context(), a, p, ca, cp, ca.Fingerprint(), cp.Fingerprint())
	close(stop)
	wg.Wait()
	if one.err != nil || two.err != nil {
		t.Fatal(one.err, two.err)
	}
	speak(t, one.Agreed, two.Agreed)
}

// TestHandshakeWithPion has the library as it is on the other side, in both roles, for each suite.
func TestHandshakeWithPion(t *testing.T) {
	for _, s := range Suites() {
		for _, active := range []bool{true, false} {
			ours, theirs := link(t)
			c := certificate(t)
			var key tls.Certificate = certificate(t).tls
			print := "sha-256 " + colons(hashes["sha-256"](key.Certificate[0]))
			done := make(chan end, 1)
			go func() {
				got, err := Handshake(t.Context(), ours, c, print, active)
				done <- end{got, err}
			}()
			shared := []dtls.Option{
				dtls.WithCertificates(key), dtls.WithInsecureSkipVerify(true), dtls.WithSRTPProtectionProfiles(dtlsProfiles[s]),
			}
			d, err := start(&datagrams{conn: theirs}, shared, !active)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.HandshakeContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			one := <-done
			if one.err != nil {
				t.Fatal(one.err)
			}
			state, _ := d.ConnectionState()
			cfg := pion.Config{Profile: profiles[s]}
			if err := cfg.ExtractSessionKeysFromDTLS(&state, !active); err != nil {
				t.Fatal(err)
			}
			if one.Send.Suite != s || !bytes.Equal(cfg.Keys.RemoteMasterKey, one.Send.Master) || !bytes.Equal(cfg.Keys.LocalMasterSalt, one.Receive.Salt) {
				t.Errorf("%v, active %v: other keys", s, active)
			}
			_ = d.Close()
		}
	}
}

// TestHandshakeWithoutSRTP has a far end that speaks DTLS and knows nothing of SRTP.
func TestHandshakeWithoutSRTP(t *testing.T) {
	for _, active := range []bool{true, false} {
		ours, theirs := link(t)
		c := certificate(t)
		done := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		go func() {
			_, err := Handshake(ctx, ours, c, c.Fingerprint(), active)
			done <- err
		}()
		d, err := start(&datagrams{conn: theirs}, []dtls.Option{dtls.WithCertificates(c.tls), dtls.WithInsecureSkipVerify(true)}, !active)
		if err != nil {
			t.Fatal(err)
		}
		_ = d.HandshakeContext(ctx)
		if err := <-done; err == nil {
			t.Errorf("active %v: agreed without a suite", active)
		}
		_ = d.Close()
		cancel()
	}
}

func TestFingerprint(t *testing.T) {
	c := certificate(t)
	f, err := parseFingerprint(c.Fingerprint())
	if err != nil || !f.of(c.tls.Certificate[0]) || f.of(certificate(t).tls.Certificate[0]) {
		t.Errorf("%s: %v", c.Fingerprint(), err)
	}
	der := c.tls.Certificate[0]
	for name, sum := range hashes {
		for _, value := range []string{name + " " + colons(sum(der)), strings.ToUpper(name) + "  " + strings.ToLower(colons(sum(der))) + " "} {
			f, err := parseFingerprint(value)
			if err != nil || !f.of(der) {
				t.Errorf("%s: %v", value, err)
			}
		}
	}
	for _, bad := range []string{
		"", "sha-256", "sha-256 ", "sha-256 AA", "sha-256 AA:", "md5 " + colons(make([]byte, 16)), "sha-1 " + colons(make([]byte, 32)), "sha-256 " + colons(make([]byte, 31)),
		"sha-256 " + colons(make([]byte, 33)), "sha-256 " + strings.ReplaceAll(colons(make([]byte, 32)), ":", ""), "sha-256 GG" + colons(make([]byte, 32))[2:],
		"sha-512 " + strings.Repeat("00:", 5000) + "00",
	} {
		if err := CheckFingerprint(bad); err == nil {
			t.Errorf("%.40q was taken", bad)
		}
		if _, err := Handshake(t.Context(), nil, c, bad, true); err == nil {
			t.Errorf("%.40q was agreed on", bad)
		}
	}
	if err := CheckFingerprint("md5 00"); !errors.Is(err, ErrSuite) {
		t.Errorf("md5: %v", err)
	}
}

func FuzzFingerprint(f *testing.F) {
	f.Add("sha-256 " + colons(make([]byte, 32)))
	f.Add("SHA-1 00:11")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parseFingerprint(s); err == nil && len(p.want) != len(p.sum(nil)) {
			t.Errorf("%q: %d bytes", s, len(p.want))
		}
	})
}

func BenchmarkHandshake(b *testing.B) {
	c := certificate(b)
	for b.Loop() {
		x, y := link(b)
		one, two := shake(b.Context(), x, y, c, c, c.Fingerprint(), c.Fingerprint())
		if one.err != nil || two.err != nil {
			b.Fatal(one.err, two.err)
		}
	}
}
