package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	phone "github.com/parley-voice/parley/number"
)

type carrierOf struct{ kind, carrier string }

// carriers are the types of account connections that calls go by, and the TrunkAccount.Carrier of each.
var carriers = []carrierOf{
	{"account_connection_sip", parley.CarrierSIP},
	{"account_connection_twilio", parley.CarrierTwilio},
	{parley.OperatorsTwilio, parley.CarrierTwilio},
	{"account_connection_telnyx", parley.CarrierTelnyx},
}

// Carrying are the types of account connections that calls go by, SIP trunks first, as a filter takes them.
func Carrying() (kinds []any) {
	for _, c := range carriers {
		kinds = append(kinds, c.kind)
	}
	return kinds
}

// Carries reports whether calls go by account connections of a type.
func Carries(kind string) bool { return slices.Contains(Carrying(), any(kind)) }

// Trunks are the account connections of all environments that calls go by, passwords in clear, those of a type together. Credentials that
// do not make sense leave their field empty: saving checks them.
func (d *DB) Trunks(ctx context.Context) ([]parley.TrunkAccount, error) {
	var trunks []parley.TrunkAccount
	for _, c := range carriers {
		docs, err := d.InternalByType(ctx, "", AccountConnections, c.kind)
		if err != nil {
			return nil, err
		}
		for _, doc := range docs {
			trunks = append(trunks, Trunk(doc))
		}
	}
	return trunks, nil
}

// Trunk reads an account connection that calls go by, secrets in clear.
func Trunk(doc Doc) parley.TrunkAccount {
	c, _ := doc["credentials"].(map[string]any)
	config, _ := doc["config"].(map[string]any)
	perSecond, _ := number(c["calls_per_second"])
	calls, _ := number(c["max_calls"])
	t := parley.TrunkAccount{
		ID: str(doc, "id"), UserID: str(doc, "user_id"),
		Limits: parley.TrunkLimits{CallsPerSecond: max(0, perSecond), Calls: max(0, int(calls))},
		Policy: parley.DialPolicy{Countries: texts(strings.ToUpper(str(c, "country"))), Prefixes: texts(c["allowed_prefixes"]), Steering: texts(doc["steering_pool"])},
	}
	for _, k := range carriers {
		if k.kind == str(doc, "type") {
			t.Carrier, t.Policy.Own = k.carrier, k.kind == parley.OperatorsTwilio
		}
	}
	if t.Policy.Own { // a tenant does not say what calls the operator pays for
		t.Policy.Countries, t.Policy.Prefixes = nil, nil
	}
	if t.Carrier == parley.CarrierSIP {
		sipTrunk(&t, c)
		t.Policy.Extensions, _ = config["extensions"].(bool)
		return t
	}
	detection, _ := config["voicemail_detection"].(map[string]any)
	enabled, said := detection["enabled"].(bool)
	own, _ := detection["provider_amd"].(bool)
	t.Media.Detect = own && (enabled || !said)
	t.Media.Refer, _ = config["sip_refer"].(bool)
	return t
}

// sipTrunk lays the credentials of an account_connection_sip over t.
func sipTrunk(t *parley.TrunkAccount, c map[string]any) {
	c, _ = Filled(c)
	port, _ := number(c["port"])
	if port < 0 || port > 65535 {
		port = 0
	}
	register, _ := c["register"].(bool)
	t.Host, t.Port, t.BackupHosts, t.Transport, t.TLSCA = str(c, "host"), int(port), texts(c["backup_hosts"]), str(c, "transport"), str(c, "tls_ca")
	t.Username, t.Password, t.AuthUsername, t.Realm = str(c, "username"), str(c, "password"), str(c, "auth_username"), str(c, "realm")
	t.OutboundProxy = str(c, "outbound_proxy")
	t.Register = parley.TrunkRegister{On: register, Expires: max(0, seconds(c["register_expires_seconds"]))}
	t.Media = parley.TrunkMedia{Codecs: texts(c["codecs"]), SRTP: srtp(c["srtp"]), DTMF: word(c, "dtmf", parley.DTMFInfo, parley.DTMFInband), Hold: word(c, "hold", parley.HoldReinvite)}
	t.Policy.Form = parley.DialForm{Numbers: word(c, "number_format", parley.NumbersPlain, parley.NumbersNational), CallerID: word(c, "caller_id", parley.CallerIDAsserted, parley.CallerIDRemoteParty)}
	if t.Policy.Form.Numbers == parley.NumbersNational {
		t.Policy.Form.Home = strings.ToUpper(str(c, "country"))
	}
	t.AllowedAddresses = texts(c["allowed_addresses"])
	t.AllowRefer, _ = c["allow_refer"].(bool)
	t.FollowsRedirect, _ = c["follows_redirect"].(bool)
	t.SessionExpires, t.Health = seconds(c["session_expires_seconds"]), seconds(c["options_interval_seconds"])
}

// homesMost is how many numbers of a trunk are asked for their country.
const homesMost = 1000

// DialPolicy is a trunk's policy with its own countries filled in where it names none.
func (d *DB) DialPolicy(ctx context.Context, env, trunk, from string) (parley.DialPolicy, error) {
	doc, err := d.Internal(ctx, env, AccountConnections, trunk)
	if err != nil {
		return parley.DialPolicy{}, err
	}
	t := Trunk(doc)
	return d.AtHome(ctx, &t, from)
}

// AtHome is DialPolicy of an account that has been read: the countries it names, else those of the numbers linked with it, else that
// of the caller id.
func (d *DB) AtHome(ctx context.Context, t *parley.TrunkAccount, from string) (parley.DialPolicy, error) {
	p := t.Policy
	if len(p.Countries) > 0 {
		return p, nil
	}
	var rows []numberRow
	err := d.r.NewSelect().Model(&rows).Column("number", "doc").Where("environment_id = ? AND doc LIKE ?", clean(t.UserID), `%"`+clean(t.ID)+`"%`).
		Limit(homesMost).Scan(ctx)
	if err != nil {
		return p, wrap(err, "reading the numbers of a trunk")
	}
	var numbers []string
	for i := range rows {
		if its := rows[i].pooled(); its.Connection == t.ID && its.Status != "failed" { // the id may stand elsewhere in it, such as among its tags
			numbers = append(numbers, rows[i].Number)
		}
	}
	if len(numbers) == 0 {
		numbers = []string{from}
	}
	for _, n := range numbers {
		if c := phone.Region(n); c != "" && c != "001" && !slices.Contains(p.Countries, c) {
			p.Countries = append(p.Countries, c)
		}
	}
	return p, nil
}

// seconds reads a duration: 0 when nothing is said, below 0 when it is switched off by 0.
func seconds(v any) time.Duration {
	n, ok := number(v)
	switch {
	case !ok:
		return 0
	case n <= 0:
		return -1
	}
	return time.Duration(min(n, 1<<30) * float64(time.Second))
}

// srtp reads a switch or one of the words; true is required. What is neither is taken for required: nothing is ever sent in clear
// because of a misspelling.
func srtp(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return parley.SRTPRequired
		}
	case string:
		switch strings.ToLower(v) {
		case "", "off", "false", "no":
		case parley.SRTPOptional:
			return parley.SRTPOptional
		default:
			return parley.SRTPRequired
		}
	}
	return parley.SRTPOff
}

// word is a text that must be one of those; "" otherwise.
func word(c map[string]any, field string, words ...string) string {
	s := str(c, field)
	for _, w := range words {
		if strings.EqualFold(s, w) {
			return w
		}
	}
	return ""
}

// texts reads a list of texts, or one text with commas.
func texts(v any) (l []string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok && s != "" {
				l = append(l, s)
			}
		}
	case string:
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				l = append(l, s)
			}
		}
	}
	return l
}
