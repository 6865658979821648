package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
)

// maxDepth is how deep a body may nest.
const maxDepth = 64

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
	body, err := decode(b)
	if err != nil {
		return err
	}
	r.body = body
	return rule.check(body, strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Prefer"), ",")), "handling=strict"))
}

// decode reads a JSON object. Numbers stay as they were written (json.Number), whole ones without a fraction.
func decode(b []byte) (map[string]any, error) {
	if len(strings.TrimSpace(string(b))) == 0 {
		return nil, refused(http.StatusBadRequest, "invalid", "the body is empty; a JSON object is wanted")
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, notJSON(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refused(http.StatusBadRequest, "invalid", "the body goes on after its JSON object")
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, refused(http.StatusBadRequest, "invalid", "the body must be a JSON object")
	}
	if _, err := tidy(obj, "", 0); err != nil {
		return nil, err
	}
	return obj, nil
}

func notJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return refused(http.StatusBadRequest, "invalid", fmt.Sprintf("the body is not JSON: byte %d: %v", syntax.Offset, syntax))
	}
	return refused(http.StatusBadRequest, "invalid", "the body is not JSON: "+err.Error())
}

// tidy refuses what JSON allows and databases or Go do not, and writes whole numbers as such.
func tidy(v any, path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, refused(http.StatusBadRequest, "invalid", fmt.Sprintf("the body is nested deeper than %d", maxDepth))
	}
	switch v := v.(type) {
	case string:
		if strings.IndexByte(v, 0) >= 0 {
			return nil, parley.Invalid(path, path+" must not contain the NUL character")
		}
	case json.Number:
		return numeral(v, path)
	case []any:
		for i, x := range v {
			y, err := tidy(x, join(path, strconv.Itoa(i)), depth+1)
			if err != nil {
				return nil, err
			}
			v[i] = y
		}
	case map[string]any:
		for k, x := range v {
			if strings.IndexByte(k, 0) >= 0 {
				return nil, parley.Invalid(path, "names of fields must not contain the NUL character")
			}
			y, err := tidy(x, join(path, k), depth+1)
			if err != nil {
				return nil, err
			}
			v[k] = y
		}
	}
	return v, nil
}

func numeral(n json.Number, path string) (any, error) {
	f, err := n.Float64()
	if err != nil {
		return nil, parley.Invalid(path, path+" is a number out of range")
	}
	if strings.ContainsAny(string(n), ".eE") && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return json.Number(strconv.FormatInt(int64(f), 10)), nil
	}
	return n, nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
