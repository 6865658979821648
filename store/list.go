package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A shelf is a table as it is listed. However full it is, a page costs little:
//   - What an index answers is read from it: the order by created_at or by an indexed field; one field's value, then by created_at; a
//     range of the field that is sorted by. A page far down is found from the survey's marks.
//   - Anything else (contains, in, ne, several fields at once, sorting by a field without index) looks at listWindow entries at most,
//     narrowWindow when the index it goes by does not have all that is asked: those with the value, or in the range, that an index finds, in the order of that index; else the first by created_at, of calls and
//     deliveries the newest. When there are more, and the index by created_at has all that is asked, in its order, the whole of it is searched by
//     one walk at a time, and what that found is remembered for a while. Else the list is marked Estimated: entries beyond are not found. Narrow
//     it by created_at.
//   - Totals are exact up to listWindow; beyond it they are remembered for a while, and marked Estimated.
type shelf struct {
	table       string
	columns     map[string]column
	indexed     map[string][]string // columns with an index of (the scope, the column, created_at, id, and these); created_at always has one
	newestFirst bool
	whole       string // the index by created_at, where it is worth to be searched whole
}

// listWindow is how many entries of an index a list looks at when no index answers, and up to how many the total is exact; narrowWindow
// is how many when each of them has to be fetched.
const (
	listWindow   = 10_000
	narrowWindow = 2_000
)

// A query is one list as SQL: which entries, in which order.
type query struct {
	shelf
	where string // the scope, and all conditions when an index answers them
	args  []any
	sort  string
	desc  bool

	wide bool   // the index by created_at is searched, whole
	all  *query // the same list so, as the index by created_at has it; nil: it has not all that is asked, or another order

	rest  []condition // what is left to check of the window's entries; the window is where, in the order of
	by    string      // this column,
	index string      // as the index of this column has them
	down  bool
}

// An extent is how long a list is.
type extent struct {
	total           int
	more, estimated bool
}

func (p Page) checked() (Page, error) {
	if p.Page < 1 {
		p.Page = 1
	}
	if p.Size == 0 {
		p.Size = defaultSize
	}
	if p.Size < 1 || p.Size > maxSize {
		return p, parley.Invalid("size", fmt.Sprintf("size must be between 1 and %d", maxSize))
	}
	if p.Page > 1<<30/maxSize {
		return p, parley.Invalid("page", "page is too large")
	}
	return p, nil
}

// ask reads what a page asks for; scope is a condition that always holds.
func (s shelf) ask(p Page, scope string, args []any) (q query, err error) {
	q = query{shelf: s, where: scope, args: args, sort: "created_at", desc: p.SortDesc}
	if p.SortColumn == "" {
		q.desc = p.SortDesc || s.newestFirst
	} else {
		c, ok := s.columns[p.SortColumn]
		if !ok {
			return q, parley.Invalid("sort_column", fmt.Sprintf("sort_column: there is no field %q to sort by", p.SortColumn))
		}
		q.sort = c.name
	}
	all, err := p.conditions(s.columns)
	if err != nil {
		return q, err
	}
	if s.answers(all, q.sort) {
		q.add(all)
		return q, nil
	}
	if s.whole != "" && q.sort == "created_at" && !slices.ContainsFunc(all, func(c condition) bool {
		return c.column != "id" && c.column != "created_at" && !slices.Contains(s.indexed["created_at"], c.column)
	}) {
		whole := q
		whole.wide = true
		whole.add(all)
		q.all = &whole
	}
	q.window(all)
	return q, nil
}

func (q *query) add(all []condition) {
	q.args = append([]any{}, q.args...)
	for _, c := range all {
		q.where += " AND " + c.sql
		q.args = append(q.args, c.args...)
	}
}

// answers says whether an index has the entries that fulfil all conditions, in the order asked for.
func (s shelf) answers(all []condition, sort string) bool {
	value := ""
	for _, c := range all {
		switch {
		case c.op == "=" && c.column == "id":
			return true
		case c.op == "=" && s.has(c.column) && value == "":
			value = c.column
		case c.op == "<" && c.column == sort:
		default:
			return false
		}
	}
	if value != "" {
		return sort == "created_at" || sort == value
	}
	return s.has(sort)
}

// has says whether there is an index to find and sort entries by a column.
func (s shelf) has(column string) bool {
	_, ok := s.indexed[column]
	return ok || column == "created_at"
}

// window chooses which entries are looked at when no index answers.
func (q *query) window(all []condition) {
	q.by, q.down = "created_at", q.newestFirst
	if q.has(q.sort) {
		q.by, q.down = q.sort, q.desc
	}
	var first []condition
	for _, c := range all {
		if c.op == "=" && q.has(c.column) && first == nil {
			first, q.by, q.index = []condition{c}, "created_at", c.column
			if q.sort != "created_at" {
				q.down = q.newestFirst
			}
		}
	}
	if first == nil {
		for _, c := range all {
			if c.op == "<" && q.has(c.column) && (first == nil || c.column == q.by) {
				q.by, first = c.column, append(first, c)
			}
		}
		if first != nil && q.by != q.sort {
			q.down = q.newestFirst
		}
	}
	q.rest = []condition{}
	for _, c := range all {
		used := false
		for _, f := range first {
			used = used || f.sql == c.sql && fmt.Sprint(f.args) == fmt.Sprint(c.args)
		}
		if !used {
			q.rest = append(q.rest, c)
		}
	}
	q.add(first)
	if q.index == "" {
		q.index = q.by
	}
}

// looksAt is how many entries are looked at, for the columns that are asked for.
func (q query) looksAt(columns map[string]bool) int {
	for c := range columns {
		if c != "id" && c != "created_at" && c != q.index && !slices.Contains(q.indexed[q.index], c) {
			return narrowWindow
		}
	}
	return listWindow
}

// order is an ORDER BY that is total, so that pages never overlap.
func order(column string, desc bool) string {
	by := column + ", created_at, id"
	if column == "created_at" {
		by = "created_at, id"
	}
	if desc {
		by = strings.ReplaceAll(by, ",", " DESC,") + " DESC"
	}
	return " ORDER BY " + by
}

// list reads one page of a shelf.
func list[T any](ctx context.Context, d *DB, s shelf, scope string, args []any, p Page) (rows []T, e extent, err error) {
	if p, err = p.checked(); err != nil {
		return nil, e, err
	}
	q, err := s.ask(p, scope, args)
	if err != nil {
		return nil, e, err
	}
	var ids []string
	if q.rest == nil {
		ids, e, err = d.page(ctx, q, p)
	} else if q.all != nil && d.remembered(*q.all) != nil { // the window is too small for it
		ids, e, err = d.pageOfWhole(ctx, q, p, nil, e)
	} else if ids, e, err = d.pageOfWindow(ctx, q, p); err == nil && e.estimated && q.all != nil {
		if ids, e, err = d.pageOfWhole(ctx, q, p, ids, e); err != nil {
			return nil, e, err
		}
	}
	if err != nil || len(ids) == 0 {
		return nil, e, err
	}
	err = d.r.NewSelect().Model(&rows).Where("id IN ?", bun.Tuple(ids)).OrderExpr(strings.TrimPrefix(order(q.sort, q.desc), " ORDER BY ")).Scan(ctx)
	return rows, e, err
}

// page finds the entries of a page that an index answers.
func (d *DB) page(ctx context.Context, q query, p Page) (ids []string, e extent, err error) {
	skip := (p.Page - 1) * p.Size
	seen := d.remembered(q)
	if skip > listWindow && seen == nil {
		seen = d.survey(ctx, q)
	}
	from, rest := q.from(seen.before(skip))
	args := append(append([]any{}, from.args...), p.Size+1, skip-rest)
	if err = d.r.NewRaw("SELECT id FROM "+q.table+" WHERE "+from.where+order(q.sort, q.desc)+" LIMIT ? OFFSET ?", args...).Scan(ctx, &ids); err != nil {
		return nil, e, err
	}
	if len(ids) > p.Size {
		ids, e.more = ids[:p.Size], true
	} else if len(ids) > 0 || skip == 0 {
		return ids, extent{total: skip + len(ids), estimated: rest > 0}, nil
	}
	if seen == nil || seen.total <= listWindow {
		err = d.r.NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM "+q.table+" WHERE "+q.where+" LIMIT ?) AS t", append(append([]any{}, q.args...), listWindow+1)...).Scan(ctx, &e.total)
		if err != nil || e.total <= listWindow {
			return ids, e, err
		}
		seen = d.survey(ctx, q)
	}
	e.estimated = true
	if seen != nil {
		e.total = seen.total
	}
	return ids, e, nil
}

// looked is the window with these columns, as SQL. Entries that have to be fetched are found by the index alone first: SQLite would
// rather read all of another index that has the columns.
func (q query) looked(columns map[string]bool) string {
	names := strings.Join(slices.Sorted(maps.Keys(columns)), ", ")
	rest := " FROM " + q.table + " WHERE " + q.where + order(q.by, q.down) + " LIMIT ?"
	if q.looksAt(columns) == listWindow {
		return "SELECT " + names + rest
	}
	return "SELECT " + names + " FROM " + q.table + " WHERE id IN (SELECT id" + rest + ")"
}

// pageOfWindow finds the entries of a page among those that are looked at.
func (d *DB) pageOfWindow(ctx context.Context, q query, p Page) (ids []string, e extent, err error) {
	skip := (p.Page - 1) * p.Size
	columns, rest := map[string]bool{"id": true, "created_at": true, q.sort: true, q.by: true}, "TRUE"
	for _, c := range q.rest {
		columns[c.column] = true
		rest += " AND " + c.sql
	}
	most := q.looksAt(columns)
	args := append(append([]any{}, q.args...), most)
	for _, c := range q.rest {
		args = append(args, c.args...)
	}
	inner := " FROM (" + q.looked(columns) + ") AS w WHERE " + rest
	var rows []struct {
		ID string
		N  int
	}
	err = d.r.NewRaw("SELECT id, COUNT(*) OVER () AS n"+inner+order(q.sort, q.desc)+" LIMIT ? OFFSET ?", append(append([]any{}, args...), p.Size, skip)...).Scan(ctx, &rows)
	if err == nil && len(rows) == 0 && skip > 0 {
		err = d.r.NewRaw("SELECT COUNT(*)"+inner, args...).Scan(ctx, &e.total)
	}
	var looked int
	if err == nil {
		err = d.r.NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM "+q.table+" WHERE "+q.where+" LIMIT ?) AS t", append(append([]any{}, q.args...), most+1)...).Scan(ctx, &looked)
	}
	if err != nil {
		return nil, e, err
	}
	e.estimated = looked > most
	for _, r := range rows {
		ids, e.total = append(ids, r.ID), r.N
	}
	e.more = skip+len(ids) < e.total
	return ids, e, nil
}

// pageOfWhole finds the entries of a page among all that an index has, where its window was too small. Without a survey, which may take too long,
// the page of the window has to do.
func (d *DB) pageOfWhole(ctx context.Context, window query, p Page, ids []string, e extent) ([]string, extent, error) {
	q, skip := *window.all, (p.Page-1)*p.Size
	seen := d.remembered(q)
	if seen == nil {
		seen = d.survey(ctx, q)
	}
	if seen == nil {
		return ids, e, nil
	}
	e = extent{total: seen.total, more: skip+p.Size < seen.total, estimated: true}
	if seen.ids != nil {
		return seen.ids[min(skip, len(seen.ids)):min(skip+p.Size, len(seen.ids))], e, nil
	}
	if window.by == q.sort && len(ids) == p.Size { // the window had them
		return ids, e, nil
	}
	from, rest := q.from(seen.before(skip))
	ids = nil
	err := d.r.NewRaw("SELECT id FROM "+d.searched(q)+" WHERE "+from.where+order(q.sort, q.desc)+" LIMIT ? OFFSET ?", append(append([]any{}, from.args...), p.Size, skip-rest)...).Scan(ctx, &ids)
	return ids, e, err
}

// searched is the table of a list. SQLite would rather fetch each entry that another index has than search an index that has all that is asked.
func (d *DB) searched(q query) string {
	if q.whole == "" || d.pg || !q.wide {
		return q.table
	}
	return q.table + " INDEXED BY " + q.whole
}
