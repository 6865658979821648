package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/openai"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// opening is what a vendor was asked for.
type opening struct {
	vendor, skill string
	access        provider.Access
	model         string
	options       string
}

// cast is three vendors that note how they are opened.
func cast(t *testing.T, env map[string]string) (*vendors, *[]opening) {
	t.Helper()
	var seen []opening
	spec := func(name, prefix string) provider.Spec {
		note := func(skill string, a provider.Access, model string, o json.RawMessage) {
			seen = append(seen, opening{name, skill, a, model, string(o)})
		}
		s := provider.Spec{Name: name, Title: strings.ToUpper(name), Env: prefix, BaseURL: "https://" + name + ".example",
			ConnectionType: "account_connection_" + name, KeyField: name + "_api_key"}
		s.Hearing = &provider.Hearing{Open: func(a provider.Access, o json.RawMessage) (stt.Transcriber, error) {
			note("hear", a, "", o)
			return stt.Func(nil), nil
		}}
		s.Thinking = &provider.Thinking{Open: func(a provider.Access, m string, o json.RawMessage) (llm.Model, error) {
			note("think", a, m, o)
			return llm.Func(nil), nil
		}}
		s.Speaking = &provider.Speaking{Open: func(a provider.Access, o json.RawMessage) (tts.Synthesizer, error) {
			note("speak", a, "", o)
			return tts.Func(nil), nil
		}}
		return s
	}
	deepgram := spec("deepgram", "DEEPGRAM")
	deepgram.Thinking = nil
	v := newVendors([]provider.Spec{deepgram, spec("openai", "OPENAI"), spec("local", "")}, openStore(t))
	v.getenv = func(k string) string { return env[k] }
	return v, &seen
}

func (o opening) String() string { return o.vendor + "/" + o.skill }

func names(seen []opening) (out []string) {
	for _, o := range seen {
		out = append(out, o.String())
	}
	return out
}

func open(t *testing.T, v *vendors, env, agent string) (call.Ready, error) {
	t.Helper()
	var a parley.Agent
	if err := json.Unmarshal([]byte(agent), &a); err != nil {
		t.Fatal(err)
	}
	return v.Open(t.Context(), env, &a)
}

func TestDefaultsFollowTheKeys(t *testing.T) {
	for _, tc := range []struct {
		env  map[string]string
		want []string
	}{
		{nil, []string{"local/hear", "local/think", "local/speak"}},
		{map[string]string{"OPENAI_API_KEY": "k"}, []string{"openai/hear", "openai/think", "openai/speak"}},
		{map[string]string{"DEEPGRAM_API_KEY": "k"}, []string{"deepgram/hear", "local/think", "deepgram/speak"}},
		{map[string]string{"DEEPGRAM_API_KEY": "k", "OPENAI_API_KEY": "k"}, []string{"deepgram/hear", "openai/think", "openai/speak"}},
		{map[string]string{"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}, []string{"local/hear", "openai/think", "local/speak"}},
	} {
		v, seen := cast(t, tc.env)
		r, err := open(t, v, "env", `{"voice":{}}`)
		if err != nil || len(r.Warnings) != 0 {
			t.Errorf("%v: %v %v", tc.env, err, r.Warnings)
		}
		if got := names(*seen); !slices.Equal(got, tc.want) {
			t.Errorf("%v: %v, want %v", tc.env, got, tc.want)
		}
	}
}

func TestNamedVendors(t *testing.T) {
	v, seen := cast(t, map[string]string{"DEEPGRAM_API_KEY": "dg", "OPENAI_API_KEY": "oa", "DEEPGRAM_BASE_URL": "http://127.0.0.1:9/"})
	_, err := open(t, v, "env", `{"transcriber":{"type":"transcriber_deepgram","model":"nova-3"},"provider":"openai","model":"gpt-4o",
		"openai_model_name_override":"gpt-x","voice":{"type":"voice_deepgram","model":"aura","api_key":"own"}}`)
	if err != nil {
		t.Fatal(err)
	}
	s := *seen
	if s[0].access.Key != "dg" || s[0].access.BaseURL != "http://127.0.0.1:9" || !strings.Contains(s[0].options, "nova-3") {
		t.Errorf("hearing: %+v", s[0])
	}
	if s[1].access.Key != "oa" || s[1].model != "gpt-x" || s[1].access.BaseURL != "https://openai.example" {
		t.Errorf("thinking: %+v", s[1])
	}
	if s[2].access.Key != "own" || !strings.Contains(s[2].options, "aura") {
		t.Errorf("speaking: %+v", s[2])
	}
}

func TestAVendorWithoutAKeyIsAWarning(t *testing.T) {
	v, seen := cast(t, nil)
	r, err := open(t, v, "env", `{"transcriber":{"type":"transcriber_deepgram","model":"nova-3"},"provider":"openai","model":"gpt-4o","voice":{"type":"voice_openai","voice":"x"}}`)
	if err != nil || len(r.Warnings) != 3 {
		t.Fatalf("%v %v", err, r.Warnings)
	}
	for i, o := range *seen {
		if o.vendor != "local" || o.model != "" || o.options != "" {
			t.Errorf("%+v", o)
		}
		if !strings.Contains(r.Warnings[i], "_API_KEY") {
			t.Errorf("the warning does not say what to do: %s", r.Warnings[i])
		}
	}
}

// TestAVoiceWithItsOwnKey needs no other.
func TestAVoiceWithItsOwnKey(t *testing.T) {
	v, seen := cast(t, nil)
	r, err := open(t, v, "env", `{"language":"de","voice":{"type":"voice_openai","voice":"x","api_key":"own"}}`)
	if err != nil || len(r.Warnings) != 0 {
		t.Fatalf("%v %v", err, r.Warnings)
	}
	if o := (*seen)[2]; o.vendor != "openai" || o.access.Key != "own" || o.access.BaseURL != "https://openai.example" || o.access.Language != "de" {
		t.Errorf("speaking: %+v", o)
	}
}

// TestAVendorOfTheContractAlone: what this version does not reach is a warning, and local stands in.
func TestAVendorOfTheContractAlone(t *testing.T) {
	v, seen := cast(t, nil)
	v.specs = append(v.specs, provider.Spec{Name: "far", Title: "Far", Env: "FAR", Hearing: &provider.Hearing{}, Thinking: &provider.Thinking{},
		Speaking: &provider.Speaking{Type: "voice_far_away"}})
	r, err := open(t, v, "env", `{"transcriber":{"type":"transcriber_far","model":"m"},"provider":"far","model":"m","voice":{"type":"voice_far_away","voice_id":"x"}}`)
	if err != nil || len(r.Warnings) != 3 {
		t.Fatalf("%v %v", err, r.Warnings)
	}
	for i, o := range *seen {
		if o.vendor != "local" || o.model != "" || o.options != "" {
			t.Errorf("%+v", o)
		}
		if !strings.Contains(r.Warnings[i], "this version does not reach Far") {
			t.Errorf("warned: %s", r.Warnings[i])
		}
	}
	if err := v.CheckVoice(store.Doc{"type": "voice_far_away", "voice_id": "x"}); err != nil {
		t.Errorf("a voice that this version cannot try was refused: %v", err)
	}
}

// TestWhichAPI: an agent's choice of OpenAI's APIs reaches the vendors that have it, of the fallback, too; to others it is a warning.
func TestWhichAPI(t *testing.T) {
	v, seen := cast(t, map[string]string{"OPENAI_API_KEY": "oa", "OTHER_API_KEY": "ot"})
	for i := range v.specs {
		if v.specs[i].Name == "openai" {
			other := v.specs[i]
			other.Name, other.Title, other.Env = "other", "Other", "OTHER"
			thinking := *other.Thinking
			thinking.Options = new(struct{})
			v.specs[i].Thinking = &thinking
			v.specs = append(v.specs, other)
			break
		}
	}
	r, err := open(t, v, "env", `{"provider":"openai","openai_api":"responses","voice":{"type":"voice_local"},"transcriber":{"type":"transcriber_local"},
		"llm_fallback":{"provider":"other","openai_api":"responses"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if s := *seen; s[1].options != `{"openai_api":"responses"}` || s[2].options != "" {
		t.Errorf("%+v", s)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Other has no openai_api") {
		t.Errorf("warned: %q", r.Warnings)
	}
	*seen = nil
	if _, err := open(t, v, "env", `{"provider":"other","model":"m","openai_model_name_override":"gpt-x","voice":{"type":"voice_local"},"transcriber":{"type":"transcriber_local"}}`); err != nil {
		t.Fatal(err)
	}
	if s := *seen; s[1].model != "m" || s[1].options != "" {
		t.Errorf("a vendor is asked for a model of OpenAI's: %+v", s[1])
	}
}

// TestPresets: a preset stands for an address, and is guarded as one; a base_url goes before it.
func TestPresets(t *testing.T) {
	guarded := provider.Guarded(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not there") })
	s, own := openai.Compatible(), openai.Spec() // transcriber_openai takes such a connection, too
	for preset, base := range s.Presets {
		for _, s := range []*provider.Spec{&s, &own} {
			a := credentials(provider.Access{}, s, store.Doc{"credentials": map[string]any{"preset": preset, "api_key": "k"}}, guarded)
			if a.BaseURL != base || a.Net != guarded || a.Key != "k" {
				t.Errorf("%s: %+v", preset, a)
			}
		}
	}
	if !thinksOnly(&s, provider.Access{BaseURL: s.Presets["groq"]}) || thinksOnly(&own, provider.Access{BaseURL: own.BaseURL}) {
		t.Error("a compatible server is taken to hear by default, or OpenAI is not")
	}
	a := credentials(provider.Access{}, &s, store.Doc{"credentials": map[string]any{"preset": "groq", "base_url": "https://example.com/v1/"}}, guarded)
	if a.BaseURL != "https://example.com/v1" || a.Net != guarded {
		t.Errorf("%+v", a)
	}
	if a := credentials(provider.Access{}, &s, store.Doc{"credentials": map[string]any{"preset": "nobody"}}, guarded); a.BaseURL != "" {
		t.Errorf("%+v", a)
	}
}

// TestATenantsAddressIsGuarded: what an account connection names may lead inside this network, what the operator names is meant to.
func TestATenantsAddressIsGuarded(t *testing.T) {
	v, seen := cast(t, map[string]string{"OPENAI_BASE_URL": "http://127.0.0.1:11434/v1", "OPENAI_API_KEY": "the operator's"})
	v.guarded = provider.Guarded(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not there") })
	env, _, err := firstStart(t.Context(), v.db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	const agent = `{"provider":"openai","voice":{"type":"voice_local"},"transcriber":{"type":"transcriber_local"}}`
	think := func() provider.Access {
		*seen = nil
		if _, err := open(t, v, env, agent); err != nil {
			t.Fatal(err)
		}
		return (*seen)[1].access
	}
	if a := think(); a.Net != nil || a.BaseURL != "http://127.0.0.1:11434/v1" {
		t.Errorf("the operator's own address is guarded: %+v", a)
	}
	d, err := v.db.Create(t.Context(), env, store.AccountConnections, store.Doc{"type": "account_connection_openai", "config": store.Doc{},
		"credentials": store.Doc{"openai_api_key": "theirs"}})
	if err != nil {
		t.Fatal(err)
	}
	if a := think(); a.Net != nil || a.Key != "theirs" {
		t.Errorf("a key alone: %+v", a)
	}
	if _, err = v.db.Update(t.Context(), env, store.AccountConnections, d["id"].(string), store.Doc{"credentials": store.Doc{"base_url": "http://127.0.0.1:5432"}}); err != nil {
		t.Fatal(err)
	}
	if a := think(); a.Net != v.guarded || a.BaseURL != "http://127.0.0.1:5432" || a.Key == "the operator's" {
		t.Errorf("a tenant's address is not guarded, or gets the operator's key: %+v", a)
	}
}

func TestUnknownVendors(t *testing.T) {
	v, _ := cast(t, nil)
	for _, agent := range []string{
		`{"transcriber":{"type":"transcriber_nobody"},"voice":{}}`, `{"provider":"nobody","voice":{}}`, `{"voice":{"type":"voice_nobody"}}`,
		`{"provider":"deepgram","voice":{}}`, `{"voice":{},"llm_fallback":{"provider":"nobody"}}`,
	} {
		if _, err := open(t, v, "env", agent); err == nil {
			t.Errorf("%s was opened", agent)
		}
	}
}

func TestAccountConnections(t *testing.T) {
	v, seen := cast(t, map[string]string{"OPENAI_API_KEY": "from the environment"})
	env, _, err := firstStart(t.Context(), v.db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	add := func(key string) string {
		d, err := v.db.Create(t.Context(), env, store.AccountConnections, store.Doc{"type": "account_connection_openai", "config": store.Doc{},
			"credentials": store.Doc{"openai_api_key": key, "base_url": "http://127.0.0.1:1/v1/"}})
		if err != nil {
			t.Fatal(err)
		}
		return d["id"].(string)
	}
	first := add("first")
	if _, err := open(t, v, env, `{"provider":"openai","voice":{"type":"voice_local"},"transcriber":{"type":"transcriber_local"}}`); err != nil {
		t.Fatal(err)
	}
	if o := (*seen)[1]; o.access.Key != "first" || o.access.BaseURL != "http://127.0.0.1:1/v1" {
		t.Errorf("the only connection did not win over the environment variable: %+v", o)
	}
	second := add("second")
	if _, err := open(t, v, env, `{"provider":"openai","voice":{}}`); err == nil || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), second) {
		t.Errorf("with two connections: %v", err)
	}
	*seen = nil
	_, err = open(t, v, env, `{"provider":"openai","account_connection":"`+second+`","voice":{"type":"voice_local"},"transcriber":{"type":"transcriber_local"},
		"llm_fallback":{"provider":"openai","model_name":"gpt-f","account_connection":"`+first+`"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if s := *seen; s[1].access.Key != "second" || s[2].access.Key != "first" || s[2].model != "gpt-f" {
		t.Errorf("%+v", s)
	}
	if _, err := open(t, v, "another", `{"provider":"openai","account_connection":"`+second+`","voice":{}}`); err == nil {
		t.Error("another environment's connection was used")
	}
}

// TestAddressesOfVendors: an address that cannot be one is named at the start, not at the first call.
func TestAddressesOfVendors(t *testing.T) {
	for given, ok := range map[string]bool{
		"": true, "http://127.0.0.1:11434/v1": true, "https://api.example.com": true, "banana": false, "127.0.0.1:11434": false, "http://": false, "ftp://h": false, "http://[::1": false,
	} {
		v, _ := cast(t, map[string]string{"OPENAI_BASE_URL": given})
		err := v.checkAddresses()
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "OPENAI_BASE_URL: ") {
			t.Errorf("%q: %v", given, err)
		}
	}
	v, _ := cast(t, map[string]string{"OPENAI_BASE_URL": "x", "DEEPGRAM_BASE_URL": "y", "_BASE_URL": "z"})
	if err := v.checkAddresses(); err == nil || !strings.Contains(err.Error(), "OPENAI") || !strings.Contains(err.Error(), "DEEPGRAM") || strings.Contains(err.Error(), `"z"`) {
		t.Error(err)
	}
}
