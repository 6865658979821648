package bench

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// The network of the strangers, and the way between it and here.
const (
	abroad   = "parley-bench"
	hereEnd  = "parley-b0"
	thereEnd = "parley-b1"
	here     = "10.213.78.1"
)

// goAbroad opens sockets with n addresses of a network of their own. errNowhere: there can be none.
func goAbroad(n int) (*flooders, error) {
	if os.Getuid() != 0 {
		return nil, errNowhere
	}
	ip := func(args string) error {
		if b, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", args, err, b)
		}
		return nil
	}
	_ = ip("netns del " + abroad) // of a run that was killed
	if err := ip("netns add " + abroad); err != nil {
		return nil, errors.Join(errNowhere, err)
	}
	undo := func() { _ = ip("netns del " + abroad) } // takes the way with it
	for _, args := range []string{
		"link add " + hereEnd + " type veth peer name " + thereEnd + " netns " + abroad, "addr add " + here + "/23 dev " + hereEnd,
		"link set " + hereEnd + " up", "-n " + abroad + " link set " + thereEnd + " up",
	} {
		if err := ip(args); err != nil {
			undo()
			return nil, errors.Join(errNowhere, err)
		}
	}
	f := &flooders{to: here, undo: undo}
	for i := range n {
		if err := ip(fmt.Sprintf("-n %s addr add %s/23 dev %s", abroad, stranger(i), thereEnd)); err != nil {
			undo()
			return nil, err
		}
	}
	if err := f.open(n); err != nil {
		for _, c := range f.socks {
			c.Close()
		}
		undo()
		return nil, err
	}
	f.listen()
	return f, nil
}

func stranger(i int) net.IP { return net.IPv4(10, 213, 79, byte(i+1)) }

// open makes the sockets on a thread that goes there and never comes back: it ends with its goroutine.
func (f *flooders) open(n int) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			there, err := os.Open("/var/run/netns/" + abroad)
			if err != nil {
				return err
			}
			defer there.Close()
			if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
				return err
			}
			for i := range n {
				c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: stranger(i)})
				if err != nil {
					return err
				}
				f.socks = append(f.socks, c)
			}
			return nil
		}()
	}()
	return <-done
}
