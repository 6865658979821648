package store

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	blocks := map[string]string{
		"hours": "We are open until six.", "house rules": "Be kind. {{> hours}}", "loop": "a {{> loop}} b", "ping": "{{> pong}}", "pong": "{{>ping}}",
		"variables": "${name} {{name}}", "long": strings.Repeat("x", blockBytes), "empty": "", "braces": "}} {{ {{>",
	}
	for in, want := range map[string]string{
		"":                                 "",
		"No blocks, ${x} and {{y}}.":       "No blocks, ${x} and {{y}}.",
		"{{> hours}}":                      "We are open until six.",
		"{{>hours}}{{>  hours  }}":         "We are open until six.We are open until six.",
		"A. {{> house rules}} Z":           "A. Be kind. We are open until six. Z",
		"{{> nobody}} and {{> hours}}":     "{{> nobody}} and We are open until six.",
		"{{> loop}}":                       "a {{> loop}} b",
		"{{> ping}}":                       "{{>ping}}",
		"{{> variables}}":                  "${name} {{name}}",
		"not closed {{> hours":             "not closed {{> hours",
		"{{> {{> hours}}":                  "{{> We are open until six.",
		"[{{> empty}}] {{>}} {{> braces}}": "[] {{>}} }} {{ {{>",
		"{{> long}}{{> hours}}":            "{{> long}}We are open until six.",
	} {
		if got, _ := expand(in, blocks, nil, blockBytes); got != want {
			t.Errorf("%.60q became %.60q, want %.60q", in, got, want)
		}
	}
}

// A prompt that doubles at every level stays within bounds.
func TestExpandIsBounded(t *testing.T) {
	blocks := map[string]string{}
	for l := byte('a'); l < 'z'; l++ {
		blocks[string(l)] = strings.Repeat("{{> "+string(l+1)+"}}", 200)
	}
	blocks["h"] = strings.Repeat("words ", 100)
	if got, _ := expand("{{> a}}", blocks, nil, blockBytes); len(got) > blockBytes {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("{{> a}} {{>b}} {{> {{> a}}", "x {{> b}}", "y {{> a}} }}")
	f.Fuzz(func(t *testing.T, text, a, b string) {
		const most = 10_000
		got, left := expand(text, map[string]string{"a": a, "b": b}, nil, most)
		if len(got) > max(most, len(text)) {
			t.Errorf("%d bytes of %d", len(got), most)
		}
		if !strings.Contains(text, blockOpen) && (got != text || left != most-len(text)) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

func testBlocks(t *testing.T, d *DB) {
	ctx, env, other := t.Context(), environment(t, d), environment(t, d)
	make := func(env string, k Kind, doc Doc) string {
		t.Helper()
		made, err := d.Create(ctx, env, k, doc)
		if err != nil {
			t.Fatal(err)
		}
		return str(made, "id")
	}
	make(other, Prompts, Doc{"type": "block", "label": "hours", "content": "of somebody else"})
	make(env, Prompts, Doc{"type": "prompt", "label": "hours", "content": "no block"})
	hours := make(env, Prompts, Doc{"type": "block", "label": "hours", "content": "Open until ${closing}."})
	make(env, Prompts, Doc{"type": "block", "label": "hours", "content": "the younger one"})
	prompt := make(env, Prompts, Doc{"content": "You are Ada. {{> hours}} {{> gone}}"})
	made, err := d.CreateAgent(ctx, env, Doc{"prompt": prompt})
	if err != nil {
		t.Fatal(err)
	}
	const want = "You are Ada. Open until ${closing}. {{> gone}}"
	a, err := d.InternalAgent(ctx, env, id(t, made, ""))
	if err != nil || *a.Prompt.Content != want {
		t.Errorf("by its id: %v, %v", a.Prompt, err)
	}
	a, err = d.AssembleAgent(ctx, env, map[string]any{"prompt": map[string]any{"content": "{{> hours}}"}})
	if err != nil || *a.Prompt.Content != "Open until ${closing}." {
		t.Errorf("of a call: %v, %v", a.Prompt, err)
	}
	if _, err := d.Update(ctx, env, Prompts, hours, Doc{"content": "Open all night."}); err != nil {
		t.Fatal(err)
	}
	if a, err = d.InternalAgent(ctx, "", id(t, made, "")); err != nil || !strings.Contains(*a.Prompt.Content, "Open all night.") {
		t.Errorf("after a change: %v, %v", a.Prompt, err)
	}
	if shown, err := d.Agent(ctx, env, id(t, made, "")); err != nil || at(shown, "prompt.content") != "You are Ada. {{> hours}} {{> gone}}" {
		t.Errorf("the stored prompt is shown as %v, %v", at(shown, "prompt.content"), err)
	}
}
