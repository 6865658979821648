package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// listPage is the answer of every list.
type listPage struct {
	Items            []any `json:"items"`
	Page             int   `json:"page"`
	Size             int   `json:"size"`
	HasMore          bool  `json:"has_more"`
	Total            int   `json:"total"`
	TotalIsEstimated bool  `json:"total_is_estimated"`
}

// listed answers with a page of the store's, each item as show has it.
func listing[T any](p store.Page, l store.List[T], show func(T) (any, error)) (any, error) {
	out := listPage{Items: make([]any, 0, len(l.Items)), Page: p.Page, Size: p.Size, HasMore: l.HasMore, Total: l.Total, TotalIsEstimated: l.Estimated}
	for _, x := range l.Items {
		v, err := show(x)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}

const (
	maxPage    = 1_000_000
	maxSize    = 100
	maxFilters = 20
)

// page reads page, size, sort_column, sort_desc and filters.
func (r *request) page() (store.Page, error) {
	var bad invalid
	p := store.Page{Page: r.whole(&bad, "page", 1, 1, maxPage), Size: r.whole(&bad, "size", 10, 1, maxSize), SortColumn: r.q("sort_column")}
	if s := r.q("sort_desc"); s != "" {
		desc, err := strconv.ParseBool(strings.ToLower(s))
		if err != nil {
			bad = append(bad, fieldError{"sort_desc", "sort_desc must be true or false"})
		}
		p.SortDesc = desc
	}
	var err error
	if p.Filters, err = readFilters(r.q("filters")); err != nil {
		bad = append(bad, fieldError{"filters", err.Error()})
	}
	return p, bad.orNil()
}

// rename has a field sorted and filtered by under the name that the store has for it.
func rename(p *store.Page, field, stored string) {
	if p.SortColumn == field {
		p.SortColumn = stored
	}
	for i := range p.Filters {
		if p.Filters[i].Field == field {
			p.Filters[i].Field = stored
		}
	}
}

var operators = []string{"eq", "ne", "gt", "gte", "lt", "lte", "contains", "in"}

// readFilters reads {"field": value} and {"field": {"gt": value}}.
func readFilters(s string) ([]store.Filter, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(s), &fields); err != nil {
		return nil, fmt.Errorf(`filters must be a JSON object such as {"status": "ended"}`)
	}
	var out []store.Filter
	for field, v := range fields {
		ops, ok := v.(map[string]any)
		if !ok {
			ops = map[string]any{"eq": v}
		}
		for op, value := range ops {
			if !slices.Contains(operators, op) {
				return nil, fmt.Errorf("filters: %s is no operator: take one of %s", strconv.Quote(short(op)), strings.Join(operators, ", "))
			}
			if err := filterValue(field, op, value); err != nil {
				return nil, err
			}
			out = append(out, store.Filter{Field: field, Op: op, Value: value})
		}
	}
	if len(out) > maxFilters {
		return nil, fmt.Errorf("filters: at most %d conditions", maxFilters)
	}
	slices.SortFunc(out, func(a, b store.Filter) int { return strings.Compare(a.Field+a.Op, b.Field+b.Op) })
	return out, nil
}

func filterValue(field, op string, v any) error {
	scalar := func(v any) bool {
		s, text := v.(string)
		switch v.(type) {
		case map[string]any, []any:
			return false
		}
		return !text || plain(s)
	}
	if op != "in" {
		if !scalar(v) {
			return fmt.Errorf("filters: the value for %s must be a string, a number, a boolean or null", short(field))
		}
		return nil
	}
	list, ok := v.([]any)
	if !ok || len(list) > maxSize || slices.ContainsFunc(list, func(v any) bool { return !scalar(v) }) {
		return fmt.Errorf("filters: in for %s wants a list of at most %d strings or numbers", short(field), maxSize)
	}
	return nil
}

// short keeps text of a request that goes into a message to what can be read.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func itoa(i int) string { return strconv.Itoa(i) }

// notFoundAt names the field that referred to something that is not there.
func notFoundAt(field, what string) error {
	return &parley.Error{Status: 404, Code: "not_found", Field: field, Message: field + ": " + what + " not found"}
}
