package spooltest

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A signed request: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
type signed struct {
	payload string // x-amz-content-sha256
	key     []byte // of the day
	seed    string // the request's own signature
	date    string
	scope   string
}

// skew is how far a request's clock may be off.
const skew = 15 * time.Minute

// verify says whether a request is signed by who may ask.
func verify(r *http.Request) (*signed, error) {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return nil, errors.New("no signature")
	}
	fields := map[string]string{}
	for f := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(f), "=")
		fields[k] = v
	}
	date := r.Header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", date)
	if err != nil || time.Since(at).Abs() > skew {
		return nil, fmt.Errorf("the date is %q", date)
	}
	scope := date[:8] + "/" + Region + "/s3/aws4_request"
	if fields["Credential"] != AccessKey+"/"+scope {
		return nil, errors.New("the credential is " + fields["Credential"])
	}
	names := strings.Split(fields["SignedHeaders"], ";")
	if !slices.Contains(names, "host") || !slices.Contains(names, "x-amz-content-sha256") || !slices.Contains(names, "x-amz-date") || !slices.IsSorted(names) {
		return nil, errors.New("too little is signed: " + fields["SignedHeaders"])
	}
	s := &signed{payload: r.Header.Get("X-Amz-Content-Sha256"), seed: fields["Signature"], date: date, scope: scope}
	s.key = []byte("AWS4" + SecretKey)
	for part := range strings.SplitSeq(scope, "/") {
		s.key = mac(s.key, part)
	}
	sum := sha256.Sum256([]byte(canonical(r, names, s.payload)))
	want := hex.EncodeToString(mac(s.key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hex.EncodeToString(sum[:])))
	if !hmac.Equal([]byte(want), []byte(s.seed)) {
		return nil, errors.New("the signature is another one")
	}
	return s, nil
}

func canonical(r *http.Request, names []string, payload string) string {
	var b strings.Builder
	q := r.URL.Query()
	var query []string
	for k, all := range q {
		for _, v := range all {
			query = append(query, escape(k)+"="+escape(v))
		}
	}
	slices.Sort(query)
	path := strings.ReplaceAll(escape(r.URL.Path), "%2F", "/")
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, path, strings.Join(query, "&"))
	for _, n := range names {
		v := strings.Join(r.Header.Values(n), ",")
		switch n {
		case "host":
			v = r.Host
		case "content-length":
			v = strconv.FormatInt(r.ContentLength, 10)
		}
		fmt.Fprintf(&b, "%s:%s\n", n, strings.Join(strings.Fields(v), " "))
	}
	fmt.Fprintf(&b, "\n%s\n%s", strings.Join(names, ";"), payload)
	return b.String()
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func mac(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(s))
	return h.Sum(nil)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// body reads what was signed: whole, or in chunks each of which has a signature that the one before it goes into
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html).
func (s *signed) body(r io.Reader) ([]byte, error) {
	switch s.payload {
	case "UNSIGNED-PAYLOAD":
		return io.ReadAll(r)
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
		return s.chunks(bufio.NewReader(r))
	}
	b, err := io.ReadAll(r)
	if err == nil && hash(b) != s.payload {
		err = errors.New("the body is not what was signed")
	}
	return b, err
}

func (s *signed) chunks(r *bufio.Reader) ([]byte, error) {
	var out bytes.Buffer
	for before := s.seed; ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("the body ends within a chunk: %w", err)
		}
		size, is, ok := strings.Cut(strings.TrimSpace(line), ";chunk-signature=")
		n, err := strconv.ParseInt(size, 16, 64)
		if !ok || err != nil || n < 0 || n > 1<<24 {
			return nil, fmt.Errorf("%q begins no chunk", line)
		}
		b := make([]byte, n+2)
		if _, err = io.ReadFull(r, b); err != nil || string(b[n:]) != "\r\n" {
			return nil, fmt.Errorf("a chunk of %d bytes is not whole: %w", n, err)
		}
		b = b[:n]
		want := hex.EncodeToString(mac(s.key, strings.Join([]string{"AWS4-HMAC-SHA256-PAYLOAD", s.date, s.scope, before, hash(nil), hash(b)}, "\n")))
		if want != is {
			return nil, errors.New("a chunk is not what was signed")
		}
		if n == 0 {
			return out.Bytes(), nil
		}
		out.Write(b)
		before = is
	}
}
