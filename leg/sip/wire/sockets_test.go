package wire

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// served are sockets on loopback that sipgo reads, and what it parsed.
type served struct {
	*Sockets
	l    *sip.TransportLayer
	came chan sip.Message
}

func serve(t testing.TB, cfg Config, change func(*Sockets)) *served {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	v := &served{s, NewTransport(), make(chan sip.Message, 1000)}
	v.l.OnMessage(func(m sip.Message) { v.came <- m })
	var readers sync.WaitGroup
	for _, f := range []func(*sip.TransportLayer) error{s.ServeUDP, s.ServeTCP, s.ServeTLS} {
		readers.Go(func() {
			if err := f(v.l); !errors.Is(err, net.ErrClosed) {
				t.Errorf("serve: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		s.Drain()
		s.Close()
		readers.Wait()
		_ = v.l.Close()
		s.Wait()
	})
	return v
}

func (v *served) next(t testing.TB) sip.Message {
	t.Helper()
	select {
	case m := <-v.came:
		return m
	case <-time.After(patience):
		t.Fatal("no message came")
		return nil
	}
}

func dialTo(t testing.TB, network string, to netip.AddrPort) net.Conn {
	t.Helper()
	c, err := net.Dial(network, to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

func say(t testing.TB, c net.Conn, m string) {
	t.Helper()
	if _, err := io.WriteString(c, m); err != nil {
		t.Fatal(err)
	}
}

func hear(t testing.TB, c net.Conn) string {
	t.Helper()
	b := make([]byte, 65536)
	n, err := c.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// certificate is a self-signed one for the name.
func certificate(t testing.TB, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestDatagrams: small and as large as they can be, refused ones are answered, and what is no SIP gets nothing.
func TestDatagrams(t *testing.T) {
	v := serve(t, Config{}, nil)
	c := dialTo(t, "udp", v.Addr())
	say(t, c, "\r\n\r\n")
	say(t, c, "GET / HTTP/1.1\r\n\r\n")
	say(t, c, with("To", "To: nobody\r\nVia: SIP/2.0/UDP b;rport"))
	say(t, c, with("Via", "Via: SIP/2.0/UDP a;rport;branch=z9hG4bK9\r\nTo: nobody"))
	if got := hear(t, c); !strings.HasPrefix(got, "SIP/2.0 400 ") || !strings.Contains(got, "branch=z9hG4bK9;received=127.0.0.1\r\n") {
		t.Errorf("%q", got)
	}
	large := strings.Replace(options(""), "Content-Length: 0", "Content-Length: 65000", 1) + strings.Repeat("b", 65000)
	say(t, c, large)
	if m := v.next(t); len(m.Body()) != 65000 || m.Source() != c.LocalAddr().String() {
		t.Errorf("%d bytes of body from %s", len(m.Body()), m.Source())
	}
	res := sip.NewResponseFromRequest(parsed(t, options("")), 200, "OK", []byte(strings.Repeat("a", 60000)))
	res.SetDestination(c.LocalAddr().String())
	if err := v.l.WriteMsgTo(res, c.LocalAddr().String(), "udp"); err != nil {
		t.Error(err)
	}
	if got := hear(t, c); len(got) < 60000 {
		t.Errorf("%d bytes", len(got))
	}
}

func parsed(t testing.TB, m string) *sip.Request {
	t.Helper()
	got, err := sip.ParseMessage([]byte(m))
	if err != nil {
		t.Fatal(err)
	}
	return got.(*sip.Request)
}

// TestForgetsAddresses: the memory of source addresses is emptied now and then, and no packet is lost for it.
func TestForgetsAddresses(t *testing.T) {
	v := serve(t, Config{}, func(s *Sockets) { s.forget = 10 })
	a, b := dialTo(t, "udp", v.Addr()), dialTo(t, "udp", v.Addr())
	for i := range 100 {
		for _, c := range []net.Conn{a, b} {
			say(t, c, strings.Replace(options(""), "CSeq: 1", fmt.Sprintf("CSeq: %d", i), 1))
			if m := v.next(t); m.CSeq().SeqNo != uint32(i) {
				t.Fatalf("%s, not %d", m.CSeq(), i)
			}
		}
	}
	for end := time.Now().Add(patience); v.l.Pool("udp").Size() > 15; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d addresses remembered", v.l.Pool("udp").Size())
		}
	}
}

// TestDroppedAllocateNothing: a flood of what is dropped costs no memory.
func TestDroppedAllocateNothing(t *testing.T) {
	if detected {
		t.Skip("pools forget")
	}
	s := &Sockets{cfg: Config{Admit: func(netip.Addr, int) bool { return false }}}
	from := netip.MustParseAddrPort("192.0.2.1:5060")
	msg := []byte(invite)
	if n := testing.AllocsPerRun(100, func() { s.datagram(msg, from) }); n > 0 {
		t.Errorf("not admitted: %v", n)
	}
	s.cfg.Admit = nil
	for _, m := range []string{"\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n", with("CSeq", "CSeq: 1 ACK")} {
		msg := []byte(strings.Replace(m, "OPTIONS", "ACK", 1))
		msg = bytes.Replace(msg, []byte("CSeq: 1 ACK"), []byte("CSeq: 1 BYE"), 1)
		if n := testing.AllocsPerRun(100, func() { s.datagram(msg, from) }); n > 0 {
			t.Errorf("%.20q: %v", m, n)
		}
	}
}

// TestBounds: one address does not get all connections, least of all silent ones; its longest silent one makes room.
func TestBounds(t *testing.T) {
	v := serve(t, Config{}, nil)
	var all []net.Conn
	for i := range connsLoopback {
		c := dialTo(t, "tcp", v.Addr())
		if all = append(all, c); i >= connsPerHost {
			continue
		}
		say(t, c, options(""))
		v.next(t)
	}
	refused := func(c net.Conn) bool {
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	}
	for i, c := range all[2*connsPerHost:] {
		if !refused(c) {
			t.Fatalf("%d silent ones", connsPerHost+1+i)
		}
	}
	for _, c := range all[connsPerHost : 2*connsPerHost] {
		say(t, c, options(""))
		v.next(t)
	}
	for range connsLoopback - 2*connsPerHost {
		c := dialTo(t, "tcp", v.Addr())
		say(t, c, options(""))
		v.next(t)
	}
	if !refused(dialTo(t, "tcp", v.Addr())) {
		t.Error("one too many")
	}
	v.mu.Lock()
	for c := range v.open {
		if c.hop.to.String() == all[7].LocalAddr().String() {
			c.active.Add(-int64(time.Hour))
		}
	}
	v.mu.Unlock()
	say(t, dialTo(t, "tcp", v.Addr()), options(""))
	v.next(t)
	if !refused(all[7]) {
		t.Error("the silent one is still there")
	}
}

// TestStrangersMakeRoom: when all connections are taken, who is known gets one all the same, a stranger does not.
func TestStrangersMakeRoom(t *testing.T) {
	friend, stranger := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	s := &Sockets{open: map[*conn]struct{}{}, to: map[hop]*conn{}, from: map[netip.Addr]int{}}
	for i := range connsMost {
		near, far := net.Pipe()
		_ = far.Close()
		c := newConn(s, near, hop{network: "TCP", to: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 5060)}, i == 0)
		c.friend = i == 1
		c.active.Add(int64(i))
		s.take(c)
	}
	if s.vacancy(stranger, false) || len(s.open) != connsMost {
		t.Error("a stranger gets one")
	}
	if !s.vacancy(friend, true) || len(s.open) != connsMost-1 {
		t.Error("a friend gets none")
	}
	for i, want := range []bool{true, true, false} {
		if h := (hop{network: "TCP", to: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), 5060)}); (s.to[h] != nil) != want {
			t.Errorf("%v is there: %v", h.to, !want)
		}
	}
	for i := range connsPerHost {
		if !s.vacancy(stranger, false) && i > 0 {
			t.Errorf("%d of one /64", i)
		}
		near, _ := net.Pipe()
		c := newConn(s, near, hop{network: "TCP", to: netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1)), 5060)}, false)
		s.take(c)
		for o := range s.open { // make place
			if o.hop.to.Addr().Is4() && !o.dialled {
				_ = o.Close()
				break
			}
		}
	}
	if s.vacancy(netip.MustParseAddr("2001:db8::ffff"), false) {
		t.Error("more than its share for one /64")
	}
	if !s.vacancy(netip.MustParseAddr("2001:db8:0:1::1"), false) {
		t.Error("none for another /64")
	}
}

// TestConnect: a connection we make is used by sipgo and carries both ways; there is one however many ask for it.
func TestConnect(t *testing.T) {
	var mu sync.Mutex // guards saw
	var saw []string
	near := serve(t, Config{Seen: func(s Seen) {
		mu.Lock()
		defer mu.Unlock()
		saw = append(saw, fmt.Sprint(s.Network, s.Out, s.Remote))
	}}, nil)
	far := serve(t, Config{}, nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := near.Connect(t.Context(), "tcp", far.Addr(), nil); err != nil {
				t.Error(err)
			}
			req := parsed(t, options(""))
			req.SetTransport("TCP")
			req.SetDestination(far.Addr().String())
			if err := near.l.WriteMsg(req); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	source := far.next(t).Source()
	for range 19 {
		if m := far.next(t); m.Source() != source {
			t.Errorf("another connection: %s", m.Source())
		}
	}
	res := sip.NewResponseFromRequest(parsed(t, options("")), 200, "OK", nil)
	if err := far.l.WriteMsgTo(res, source, "tcp"); err != nil {
		t.Fatal(err)
	}
	if m := near.next(t); m.Transport() != "TCP" || m.Source() != far.Addr().String() {
		t.Errorf("%s from %s", m.Transport(), m.Source())
	}
	for _, network := range []string{"TCP", "UDP"} {
		if err := near.KeepAlive(network, far.Addr()); err != nil {
			t.Errorf("%s: %v", network, err)
		}
	}
	if err := near.KeepAlive("TLS", far.Addr()); !errors.Is(err, ErrNoConnection) {
		t.Errorf("TLS: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := fmt.Sprint("TCP", true, far.Addr()); len(saw) != 21 || saw[0] != want || saw[20] != fmt.Sprint("TCP", false, far.Addr()) {
		t.Errorf("seen %q", saw)
	}
}

// TestConnectFails: an error, and soon, when there is nobody, when he does not want, when we are closing.
func TestConnectFails(t *testing.T) {
	v := serve(t, Config{}, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().(*net.TCPAddr).AddrPort()
	_ = l.Close()
	if err := v.Connect(t.Context(), "TCP", gone, nil); err == nil || !strings.Contains(err.Error(), gone.String()) {
		t.Errorf("nobody: %v", err)
	}
	if err := v.Connect(t.Context(), "WS", gone, nil); err == nil {
		t.Error("by websocket")
	}
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := v.Connect(ctx, "TLS", deaf.Addr().(*net.TCPAddr).AddrPort(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one that does not shake hands: %v", err)
	}
	req := parsed(t, options(""))
	req.SetTransport("TCP")
	req.SetDestination(deaf.Addr().String())
	if err := v.l.WriteMsg(req); !errors.Is(err, ErrNoConnection) {
		t.Errorf("sipgo by itself: %v", err)
	}
	req.SetDestination("example.com:5060")
	if err := v.l.WriteMsg(req); err == nil {
		t.Error("sipgo looks up a name")
	}
}

// TestTLS: both ends speak it, the name is verified, and a connection that was verified for one name is not used for another.
func TestTLS(t *testing.T) {
	cert, pool := certificate(t, "pbx.example")
	far := serve(t, Config{ListenTLS: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}, nil)
	near := serve(t, Config{}, nil)
	if near.AddrTLS().IsValid() || !far.AddrTLS().IsValid() {
		t.Fatalf("TLS at %s and %s", near.AddrTLS(), far.AddrTLS())
	}
	good := &tls.Config{ServerName: "pbx.example", RootCAs: pool}
	for name, bad := range map[string]*tls.Config{
		"another name": {ServerName: "evil.example", RootCAs: pool}, "an authority nobody knows": {ServerName: "pbx.example"}, "no name": {RootCAs: pool},
	} {
		var unverified *tls.CertificateVerificationError
		if err := near.Connect(t.Context(), "TLS", far.AddrTLS(), bad); !errors.As(err, &unverified) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := near.Connect(t.Context(), "TLS", far.AddrTLS(), good); err != nil {
		t.Fatal(err)
	}
	if good.MinVersion != 0 {
		t.Error("the caller's configuration is changed")
	}
	req := parsed(t, options(""))
	req.SetTransport("TLS")
	req.SetDestination(far.AddrTLS().String())
	if err := near.l.WriteMsg(req); err != nil {
		t.Fatal(err)
	}
	m := far.next(t)
	if m.Transport() != "TLS" {
		t.Errorf("by %s", m.Transport())
	}
	back := netip.MustParseAddrPort(m.Source())
	if err := far.Connect(t.Context(), "TLS", back, &tls.Config{}); err != nil {
		t.Errorf("back by the connection that is there: %v", err)
	}
	if err := far.Connect(t.Context(), "TLS", back, &tls.Config{ServerName: "pbx.example", RootCAs: pool}); err == nil {
		t.Error("a connection nobody verified is taken for pbx.example's")
	}
	if err := near.Connect(t.Context(), "TLS", far.AddrTLS(), &tls.Config{ServerName: "evil.example", RootCAs: pool}); err == nil {
		t.Error("the connection of one name is used for another")
	}
	c := dialTo(t, "tcp", far.AddrTLS())
	say(t, c, options("")) // no TLS
	if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
	old, err := tls.Dial("tcp", far.AddrTLS().String(), &tls.Config{ServerName: "pbx.example", RootCAs: pool, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err == nil {
		_ = old.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

func TestOpen(t *testing.T) {
	s, err := Open(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{{Listen: s.Addr().String()}, {Listen: "nowhere:x"}, {Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0"},
		{Listen: "127.0.0.1:0", ListenTLS: s.Addr().String(), TLS: &tls.Config{}}} {
		if o, err := Open(c); err == nil {
			t.Errorf("%+v is opened", c)
			o.Close()
		}
	}
	s.Close()
	s.Wait()
	if err := s.Connect(t.Context(), "TCP", s.Addr(), nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("connects when closed: %v", err)
	}
}

// TestNothingIsLeft: after the end of the sockets, no goroutine is.
func TestNothingIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		near, far := serve(t, Config{}, nil), serve(t, Config{}, nil)
		for range 10 {
			say(t, dialTo(t, "tcp", near.Addr()), options("")[:20])
		}
		if err := near.Connect(t.Context(), "TCP", far.Addr(), nil); err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// BenchmarkIdleConnections reports what a silent connection costs, both ends of it in this process: the far one is a bare descriptor.
func BenchmarkIdleConnections(b *testing.B) {
	v := serve(b, Config{}, nil)
	const many = 200
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range many {
			c := dialTo(b, "tcp", v.Addr())
			say(b, c, options(""))
			v.next(b)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse)/many, "B/conn")
	}
}

// BenchmarkDatagrams reads ordinary INVITEs up to where sipgo parses.
func BenchmarkDatagrams(b *testing.B) {
	s := &Sockets{}
	from := netip.MustParseAddrPort("192.0.2.1:5060")
	msg := []byte(invite)
	b.ReportAllocs()
	for b.Loop() {
		if s.datagram(msg, from) == nil {
			b.Fatal("dropped")
		}
	}
}
