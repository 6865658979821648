package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
)

// fallbackConfig is who stands behind the vendors of all agents.
type fallbackConfig struct {
	Transcriber []string      `name:"fallback-transcriber" env:"PARLEY_FALLBACK_TRANSCRIBER" help:"Vendors that hear when an agent's cannot, in this order: vendor or vendor/model, separated by commas. Those without a key are left out; local comes last."`
	Provider    []string      `name:"fallback-provider" env:"PARLEY_FALLBACK_PROVIDER" help:"Vendors that think when an agent's and its llm_fallback cannot: vendor or vendor/model."`
	Hedge       time.Duration `name:"hedge" env:"PARLEY_HEDGE" help:"Ask the next model as well when one has given nothing useful for so long, such as 700ms. Default: only once it has failed."`
	Voice       []string      `name:"fallback-voice" env:"PARLEY_FALLBACK_VOICE" help:"Vendors that speak when an agent's cannot: vendor or vendor/voice."`
}

// A hedge under minHedge asks two models for every answer; one over maxHedge comes after the first has failed.
const (
	minHedge = 100 * time.Millisecond
	maxHedge = 10 * time.Second
)

// A standby is a vendor that stands behind another.
type standby struct{ vendor, model string }

// standbys are they by the agent's field: transcriber, provider, voice.
type standbys map[string][]standby

// read checks what the operator wrote against who can.
func (c fallbackConfig) read(specs []provider.Spec) (standbys, error) {
	out, wrong := standbys{}, error(nil)
	if c.Hedge != 0 && (c.Hedge < minHedge || c.Hedge > maxHedge) {
		wrong = fmt.Errorf("PARLEY_HEDGE: %s is not between %s and %s; write 700ms, or nothing", c.Hedge, minHedge, maxHedge)
	}
	for _, x := range []struct {
		field, name string
		list        []string
		able        []provider.Spec
	}{
		{"transcriber", "PARLEY_FALLBACK_TRANSCRIBER", c.Transcriber, all.Hearers(specs)},
		{"provider", "PARLEY_FALLBACK_PROVIDER", c.Provider, all.Thinkers(specs)},
		{"voice", "PARLEY_FALLBACK_VOICE", c.Voice, all.Speakers(specs)},
	} {
		for _, text := range x.list {
			vendor, model, cut := strings.Cut(strings.TrimSpace(text), "/")
			s := named(x.able, vendor)
			switch {
			case s == nil:
				wrong = errors.Join(wrong, fmt.Errorf("%s: %q is no vendor that can; write some of %s", x.name, vendor, strings.Join(vendorNames(x.able), ", ")))
			case cut && model == "":
				wrong = errors.Join(wrong, fmt.Errorf("%s: %q ends in a slash; write %s alone, or %s/ and a name", x.name, text, vendor, vendor))
			case cut && x.field != "provider" && choice(s, x.field) == "":
				wrong = errors.Join(wrong, fmt.Errorf("%s: %s has nothing to choose; write %s alone", x.name, vendor, vendor))
			case slices.ContainsFunc(out[x.field], func(b standby) bool { return b.vendor == vendor }):
				wrong = errors.Join(wrong, fmt.Errorf("%s: %s is there twice; name it once", x.name, vendor))
			default:
				out[x.field] = append(out[x.field], standby{vendor, model})
			}
		}
	}
	return out, wrong
}

func vendorNames(specs []provider.Spec) (out []string) {
	for _, s := range specs {
		out = append(out, s.Name)
	}
	return out
}

// choice is the option by which a vendor's model, or its voice, is chosen; "": there is none.
func choice(s *provider.Spec, field string) string {
	var options any
	names := []string{"model"}
	if field == "voice" {
		options, names = s.Speaking.Options, []string{"voice_id", "voice_name", "voice", "speaker", "model"}
	} else {
		options = s.Hearing.Options
	}
	t := reflect.TypeOf(options)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return ""
	}
	for _, want := range names {
		for _, f := range reflect.VisibleFields(t) {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == want {
				return want
			}
		}
	}
	return ""
}
