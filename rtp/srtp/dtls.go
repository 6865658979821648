package srtp

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
)

// How long the far end may take to answer a flight before it is sent again, and how often our last one is sent again after the
// handshake. RFC 6347 §4.2.4.1 would have a second, doubled each time: two lost datagrams would be three seconds of silence in
// a call that has been answered.
const (
	flightTimeout = 200 * time.Millisecond
	mostRepeats   = 10
)

// dtlsProfiles are the suites' numbers in DTLS (RFC 5764 §4.1.2, RFC 7714 §14.2).
var dtlsProfiles = [...]dtls.SRTPProtectionProfile{
	AES_CM_128_HMAC_SHA1_80: dtls.SRTP_AES128_CM_HMAC_SHA1_80,
	AES_CM_128_HMAC_SHA1_32: dtls.SRTP_AES128_CM_HMAC_SHA1_32,
	AEAD_AES_128_GCM:        dtls.SRTP_AEAD_AES_128_GCM,
	AEAD_AES_256_GCM:        dtls.SRTP_AEAD_AES_256_GCM,
}

// Agreed is what a handshake has brought: the keys of both directions.
type Agreed struct {
	Send, Receive Keys
	last          [][]byte // our last flight
	repeats       int      // how often it may still be sent
}

// Repeat is told of a DTLS datagram that comes after the handshake, and gives the datagrams to send for it: our last flight,
// when the far end says its own again because it has not had ours (RFC 6347 §4.2.4). All else that comes then, an alert even,
// means nothing: a call ends by its signalling.
func (a *Agreed) Repeat(datagram []byte) [][]byte {
	const changeCipherSpec, handshake = 20, 22
	if len(datagram) < 13 || datagram[0] != changeCipherSpec && datagram[0] != handshake || a.repeats == 0 {
		return nil
	}
	a.repeats--
	return a.last
}

// Handshake agrees on keys with the far end over conn, which carries DTLS datagrams only, one a Read and one a Write; closing
// it or ctx's end ends the handshake. The far end's certificate must have the fingerprint, the value of its a=fingerprint line.
// active is a=setup's: the active side speaks first (RFC 5763 §5). conn is left open and no goroutine reads it when Handshake
// returns; its read deadline has passed.
func Handshake(ctx context.Context, conn net.Conn, c *Certificate, fingerprint string, active bool) (Agreed, error) {
	want, err := parseFingerprint(fingerprint)
	if err != nil {
		return Agreed{}, err
	}
	var shown bool
	shared := []dtls.Option{
		dtls.WithCertificates(c.tls),
		dtls.WithInsecureSkipVerify(true), // no authority: the fingerprint is the proof
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || !want.of(raw[0]) {
				return ErrFingerprint
			}
			shown = true
			return nil
		}),
		dtls.WithSRTPProtectionProfiles(offered()...),
		dtls.WithFlightInterval(flightTimeout),
		dtls.WithDisableRetransmitBackoff(true),
		dtls.WithLoggerFactory(&logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}),
	}
	wire := &datagrams{conn: conn}
	d, err := start(wire, shared, active)
	if err != nil {
		return Agreed{}, fmt.Errorf("dtls: %w", err)
	}
	err = d.HandshakeContext(ctx)
	wire.hush()
	defer wire.wait()
	defer func() { _ = d.Close() }() // says nothing to the far end: it would take it for the call's end
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return Agreed{}, fmt.Errorf("dtls: %w", err)
	}
	if !shown {
		return Agreed{}, fmt.Errorf("dtls: %w: no certificate", ErrFingerprint)
	}
	a, err := export(d, active)
	if err != nil {
		return Agreed{}, fmt.Errorf("dtls: %w", err)
	}
	if !active { // the passive side has the last word
		a.last, a.repeats = wire.flight, mostRepeats
	}
	return a, nil
}

func offered() (all []dtls.SRTPProtectionProfile) {
	for _, s := range Suites() {
		all = append(all, dtlsProfiles[s])
	}
	return all
}

func start(wire *datagrams, shared []dtls.Option, active bool) (*dtls.Conn, error) {
	if active {
		var opts []dtls.ClientOption
		for _, o := range shared {
			opts = append(opts, o)
		}
		return dtls.ClientWithOptions(wire, wire.RemoteAddr(), opts...)
	}
	opts := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert)}
	for _, o := range shared {
		opts = append(opts, o)
	}
	return dtls.ServerWithOptions(wire, wire.RemoteAddr(), opts...)
}

// export cuts the keying material: the client's and the server's key, then their salts (RFC 5764 §4.2).
func export(d *dtls.Conn, active bool) (Agreed, error) {
	profile, ok := d.SelectedSRTPProtectionProfile()
	if !ok {
		return Agreed{}, errors.New("the far end agreed on no SRTP suite")
	}
	var suite Suite
	for _, s := range Suites() {
		if dtlsProfiles[s] == profile {
			suite = s
		}
	}
	if !suite.known() {
		return Agreed{}, fmt.Errorf("SRTP suite %d: %w", profile, ErrSuite)
	}
	state, ok := d.ConnectionState()
	if !ok {
		return Agreed{}, errors.New("no state after the handshake")
	}
	of := suites[suite]
	b, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, 2*(of.key+of.salt))
	if err != nil {
		return Agreed{}, err
	}
	cut := func(n int) (part []byte) {
		part, b = b[:n:n], b[n:]
		return part
	}
	client, server := Keys{Suite: suite, Master: cut(of.key)}, Keys{Suite: suite, Master: cut(of.key)}
	client.Salt, server.Salt = cut(of.salt), cut(of.salt)
	if active {
		return Agreed{Send: client, Receive: server}, nil
	}
	return Agreed{Send: server, Receive: client}, nil
}

// datagrams are a conn as DTLS wants it. They remember the last flight: what was written since the last datagram was read.
type datagrams struct {
	conn    net.Conn
	reading sync.WaitGroup

	mu     sync.Mutex // guards the rest
	flight [][]byte
	heard  bool // since the last Write
	quiet  bool // nothing is sent and nothing read any more
}

func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	d.mu.Lock()
	if d.quiet {
		d.mu.Unlock()
		return 0, nil, net.ErrClosed
	}
	d.reading.Add(1)
	d.mu.Unlock()
	defer d.reading.Done()
	n, err := d.conn.Read(b)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.quiet {
		return 0, nil, net.ErrClosed
	}
	d.heard = true
	return n, d.RemoteAddr(), err
}

func (d *datagrams) WriteTo(b []byte, _ net.Addr) (int, error) {
	d.mu.Lock()
	if d.quiet {
		d.mu.Unlock()
		return len(b), nil
	}
	if d.heard {
		d.flight, d.heard = nil, false
	}
	d.flight = append(d.flight, bytes.Clone(b))
	d.mu.Unlock()
	return d.conn.Write(b)
}

// hush ends reading and writing, for good.
func (d *datagrams) hush() {
	d.mu.Lock()
	d.quiet = true
	d.mu.Unlock()
	_ = d.conn.SetReadDeadline(time.Unix(1, 0))
}

// wait until nobody is in Read any more.
func (d *datagrams) wait() {
	_ = d.conn.SetReadDeadline(time.Unix(1, 0)) // the library sets its own
	d.reading.Wait()
}

func (d *datagrams) Close() error {
	d.hush()
	return nil
}

func (d *datagrams) LocalAddr() net.Addr  { return farEnd{} }
func (d *datagrams) RemoteAddr() net.Addr { return farEnd{} }

func (d *datagrams) SetDeadline(t time.Time) error      { return d.conn.SetDeadline(t) }
func (d *datagrams) SetReadDeadline(t time.Time) error  { return d.conn.SetReadDeadline(t) }
func (d *datagrams) SetWriteDeadline(t time.Time) error { return d.conn.SetWriteDeadline(t) }

// farEnd is the address of the only peer there is.
type farEnd struct{}

func (farEnd) Network() string { return "udp" }
func (farEnd) String() string  { return "peer" }
