package store

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
	Items   []T
	Total   int // of all pages
	HasMore bool
}
