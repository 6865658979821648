package all

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local"
)

func specs(t *testing.T) []provider.Spec {
	l := local.New(local.Config{})
	t.Cleanup(l.Close)
	return Specs(l)
}

func names(specs []provider.Spec) string {
	var out []string
	for _, s := range specs {
		out = append(out, s.Name)
	}
	return strings.Join(out, " ")
}

// TestOrder: who is taken when several have a key, as the specification lists them.
func TestOrder(t *testing.T) {
	all := specs(t)
	for _, tc := range []struct{ what, got, want string }{
		{"hear", names(Hearers(all)), "deepgram assemblyai gladia azure google openai openai_compatible local"},
		{"think", names(Thinkers(all)), "openai azure google anthropic deepseek togetherai openai_compatible local"},
		{"speak", names(Speakers(all)), "elevenlabs cartesia playht rime azure google openai deepgram local"},
		{"table", names(all), "deepgram assemblyai gladia openai azure google anthropic deepseek togetherai openai_compatible elevenlabs cartesia playht rime local"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %s, want %s", tc.what, tc.got, tc.want)
		}
	}
}

// TestRows: every vendor says all of itself that validation, the environment and the forms need.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range specs(t) {
		if seen[s.Name] || !regexp.MustCompile(`^[a-z_]+$`).MatchString(s.Name) || s.Title == "" {
			t.Errorf("name %q, title %q", s.Name, s.Title)
		}
		seen[s.Name] = true
		if s.Env != "" && (!strings.HasPrefix(s.Env, strings.ToUpper(s.Name)) || s.KeyField == "" || !strings.HasPrefix(s.ConnectionType, "account_connection_"+s.Name)) {
			t.Errorf("%s: environment %q, connection %q, key field %q", s.Name, s.Env, s.ConnectionType, s.KeyField)
		}
		var skills []any
		if s.Hearing != nil {
			skills = append(skills, s.Hearing.Options)
		}
		if s.Speaking != nil {
			skills = append(skills, s.Speaking.Options)
		}
		for _, o := range skills {
			fields(t, s.Name, o)
		}
	}
}

// fields: each option is named and explained.
func fields(t *testing.T, vendor string, options any) {
	p := reflect.TypeOf(options)
	if p == nil || p.Kind() != reflect.Pointer || p.Elem().Kind() != reflect.Struct {
		t.Errorf("%s: options are a %v, want a pointer to a struct", vendor, p)
		return
	}
	for i := range p.Elem().NumField() {
		f := p.Elem().Field(i)
		if f.Tag.Get("json") == "" || f.Tag.Get("doc") == "" {
			t.Errorf("%s: %s.%s has no json or no doc tag", vendor, p.Elem(), f.Name)
		}
	}
}

func TestFind(t *testing.T) {
	all := specs(t)
	if s, ok := Find(all, "deepgram"); !ok || s.Title != "Deepgram" {
		t.Errorf("found %+v", s)
	}
	if _, ok := Find(all, "nobody"); ok {
		t.Error("found nobody")
	}
}
