package rtp

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley/hammer"
)

func sdp(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

func parse(t *testing.T, b []byte) *SDP {
	t.Helper()
	s, err := ParseSDP(b)
	if err != nil {
		t.Fatalf("%v in\n%s", err, b)
	}
	return s
}

var softphone = sdp("v=0", "o=alice 2890844526 2890844527 IN IP4 192.0.2.5", "s=-", "c=IN IP4 192.0.2.5", "t=0 0",
	"m=audio 49170 RTP/AVP 96 0 8 101 13", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 useinbandfec=1", "a=rtpmap:0 PCMU/8000",
	"a=rtpmap:8 PCMA/8000/1", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:30", "a=rtcp-mux", "a=sendrecv")

func TestParseSDP(t *testing.T) {
	s := parse(t, softphone)
	if s.SessionID != 2890844526 || s.Version != 2890844527 || len(s.Media) != 1 {
		t.Fatalf("%+v", s)
	}
	m := s.Media[0]
	if m.Type != "audio" || m.Port != 49170 || m.Proto != "RTP/AVP" || m.Addr.String() != "192.0.2.5" ||
		m.Direction != SendRecv || m.Ptime != 30 || !m.RTCPMux {
		t.Errorf("%+v", m)
	}
	want := []Format{
		{"96", 96, "OPUS", 48000, "useinbandfec=1", 2}, {"0", 0, "PCMU", 8000, "", 0}, {"8", 8, "PCMA", 8000, "", 1},
		{"101", 101, "TELEPHONE-EVENT", 8000, "0-15", 0}, {"13", 13, "CN", 8000, "", 0},
	}
	if !slices.Equal(m.Formats, want) {
		t.Errorf("formats %+v", m.Formats)
	}
}

// What gateways really send, and strict parsers refuse.
func TestParseSDPIsLenient(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		addr string
		dir  Direction
	}{
		"LF only":               {"v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\nc=IN IP4 1.2.3.4\nt=0 0\nm=audio 4000 RTP/AVP 0\n", "1.2.3.4", SendRecv},
		"no s=, no t=":          {"v=0\r\no=- 1 1 IN IP4 9.9.9.9\r\nc=IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\n", "1.2.3.4", SendRecv},
		"b= before c=":          {"v=0\r\ns=-\r\nb=AS:80\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n", "1.2.3.4", SendRecv},
		"spaces in o=":          {"v=0\r\no=Acme PBX 4.1 1 1 IN IP4 1.2.3.4\r\nm=audio 4000 RTP/AVP 0\r\n", "1.2.3.4", SendRecv},
		"only o= has the host":  {"o=- 1 1 IN IP4 1.2.3.4\nm=audio 4000 RTP/AVP 0", "1.2.3.4", SendRecv},
		"c= in the media":       {"c=IN IP4 9.9.9.9\nm=audio 4000 RTP/AVP 0\na=sendonly\nc=IN IP4 1.2.3.4/127", "1.2.3.4", SendOnly},
		"a= for all":            {"c=IN IP4 1.2.3.4\na=inactive\nm=audio 4000 RTP/AVP 0", "1.2.3.4", Inactive},
		"a= for all, then not":  {"c=IN IP4 1.2.3.4\na=inactive\nm=audio 4000 RTP/AVP 0\na=recvonly", "1.2.3.4", RecvOnly},
		"blanks and upper case": {"C = IN IP4 9\nc = IN IP4 1.2.3.4 \nm = AUDIO 4000/1 rtp/avp 0 \na=SENDRECV\n\n\n", "1.2.3.4", SendRecv},
		"old hold":              {"c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0", "0.0.0.0", SendOnly},
		"old hold, inactive":    {"c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na=recvonly", "0.0.0.0", Inactive},
		"IPv6":                  {"c=IN IP6 2001:db8::1\nm=audio 4000 RTP/AVP 0", "2001:db8::1", SendRecv},
		"a name":                {"c=IN IP4 media.example.com\nm=audio 4000 RTP/AVP 0", "invalid IP", SendRecv},
		"rubbish between":       {"hello\n=\na\na=\na=rtpmap\na=rtpmap:\na=rtpmap:0 PCMA/8000\nc=IN IP4 1.2.3.4\nm=audio 4000 RTP/AVP 0\na=rtpmap:7\n", "1.2.3.4", SendRecv},
	} {
		s, err := ParseSDP([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := s.Audio()
		if m == nil {
			t.Errorf("%s: no audio in %+v", name, s)
			continue
		}
		if m.Port != 4000 || m.Addr.String() != c.addr || m.Direction != c.dir || m.Formats[0].Name != "PCMU" {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestParseSDPRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "no media": sdp("v=0", "c=IN IP4 1.2.3.4"),
		"too long": make([]byte, maxSDP+1), "too many media": []byte(strings.Repeat("m=audio 1 RTP/AVP 0\n", maxMedia+1)),
	} {
		if s, err := ParseSDP(b); !errors.Is(err, ErrSDP) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	s := parse(t, []byte("m=audio 1 RTP/AVP"+strings.Repeat(" 0", 1000)))
	if n := len(s.Media[0].Formats); n != maxFormats {
		t.Errorf("%d formats kept", n)
	}
}

var us = Local{Addr: netip.MustParseAddr("198.51.100.7"), Port: 20002, SessionID: 77, Version: 3,
	Codecs: []Codec{PCMU, PCMA}}

func TestAnswer(t *testing.T) {
	body, a, err := Answer(parse(t, softphone), us)
	if err != nil {
		t.Fatal(err)
	}
	want := Agreed{
		Codec: PCMU, PayloadType: 0, Ptime: 30, DTMFType: 101, DTMFReceive: 101, DTMFClock: 8000, RTCPMux: true,
		Remote: netip.MustParseAddrPort("192.0.2.5:49170"), Send: true, Receive: true,
	}
	if without(a) != want {
		t.Errorf("agreed %+v", a)
	}
	if got, want := string(body), string(sdp("v=0", "o=- 77 3 IN IP4 198.51.100.7", "s=-", "c=IN IP4 198.51.100.7", "t=0 0",
		"m=audio 20002 RTP/AVP 0 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-15", "a=rtcp-mux", "a=ptime:20", "a=sendrecv")); got != want {
		t.Errorf("answer\n%s\nwant\n%s", got, want)
	}
}

func TestAnswerRefusesOtherMedia(t *testing.T) {
	offer := parse(t, sdp("v=0", "c=IN IP4 1.2.3.4", "m=image 5004 udptl t38", "a=T38FaxVersion:0", "m=audio 0 RTP/AVP 0",
		"m=audio 4000 RTP/SAVP 0", "m=audio 4002 RTP/AVPF 8 97", "a=rtpmap:97 telephone-event/8000", "m=video 4004 RTP/AVP 99"))
	body, a, err := Answer(offer, us)
	if err != nil {
		t.Fatal(err)
	}
	if a.Codec != PCMA || a.PayloadType != 8 || a.DTMFType != 97 || a.Remote.Port() != 4002 {
		t.Errorf("agreed %+v", a)
	}
	var lines []string
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "m=") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if want := []string{"m=image 0 udptl t38", "m=audio 0 RTP/AVP 0", "m=audio 0 RTP/SAVP 0", "m=audio 20002 RTP/AVPF 8 97",
		"m=video 0 RTP/AVP 99"}; !slices.Equal(lines, want) {
		t.Errorf("sections\n%s", strings.Join(lines, "\n"))
	}
}

func TestAnswerFindsNothingInCommon(t *testing.T) {
	for _, m := range []string{"m=audio 4000 RTP/AVP 18 101", "m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/SAVP 0", "m=image 4000 udptl t38",
		"m=audio 4000 RTP/AVP", "m=audio x RTP/AVP 0", "m=audio 70000 RTP/AVP 0", "m="} {
		if _, _, err := Answer(parse(t, sdp("c=IN IP4 1.2.3.4", m)), us); !errors.Is(err, ErrNoMedia) {
			t.Errorf("%q: %v", m, err)
		}
	}
	only := us
	only.Codecs = []Codec{PCMA}
	if _, _, err := Answer(parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0")), only); !errors.Is(err, ErrNoMedia) {
		t.Errorf("PCMU where only PCMA is allowed: %v", err)
	}
	if _, a, err := Answer(parse(t, softphone), only); err != nil || a.Codec != PCMA {
		t.Errorf("PCMA where only PCMA is allowed: %+v, %v", a, err)
	}
}

func TestAnswerWithDynamicTypesAndWithoutEvents(t *testing.T) {
	_, a, err := Answer(parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 110 111 112", "a=rtpmap:110 PCMA/16000",
		"a=rtpmap:111 pcma/8000", "a=rtpmap:112 telephone-event/48000")), us)
	if err != nil || a.Codec != PCMA || a.PayloadType != 111 || a.DTMFType != 0 {
		t.Errorf("%+v, %v", a, err)
	}
}

// RFC 3264 §6.1: what each side's wish makes of the media.
func TestDirections(t *testing.T) {
	for _, c := range []struct {
		theirs        string
		ours          Direction
		answer        string
		send, receive bool
	}{
		{"sendrecv", SendRecv, "sendrecv", true, true}, {"sendonly", SendRecv, "recvonly", false, true},
		{"recvonly", SendRecv, "sendonly", true, false}, {"inactive", SendRecv, "inactive", false, false},
		{"sendrecv", SendOnly, "sendonly", true, false}, {"sendrecv", Inactive, "inactive", false, false},
		{"sendonly", SendOnly, "inactive", false, false}, {"sendonly", RecvOnly, "recvonly", false, true},
	} {
		l := us
		l.Direction = c.ours
		body, a, err := Answer(parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0", "a="+c.theirs)), l)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), "a="+c.answer+"\r\n") || a.Send != c.send || a.Receive != c.receive {
			t.Errorf("%s, we want %v: send %v, receive %v, answer\n%s", c.theirs, c.ours, a.Send, a.Receive, body)
		}
	}
	_, a, err := Answer(parse(t, sdp("c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0")), us)
	if err != nil || a.Send || !a.Receive || a.Remote.IsValid() {
		t.Errorf("the old hold: %+v, %v", a, err)
	}
}

func TestOfferAndAcceptMeetAnswer(t *testing.T) {
	them := Local{Addr: netip.MustParseAddr("2001:db8::5"), Port: 30000, SessionID: 5, Codecs: []Codec{PCMA}}
	offer := parse(t, Offer(us))
	if offer.SessionID != 77 || offer.Version != 3 || len(offer.Media[0].Formats) != 3 {
		t.Errorf("offer %+v", offer)
	}
	body, theirs, err := Answer(offer, them)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := Accept(us, parse(t, body))
	if err != nil {
		t.Fatal(err)
	}
	if theirs.Remote != netip.AddrPortFrom(us.Addr, 20002) || ours.Remote != netip.AddrPortFrom(them.Addr, 30000) {
		t.Errorf("we send to %v, they to %v", ours.Remote, theirs.Remote)
	}
	theirs.Remote, ours.Remote = netip.AddrPort{}, netip.AddrPort{}
	if want := (Agreed{Codec: PCMA, PayloadType: 8, Ptime: 20, DTMFType: 101, DTMFReceive: 101, DTMFClock: 8000, RTCPMux: true,
		Send: true, Receive: true}); without(ours) != want || without(theirs) != want {
		t.Errorf("ours %+v\ntheirs %+v", ours, theirs)
	}
}

func TestAcceptTakesTheirNumbers(t *testing.T) {
	a, err := Accept(us, parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000")))
	if err != nil || a.DTMFType != 96 || a.DTMFReceive != 101 {
		t.Errorf("%+v, %v", a, err)
	}
	for _, m := range []string{"m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 9"} {
		if a, err := Accept(us, parse(t, sdp("c=IN IP4 1.2.3.4", m))); !errors.Is(err, ErrNoMedia) || a != (Agreed{}) {
			t.Errorf("%q: %+v, %v", m, a, err)
		}
	}
}

// descriptions are what the parser is fuzzed and hammered with.
func descriptions() [][]byte {
	return [][]byte{softphone, Offer(us),
		[]byte("c=IN IP4 10.0.0.1\na=setup:actpass\n" + goodPrint + "\nm=audio 4 UDP/TLS/RTP/SAVPF 0 111\na=rtpmap:111 opus/48000/2\na=maxptime:60\na=rtcp:5 IN IP4 1.1.1.1\n" +
			"m=audio 4 RTP/SAVP 9\n" + oddCrypto + "\n" + goodCrypto + "\n"),
		[]byte("o=a b c 1 2 IN IP4 1.2.3.4\nm=image 5004 udptl t38\nm=audio 1/2 rtp/avp 0 x 101\na=rtpmap:101 telephone-event/8000\na=sendonly"),
	}
}

func FuzzSDP(f *testing.F) {
	for _, b := range descriptions() {
		f.Add(b)
	}
	f.Fuzz(described)
}

func TestHammerSDP(t *testing.T) {
	hammer.Strike(t, descriptions(), func(b []byte) { described(t, b) })
}

var hammerKeys = NewKeys()

func described(t *testing.T, b []byte) {
	s, err := ParseSDP(b)
	if err != nil {
		return
	}
	us := us
	us.Codecs, us.Keys, us.SDES, us.Peer = all, hammerKeys, len(b)%2 == 0, netip.MustParseAddr("203.0.113.9")
	body, a, err := Answer(s, us)
	if err != nil {
		return
	}
	if _, err := Accept(us, s); err != nil && !errors.Is(err, ErrNoMedia) && !errors.Is(err, ErrAddress) {
		t.Fatal(err)
	}
	if a.Codec == 0 || a.DTMFType > 127 || a.PayloadType > 127 {
		t.Fatalf("agreed %+v", a)
	}
	again, err := ParseSDP(body)
	if err != nil || len(again.Media) != len(s.Media) || again.Audio() == nil || bytes.ContainsAny(body, "\x00\x7f") {
		t.Fatalf("answer %q to %q: %v", body, b, err)
	}
	us.Before = a.Before
	offer, err := ParseSDP(Offer(us))
	if err != nil || len(offer.Media) != len(s.Media) || offer.Audio() == nil {
		t.Fatalf("our offer %q after %q: %v", Offer(us), b, err)
	}
	if m := again.Audio(); m.Port != us.Port || m.Addr != us.Addr {
		t.Fatalf("answer %q", body)
	}
}

func BenchmarkAnswer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s, err := ParseSDP(softphone)
		if err == nil {
			_, _, err = Answer(s, us)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleAnswer() {
	offer, err := ParseSDP([]byte("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 8 0 101\na=rtpmap:101 telephone-event/8000\na=sendonly\n"))
	if err != nil {
		return
	}
	_, a, err := Answer(offer, Local{Addr: netip.MustParseAddr("198.51.100.7"), Port: 20000})
	fmt.Println(a.Codec, a.Remote, a.DTMFType, a.Send, a.Receive, err)
	// Output: PCMA 192.0.2.1:4000 101 false true <nil>
}
