package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
)

// readQuery parses the query; text that no database takes is refused here, once.
func (r *request) readQuery() error {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refused(http.StatusBadRequest, "invalid", "the query cannot be read: percent-encode it")
	}
	for name, values := range q {
		for _, v := range values {
			if !plain(v) || !plain(name) {
				return parley.Invalid("query", "query: must be UTF-8 without NUL characters")
			}
		}
	}
	r.query = q
	return nil
}

func plain(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// uuidOf reads an id from the query, in lower case.
func uuidOf(field, s string) (string, error) {
	if s == "" {
		return "", parley.Invalid(field, field+" is required in the query")
	}
	if len(s) != 36 || uuid.Validate(s) != nil {
		return "", parley.Invalid(field, field+" must be a UUID")
	}
	return strings.ToLower(s), nil
}

// readBody reads and checks the body. Fields that the contract does not know are dropped, or refused when the request asks
// for that.
func (r *request) readBody(w http.ResponseWriter, rule *bodyRule) error {
	if ct := r.Header.Get("Content-Type"); ct != "" {
		if kind, _, err := mime.ParseMediaType(ct); err != nil || kind != "application/json" {
			return refused(http.StatusUnsupportedMediaType, "unsupported_media_type", "send the body as application/json")
		}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return refused(http.StatusUnsupportedMediaType, "unsupported_media_type", "send the body without Content-Encoding")
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(bodyPatience)) // a connection without deadlines is a test's
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = rc.SetReadDeadline(time.Time{})
	if err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return err
		}
		if r.Context().Err() != nil {
			return r.Context().Err()
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return refused(http.StatusRequestTimeout, "timeout", "the body did not arrive within "+bodyPatience.String())
		}
		return refused(http.StatusBadRequest, "invalid", "the body ended early")
	}
	r.raw = b
	if rule.optional && len(bytes.TrimSpace(b)) == 0 {
		r.body = map[string]any{}
		return nil
	}
	body, err := decode(b)
	if err != nil {
		return err
	}
	r.body = body
	if r.fromSDK() {
		completeForSDK(r.URL.Path, body)
	}
	return rule.check(body, strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Prefer"), ",")), "handling=strict"))
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
