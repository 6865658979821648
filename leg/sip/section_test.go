package sip

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley/leg"
)

// TestOurOfferKeepsTheSections: a description of ours in a call has the far end's sections where they stood (RFC 3264 §8).
func TestOurOfferKeepsTheSections(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	next(t, legs)
	fax := strings.Replace(p.sdp(""), "m=audio", "m=image 5000 udptl t38\r\nm=audio", 1)
	code, m := p.ask("INVITE", "", fax)
	if code != 200 || !strings.Contains(m, "m=image 0 udptl t38\r\nm=audio ") {
		t.Fatalf("%d\n%s", code, m)
	}
	if code, m := p.ask("INVITE", "", ""); code != 200 || !strings.Contains(m, "m=image 0 udptl t38\r\nm=audio ") {
		t.Errorf("%d\n%s", code, m)
	}
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
}
