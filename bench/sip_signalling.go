package bench

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// signal sets calls up and hangs up, first with our trunk at both ends, then with a plain caller at one.
func (r *SIPReport) signal(ctx context.Context, o SIPOptions) error {
	taken, err := newStation("127.0.0.1:0", leg.Limits{})
	if err != nil {
		return err
	}
	defer taken.close()
	placed, err := newStation("127.0.0.1:0", leg.Limits{})
	if err != nil {
		return err
	}
	defer placed.close()
	to := fmt.Sprintf("sip:agent@%s", taken.Addr())
	r.Signalling = append(r.Signalling, repeat(ctx, o, "our trunk at both ends", func(ctx context.Context) (time.Duration, error) {
		asked := time.Now()
		l, err := placed.Dial(ctx, leg.Call{From: "bench", To: to})
		took := time.Since(asked)
		if err == nil {
			err = l.Hangup(ctx, parley.AgentEnded)
		}
		return took, err
	}))
	ear, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer ear.Close()
	sound := ear.LocalAddr().(*net.UDPAddr).AddrPort()
	lines := make([]*line, 4) // each has one reader
	for i := range lines {
		if lines[i], err = newLine(taken.loopback()); err != nil {
			return err
		}
		defer lines[i].close()
	}
	var n atomic.Uint64
	r.Signalling = append(r.Signalling, repeat(ctx, o, "a plain caller", func(ctx context.Context) (time.Duration, error) {
		asked := time.Now()
		d, err := lines[n.Add(1)%uint64(len(lines))].dial(ctx, "bench", "agent", sound)
		took := time.Since(asked)
		if err == nil {
			d.bye(ctx)
		}
		return took, err
	}))
	return ctx.Err()
}

// repeat does it again and again, o.At at once, for o.Talk.
func repeat(ctx context.Context, o SIPOptions, who string, do func(context.Context) (time.Duration, error)) Signalling {
	s := Signalling{Who: who}
	took := newTally()
	var running sync.WaitGroup
	cpu, began := spent(), time.Now()
	over := began.Add(o.Talk)
	for range o.At {
		running.Go(func() {
			for time.Now().Before(over) && ctx.Err() == nil {
				d, err := do(ctx)
				took.add("", d, err)
			}
		})
	}
	running.Wait()
	passed := time.Since(began)
	s.Cores = float64(spent()-cpu) / float64(passed)
	s.Setup = statsOf(took.ms[""])
	s.PerSecond = float64(s.Setup.N) / passed.Seconds()
	s.Failed, s.Notes = took.failed[""], took.notes
	return s
}

// spent is the CPU time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// weigh finds the memory of calls in which nothing happens.
func (r *SIPReport) weigh(ctx context.Context, o SIPOptions) error {
	s, err := newStation("127.0.0.1:0", leg.Limits{MediaTimeout: time.Hour, MaxDuration: time.Hour})
	if err != nil {
		return err
	}
	defer s.close()
	l, err := newLine(s.loopback())
	if err != nil {
		return err
	}
	defer l.close()
	// Nobody is at the port: the kernel's refusals cost nothing.
	sound := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9)
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 1
	defer func() { runtime.MemProfileRate = rate }()
	before := heap()
	ownBefore, mediaBefore := shares() // the trunk's own
	var calls []*dialog
	for range o.Dialogs {
		d, err := l.dial(ctx, "bench", "agent", sound)
		if err != nil {
			return err
		}
		calls = append(calls, d)
	}
	if !wait(ctx, o.Rest) {
		return ctx.Err()
	}
	n := float64(o.Dialogs)
	whole := heap()
	own, media := shares()
	r.Dialogs = &Dialogs{N: o.Dialogs, HeapBytes: (own - ownBefore) / n, MediaBytes: (media - mediaBefore) / n, WholeBytes: (float64(whole) - float64(before)) / n, WaitedFor: o.Rest.Seconds()}
	for _, d := range calls {
		d.bye(ctx)
	}
	calls = nil
	if !wait(ctx, o.Rest) {
		return ctx.Err()
	}
	r.Dialogs.AfterBytes = (float64(heap()) - float64(before)) / n
	return nil
}

// Whose memory it is, by what stands on the stack that allocated it. What is of the media comes first.
var (
	ofMedia  = []string{"parley/rtp.", "parley/leg.New", "parley/leg.(*Clock)", "leg/sip.newCall", "parley/leg.(*Events)", "leg/sip.(*call).begin"}
	ofDialog = []string{"parley/leg/sip", "emiago/sipgo"}
)

// shares is the live memory of dialogs and of media, as the last garbage collection left it.
func shares() (dialogs, media float64) {
	records := make([]runtime.MemProfileRecord, 10_000)
	n, ok := runtime.MemProfile(records, false)
	for !ok {
		records = make([]runtime.MemProfileRecord, n+1000)
		n, ok = runtime.MemProfile(records, false)
	}
	for i := range records[:n] {
		rec := &records[i]
		var names strings.Builder
		frames := runtime.CallersFrames(rec.Stack())
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			names.WriteString(f.Function + "\n")
		}
		is := func(list []string) bool {
			return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(names.String(), s) })
		}
		switch {
		case is(ofMedia):
			media += float64(rec.InUseBytes())
		case is(ofDialog):
			dialogs += float64(rec.InUseBytes())
		}
	}
	return dialogs, media
}
