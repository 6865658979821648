package provider

import (
	"net"
	"net/http"
	"syscall"
	"testing"
)

func TestConnectionsGiveUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, n := range map[string]*Net{"operators": operators, "guarded": Guarded((&net.Dialer{}).DialContext)} {
		t.Run(name, func(t *testing.T) { givesUp(t, n, l.Addr().String()) })
	}
}

func givesUp(t *testing.T, n *Net, addr string) {
	c, err := n.client.Transport.(*http.Transport).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var ms int
	raw.Control(func(fd uintptr) { ms, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout) })
	if err != nil || ms != maxUnheard {
		t.Errorf("unacknowledged data is kept for %d ms, %v", ms, err)
	}
}
