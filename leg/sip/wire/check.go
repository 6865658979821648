package wire

import (
	"bytes"
	"sync"
)

const (
	datagramMost = 65535     // bytes of one message by UDP
	streamMost   = 256 << 10 // bytes of one message by TCP or TLS
	fieldsMost   = 256       // headers of one message
	paramsMost   = 1024      // parameters in all headers of one message: the parser needs time with the square of them
	forwardsMost = 255       // RFC 3261 §20.22
	seqMost      = 1<<31 - 1 // RFC 3261 §8.1.1.5
)

// Refusal is why a message is not handed to the parser. Code 0: it is dropped without a word.
type Refusal struct {
	Code   int
	Reason string
}

func refuse(reason string) *Refusal { return &Refusal{400, reason} }

var (
	dropped = &Refusal{} // a ping, or nothing to do with SIP
	stray   = &Refusal{} // a response that says nothing to us

	noEnd      = refuse("No End of Headers")
	badLine    = refuse("Bad Line in Headers")
	badControl = refuse("Control Character in Headers")
	tooMany    = refuse("Too Many Headers or Parameters")
	badStart   = refuse("Bad Request Line")
	badURI     = refuse("Bad Request-URI")
	badMethod  = refuse("CSeq Is of Another Method")
	badLength  = refuse("Bad Content-Length")
	noLength   = refuse("No Content-Length")
	badHeader  = refuse("Bad Header")
	notWhole   = refuse("Message Not Whole in Time")
	shortBody  = refuse("Body Shorter Than Content-Length")
	tooLarge   = &Refusal{513, "Message Too Large"}
	badVersion = &Refusal{505, "Version Not Supported"}
	noMethod   = &Refusal{501, "Not Implemented"}
	noScheme   = &Refusal{416, "Unsupported URI Scheme"}
	noAccept   = &Refusal{406, "Not Acceptable"}
	missing    = [kinds]*Refusal{
		via: refuse("No Via"), from: refuse("No From"), to: refuse("No To"), callID: refuse("No Call-ID"), cseq: refuse("No CSeq"),
	}
	repeated = [kinds]*Refusal{
		from: refuse("Several From"), to: refuse("Several To"), callID: refuse("Several Call-ID"), cseq: refuse("Several CSeq"),
		contentLength: refuse("Several Content-Length"), maxForwards: refuse("Several Max-Forwards"), contentType: refuse("Several Content-Type"),
		referTo: refuse("Several Refer-To"),
	}
	malformed = [kinds]*Refusal{
		via: refuse("Bad Via"), from: refuse("Bad From"), to: refuse("Bad To"), callID: refuse("Bad Call-ID"), cseq: refuse("Bad CSeq"),
		contentLength: badLength, maxForwards: refuse("Bad Max-Forwards"), contentType: refuse("Bad Content-Type"), contact: refuse("Bad Contact"),
		route: refuse("Bad Route"), recordRoute: refuse("Bad Record-Route"), referTo: refuse("Bad Refer-To"), referredBy: refuse("Bad Referred-By"),
	}
)

// Check is the validation layer: one complete message as it came from a datagram, or framed from a stream. It returns what may be
// handed to the parser: the same slice, perhaps shorter, when the parser reads it right as it is, else a copy written the way
// it does. What is refused with a Code is answered (Refusal.Answer); a response or an ACK has none. Safe from any goroutine.
func Check(msg []byte, stream bool) ([]byte, *Refusal) {
	if most := limit(stream); len(msg) > most {
		return nil, tooLarge
	}
	h := heads.Get().(*head)
	defer heads.Put(h)
	r := h.scan(msg)
	if r == nil && h.crooked {
		if msg, r = straighten(msg); r == nil {
			if r = h.scan(msg); r == nil && h.crooked {
				r = badLine
			}
		}
	}
	if r == nil {
		r = h.judge(stream)
	}
	if r == nil && h.rewrite {
		msg = h.write(make([]byte, 0, len(msg)+len(msg)/8+64))
		if r = h.scan(msg); r == nil {
			if r = h.judge(stream); r == nil && (h.crooked || h.rewrite) {
				r = badLine
			}
		}
	}
	if r != nil {
		if h.response { // nobody is told (RFC 3261 §18.3)
			r = stray
		}
		return nil, r
	}
	return msg[:len(msg)-len(h.body)+h.length], nil
}

func limit(stream bool) int {
	if stream {
		return streamMost
	}
	return datagramMost
}

var heads = sync.Pool{New: func() any { return new(head) }}

// head is a message taken apart, all of it views of one slice.
type head struct {
	start    []byte
	fields   []field
	body     []byte // whatever follows the empty line
	crooked  bool   // its lines are not as the parser needs them
	rewrite  bool   // its fields are not
	response bool
	legacy   bool // a request without branch and From tag (RFC 2543)
	length   int  // of the body, by Content-Length
	scratch  []byte
	room     [48]field
}

type field struct {
	kind        kind
	name, value []byte
}

// scan splits the message into lines and headers. A message that it calls crooked has lines that are folded, do not end with CRLF
// or have control characters.
func (h *head) scan(msg []byte) *Refusal {
	h.start, h.fields, h.body = nil, h.room[:0], nil
	h.crooked, h.rewrite, h.response, h.legacy = false, false, false, false
	pos := 0
	for pos < len(msg) && (msg[pos] == '\r' || msg[pos] == '\n') { // RFC 3261 §7.5
		pos++
		h.crooked = true
	}
	if pos == len(msg) {
		return dropped // a keep-alive
	}
	params := 0
	for {
		i := bytes.IndexByte(msg[pos:], '\n')
		if i < 0 {
			if h.start == nil || !speaksSIP(h.start) {
				return dropped
			}
			return noEnd
		}
		line := msg[pos : pos+i]
		pos += i + 1
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		} else {
			h.crooked = true
		}
		if len(line) == 0 {
			h.body = msg[pos:]
			return nil
		}
		if r := h.line(line, &params); r != nil {
			return r
		}
	}
}

func (h *head) line(line []byte, params *int) *Refusal {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7f {
			h.crooked = true
		} else if c == ';' || c == '&' {
			*params++
		}
	}
	switch {
	case h.start == nil:
		if h.start = line; !speaksSIP(line) {
			return dropped
		}
		h.response = len(line) > 4 && bytes.EqualFold(line[:4], []byte("SIP/"))
		return nil
	case *params > paramsMost || len(h.fields) == fieldsMost:
		return tooMany
	case blank(line[0]):
		h.crooked = true
		return nil
	}
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return badLine
	}
	name := trimRight(line[:i])
	if !token(name) {
		return badLine
	}
	h.fields = append(h.fields, field{kindOf(name), name, trim(line[i+1:])})
	return nil
}

// speaksSIP reports whether the first line is meant to be SIP: anything else is answered by nothing.
func speaksSIP(line []byte) bool {
	method, rest, _ := bytes.Cut(line, []byte(" "))
	if rest = trim(rest); methods[string(method)] && len(rest) > 3 && bytes.EqualFold(rest[:3], []byte("sip")) {
		return true
	}
	i := bytes.IndexByte(line, '/')
	for i >= 0 {
		if i >= 3 && bytes.EqualFold(line[i-3:i], []byte("SIP")) && (i == 3 || blank(line[i-4])) {
			return true
		}
		next := bytes.IndexByte(line[i+1:], '/')
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// judge looks at everything the parser and the dialogs depend on.
func (h *head) judge(stream bool) *Refusal {
	method, uri, r := h.startLine()
	if r != nil {
		return r
	}
	var seen [kinds]int
	var seq []byte // the method in CSeq
	vias := 0
	h.length = len(h.body)
	for i := range h.fields {
		f := &h.fields[i]
		seen[f.kind]++
		if seen[f.kind] > 1 && repeated[f.kind] != nil {
			return repeated[f.kind]
		}
		n, r := h.field(f)
		switch {
		case r != nil:
			return r
		case f.kind == via:
			vias += n
		case f.kind == cseq:
			_, seq, _ = bytes.Cut(f.value, []byte(" "))
			seq = trim(seq)
		case f.kind == contentLength:
			if n > len(h.body) {
				return shortBody
			}
			h.length = n
		}
	}
	for k, r := range missing {
		if r != nil && seen[k] == 0 {
			return r
		}
	}
	if stream && seen[contentLength] == 0 {
		return noLength
	}
	if h.response {
		if vias > 1 { // not for us (RFC 3261 §8.1.3.3)
			return dropped
		}
		return nil
	}
	if top, _, _ := cutList(h.first(via)); !has(h.first(from), "tag") && !has(top, "branch") {
		h.legacy, h.rewrite = true, true
	}
	return h.request(method, uri, seq)
}

// first is the value of the first header of that kind.
func (h *head) first(k kind) []byte {
	for i := range h.fields {
		if h.fields[i].kind == k {
			return h.fields[i].value
		}
	}
	return nil
}

// field checks one header and marks the message for rewriting when the parser would misread it. n is its number, or how many values
// it lists.
func (h *head) field(f *field) (n int, r *Refusal) {
	bad := malformed[f.kind]
	switch f.kind {
	case other, accept:
		return 0, nil
	case compact:
		h.rewrite = true
		return 0, nil
	case referTo, referredBy:
		h.rewrite = h.rewrite || len(f.name) == 1
	case callID:
		if len(bytes.TrimSpace(f.value)) == 0 || bytes.ContainsAny(f.value, " \t") {
			return 0, bad
		}
		return 1, nil
	case contentType:
		if len(bytes.TrimSpace(f.value)) == 0 {
			return 0, bad
		}
		return 1, nil
	case contentLength, maxForwards:
		n, ok := number(f.value)
		if !ok || f.kind == maxForwards && n > forwardsMost {
			return 0, bad
		}
		return n, nil
	}
	for rest := f.value; ; n++ {
		if n > 0 && len(rest) == 0 {
			break
		}
		one, more, ok := rest, []byte(nil), true
		if listed(f.kind) {
			one, more, ok = cutList(rest)
		}
		if ok {
			h.scratch, ok = canon(h.scratch[:0], f.kind, one)
		}
		if !ok {
			return 0, bad
		}
		if !bytes.Equal(h.scratch, one) || len(more) > 0 {
			h.rewrite = true
		}
		rest = more
	}
	return n, nil
}

// number reads decimal digits that fit 31 bits.
func number(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n > seqMost {
			return 0, false
		}
	}
	return n, true
}

// startLine checks the first line, for a request all but what it asks for.
func (h *head) startLine() (method, uri []byte, r *Refusal) {
	if h.response {
		version, rest, _ := bytes.Cut(h.start, []byte(" "))
		code, _, spaced := bytes.Cut(rest, []byte(" "))
		n, ok := number(code)
		if !ok || len(code) != 3 || n < 100 || n > 699 || !bytes.EqualFold(version, []byte("SIP/2.0")) {
			return nil, nil, dropped
		}
		h.rewrite = !spaced || !bytes.Equal(version, []byte("SIP/2.0"))
		return nil, nil, nil
	}
	method, rest, _ := bytes.Cut(h.start, []byte(" "))
	uri, version, _ := bytes.Cut(rest, []byte(" "))
	if !token(method) || len(version) < 7 || !bytes.EqualFold(version[:4], []byte("SIP/")) {
		return nil, nil, badStart
	}
	if string(version[4:]) != "2.0" {
		major, minor, _ := bytes.Cut(version[4:], []byte("."))
		_, ok := number(major)
		if _, too := number(minor); !ok || !too {
			return nil, nil, badStart
		}
		return nil, nil, badVersion
	}
	h.rewrite = string(version[:4]) != "SIP/"
	return method, uri, nil
}

// request checks what only a request has.
func (h *head) request(method, uri, seq []byte) *Refusal {
	scheme, ok := checkURI(uri, false)
	switch {
	case !ok:
		return badURI
	case !bytes.Equal(method, seq):
		return badMethod
	case !methods[string(method)]:
		return noMethod
	case scheme == foreign:
		return noScheme
	case string(method) == "INVITE" && !h.takesSDP():
		return noAccept
	}
	return nil
}

// methods are those anybody knows; the parser makes capitals of them all, so "invite" must not pass for INVITE (RFC 3261 §7.1).
var methods = map[string]bool{
	"INVITE": true, "ACK": true, "CANCEL": true, "BYE": true, "REGISTER": true, "OPTIONS": true, "SUBSCRIBE": true, "NOTIFY": true,
	"REFER": true, "INFO": true, "MESSAGE": true, "PRACK": true, "UPDATE": true, "PUBLISH": true,
}

// takesSDP reports whether the only kind of session there is suits the caller (RFC 3261 §20.1).
func (h *head) takesSDP() bool {
	asked := false
	for _, f := range h.fields {
		if f.kind != accept {
			continue
		}
		for rest := f.value; len(rest) > 0; {
			var one []byte
			one, rest, _ = bytes.Cut(rest, []byte(","))
			one, _, _ = bytes.Cut(one, []byte(";"))
			switch one = trim(one); {
			case bytes.EqualFold(one, []byte("application/sdp")), bytes.EqualFold(one, []byte("application/*")), string(one) == "*/*":
				return true
			case len(one) > 0:
				asked = true
			}
		}
	}
	return !asked
}
