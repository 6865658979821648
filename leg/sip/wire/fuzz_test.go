package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/hammer"
)

// FuzzCheck: whatever comes, what passes is parsed, is left alone the second time, and means what the check took it for; what does not
// pass is answered with nothing that could be taken for a header of ours.
func FuzzCheck(f *testing.F) {
	for _, c := range tortures(f) {
		f.Add(c.msg, false)
	}
	f.Add([]byte(invite), true)
	f.Add([]byte(with("OPTIONS", "OPTIONS sip:0;[ SIP/2.0")), false)
	f.Add([]byte(options("Contact: \"a\\\",b\" <sip:a@b>, sip:c@d;x=\"\\\",\"\r\nRefer-To: sip:a?b=c\r\n")), true)
	f.Add([]byte(options("k: a\r\nContact: *\r\nRoute: <sip:a>, <sip:b>\r\n")), false)
	f.Fuzz(checked)
}

func TestHammerCheck(t *testing.T) {
	seeds := [][]byte{[]byte(invite), []byte(options("k: a\r\nContact: *\r\nRoute: <sip:a>, <sip:b>\r\n"))}
	for _, c := range tortures(t) {
		seeds = append(seeds, c.msg)
	}
	n := 0
	hammer.Strike(t, seeds, func(b []byte) {
		n++
		checked(t, b, n%2 == 0)
	})
}

func checked(t *testing.T, msg []byte, stream bool) {
	before := bytes.Clone(msg)
	out, r := Check(msg, stream)
	if !bytes.Equal(before, msg) {
		t.Fatal("the message itself is changed")
	}
	if r == nil {
		passed(t, out, stream)
	} else {
		turnedDown(t, msg, r)
	}
}

func passed(t *testing.T, out []byte, stream bool) {
	again, r := Check(out, stream)
	if r != nil || !bytes.Equal(again, out) {
		t.Fatalf("not the same the second time: %v\n%q\n%q", r, out, again)
	}
	m, err := sip.ParseMessage(out)
	if err != nil {
		t.Fatalf("the parser: %v\n%q", err, out)
	}
	if m.Via() == nil || m.From() == nil || m.To() == nil || m.CallID() == nil || m.CSeq() == nil {
		t.Fatalf("the parser misses a header: %q", out)
	}
	if m.Via().Host == "" || strings.ContainsAny(m.Via().Host, " \t,;") || strings.ContainsAny(m.Via().Transport, " \t") {
		t.Fatalf("the parser's Via: %q of %q", m.Via().Value(), out)
	}
	for _, p := range m.Via().Params {
		if strings.ContainsAny(p.K, " \t,;\"=") {
			t.Fatalf("a parameter %q of Via in %q", p.K, out)
		}
	}
	if req, ok := m.(*sip.Request); ok {
		if string(req.Method) != string(req.CSeq().MethodName) || !bytes.HasPrefix(out, []byte(req.Method+" ")) {
			t.Fatalf("%s is taken for %s: %q", req.CSeq().MethodName, req.Method, out)
		}
	}
	lines := bytes.Count(out[:bytes.Index(out, []byte("\r\n\r\n"))], []byte("\r\n"))
	if n := len(sipHeaders(m)); n != lines && n != lines+1 { // a body makes it add a Content-Length
		t.Fatalf("%d headers of %d lines: %q", n, lines, out)
	}
	for _, h := range sipHeaders(m) {
		var u sip.Uri
		switch h := h.(type) {
		case *sip.FromHeader:
			u = h.Address
		case *sip.ToHeader:
			u = h.Address
		case *sip.ContactHeader:
			u = h.Address
		case *sip.RouteHeader:
			u = h.Address
		case *sip.RecordRouteHeader:
			u = h.Address
		case *sip.ReferToHeader:
			u = h.Address
		default:
			u.Scheme = "other"
		}
		if u.Scheme == "" && !u.Wildcard || (u.Scheme == "sip" || u.Scheme == "sips") && (u.Host == "" || strings.ContainsAny(u.Host, "<>@;?, ")) {
			t.Fatalf("%s leads to %q: %q", h.Name(), u.Host, out)
		}
		if strings.ContainsAny(h.Name()+h.Value(), "\r\n\x00") {
			t.Fatalf("control characters: %q", out)
		}
	}
}

func sipHeaders(m sip.Message) []sip.Header { return m.(interface{ Headers() []sip.Header }).Headers() }

func turnedDown(t *testing.T, msg []byte, r *Refusal) {
	a := r.Answer(msg)
	if r.Code == 0 && a != nil {
		t.Fatalf("%q is answered", msg)
	}
	if a == nil {
		return
	}
	head, body, ok := bytes.Cut(a, []byte("\r\n\r\n"))
	if !ok || len(body) > 0 {
		t.Fatalf("the answer does not end: %q", a)
	}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("the answer: %q", a)
		}
		if name, _, _ := strings.Cut(line, ":"); !strings.HasPrefix(line, "SIP/2.0 ") {
			switch name {
			case "Via", "From", "To", "Call-ID", "CSeq", "Content-Length":
			default:
				t.Fatalf("a header %q in the answer: %q", name, a)
			}
		}
	}
}
