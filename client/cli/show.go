package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"gopkg.in/yaml.v3"

	client "github.com/parley-voice/parley/client/go"
)

// cellWidth is how many letters of a value stand in a table.
const cellWidth = 48

// list shows a page, or all.
func (a *act) list(ctx context.Context, query url.Values) error {
	f := a.flags
	filters, err := a.filters()
	if err != nil {
		return err
	}
	if f.All {
		items := []json.RawMessage{}
		for item, err := range client.Each[json.RawMessage](ctx, a.api, a.verb.path, client.List{Filters: filters, Sort: f.Sort, Desc: f.Desc}) {
			if err != nil {
				return err
			}
			items = append(items, item)
		}
		raw, err := json.Marshal(map[string]any{"items": items})
		if err != nil {
			return err
		}
		return a.showList(raw)
	}
	query.Set("page", strconv.Itoa(f.Page))
	query.Set("size", strconv.Itoa(f.Size))
	if f.Sort != "" {
		query.Set("sort_column", f.Sort)
	}
	if f.Desc {
		query.Set("sort_desc", "true")
	}
	if len(filters) > 0 {
		b, err := json.Marshal(filters)
		if err != nil {
			return err
		}
		query.Set("filters", string(b))
	}
	raw, err := a.api.Send(ctx, http.MethodGet, a.verb.path, query, nil)
	if err != nil {
		return err
	}
	return a.showList(raw)
}

// showList shows objects as a table of the resource's columns.
func (a *act) showList(raw json.RawMessage) error {
	if a.flags.Output == "json" || a.flags.Output == "yaml" {
		return a.show(raw)
	}
	var page struct {
		Items   []map[string]any
		Page    int
		HasMore bool `json:"has_more"`
		Total   int
		About   bool `json:"total_is_estimated"`
	}
	if err := decode(raw, &page); err != nil {
		return err
	}
	if len(page.Items) == 0 {
		fmt.Fprintln(a.Err, "there are none")
		return nil
	}
	columns := strings.Fields(a.resource.columns[a.verb.name])
	columns = slices.DeleteFunc(columns, func(c string) bool { // an empty column tells nothing
		return c != "id" && !slices.ContainsFunc(page.Items, func(item map[string]any) bool { return cell(item, c) != "" })
	})
	if len(columns) == 0 {
		columns = slices.Sorted(maps.Keys(page.Items[0]))
	}
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.ToUpper(strings.Join(columns, "\t")))
	for _, item := range page.Items {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = cut(cell(item, c))
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if page.HasMore {
		about := ""
		if page.About {
			about = "about "
		}
		fmt.Fprintf(a.Err, "%d of %s%d: --page %d shows more, --all everything\n", len(page.Items), about, page.Total, page.Page+1)
	}
	return nil
}

// show writes one answer in the form that is wanted.
func (a *act) show(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	switch a.flags.Output {
	case "json":
		var b bytes.Buffer
		if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
			return err
		}
		_, err := fmt.Fprintln(a.Out, escaped(b.String()))
		return err
	case "yaml":
		var v any
		if err := decode(raw, &v); err != nil {
			return err
		}
		e := yaml.NewEncoder(a.Out)
		e.SetIndent(2)
		if err := e.Encode(numbers(v)); err != nil {
			return err
		}
		return e.Close()
	}
	var object map[string]any
	if err := decode(raw, &object); err != nil {
		return err
	}
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	for _, row := range flatten("", object) {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	return w.Flush()
}

// flatten gives each value of an object with its dotted name, the id first; what is empty is left out.
func flatten(prefix string, object map[string]any) (rows [][2]string) {
	names := slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		if (a == "id") != (b == "id") {
			return map[bool]int{true: -1, false: 1}[a == "id"]
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		switch v := object[name].(type) {
		case nil:
		case map[string]any:
			rows = append(rows, flatten(prefix+name+".", v)...)
		case []any:
			if len(v) > 0 && nested(v[0]) {
				for i, x := range v {
					rows = append(rows, flatten(prefix, map[string]any{name + "." + strconv.Itoa(i): x})...)
				}
			} else if len(v) > 0 {
				rows = append(rows, [2]string{plain(prefix + name), value(v)})
			}
		default:
			if s := value(v); s != "" {
				rows = append(rows, [2]string{plain(prefix + name), s})
			}
		}
	}
	return rows
}

func nested(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// cell is the value of a dotted name in an object.
func cell(object map[string]any, name string) string {
	first, rest, more := strings.Cut(name, ".")
	v := object[first]
	if inner, ok := v.(map[string]any); ok && more {
		return cell(inner, rest)
	}
	return value(v) // of an object that may be an id, the id
}

// value is a JSON value in words.
func value(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return plain(v)
	case []any:
		words := make([]string, len(v))
		for i, x := range v {
			words[i] = value(x)
		}
		return strings.Join(words, ", ")
	case map[string]any:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return plain(string(b))
	}
	return fmt.Sprint(v)
}

// plain takes out of text what a terminal would obey: callers and vendors wrote some of it.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// escaped writes as \u what a terminal would obey and JSON allows within strings: the control characters beyond ASCII, and those
// that turn the direction of writing.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func cut(s string) string {
	r := []rune(s)
	if len(r) <= cellWidth {
		return s
	}
	return string(r[:cellWidth-1]) + "…"
}

func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the answer has another form than this version expects: %w", err)
	}
	return nil
}

// numbers makes what YAML writes as numbers of those that JSON kept as text.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for name, x := range v {
			v[name] = numbers(x)
		}
	case []any:
		for i, x := range v {
			v[i] = numbers(x)
		}
	}
	return v
}

// follow shows the events of a call as they come.
func (a *act) follow(ctx context.Context, query url.Values) error {
	after, err := strconv.Atoi(query.Get("after"))
	if query.Has("after") && (err != nil || after < 0) {
		return misuse("after: %q is no sequence of an event", query.Get("after"))
	}
	return a.events(a.api.Events(ctx, query.Get("id"), after))
}

// events shows events as they come.
func (a *act) events(all iter.Seq2[client.EventDto, error]) error {
	for e, err := range all {
		if err != nil {
			return err
		}
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		switch a.flags.Output {
		case "json":
			_, err = fmt.Fprintln(a.Out, escaped(string(raw)))
		case "yaml":
			fmt.Fprintln(a.Out, "---")
			err = a.show(raw)
		default:
			_, err = fmt.Fprintf(a.Out, "%s  %3d  %-32s  %s\n", e.Timestamp.Format("15:04:05.000"), e.Sequence, plain(e.Type), value(e.Payload))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// record writes the sound of a call into a file, which is there whole or not at all.
func (a *act) record(ctx context.Context, query url.Values) error {
	name := a.flags.Output
	format := query.Get("format")
	if format == "" {
		format = "mp3"
		if strings.EqualFold(filepath.Ext(name), ".wav") {
			format = "wav"
		}
	}
	return a.file(name, func(w io.Writer) (int64, error) { return a.api.Recording(ctx, query.Get("id"), format, w) })
}

// file writes into a file, which is there whole or not at all; - is the standard output.
func (a *act) file(name string, write func(io.Writer) (int64, error)) error {
	if name == "-" {
		_, err := write(a.Out)
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".parley-*")
	if err != nil {
		return misuse("-o: %v", err)
	}
	defer os.Remove(f.Name())
	n, err := write(f)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "%d bytes in %s\n", n, name)
	return nil
}
