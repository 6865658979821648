package rtp

import (
	"errors"
	"net/netip"
)

// ErrAddress: answer 488.
var ErrAddress = errors.New("rtp: the session description names an address that no sound is sent to")

var (
	broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	shared    = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598, behind a carrier's NAT; also that of many VPNs
	thisHost  = netip.MustParsePrefix("0.0.0.0/8")
	reserved  = netip.MustParsePrefix("240.0.0.0/4")
)

// Refused tells that no sound is sent where a far end's SDP says, given where its signalling comes from (not valid: not known,
// anything but multicast goes). An unspecified address is a hold and not refused. Only who is on this machine may name it.
func Refused(named, peer netip.Addr) bool {
	named, peer = named.Unmap().WithZone(""), peer.Unmap().WithZone("")
	switch {
	case !named.IsValid() || named.IsUnspecified():
		return false
	case named.IsMulticast() || named == broadcast || named.Is4() && (thisHost.Contains(named) || reserved.Contains(named)):
		return true
	case named.IsLoopback():
		return peer.IsValid() && !peer.IsLoopback()
	}
	return false
}

// Private tells an address that means nothing outside its own network.
func Private(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.Is4() && shared.Contains(a)
}

// place is where to send to at first: not valid when the far end's packets must tell, as behind a NAT they do.
func (l *Local) place(named netip.AddrPort) (netip.AddrPort, error) {
	a, peer := named.Addr(), l.Peer.Unmap().WithZone("")
	switch {
	case !a.IsValid() || a.IsUnspecified():
		return netip.AddrPort{}, nil
	case Refused(a, peer) || l.own(named):
		return netip.AddrPort{}, ErrAddress
	case Private(a) && peer.IsValid() && !peer.IsLoopback() && !Private(peer):
		return netip.AddrPort{}, nil
	}
	return named, nil
}

// own tells a port of ours, named by one who is not us: what is sent there would come back, or into another call.
func (l *Local) own(named netip.AddrPort) bool {
	peer := l.Peer.Unmap().WithZone("")
	if !peer.IsValid() || peer.IsLoopback() || peer == named.Addr() || named.Addr() != l.Addr.Unmap().WithZone("") {
		return false
	}
	return int(named.Port())&^1 == l.Port&^1 || l.Ports.Contains(int(named.Port()))
}
