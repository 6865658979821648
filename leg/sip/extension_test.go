package sip

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func FuzzDescription(f *testing.F) {
	f.Add("multipart/mixed;boundary=b", "", []byte("--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n"))
	f.Add("application/sdp", "", []byte("v=0\r\n"))
	f.Add("text/plain", "session;handling=optional", []byte("x"))
	f.Add("multipart/mixed;boundary=\"\"", "", []byte("--\r\n\r\n--\r\n"))
	f.Fuzz(func(t *testing.T, kind, disposition string, body []byte) {
		req := sip.NewRequest(sip.INVITE, sip.Uri{})
		req.AppendHeader(sip.NewHeader("Content-Type", kind))
		req.AppendHeader(sip.NewHeader("Content-Disposition", disposition))
		req.SetBody(body)
		if got, ok := description(req); !ok && got != nil || len(got) > 0 && !isSDP(kind) && (len(got) > bodyMost || !bytes.Contains(body, got[:min(len(got), 8)])) {
			t.Errorf("%q %q: %q", kind, body, got)
		}
	})
}

func FuzzNumbers(f *testing.F) {
	f.Add("776656 1 INVITE")
	f.Add("1800;refresher=uac")
	f.Add("4294967296 1 INVITE")
	f.Fuzz(func(t *testing.T, s string) {
		if seq, of, err := rack(s); err == nil {
			if again, of2, err := rack(fmt.Sprintf("%d %d INVITE", seq, of)); err != nil || again != seq || of2 != of {
				t.Errorf("%q: %d %d", s, seq, of)
			}
		}
		req := sip.NewRequest(sip.INVITE, sip.Uri{})
		req.AppendHeader(sip.NewHeader("Session-Expires", s))
		req.AppendHeader(sip.NewHeader("Supported", "timer"))
		if every, _ := interval(req, "Session-Expires"); every < 0 || every > intervalMost {
			t.Errorf("%q: %v", s, every)
		}
		if tm, no := new(dialog).grant(req); no == nil && tm.every != 0 && tm.every < shortest {
			t.Errorf("%q: %v", s, tm)
		}
	})
}

func TestRAck(t *testing.T) {
	for s, ok := range map[string]bool{
		"1 2 INVITE": true, " 1  2\tINVITE ": true, "4294967295 4294967295 INVITE": true,
		"": false, "1 2": false, "1 2 BYE": false, "-1 2 INVITE": false, "1 4294967296 INVITE": false, "1 2 INVITE x": false, "1 2 invite": false,
	} {
		if _, _, err := rack(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}
