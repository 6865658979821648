package trace

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"time"
)

// Bounds of a capture that is being watched.
const (
	followMost    = 10 * time.Minute
	followQueue   = 1024                   // packets that wait for the watcher; more are left out
	followLook    = 100 * time.Millisecond // how often new legs are looked for
	followPackets = 1500                   // bytes of one packet
)

// Live is what a capture needs to know of a call that runs.
type Live struct {
	// Tap shows the media's packets of one leg until stop; false: it has none (yet).
	Tap func(callID string, f func(at time.Time, out bool, local, remote netip.AddrPort, packet []byte)) (stop func(), ok bool)
	// Runs says whether the call is not over.
	Runs func() bool
	// Quiet says whether nobody may hear it now: packets of its media are left out then. nil: anybody may.
	Quiet func() bool
}

// CallIDs are those that a call owns.
func (r *Recorder) CallIDs(owner string) (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.owned[owner] {
		ids = append(ids, t.callID)
	}
	return ids
}

// Follow writes a capture of a call that runs: its SIP messages, those that were, too, and the packets of its media from now on. It
// returns when the call is over, ctx is done, or after ten minutes. A watcher who is too slow misses packets. flush may be nil.
func (r *Recorder) Follow(ctx context.Context, w io.Writer, flush func() error, live Live, owner string, callIDs ...string) error {
	ctx, cancel := context.WithTimeout(ctx, followMost)
	defer cancel()
	c, err := NewCapture(w)
	if err != nil {
		return err
	}
	f := &follower{r: r, c: c, live: live, owner: owner, callIDs: callIDs, packets: make(chan packet, followQueue), taps: map[string]func(){}, shown: map[int64]bool{}}
	defer f.stop()
	tick := time.NewTicker(followLook)
	defer tick.Stop()
	for {
		runs := live.Runs()
		f.look()
		if err := f.drain(flush); err != nil || !runs || ctx.Err() != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

type packet struct {
	at       time.Time
	from, to netip.AddrPort
	bytes    *[followPackets]byte
	n        int
}

var packets = sync.Pool{New: func() any { return new([followPackets]byte) }}

// A follower belongs to the goroutine of Follow, but for take.
type follower struct {
	r       *Recorder
	c       *Capture
	live    Live
	owner   string
	callIDs []string
	packets chan packet
	taps    map[string]func() // that stop looking, by Call-ID
	shown   map[int64]bool    // messages, by their time
}

// look begins to look at legs that are new, and writes the messages that are.
func (f *follower) look() {
	for _, id := range append(f.r.CallIDs(f.owner), f.callIDs...) {
		if f.taps[id] == nil {
			if stop, ok := f.live.Tap(id, f.take); ok {
				f.taps[id] = stop
			}
		}
	}
	var news []Message
	for _, m := range f.r.Of(f.owner, f.callIDs...) {
		if at := m.At.UnixNano(); !f.shown[at] {
			f.shown[at] = true
			news = append(news, m)
		}
	}
	f.c.add(news)
}

// take takes a packet from a goroutine of the media: it does not wait.
func (f *follower) take(at time.Time, out bool, local, remote netip.AddrPort, b []byte) {
	if len(f.packets) == cap(f.packets) || f.live.Quiet != nil && f.live.Quiet() {
		return
	}
	p := packet{at: at, from: remote, to: local, bytes: packets.Get().(*[followPackets]byte)}
	if out {
		p.from, p.to = local, remote
	}
	p.n = copy(p.bytes[:], b)
	select {
	case f.packets <- p:
	default:
		packets.Put(p.bytes)
	}
}

// drain writes what waits.
func (f *follower) drain(flush func() error) error {
	for {
		select {
		case p := <-f.packets:
			f.c.UDP(p.at, p.from, p.to, p.bytes[:p.n])
			packets.Put(p.bytes)
			continue
		default:
		}
		if err := f.c.Flush(); err != nil || flush == nil {
			return err
		}
		return flush()
	}
}

func (f *follower) stop() {
	for _, stop := range f.taps {
		stop()
	}
}
