package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1,"a":2}`: "a is there twice", `{"a":{"b":[{"c":1,"c":1}]}}`: "a.b.0.c is there twice", `{"a":1,"\u0061":2}`: "a is there twice",
		"{\"a\":\"\xff\"}": "not UTF-8", `{"a":"\u0000"}`: "a must not contain the NUL", `{"a":{"\u0000":1}}`: "names of fields", `{"a":[1,-1e400]}`: "a.1 is a number out of range",
		`{"a":`: "ends in the middle", `{"a"}`: "not JSON", `{"a":1,}`: "not JSON", `{"a":01}`: "not JSON", `{"a":[1 2]}`: "not JSON", `{"a":tru}`: "not JSON",
		`{"a":1}]`: "goes on after", `{"a":1} x`: "goes on after", `[{}]`: "must be a JSON object", `"x"`: "must be a JSON object", `null`: "must be a JSON object", " \n": "is empty",
		`{"a":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`: "nested deeper than 64", strings.Repeat(`{"a":`, 100_000): "nested deeper than 64",
	} {
		if v, err := decode([]byte(body)); err == nil || !strings.Contains(err.Error(), want) || refusal(err, "").StatusCode != 400 {
			t.Errorf("%.60q is %v %v, want %q", body, v, err, want)
		}
	}
	long := `{"` + strings.Repeat("x", 5000) + `":1,"` + strings.Repeat("x", 5000) + `":1}`
	if _, err := decode([]byte(long)); err == nil || len(err.Error()) > 700 {
		t.Errorf("a name of the client's is told whole: %d bytes", len(err.Error()))
	}
	got, err := decode([]byte(`{"a":{"a":[1.0,1.5,1e3,0.1e1,"é",null,true,{}]},"b":-0.0,"":9007199254740993}`))
	b, _ := json.Marshal(got)
	if want := `{"":9007199254740993,"a":{"a":[1,1.5,1000,1,"é",null,true,{}]},"b":0}`; err != nil || string(b) != want {
		t.Errorf("%s %v", b, err)
	}
}

// FuzzDecode holds decode against encoding/json: what it takes is what the library reads, and what it calls no JSON is none.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,{"b":null}],"c":"\ud800"}`, `{"a":1,"a":1}`, `[`, `{"a":1e5,"b":-0}`, `{"a" :	"x"}`, "{\"\xff\":1}", `{"a":{}}{}`, `{"a":1.0e-7}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := decode([]byte(body))
		if err != nil {
			if strings.Contains(err.Error(), "is not JSON") && json.Valid([]byte(body)) {
				t.Fatalf("%q is JSON: %v", body, err)
			}
			return
		}
		var want, again any
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("%q was taken: %v", body, err)
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(want, again) {
			t.Fatalf("%q became %s", body, b)
		}
	})
}
