package call

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/parley-voice/parley"
)

// Prices are what the operator pays (docs/prices.md), in whatever currency: by vendor, and telephony by what carries the call.
type Prices struct {
	Hearing   map[string]float64    `yaml:"hearing"`   // a minute of sound
	Thinking  map[string]TokenPrice `yaml:"thinking"`  // by provider/model or provider
	Speaking  map[string]float64    `yaml:"speaking"`  // 1,000 characters
	Telephony map[string]float64    `yaml:"telephony"` // a minute of a leg
}

// A TokenPrice is what a million tokens cost.
type TokenPrice struct {
	In  *float64 `yaml:"in"`
	Out *float64 `yaml:"out"`
}

// Vendors are who serve a call, by the names that the price file uses.
type Vendors struct {
	Hearing, Thinking, Model, Speaking string
}

// ReadPrices reads a price file. What it does not understand, or what is no price, is an error that says where.
func ReadPrices(path string) (*Prices, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &Prices{}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %s", path, strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " "))
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func (p *Prices) check() error {
	var bad []string
	price := func(name string, v float64) {
		if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			bad = append(bad, name+" is no price; write a number from 0 up")
		}
	}
	for section, all := range map[string]map[string]float64{"hearing": p.Hearing, "speaking": p.Speaking, "telephony": p.Telephony} {
		for name, v := range all {
			price(section+"."+name, v)
		}
	}
	for name, t := range p.Thinking {
		if t.In == nil || t.Out == nil {
			bad = append(bad, "thinking."+name+" needs in and out, the prices of a million tokens")
			continue
		}
		price("thinking."+name+".in", *t.In)
		price("thinking."+name+".out", *t.Out)
	}
	slices.Sort(bad)
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "; "))
	}
	return nil
}

// cost is what a call costs, to the millionth; missing names the prices that would be needed and are not there. What runs on this
// machine costs nothing unless the file says otherwise.
func (p *Prices) cost(u parley.Usage, v Vendors, carrier string) (cost float64, missing []string) {
	per := func(amount float64, prices map[string]float64, what, name string) {
		price, ok := prices[name]
		switch {
		case amount == 0 || !ok && name == "local":
		case !ok:
			missing = append(missing, what+" by "+named(name))
		default:
			cost += amount * price
		}
	}
	per(u.STTSeconds/60, p.Hearing, "hearing", v.Hearing)
	per(float64(u.TTSCharacters)/1000, p.Speaking, "speaking", v.Speaking)
	per(u.TelephonySeconds/60, p.Telephony, "telephony", carrier)
	if u.LLMTokensIn+u.LLMTokensOut > 0 {
		thought, ok := p.Thought(u.LLMTokensIn, u.LLMTokensOut, v.Thinking, v.Model)
		if cost += thought; !ok {
			missing = append(missing, "thinking by "+named(v.Thinking+"/"+v.Model))
		}
	}
	return math.Round(cost*1e6) / 1e6, missing
}

// Thought is what tokens of a vendor's model cost; false: it is not known.
func (p *Prices) Thought(in, out int64, vendor, model string) (cost float64, ok bool) {
	t, ok := p.Thinking[vendor+"/"+model]
	if !ok {
		t, ok = p.Thinking[vendor]
	}
	if !ok {
		return 0, vendor == "local"
	}
	return (float64(in)**t.In + float64(out)**t.Out) / 1e6, true
}

func named(vendor string) string {
	if vendor = strings.Trim(vendor, "/"); vendor == "" {
		return "an unnamed vendor"
	}
	return vendor
}
