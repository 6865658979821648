package store

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A Page asks for part of a list. The zero value is the first ten, oldest first (calls: newest first).
type Page struct {
	Page       int    // from 1
	Size       int    // 1–100, 10
	SortColumn string // a field that can be searched; "" is the time of creation
	SortDesc   bool
	Filters    []Filter // all must hold
}

// A Filter is one condition on a field. Op is eq, ne, gt, gte, lt, lte, contains or in ("" is eq); the Value of in is a []any.
type Filter struct {
	Field, Op string
	Value     any
}

// A List is one page of a list.
type List[T any] struct {
	Items     []T
	Total     int // of all pages
	HasMore   bool
	Estimated bool // Total is not exact
}

const (
	defaultSize = 10
	maxSize     = 100
	maxIn       = 100 // values of one in filter
)

// A column is where a field of the contract is searched, and what it holds.
type column struct {
	name string
	form form
}

type form uint8

const (
	text form = iota
	whole
	yesNo
	moment // ISO 8601 or epoch seconds, stored in microseconds
)

var operators = map[string]string{"": "=", "eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

// A condition is one filter as SQL.
type condition struct {
	column, op string // op is = when the column has to have one value, < for a range of an ordered one, "" for anything else
	sql        string
	args       []any
}

// conditions are the page's filters as SQL.
func (p Page) conditions(columns map[string]column) (all []condition, err error) {
	for _, f := range p.Filters {
		c, ok := columns[f.Field]
		if !ok {
			return nil, parley.Invalid("filters", fmt.Sprintf("filters: there is no field %q to filter by", f.Field))
		}
		one := condition{column: c.name}
		switch f.Op {
		case "contains":
			s, ok := f.Value.(string)
			if !ok || c.form != text {
				return nil, parley.Invalid("filters", fmt.Sprintf("filters: contains wants a text and a text field, for %q", f.Field))
			}
			s = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(clean(s))
			one.sql, one.args = "LOWER("+c.name+`) LIKE LOWER(?) ESCAPE '\'`, []any{"%" + s + "%"}
		case "in":
			l, ok := f.Value.([]any)
			if !ok || len(l) == 0 || len(l) > maxIn {
				return nil, parley.Invalid("filters", fmt.Sprintf("filters: in wants a list of 1 to %d values, for %q", maxIn, f.Field))
			}
			values := make([]any, len(l))
			for i, v := range l {
				if values[i], err = c.value(f.Field, v); err != nil {
					return nil, err
				}
			}
			one.sql, one.args = c.name+" IN ?", []any{bun.Tuple(values)}
		default:
			op, ok := operators[f.Op]
			if !ok {
				return nil, parley.Invalid("filters", fmt.Sprintf("filters: unknown operator %q for %q", f.Op, f.Field))
			}
			v, err := c.value(f.Field, f.Value)
			if err != nil {
				return nil, err
			}
			one.sql, one.args = c.name+" "+op+" ?", []any{v}
			switch op {
			case "=":
				one.op = "="
			case "<>":
			default:
				one.op = "<"
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// value turns what a filter was given into what the column holds; null is the column's empty value.
func (c column) value(field string, v any) (any, error) {
	wrong := func(want string) error {
		return parley.Invalid("filters", fmt.Sprintf("filters: %q wants %s", field, want))
	}
	switch c.form {
	case whole:
		if v == nil {
			return 0, nil
		}
		n, ok := number(v)
		if !ok || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
			return nil, wrong("a whole number")
		}
		return int64(n), nil
	case yesNo:
		switch v {
		case true, "true":
			return true, nil
		case nil, false, "false":
			return false, nil
		}
		return nil, wrong("true or false")
	case moment:
		if v == nil {
			return 0, nil
		}
		if n, ok := number(v); ok && math.Abs(n) < 1e12 {
			return int64(n * 1e6), nil
		}
		if s, ok := v.(string); ok {
			if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
				return micros(t), nil
			}
		}
		return nil, wrong("a time, ISO 8601 or epoch seconds")
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return clean(v), nil
	case float64: // 15551234567 is no 1.5551234567e+10
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case json.Number, bool, int, int64:
		return fmt.Sprint(v), nil
	}
	return nil, wrong("a text")
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return 0, false
}

// clean takes out what neither database can hold in a text.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\ufffd")
}
