package conversation

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	const schema = `{"type":"object","properties":{"day":{"type":"string","enum":["mon","tue"]},"n":{"type":"integer","minimum":1}},"required":["day"],"additionalProperties":false}`
	for _, tc := range []struct {
		args, schema string
		wrong        string // part of the complaint; "": it fits
	}{
		{`{"day":"mon"}`, schema, ""},
		{`{"day":"mon","n":2}`, schema, ""},
		{`{"day":"wed"}`, schema, "day"},
		{`{"day":"mon","n":0}`, schema, "n"},
		{`{"day":"mon","n":"two"}`, schema, "want integer"},
		{`{}`, schema, "missing property 'day'"},
		{`{"day":"mon","x":1}`, schema, "x"},
		{`[]`, schema, "not an object"},
		{`{"day":7,"day":"mon"}`, schema, `"day" is given twice`},
		{`{"x":[1,{"y":{},"z":[],"y":1}]}`, `{}`, `"y" is given twice`},
		{`{"x":{"x":1},"y":[{"x":"x"},{"x":["x","x"]}],"z":1e400}`, `{}`, ""},
		{`"day"`, `{}`, "not an object"},
		{`{"day":`, schema, "not JSON"},
		{``, schema, "not JSON"},
		{`{"any":"thing"}`, ``, ""},
		{`{"any":"thing"}`, `{"type":"object"}`, ""},
		{`{"any":"thing"}`, `{"type":`, ""},                        // a schema that is none checks nothing
		{`{"any":"thing"}`, `{"$ref":"file:///etc/passwd"}`, ""},   // and nothing is fetched for one
		{`{"any":"thing"}`, `{"$ref":"http://127.0.0.1:1/x"}`, ""}, //
		{`{"x":"` + strings.Repeat("a", maxArguments) + `"}`, schema, "longer"},
	} {
		err := fits(json.RawMessage(tc.args), json.RawMessage(tc.schema))
		switch {
		case tc.wrong == "" && err != nil:
			t.Errorf("%.60s does not fit %s: %v", tc.args, tc.schema, err)
		case tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong)):
			t.Errorf("%.60s: %v, want a word about %q", tc.args, err, tc.wrong)
		case err != nil && (len(err.Error()) > 600 || strings.Contains(err.Error(), "\n")):
			t.Errorf("the model cannot read %q", err)
		}
	}
}

func FuzzArguments(f *testing.F) {
	f.Add([]byte(`{"day":"mon"}`), []byte(`{"type":"object","required":["day"]}`))
	f.Fuzz(func(t *testing.T, args, schema []byte) {
		if err := fits(args, schema); err == nil && !strings.HasPrefix(strings.TrimLeft(string(args), " \t\r\n"), "{") {
			t.Errorf("%q is taken for an object", args)
		}
	})
}
