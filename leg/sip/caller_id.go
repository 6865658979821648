package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	phone "github.com/parley-voice/parley/number"
)

// written is a number as the account wants it.
func written(text string, a *parley.TrunkAccount) string {
	if a == nil {
		return text
	}
	return phone.Written(text, a.Policy.Form.Numbers, a.Policy.Form.Home)
}

// read is a number that the account has written.
func read(text string, a *parley.TrunkAccount) string {
	if a == nil {
		return text
	}
	return phone.Read(text, a.Policy.Form.Numbers, a.Policy.Form.Home)
}

// callerID is the header that says who calls where From says whose account it is; nil: From says who calls. plan has looked at what stands
// in it.
func callerID(c leg.Call, host string) sip.Header {
	if c.Trunk == nil || c.From == "" || strings.HasPrefix(strings.ToLower(c.From), "sip:") {
		return nil
	}
	u := sip.Uri{Scheme: "sip", User: userPart(written(c.From, c.Trunk)), Host: host}
	switch c.Trunk.Policy.Form.CallerID {
	case parley.CallerIDAsserted:
		return sip.NewHeader("P-Asserted-Identity", "<"+u.String()+">")
	case parley.CallerIDRemoteParty:
		return sip.NewHeader("Remote-Party-ID", "<"+u.String()+">;party=calling;screen=yes;privacy=off")
	}
	return nil
}
