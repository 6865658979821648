package route

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
)

// zone is a name server in memory: what it knows, by "type name". Types: A, AAAA, SRV.
type zone struct {
	mu    sync.Mutex // guards all below
	rr    map[string][]string
	asked map[string]int
	fails bool // answers nothing but SERVFAIL
}

func newZone(rr map[string][]string) *zone { return &zone{rr: rr, asked: map[string]int{}} }

// resolver asks the zone, by pipes: it works in a synctest bubble.
func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go z.serve(far)
		return near, nil
	}}
}

// queries is how many questions of one kind came.
func (z *zone) queries(what string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked[what]
}

func (z *zone) set(rr map[string][]string, fails bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.rr, z.fails = rr, fails
}

// serve answers queries framed as by TCP (RFC 1035 §4.2.2).
func (z *zone) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		a := z.answer(q)
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...)); err != nil {
			return
		}
	}
}

func (z *zone) answer(q []byte) []byte {
	var labels []string
	at := 12
	for q[at] != 0 {
		labels = append(labels, string(q[at+1:at+1+int(q[at])]))
		at += 1 + int(q[at])
	}
	kind := map[uint16]string{1: "A", 28: "AAAA", 33: "SRV"}[binary.BigEndian.Uint16(q[at+1:])]
	name := strings.ToLower(strings.Join(labels, "."))
	question := q[12 : at+5]

	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked[kind+" "+name]++
	rcode, answers := uint16(0), z.rr[kind+" "+name]
	if z.fails {
		rcode, answers = 2, nil
	} else if len(answers) == 0 && len(z.rr["A "+name])+len(z.rr["AAAA "+name]) == 0 {
		rcode = 3 // NXDOMAIN
	}
	out := append([]byte{}, q[:2]...)
	out = binary.BigEndian.AppendUint16(out, 0x8580|rcode)
	for _, n := range []int{1, len(answers), 0, 0} {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	out = append(out, question...)
	for _, rr := range answers {
		data, err := record(kind, rr)
		if err != nil {
			panic(err)
		}
		out = append(out, 0xc0, 12) // the name asked for
		out = append(out, question[len(question)-4:]...)
		out = binary.BigEndian.AppendUint32(out, 300)
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(data))), data...)
	}
	return out
}

func record(kind, s string) ([]byte, error) {
	if kind != "SRV" {
		ip, err := netip.ParseAddr(s)
		return ip.AsSlice(), err
	}
	var n [3]uint16
	var target string
	if _, err := fmt.Sscan(s, &n[0], &n[1], &n[2], &target); err != nil {
		return nil, errors.New("a SRV record is: priority weight port target")
	}
	var b []byte
	for _, x := range n {
		b = binary.BigEndian.AppendUint16(b, x)
	}
	for _, l := range strings.Split(strings.Trim(target, "."), ".") {
		if l != "" {
			b = append(append(b, byte(len(l))), l...)
		}
	}
	return append(b, 0), nil
}
