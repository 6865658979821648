package sip

import (
	"bytes"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/rtp"
)

// supported are the extensions a far end may require of us (RFC 3261 §8.2.2.3).
const supported = "100rel, timer, replaces"

const (
	bodyParts  = 16      // of one multipart body that are looked at
	bodyMost   = 1 << 16 // bytes of the part that describes the session
	retryAfter = 10      // s: the longest we ask somebody to wait (RFC 3261 §14.2)
)

// short are the compact names of headers that sipgo hands over as they came.
var short = map[string]string{
	"Supported": "k", "Session-Expires": "x", "Refer-To": "r", "Referred-By": "b", "Event": "o", "Content-Encoding": "e",
	"Content-Type": "c",
}

// fields are all headers of that name, in either form.
func fields(m sip.Message, name string) []sip.Header {
	hs := m.GetHeaders(name)
	if c := short[name]; c != "" {
		hs = append(hs, m.GetHeaders(c)...)
	}
	return hs
}

// field is the first header of that name; "" when there is none.
func field(m sip.Message, name string) string {
	if hs := fields(m, name); len(hs) > 0 {
		return strings.TrimSpace(hs[0].Value())
	}
	return ""
}

// listed are the elements of all headers of that name.
func listed(m sip.Message, name string) (list []string) {
	for _, h := range fields(m, name) {
		for s := range strings.SplitSeq(h.Value(), ",") {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
	}
	return list
}

// lists reports whether one of them is that.
func lists(m sip.Message, name, element string) bool {
	return slices.ContainsFunc(listed(m, name), func(s string) bool { return strings.EqualFold(s, element) })
}

// objection is why what a request asks for cannot even be talked about, and what could be instead.
type objection struct {
	code    int
	reason  string
	instead []sip.Header
}

// unsupported objects to what a request requires and we have not (RFC 3261 §8.2.2.3).
func unsupported(req *sip.Request) *objection {
	var unknown []string
	for _, s := range listed(req, "Require") {
		if !slices.ContainsFunc(strings.Split(supported, ", "), func(k string) bool { return strings.EqualFold(k, s) }) {
			unknown = append(unknown, s)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return &objection{420, "Bad Extension", []sip.Header{sip.NewHeader("Unsupported", strings.Join(unknown, ", "))}}
}

// offered parses what an INVITE, UPDATE or PRACK offers: nil when it describes no session.
func offered(req *sip.Request) (*rtp.SDP, *objection) {
	if no := unsupported(req); no != nil {
		return nil, no
	}
	if len(req.Body()) == 0 {
		return nil, nil
	}
	if e := field(req, "Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, &objection{415, "Unsupported Media Type", []sip.Header{sip.NewHeader("Accept-Encoding", "identity")}}
	}
	body, ok := description(req)
	if !ok {
		return nil, &objection{415, "Unsupported Media Type", []sip.Header{acceptSDP()}}
	}
	if body == nil {
		return nil, nil
	}
	sdp, err := rtp.ParseSDP(body)
	if err != nil {
		return nil, &objection{400, "Bad Session Description", nil}
	}
	return sdp, nil
}

// description is what a body says of the session: the body itself, or that part of it (RFC 5621). What is none is no
// matter where its sender says so; ok is false where he does not.
func description(m sip.Message) (body []byte, ok bool) {
	kind := field(m, "Content-Type")
	if isSDP(kind) {
		return m.Body(), true
	}
	if name, params, err := mime.ParseMediaType(kind); err == nil && strings.HasPrefix(name, "multipart/") {
		parts := multipart.NewReader(bytes.NewReader(m.Body()), params["boundary"])
		for range bodyParts {
			p, err := parts.NextRawPart()
			if err != nil {
				break
			}
			if isSDP(p.Header.Get("Content-Type")) {
				b, err := io.ReadAll(io.LimitReader(p, bodyMost))
				return b, err == nil
			}
		}
	}
	return nil, strings.Contains(strings.ToLower(field(m, "Content-Disposition")), "handling=optional")
}

func acceptSDP() sip.Header { return sip.NewHeader("Accept", "application/sdp") }

func isSDP(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/sdp")
}

// abilities are the headers that say what we can do.
func abilities() []sip.Header {
	return []sip.Header{sip.NewHeader("Allow", allow), sip.NewHeader("Supported", supported)}
}

// abilities says besides whether calls may be moved.
func (d *dialog) abilities() []sip.Header {
	if d.account == nil || !d.account.AllowRefer {
		return abilities()
	}
	return []sip.Header{sip.NewHeader("Allow", allow+", REFER"), sip.NewHeader("Supported", supported)}
}

// takes reports whether new calls are taken.
func (t *Trunk) takes() bool { return t.cfg.Takes == nil || t.cfg.Takes() }

// later asks a far end to try again, at a time of its own (RFC 3311 §5.2).
func later() sip.Header { return sip.NewHeader("Retry-After", strconv.Itoa(rand.IntN(retryAfter+1))) }
