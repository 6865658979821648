package rtp

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// lines of a description that begin with one of the words.
func linesOf(b []byte, words ...string) (out []string) {
	for line := range strings.Lines(string(b)) {
		for _, w := range words {
			if strings.HasPrefix(line, w) {
				out = append(out, strings.TrimSpace(line))
			}
		}
	}
	return out
}

// RFC 3264 §8: an offer in a call keeps the sections in their places, and what the payload types mean.
func TestOffersInACallKeepWhatThereIs(t *testing.T) {
	for _, c := range []struct {
		name string
		far  []string
		want []string // of the m= and rtpmap lines
	}{
		{"fax and video beside", []string{"m=image 5000 udptl t38", "m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", "m=video 6000 RTP/AVP 99"},
			[]string{"m=image 0 udptl t38", "m=audio 20002 RTP/AVP 0 9 8 101", "a=rtpmap:0 PCMU/8000", "a=rtpmap:9 G722/8000", "a=rtpmap:8 PCMA/8000",
				"a=rtpmap:101 telephone-event/8000", "m=video 0 RTP/AVP 99"}},
		{"its own numbers", []string{"m=audio 4000 RTP/AVPF 96 8 97 98", "a=rtpmap:96 telephone-event/8000", "a=rtpmap:97 opus/48000/2", "a=rtpmap:98 telephone-event/48000"},
			[]string{"m=audio 20002 RTP/AVPF 8 97 9 0 96 98", "a=rtpmap:8 PCMA/8000", "a=rtpmap:97 opus/48000/2", "a=rtpmap:9 G722/8000",
				"a=rtpmap:0 PCMU/8000", "a=rtpmap:96 telephone-event/8000", "a=rtpmap:98 telephone-event/48000"}},
		{"our numbers mean something else to it", []string{"m=audio 4000 RTP/AVP 8 101 111", "a=rtpmap:101 iLBC/8000", "a=rtpmap:111 opus/48000/2"},
			[]string{"m=audio 20002 RTP/AVP 8 111 9 0 102 110", "a=rtpmap:8 PCMA/8000", "a=rtpmap:111 opus/48000/2", "a=rtpmap:9 G722/8000",
				"a=rtpmap:0 PCMU/8000", "a=rtpmap:102 telephone-event/8000", "a=rtpmap:110 telephone-event/48000"}},
	} {
		l := us
		l.Codecs = nil
		_, a, err := Answer(parse(t, sdp(append([]string{"c=IN IP4 1.2.3.4"}, c.far...)...)), l)
		if err != nil {
			t.Fatal(err)
		}
		l.Before = a.Before
		offer := Offer(l)
		if got := linesOf(offer, "m=", "a=rtpmap"); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%s", c.name, strings.Join(got, "\n"))
		}
		// the far end answers with the numbers offered
		body, theirs, err := Answer(parse(t, offer), Local{Addr: us.Addr, Port: 4000})
		if err != nil {
			t.Fatal(err)
		}
		ours, err := Accept(l, parse(t, body))
		if err != nil || ours.Codec != a.Codec && ours.Codec != theirs.Codec || ours.DTMFReceive != theirs.DTMFType || ours.Remote.Port() != 4000 {
			t.Errorf("%s: %+v, %v", c.name, ours, err)
		}
	}
}

// However full its numbers are, an offer has some.
func TestNumbersWhereNoneIsFree(t *testing.T) {
	l := us
	l.Codecs, l.Before = all, &Before{proto: "RTP/AVP", used: [2]uint64{1<<64 - 1, 1<<64 - 1}}
	if n := l.numbers(); n != (numbers{offeredOpus, offeredEvents, offeredWideEvents}) {
		t.Errorf("%+v", n)
	}
}

func TestOffersInACallKeepItsProtocol(t *testing.T) {
	for _, c := range []struct {
		proto, line, mode string
		sdes              bool
		want              string
	}{
		{"RTP/AVP", goodCrypto, parley.SRTPRequired, true, "RTP/AVP"}, // the far end's best effort goes on as it began
		{"RTP/SAVPF", goodCrypto, parley.SRTPRequired, true, "RTP/SAVPF"},
		{"UDP/TLS/RTP/SAVPF", goodPrint, parley.SRTPRequired, false, "UDP/TLS/RTP/SAVPF"},
		{"RTP/AVPF", "a=x", parley.SRTPOff, true, "RTP/AVPF"},
		{"RTP/SAVP", goodCrypto, parley.SRTPOff, true, "RTP/AVP"}, // nothing says that it is encrypted
		{"UDP/TLS/RTP/SAVP", goodPrint, parley.SRTPRequired, true, "RTP/SAVP"},
	} {
		l := secured(parley.SRTPOff, true)
		_, a, err := Answer(parse(t, sdp("c=IN IP4 1.2.3.4", "m=audio 4000 "+c.proto+" 0", c.line)), l)
		if err != nil {
			t.Fatal(err)
		}
		l.Before, l.SRTP, l.SDES = a.Before, c.mode, c.sdes
		if got := linesOf(Offer(l), "m=")[0]; !strings.HasPrefix(got, "m=audio 20002 "+c.want+" ") {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
