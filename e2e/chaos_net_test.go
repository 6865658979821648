//go:build e2e && linux

package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// switchAt tells a process of this test that it is the switch, and of which addresses: their tunnels are its files from 3 on.
const switchAt = "PARLEY_E2E_SWITCH"

func init() {
	beings[switchAt] = func(places string) error { return beSwitch(strings.Split(places, ","), os.Stdin, os.Stdout) }
}

// subnetIs tells the processes of a run its subnet: each run has another, so that several can be at once.
const subnetIs = "E2E_SUBNET"

// subnet is that of all places; what is behind it is the last part of an address.
var subnet = cmp.Or(os.Getenv(subnetIs), fmt.Sprintf("10.77.%d.", os.Getpid()%250+1))

// A place is a network namespace with one address, whose packets all go through the switch. Nothing of it outlives this process.
type place struct {
	n  int      // last part of its address
	ns *os.File // nil: that of the test
}

func (p *place) addr() string { return subnet + strconv.Itoa(p.n) }

// in does something on a thread that is in the place: what it listens on and what it starts stays there.
func (p *place) in(do func() error) error {
	if p.ns == nil {
		runtime.LockOSThread() // who traces a process is one thread
		defer runtime.UnlockOSThread()
		return do()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never back: the thread ends
		if _, _, no := syscall.RawSyscall(unix_setns, p.ns.Fd(), syscall.CLONE_NEWNET, 0); no != 0 {
			done <- fmt.Errorf("entering a network namespace: %w", no)
			return
		}
		done <- do()
	}()
	return <-done
}

const unix_setns = 308 // of amd64; elsewhere the test is skipped

// newPlace makes one and the tunnel to it. inTest: it is where the test itself is.
func newPlace(n int, inTest bool) (p *place, tunnel *os.File, err error) {
	p = &place{n: n}
	name := fmt.Sprintf("e%d.%d", os.Getpid(), n)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if !inTest {
			if err = syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
				return
			}
			if p.ns, err = os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", syscall.Gettid())); err != nil {
				return
			}
		} else {
			defer runtime.UnlockOSThread()
		}
		if tunnel, err = openTunnel(name); err != nil {
			return
		}
		for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", p.addr() + "/24", "dev", name},
			{"link", "set", name, "mtu", "8000", "txqueuelen", "5000", "up"}} {
			if b, e := exec.Command("ip", args...).CombinedOutput(); e != nil {
				err = fmt.Errorf("ip %v: %w: %s", args, e, b)
				return
			}
		}
	}()
	<-done
	return p, tunnel, err
}

func openTunnel(name string) (*os.File, error) {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	var req struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(req.name[:15], name)
	req.flags = syscall.IFF_TUN | syscall.IFF_NO_PI
	if _, _, no := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TUNSETIFF, uintptr(unsafe.Pointer(&req))); no != 0 {
		syscall.Close(fd)
		return nil, fmt.Errorf("a tunnel: %w", no)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// A way is what is wrong with the packets from one place to another.
type way struct {
	From, To int
	Loss     float64       // 1: none comes through
	Delay    time.Duration // and half as much more, at random
}

// beSwitch carries packets between tunnels until in ends; a line of it says which ways have something wrong, the others are good.
func beSwitch(places []string, in io.Reader, out io.Writer) error {
	var tunnels [256]*os.File
	for i, p := range places {
		n, err := strconv.Atoi(p)
		if err != nil {
			return err
		}
		tunnels[n] = os.NewFile(uintptr(3+i), p)
	}
	ours := net.ParseIP(subnet + "0").To4()[:3]
	type pair [2]byte
	var ways atomic.Pointer[map[pair]way]
	ways.Store(&map[pair]way{})
	for _, t := range tunnels {
		if t == nil {
			continue
		}
		go func() {
			buf := make([]byte, 65536)
			for {
				n, err := t.Read(buf)
				if err != nil {
					return
				}
				if n < 20 || buf[0]>>4 != 4 || !bytes.Equal(buf[16:19], ours) || tunnels[buf[19]] == nil {
					continue
				}
				to := tunnels[buf[19]]
				w, wrong := (*ways.Load())[pair{buf[15], buf[19]}]
				switch {
				case !wrong:
					_, _ = to.Write(buf[:n])
				case w.Loss > 0 && rand.Float64() < w.Loss:
				case w.Delay == 0:
					_, _ = to.Write(buf[:n])
				default:
					b := append([]byte(nil), buf[:n]...)
					time.AfterFunc(w.Delay+rand.N(w.Delay/2), func() { _, _ = to.Write(b) })
				}
			}
		}()
	}
	fmt.Fprintln(out, "ok")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var all []way
		if err := json.Unmarshal(lines.Bytes(), &all); err != nil {
			return err
		}
		next := map[pair]way{}
		for _, w := range all {
			k := pair{byte(w.From), byte(w.To)}
			next[k] = way{Loss: max(w.Loss, next[k].Loss), Delay: max(w.Delay, next[k].Delay)}
		}
		ways.Store(&next)
		fmt.Fprintln(out, "ok")
	}
	return nil
}

// A net is places and the switch between them.
type network struct {
	t      *testing.T
	places map[int]*place

	mu    sync.Mutex // guards all below
	in    io.Writer
	out   *bufio.Reader
	wrong map[int][]way // by fault
	last  int
}

// newNetwork makes one with places of these addresses; the first is where the test is. Where it cannot be had the test is skipped.
func newNetwork(t *testing.T, all ...int) *network {
	t.Helper()
	if os.Getuid() != 0 || runtime.GOARCH != "amd64" {
		t.Skip("network namespaces need root, and this test amd64")
	}
	for _, p := range []string{"ip", "chrt"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip("network namespaces and real time: there is no ", p)
		}
	}
	t.Setenv(subnetIs, subnet)
	n := &network{t: t, places: map[int]*place{}, wrong: map[int][]way{}}
	var tunnels []*os.File
	var names []string
	for i, a := range all {
		p, tunnel, err := newPlace(a, i == 0)
		if errors.Is(err, syscall.EPERM) || errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
			t.Skip("network namespaces and tunnels cannot be had here: ", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		n.places[a] = p
		tunnels, names = append(tunnels, tunnel), append(names, strconv.Itoa(a))
	}
	cmd := exec.Command("chrt", "--rr", "3", os.Args[0])
	cmd.Env, cmd.Stderr, cmd.ExtraFiles = append(os.Environ(), switchAt+"="+strings.Join(names, ",")), os.Stderr, tunnels
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range tunnels {
		f.Close() // it is the switch's
	}
	n.in, n.out = in, bufio.NewReader(out)
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
		for _, p := range n.places {
			if p.ns != nil {
				p.ns.Close()
			}
		}
	})
	if l, err := n.out.ReadString('\n'); err != nil || l != "ok\n" {
		t.Fatalf("the switch: %q %v", l, err)
	}
	return n
}

// spoil has something go wrong until heal is called.
func (n *network) spoil(ways ...way) (heal func()) {
	n.mu.Lock()
	n.last++
	id := n.last
	n.wrong[id] = ways
	n.tell()
	n.mu.Unlock()
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.wrong, id)
		n.tell()
	}
}

func (n *network) tell() {
	all := []way{}
	for _, w := range n.wrong {
		all = append(all, w...)
	}
	b, err := json.Marshal(all)
	if err == nil {
		if _, err = fmt.Fprintf(n.in, "%s\n", b); err == nil {
			_, err = n.out.ReadString('\n')
		}
	}
	if err != nil {
		n.t.Errorf("the switch: %v", err)
	}
}

// both are the two directions between places.
func both(a, b int, loss float64, delay time.Duration) []way {
	return []way{{a, b, loss, delay}, {b, a, loss, delay}}
}

// A proc is a process in a place.
type proc struct {
	cmd  *exec.Cmd
	gone chan struct{}
}

// launch starts one, before whatever else the machine has to do (SCHED_RR, nodes and pulse first), so that the work of others does not look like a fault; its words going to a file; nothing stays of it when the test ends. stopped: it waits at its first instruction
// until release is called.
func (n *network) launch(at int, log *os.File, env []string, stopped bool, args ...string) (*proc, error) {
	first := "1"
	if at == pulsePlace || slices.Contains(nodePlaces, at) {
		first = "2"
	}
	cmd := exec.Command("chrt", append([]string{"--rr", first}, args...)...)
	if stopped { // what chrt would do is done to it meanwhile
		cmd = exec.Command(args[0], args[1:]...)
	}
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = env, log, log, filepath.Dir(log.Name())
	// Not Pdeathsig: it is of the thread that starts it, which ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: stopped}
	p := &proc{cmd: cmd, gone: make(chan struct{})}
	err := n.places[at].in(func() error {
		if err := cmd.Start(); err != nil || !stopped {
			return err
		}
		var ws syscall.WaitStatus
		if _, err := syscall.Wait4(cmd.Process.Pid, &ws, 0, nil); err != nil {
			return err
		}
		err := patchClock(cmd.Process.Pid)
		if b, e := exec.Command("chrt", "--rr", "-p", first, strconv.Itoa(cmd.Process.Pid)).CombinedOutput(); e != nil {
			err = errors.Join(err, fmt.Errorf("chrt: %w: %s", e, b))
		}
		return errors.Join(err, syscall.PtraceDetach(cmd.Process.Pid))
	})
	if err != nil {
		return nil, err
	}
	go func() { cmd.Wait(); close(p.gone) }()
	return p, nil
}

func (p *proc) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends it, and waits for that.
func (p *proc) kill() {
	if p == nil {
		return
	}
	p.signal(syscall.SIGKILL)
	<-p.gone
}

func (p *proc) alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// listen is a TCP listener in a place.
func (n *network) listen(at, port int) (l net.Listener, err error) {
	err = n.places[at].in(func() error {
		l, err = net.Listen("tcp4", fmt.Sprintf("%s:%d", n.places[at].addr(), port))
		return err
	})
	return l, err
}
