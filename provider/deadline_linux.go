package provider

import "syscall"

const tcpUserTimeout = 0x12 // TCP_USER_TIMEOUT of tcp(7), which package syscall does not name

// giveUp has the kernel drop a connection whose data was not acknowledged for so many ms: a stream of sound into a network
// that is gone would otherwise look well for a quarter of an hour.
func giveUp(ms int) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		if cerr := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, ms)
		}); cerr != nil {
			return cerr
		}
		return err
	}
}
