package all

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
)

// fakes are where a vendor's checks and lists are answered, by the skill asked about.
var fakes = map[string]func(t *testing.T, skill provider.Skill) (address string, s *providertest.Server){
	"deepgram": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewDeepgram(t)
		return f.URL, &f.Server
	},
	"assemblyai": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewAssemblyAI(t)
		return f.URL, &f.Server
	},
	"gladia": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewGladia(t)
		return f.URL, &f.Server
	},
	"openai": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewOpenAI(t)
		return f.URL + "/v1", &f.Server
	},
	"openai_compatible": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewOpenAI(t)
		return f.URL + "/v1", &f.Server
	},
	"azure": func(t *testing.T, skill provider.Skill) (string, *providertest.Server) {
		if skill == provider.Thinks {
			f := providertest.NewAzureOpenAI(t)
			return f.URL, &f.Server
		}
		f := providertest.NewAzureSpeech(t)
		return f.URL, &f.Server
	},
	"google": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewGoogle(t)
		return f.URL, &f.Server
	},
	"anthropic": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewAnthropic(t)
		return f.URL, &f.Server
	},
	"deepseek": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewDeepSeek(t)
		return f.URL, &f.Server
	},
	"togetherai": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewTogether(t)
		return f.URL, &f.Server
	},
	"elevenlabs": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewElevenLabs(t)
		return f.URL, &f.Server
	},
	"cartesia": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewCartesia(t)
		return f.URL, &f.Server
	},
	"playht": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewPlayHT(t)
		return f.URL, &f.Server
	},
	"rime": func(t *testing.T, _ provider.Skill) (string, *providertest.Server) {
		f := providertest.NewRime(t)
		return f.URL, &f.Server
	},
}

// unchecked are skills that no cheap request tells about.
var unchecked = map[string]provider.Skill{"google": provider.Hears}

func reach(address, key string) provider.Access {
	return provider.Access{Key: key, BaseURL: address, Extra: map[string]string{"user_id": "u", "region": "westeurope"}}
}

// TestEveryKeyCanBeChecked: one request tells of each skill whether a key serves; a wrong one is named as such, and not shown, not even
// its end.
func TestEveryKeyCanBeChecked(t *testing.T) {
	for _, s := range specs(t) {
		if s.Env == "" {
			continue
		}
		covered := map[provider.Skill]bool{unchecked[s.Name]: true}
		if len(s.Checks) > 0 && fakes[s.Name] == nil {
			t.Errorf("%s: no fake answers its checks", s.Name)
			continue
		}
		for _, c := range s.Checks {
			for _, skill := range c.Skills {
				covered[skill] = true
			}
			t.Run(s.Name+" "+string(c.Skills[0]), func(t *testing.T) {
				address, fake := fakes[s.Name](t, c.Skills[0])
				if err := c.Ask(t.Context(), reach(address, "right-key-0123")); err != nil || fake.Count() != 1 {
					t.Errorf("%v, %d requests", err, fake.Count())
				}
				const key = "wrong-key-9876-zyxw"
				err := c.Ask(t.Context(), reach(address, key))
				var v *parley.VendorError
				if !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || v.Message == "" || strings.Contains(err.Error(), key[len(key)-4:]) {
					t.Errorf("a wrong key: %v", err)
				}
				for fault, code := range map[providertest.Fault]parley.VendorCode{providertest.RateLimited: parley.VendorRateLimited, providertest.Broken: parley.VendorUnavailable,
					providertest.Refuse: parley.VendorUnavailable} {
					fake.Fail(fault, 3)
					if err := c.Ask(t.Context(), reach(address, "right-key-0123")); !errors.As(err, &v) || v.Code != code {
						t.Errorf("%s: %v", fault, err)
					}
					fake.Fail(providertest.NoFault, 0)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := c.Ask(ctx, reach(address, "right-key-0123")); !errors.Is(err, context.Canceled) {
					t.Errorf("cancelled: %v", err)
				}
			})
		}
		for skill, has := range map[provider.Skill]bool{provider.Hears: s.Hearing != nil && s.Hearing.Open != nil, provider.Thinks: s.Thinking != nil && s.Thinking.Open != nil,
			provider.Speaks: s.Speaking != nil && s.Speaking.Open != nil} {
			if has && !covered[skill] {
				t.Errorf("%s %s, and nothing checks its key for that", s.Name, skill)
			}
		}
	}
}

// TestAKeyThatMayOnlySpeak of ElevenLabs is right.
func TestAKeyThatMayOnlySpeak(t *testing.T) {
	address, _ := fakes["elevenlabs"](t, provider.Speaks)
	s, _ := Find(specs(t), "elevenlabs")
	if err := s.Checks[0].Ask(t.Context(), reach(address, "narrow-key")); err != nil {
		t.Error(err)
	}
}

// TestVoicesCanBeSaved: what a vendor lists opens as it is listed, by options that the vendor has.
func TestVoicesCanBeSaved(t *testing.T) {
	for _, s := range specs(t) {
		if s.Speaking == nil || s.Speaking.Open == nil {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			a := provider.Access{}
			if s.Env != "" {
				address, _ := fakes[s.Name](t, provider.Speaks)
				a = reach(address, "right-key-0123")
			}
			if s.Speaking.Voices == nil {
				t.Fatal("its voices cannot be asked for")
			}
			list, err := s.Speaking.Voices(t.Context(), a)
			if err != nil || len(list) == 0 {
				t.Fatal(list, err)
			}
			if want := map[string]int{"elevenlabs": 2, "cartesia": 3}[s.Name]; want != 0 && len(list) != want {
				t.Errorf("%d voices of %d: pages are missing", len(list), want)
			}
			options := reflect.TypeOf(s.Speaking.Options).Elem()
			known := map[string]bool{}
			for i := range options.NumField() {
				name, _, _ := strings.Cut(options.Field(i).Tag.Get("json"), ",")
				known[name] = true
			}
			seen := map[string]bool{}
			for _, v := range list {
				b, err := json.Marshal(v.Options)
				if err != nil || v.Name == "" || seen[v.Name] {
					t.Errorf("%+v %v", v, err)
				}
				seen[v.Name] = true
				for _, name := range slices.Sorted(maps.Keys(v.Options)) {
					if !known[name] || v.Options[name] == "" {
						t.Errorf("%s: no option %s: %v", v.Name, name, v.Options)
					}
				}
				voice, err := s.Speaking.Open(a, b)
				if err != nil {
					t.Errorf("%s: %v", b, err)
				}
				if c, ok := voice.(io.Closer); ok {
					_ = c.Close()
				}
			}
			if s.Env == "" || s.Name == "openai" || s.Name == "rime" { // those that need no key for it
				return
			}
			a.Key = "wrong-key-9876"
			if _, err := s.Speaking.Voices(t.Context(), a); err == nil && s.Name != "azure" {
				t.Error("a wrong key lists voices")
			}
		})
	}
}
