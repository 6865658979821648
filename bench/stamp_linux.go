package bench

import (
	"encoding/binary"
	"net"
	"syscall"
	"time"
)

// stamped asks the kernel for the time at which each packet came in, so that what the load itself is late for does not count.
func stamped(c *net.UDPConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	}); err != nil {
		return err
	}
	return set
}

// stamp is the time in a packet's control messages (struct cmsghdr, struct timespec of a 64-bit machine).
func stamp(oob []byte) (time.Time, bool) {
	const header = 16
	for len(oob) >= header {
		n := binary.NativeEndian.Uint64(oob)
		level, kind := binary.NativeEndian.Uint32(oob[8:]), binary.NativeEndian.Uint32(oob[12:])
		if n < header || n > uint64(len(oob)) {
			return time.Time{}, false
		}
		if level == syscall.SOL_SOCKET && kind == syscall.SCM_TIMESTAMPNS && n >= header+16 {
			return time.Unix(int64(binary.NativeEndian.Uint64(oob[header:])), int64(binary.NativeEndian.Uint64(oob[header+8:]))), true
		}
		oob = oob[min(uint64(len(oob)), (n+7)&^7):]
	}
	return time.Time{}, false
}
