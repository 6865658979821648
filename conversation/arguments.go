package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxArguments is the longest JSON a tool is called with: 64 KiB.
const maxArguments = 64 << 10

// sealed loads nothing: a schema refers to nothing outside itself.
type sealed struct{}

func (sealed) Load(url string) (any, error) { return nil, errors.New("not loaded: " + url) }

// fits checks a tool's arguments against its JSON Schema. Arguments are always an object. A schema that cannot be read checks
// no more than that.
func fits(args, schema json.RawMessage) error {
	if len(args) > maxArguments {
		return fmt.Errorf("longer than %d bytes", maxArguments)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(args))
	if err != nil {
		return errors.New("not JSON")
	}
	if _, ok := v.(map[string]any); !ok {
		return errors.New("not an object")
	}
	if name, twice := repeated(args); twice {
		return fmt.Errorf("%q is given twice", name)
	}
	s := compile(schema)
	if s == nil {
		return nil
	}
	var bad *jsonschema.ValidationError
	if err := s.Validate(v); errors.As(err, &bad) {
		return errors.New(short(bad.Error()))
	}
	return nil
}

// repeated finds a name that an object has twice: one reader takes the first value, another the last, and only one of them has been
// checked. args is JSON.
func repeated(args json.RawMessage) (name string, twice bool) {
	d := json.NewDecoder(bytes.NewReader(args))
	d.UseNumber() // of any size
	type level struct {
		names map[string]bool // nil: an array
		value bool            // of the name before comes next
	}
	var in []level
	for {
		t, err := d.Token()
		if err != nil {
			return "", false
		}
		if k, ok := t.(string); ok && len(in) > 0 && in[len(in)-1].names != nil && !in[len(in)-1].value {
			here := &in[len(in)-1]
			if here.names[k] {
				return k, true
			}
			here.names[k], here.value = true, true
			continue
		}
		switch t {
		case json.Delim('{'):
			in = append(in, level{names: map[string]bool{}})
			continue
		case json.Delim('['):
			in = append(in, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			in = in[:len(in)-1]
		}
		if len(in) > 0 {
			in[len(in)-1].value = false
		}
	}
}

func compile(schema json.RawMessage) *jsonschema.Schema {
	if len(schema) == 0 {
		return nil
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil
	}
	const name = "tool:arguments"
	k := jsonschema.NewCompiler()
	k.UseLoader(sealed{})
	if k.AddResource(name, doc) != nil {
		return nil
	}
	s, err := k.Compile(name)
	if err != nil {
		return nil
	}
	return s
}

// short leaves out the line that names the schema, and what no model reads.
func short(s string) string {
	if _, rest, ok := strings.Cut(s, "\n"); ok {
		s = rest
	}
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "")
	}
	return s
}
