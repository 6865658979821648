package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// fileLimit is how large a file of a body or a field may be, in bytes; the API takes less.
const fileLimit = 8 << 20

// assemble makes a body of a file, name=value pairs and words without a name. The pairs win over the file.
func assemble(v *verb, bareField, file string, in io.Reader, args []string) (map[string]any, error) {
	body := map[string]any{}
	if file != "" {
		if err := readBody(file, in, &body); err != nil {
			return nil, err
		}
	}
	schema := v.body()
	var bare []any
	for _, arg := range args {
		name, text, pair := strings.Cut(arg, "=")
		if bareField != "" && (!pair || !knows(schema, name)) {
			value, err := bareWord(property(schema, bareField), bareField, arg)
			if err != nil {
				return nil, err
			}
			bare = append(bare, value)
			continue
		}
		if !pair {
			return nil, misuse("%q is no field: write name=value; \"--help\" shows the fields", arg)
		}
		if err := set(body, schema, name, text); err != nil {
			return nil, err
		}
	}
	list := kinds(property(schema, bareField))["array"]
	switch {
	case len(bare) == 0:
	case list:
		body[bareField] = bare
	case len(bare) > 1:
		for _, arg := range args {
			if name, _, pair := strings.Cut(arg, "="); pair && fieldName.MatchString(name) && !knows(schema, name) {
				return nil, unknownField(schema, strings.Split(name, ".")[:1])
			}
		}
		return nil, misuse("%s is one value: put it in quotes", bareField)
	default:
		body[bareField] = bare[0]
	}
	return body, nil
}

// fieldName is what is meant for a field's name, where a text may hold = as well.
var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_.]*$`)

// bareWord is a word for a field, or for one element of it.
func bareWord(s *openapi3.SchemaRef, field, text string) (any, error) {
	if s != nil && kinds(s)["array"] {
		s = s.Value.Items
	}
	return convert(s, field, text)
}

// knows says whether a dotted name may stand in a body.
func knows(s *openapi3.SchemaRef, name string) bool {
	first, _, _ := strings.Cut(name, ".")
	ok, _ := free(s)
	return ok || property(s, first) != nil
}

// readBody reads a JSON or YAML object from a file; "-" is the standard input.
func readBody(file string, in io.Reader, body *map[string]any) error {
	b, err := slurp(file, in)
	if err != nil {
		return err
	}
	if ext := filepath.Ext(file); ext == ".yaml" || ext == ".yml" {
		if err := yaml.Unmarshal(b, body); err != nil {
			return misuse("%s is no YAML object: %v", file, err)
		}
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(body)
	if _, more := d.Token(); err == nil && more != io.EOF {
		err = errors.New("there is more after the object")
	}
	if err != nil || *body == nil {
		return misuse("%s is no JSON object: %s", file, where(b, err))
	}
	return nil
}

// where adds the line to an error of JSON.
func where(b []byte, err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("line %d: %v", 1+bytes.Count(b[:min(int(syntax.Offset), len(b))], []byte("\n")), err)
	}
	if err == nil || errors.Is(err, io.EOF) {
		return "it is empty"
	}
	return err.Error()
}

func slurp(file string, in io.Reader) ([]byte, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, misuse("%v", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, fileLimit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if len(b) > fileLimit {
		return nil, misuse("%s is larger than %d MB: that is no body of this API", file, fileLimit>>20)
	}
	return b, nil
}

// set puts a value where a dotted name says.
func set(body map[string]any, s *openapi3.SchemaRef, name, text string) error {
	at := body
	path := strings.Split(name, ".")
	for i, part := range path {
		if part == "" {
			return misuse("%q is no name of a field: write name=value or outer.inner=value", name)
		}
		next := property(s, part)
		if next == nil {
			ok, of := free(s)
			if !ok && s != nil {
				return unknownField(s, path[:i+1])
			}
			next = of
		}
		s = next
		if i == len(path)-1 {
			value, err := convert(s, name, text)
			if err != nil {
				return err
			}
			at[part] = value
			return nil
		}
		inner, ok := at[part].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[part] = inner
		}
		at = inner
	}
	return nil
}

// unknownField names the fields that are nearest.
func unknownField(s *openapi3.SchemaRef, path []string) error {
	all := fields(s)
	name := path[len(path)-1]
	slices.SortStableFunc(all, func(a, b string) int { return distance(name, a) - distance(name, b) })
	if len(all) == 0 {
		return misuse("%s has no fields", strings.Join(path[:len(path)-1], "."))
	}
	if distance(name, all[0]) <= 3 {
		return misuse("there is no field %s: did you mean %s? \"--help\" shows all", strings.Join(path, "."), all[0])
	}
	return misuse("there is no field %s: \"--help\" shows those there are", strings.Join(path, "."))
}

// convert makes a JSON value of text, by the type that the contract wants. @file stands for what the file holds, @@ for one @.
func convert(s *openapi3.SchemaRef, name, text string) (any, error) {
	if rest, ok := strings.CutPrefix(text, "@"); ok && !strings.HasPrefix(rest, "@") {
		b, err := slurp(rest, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		text = strings.TrimSuffix(string(b), "\n")
	} else if ok {
		text = rest
	}
	k := kinds(s)
	value, isJSON := parseJSON(text)
	if len(k) == 0 || len(k) == 1 && k["null"] {
		if isJSON {
			return value, nil
		}
		return text, nil
	}
	if isJSON && fits(k, value) {
		return value, nil
	}
	if b, ok := map[string]bool{"on": true, "yes": true, "off": false, "no": false}[text]; ok && k["boolean"] {
		return b, nil
	}
	if k["string"] {
		return text, nil
	}
	if k["array"] && !isJSON {
		return split(s, name, text)
	}
	return nil, misuse("%s: %q is not %s", name, text, wanted(k))
}

// fits says whether a JSON value is taken as it stands. Text always is: a string in quotes would lose them.
func fits(k map[string]bool, value any) bool {
	switch value.(type) {
	case nil:
		return k["null"]
	case bool:
		return k["boolean"]
	case json.Number:
		return k["number"] || k["integer"]
	case map[string]any:
		return k["object"]
	case []any:
		return k["array"]
	}
	return false
}

// split makes a list of words between commas.
func split(s *openapi3.SchemaRef, name, text string) (any, error) {
	var items *openapi3.SchemaRef
	for _, v := range variants(s) {
		if v.Items != nil {
			items = v.Items
		}
	}
	list := []any{}
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		value, err := convert(items, name, word)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

func parseJSON(text string) (value any, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil, false
	}
	_, err := d.Token()
	return value, err == io.EOF
}

// wanted says in words what would be right.
func wanted(k map[string]bool) string {
	names := []struct{ kind, words string }{
		{"boolean", "true or false"}, {"integer", "a whole number"}, {"number", "a number"}, {"array", "a list"}, {"object", "a JSON object"}, {"null", "null"},
	}
	var out []string
	for _, n := range names {
		if k[n.kind] {
			out = append(out, n.words)
		}
	}
	return strings.Join(out, ", or ")
}

// distance is how many letters have to be changed, added or left out to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, last+cost)
		}
	}
	return row[len(b)]
}
