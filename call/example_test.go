package call

import (
	"fmt"
	"testing"

	"github.com/parley-voice/parley/leg"
)

// TestExampleContext: a number's example_context is what nothing else says.
func TestExampleContext(t *testing.T) {
	for want, r := range map[string]leg.Ringing{
		"map[a:1 b:2]":                 {},
		"map[a:x b:2 c:3]":             {Headers: map[string]string{"a": "x", "c": "3"}},
		"map[a:1 b:2 caller_name:Ann]": {FromName: "Ann"},
	} {
		example := map[string]string{"a": "1", "b": "2"}
		if got := fmt.Sprint(saidOf(r, example)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if len(example) != 2 || example["a"] != "1" {
			t.Error("the number's own was changed")
		}
	}
	if got := saidOf(leg.Ringing{}, nil); got != nil {
		t.Errorf("%v", got)
	}
}
