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
	millis // milliseconds; 0 is none
	money  // stored in millionths; -1 is none
	hearingVendor
	thinkingVendor
	speakingVendor
)

// skillOf is the skill of the vendors that a column has among those of all skills: callFacts.
var skillOf = map[form]string{hearingVendor: "hearing", thinkingVendor: "thinking", speakingVendor: "speaking"}

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
		if skill := skillOf[c.form]; skill != "" {
			if one.sql, one.args, err = memberOf(c.name, skill, f); err != nil {
				return nil, err
			}
			all = append(all, one)
			continue
		}
		switch f.Op {
		case "contains":
			s, ok := f.Value.(string)
			if !ok || c.form != text {
				return nil, parley.Invalid("filters", fmt.Sprintf("filters: contains wants a text and a text field, for %q", f.Field))
			}
			s = inLike.Replace(clean(s))
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
			if none := map[form]int{millis: 0, money: -1}; strings.HasPrefix(op, "<") && op != "<>" && (c.form == millis || c.form == money) {
				one.sql = fmt.Sprintf("(%s AND %s > %d)", one.sql, c.name, none[c.form])
			}
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

var inLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// memberOf is the condition that a vendor is among those of a skill; null: that any is.
func memberOf(column, skill string, f Filter) (sql string, args []any, err error) {
	values := []any{f.Value}
	if f.Op == "in" {
		list, ok := f.Value.([]any)
		if !ok || len(list) == 0 || len(list) > maxIn {
			return "", nil, parley.Invalid("filters", fmt.Sprintf("filters: in wants a list of 1 to %d values, for %q", maxIn, f.Field))
		}
		values = list
	} else if op := operators[f.Op]; op != "=" && op != "<>" {
		return "", nil, parley.Invalid("filters", fmt.Sprintf("filters: %q takes eq, ne or in, not %q", f.Field, f.Op))
	}
	var any []string
	for _, v := range values {
		name, ok := v.(string)
		switch {
		case ok:
			args = append(args, "%,"+skill+":"+inLike.Replace(strings.ToLower(clean(name)))+",%")
		case v == nil:
			args = append(args, "%,"+skill+":%")
		default:
			return "", nil, parley.Invalid("filters", fmt.Sprintf("filters: %q wants the name of a vendor", f.Field))
		}
		one := column + ` LIKE ? ESCAPE '\'`
		if v == nil != (operators[f.Op] == "<>") { // null is to have none
			one = column + ` NOT LIKE ? ESCAPE '\'`
		}
		any = append(any, one)
	}
	return "(" + strings.Join(any, " OR ") + ")", args, nil
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
	case millis:
		n, ok := number(v)
		if v != nil && (!ok || n < 0 || n > 1e9) {
			return nil, wrong("milliseconds")
		}
		return int64(math.Ceil(n)), nil
	case money:
		if v == nil {
			return -1, nil
		}
		n, ok := number(v)
		if !ok || math.Abs(n) > 1e9 {
			return nil, wrong("an amount")
		}
		return int64(math.Round(n * 1e6)), nil
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
