package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
	"github.com/parley-voice/parley/tts/kept"
)

// vendors turns an agent into who hears, thinks and speaks: the one place where a vendor's name becomes an object.
type vendors struct {
	specs   []provider.Spec
	db      *store.DB
	guarded *provider.Net // to addresses that account connections hold
	voices  voiceBook
	said    *kept.Memory // fixed words, as they were spoken; nil: nothing is kept

	operator                          // as at the start
	renewed  atomic.Pointer[operator] // as the settings say now; nil: as at the start
}

// operator is what the settings say of vendors.
type operator struct {
	getenv func(string) string
	hedge  time.Duration // 0: none
	behind standbys
}

// now is what the settings say of vendors now.
func (v *vendors) now() *operator {
	if o := v.renewed.Load(); o != nil {
		return o
	}
	return &v.operator
}

// Open makes what one call of the agent needs. A vendor without a key costs a warning: local steps in.
func (v *vendors) Open(ctx context.Context, env string, a *parley.Agent) (call.Ready, error) {
	var r call.Ready
	hear, err := v.hearing(ctx, env, a, &r)
	if err != nil {
		return r, err
	}
	think, err := v.thinking(ctx, env, a, &r)
	if err != nil {
		return r, err
	}
	speak, err := v.speaking(ctx, env, a, &r)
	if err != nil {
		return r, err
	}
	r.Hear, r.Think, r.Speak = hear, think, speak
	var closers []io.Closer
	for i, x := range []any{hear, think, speak} {
		if w, ok := x.(provider.Warmer); ok {
			skill, vendor := []string{"hearing", "thinking", "speaking"}[i], []string{r.Vendors.Hearing, r.Vendors.Thinking, r.Vendors.Speaking}[i]
			vital := i == 1 && len(a.Fallback) == 0 && len(v.now().behind["provider"]) == 0 // speech of this machine stands behind the others
			r.Warm = append(r.Warm, call.Warming{Skill: skill, Vendor: vendor, Vital: vital, Do: warming(w)})
		}
		if c, ok := x.(io.Closer); ok {
			closers = append(closers, c)
		}
	}
	r.Close = func() {
		for _, c := range closers {
			_ = c.Close()
		}
	}
	return r, nil
}

func (v *vendors) hearing(ctx context.Context, env string, a *parley.Agent, r *call.Ready) (stt.Transcriber, error) {
	var named struct {
		Type    string `json:"type"`
		Account string `json:"account_connection"`
	}
	if len(a.Transcriber) > 0 {
		if err := json.Unmarshal(a.Transcriber, &named); err != nil {
			return nil, fmt.Errorf("transcriber: %w", err)
		}
	}
	p, err := v.pick(ctx, env, want{skill: "transcriber", name: strings.TrimPrefix(named.Type, "transcriber_"), account: named.Account,
		able: all.Hearers(v.specs)}, r)
	if err != nil {
		return nil, err
	}
	r.Vendors.Hearing = p.spec.Name
	options := a.Transcriber
	if p.instead {
		options = p.options
	}
	t, err := p.spec.Hearing.Open(p.access, options)
	if err != nil {
		return nil, fmt.Errorf("transcriber: %w", err)
	}
	vs := []stt.Vendor{{Name: p.spec.Name, Breaker: p.breaker(), Transcriber: t, Words: wordsWait(p.spec.Name, options)}}
	if p.lacks != nil {
		vs = append(vs, stt.Vendor{Name: vendorOf(p.lacks), Missing: p.lacks})
	}
	return stt.Fallback(append(vs, v.earsBehind(ctx, env, p.spec.Name, a.Language)...)...), nil
}

func (v *vendors) thinking(ctx context.Context, env string, a *parley.Agent, r *call.Ready) (llm.Model, error) {
	vs, err := v.minds(ctx, env, a, r)
	if err != nil {
		return nil, err
	}
	return llm.Fallback(v.hedged(vs)...), nil
}

// minds are who thinks for an agent, in the order in which they are asked.
func (v *vendors) minds(ctx context.Context, env string, a *parley.Agent, r *call.Ready) ([]llm.Vendor, error) {
	account := ""
	if a.AccountConn != nil {
		account = *a.AccountConn
	}
	if len(a.OpenAIAccountConnection) > 0 && (a.Provider == nil || *a.Provider == "openai") {
		var c struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(a.OpenAIAccountConnection, &c) == nil && c.ID != "" {
			account = c.ID
		}
	}
	vs, err := v.model(ctx, env, mindWanted{str(a.Provider), str(a.Model), str(a.ModelNameOverride), account, str(a.OpenAIAPI)}, r)
	if err != nil {
		return nil, err
	}
	r.Vendors.Thinking, r.Vendors.Model = vs[0].Name, modelNamed(a)
	if len(a.Fallback) == 0 {
		return append(vs, v.mindsBehind(ctx, env, vs[0].Name)...), nil
	}
	var f struct {
		Provider  string `json:"provider"`
		Model     string `json:"model"`
		ModelName string `json:"model_name"`
		Account   string `json:"account_connection"`
		API       string `json:"openai_api"`
	}
	if err := json.Unmarshal(a.Fallback, &f); err != nil {
		return nil, fmt.Errorf("llm_fallback: %w", err)
	}
	if f.Model == "" {
		f.Model = f.ModelName
	}
	second, err := v.model(ctx, env, mindWanted{vendor: f.Provider, model: f.Model, account: f.Account, api: f.API}, r)
	if err != nil {
		return nil, fmt.Errorf("llm_fallback: %w", err)
	}
	return append(append(vs, second...), v.mindsBehind(ctx, env, vs[0].Name, second[0].Name)...), nil
}

// modelNamed is the model an agent names, for its price.
func modelNamed(a *parley.Agent) string {
	if o := str(a.ModelNameOverride); o != "" {
		return o
	}
	return str(a.Model)
}

// mindWanted is what an agent says of who is to think.
type mindWanted struct{ vendor, model, override, account, api string }

// model is who thinks, and whom it stands in for.
func (v *vendors) model(ctx context.Context, env string, w mindWanted, r *call.Ready) ([]llm.Vendor, error) {
	p, err := v.pick(ctx, env, want{skill: "provider", name: w.vendor, account: w.account, able: all.Thinkers(v.specs)}, r)
	if err != nil {
		return nil, err
	}
	model := w.model
	switch {
	case p.instead:
		model = p.model
	case w.override != "" && (p.spec.Name == "openai" || p.spec.Name == "azure" || p.spec.Thinking.Options != nil): // others have no model of OpenAI's names
		model = w.override
	}
	var options json.RawMessage
	switch {
	case w.api == "" || p.instead:
	case p.spec.Thinking.Options == nil:
		r.Warnings = append(r.Warnings, "provider: "+p.spec.Title+" has no openai_api to choose: left out")
	default:
		options, _ = json.Marshal(map[string]string{"openai_api": w.api})
	}
	m, err := p.spec.Thinking.Open(p.access, model, options)
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	vs := []llm.Vendor{{Name: p.spec.Name, Breaker: p.breaker(), Model: m}}
	if p.lacks != nil {
		vs = append(vs, llm.Vendor{Name: vendorOf(p.lacks), Missing: p.lacks})
	}
	return vs, nil
}

// voiceOf is who speaks for an agent, and the options to open it with.
func (v *vendors) voiceOf(ctx context.Context, env string, a *parley.Agent, r *call.Ready) (p picked, options json.RawMessage, err error) {
	account, _ := a.Voice["account_connection"].(string)
	key, _ := a.Voice["api_key"].(string)
	p, err = v.pick(ctx, env, want{skill: "voice", name: v.speaker(a.Voice.Type()), account: account, key: key,
		able: all.Speakers(v.specs)}, r)
	if err != nil {
		return p, nil, err
	}
	p.access.Language = a.Language
	options = p.options
	if !p.instead && len(a.Voice) > 0 {
		if options, err = json.Marshal(a.Voice); err != nil {
			return p, nil, fmt.Errorf("voice: %w", err)
		}
	}
	if key != "" && !p.instead {
		p.access.Key = key
	}
	return p, options, nil
}

func (v *vendors) speaking(ctx context.Context, env string, a *parley.Agent, r *call.Ready) (tts.Synthesizer, error) {
	p, options, err := v.voiceOf(ctx, env, a, r)
	if err != nil {
		return nil, err
	}
	r.Vendors.Speaking = p.spec.Name
	s, err := p.spec.Speaking.Open(p.access, options)
	if err != nil {
		return nil, fmt.Errorf("voice: %w", err)
	}
	vs := []tts.Vendor{{Name: p.spec.Name, Breaker: p.breaker(), Synthesizer: v.keeping(env, p, options, s)}}
	if p.lacks != nil {
		vs = append(vs, tts.Vendor{Name: vendorOf(p.lacks), Missing: p.lacks})
	}
	return tts.Fallback(v.wordy(ctx, env, r, append(vs, v.voicesBehind(ctx, env, p.spec.Name, a.Language)...))...), nil
}

// vendorOf is whom an error is of.
func vendorOf(err error) string {
	var e *parley.VendorError
	if errors.As(err, &e) {
		return e.Vendor
	}
	return ""
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// checkAddresses says which <VENDOR>_BASE_URL or _ENDPOINT of the environment is no address.
func (v *vendors) checkAddresses() error {
	var all error
	check := func(name string) {
		given := v.getenv(name)
		if u, err := url.Parse(given); given != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			all = errors.Join(all, fmt.Errorf("%s: what it holds is no address of a server; write http://127.0.0.1:11434, with the path its vendor wants", name)) // it may be a key
		}
	}
	for _, s := range v.specs {
		for i, s := range []provider.Spec{s, s.Thinks()} {
			if s.Env == "" || i == 1 && s.Thinking == nil || i == 1 && s.Thinking.By == nil {
				continue
			}
			check(s.Env + "_BASE_URL")
			if slices.Contains(s.Vars, "endpoint") {
				check(s.Env + "_ENDPOINT")
			}
		}
	}
	return all
}

func newVendors(specs []provider.Spec, db *store.DB) *vendors {
	return &vendors{specs: specs, db: db, operator: operator{getenv: os.Getenv}, said: kept.NewMemory(kept.Whole)}
}
