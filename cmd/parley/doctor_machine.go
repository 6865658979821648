package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// leastDisk is how much room a data folder wants, in bytes.
const leastDisk = 1 << 30

// machine looks at what a newcomer gets wrong.
func (c *doctorCmd) machine() (out []finding) {
	runs, f := c.folder()
	out = append(out, f...)
	if runs {
		out = append(out, finding{fine, "ports", "not looked at: the server runs"})
	} else {
		out = append(out, c.doors()...)
	}
	return append(out, clock(time.Now()), c.address())
}

// folder looks at the data folder; runs says that a server has it.
func (c *doctorCmd) folder() (runs bool, out []finding) {
	const what = "PARLEY_DATA"
	info, err := os.Stat(c.Data)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, []finding{{note, what, c.Data + " is not there yet: the first start makes it"}}
	case err == nil && !info.IsDir():
		err = fmt.Errorf("%s is no folder", c.Data)
	}
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(c.Data, ".doctor-*"); err == nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}
	if err != nil {
		return false, []finding{{wrong, what, err.Error()}}
	}
	var s unix.Statfs_t
	room := ""
	if unix.Statfs(c.Data, &s) == nil {
		free := uint64(s.Bavail) * uint64(s.Bsize)
		room = fmt.Sprintf(", %.1f GB free", float64(free)/1e9)
		if free < leastDisk {
			out = append(out, finding{note, "disk", c.Data + " has little room" + room})
		}
	}
	if there := (dataFlags{c.Data, c.DatabaseURL, c.MasterKey}).there(); there != nil {
		return false, append(out, finding{note, what, c.Data + " can be written" + room + "; no database yet"})
	}
	if err := lockFolder(c.Data); err != nil {
		return true, append(out, finding{fine, what, c.Data + " can be written" + room + "; a server runs on it"})
	}
	unlockFolder(c.Data)
	return false, append(out, finding{fine, what, c.Data + " can be written" + room})
}

// doors tries to open what serve would.
func (c *doctorCmd) doors() (out []finding) {
	try := func(name, network, addr string) {
		var x interface{ Close() error }
		var err error
		if network == "udp" {
			x, err = net.ListenPacket(network, addr)
		} else {
			x, err = net.Listen(network, addr)
		}
		if err != nil {
			out = append(out, finding{wrong, name, taken(name, err).Error()})
			return
		}
		_ = x.Close()
		out = append(out, finding{fine, name, fmt.Sprintf("%s %s is free", strings.ToUpper(network), addr)})
	}
	try("PARLEY_HTTP", "tcp", c.HTTP)
	try("PARLEY_SIP", "udp", c.SIP)
	try("PARLEY_SIP", "tcp", c.SIP)
	if c.TLS.Cert != "" {
		try("PARLEY_SIP_TLS", "tcp", c.TLS.SIP)
	}
	host, _, _ := net.SplitHostPort(c.SIP)
	busy := 0
	for port := c.RTPPorts.lo; port <= c.RTPPorts.hi; port += max(1, (c.RTPPorts.hi-c.RTPPorts.lo)/50) {
		p, err := net.ListenPacket("udp", net.JoinHostPort(host, fmt.Sprint(port)))
		if err != nil {
			busy++
			continue
		}
		_ = p.Close()
	}
	if f := (finding{fine, "PARLEY_RTP_PORTS", fmt.Sprintf("%s: room for %d calls", c.RTPPorts, (c.RTPPorts.hi-c.RTPPorts.lo+1)/2)}); busy < 5 {
		return append(out, f)
	}
	return append(out, finding{wrong, "PARLEY_RTP_PORTS", fmt.Sprintf("%d of the ports of %s that were tried are taken; set PARLEY_RTP_PORTS to others", busy, c.RTPPorts)})
}

// clock looks whether it may be right: certificates and tokens depend on it.
func clock(now time.Time) finding {
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if now.Before(built) {
		return finding{wrong, "clock", "it is " + now.UTC().Format(time.DateTime) + " by this machine's clock, and this version is younger: set the clock, or vendors' certificates do not hold"}
	}
	return finding{fine, "clock", now.UTC().Format(time.DateTime) + " UTC"}
}

// address looks at what callers are told to send their sound to.
func (c *doctorCmd) address() finding {
	const what = "PARLEY_PUBLIC_IP"
	if ip, err := c.publicIP(); err == nil && ip.IsValid() {
		if ip.IsPrivate() || ip.IsLoopback() {
			return finding{note, what, ip.String() + " is private: callers from outside do not reach it"}
		}
		return finding{fine, what, ip.String()}
	}
	conn, err := net.Dial("udp", "192.0.2.1:9") // sends nothing: it tells which address would
	if err != nil {
		return finding{note, what, "this machine has no way out: only callers on it reach it"}
	}
	defer conn.Close()
	ip, _ := netip.ParseAddrPort(conn.LocalAddr().String())
	if a := ip.Addr().Unmap(); a.IsPrivate() || a.IsLoopback() {
		return finding{note, what, a.String() + " is private: callers from outside hear nothing unless PARLEY_PUBLIC_IP is the address they reach this machine at"}
	}
	return finding{fine, what, ip.Addr().String() + ", this machine's own"}
}
