package api

import (
	"cmp"
	"crypto/x509"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

const (
	defaultCredentials = "ApiKeyCredentials"
	compatibleServer   = "account_connection_openai_compatible"
)

// credentialSchema is what the credentials of a connection's type must be like; types that are not listed take defaultCredentials.
var credentialSchema = map[string]string{
	"account_connection_sip":              "SipCredentials",
	"account_connection_twilio":           "TwilioCredentials",
	"account_connection_openai":           "OpenaiCredentials",
	compatibleServer:                      "OpenaiCompatibleCredentials",
	"account_connection_telnyx":           "TelnyxCredentials",
	"account_connection_external_api_key": "ExternalApiKeyCredentials",
	"account_connection_un_pw_oauth":      "PasswordCredentials",
	"account_connection_login_key_oauth":  "LoginKeyCredentials",
	"account_connection_azure_llm":        "AzureLLMCredentials",
	"account_connection_azure_speech":     "AzureSpeechCredentials",
	"account_connection_playht":           "PlayhtCredentials",
	parley.OperatorsTwilio:                "NoCredentials",
}

// checkCredentials checks a connection's credentials by its type. Those that a change leaves out stay, so they are put
// into it, masked as they are.
func (a *API) checkCredentials(p part) error {
	doc := p.merged()
	kind, _ := doc["type"].(string)
	given, _ := p.given["credentials"].(map[string]any)
	if kind == parley.OperatorsTwilio && p.stored["type"] != kind && a.Carriers != nil && a.Carriers["fluents_twilio"] == nil {
		at := join(p.path, "type")
		return parley.Invalid(at, at+": this server has no Twilio account of its own: its operator sets PARLEY_TWILIO_ACCOUNT_SID and PARLEY_TWILIO_AUTH_TOKEN")
	}
	if was := p.stored["type"]; was != nil && was != kind && (kind == parley.OperatorsTwilio || was == parley.OperatorsTwilio) { // numbers are linked with it which that account need not have
		at := join(p.path, "type")
		return parley.Invalid(at, at+" cannot be changed to or from "+parley.OperatorsTwilio+": make another account connection, and move its numbers there")
	}
	full := maps.Clone(given)
	if full == nil {
		full = store.Doc{}
	}
	if old, ok := p.stored["credentials"].(map[string]any); ok && kind == p.stored["type"] {
		for k, v := range old {
			if _, ok := full[k]; !ok {
				full[k] = v
			}
		}
	}
	name := credentialSchema[kind]
	if name == "" {
		name = defaultCredentials
	}
	path := join(p.path, "credentials")
	bad := explain(a.contract.schema(name), full, path)
	bad = slices.DeleteFunc(bad, func(f fieldError) bool { // what is masked, or stays as it is, was checked when it came: by the rules of then
		field := strings.TrimPrefix(f.Field, path+".")
		first, _, _ := strings.Cut(field, ".")
		_, now := given[first]
		s, ok := valueAt(full, field).(string)
		return p.stored != nil && (ok && secret.IsMasked(s) || !now && full[first] != nil)
	})
	if len(bad) > 0 {
		return bad
	}
	if kind == compatibleServer && full["base_url"] == nil && full["preset"] == nil {
		at := join(path, "base_url")
		return invalid{{at, at + " must be given, or a preset"}}
	}
	if kind == sipConnection {
		if err := checkTrunk(path, full); err != nil {
			return err
		}
	}
	if ca, ok := given["tls_ca"].(string); ok && ca != "" && !secret.IsMasked(ca) && !x509.NewCertPool().AppendCertsFromPEM([]byte(ca)) {
		at := join(path, "tls_ca")
		return parley.Invalid(at, at+" must be certificates in PEM, beginning -----BEGIN CERTIFICATE-----")
	}
	for _, field := range []string{"base_url", "token_url", "endpoint"} {
		if s, ok := given[field].(string); ok && strings.HasPrefix(s, "http") && !secret.IsMasked(s) {
			if err := a.mayFetch(join(path, field), s); err != nil {
				return err
			}
		}
	}
	if p.stored == nil || given != nil || kind != p.stored["type"] {
		p.given["credentials"] = full
	}
	if p.stored == nil && p.given["config"] == nil {
		p.given["config"] = store.Doc{}
	}
	return nil
}

// checkTrunk holds the rules of a trunk that a schema does not. What is masked was checked when it came.
func checkTrunk(path string, c store.Doc) error {
	said := func(name string) string { s, _ := c[name].(string); return s }
	p, known := store.FindPreset(said("preset"))
	if masked := secret.IsMasked(said("preset")); c["host"] == nil && !masked && (!known || p.NeedsHost()) {
		at := join(path, "host")
		also := ""
		if p.Domain != "" {
			also = ", or the name of your trunk at " + p.Title
		}
		return invalid{{at, at + " is required: a host name or an address" + also}}
	} else if region := said("region"); region != "" && !masked && !secret.IsMasked(region) {
		at := join(path, "region")
		switch own := said("host"); {
		case !p.In(region):
			return parley.Invalid(at, at+" must be one of preset "+cmp.Or(p.Name, "none")+": "+cmp.Or(strings.Join(p.RegionNames(), ", "), "it has no regions"))
		case p.Domain != "" && (own == "" || !secret.IsMasked(own) && strings.ContainsAny(own, ".:")):
			return parley.Invalid(at, at+" goes with the name of your trunk alone in "+join(path, "host")+", such as my-trunk")
		}
	}
	if said("number_format") == "national" && c["country"] == nil {
		at := join(path, "country")
		return parley.Invalid(at, at+" is required with number_format national: whose national numbers they are")
	}
	return nil
}

// valueAt is what stands at a path such as codecs.0; nil: nothing.
func valueAt(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}
