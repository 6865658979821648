package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"io"

	"github.com/emiago/sipgo/sip"
)

// tags makes the To tag of every answer to a request that has none: always the same for one request, its repetitions and its CANCEL,
// though nothing is remembered (RFC 3261 §8.2.7), and one that nobody guesses.
type tags [32]byte

func newTags() (s tags) {
	_, _ = rand.Read(s[:])
	return s
}

// of is the tag of a request; "" when it lacks what a tag is made of.
func (s *tags) of(req *sip.Request) string {
	from, id, seq := req.From(), req.CallID(), req.CSeq()
	if from == nil || id == nil || seq == nil {
		return ""
	}
	m := hmac.New(sha256.New, s[:])
	for _, part := range []string{id.Value(), "\x00", from.Params.GetOr("tag", ""), "\x00", req.Via().Params.GetOr("branch", "")} {
		_, _ = io.WriteString(m, part)
	}
	_, _ = m.Write([]byte{byte(seq.SeqNo >> 24), byte(seq.SeqNo >> 16), byte(seq.SeqNo >> 8), byte(seq.SeqNo)})
	var sum [sha256.Size]byte
	return base32.StdEncoding.EncodeToString(m.Sum(sum[:0])[:10])
}

// put gives a request its tag, before sipgo sees it: sipgo itself answers a CANCEL and the INVITE that is cancelled.
func (s *tags) put(m sip.Message) {
	req, ok := m.(*sip.Request)
	if !ok || req.To() == nil || req.Via() == nil || req.To().Params.GetOr("tag", "") != "" {
		return
	}
	if tag := s.of(req); tag != "" {
		req.To().Params.Add("tag", tag)
	}
}

// within reports whether a request came with a tag of a dialog. A tag that put gave is none.
func (s *tags) within(req *sip.Request) bool {
	tag := req.To().Params.GetOr("tag", "")
	return tag != "" && tag != s.of(req)
}
