package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parley-voice/parley"
)

// maxDepth is how deep a body may nest.
const maxDepth = 64

// A reader reads JSON token by token: encoding/json into a map would keep the last of two fields of one name, and read what is
// no UTF-8 as if it were.
type reader struct {
	dec  *json.Decoder
	path []string // where it is
}

// decode reads a JSON object. Numbers stay as they were written (json.Number), whole ones without a fraction.
func decode(b []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, refused(http.StatusBadRequest, "invalid", "the body is empty; a JSON object is wanted")
	}
	if !utf8.Valid(b) {
		return nil, refused(http.StatusBadRequest, "invalid", "the body is not UTF-8")
	}
	r := reader{dec: json.NewDecoder(bytes.NewReader(b))}
	r.dec.UseNumber()
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refused(http.StatusBadRequest, "invalid", "the body goes on after its JSON object")
	}
	obj, ok := v.(map[string]any)
	if !ok {
		return nil, refused(http.StatusBadRequest, "invalid", "the body must be a JSON object")
	}
	return obj, nil
}

func (r *reader) at() string { return strings.Join(r.path, ".") }

func (r *reader) value() (any, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, notJSON(err)
	}
	switch t := t.(type) {
	case json.Delim:
		if len(r.path) > maxDepth {
			return nil, refused(http.StatusBadRequest, "invalid", fmt.Sprintf("the body is nested deeper than %d", maxDepth))
		}
		if t == '[' {
			return r.array()
		}
		return r.object()
	case string:
		if strings.IndexByte(t, 0) >= 0 {
			return nil, parley.Invalid(r.at(), r.at()+" must not contain the NUL character")
		}
	case json.Number:
		return r.number(t)
	}
	return t, nil
}

func (r *reader) object() (any, error) {
	out := map[string]any{}
	for r.dec.More() {
		t, err := r.dec.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		name, _ := t.(string)
		if strings.IndexByte(name, 0) >= 0 {
			return nil, parley.Invalid(r.at(), "names of fields must not contain the NUL character")
		}
		r.path = append(r.path, name)
		if _, twice := out[name]; twice {
			at := shortPath(r.at())
			return nil, parley.Invalid(at, at+" is there twice")
		}
		if out[name], err = r.value(); err != nil {
			return nil, err
		}
		r.path = r.path[:len(r.path)-1]
	}
	_, err := r.dec.Token()
	return out, notJSON(err)
}

func (r *reader) array() (any, error) {
	out := []any{}
	for r.dec.More() {
		r.path = append(r.path, strconv.Itoa(len(out)))
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		r.path = r.path[:len(r.path)-1]
	}
	_, err := r.dec.Token()
	return out, notJSON(err)
}

func (r *reader) number(n json.Number) (any, error) {
	f, err := n.Float64()
	if err != nil {
		return nil, parley.Invalid(r.at(), r.at()+" is a number out of range")
	}
	if strings.ContainsAny(string(n), ".eE") && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return json.Number(strconv.FormatInt(int64(f), 10)), nil
	}
	return n, nil
}

func notJSON(err error) error {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return refused(http.StatusBadRequest, "invalid", fmt.Sprintf("the body is not JSON: byte %d: %v", syntax.Offset, syntax))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return refused(http.StatusBadRequest, "invalid", "the body is not JSON: it ends in the middle")
	}
	return refused(http.StatusBadRequest, "invalid", "the body is not JSON: "+err.Error())
}

// shortPath keeps the path of a field that the client made up to what can be read.
func shortPath(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}
