//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// The network that strangers come from: loopback is never blocked. One at a time.
const (
	abroad   = "parley-e2e"
	ourSide  = "10.213.77.1"
	farSide  = "10.213.77.2"
	farSide2 = "10.213.77.3"
)

// goAbroad makes a network of its own, with one way between it and here.
func goAbroad(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root makes networks")
	}
	need(t, "ip")
	_ = exec.Command("ip", "netns", "del", abroad).Run() // of a test that was killed
	if b, err := exec.Command("ip", "netns", "add", abroad).CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v %s", err, b)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", abroad).Run() }) // takes the way with it
	for _, args := range []string{
		"link add parley-e2e0 type veth peer name parley-e2e1 netns " + abroad,
		"addr add " + ourSide + "/24 dev parley-e2e0", "link set parley-e2e0 up",
		"-n " + abroad + " addr add " + farSide + "/24 dev parley-e2e1", "-n " + abroad + " addr add " + farSide2 + "/24 dev parley-e2e1",
		"-n " + abroad + " addr add 10.213.77.4/24 dev parley-e2e1", "-n " + abroad + " link set parley-e2e1 up", "-n " + abroad + " link set lo up",
	} {
		run(t, "ip", strings.Fields(args)...)
	}
}

// fromAbroad runs a program over there, and returns what it said.
func fromAbroad(t *testing.T, limit time.Duration, args ...string) string {
	t.Helper()
	need(t, args[0])
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", abroad}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && ctx.Err() == nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	return out.String()
}

// TestSipvicious: who looks for us finds a telephone; whom one can call there, or by what password, he does not find out.
func TestSipvicious(t *testing.T) {
	t.Parallel() // it waits for most of its time
	goAbroad(t)
	d := openAt(t, ourSide+":0", parley.TrunkAccount{ID: "t1", Host: "192.0.2.1", Username: "1000", Password: "sesame", TrunkTimers: parley.TrunkTimers{Health: -1}})
	port := fmt.Sprint(d.Addr().Port())
	if out := fromAbroad(t, 30*time.Second, "svmap", "-p", port, ourSide); !strings.Contains(out, port) {
		t.Errorf("svmap finds nothing: was it let through?\n%s", out)
	}
	for i, method := range []string{"OPTIONS", "REGISTER", "INVITE"} {
		out := fromAbroad(t, time.Minute, "svwar", "-p", port, "-m", method, "-e", "990-1010", "--force", "-b", []string{farSide, farSide2}[i%2], ourSide)
		if strings.Contains(out, "reqauth") || strings.Contains(out, "noauth") || strings.Contains(out, "| 1000") {
			t.Errorf("svwar by %s finds\n%s", method, out)
		}
		t.Logf("svwar by %s:\n%s", method, out)
	}
	words := filepath.Join(t.TempDir(), "words")
	var list strings.Builder
	for i := range 300 {
		fmt.Fprintf(&list, "guess%d\n", i)
	}
	list.WriteString("sesame\n")
	if err := os.WriteFile(words, []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"REGISTER", "INVITE"} {
		out := fromAbroad(t, time.Minute, "svcrack", "-p", port, "-m", method, "-u", "1000", "-d", words, "--maximumtime", "3", ourSide)
		if strings.Contains(out, "sesame") {
			t.Errorf("svcrack by %s finds the password\n%s", method, out)
		}
		t.Logf("svcrack by %s:\n%s", method, out)
	}
	if out := fromAbroad(t, 30*time.Second, "svmap", "-p", port, "-b", farSide, ourSide); strings.Contains(out, ourSide) {
		t.Errorf("after all that he is answered still:\n%s", out)
	}
	if out := fromAbroad(t, 30*time.Second, "svmap", "-p", port, "-b", "10.213.77.4", ourSide); !strings.Contains(out, ourSide) {
		t.Errorf("his neighbour is not answered:\n%s", out)
	}
	if calls := d.over(t, 0); len(calls) > 0 {
		t.Errorf("there were calls: %v", calls)
	}
}
