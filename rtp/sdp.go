package rtp

import (
	"net/netip"
	"strconv"
	"strings"
)

// Limits of what a far end may send.
const (
	maxSDP     = 64 << 10
	maxMedia   = 16
	maxFormats = 64
	maxKeys    = 16 // crypto lines, fingerprints
)

// Direction is a media section's, seen from the side whose description it stands in.
type Direction uint8

const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directions = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

func (d Direction) String() string { return directions[d&3] }

func (d Direction) sends() bool    { return d == SendRecv || d == SendOnly }
func (d Direction) receives() bool { return d == SendRecv || d == RecvOnly }

func direction(send, receive bool) Direction {
	switch {
	case send && receive:
		return SendRecv
	case send:
		return SendOnly
	case receive:
		return RecvOnly
	}
	return Inactive
}

// SDP is a parsed session description (RFC 4566), as far as a call needs it.
type SDP struct {
	SessionID, Version uint64 // of o=; 0 when they are no numbers
	Media              []Media
}

// Media is one m= section; lines that hold for the whole session are already folded in.
type Media struct {
	Type      string // audio, video, image
	Port      int    // 0: refused
	Proto     string // RTP/AVP, as it was spelled
	Formats   []Format
	Addr      netip.Addr // not valid when c= names a host
	Direction Direction  // the old hold, c=0.0.0.0, counts as not receiving
	Ptime     int        // ms, 0 when not said
	MaxPtime  int        // ms, 0 when not said
	RTCPMux   bool
	RTCP      netip.AddrPort // a=rtcp (RFC 3605); its address is not valid when only a port is said, port 0: not said

	Crypto       []string // a=crypto lines (RFC 4568), without that
	Fingerprints []string // a=fingerprint (RFC 8122)
	Setup        string   // a=setup (RFC 4145)
}

// Format is one format of a media section.
type Format struct {
	ID    string // as in the m= line
	PT    uint8  // RTP only
	Name  string // upper case: PCMU, TELEPHONE-EVENT; "" when no rtpmap and no static number says
	Clock int    // Hz
	Fmtp  string

	Channels int // 0 when not said
}

// static are the payload types that need no rtpmap (RFC 3551 §6).
var static = map[uint8]Format{
	0: {Name: "PCMU", Clock: 8000}, 3: {Name: "GSM", Clock: 8000}, 4: {Name: "G723", Clock: 8000},
	8: {Name: "PCMA", Clock: 8000}, 9: {Name: "G722", Clock: 8000}, 13: {Name: "CN", Clock: 8000},
	15: {Name: "G728", Clock: 8000}, 18: {Name: "G729", Clock: 8000},
}

// section is what may stand above the first m= line and within each.
type section struct {
	addr      netip.Addr
	direction Direction
	ptime     int
	maxPtime  int
	mux       bool
	rtcp      netip.AddrPort
	setup     string
	prints    []string
}

// ParseSDP reads what a far end sent. It is lenient: lines may end in LF or CRLF, stand in any order within their section,
// be missing or unknown; only a description without any media is refused, with ErrSDP.
func ParseSDP(b []byte) (*SDP, error) {
	if len(b) > maxSDP {
		return nil, ErrSDP
	}
	s := &SDP{}
	var session, here section
	var origin netip.Addr
	var m *Media
	finish := func() {
		if m != nil {
			m.fold(here, origin)
		}
	}
	for line := range strings.FieldsFuncSeq(string(b), func(r rune) bool { return r == '\n' || r == '\r' }) {
		kind, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(kind) {
		case "o":
			origin = s.origin(value)
		case "m":
			finish()
			if m == nil {
				session = here
			}
			if len(s.Media) == maxMedia {
				return nil, ErrSDP
			}
			s.Media = append(s.Media, parseMedia(value))
			m, here = &s.Media[len(s.Media)-1], session
		case "c":
			here.addr = connection(value)
		case "a":
			here.attribute(m, value)
		}
	}
	finish()
	if len(s.Media) == 0 {
		return nil, ErrSDP
	}
	return s, nil
}

// origin reads from the right: a user name with spaces in it would shift the fields.
func (s *SDP) origin(value string) netip.Addr {
	f := strings.Fields(value)
	if len(f) < 5 {
		return netip.Addr{}
	}
	f = f[len(f)-5:]
	s.SessionID, _ = strconv.ParseUint(f[0], 10, 64)
	s.Version, _ = strconv.ParseUint(f[1], 10, 64)
	return connection(strings.Join(f[2:], " "))
}

// connection reads "IN IP4 192.0.2.1/127".
func connection(value string) netip.Addr {
	f := strings.Fields(value)
	if len(f) == 0 {
		return netip.Addr{}
	}
	host, _, _ := strings.Cut(f[len(f)-1], "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a.Unmap()
}

func parseMedia(value string) Media {
	f := strings.Fields(value)
	m := Media{}
	if len(f) > 0 {
		m.Type = strings.ToLower(f[0])
	}
	if len(f) > 1 {
		port, _, _ := strings.Cut(f[1], "/")
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			m.Port = int(n)
		}
	}
	if len(f) > 2 {
		m.Proto = f[2]
	}
	if len(f) < 4 {
		return m
	}
	for _, id := range f[3:min(len(f), 3+maxFormats)] {
		format := Format{ID: id}
		if n, err := strconv.ParseUint(id, 10, 7); err == nil {
			format.PT = uint8(n)
			if known, ok := static[format.PT]; ok {
				format.Name, format.Clock = known.Name, known.Clock
			}
		}
		m.Formats = append(m.Formats, format)
	}
	return m
}

// attribute takes an a= line; m is nil above the first m= line.
func (s *section) attribute(m *Media, value string) {
	key, rest, _ := strings.Cut(value, ":")
	rest = strings.TrimSpace(rest)
	switch key = strings.ToLower(strings.TrimSpace(key)); key {
	case "rtcp-mux":
		s.mux = true
	case "ptime":
		milliseconds(&s.ptime, rest)
	case "maxptime":
		milliseconds(&s.maxPtime, rest)
	case "rtcp":
		s.rtcp = rtcp(rest)
	case "crypto":
		if m != nil && len(m.Crypto) < maxKeys {
			m.Crypto = append(m.Crypto, rest)
		}
	case "setup":
		s.setup = strings.ToLower(rest)
	case "fingerprint":
		if len(s.prints) < maxKeys {
			s.prints = append(s.prints[:len(s.prints):len(s.prints)], rest) // those of the session are not this section's to change
		}
	case "rtpmap":
		if f, what := m.format(rest); f != nil {
			name, rate, _ := strings.Cut(what, "/")
			rate, channels, _ := strings.Cut(rate, "/")
			f.Channels, _ = strconv.Atoi(strings.TrimSpace(channels))
			f.Name = strings.ToUpper(strings.TrimSpace(name))
			f.Clock, _ = strconv.Atoi(strings.TrimSpace(rate))
		}
	case "fmtp":
		if f, what := m.format(rest); f != nil {
			f.Fmtp = what
		}
	default:
		for i, d := range directions {
			if key == d {
				s.direction = Direction(i)
			}
		}
	}
}

func milliseconds(to *int, value string) {
	if n, err := strconv.ParseFloat(value, 64); err == nil && n >= 1 && n <= 1000 {
		*to = int(n)
	}
}

// rtcp reads "53020 IN IP4 192.0.2.4"; the address may be missing.
func rtcp(value string) netip.AddrPort {
	port, where, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(connection(where), uint16(n))
}

// format finds the format that "101 telephone-event/8000" speaks of, and what it says of it.
func (m *Media) format(value string) (*Format, string) {
	if m == nil {
		return nil, ""
	}
	id, what, _ := strings.Cut(value, " ")
	for i := range m.Formats {
		if m.Formats[i].ID == id {
			return &m.Formats[i], strings.TrimSpace(what)
		}
	}
	return nil, ""
}

// fold completes a section once all its lines are read.
func (m *Media) fold(s section, origin netip.Addr) {
	m.Addr, m.Direction, m.Ptime, m.MaxPtime, m.RTCPMux, m.RTCP = s.addr, s.direction, s.ptime, s.maxPtime, s.mux, s.rtcp
	m.Setup, m.Fingerprints = s.setup, s.prints
	if !m.Addr.IsValid() {
		m.Addr = origin
	}
	if m.Addr.IsUnspecified() {
		m.Direction = direction(m.Direction.sends(), false)
	}
}
