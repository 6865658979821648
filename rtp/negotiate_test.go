package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

var all = []Codec{PCMU, PCMA, G722, Opus}

// without is what was agreed on, but for what the next offer needs.
func without(a Agreed) Agreed {
	a.Before = nil
	return a
}

// answer negotiates an offer's lines against all codecs.
func answer(t *testing.T, change func(*Local), lines ...string) (string, Agreed, error) {
	t.Helper()
	l := us
	l.Codecs = all
	if change != nil {
		change(&l)
	}
	body, a, err := Answer(parse(t, sdp(lines...)), l)
	return string(body), a, err
}

func TestAnswerKeepsTheOfferersOrder(t *testing.T) {
	for _, c := range []struct {
		formats string
		more    []string
		codec   Codec
		pt      uint8
	}{
		{"9 0 8", nil, G722, 9},
		{"8 9", nil, PCMA, 8},
		{"18 96 9", []string{"a=rtpmap:96 opus/48000/2"}, Opus, 96},
		{"18 96 9", []string{"a=rtpmap:96 Opus/48000"}, Opus, 96},
		{"96 9", []string{"a=rtpmap:96 opus/16000/1"}, G722, 9},
		{"9", []string{"a=rtpmap:9 G722/16000"}, G722, 9},
		{"98 0", []string{"a=rtpmap:98 G722/8000/1"}, G722, 98},
		{"98 0", []string{"a=rtpmap:98 G722/8000/2"}, PCMU, 0},
		{"98 8", []string{"a=rtpmap:98 PCMU/8000/2"}, PCMA, 8},
		{"0", []string{"a=rtpmap:0 PCMA/8000"}, PCMA, 0}, // what it says counts, not the number
	} {
		lines := slices.Concat([]string{"c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP " + c.formats}, c.more)
		body, a, err := answer(t, nil, lines...)
		if err != nil || a.Codec != c.codec || a.PayloadType != c.pt {
			t.Errorf("%v: %+v, %v", lines, a, err)
			continue
		}
		if want := fmt.Sprintf("a=rtpmap:%d %s\r\n", c.pt, c.codec.rtpmap()); !strings.Contains(body, want) {
			t.Errorf("%v: no %q in\n%s", lines, want, body)
		}
	}
}

func TestOpusIsAnsweredWithItsParameters(t *testing.T) {
	body, a, err := answer(t, nil, "c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 107 101 102", "a=rtpmap:107 opus/48000/2",
		"a=fmtp:107 stereo=1;usedtx=1", "a=rtpmap:101 telephone-event/8000", "a=rtpmap:102 telephone-event/48000")
	if err != nil || a.Codec != Opus || a.OpusType != 107 || a.DTMFType != 102 || a.DTMFClock != 48000 || a.Tones {
		t.Errorf("%+v, %v", a, err)
	}
	for _, want := range []string{"m=audio 20002 RTP/AVP 107 102\r\n", "a=rtpmap:102 telephone-event/48000\r\n",
		"a=fmtp:107 maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1\r\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
}

// Many have Opus beside events at 8 kHz only, against RFC 4733 §2.4.1; the other way round nobody has.
func TestEventsByTheCodecsClock(t *testing.T) {
	opus := []string{"c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 107 101", "a=rtpmap:107 opus/48000/2", "a=rtpmap:101 telephone-event/8000"}
	if _, a, err := answer(t, nil, opus...); err != nil || a.DTMFType != 101 || a.DTMFClock != 8000 {
		t.Errorf("%+v, %v", a, err)
	}
	wide := []string{"c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 9 101", "a=rtpmap:101 telephone-event/48000"}
	if _, a, err := answer(t, nil, wide...); err != nil || a.DTMFType != 0 || !a.Tones {
		t.Errorf("%+v, %v", a, err)
	}
	none := func(l *Local) { l.NoEvents = true }
	if body, a, err := answer(t, none, opus...); err != nil || a.DTMFType != 0 || !a.Tones || strings.Contains(body, "event") {
		t.Errorf("%+v, %v\n%s", a, err, body)
	}
}

func TestPtimeIsTheFarEnds(t *testing.T) {
	for _, c := range []struct {
		attributes string
		ptime      int
		opus       int
	}{
		{"", 20, 20}, {"a=ptime:10", 10, 10}, {"a=ptime:30", 30, 20}, {"a=ptime:60", 60, 60}, {"a=ptime:50", 50, 40},
		{"a=ptime:20 a=maxptime:10", 10, 10}, {"a=maxptime:60", 20, 20}, {"a=ptime:40 a=maxptime:30", 30, 20},
		{"a=ptime:5", 10, 10}, {"a=ptime:120", 60, 60}, {"a=ptime:0", 20, 20}, {"a=ptime:x", 20, 20}, {"a=ptime:37.5", 30, 20},
		{"a=ptime:20 a=maxptime:3", 10, 10}, {"a=ptime:1e9", 20, 20}, {"a=ptime:NaN", 20, 20}, {"a=ptime:-20", 20, 20},
	} {
		for codec, want := range map[Codec]int{PCMU: c.ptime, Opus: c.opus} {
			lines := append([]string{"c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0 107", "a=rtpmap:107 opus/48000/2"},
				strings.Fields(c.attributes)...)
			body, a, err := answer(t, func(l *Local) { l.Codecs = []Codec{codec} }, lines...)
			if err != nil || a.Ptime != want || !strings.Contains(body, "a=ptime:20\r\n") {
				t.Errorf("%v, %s: %d ms, want %d, %v", codec, c.attributes, a.Ptime, want, err)
			}
		}
	}
}

func TestOfferOfAllCodecs(t *testing.T) {
	l := us
	l.Codecs = []Codec{Opus, G722, PCMU}
	offer := string(Offer(l))
	for _, want := range []string{"m=audio 20002 RTP/AVP 111 9 0 101 110\r\n", "a=rtpmap:111 opus/48000/2\r\n", "a=fmtp:111 " + opusFmtp,
		"a=rtpmap:9 G722/8000\r\n", "a=rtpmap:0 PCMU/8000\r\n", "a=rtpmap:101 telephone-event/8000\r\n", "a=rtpmap:110 telephone-event/48000\r\n"} {
		if !strings.Contains(offer, want) {
			t.Errorf("no %q in\n%s", want, offer)
		}
	}
	l.Codecs = []Codec{Opus}
	if offer := string(Offer(l)); strings.Contains(offer, "event/8000") {
		t.Errorf("events of no codec's clock in\n%s", offer)
	}
	l.NoEvents = true
	if offer := string(Offer(l)); strings.Contains(offer, "event") {
		t.Errorf("events in\n%s", offer)
	}
}

func TestAcceptOfAllCodecs(t *testing.T) {
	l := us
	l.Codecs = all
	for _, c := range []struct {
		lines []string
		want  Agreed
	}{
		{[]string{"m=audio 4000 RTP/AVP 120 121", "a=rtpmap:120 opus/48000/2", "a=rtpmap:121 telephone-event/48000"},
			Agreed{Codec: Opus, PayloadType: 120, OpusType: offeredOpus, Ptime: 20, DTMFType: 121, DTMFReceive: 110, DTMFClock: 48000}},
		{[]string{"m=audio 4000 RTP/AVP 9 111 101", "a=rtpmap:111 opus/48000/2", "a=rtpmap:101 telephone-event/8000", "a=ptime:40"},
			Agreed{Codec: G722, PayloadType: 9, OpusType: offeredOpus, Ptime: 40, DTMFType: 101, DTMFReceive: 101, DTMFClock: 8000}},
		{[]string{"m=audio 4000 RTP/AVP 9"}, Agreed{Codec: G722, PayloadType: 9, Ptime: 20, DTMFReceive: 101, Tones: true}},
	} {
		c.want.Remote, c.want.Send, c.want.Receive = netip.MustParseAddrPort("1.2.3.4:4000"), true, true
		if a, err := Accept(l, parse(t, sdp(append([]string{"c=IN IP4 1.2.3.4"}, c.lines...)...))); err != nil || without(a) != c.want {
			t.Errorf("%v: %v\n%+v, want\n%+v", c.lines, err, a, c.want)
		}
	}
}

func TestParseRTCPAttribute(t *testing.T) {
	for line, want := range map[string]string{
		"a=rtcp:53020 IN IP4 126.16.64.4": "126.16.64.4:53020", "a=rtcp:53020": "invalid AddrPort", "a=rtcp:x": "invalid AddrPort",
		"a=rtcp:53020 IN IP4 host.example": "invalid AddrPort",
	} {
		m := parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0", line)).Media[0]
		if m.RTCP.String() != want || strings.HasPrefix(line, "a=rtcp:53020") != (m.RTCP.Port() == 53020) {
			t.Errorf("%s: %v", line, m.RTCP)
		}
	}
}

// Lines of newer offers that mean nothing to us change nothing.
func TestAnswerPassesOverWhatItDoesNotKnow(t *testing.T) {
	body, a, err := answer(t, nil, "v=0", "o=- 1 1 IN IP4 1.2.3.4", "s=-", "t=0 0", "a=group:BUNDLE 0 1", "a=tcap:1 RTP/SAVPF RTP/SAVP",
		"a=creq:med-v0", "c=IN IP4 1.2.3.4", "b=CT:1000", "k=clear:x", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
		"m=audio 5000 UDPTL t38", "m=audio 4000 RTP/AVP 8", "a=pcfg:1 t=1", "a=ice-ufrag:F7gI", "a=candidate:1 1 UDP 2130706431 10.0.1.1 8998 typ host",
		"a=mid:0", "a=ssrc:1 cname:x", "m=audio 6000 RTP/AVP 0", "m=message 2855 TCP/MSRP *")
	if err != nil || a.Codec != PCMA || a.Remote.Port() != 4000 {
		t.Fatalf("%+v, %v", a, err)
	}
	var got []string
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "m=") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if want := []string{"m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "m=audio 0 UDPTL t38", "m=audio 20002 RTP/AVP 8",
		"m=audio 0 RTP/AVP 0", "m=message 0 TCP/MSRP *"}; !slices.Equal(got, want) {
		t.Errorf("sections\n%s", strings.Join(got, "\n"))
	}
}

func TestRefusedSectionsBringNoControlCharacters(t *testing.T) {
	body, _, err := answer(t, nil, "c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0", "m=im\x00age\x07 5 u\x01dptl t3\x028 \x03 \u017f")
	if err != nil || !strings.Contains(body, "m=image 0 udptl t38\r\n") {
		t.Errorf("%v\n%q", err, body)
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	lo6, pub := netip.IPv6Loopback(), netip.MustParseAddr("203.0.113.9")
	for _, c := range []struct {
		named   string
		peer    netip.Addr
		refused bool
	}{
		{"127.0.0.1", pub, true}, {"127.9.9.9", pub, true}, {"::1", pub, true}, {"::ffff:127.0.0.1", pub, true},
		{"127.0.0.1", loopback, false}, {"127.0.0.1", lo6, false}, {"::1", loopback, false}, {"127.0.0.1", netip.Addr{}, false},
		{"224.0.0.1", pub, true}, {"239.1.2.3", loopback, true}, {"ff02::1", pub, true}, {"ff0e::1", netip.Addr{}, true},
		{"255.255.255.255", pub, true}, {"240.0.0.1", pub, true}, {"0.1.2.3", pub, true},
		{"0.0.0.0", pub, false}, {"::", pub, false}, // a hold
		{"198.51.100.1", pub, false}, {"10.0.0.1", pub, false}, {"2001:db8::1", pub, false},
	} {
		if got := Refused(netip.MustParseAddr(c.named), c.peer); got != c.refused {
			t.Errorf("%s named by %v: refused %v", c.named, c.peer, got)
		}
	}
	if Refused(netip.Addr{}, pub) {
		t.Error("no address is no wrong one")
	}
}

func TestWhereSoundIsSentFirst(t *testing.T) {
	pub, lan := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("10.1.2.3")
	ports := NewPorts(30000, 30100)
	for _, c := range []struct {
		named string
		port  int
		peer  netip.Addr
		to    string // "": refused, "-": wait for packets
	}{
		{"203.0.113.9", 4000, pub, "203.0.113.9:4000"}, {"198.51.100.1", 4000, pub, "198.51.100.1:4000"},
		{"10.0.0.9", 4000, pub, "-"}, {"192.168.1.5", 4000, pub, "-"}, {"100.64.3.3", 4000, pub, "-"}, {"169.254.1.1", 4000, pub, "-"},
		{"fd00::5", 4000, pub, "-"}, {"fe80::5", 4000, pub, "-"},
		{"10.0.0.9", 4000, lan, "10.0.0.9:4000"}, {"10.0.0.9", 4000, loopback, "10.0.0.9:4000"}, {"10.0.0.9", 4000, netip.Addr{}, "10.0.0.9:4000"},
		{"0.0.0.0", 4000, pub, "-"}, {"media.example.com", 4000, pub, "-"},
		{"127.0.0.1", 4000, pub, ""}, {"224.0.0.9", 4000, pub, ""},
		{"198.51.100.7", 20002, pub, ""}, {"198.51.100.7", 20003, pub, ""}, {"198.51.100.7", 30000, pub, ""}, {"198.51.100.7", 30099, lan, ""},
		{"198.51.100.7", 30100, pub, "198.51.100.7:30100"}, {"198.51.100.7", 4000, pub, "198.51.100.7:4000"}, // a neighbour behind our NAT
		{"198.51.100.7", 30000, us.Addr, "198.51.100.7:30000"}, {"198.51.100.7", 30000, loopback, "198.51.100.7:30000"}, // we call ourselves
	} {
		offer := []string{"c=IN IP4 " + c.named, fmt.Sprintf("m=audio %d RTP/AVP 0", c.port)}
		_, a, err := answer(t, func(l *Local) { l.Peer, l.Ports = c.peer, ports }, offer...)
		l := us
		l.Peer, l.Ports = c.peer, ports
		accepted, err2 := Accept(l, parse(t, sdp(offer...)))
		if c.to == "" {
			if !errors.Is(err, ErrAddress) || !errors.Is(err2, ErrAddress) {
				t.Errorf("%s:%d from %v: %v, %v", c.named, c.port, c.peer, err, err2)
			}
			continue
		}
		to := "-"
		if a.Remote.IsValid() {
			to = a.Remote.String()
		}
		if err != nil || err2 != nil || to != c.to || accepted.Remote != a.Remote {
			t.Errorf("%s:%d from %v: %s and %v, want %s; %v", c.named, c.port, c.peer, to, accepted.Remote, c.to, err)
		}
	}
}

func TestPortsKnowTheirOwn(t *testing.T) {
	p := NewPorts(30001, 30101)
	for port, in := range map[int]bool{30001: false, 30002: true, 30003: true, 30101: true, 30102: false, 0: false} {
		if p.Contains(port) != in {
			t.Errorf("%d: %v", port, !in)
		}
	}
	if (*Ports)(nil).Contains(5) {
		t.Error("no ports contain a port")
	}
}
