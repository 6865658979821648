//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// A dialled row is a file of sipp/ that is called, and what is to come of it.
type dialled struct {
	name   string
	file   string
	tcp    bool
	change func(a *parley.TrunkAccount, c *leg.Call, port int)
	cause  parley.Cause  // why it is not answered; "": it is
	code   int           // with cause
	limit  time.Duration // we give up after so long
	stays  bool          // the far end hangs up
	want   func(*heard) bool
	digits string // that we press
	first  bool   // only the first call gets as far as sipp
}

func dials() []dialled {
	gone := func(a *parley.TrunkAccount, backup int) {
		a.BackupHosts, a.Port = []string{fmt.Sprintf("127.0.0.1:%d", backup)}, 9
	}
	return []dialled{
		{file: "out_plain", name: "out_plain over TCP", tcp: true}, {file: "out_plain"},
		{file: "out_plain", name: "out_plain at the second address", change: func(a *parley.TrunkAccount, _ *leg.Call, port int) { gone(a, port) }},
		{file: "out_auth", name: "out_auth over TCP", tcp: true},
		{file: "out_hangs_up", stays: true}, {file: "out_hangs_up_at_once", stays: true},
		{file: "out_no_session", cause: parley.Unreachable, code: 200}, {file: "out_codec_unknown", cause: parley.Unreachable, code: 200},
		{file: "out_redirected_elsewhere", cause: parley.Unreachable, code: 302},
		{file: "out_auth_refused", cause: parley.Configuration, code: 401},
		{file: "out_refused_486", cause: parley.Busy, code: 486}, {file: "out_refused_600", cause: parley.Busy, code: 600},
		{file: "out_refused_603", cause: parley.Declined, code: 603}, {file: "out_refused_404", cause: parley.Unreachable, code: 404},
		{file: "out_refused_480", cause: parley.NoAnswer, code: 480}, {file: "out_refused_408", cause: parley.NoAnswer, code: 408},
		{file: "out_refused_500", cause: parley.Unreachable, code: 500}, {file: "out_refused_503", cause: parley.Unreachable, code: 503},
		{file: "out_refused_503", name: "out_refused_503 and answered elsewhere", first: true, change: func(a *parley.TrunkAccount, _ *leg.Call, _ int) {
			a.BackupHosts = []string{elsewhere}
		}},
		{file: "out_cancelled", limit: 300 * time.Millisecond, cause: parley.Cancelled},
		{file: "out_cancelled_early", limit: 200 * time.Millisecond, cause: parley.Cancelled},
		{file: "out_cancelled_late", limit: 300 * time.Millisecond, cause: parley.Cancelled},
		{file: "out_hold", want: func(h *heard) bool { return h.Kinds[leg.Held] == 1 && h.Kinds[leg.Resumed] == 1 }},
		{file: "out_options", want: func(h *heard) bool { return h.Digits == "5" }},
		{file: "out_digits_info", digits: "5#", change: func(a *parley.TrunkAccount, _ *leg.Call, _ int) { a.Media.DTMF = parley.DTMFInfo }},
		{file: "out_headers", change: func(_ *parley.TrunkAccount, c *leg.Call, _ int) {
			c.ID, c.From, c.Headers = "c-1", "+14155550100", map[string]string{"X-Ticket": "4711"}
		}},
		{file: "out_proxy", change: func(a *parley.TrunkAccount, _ *leg.Call, port int) {
			a.OutboundProxy, a.Host, a.Port = fmt.Sprintf("127.0.0.1:%d", port), "pbx.example", 0
		}},
		{file: "out_timer_small", change: timed}, {file: "out_timer", change: timed},
	}
}

func timed(a *parley.TrunkAccount, _ *leg.Call, _ int) { a.SessionExpires = 30 * time.Minute }

// elsewhere stands for the door itself: it answers, too.
const elsewhere = "elsewhere"

// TestSippIsDialled: sippRuns calls to each file out_…, and each call ends as the row says.
func TestSippIsDialled(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	files, err := filepath.Glob(filepath.Join("sipp", "out_*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	all := dials()
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".xml")
		if name != "out_registrar" && !slices.ContainsFunc(all, func(r dialled) bool { return r.file == name }) {
			all = append(all, dialled{file: name})
		}
	}
	turn := make(chan struct{}, together)
	for _, r := range all {
		if r.name == "" {
			r.name = r.file
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			turn <- struct{}{}
			defer func() { <-turn }()
			r.run(t)
		})
	}
}

func (r *dialled) run(t *testing.T) {
	d := open(t)
	port := freePort(t)
	args, network := []string{}, "udp"
	if r.tcp {
		args, network = append(args, "-t", "t1"), "tcp"
	}
	a := parley.TrunkAccount{ID: "t1", Host: "127.0.0.1", Port: port, Transport: network, Username: "bob", Password: "hatter", TrunkTimers: parley.TrunkTimers{SessionExpires: -1, Health: -1}}
	c := leg.Call{From: "1000", To: "uas", Trunk: &a}
	if r.change != nil {
		r.change(&a, &c, port)
	}
	for i, h := range a.BackupHosts {
		if h == elsewhere {
			a.BackupHosts[i] = d.Addr().String()
		}
	}
	if r.first {
		args = append(args, "-m", "1")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runSipp(t, r.file, port, args...)
	}()
	bound(t, network, port, done)
	var calls sync.WaitGroup
	for i := range sippRuns {
		calls.Go(func() {
			time.Sleep(time.Duration(i) * 25 * time.Millisecond)
			if err := r.dial(d, c); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	calls.Wait()
	<-done
	d.over(t, 0)
}

// TestSippIsTheRegistrar: sippRuns accounts register, each with credentials of its own, and are gone again when the trunk ends.
func TestSippIsTheRegistrar(t *testing.T) {
	t.Parallel()
	need(t, "sipp")
	port := freePort(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runSipp(t, "out_registrar", port)
	}()
	bound(t, "udp", port, done)
	accounts := make([]parley.TrunkAccount, sippRuns)
	for i := range accounts {
		accounts[i] = parley.TrunkAccount{ID: fmt.Sprint(i), Host: "127.0.0.1", Port: port, Username: fmt.Sprintf("u%d", i), Password: "secret",
			Register: parley.TrunkRegister{On: true}, TrunkTimers: parley.TrunkTimers{Health: -1}}
	}
	d := open(t, accounts...)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		n := 0
		for _, s := range d.State() {
			if s.Registration != nil && s.Registration.Registered {
				n++
			}
		}
		if n == len(accounts) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d accounts are registered", n, len(accounts))
		}
	}
	d.stop()
	<-done
}

// bound waits until somebody has the port.
func bound(t *testing.T, network string, port int, done <-chan struct{}) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		free := true
		if network == "tcp" {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if free = err == nil; free {
				l.Close()
			}
		} else {
			u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
			if free = err == nil; free {
				u.Close()
			}
		}
		if !free {
			return
		}
		select {
		case <-done:
			return
		default:
		}
	}
	t.Error("sipp does not listen")
}

// dial makes one call and lives it to its end.
func (r *dialled) dial(d *door, c leg.Call) error {
	limit := r.limit
	if limit == 0 {
		limit = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	l, err := d.Dial(ctx, c)
	var no *leg.Rejected
	switch {
	case r.cause != "" && err == nil:
		_ = l.Hangup(context.Background(), parley.AgentEnded)
		return errors.New("it was answered")
	case r.cause != "" && errors.As(err, &no) && no.Cause == r.cause && no.Code == r.code:
		return nil
	case err != nil:
		return fmt.Errorf("not answered, and not as expected: %w", err)
	}
	h := &heard{Kinds: map[leg.Kind]int{}}
	if r.digits != "" {
		if err := l.SendDTMF(ctx, r.digits); err != nil {
			return err
		}
	}
	if !r.stays {
		hold := 300 * time.Millisecond
		if r.digits != "" {
			hold = 800 * time.Millisecond
		}
		time.AfterFunc(hold, func() { _ = l.Hangup(context.Background(), parley.AgentEnded) })
	}
	h.follow(ctx, l)
	if !h.byFar() || r.want != nil && !r.want(h) {
		return fmt.Errorf("%v", h)
	}
	return nil
}
