package store

import (
	"context"
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

// where adds the page's filters to a query.
func (p Page) where(q *bun.SelectQuery, columns map[string]column) error {
	for _, f := range p.Filters {
		c, ok := columns[f.Field]
		if !ok {
			return parley.Invalid("filters", fmt.Sprintf("filters: there is no field %q to filter by", f.Field))
		}
		switch f.Op {
		case "contains":
			s, ok := f.Value.(string)
			if !ok || c.form != text {
				return parley.Invalid("filters", fmt.Sprintf("filters: contains wants a text and a text field, for %q", f.Field))
			}
			s = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(clean(s))
			q.Where(`LOWER(?) LIKE LOWER(?) ESCAPE '\'`, bun.Ident(c.name), "%"+s+"%")
		case "in":
			l, ok := f.Value.([]any)
			if !ok || len(l) == 0 || len(l) > maxIn {
				return parley.Invalid("filters", fmt.Sprintf("filters: in wants a list of 1 to %d values, for %q", maxIn, f.Field))
			}
			values := make([]any, len(l))
			for i, v := range l {
				x, err := c.value(f.Field, v)
				if err != nil {
					return err
				}
				values[i] = x
			}
			q.Where("? IN ?", bun.Ident(c.name), bun.Tuple(values))
		default:
			op, ok := operators[f.Op]
			if !ok {
				return parley.Invalid("filters", fmt.Sprintf("filters: unknown operator %q for %q", f.Op, f.Field))
			}
			v, err := c.value(f.Field, f.Value)
			if err != nil {
				return err
			}
			q.Where("? "+op+" ?", bun.Ident(c.name), v)
		}
	}
	return nil
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

// list runs a query for one page of rows. The order is total, so pages never overlap.
func list[T any](ctx context.Context, q *bun.SelectQuery, rows *[]T, p Page, columns map[string]column, newestFirst bool) (total int, more bool, err error) {
	if p.Page < 1 {
		p.Page = 1
	}
	if p.Size == 0 {
		p.Size = defaultSize
	}
	if p.Size < 1 || p.Size > maxSize {
		return 0, false, parley.Invalid("size", fmt.Sprintf("size must be between 1 and %d", maxSize))
	}
	if p.Page > 1<<30/maxSize {
		return 0, false, parley.Invalid("page", "page is too large")
	}
	if err := p.where(q, columns); err != nil {
		return 0, false, err
	}
	sort := "created_at"
	if p.SortColumn == "" {
		p.SortDesc = p.SortDesc || newestFirst
	} else {
		c, ok := columns[p.SortColumn]
		if !ok {
			return 0, false, parley.Invalid("sort_column", fmt.Sprintf("sort_column: there is no field %q to sort by", p.SortColumn))
		}
		sort = c.name
	}
	direction := bun.Safe("ASC")
	if p.SortDesc {
		direction = bun.Safe("DESC")
	}
	if sort != "created_at" {
		q.OrderExpr("? ?", bun.Ident(sort), direction)
	}
	n, err := q.Count(ctx)
	if err != nil {
		return 0, false, err
	}
	total = int(n)
	err = q.OrderExpr("created_at ?, id ?", direction, direction).
		Limit(int64(p.Size)).Offset(int64(p.Page-1)*int64(p.Size)).Scan(ctx, rows)
	return total, p.Page*p.Size < total, err
}
