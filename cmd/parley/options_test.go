package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/tts"
)

// An option as the contract describes it.
type option struct {
	Type     string
	AnyOf    []option
	Enum     []string
	Min, Max *float64
	Items    *option
}

func (o *option) UnmarshalJSON(b []byte) error {
	var plain struct {
		Type             string
		AnyOf            []option
		Enum             []string
		Minimum, Maximum *float64
		Items            *option
	}
	err := json.Unmarshal(b, &plain)
	*o = option{plain.Type, plain.AnyOf, plain.Enum, plain.Minimum, plain.Maximum, plain.Items}
	return err
}

// good is a value that the option takes.
func (o option) good(name string) any {
	switch {
	case name == "voice_name":
		return "en-US-Chirp3-HD-Kore"
	case name == "eot_timeout_ms":
		return 1000
	case strings.HasSuffix(name, "eot_threshold"):
		return 0.7
	case name == "version" || name == "speed" && len(o.AnyOf) > 0:
		return 1
	case len(o.Enum) > 0:
		return o.Enum[0]
	case len(o.AnyOf) > 0:
		return o.AnyOf[0].good(name)
	case o.Type == "boolean":
		return true
	case o.Type == "array":
		return []any{o.Items.good("")}
	case o.Type == "number" || o.Type == "integer":
		for _, bound := range []*float64{o.Max, o.Min} {
			if bound != nil {
				return *bound
			}
		}
		return 1
	case o.Type == "object":
		return map[string]any{}
	}
	return "rms" // the name of a voice of this machine
}

// bad are values that it does not take.
func (o option) bad() []any {
	out := []any{map[string]any{"a": []any{}}}
	switch o.Type {
	case "string":
		out = append(out, 7, true)
	case "boolean":
		out = append(out, "yes", 1)
	case "integer":
		out = append(out, "1", 1.5, 1e300)
	case "number":
		out = append(out, "1")
	case "array":
		out = append(out, "x", []any{map[string]any{}})
	case "object":
		out = []any{"x"}
	case "":
		out = append(out, true)
	}
	if len(o.Enum) > 0 {
		out = append(out, "nonesuch")
	}
	for _, one := range append(o.AnyOf, o) {
		if one.Min != nil {
			out = append(out, *one.Min-1)
		}
		if one.Max != nil {
			out = append(out, *one.Max+1)
		}
	}
	return out
}

// TestOptionsOfEveryVendor: an option that a vendor does not have is refused when it is saved, naming those that it has; so is a value
// of another kind or out of bounds, naming what is right. What is right is kept.
func TestOptionsOfEveryVendor(t *testing.T) {
	r := start(t, t.TempDir())
	b, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	var described struct {
		Vendors map[string]json.RawMessage `json:"x-vendors"`
	}
	if err := json.Unmarshal(b, &described); err != nil {
		t.Fatal(err)
	}
	save := func(t *testing.T, skill string, doc map[string]any) (int, string) {
		t.Helper()
		agent := map[string]any{"prompt": map[string]any{"content": "x"}, "actions": []any{}, "voice": map[string]any{"type": "voice_local"}}
		agent[skill] = doc
		body, err := json.Marshal(agent)
		if err != nil {
			t.Fatal(err)
		}
		res := r.ask("POST", "/v1/agents/create", string(body))
		said, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(said)
	}
	for _, skill := range []string{"voice", "transcriber"} {
		var types map[string]struct {
			Properties map[string]option
			Required   []string
		}
		if err := json.Unmarshal(described.Vendors[skill], &types); err != nil || len(types) < 8 {
			t.Fatal(skill, len(types), err)
		}
		for _, kind := range slices.Sorted(maps.Keys(types)) {
			t.Run(kind, func(t *testing.T) {
				v := types[kind]
				least := func() map[string]any {
					doc := map[string]any{"type": kind}
					for _, name := range v.Required {
						doc[name] = v.Properties[name].good(name)
					}
					return doc
				}
				all := least()
				for name, o := range v.Properties {
					all[name] = o.good(name)
				}
				for what, doc := range map[string]map[string]any{"the least": least(), "all options": all} {
					if status, said := save(t, skill, doc); status != 201 {
						t.Errorf("%s: %d %s", what, status, said)
					} else if what == "all options" {
						for name := range v.Properties {
							if !strings.Contains(said, `"`+name+`"`) {
								t.Errorf("%s was lost: %s", name, said)
							}
						}
					}
				}
				doc := least()
				doc["colour"] = "blue"
				status, said := save(t, skill, doc)
				for _, want := range append(slices.Collect(maps.Keys(v.Properties)), skill+".colour is no option of "+kind) {
					if status != 400 || !strings.Contains(said, want) {
						t.Errorf("an unknown option: %d, no %q in %s", status, want, said)
					}
				}
				for name, o := range v.Properties {
					for _, x := range o.bad() {
						doc := least()
						doc[name] = x
						at := skill + "." + name
						if status, said := save(t, skill, doc); status != 400 || !strings.Contains(said, `"field":"`+at) || !strings.Contains(said, at+".0 must be ") && !strings.Contains(said, at+" must be ") {
							t.Errorf("%s %v: %d %s", at, x, status, said)
						}
					}
				}
			})
		}
	}
}

// TestVendorsReadOptions: what a schema does not hold, the vendor says itself, without a key and without being asked.
func TestVendorsReadOptions(t *testing.T) {
	l := local.New(local.Config{Command: []string{"false"}, CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	defer l.Close()
	v := newVendors(all.Specs(l), openStore(t))
	for doc, want := range map[string]string{
		`{"type":"voice_cartesia","voice_id":"x","speed":"quick"}`:    "voice.speed",
		`{"type":"voice_cartesia","voice_id":"x","speed":"fast"}`:     "",
		`{"type":"voice_cartesia","voice_id":"x","speed":"1.2"}`:      "",
		`{"type":"voice_play_ht","voice_id":"x","version":"9"}`:       "voice.version",
		`{"type":"voice_play_ht","voice_id":"x","version":"3"}`:       "",
		`{"type":"voice_google","voice_name":"Kore"}`:                 "voice.voice_name",
		`{"type":"voice_eleven_labs","voice_id":"../x"}`:              "voice.voice_id",
		`{"type":"voice_rime","speaker":"astra","speed_alpha":-1}`:    "voice.speed_alpha",
		`{"type":"voice_azure","voice_name":"en-US-JennyNeural"}`:     "",
		`{"type":"voice_nobody"}`:                                     "",
		`{"type":7}`:                                                  "",
		`{}`:                                                          "",
		`{"type":"transcriber_openai_compatible","api":"telegraph"}`:  "transcriber.api",
		`{"type":"transcriber_openai_compatible","model":"whisper"}`:  "",
		`{"type":"transcriber_deepgram","model":"nova-3"}`:            "",
		`{"type":"transcriber_openai","silence_duration_ms":"a lot"}`: "transcriber",
	} {
		var d store.Doc
		if err := json.Unmarshal([]byte(doc), &d); err != nil {
			t.Fatal(err)
		}
		check := v.CheckVoice
		if kind, _ := d["type"].(string); strings.HasPrefix(kind, "transcriber_") {
			check = v.CheckTranscriber
		}
		err := check(d)
		said := fmt.Sprint(err)
		if (err != nil) != (want != "") || !strings.Contains(said, want) || strings.Contains(said, "stand-in") {
			t.Errorf("%s: %v, want %q", doc, err, want)
		}
	}
}

// TestVoicesAreOpenedToTryThem: with no key of anybody's.
func TestVoicesAreOpenedToTryThem(t *testing.T) {
	v, seen := cast(t, map[string]string{"OPENAI_API_KEY": "theirs"})
	for _, kind := range []any{"voice_openai", "voice_deepgram", "voice_nobody", nil, 7, "voice_local"} {
		if err := v.CheckVoice(store.Doc{"type": kind, "voice": "kal"}); err != nil {
			t.Errorf("%v: %v", kind, err)
		}
	}
	if len(*seen) != 3 {
		t.Fatalf("opened: %v", names(*seen))
	}
	for _, o := range *seen {
		if o.access.Key == "theirs" || !strings.Contains(o.options, `"voice":"kal"`) {
			t.Errorf("%+v", o)
		}
	}
	for i := range v.specs {
		v.specs[i].Speaking.Open = func(provider.Access, json.RawMessage) (tts.Synthesizer, error) {
			return nil, parley.Invalid("voice", "voice is none")
		}
	}
	for _, kind := range []string{"voice_local", "voice_openai"} {
		if err := v.CheckVoice(store.Doc{"type": kind}); err == nil {
			t.Errorf("a %s that does not open passes", kind)
		}
	}
	v.specs[1].Speaking.Open = func(provider.Access, json.RawMessage) (tts.Synthesizer, error) {
		return nil, parley.Invalid("base_url", "no address")
	}
	if err := v.CheckVoice(store.Doc{"type": "voice_openai"}); err != nil {
		t.Errorf("its address is not the voice's: %v", err)
	}
}

// TestContractSaysWhatConnectionsTake: what a vendor reads of its account connection is in the contract, under the schema that x-credentials names.
func TestContractSaysWhatConnectionsTake(t *testing.T) {
	b, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Credentials map[string]string `json:"x-credentials"`
		Components  struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	for _, one := range all.Specs(local.New(local.Config{})) {
		for _, s := range []provider.Spec{one, one.Thinks()} {
			ref := c.Credentials[s.ConnectionType]
			if ref == "" {
				ref = c.Credentials["default"]
			}
			for _, name := range s.Vars {
				if c.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")].Properties[name] == nil {
					t.Errorf("%s reads %s, which %s does not have", s.ConnectionType, name, ref)
				}
			}
		}
	}
}
