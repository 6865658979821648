package webrtc

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/flow"
	"github.com/parley-voice/parley/rtp"
)

// A BrowserConfig is what a Browser is made of. The zero value but for Clock is a browser that knows no relay.
type BrowserConfig struct {
	Codecs  []rtp.Codec // those that browsers have, when empty
	Relays  []Relay
	Relayed bool // it is reached by a relay or not at all
	Clock   *leg.Clock
}

// A Browser is the far end of a call, for measurements and tests: an offer, ICE as the controlling side, and the flow of a leg.
type Browser struct {
	*flow.Flow
	conf  BrowserConfig
	agent *ice.Agent
	local rtp.Local
	offer []byte
	way   *wire
}

// NewBrowser gathers its addresses and makes an offer. Close it.
func NewBrowser(ctx context.Context, c BrowserConfig) (b *Browser, err error) {
	b = &Browser{conf: c}
	if len(c.Codecs) == 0 {
		b.conf.Codecs = codecs
	}
	urls, err := uris(c.Relays, "browser")
	if err != nil {
		return nil, err
	}
	types := []ice.CandidateType{ice.CandidateTypeHost}
	switch {
	case c.Relayed:
		types = []ice.CandidateType{ice.CandidateTypeRelay}
	case len(urls) > 0:
		types = append(types, ice.CandidateTypeServerReflexive, ice.CandidateTypeRelay)
	}
	if b.agent, err = ice.NewAgentWithOptions(ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithIncludeLoopback(),
		ice.WithCandidateTypes(types), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled), ice.WithLoggerFactory(quiet), ice.WithUrls(urls),
		ice.WithRelayAcceptanceMinWait(0), ice.WithPrflxAcceptanceMinWait(0), ice.WithSrflxAcceptanceMinWait(0)); err != nil {
		return nil, fmt.Errorf("beginning ICE: %w", err)
	}
	defer func() {
		if err != nil {
			_ = b.agent.Close()
		}
	}()
	candidates, err := gather(ctx, b.agent, browserGathers)
	if err != nil {
		return nil, err
	}
	ufrag, pwd, err := b.agent.GetLocalUserCredentials()
	if err != nil {
		return nil, err
	}
	b.local = rtp.Local{Addr: netip.IPv4Unspecified(), Port: 9, SessionID: 1, Codecs: b.conf.Codecs, SRTP: "required", Keys: rtp.NewKeys()}
	s := strings.Replace(string(rtp.Offer(b.local)), "UDP/TLS/RTP/SAVP ", "UDP/TLS/RTP/SAVPF ", 1)
	s += fmt.Sprintf("a=mid:%s\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", browserMid, ufrag, pwd)
	for _, c := range candidates {
		s += "a=candidate:" + c.Marshal() + "\r\n"
	}
	b.offer = []byte(s)
	return b, nil
}

const (
	browserMid     = "sound"
	browserGathers = 5 * time.Second
)

// Offer is what a server is to be sent.
func (b *Browser) Offer() []byte { return b.offer }

// Connect takes the answer and finds a way to it; the flow has begun when it returns.
func (b *Browser) Connect(ctx context.Context, answer []byte) error {
	theirs, ok := outsetOf(answer)
	if !ok || len(theirs.mids) == 0 || theirs.mids[0] != browserMid || !strings.Contains(string(answer), "a=group:BUNDLE "+browserMid+"\r\n") {
		return errors.New("the answer is none that a browser takes")
	}
	for _, c := range theirs.candidates {
		far, err := ice.UnmarshalCandidate(c)
		if err != nil {
			return fmt.Errorf("a candidate of the answer: %w", err)
		}
		if err := b.agent.AddRemoteCandidate(far); err != nil {
			return fmt.Errorf("a candidate of the answer: %w", err)
		}
	}
	sdp, err := rtp.ParseSDP(answer)
	if err != nil {
		return err
	}
	agreed, err := rtp.Accept(b.local, sdp)
	if err != nil {
		return err
	}
	conn, err := b.agent.Dial(ctx, theirs.ufrag, theirs.pwd)
	if err != nil {
		return fmt.Errorf("no way to the server was found: %w", err)
	}
	agreed.Remote = far
	b.way = &wire{agent: b.agent, conn: conn, seen: new(sights)}
	b.Flow = flow.New(rtp.OpenOn(b.way, netip.AddrPort{}), b.conf.Clock, leg.Limits{})
	b.Begin(agreed)
	return nil
}

// Way is how the sound goes, after Connect: the types of our candidate and of theirs, such as relay and host.
func (b *Browser) Way() (ours, theirs string) {
	pair, err := b.agent.GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return "", ""
	}
	return pair.Local.Type().String(), pair.Remote.Type().String()
}

// Seen is when the last datagram of DTLS came that stands before the first packet of sound, and when that one came; zero: not yet.
func (b *Browser) Seen() (keys, sound time.Time) { return b.way.seen.keys(), b.way.seen.sound() }

// Close ends the flow, if it has begun, and ICE.
func (b *Browser) Close() {
	if b.Flow != nil {
		b.Stop()
	}
	_ = b.agent.Close()
}

// sights are moments at which datagrams came, in Unix nanoseconds; 0: none yet.
type sights struct{ dtls, rtp atomic.Int64 }

// see takes one of them (RFC 7983 §7).
func (s *sights) see(b []byte) {
	switch {
	case len(b) == 0 || s.rtp.Load() != 0:
	case b[0] >= 20 && b[0] <= 63:
		s.dtls.Store(time.Now().UnixNano())
	case len(b) > 1 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223): // not RTCP (RFC 5761 §4)
		s.rtp.Store(time.Now().UnixNano())
	}
}

func (s *sights) keys() time.Time  { return moment(s.dtls.Load()) }
func (s *sights) sound() time.Time { return moment(s.rtp.Load()) }

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
