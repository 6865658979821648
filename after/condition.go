package after

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A condition is what must hold of a call for an action to be done.
type condition struct {
	Field string `json:"field"`
	Op    string `json:"op"`
	Value any    `json:"value"`
}

// ops compare what a call has with what is wanted. A value that is not there is nil.
var ops = map[string]func(have, want any) bool{
	"eq": same, "ne": func(h, w any) bool { return !same(h, w) },
	"gt":       func(h, w any) bool { n, ok := order(h, w); return ok && n > 0 },
	"gte":      func(h, w any) bool { n, ok := order(h, w); return ok && n >= 0 },
	"lt":       func(h, w any) bool { n, ok := order(h, w); return ok && n < 0 },
	"lte":      func(h, w any) bool { n, ok := order(h, w); return ok && n <= 0 },
	"contains": contains, "not_contains": func(h, w any) bool { return !contains(h, w) },
	"in": within, "not_in": func(h, w any) bool { return !within(h, w) },
	"exists": func(h, w any) bool { return (asText(h) != "") == (w != false) },
}

// signs are other words for ops.
var signs = map[string]string{"": "eq", "=": "eq", "==": "eq", "equals": "eq", "is": "eq", "!=": "ne", "neq": "ne", "not_equals": "ne", "is_not": "ne",
	">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "not_exists": "exists"}

// readCondition reads {field, op, value}; op is eq when it is left out.
func readCondition(raw json.RawMessage) (c condition, err error) {
	if json.Unmarshal(raw, &c) != nil {
		return c, errors.New("must be an object with field, op and value, such as {\"field\": \"ended_reason\", \"op\": \"eq\", \"value\": \"voicemail\"}")
	}
	c.Field = strings.TrimSpace(c.Field)
	if c.Field == "" {
		return c, errors.New("must name a field, such as ended_reason, voicemail, analysis or an insight")
	}
	given := strings.ToLower(strings.TrimSpace(c.Op))
	c.Op = given
	if s, ok := signs[given]; ok {
		c.Op = s
	}
	if given == "not_exists" {
		c.Value = false
	}
	if ops[c.Op] == nil {
		return c, fmt.Errorf("has op %q, which is none of %s", given, strings.Join(slices.Sorted(maps.Keys(ops)), ", "))
	}
	return c, nil
}

// CheckConditions says which of an action's conditions cannot be understood, and its place in the list.
func CheckConditions(list []json.RawMessage) (at int, err error) {
	for i, raw := range list {
		if _, err := readCondition(raw); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// holds reports whether all conditions hold of the values; why names the first that does not.
func holds(list []json.RawMessage, v values) (ok bool, why string, err error) {
	for i, raw := range list {
		c, err := readCondition(raw)
		if err != nil {
			return false, "", fmt.Errorf("conditions.%d %w", i, err)
		}
		if !ops[c.Op](v[c.Field], c.Value) {
			return false, fmt.Sprintf("conditions.%d does not hold: %s is %s", i, c.Field, shown(v[c.Field])), nil
		}
	}
	return true, "", nil
}

func shown(x any) string {
	if s := asText(x); s != "" {
		return strconv.Quote(clip(s, 100))
	}
	return "empty"
}

// about reports whether one of the conditions looks at a field.
func about(list []json.RawMessage, field string) bool {
	return slices.ContainsFunc(list, func(raw json.RawMessage) bool {
		c, err := readCondition(raw)
		return err == nil && c.Field == field
	})
}

// same compares numbers as numbers and everything else as text, whatever its case.
func same(have, want any) bool {
	if n, ok := order(have, want); ok {
		return n == 0
	}
	return strings.EqualFold(strings.TrimSpace(asText(have)), strings.TrimSpace(asText(want)))
}

// order compares two numbers, or two texts that are times or dates as ISO 8601 has them; false: they cannot be.
func order(have, want any) (int, bool) {
	a, b := strings.TrimSpace(asText(have)), strings.TrimSpace(asText(want))
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	switch {
	case errX == nil && errY == nil && x < y:
		return -1, true
	case errX == nil && errY == nil && x > y:
		return 1, true
	case errX == nil && errY == nil:
		return 0, x == y // not a number
	case isDate(a) && isDate(b):
		return strings.Compare(a, b), true
	}
	return 0, false
}

func isDate(s string) bool {
	return len(s) >= 10 && s[4] == '-' && s[7] == '-' && strings.Trim(s[:4]+s[5:7]+s[8:10], "0123456789") == ""
}

func contains(have, want any) bool {
	if list, ok := listIn(have); ok {
		return slices.ContainsFunc(list, func(x any) bool { return same(x, want) })
	}
	return asText(want) != "" && strings.Contains(strings.ToLower(asText(have)), strings.ToLower(asText(want)))
}

func within(have, want any) bool {
	list, ok := listIn(want)
	if !ok {
		for _, s := range strings.Split(asText(want), ",") {
			list = append(list, s)
		}
	}
	return slices.ContainsFunc(list, func(x any) bool { return same(have, x) })
}

func listIn(x any) ([]any, bool) {
	switch x := x.(type) {
	case []any:
		return x, true
	case json.RawMessage:
		var list []any
		if json.Unmarshal(x, &list) == nil && list != nil {
			return list, true
		}
	}
	return nil, false
}
