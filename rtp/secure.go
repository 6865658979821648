package rtp

import (
	"bytes"
	"strings"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/rtp/srtp"
)

// Secure is how a stream is encrypted (SRTP): with keys that stand in the descriptions (SDES), or with those of a DTLS handshake
// between the same ports.
type Secure struct {
	Send, Receive srtp.Keys // SDES
	Fingerprint   string    // DTLS: of the far end's certificate; "": SDES
	Active        bool      // DTLS: we speak first
}

// Keys are what we encrypt a call with; they belong to one stream and stay the same all call long. Safe for concurrent use.
type Keys struct {
	mu      sync.Mutex // guards all below
	cryptos []srtp.Crypto
	setup   string // our role in the call's DTLS, once it has one
}

// NewKeys makes a call's keys when they are asked for.
func NewKeys() *Keys { return &Keys{} }

// offered are our lines, tagged 1, 2, …
func (k *Keys) offered() []srtp.Crypto {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cryptos == nil {
		for i, s := range srtp.Suites() {
			k.cryptos = append(k.cryptos, srtp.NewCrypto(i+1, s))
		}
	}
	return k.cryptos
}

// answer is our line to one that was offered.
func (k *Keys) answer(offered *srtp.Crypto) (c srtp.Crypto, ok bool) {
	for _, c := range k.offered() {
		if c.Suite == offered.Suite {
			c.Tag = offered.Tag
			return c, true
		}
	}
	return c, false
}

// role says who begins, given the far end's a=setup (RFC 5763 §5): we, but when it must show where it is first. Once there is an
// association, an offer that leaves it open changes nothing (RFC 8842 §5.3).
func (k *Keys) role(theirs string, reachable bool) (ours string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch theirs {
	case "active":
		k.setup = "passive"
	case "passive":
		k.setup = "active"
	default:
		if k.setup == "" {
			k.setup = "active"
			if !reachable {
				k.setup = "passive"
			}
		}
	}
	return k.setup
}

// certificate is the process's; whoever talks to us knows it by the fingerprint in the description of the call.
var certificate = sync.OnceValues(srtp.NewCertificate)

// A profile is an m= line's protocol.
type profile struct {
	name         string
	secure, dtls bool
}

var profiles = [...]profile{
	{name: "RTP/AVP"}, {name: "RTP/AVPF"},
	{name: "RTP/SAVP", secure: true}, {name: "RTP/SAVPF", secure: true},
	{name: "UDP/TLS/RTP/SAVP", secure: true, dtls: true}, {name: "UDP/TLS/RTP/SAVPF", secure: true, dtls: true},
}

func (m *Media) profile() (p profile, ok bool) {
	for _, p := range profiles {
		if strings.EqualFold(m.Proto, p.name) {
			return p, true
		}
	}
	return profile{}, false
}

// protect says how a section of the far end's is to be encrypted, and which lines of ours say so; nil is plain RTP. With answered
// set the section is the answer to an offer of ours.
func (m *Media) protect(l *Local, answered, reachable bool) (s *Secure, lines []string, err error) {
	p, _ := m.profile()
	asked := !answered || l.SRTP != parley.SRTPOff
	if asked && l.Keys != nil {
		if l.SDES && !p.dtls {
			if s, lines = m.sdes(l.Keys, answered); s != nil {
				return s, lines, nil
			}
		}
		// In plain RTP a fingerprint is the best effort of those alone who look for it.
		if p.secure || l.SRTP != parley.SRTPOff {
			if s, lines = m.dtls(l.Keys, reachable); s != nil {
				return s, lines, nil
			}
		}
	}
	if p.secure || l.SRTP == parley.SRTPRequired {
		return nil, nil, ErrNoMedia
	}
	return nil, nil, nil
}

// sdes takes the first crypto line that can be (RFC 4568 §5.1.2).
func (m *Media) sdes(k *Keys, answered bool) (*Secure, []string) {
	for _, line := range m.Crypto {
		theirs, err := srtp.ParseCrypto(line)
		if err != nil {
			continue
		}
		ours, ok := k.answer(&theirs)
		if answered && ok {
			ok = false
			for _, c := range k.offered() {
				ok = ok || c.Tag == theirs.Tag && c.Suite == theirs.Suite
			}
		}
		if ok {
			return &Secure{Send: ours.Keys, Receive: theirs.Keys}, []string{"crypto:" + ours.String()}
		}
	}
	return nil, nil
}

// dtls takes the first fingerprint that can be.
func (m *Media) dtls(k *Keys, reachable bool) (*Secure, []string) {
	for _, print := range m.Fingerprints {
		if srtp.CheckFingerprint(print) != nil {
			continue
		}
		own, err := certificate()
		if err != nil {
			return nil, nil
		}
		setup := k.role(m.Setup, reachable)
		return &Secure{Fingerprint: print, Active: setup == "active"}, []string{"fingerprint:" + own.Fingerprint(), "setup:" + setup}
	}
	return nil, nil
}

// encryption is the protocol of our offer, and the lines that go with it. What can be answered by plain RTP is offered as that,
// with the lines beside it for those who know them: two m= lines, or capabilities, confuse more than they help.
func (l *Local) encryption() (proto string, lines []string) {
	if l.SRTP == parley.SRTPOff || l.Keys == nil {
		return "RTP/AVP", nil
	}
	proto = "RTP/SAVP"
	if l.SDES {
		for _, c := range l.Keys.offered() {
			lines = append(lines, "crypto:"+c.String())
		}
	} else if own, err := certificate(); err == nil {
		proto = "UDP/TLS/RTP/SAVP"
		lines = append(lines, "fingerprint:"+own.Fingerprint(), "setup:actpass")
	}
	if l.SRTP != parley.SRTPRequired {
		proto = "RTP/AVP"
	}
	return proto, lines
}

// keys are those in the descriptions; none for plain RTP and DTLS.
func (s *Secure) keys() (send, receive srtp.Keys, ok bool) {
	if s == nil || s.Fingerprint != "" {
		return srtp.Keys{}, srtp.Keys{}, false
	}
	return s.Send, s.Receive, true
}

// A lock is the context of one direction; the zero value has none.
type lock struct {
	*srtp.Context
	keys srtp.Keys
}

// set makes the context of keys; the one there is stays when they are the same.
func (l *lock) set(k srtp.Keys) (changed bool) {
	if l.Context != nil && l.keys.Suite == k.Suite && bytes.Equal(l.keys.Master, k.Master) && bytes.Equal(l.keys.Salt, k.Salt) &&
		bytes.Equal(l.keys.MKI, k.MKI) {
		return false
	}
	l.Context, _ = srtp.New(k) // fails for keys of a wrong length only, and then nothing passes
	l.keys = k
	return true
}
