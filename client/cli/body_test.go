package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// goldenMute is found before a test goes to a folder of its own.
var goldenMute, _ = filepath.Abs("testdata/calls-mute-help.txt")

// schema is one of a contract, in YAML's flow style.
func schema(t *testing.T, text string) *openapi3.SchemaRef {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte("openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents: {schemas: {It: " + text + "}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas["It"]
}

const thing = `{type: object, properties: {
	text: {type: string, nullable: true}, plain: {type: string}, count: {type: integer}, size: {type: number, nullable: true}, yes: {type: boolean},
	words: {type: array, items: {type: string}}, counts: {type: array, items: {type: integer}},
	any: {}, open: {type: object, additionalProperties: true}, texts: {type: object, additionalProperties: {type: string}},
	ref: {oneOf: [{type: string}, {type: object, properties: {id: {type: string}, count: {type: integer}}}]},
	when: {anyOf: [{type: string}, {type: number}]}}}`

func TestValuesGetTheTypesOfTheContract(t *testing.T) {
	s := schema(t, thing)
	for arg, want := range map[string]string{
		"text=5":            `{"text":"5"}`,
		"text=true":         `{"text":"true"}`,
		"text=null":         `{"text":null}`,
		"text=":             `{"text":""}`,
		"text=a=b":          `{"text":"a=b"}`,
		`text="q"`:          `{"text":"\"q\""}`,
		"plain=null":        `{"plain":"null"}`,
		"plain={}":          `{"plain":"{}"}`,
		"count=5":           `{"count":5}`,
		"size=1.5":          `{"size":1.5}`,
		"size=null":         `{"size":null}`,
		"yes=true":          `{"yes":true}`,
		"yes=off":           `{"yes":false}`,
		"words=a,b c":       `{"words":["a","b c"]}`,
		`words=["a,b"]`:     `{"words":["a,b"]}`,
		"words=":            `{"words":[]}`,
		"counts=1,2":        `{"counts":[1,2]}`,
		"any=5":             `{"any":5}`,
		"any=five":          `{"any":"five"}`,
		"open.a.b=1":        `{"open":{"a":{"b":1}}}`,
		`open={"a":1}`:      `{"open":{"a":1}}`,
		"texts.a=1":         `{"texts":{"a":"1"}}`,
		"ref=x":             `{"ref":"x"}`,
		"ref.count=1":       `{"ref":{"count":1}}`,
		`ref={"id":"x"}`:    `{"ref":{"id":"x"}}`,
		"when=1790000000":   `{"when":1790000000}`,
		"when=2026-11-24":   `{"when":"2026-11-24"}`,
		"count=12345678901": `{"count":12345678901}`,
	} {
		body := map[string]any{}
		name, text, _ := strings.Cut(arg, "=")
		err := set(body, s, name, text)
		got, _ := json.Marshal(body)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s %v, want %s", arg, got, err, want)
		}
	}
	for _, arg := range []string{"count=x", "yes=maybe", "size=", "open=5", "counts=1,x", "ref.no=1", "no=1", "text.a=1", "ref..id=x"} {
		name, text, _ := strings.Cut(arg, "=")
		err := set(map[string]any{}, s, name, text)
		var m *Misuse
		if !errors.As(err, &m) {
			t.Errorf("%s: %v is no misuse", arg, err)
		}
	}
}

// TestMisspeltBesideAWord: a field that is misspelt is no second value of the one that needs no name.
func TestMisspeltBesideAWord(t *testing.T) {
	body := openapi3.NewRequestBody().WithJSONSchemaRef(schema(t, `{type: object, properties: {phone_number: {type: string}, inbound_agent: {type: string}}}`))
	v := &verb{op: &openapi3.Operation{RequestBody: &openapi3.RequestBodyRef{Value: body}}}
	for args, has := range map[string]string{
		"+14155550123 inbound_agnt=x":  "did you mean inbound_agent?",
		"+14155550123 colour=x":        "there is no field colour",
		"+14155550123 +14155550124":    "phone_number is one value",
		"+14155550123 inbound_agent=x": "",
	} {
		_, err := assemble(v, "phone_number", "", nil, strings.Fields(args))
		if got := fmt.Sprint(err); (err == nil) != (has == "") || !strings.Contains(got, has) {
			t.Errorf("%s: %s", args, got)
		}
	}
}

func TestPairsWinOverTheFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("b.json", []byte(`{"text":"file","open":{"a":1,"b":12345678901234567890},"ref":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	op := openapi3.NewOperation()
	op.RequestBody = &openapi3.RequestBodyRef{Value: openapi3.NewRequestBody().WithJSONSchemaRef(schema(t, thing))}
	body, err := assemble(&verb{op: op}, "words", "b.json", nil, []string{"text=pair", "open.a=2", "ref.count=1", "w 1", "w=2"})
	got, _ := json.Marshal(body)
	if want := `{"open":{"a":2,"b":12345678901234567890},"ref":{"count":1},"text":"pair","words":["w 1","w=2"]}`; err != nil || string(got) != want {
		t.Errorf("%v\n%s, want\n%s", err, got, want)
	}
	if err := os.WriteFile("large", make([]byte, fileLimit+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := assemble(&verb{op: op}, "", "large", nil, nil); err == nil || !strings.Contains(err.Error(), "larger than 8 MB") {
		t.Errorf("a file that is too large: %v", err)
	}
}

func TestFilters(t *testing.T) {
	for text, want := range map[string][3]string{
		"a=b": {"a", "", "b"}, "a!=b": {"a", "ne", "b"}, "a>=b": {"a", "gte", "b"}, "a<b=c": {"a", "lt", "b=c"}, "a~b": {"a", "contains", "b"}, "a=": {"a", "", ""},
		"a": {}, "=b": {}, "": {}, "a!b": {},
	} {
		field, sign, value := compare(text)
		if got := [3]string{field, sign, value}; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for pair, want := range map[string]int{"label lable": 2, "a a": 0, "abc abd": 1, "abc abcd": 1, "a xyz": 3} {
		a, b, _ := strings.Cut(pair, " ")
		if got := distance(a, b); got != want || distance(b, a) != want {
			t.Errorf("%s: %d, want %d", pair, got, want)
		}
	}
}
