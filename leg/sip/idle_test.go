package sip

import (
	"context"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg"
)

// idle is how many calls are held at once.
const idle = 400

// heap is what is in use, after all garbage is gone.
func heap() uint64 {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkIdleDialog holds calls whose INVITE is long over, and reports what one costs with its media (B/call), and what stays of it when
// the media has been taken away (B/dialog): the dialog, and the offer that its owner keeps.
func BenchmarkIdleDialog(b *testing.B) {
	legs := make(chan leg.Leg, idle)
	tr, err := New(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan struct{})
	var silent sync.WaitGroup // owners whose leg has ended
	go func() {
		defer close(served)
		_ = tr.Serve(ctx, func(ctx context.Context, o leg.Offer) {
			l, err := o.Answer(ctx, leg.Limits{MediaTimeout: time.Hour})
			if err != nil {
				return
			}
			legs <- l
			for err == nil {
				_, err = l.Read(ctx)
			}
			d := o.(*offer).d
			d.mu.Lock()
			o.(*offer).leg = nil
			d.mu.Unlock()
			l = nil
			silent.Done()
			<-ctx.Done()
			runtime.KeepAlive(o)
		})
	}()
	defer func() { stop(); <-served }()
	for b.Loop() {
		before := heap()
		dialogs := make([]*dialog, idle)
		silent.Add(idle)
		func() {
			calls := make([]*call, idle)
			for i := range calls {
				p := newPeer(&testing.T{}, tr)
				p.invite(true)
				_ = p.c.Close()
				calls[i] = (<-legs).(*call)
				dialogs[i] = calls[i].dialog()
			}
			time.Sleep(64*sip.T1 + time.Second)
			b.ReportMetric(float64(heap()-before)/idle, "B/call")
			for i, c := range calls {
				c.end(io.EOF, false)
				<-c.stopped
				calls[i] = nil
			}
			silent.Wait()
		}()
		for _, d := range dialogs { // as it was
			for tr.find(d.key()) != nil {
				time.Sleep(time.Millisecond)
			}
			_ = tr.add(d)
		}
		b.ReportMetric(float64(heap()-before)/idle, "B/dialog")
		for _, d := range dialogs {
			tr.remove(d)
		}
	}
}
