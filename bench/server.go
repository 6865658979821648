package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startLimit = 20 * time.Second
	newerLimit = 20 * time.Minute // of a data folder that may have to be brought to a newer form first
	stopLimit  = 15 * time.Second
	tailLimit  = 16 << 10 // bytes of the server's log that an error shows
)

// A setting is how a server is to be started.
type setting struct {
	command  []string // the binary and the arguments that make it serve
	vendors  *Vendors
	rtpPorts string
	carrier  *carrier  // nil: nobody calls by one
	late     bool      // it begins no answers before a turn is over
	also     []string  // of its environment: more
	data     string    // its data folder, which stays; "": one of its own, which goes
	log      io.Writer // gets what it says; nil: nobody
}

// A server is the one being measured: a child process.
type server struct {
	cmd    *exec.Cmd
	dir    string // goes with it
	sip    netip.AddrPort
	key    string
	client client
	log    tail
	gone   chan struct{} // closed when the process has ended
	err    error         // valid once gone is closed
}

// worksOn is the environment of a server that works on a PostgreSQL database and with a NATS server; "": on none.
func worksOn(database, nats string) (env []string) {
	if database != "" {
		env = append(env, "PARLEY_DATABASE_URL="+database, "PARLEY_MASTER_KEY=the master key of a bench")
	}
	if nats != "" {
		env = append(env, "PARLEY_NATS_URL="+nats)
	}
	return env
}

// freePort is one that is free now, for TCP and UDP.
func freePort() (int, error) {
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		l.Close()
		if err != nil {
			continue
		}
		u.Close()
		return port, nil
	}
	return 0, errors.New("no free port")
}

// startServer runs a server against the vendors and waits until it answers.
func startServer(ctx context.Context, o setting) (*server, error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	data := o.data
	if data == "" {
		data = dir + "/data"
	}
	s := &server{dir: dir, gone: make(chan struct{}), log: tail{also: o.log}}
	httpPort, err1 := freePort()
	sipPort, err2 := freePort()
	if err := errors.Join(err1, err2); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	secret := make([]byte, 16)
	rand.Read(secret)
	s.key = "sk_test_" + hex.EncodeToString(secret)
	s.sip = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sipPort))
	s.client = client{base: fmt.Sprintf("http://127.0.0.1:%d", httpPort), key: s.key,
		http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	s.cmd = exec.Command(o.command[0], o.command[1:]...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, &s.log, &s.log
	s.cmd.Env = append(ownEnvironment(),
		"PARLEY_DATA="+data, fmt.Sprintf("PARLEY_HTTP=127.0.0.1:%d", httpPort), "PARLEY_SIP="+s.sip.String(),
		"PARLEY_RTP_PORTS="+o.rtpPorts, "PARLEY_API_KEY="+s.key, "PARLEY_DEBUG=1", "PARLEY_RATE=-1", "PARLEY_LOG=warn", "PARLEY_FULL_AT=0", "PARLEY_ALLOW_NETWORKS=127.0.0.0/8",
		"DEEPGRAM_BASE_URL="+o.vendors.Origin(), "DEEPGRAM_API_KEY=bench", "OPENAI_BASE_URL="+o.vendors.Origin()+"/v1", "OPENAI_API_KEY=bench")
	if o.carrier != nil {
		s.cmd.Env = append(s.cmd.Env, o.carrier.environment(s.client.base)...)
	}
	if o.late {
		s.cmd.Env = append(s.cmd.Env, "PARLEY_EARLY=off")
	}
	s.cmd.Env = append(s.cmd.Env, o.also...)
	childDies(s.cmd)
	if err := s.cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	go func() { // ends with the process; stop waits for it
		s.err = s.cmd.Wait()
		close(s.gone)
	}()
	limit := startLimit
	if o.data != "" {
		limit = newerLimit
	}
	if err := s.ready(ctx, limit); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// ownEnvironment is ours, without what configures a server or a vendor.
func ownEnvironment() (env []string) {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "PARLEY_") || strings.HasSuffix(name, "_API_KEY") || strings.HasSuffix(name, "_BASE_URL") {
			continue
		}
		env = append(env, kv)
	}
	return env
}

func (s *server) ready(ctx context.Context, limit time.Duration) error {
	over := time.Now().Add(limit)
	for {
		if err := s.client.healthy(ctx); err == nil {
			return nil
		}
		select {
		case <-s.gone:
			return fmt.Errorf("the server ended at once (%v):\n%s", s.err, s.log.String())
		default:
		}
		if time.Now().After(over) {
			return fmt.Errorf("the server does not answer within %v:\n%s", limit, s.log.String())
		}
		if !wait(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// stop ends the server and removes its folder.
func (s *server) stop() error {
	defer os.RemoveAll(s.dir)
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.gone:
		if s.err != nil {
			return fmt.Errorf("the server ended with %w:\n%s", s.err, s.log.String())
		}
		return nil
	case <-time.After(stopLimit):
		_ = s.cmd.Process.Kill()
		<-s.gone
		return fmt.Errorf("the server did not end within %v", stopLimit)
	}
}

// A tail keeps the end of what is written to it. Safe from any goroutine.
type tail struct {
	also io.Writer // gets all of it; may be nil

	mu  sync.Mutex // guards buf
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if n := len(t.buf) - tailLimit; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	if t.also != nil {
		return t.also.Write(b)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
