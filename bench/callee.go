package bench

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A callee is a telephone that is always busy: it notes when each user was first called, and declines. One goroutine reads.
type callee struct {
	conn   *net.UDPConn
	reader sync.WaitGroup

	mu   sync.Mutex               // guards rang
	rang map[string]chan struct{} // closed by the first INVITE, by user
	at   map[string]time.Time     // when the kernel had that INVITE
}

func newCallee() (*callee, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(4 << 20) // a smaller one will do, too
	if err := stamped(c); err != nil {
		c.Close()
		return nil, err
	}
	e := &callee{conn: c, rang: map[string]chan struct{}{}, at: map[string]time.Time{}}
	e.reader.Go(e.read)
	return e, nil
}

func (e *callee) close() {
	e.conn.Close()
	e.reader.Wait()
}

func (e *callee) address(user string) string {
	return fmt.Sprintf("sip:%s@%s", user, e.conn.LocalAddr())
}

// expect is closed when user is called.
func (e *callee) expect(user string) <-chan struct{} {
	c := make(chan struct{})
	e.mu.Lock()
	e.rang[user] = c
	e.mu.Unlock()
	return c
}

// called is when the user was.
func (e *callee) called(user string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.at[user]
}

func (e *callee) read() { receive(e.conn, e.take) }

func (e *callee) take(m string, at time.Time, from netip.AddrPort) {
	method, rest, _ := strings.Cut(m, " ")
	if method == "ACK" || status(m) != 0 {
		return
	}
	code := "481 Call Does Not Exist"
	if method == "INVITE" {
		code = "486 Busy Here"
		user, _, _ := strings.Cut(strings.TrimPrefix(rest, "sip:"), "@")
		e.mu.Lock()
		if c := e.rang[user]; c != nil {
			delete(e.rang, user)
			e.at[user] = at
			close(c)
		}
		e.mu.Unlock()
	}
	answer := strings.Replace(string(reply(m, code)), header(m, "To"), header(m, "To")+";tag=busy", 1)
	_, _ = e.conn.WriteToUDPAddrPort([]byte(answer), from) // UDP: asked again when nothing comes
}
