package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// sources is how many addresses a flood comes from.
const sources = 200

// errNowhere: there is nowhere for strangers to come from. Loopback will not do, for it is never refused.
var errNowhere = errors.New("a network of its own is needed, which root on Linux can make")

// floodMethods are sent as often as each other.
var floodMethods = []string{"REGISTER", "INVITE", "OPTIONS", "ACK", "BYE"}

// siege has strangers write while calls go on.
func (r *SIPReport) siege(ctx context.Context, o SIPOptions) error {
	strangers, err := goAbroad(sources)
	if errors.Is(err, errNowhere) {
		r.Flood = &SIPFlood{Note: "not measured: " + err.Error()}
		return nil
	}
	if err != nil {
		return err
	}
	defer strangers.close()
	s, err := newStation("0.0.0.0:0", leg.Limits{MediaTimeout: time.Hour},
		parley.TrunkAccount{ID: "a", Host: "127.0.0.1", AllowedAddresses: []string{"127.0.0.1"}, TrunkTimers: parley.TrunkTimers{Health: -1}}, parley.TrunkAccount{ID: "b", Host: "192.0.2.1", Username: "alice", Password: "wonderland", TrunkTimers: parley.TrunkTimers{Health: -1}})
	if err != nil {
		return err
	}
	defer s.close()
	l, err := newLine(s.loopback())
	if err != nil {
		return err
	}
	defer l.close()
	f := &SIPFlood{Sources: len(strangers.socks), Live: o.Live}
	r.Flood = f
	var ears []*ear
	defer func() {
		for _, e := range ears {
			e.close()
		}
	}()
	var calls []*dialog
	for range o.Live {
		e, err := newEar()
		if err != nil {
			return err
		}
		ears = append(ears, e)
		d, err := l.dial(ctx, "bench", "agent", e.addr())
		if err != nil {
			return err
		}
		calls = append(calls, d)
	}
	f.Before = heap()
	if f.Quiet, err = listenTo(ctx, ears, func() { wait(ctx, o.Talk) }); err != nil {
		return err
	}
	began := time.Now()
	if f.Flooded, err = listenTo(ctx, ears, func() { f.Messages = strangers.flood(ctx, s.Addr().Port(), o.Rate*len(floodMethods), o.Talk) }); err != nil {
		return err
	}
	f.Seconds = time.Since(began).Seconds()
	f.Answers, f.Most = strangers.answered()
	wait(ctx, o.Rest)
	f.After = heap()
	for _, d := range calls {
		if d.hungUp.Load() {
			f.Dropped++
		}
		d.bye(ctx)
	}
	return ctx.Err()
}

// An ear hears one call. One goroutine reads.
type ear struct {
	conn   *net.UDPConn
	reader sync.WaitGroup

	mu   sync.Mutex // guards all below
	last time.Time
	gaps []time.Duration
}

func newEar() (*ear, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	if err := stamped(c); err != nil {
		c.Close()
		return nil, err
	}
	e := &ear{conn: c}
	e.reader.Go(func() { receive(c, e.take) })
	return e, nil
}

func (e *ear) close() {
	e.conn.Close()
	e.reader.Wait()
}

// listenTo is how evenly the calls sound while something goes on.
func listenTo(ctx context.Context, ears []*ear, meanwhile func()) (g Gaps, err error) {
	for _, e := range ears {
		e.mu.Lock()
		e.last, e.gaps = time.Time{}, nil
		e.mu.Unlock()
	}
	meanwhile()
	var all []time.Duration
	for _, e := range ears {
		e.mu.Lock()
		all = append(all, e.gaps...)
		e.mu.Unlock()
	}
	if len(all) == 0 {
		return g, errors.Join(errors.New("no call makes a sound"), ctx.Err())
	}
	slices.Sort(all)
	at := func(q float64) float64 { return milliseconds(all[int(q*float64(len(all)-1)+0.5)]) }
	return Gaps{N: len(all), P50: at(0.5), P999: at(0.999), Max: at(1)}, nil
}

// flooders are strangers, each with a socket in a network of their own, and one goroutine that counts what comes back.
type flooders struct {
	to     string // our address in that network
	socks  []*net.UDPConn
	out    []atomic.Int64 // bytes
	in     []atomic.Int64
	back   atomic.Int64 // messages
	reader sync.WaitGroup
	undo   func()
}

func (f *flooders) listen() {
	f.out, f.in = make([]atomic.Int64, len(f.socks)), make([]atomic.Int64, len(f.socks))
	for i, c := range f.socks {
		f.reader.Go(func() {
			for b := make([]byte, datagram); ; {
				n, err := c.Read(b)
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err == nil {
					f.in[i].Add(int64(n))
					f.back.Add(1)
				}
			}
		})
	}
}

func (f *flooders) close() {
	for _, c := range f.socks {
		c.Close()
	}
	f.reader.Wait()
	f.undo()
}

// flood sends so many messages a second, from one source after the other, and returns how many it sent.
func (f *flooders) flood(ctx context.Context, port uint16, rate int, d time.Duration) (sent int) {
	addr := &net.UDPAddr{IP: net.ParseIP(f.to), Port: int(port)}
	start := time.Now()
	for time.Since(start) < d && wait(ctx, time.Millisecond) {
		for ; sent < int(float64(rate)*time.Since(start).Seconds()); sent++ {
			i := sent % len(f.socks)
			n, _ := f.socks[i].WriteToUDP(f.message(sent, i), addr)
			f.out[i].Add(int64(n))
		}
	}
	return sent
}

// message is one that has not been seen before.
func (f *flooders) message(n, i int) []byte {
	method, from, to, body := floodMethods[n%len(floodMethods)], f.socks[i].LocalAddr(), "<sip:alice@"+f.to+">", ""
	switch method {
	case "ACK", "BYE":
		to += ";tag=nobodys"
	case "INVITE":
		body = offer(from.(*net.UDPAddr).AddrPort())
	}
	return fmt.Appendf(nil, "%[1]s sip:alice@%[2]s SIP/2.0\r\nVia: SIP/2.0/UDP %[3]s;branch=z9hG4bK%[4]x;rport\r\nFrom: <sip:%[4]x@x>;tag=%[4]x\r\nTo: %[5]s\r\n"+
		"Call-ID: flood-%[4]x\r\nCSeq: 1 %[1]s\r\nContact: <sip:a@%[3]s>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\nContent-Length: %[6]d\r\n\r\n%[7]s",
		method, f.to, from, n, to, len(body), body)
}

// answered is how many answers came, and how many bytes at most came back to one source for each that it sent.
func (f *flooders) answered() (n int64, most float64) {
	for i := range f.socks {
		if out := f.out[i].Load(); out > 0 {
			most = max(most, float64(f.in[i].Load())/float64(out))
		}
	}
	return f.back.Load(), most
}

func (e *ear) addr() netip.AddrPort { return e.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (e *ear) take(_ string, at time.Time, _ netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.last.IsZero() {
		e.gaps = append(e.gaps, at.Sub(e.last))
	}
	e.last = at
}
