package rtp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/rtp/srtp"
)

const (
	goodCrypto = "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	oddCrypto  = "a=crypto:3 F8_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	goodPrint  = "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"
)

// secured is our side with keys.
func secured(mode string, sdes bool) Local {
	l := us
	l.SRTP, l.SDES, l.Keys = mode, sdes, NewKeys()
	return l
}

func TestWhatIsAnsweredToEncryption(t *testing.T) {
	off, optional, required := parley.SRTPOff, parley.SRTPOptional, parley.SRTPRequired
	for _, c := range []struct {
		proto, lines, mode string
		sdes               bool
		want               string // plain, sdes, dtls, "": refused
	}{
		{"RTP/AVP", "", off, true, "plain"}, {"RTP/AVP", "", optional, true, "plain"}, {"RTP/AVP", "", required, true, ""},
		{"RTP/SAVP", goodCrypto, off, true, "sdes"}, {"rtp/savpf", goodCrypto, optional, true, "sdes"}, {"RTP/SAVP", goodCrypto, required, true, "sdes"},
		{"RTP/SAVP", goodCrypto, off, false, ""}, {"RTP/SAVP", goodCrypto, required, false, ""}, // the keys are there for all to read
		{"RTP/SAVP", oddCrypto, required, true, ""}, {"RTP/SAVP", "", required, true, ""}, {"RTP/SAVP", "a=crypto:x", off, true, ""},
		{"RTP/SAVP", oddCrypto + " " + goodCrypto, off, true, "sdes"},
		{"RTP/AVP", goodCrypto, off, true, "sdes"}, {"RTP/AVP", goodCrypto, required, true, "sdes"}, // the far end's best effort
		{"RTP/AVP", goodCrypto, off, false, "plain"}, {"RTP/AVP", goodCrypto, required, false, ""},
		{"UDP/TLS/RTP/SAVP", goodPrint, off, false, "dtls"}, {"UDP/TLS/RTP/SAVPF", goodPrint, required, true, "dtls"},
		{"UDP/TLS/RTP/SAVPF", "", off, true, ""}, {"UDP/TLS/RTP/SAVP", "a=fingerprint:sha-256 00:11", off, true, ""},
		{"UDP/TLS/RTP/SAVP", goodCrypto, off, true, ""},
		{"RTP/SAVPF", goodPrint, off, false, "dtls"}, {"RTP/SAVP", goodCrypto + " " + goodPrint, off, false, "dtls"},
		{"RTP/SAVP", goodCrypto + " " + goodPrint, off, true, "sdes"},
		{"RTP/AVP", goodPrint, off, false, "plain"}, {"RTP/AVP", goodPrint, optional, false, "dtls"}, {"RTP/AVP", goodPrint, required, false, "dtls"},
	} {
		text := "c=IN IP4 1.2.3.4\nm=audio 4000 " + c.proto + " 0\n" + strings.ReplaceAll(c.lines, " a=", "\na=") + "\n"
		body, a, err := Answer(parse(t, []byte(text)), secured(c.mode, c.sdes))
		got := "plain"
		switch {
		case err != nil:
			got = ""
		case a.Secure != nil && a.Secure.Fingerprint != "":
			got = "dtls"
		case a.Secure != nil:
			got = "sdes"
		}
		if got != c.want || err != nil && !errors.Is(err, ErrNoMedia) {
			t.Errorf("%s with %q, mode %q, SDES %v: %q, %v", c.proto, c.lines, c.mode, c.sdes, got, err)
			continue
		}
		if err == nil && !strings.Contains(string(body), "m=audio 20002 "+strings.ToUpper(c.proto)+" 0\r\n") {
			t.Errorf("%s is answered by\n%s", c.proto, body)
		}
		for line, way := range map[string]string{"a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:": "sdes", "a=fingerprint:sha-256 ": "dtls", "a=setup:active\r\n": "dtls"} {
			if strings.Contains(string(body), line) != (got == way) {
				t.Errorf("%s with %q: the answer to %s is\n%s", c.proto, c.lines, got, body)
			}
		}
	}
}

func TestWithoutKeysThereIsNoEncryption(t *testing.T) {
	l := us
	l.SDES, l.SRTP = true, parley.SRTPOptional
	if _, _, err := Answer(parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/SAVP 0", goodCrypto)), l); !errors.Is(err, ErrNoMedia) {
		t.Error(err)
	}
	if offer := string(Offer(l)); !strings.Contains(offer, "RTP/AVP ") || strings.Contains(offer, "crypto") {
		t.Error(offer)
	}
}

// Many telephones that can do both offer both, in two sections.
func TestTheFirstSectionThatCanBe(t *testing.T) {
	lines := []string{"c=IN IP4 1.2.3.4", "m=audio 4000 RTP/SAVP 0", goodCrypto, "m=audio 5000 RTP/AVP 0", "m=audio 6000 RTP/AVP 8"}
	body, a, err := Answer(parse(t, sdp(lines...)), secured(parley.SRTPOff, true))
	if err != nil || a.Remote.Port() != 4000 || a.Secure == nil || !strings.Contains(string(body), "m=audio 0 RTP/AVP 0\r\nm=audio 0 RTP/AVP 8\r\n") {
		t.Errorf("%+v, %v\n%s", a, err, body)
	}
	body, a, err = Answer(parse(t, sdp(lines...)), secured(parley.SRTPOff, false))
	if err != nil || a.Remote.Port() != 5000 || a.Secure != nil || !strings.Contains(string(body), "m=audio 0 RTP/SAVP 0\r\nm=audio 20002 RTP/AVP 0\r\n") {
		t.Errorf("%+v, %v\n%s", a, err, body)
	}
}

func TestOffersOfEncryption(t *testing.T) {
	for _, c := range []struct {
		mode        string
		sdes        bool
		proto       string
		crypto, tls bool
	}{
		{parley.SRTPOff, true, "RTP/AVP", false, false}, {parley.SRTPOptional, true, "RTP/AVP", true, false},
		{parley.SRTPOptional, false, "RTP/AVP", false, true}, {parley.SRTPRequired, true, "RTP/SAVP", true, false},
		{parley.SRTPRequired, false, "UDP/TLS/RTP/SAVP", false, true},
	} {
		l := secured(c.mode, c.sdes)
		offer := string(Offer(l))
		if !strings.Contains(offer, "m=audio 20002 "+c.proto+" ") || strings.Contains(offer, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:") != c.crypto ||
			strings.Contains(offer, "a=setup:actpass\r\n") != c.tls || strings.Contains(offer, "a=fingerprint:sha-256 ") != c.tls {
			t.Errorf("mode %q, SDES %v:\n%s", c.mode, c.sdes, offer)
		}
		if again := string(Offer(l)); again != offer {
			t.Errorf("the keys change from offer to offer:\n%s", again)
		}
	}
}

// What two of us make of each other's descriptions fits together, in every mode that meets.
func TestEncryptedOfferAndAnswer(t *testing.T) {
	for _, c := range []struct {
		ours, theirs string
		sdes         bool
		want         string
	}{
		{parley.SRTPOff, parley.SRTPOff, true, "plain"}, {parley.SRTPOptional, parley.SRTPOff, true, "sdes"},
		{parley.SRTPRequired, parley.SRTPRequired, true, "sdes"}, {parley.SRTPOptional, parley.SRTPOptional, false, "dtls"},
		{parley.SRTPRequired, parley.SRTPOff, false, "dtls"}, {parley.SRTPOff, parley.SRTPRequired, true, ""},
	} {
		ours, theirs := secured(c.ours, c.sdes), secured(c.theirs, c.sdes)
		body, at, err := Answer(parse(t, Offer(ours)), theirs)
		if (err != nil) != (c.want == "") {
			t.Errorf("%+v: %v", c, err)
		}
		if err != nil {
			continue
		}
		a, err := Accept(ours, parse(t, body))
		if err != nil {
			t.Errorf("%+v: %v\n%s", c, err, body)
			continue
		}
		switch c.want {
		case "plain":
			if a.Secure != nil || at.Secure != nil {
				t.Errorf("%+v: %+v and %+v", c, a.Secure, at.Secure)
			}
		case "sdes":
			if a.Secure == nil || at.Secure == nil || !bytes.Equal(a.Secure.Send.Master, at.Secure.Receive.Master) ||
				!bytes.Equal(a.Secure.Receive.Salt, at.Secure.Send.Salt) || bytes.Equal(a.Secure.Send.Master, a.Secure.Receive.Master) {
				t.Errorf("%+v: %+v and %+v", c, a.Secure, at.Secure)
			}
		case "dtls":
			if a.Secure == nil || at.Secure == nil || a.Secure.Fingerprint == "" || a.Secure.Active == at.Secure.Active {
				t.Errorf("%+v: %+v and %+v", c, a.Secure, at.Secure)
			}
		}
	}
}

func TestAnswersThatDoNotFitTheOffer(t *testing.T) {
	l := secured(parley.SRTPRequired, true)
	Offer(l)
	for name, lines := range map[string][]string{
		"a tag that was not offered": {"m=audio 4000 RTP/SAVP 0", strings.Replace(goodCrypto, ":7", ":9", 1)},
		"a tag of another suite":     {"m=audio 4000 RTP/SAVP 0", strings.Replace(goodCrypto, ":7", ":2", 1)},
		"plain":                      {"m=audio 4000 RTP/AVP 0"},
		"no key":                     {"m=audio 4000 RTP/SAVP 0"},
	} {
		if _, err := Accept(l, parse(t, sdp(append([]string{"c=IN IP4 1.2.3.4"}, lines...)...))); !errors.Is(err, ErrNoMedia) {
			t.Errorf("%s: %v", name, err)
		}
	}
	off := secured(parley.SRTPOff, true)
	if a, err := Accept(off, parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0", strings.Replace(goodCrypto, ":7", ":1", 1)))); err != nil || a.Secure != nil {
		t.Errorf("keys that nobody asked for: %+v, %v", a, err)
	}
}

func TestRolesInDTLS(t *testing.T) {
	offer := func(setup string) *SDP {
		return parse(t, sdp("c=IN IP4 10.0.0.1", "m=audio 4000 UDP/TLS/RTP/SAVP 0", goodPrint, setup))
	}
	for _, c := range []struct {
		setup  string
		peer   string
		active bool
	}{
		{"a=setup:actpass", "10.0.0.9", true}, {"a=setup:active", "10.0.0.9", false}, {"a=setup:PASSIVE", "10.0.0.9", true}, {"a=x", "10.0.0.9", true},
		{"a=setup:actpass", "203.0.113.9", false}, // behind a NAT: it must speak first
	} {
		l := secured(parley.SRTPOff, false)
		l.Peer = netip.MustParseAddr(c.peer)
		body, a, err := Answer(offer(c.setup), l)
		if err != nil || a.Secure.Active != c.active || strings.Contains(string(body), "a=setup:active") != c.active {
			t.Errorf("%s from %s: %+v, %v\n%s", c.setup, c.peer, a.Secure, err, body)
		}
		if _, again, err := Answer(offer("a=setup:actpass"), l); err != nil || again.Secure.Active != c.active {
			t.Errorf("%s: the role changes in a re-INVITE: %+v, %v", c.setup, again.Secure, err)
		}
	}
}

// Fingerprints may stand above all sections, or in one.
func TestFingerprintsOfTheSession(t *testing.T) {
	s := parse(t, sdp("c=IN IP4 1.2.3.4", goodPrint, "a=setup:active", "m=audio 4000 UDP/TLS/RTP/SAVP 0", "a=fingerprint:md5 00", "m=audio 5000 UDP/TLS/RTP/SAVP 8"))
	if a, b := s.Media[0], s.Media[1]; len(a.Fingerprints) != 2 || len(b.Fingerprints) != 1 || a.Setup != "active" || b.Setup != "active" {
		t.Errorf("%+v", s.Media)
	}
	if _, a, err := Answer(s, secured(parley.SRTPOff, false)); err != nil || a.Secure.Active {
		t.Errorf("%+v, %v", a, err)
	}
}

// encrypted gives two agreed descriptions with each other's keys.
func encrypted(t testing.TB, s srtp.Suite) (ours, theirs Agreed) {
	t.Helper()
	a, b := srtp.NewCrypto(1, s), srtp.NewCrypto(1, s)
	ours, theirs = agreed, agreed
	ours.Secure, theirs.Secure = &Secure{Send: a.Keys, Receive: b.Keys}, &Secure{Send: b.Keys, Receive: a.Keys}
	return ours, theirs
}

func TestNothingUnauthenticatedIsTaken(t *testing.T) {
	ours, theirs := encrypted(t, srtp.AES_CM_128_HMAC_SHA1_80)
	e := newEar(ours)
	seal, err := srtp.New(theirs.Secure.Send)
	if err != nil {
		t.Fatal(err)
	}
	tone := audio.Sine(700, clock, -6)
	var last []byte
	for i := range 50 {
		p := Packet{SSRC: 5, Sequence: uint16(i), Timestamp: uint32(i * slot), Payload: voice(tone, PCMU)}
		sealed, err := seal.Seal(nil, p.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		last = slices.Clone(sealed)
		e.take(e.now, named, sealed, e.emit)
		for k := range 20 { // a spray beside it, from everywhere, the far end's own address as well
			from := []netip.AddrPort{stranger, natted, named, netip.AddrPortFrom(named.Addr(), 4999)}[k%4]
			e.hear(from, Packet{SSRC: uint32(k % 3), Sequence: uint16(i*20 + k), Timestamp: uint32(i * slot), Payload: make([]byte, slot)})
		}
		e.take(e.now, named, slices.Clone(last), e.emit) // again
		e.step()
	}
	if s := e.stats(); s.Received != 50 || s.Lost+s.Late+s.Duplicate != 0 || s.Foreign != 50*15 || s.Invalid != 50*6 || e.whole() != 50 {
		t.Errorf("%d frames, %+v", e.whole(), s)
	}
	if share := e.share(700, 5, 45); share < 0.95 {
		t.Errorf("the tone has %.2f of the energy", share)
	}
	p := Packet{SSRC: 5, Sequence: 50, Timestamp: 50 * slot, Payload: voice(tone, PCMU)}
	sealed, _ := seal.Seal(nil, p.Append(nil))
	if learnt := e.take(e.now, natted, sealed, e.emit); learnt != natted {
		t.Errorf("the far end has moved, and is not followed: %v", learnt)
	}
}

func TestNothingBeforeTheKeys(t *testing.T) {
	a := agreed
	a.Secure = &Secure{Fingerprint: strings.TrimPrefix(goodPrint, "a=fingerprint:")}
	e := newEar(a)
	e.hear(named, Packet{Payload: make([]byte, slot)})
	if s := e.stats(); s.Received != 0 || s.Foreign != 1 {
		t.Errorf("%+v", s)
	}
	s, w := calling(t, func(b *Agreed) { b.Secure = a.Secure })
	var f audio.Frame
	tick(t, s, &f)
	s.report(false)
	if st := s.Stats(); st.Sent != 0 || st.Encrypted {
		t.Errorf("%+v", st)
	}
	w.SetReadDeadline(time.Now().Add(20 * ms))
	if n, err := w.Read(make([]byte, 99)); err == nil {
		t.Errorf("%d bytes were sent", n)
	}
}

// ends are two streams that hear each other's tone; it returns when both have heard half a second of it.
func ends(t *testing.T, agree func(i int, a *Agreed)) [2]*Stream {
	t.Helper()
	s := [2]*Stream{open(t), open(t)}
	var heard [2]chan []int16
	for i := range s {
		a := agreed
		a.RTCPMux = true
		a.Remote = netip.AddrPortFrom(loopback, uint16(s[1-i].LocalPort()))
		agree(i, &a)
		s[i].Start(a)
		heard[i] = make(chan []int16, 1)
		var pcm []int16
		emit := func(r Received) {
			if r.Kind != Frame || r.Concealed {
				return
			}
			if pcm = append(pcm, r.Frame[:]...); len(pcm) >= audio.Rate/2 {
				select {
				case heard[i] <- pcm:
				default:
				}
				pcm = nil
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s[i].Receive(emit)
		}()
		t.Cleanup(func() { s[i].Close(); <-done })
	}
	tones := [2]*audio.Tone{audio.Sine(440, audio.Rate, -6), audio.Sine(620, audio.Rate, -6)}
	var got [2][]int16
	for n := 0; (got[0] == nil || got[1] == nil) && n < 3000; n++ {
		for i := range s {
			var f audio.Frame
			tones[i].Fill(f[:])
			tick(t, s[i], &f)
			select {
			case pcm := <-heard[i]:
				got[i] = pcm
			default:
			}
		}
		time.Sleep(20 * ms)
	}
	for i := range got {
		best := 0.0 // of 100 ms: a test that comes late is made up for by cuts
		for at := 0; at+5*audio.Samples <= len(got[i]); at += audio.Samples {
			best = max(best, audio.Goertzel(got[i][at:][:5*audio.Samples], []float64{620, 440}[i], audio.Rate))
		}
		if best < 0.95 {
			t.Errorf("end %d heard %.2f of the other's tone in %d samples", i, best, len(got[i]))
		}
		if st := s[i].Stats(); !st.Encrypted || st.Foreign != 0 {
			t.Errorf("end %d: %+v", i, st)
		}
	}
	return s
}

func TestTwoStreamsWithKeysInTheDescriptions(t *testing.T) {
	for _, suite := range srtp.Suites() {
		ours, theirs := encrypted(t, suite)
		s := ends(t, func(i int, a *Agreed) { a.Secure = []*Secure{ours.Secure, theirs.Secure}[i] })
		s[0].report(false)
		for tries := 0; ; tries++ {
			s[1].rtcp.mu.Lock()
			heard := s[1].rtcp.lastSR != 0
			s[1].rtcp.mu.Unlock()
			if heard {
				break
			}
			if tries == 1000 {
				t.Fatalf("%v: no report came", suite)
			}
			time.Sleep(ms)
		}
	}
}

func TestTwoStreamsWithDTLS(t *testing.T) {
	own, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	s := ends(t, func(i int, a *Agreed) { a.Secure = &Secure{Fingerprint: own.Fingerprint(), Active: i == 0} })
	// A re-INVITE that changes nothing of it goes on with the same keys; the last flight is said again to who asks for it.
	seal := s[0].out.seal.Context
	s[0].Update(s[0].out.agreed)
	if s[0].out.seal.Context != seal || s[0].dtls.line != nil {
		t.Error("the keys changed")
	}
	s[1].dtls.take(s[1].conn, netip.AddrPortFrom(loopback, uint16(s[0].LocalPort())), append([]byte{22, 254, 253}, make([]byte, 40)...))
	if st := s[0].Stats(); st.Invalid != 0 {
		t.Errorf("%+v", st)
	}
}

func TestDTLSWithAnotherCertificate(t *testing.T) {
	own, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	var s [2]*Stream
	for i := range s {
		s[i] = openPair(t)
	}
	var done [2]chan error
	for i := range s {
		done[i] = make(chan error, 1)
		a := agreed
		a.Remote = netip.AddrPortFrom(loopback, uint16(s[1-i].LocalPort()))
		a.Secure = &Secure{Fingerprint: own.Fingerprint(), Active: i == 0}
		if i == 1 {
			a.Secure.Fingerprint = strings.TrimPrefix(goodPrint, "a=fingerprint:")
		}
		s[i].Start(a)
		go func() { done[i] <- s[i].Receive(func(Received) {}) }()
	}
	if err := <-done[1]; !errors.Is(err, srtp.ErrFingerprint) { // refuses what it is shown, and says so
		t.Error(err)
	}
	if st := s[1].Stats(); st.Encrypted || s[1].in.open.Context != nil {
		t.Errorf("%+v", st)
	}
	for i := range s {
		s[i].Close()
	}
	<-done[0] // with no handshake left
}

func TestNewKeysBeginANewSource(t *testing.T) {
	ours, _ := encrypted(t, srtp.AES_CM_128_HMAC_SHA1_80)
	other, _ := encrypted(t, srtp.AEAD_AES_128_GCM)
	s, w := calling(t, func(a *Agreed) { a.Secure = ours.Secure })
	var f audio.Frame
	tick(t, s, &f)
	first := w.read()
	again := s.out.agreed
	again.Secure = &Secure{Send: ours.Secure.Send, Receive: ours.Secure.Receive}
	s.Update(again)
	tick(t, s, &f)
	if p := w.read(); p.SSRC != first.SSRC || p.Sequence != first.Sequence+1 {
		t.Errorf("the same keys: %d at %d after %d at %d", p.SSRC, p.Sequence, first.SSRC, first.Sequence)
	}
	again.Secure = other.Secure
	s.Update(again)
	tick(t, s, &f)
	if p := w.read(); p.SSRC == first.SSRC {
		t.Error("other keys, the same source")
	}
	again.Secure = nil
	s.Update(again)
	tick(t, s, &f)
	if p := w.read(); len(p.Payload) != slot {
		t.Errorf("plain again: %d bytes", len(p.Payload))
	}
}

func TestSRTPAllocatesNothing(t *testing.T) {
	if detected {
		t.Skip("the ciphers' pools forget at random")
	}
	for _, suite := range srtp.Suites() {
		a := encryptedLoop(t, suite)
		if n := testing.AllocsPerRun(100, a); n != 0 {
			t.Errorf("%v: %v allocations per packet", suite, n)
		}
	}
}

// encryptedLoop sends a packet and takes it, encrypted, without the system calls.
func encryptedLoop(t testing.TB, suite srtp.Suite) func() {
	ours, theirs := encrypted(t, suite)
	in := receiver{buffer: newJitter()}
	in.agree(theirs)
	now := in.start
	s := newSender(nil)
	s.agree(ours)
	emit := func(Received) {}
	p := Packet{Payload: make([]byte, slot), SSRC: 3}
	return func() {
		now = now.Add(audio.FrameDur)
		p.Sequence++
		p.Timestamp += slot
		p.Payload = s.packet[headerLen:][:slot]
		b := p.Append(s.packet[:0])
		b, err := s.seal.Seal(b[:0], b)
		if err != nil {
			t.Fatal(err)
		}
		in.take(now, named, b, emit)
	}
}

func BenchmarkSRTP(b *testing.B) {
	for _, suite := range srtp.Suites() {
		b.Run(suite.String()+"/seal+open+stream", func(b *testing.B) {
			loop := encryptedLoop(b, suite)
			b.ReportAllocs()
			for b.Loop() {
				loop()
			}
		})
	}
	b.Run("none", func(b *testing.B) {
		in := receiver{buffer: newJitter()}
		in.agree(agreed)
		now, p, buf := in.start, Packet{Payload: make([]byte, slot), SSRC: 3}, make([]byte, 0, 300)
		for b.Loop() {
			now = now.Add(audio.FrameDur)
			p.Sequence++
			p.Timestamp += slot
			in.take(now, named, p.Append(buf[:0]), func(Received) {})
		}
	})
}

func TestDatagramsOfAHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		d := newDatagrams(func(b []byte) { sent = append(sent, string(b)) })
		for i := range 2 * flightsWait {
			d.put([]byte{byte(i)})
		}
		b := make([]byte, 10)
		for i := range flightsWait {
			if n, err := d.Read(b); n != 1 || err != nil || b[0] != byte(i) {
				t.Fatalf("%d, %v: %d", n, err, b[0])
			}
		}
		d.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := d.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		if _, err := d.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		d.SetDeadline(time.Time{})
		go func() {
			time.Sleep(time.Second)
			d.SetReadDeadline(time.Unix(1, 0)) // while Read waits
		}()
		if _, err := d.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		d.SetDeadline(time.Time{})
		if n, err := d.Write([]byte("x")); n != 1 || err != nil || len(sent) != 1 {
			t.Errorf("%d, %v, %q", n, err, sent)
		}
		go d.Close()
		if _, err := d.Read(b); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if _, err := d.Write(b); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
