package wire

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// invite is an ordinary INVITE of a PBX, with a session.
const invite = "INVITE sip:+15550001111@203.0.113.7:5060;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9hG4bKPj3f1c7e2a\r\n" +
	"Max-Forwards: 70\r\nFrom: \"Ann Lee\" <sip:1001@pbx.example.com>;tag=as58f4a2\r\nTo: <sip:+15550001111@203.0.113.7>\r\n" +
	"Contact: <sip:1001@192.0.2.10:5060>\r\nCall-ID: 5a1f0c3e-7d22-4f0b@192.0.2.10\r\nCSeq: 102 INVITE\r\nUser-Agent: Exchange 18.9\r\n" +
	"Date: Fri, 27 Nov 2026 01:00:00 GMT\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE\r\n" +
	"Supported: replaces, timer\r\nP-Asserted-Identity: \"Ann Lee\" <sip:1001@pbx.example.com>\r\nContent-Type: application/sdp\r\n" +
	"Content-Length: 256\r\n\r\nv=0\r\no=root 1821 1821 IN IP4 192.0.2.10\r\ns=Exchange\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 14370 RTP/AVP 9 0 8 101\r\n" +
	"a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"

// options is the smallest request with all it needs; extra are further headers, each with CRLF.
func options(extra string) string {
	return "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n" +
		extra + "Content-Length: 0\r\n\r\n"
}

// with replaces a whole line of options.
func with(line, by string) string {
	lines := strings.Split(options(""), "\r\n")
	for i, l := range lines {
		if strings.HasPrefix(l, line) {
			lines[i] = by
			return strings.Join(lines, "\r\n")
		}
	}
	panic(line)
}

// TestUntouched: what the parser reads right is the very slice that came.
func TestUntouched(t *testing.T) {
	for name, m := range map[string]string{
		"INVITE": invite, "OPTIONS": options(""), "compact": strings.NewReplacer("Via:", "v:", "From:", "f:", "To:", "t:", "Call-ID:", "i:",
			"Content-Length:", "l:", "Contact:", "m:", "Content-Type:", "c:").Replace(invite),
		"response": "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;received=1.2.3.4;rport=5\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n" +
			"Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	} {
		msg := []byte(m)
		out, r := Check(msg, true)
		if r != nil {
			t.Errorf("%s: %v", name, r)
		} else if &out[0] != &msg[0] || len(out) != len(msg) {
			t.Errorf("%s is copied:\n%s", name, out)
		}
	}
}

// TestWrittenAnew: what the parser would misread comes out the way it reads it right, and in a form that is left alone from then on.
func TestWrittenAnew(t *testing.T) {
	for name, c := range map[string][2]string{
		"LF only":             {strings.ReplaceAll(options(""), "\r\n", "\n"), options("")},
		"CRLF before":         {"\r\n\r\n" + options(""), options("")},
		"folded":              {with("To", "To:\r\n <sip:c@d>\r\n\t;x=y"), with("To", "To: <sip:c@d>;x=y")},
		"folded other":        {options("X-A: b \r\n  c\r\n"), options("X-A: b c\r\n")},
		"space in CSeq":       {with("CSeq", "CSeq: 1 \t OPTIONS"), options("")},
		"space in Via":        {with("Via", "Via: SIP / 2.0 / UDP  192.0.2.1 : 5060 ; branch = z9hG4bK1"), with("Via", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1")},
		"Via of IPv6":         {with("Via", "Via: SIP/2.0/UDP [2001:db8::1] :5060;branch=z9hG4bK1"), with("Via", "Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1")},
		"Vias in one line":    {with("Via", "Via: SIP/2.0/UDP a, SIP/2.0/TCP b;branch=z,SIP/2.0/TLS c"), with("Via", "Via: SIP/2.0/UDP a\r\nVia: SIP/2.0/TCP b;branch=z\r\nVia: SIP/2.0/TLS c")},
		"space before tag":    {with("From", "From: <sip:a@b> ; tag = 1"), options("")},
		"addr-spec and space": {with("From", "From: sip:a@b ;tag=1"), with("From", "From: sip:a@b;tag=1")},
		"empty parameters":    {with("From", "From: <sip:a@b>;;tag=1;"), options("")},
		"Contacts":            {options("Contact: <sip:a@b>, \"c, d\" <sip:e@f>;q=1, <sip:g,h@i>\r\n"), options("Contact: <sip:a@b>\r\nContact: \"c, d\" <sip:e@f>;q=1\r\nContact: <sip:g,h@i>\r\n")},
		"escaped quotes":      {options("Contact: \"a\\\",b\" <sip:a@b>;x=\"\\\",\"\r\n"), options("Contact: \"a',b\" <sip:a@b>;x=\"',\"\r\n")},
		"Record-Routes":       {options("Record-Route: <sip:a;lr>,<sip:b;lr>\r\n"), options("Record-Route: <sip:a;lr>\r\nRecord-Route: <sip:b;lr>\r\n")},
		"compact":             {options("k: timer\r\nr: <sip:x@y>\r\nS:\r\nx: 90\r\n"), options("Supported: timer\r\nRefer-To: <sip:x@y>\r\nSubject: \r\nSession-Expires: 90\r\n")},
		"version":             {with("OPTIONS", "OPTIONS sip:a@b sip/2.0"), options("")},
		"escaped control":     {with("From", "From: \"a\\\x00\\\rb\" <sip:a@b>;tag=1"), with("From", "From: \"a??b\" <sip:a@b>;tag=1")},
		"no reason": {"SIP/2.0 180\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n",
			"SIP/2.0 180 \r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n"},
		"more than the length": {options("") + "INVITE", options("")},
	} {
		out, r := Check([]byte(c[0]), false)
		if r != nil {
			t.Errorf("%s: %v", name, r)
			continue
		}
		if string(out) != c[1] {
			t.Errorf("%s:\n%q, not\n%q", name, out, c[1])
		}
		if _, err := sip.ParseMessage(out); err != nil {
			t.Errorf("%s: the parser: %v", name, err)
		}
		if again, r := Check(out, false); r != nil || &again[0] != &out[0] {
			t.Errorf("%s: not the same the second time: %v %q", name, r, again)
		}
	}
}

// TestLiberal: common faults that cannot be mistaken pass.
func TestLiberal(t *testing.T) {
	for _, m := range []string{
		with("From", "From: Ann (home) <sip:a@b>;tag=1"), with("From", "From: ann@b.c <sip:a@b>;tag=1"), with("From", "From: Ren\xe9 <sip:a@b>;tag=1"),
		with("From", "From: <sip:@b>;tag=1"), with("From", "From: tel:+1555;tag=1"), with("To", "To: <isbn:1>"), with("OPTIONS", "OPTIONS tel:+1555 SIP/2.0"), with("Via", "Via: SIP/2.0/UDP my_pbx:5060;branch=z9hG4bK=="),
		options("Contact: *\r\n"), with("From", "From: <sip:J\xc3\xb6rg@b>;tag=1"), options("X-Empty:\r\n"), options("Max-Forwards: 0\r\n"), options("Route: sip:a\r\n"), options("Expires: 99999999999999999999\r\n"),
		with("Content-Length", "X: y"), options("Accept: text/plain\r\n"), with("From", "From: DOMAIN\\ann <sip:a@b>;tag=1"), with("From", "From: \"\" <sip:*98#@b>;tag=1"),
		options("Contact: <sip:a@b>;+sip.instance=\"<urn:uuid:1-2>\";reg-id=1\r\n"), options("Contact: sip:a@b;+sip.instance=\"<urn:uuid:1-2>\"\r\n"),
		options("Contact: <sip:a@b>;pub-gruu=\"sip:a@b;gr=urn:uuid:1\";expires=60\r\n"), options("Refer-To: sip:a@b?Replaces=1%40c%3Bto-tag%3D2\r\n"),
		options("Record-Route: <sip:p;lr;ftag=a1;did=3f.b>\r\n"), options("Contact: <sip:a@b:5060;transport=tcp;ob>\r\n"),
	} {
		if out, r := Check([]byte(m), false); r != nil {
			t.Errorf("%q: %v", m, r)
		} else if _, err := sip.ParseMessage(out); err != nil {
			t.Errorf("%q: the parser: %v", m, err)
		}
	}
}

// TestIPv6: RFC 5118 §4, what of it is in the headers.
func TestIPv6(t *testing.T) {
	for name, c := range map[string]struct {
		msg  string
		want int
	}{
		"4.1 a reference":               {with("OPTIONS", "OPTIONS sip:[2001:db8::10] SIP/2.0"), 0},
		"4.2 without brackets":          {with("OPTIONS", "OPTIONS sip:2001:db8::10 SIP/2.0"), 400},
		"4.3 port within":               {with("OPTIONS", "OPTIONS sip:[2001:db8::10:5070] SIP/2.0"), 0},
		"4.4 port":                      {with("OPTIONS", "OPTIONS sip:[2001:db8::10]:5070 SIP/2.0"), 0},
		"4.5 received":                  {with("Via", "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bK1"), 0},
		"4.5 received without brackets": {with("Via", "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bK1"), 0},
		"4.8 several":                   {options("Contact: <sip:a@[2001:db8::9:1]>\r\nVia: SIP/2.0/UDP [2001:db8::a]:5070;branch=z9hG4bK2\r\nVia: SIP/2.0/TCP 192.0.2.1\r\n"), 0},
		"4.10 mapped":                   {options("Contact: <sip:a@[::ffff:192.0.2.10]:19823>\r\n"), 0},
	} {
		out, r := Check([]byte(c.msg), false)
		if r != nil && r.Code != c.want || r == nil && c.want != 0 {
			t.Errorf("%s: %v", name, r)
		}
		if r == nil {
			if req := parsed(t, string(out)); req.Via().Params.GetOr("branch", "") != "z9hG4bK1" {
				t.Errorf("%s: %s", name, req.Via())
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		msg  string
		code int
	}{
		"CR in a header":        {options("X-A: b\rX-Evil: 1\r\n"), 400},
		"NUL in a header":       {options("X-A: b\x00\r\n"), 400},
		"DEL in a name":         {with("From", "From: \"a\x7f\" <sip:a@b>;tag=1"), 400},
		"no colon":              {options("nonsense\r\n"), 400},
		"a name of two words":   {options("X A: b\r\n"), 400},
		"folded request line":   {"OPTIONS sip:a@b SIP/2.0\r\n ;x\r\n" + strings.SplitN(options(""), "\r\n", 2)[1], 400},
		"no end":                {strings.TrimSuffix(options(""), "\r\n"), 400},
		"no version":            {with("OPTIONS", "OPTIONS sip:a@b"), 400},
		"method in small":       {strings.ReplaceAll(options(""), "OPTIONS", "options"), 501},
		"another method":        {with("CSeq", "CSeq: 1 options"), 400},
		"no host":               {with("OPTIONS", "OPTIONS sip: SIP/2.0"), 400},
		"two @":                 {with("OPTIONS", "OPTIONS sip:a@b@c SIP/2.0"), 400},
		"port":                  {with("OPTIONS", "OPTIONS sip:a@b:65536 SIP/2.0"), 400},
		"no port":               {with("OPTIONS", "OPTIONS sip:a@b: SIP/2.0"), 400},
		"IPv6 without end":      {with("OPTIONS", "OPTIONS sip:a@[::1 SIP/2.0"), 400},
		"another host":          {with("OPTIONS", "OPTIONS sip:a;maddr=[::1] SIP/2.0"), 400},
		"IPv6 of no sense":      {with("OPTIONS", "OPTIONS sip:a@[1.2.3.4] SIP/2.0"), 400},
		"urn":                   {with("OPTIONS", "OPTIONS urn:service:sos SIP/2.0"), 416},
		"version 3":             {with("OPTIONS", "OPTIONS sip:a@b SIP/3.0"), 505},
		"no version number":     {with("OPTIONS", "OPTIONS sip:a@b SIP/x.y"), 400},
		"Via without transport": {with("Via", "Via: SIP/2.0 192.0.2.1"), 400},
		"Via port":              {with("Via", "Via: SIP/2.0/UDP a:b"), 400},
		"Via of IPv6 bare":      {with("Via", "Via: SIP/2.0/UDP 2001:db8::1"), 400},
		"quoted in Via":         {with("Via", "Via: SIP/2.0/UDP a;x=\"y\";branch=z"), 400},
		"empty Via":             {with("Via", "Via:"), 400},
		"From without end":      {with("From", "From: <sip:a@b;tag=1"), 400},
		"From of no scheme":     {with("From", "From: a@b;tag=1"), 400},
		"From and text":         {with("From", "From: <sip:a@b> x;tag=1"), 400},
		"a tag in quotes":       {with("From", "From: <sip:a@b>;x=\";tag=2\";tag=1"), 400},
		"Call-ID of two words":  {with("Call-ID", "Call-ID: 1 2"), 400},
		"CSeq":                  {with("CSeq", "CSeq: x OPTIONS"), 400},
		"CSeq too large":        {with("CSeq", "CSeq: 2147483648 OPTIONS"), 400},
		"Max-Forwards":          {options("Max-Forwards: 256\r\n"), 400},
		"two Max-Forwards":      {options("Max-Forwards: 1\r\nMax-Forwards: 1\r\n"), 400},
		"Content-Length +1":     {with("Content-Length", "Content-Length: +1"), 400},
		"two Content-Length":    {options("l: 0\r\n"), 400},
		"Contact":               {options("Contact: <sip:a@b>,\r\n"), 400},
		"Refer-To":              {options("Refer-To: nobody\r\n"), 400},
		"two Refer-To":          {options("Refer-To: sip:a,b@c\r\n"), 400},
		"a Route of no ASCII":   {options("Route: <sip:a>;x=\xc3\xa9\r\n"), 400},
		"URI of no ASCII":       {options("Refer-To: sip:a?x=\xc3\xa9\r\n"), 400},
		"Call-ID of nothing":    {with("Call-ID", "Call-ID: \xc2\xa0"), 400},
		"many headers":          {options(strings.Repeat("X: y\r\n", fieldsMost)), 400},
		"many parameters":       {options("X: " + strings.Repeat(";a", paramsMost) + "\r\n"), 400},
		"too large":             {options("X: " + strings.Repeat("a", datagramMost) + "\r\n"), 513},
		"Accept":                {strings.Replace(invite, "Supported", "Accept: text/plain, application/pidf+xml;q=1\r\nSupported", 1), 406},
		"nothing":               {"", 0},
		"a ping":                {"\r\n\r\n", 0},
		"HTTP":                  {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0},
		"RTSP":                  {"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n", 0},
		"a response in parts":   {"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n", 0},
		"a status of no sense":  {"SIP/2.0 999 OK\r\n\r\n", 0},
	} {
		out, r := Check([]byte(c.msg), false)
		if r == nil {
			t.Errorf("%s passes:\n%s", name, out)
			continue
		}
		if r.Code != c.code {
			t.Errorf("%s: %d %s, not %d", name, r.Code, r.Reason, c.code)
		}
		if a := r.Answer([]byte(c.msg)); a != nil && r.Code == 0 {
			t.Errorf("%s is answered:\n%s", name, a)
		}
	}
	if _, r := Check([]byte(with("Content-Length", "X: y")), true); r == nil || r.Code != 400 {
		t.Errorf("no Content-Length in a stream: %v", r)
	}
	if _, r := Check([]byte(strings.ReplaceAll(options("X: \x00\r\n"), "OPTIONS", "ACK")), false); r == nil || r.Answer([]byte("ACK sip:a@b SIP/2.0\r\nVia: x\r\nCSeq: 1 ACK\r\n\r\n")) != nil {
		t.Errorf("ACK: %v", r)
	}
}

// TestAnswerTo: the answer goes where RFC 3261 §18.2.2 and RFC 3581 §4 send it, and says where the request came from.
func TestAnswerTo(t *testing.T) {
	source := netip.MustParseAddrPort("198.51.100.7:40000")
	for via, want := range map[string][2]string{
		"SIP/2.0/UDP 192.0.2.1;branch=z":                {"198.51.100.7:5060", "SIP/2.0/UDP 192.0.2.1;branch=z;received=198.51.100.7"},
		"SIP/2.0/UDP 198.51.100.7:5070;branch=z":        {"198.51.100.7:5070", "SIP/2.0/UDP 198.51.100.7:5070;branch=z"},
		"SIP/2.0/UDP a.example:5070;rport;branch=z":     {"198.51.100.7:40000", "SIP/2.0/UDP a.example:5070;rport=40000;branch=z;received=198.51.100.7"},
		"SIP/2.0/UDP a:1;branch=z;rport, SIP/2.0/UDP b": {"198.51.100.7:40000", "SIP/2.0/UDP a:1;branch=z;rport=40000;received=198.51.100.7, SIP/2.0/UDP b"},
		"SIP/2.0/UDP [2001:db8::1]:7;rports=1":          {"198.51.100.7:7", "SIP/2.0/UDP [2001:db8::1]:7;rports=1;received=198.51.100.7"},
		"nonsense":                                      {"198.51.100.7:40000", "nonsense"},
	} {
		out, to := badHeader.reply([]byte(with("Via", "Via: "+via)), source)
		if to.String() != want[0] || !bytes.Contains(out, []byte("\r\nVia: "+want[1]+"\r\n")) {
			t.Errorf("%s: to %s\n%s", via, to, out)
		}
	}
}

// TestAnswerIsClean: nothing of the message or the reason ends a line of the answer but us.
func TestAnswerIsClean(t *testing.T) {
	evil := with("To", "To: <sip:c@d>\rX-Evil: 1\x00")
	a := (&Refusal{400, "No\r\nX-Evil: 1"}).Answer([]byte(evil))
	if bytes.Contains(a, []byte("\nX-Evil")) || bytes.Contains(bytes.ReplaceAll(a, []byte("\r\n"), nil), []byte("\r")) || bytes.IndexByte(a, 0) >= 0 {
		t.Errorf("%q", a)
	}
	tagged := with("To", "To: <sip:c;tag=x@d> ; TAG = 7")
	if a := badHeader.Answer([]byte(tagged)); bytes.Count(bytes.ToLower(a), []byte("tag")) != 3 {
		t.Errorf("a tag is added: %s", a)
	}
	for _, m := range []string{"", "\r\n", "x", "INVITE sip:a SIP/2.0", "SIP/2.0 200 OK\r\nVia: a\r\nCSeq: 1 INVITE\r\n\r\n", "BYE sip:a SIP/2.0\r\nVia: a\r\n\r\n"} {
		if a := badHeader.Answer([]byte(m)); a != nil {
			t.Errorf("%q is answered: %q", m, a)
		}
	}
}

// TestLegacy: the INVITE of a caller of RFC 2543, its repetition, its CANCEL and its ACK are of one transaction, another call is not.
func TestLegacy(t *testing.T) {
	branch := func(change ...string) string {
		m := "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1, SIP/2.0/UDP b\r\nFrom: <sip:a@b>\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
		out, r := Check([]byte(strings.NewReplacer(change...).Replace(m)), false)
		if r != nil {
			t.Fatal(r)
		}
		req := parsed(t, string(out))
		if _, err := sip.ServerTxKeyMake(req); err != nil {
			t.Error(err)
		}
		if n := len(req.GetHeaders("Via")); n != 2 {
			t.Errorf("%d Vias", n)
		}
		return req.Via().Params.GetOr("branch", "")
	}
	first := branch()
	if first == "" || first != branch() || first != branch("INVITE", "CANCEL") || first != branch("INVITE", "ACK", "d>", "d>;tag=1") {
		t.Errorf("%q, %q, %q", first, branch(), branch("INVITE", "CANCEL"))
	}
	if first == branch("Call-ID: 1", "Call-ID: 2") || first == branch("CSeq: 1", "CSeq: 2") || first == branch("192.0.2.1", "192.0.2.2") {
		t.Error("another call has the same branch")
	}
}

func TestCheckAllocates(t *testing.T) {
	if detected {
		t.Skip("pools forget")
	}
	msg, junk := []byte(invite), []byte("GET / HTTP/1.1\r\n\r\n")
	if n := testing.AllocsPerRun(100, func() { _, _ = Check(msg, false) }); n > 0 {
		t.Errorf("an ordinary INVITE: %v", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = Check(junk, false) }); n > 0 {
		t.Errorf("a stranger's: %v", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	wsinv := tortures(b)[0]
	for _, c := range []struct {
		name string
		msg  []byte
	}{{"INVITE", []byte(invite)}, {"OPTIONS", []byte(options(""))}, {wsinv.name, wsinv.msg}} {
		b.Run(fmt.Sprintf("%s-%d", c.name, len(c.msg)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Check(c.msg, false)
			}
		})
	}
}
