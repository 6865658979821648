package store

import "syscall"

// unheard sets TCP_USER_TIMEOUT.
func unheard(network, _ string, c syscall.RawConn) (err error) {
	const tcpUserTimeout = 18
	if network == "unix" {
		return nil
	}
	if e := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unheardFor.Milliseconds()))
	}); e != nil {
		return e
	}
	return err
}
