package parley_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/parley-voice/parley"
)

func TestFailures(t *testing.T) {
	all := parley.Failures{{Vendor: "openai", Reason: parley.VendorTimeout}, {Vendor: "deepseek", Reason: parley.VendorShunned}}
	if got := all.String(); got != "openai: timeout; deepseek: shunned" {
		t.Errorf("%q", got)
	}
	last := &parley.VendorError{Vendor: "deepseek", Code: parley.VendorRefused, Message: "no"}
	err := fmt.Errorf("thinking: %w", &parley.FailedError{Failures: all, Err: last})
	var v *parley.VendorError
	if !errors.As(err, &v) || v != last || err.Error() != "thinking: "+last.Error() {
		t.Errorf("the last error is hidden: %v", err)
	}
	for _, c := range []struct {
		err  error
		want string
		code parley.VendorCode
	}{
		{err, all.String(), parley.VendorRefused},
		{last, "deepseek: refused", parley.VendorRefused},
		{&parley.VendorError{Code: parley.VendorUnavailable}, "", parley.VendorUnavailable},
		{context.Canceled, "", parley.VendorUnavailable},
	} {
		if got := parley.FailuresOf(c.err).String(); got != c.want || parley.CodeOf(c.err) != c.code {
			t.Errorf("%v: %q, %s", c.err, got, parley.CodeOf(c.err))
		}
	}
}

func TestCredits(t *testing.T) {
	if parley.Given("", nil) != nil {
		t.Error("nobody was given credit")
	}
	in := parley.Turn{ID: "t1", Who: parley.Bot, Text: "hi", Vendors: &parley.Credits{Thinking: parley.Given("anthropic", parley.Failures{{Vendor: "openai", Reason: "401"}}),
		Speaking: parley.Given("rime", nil)}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"t1","who":"bot","text":"hi","start_ms":0,"end_ms":0,"interrupted":false,"vendors":{"thinking":{"vendor":"anthropic","reason":"openai: 401"},"speaking":{"vendor":"rime"}}}`
	if string(b) != want {
		t.Errorf("%s", b)
	}
	var out parley.Turn
	if err := json.Unmarshal(b, &out); err != nil || out.Vendors.Thinking.Reason != "openai: 401" || out.Vendors.Hearing != nil {
		t.Errorf("%+v, %v", out, err)
	}
}
