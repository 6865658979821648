package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A flaw makes a request that was right wrong, whatever it was: it must get a 4xx. It says whether it could.
type flaw struct {
	name string
	make func(d *dice, q *quest) bool
}

// A quest is a request in parts, before it is sent.
type quest struct {
	rt     *route
	op     *openapi3.Operation
	method string
	path   string
	query  url.Values
	body   string // "" when the operation takes none
	header http.Header
}

// insert puts text behind the body's first brace.
func (q *quest) insert(text string) bool {
	rest, ok := strings.CutPrefix(q.body, "{")
	if !ok {
		return false
	}
	if rest != "}" {
		text += ","
	}
	q.body = "{" + text + rest
	return true
}

// set changes a field of the body.
func (q *quest) set(field string, v any) bool {
	var doc map[string]any
	if json.Unmarshal([]byte(q.body), &doc) != nil {
		return false
	}
	if doc[field] = v; v == nil {
		delete(doc, field)
	}
	b, err := json.Marshal(doc)
	q.body = string(b)
	return err == nil
}

// fields are the fields of the body that have one plain type, and which is checked.
func (q *quest) fields(wanted func(*openapi3.Schema) bool) (names []string) {
	if q.rt.body == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(q.rt.body.schema.Properties)) {
		s := q.rt.body.schema.Properties[name].Value
		if s.Type != nil && len(*s.Type) == 1 && len(s.OneOf)+len(s.AnyOf)+len(s.AllOf) == 0 && s.Extensions["x-answered"] != true && wanted(s) {
			names = append(names, name)
		}
	}
	return names
}

func (d *dice) pick(l []string) string { return l[d.IntN(len(l))] }

// strangers are values of other types than the one they stand under.
var strangers = map[string][]any{
	"string": {7, true, []any{}, map[string]any{}}, "number": {"x", true, []any{}}, "integer": {"x", 1.5, map[string]any{}},
	"boolean": {"true", 1, []any{}}, "array": {map[string]any{}, "x", 7}, "object": {[]any{}, "x", 7},
}

var flaws = []flaw{
	{"a field twice", func(d *dice, q *quest) bool { return q.insert(`"zz":1,"zz":1`) }},
	{"a field twice, deep", func(d *dice, q *quest) bool { return q.insert(`"zz":[{"a":{"b":null,"b":null}}]`) }},
	{"NUL", func(d *dice, q *quest) bool { return q.insert(`"zz":"a\u0000b"`) }},
	{"NUL in a name", func(d *dice, q *quest) bool { return q.insert(`"z\u0000":1`) }},
	{"a raw NUL", func(d *dice, q *quest) bool { return q.insert("\"zz\":\"a\x00b\"") }},
	{"no UTF-8", func(d *dice, q *quest) bool { return q.insert("\"zz\":\"\xc3\x28\"") }},
	{"a lone byte", func(d *dice, q *quest) bool { return q.insert("\"\xff\":1") }},
	{"deep lists", func(d *dice, q *quest) bool {
		return q.insert(`"zz":` + strings.Repeat("[", 70) + strings.Repeat("]", 70))
	}},
	{"very deep objects", func(d *dice, q *quest) bool {
		return q.insert(`"zz":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000))
	}},
	{"a number beyond numbers", func(d *dice, q *quest) bool { return q.insert(`"zz":-1e999`) }},
	{"cut short", func(d *dice, q *quest) bool {
		q.body = q.body[:max(len(q.body)-1-d.IntN(8), 0)]
		return q.rt.body != nil
	}},
	{"goes on", func(d *dice, q *quest) bool {
		q.body += d.pick([]string{"x", "{}", "\x00", ","})
		return q.rt.body != nil
	}},
	{"no object", func(d *dice, q *quest) bool {
		q.body = d.pick([]string{"[]", "null", "7", `"x"`, "true", " ", "{", "}", "<a/>"})
		return q.rt.body != nil
	}},
	{"another content type", func(d *dice, q *quest) bool {
		q.header.Set("Content-Type", d.pick([]string{"text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; =", "*/*"}))
		return q.rt.body != nil
	}},
	{"an encoding", func(d *dice, q *quest) bool { q.header.Set("Content-Encoding", "gzip"); return q.rt.body != nil }},
	{"too large", func(d *dice, q *quest) bool {
		return d.chance(10) && q.insert(`"zz":"`+strings.Repeat("x", maxBody)+`"`)
	}},
	{"another type", func(d *dice, q *quest) bool {
		l := q.fields(func(s *openapi3.Schema) bool { return true })
		if len(l) == 0 {
			return false
		}
		name := d.pick(l)
		return q.set(name, d.one(strangers[(*q.rt.body.schema.Properties[name].Value.Type)[0]]...))
	}},
	{"no value of the list", func(d *dice, q *quest) bool {
		l := q.fields(func(s *openapi3.Schema) bool { return len(s.Enum) > 0 })
		return len(l) > 0 && q.set(d.pick(l), "no such value")
	}},
	{"out of range", func(d *dice, q *quest) bool {
		l := q.fields(func(s *openapi3.Schema) bool { return s.Max != nil })
		if len(l) == 0 {
			return false
		}
		name := d.pick(l)
		return q.set(name, *q.rt.body.schema.Properties[name].Value.Max+1)
	}},
	{"below range", func(d *dice, q *quest) bool {
		l := q.fields(func(s *openapi3.Schema) bool { return s.Min != nil })
		if len(l) == 0 {
			return false
		}
		name := d.pick(l)
		return q.set(name, *q.rt.body.schema.Properties[name].Value.Min-1)
	}},
	{"a required field left out", func(d *dice, q *quest) bool {
		return q.rt.body != nil && len(q.rt.body.schema.Required) > 0 && q.set(d.pick(q.rt.body.schema.Required), nil)
	}},
	{"no id", func(d *dice, q *quest) bool {
		q.query.Set("id", d.pick([]string{"", "7", "\x00", strings.Repeat("a", 36), "00000000-0000-4000-8000-00000000000g", "{}"}))
		return q.rt.takesID
	}},
	{"an id of nothing", func(d *dice, q *quest) bool {
		q.query.Set("id", "00000000-0000-4000-8000-000000000000")
		return q.rt.takesID
	}},
	{"a page of nothing", func(d *dice, q *quest) bool {
		q.query.Set(d.pick([]string{"page", "size"}), d.pick([]string{"0", "-1", "x", "1e3", "99999999999999999999", "1.0"}))
		return strings.HasSuffix(q.path, "/list")
	}},
	{"a filter that is none", func(d *dice, q *quest) bool {
		q.query.Set("filters", d.pick([]string{"[]", "{", `{"no_such_field":1}`, `{"id":{"like":1}}`, `{"id":{"in":7}}`, `{"id":[]}`, "x", `{"id":{"contains":1}}`}))
		return strings.HasSuffix(q.path, "/list")
	}},
	{"a column that is none", func(d *dice, q *quest) bool {
		q.query.Set(d.pick([]string{"sort_column", "sort_desc"}), "no such")
		return strings.HasSuffix(q.path, "/list")
	}},
	{"a time format", func(d *dice, q *quest) bool { q.header.Set(timeHeader, "sundial"); return q.rt.timed }},
	{"no key", func(d *dice, q *quest) bool {
		q.header.Set("Authorization", d.pick([]string{"", "Bearer", "Bearer x", "Basic x", "Bearer \xff"}))
		return true
	}},
	{"another method", func(d *dice, q *quest) bool {
		q.method = d.pick([]string{"PUT", "PATCH", "OPTIONS", "TRACE", "BREW"})
		return true
	}},
	{"another path", func(d *dice, q *quest) bool {
		q.path += d.pick([]string{"/", "x", "/..", "/%00"})
		return true
	}},
	{"a query that is none", func(d *dice, q *quest) bool { q.query.Set("zz", d.pick([]string{"\x00", "\xff"})); return true }},
	{"a bad idempotency key", func(d *dice, q *quest) bool {
		q.header.Set("Idempotency-Key", d.pick([]string{"", "\x01", strings.Repeat("k", 256), "é"}))
		return q.method == http.MethodPost && !strings.HasPrefix(q.path, "/v1/sessions/") // to which it is nothing
	}},
}
