//go:build e2e && linux

package e2e

import (
	"bytes"
	"debug/elf"
	bin "encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The clock of one process is stepped by its vDSO, the page of code that the kernel maps into each and by which Go and libc read the time:
// at its first instruction, its clock_gettime is replaced by the system call, to whose CLOCK_REALTIME a number is added that lies in the same
// page. The monotonic clock, timers and what the kernel itself writes down (times of files) stay as they are, as on a machine whose clock is set.
var clockStub = []byte{
	0xb8, 0xe4, 0, 0, 0, // mov $228, %eax
	0x0f, 0x05, // syscall
	0x85, 0xff, // test %edi, %edi
	0x75, 0x0a, // jne, over the next two
	0x48, 0x8b, 0x0d, 0x06, 0, 0, 0, // mov 6(%rip), %rcx
	0x48, 0x01, 0x0e, // add %rcx, (%rsi)
	0xc3,       // ret
	0x90, 0x90, // what is added begins at a multiple of 8
}

const clockOffset = 24 // of what is added, from the stub's begin

// vdso is where it is mapped in a process.
func vdso(pid int) (from, to uint64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	for l := range strings.SplitSeq(string(b), "\n") {
		if strings.HasSuffix(l, "[vdso]") {
			_, err := fmt.Sscanf(l, "%x-%x", &from, &to)
			return from, to, err
		}
	}
	return 0, 0, errors.New("it has no vDSO")
}

// stubIn says where in a vDSO of so many bytes the stub is to be: its end is padding.
func stubIn(from, to uint64) uint64 { return to - 64 }

// clockOf opens the memory of a process, and says where in it its vDSO is.
func clockOf(pid int) (mem *os.File, from, to uint64, err error) {
	if from, to, err = vdso(pid); err != nil {
		return nil, 0, 0, err
	}
	mem, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	return mem, from, to, err
}

// patchClock replaces the clock of a process that is stopped at its first instruction.
func patchClock(pid int) error {
	mem, from, to, err := clockOf(pid)
	if err != nil {
		return err
	}
	defer mem.Close()
	image := make([]byte, to-from)
	if _, err := mem.ReadAt(image, int64(from)); err != nil {
		return err
	}
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return err
	}
	at := stubIn(from, to)
	if !bytes.Equal(image[at-from:], make([]byte, 64)) {
		return errors.New("the end of the vDSO is no padding")
	}
	var base uint64
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD {
			base = p.Vaddr - p.Off
			break
		}
	}
	done := 0
	for _, s := range symbols {
		if s.Name != "__vdso_clock_gettime" && s.Name != "clock_gettime" {
			continue
		}
		entry := from + s.Value - base
		jump := bin.LittleEndian.AppendUint32([]byte{0xe9}, uint32(int32(int64(at)-int64(entry)-5)))
		if _, err := mem.WriteAt(jump, int64(entry)); err != nil {
			return fmt.Errorf("writing to the vDSO: %w", err)
		}
		done++
	}
	if done == 0 {
		return errors.New("the vDSO has no clock_gettime")
	}
	_, err = mem.WriteAt(append(append([]byte(nil), clockStub...), make([]byte, 8)...), int64(at))
	return err
}

// stepClock sets the clock of a process that patchClock was done to, so far from ours.
func stepClock(pid int, by time.Duration) error {
	mem, from, to, err := clockOf(pid)
	if err != nil {
		return err
	}
	defer mem.Close()
	_, err = mem.WriteAt(bin.LittleEndian.AppendUint64(nil, uint64(by/time.Second)), int64(stubIn(from, to)+clockOffset))
	return err
}

// tellTime tells a process of this test that it is a clock: it says the time, once a line.
const tellTime = "PARLEY_E2E_CLOCK"

func init() {
	beings[tellTime] = func(string) error {
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			fmt.Println(time.Now().Unix(), time.Since(began).Milliseconds())
		}
	}
}

// TestClockOfOneProcess: what chaos does to the clock of a node steps its time and leaves its timers as they are.
func TestClockOfOneProcess(t *testing.T) {
	n := newNetwork(t, 1)
	log, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p, err := n.launch(1, log, append(os.Environ(), tellTime+"=1"), true, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer p.kill()
	off := func() (by time.Duration, since int64) {
		t.Helper()
		before := bytesOf(t, log.Name())
		for over := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			all := bytesOf(t, log.Name())
			lines := strings.Split(strings.TrimSpace(string(all[len(before):])), "\n")
			var at int64
			if len(lines) > 3 {
				if _, err := fmt.Sscan(lines[len(lines)-2], &at, &since); err == nil {
					return time.Duration(at-time.Now().Unix()) * time.Second, since
				}
			}
			if time.Now().After(over) {
				t.Fatalf("it tells no time: %s", all)
			}
		}
	}
	if by, _ := off(); by.Abs() > 2*time.Second {
		t.Errorf("off by %v", by)
	}
	for _, by := range []time.Duration{time.Hour, -30 * time.Minute, 0} {
		if err := stepClock(p.cmd.Process.Pid, by); err != nil {
			t.Fatal(err)
		}
		is, since := off()
		if (is-by).Abs() > 2*time.Second || since > 60_000 || since < 0 {
			t.Errorf("stepped by %v it is off by %v, %d ms after its begin", by, is, since)
		}
	}
	p.signal(syscall.SIGTERM)
}

func bytesOf(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
