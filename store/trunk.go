package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	phone "github.com/parley-voice/parley/number"
)

// Trunks are the account_connection_sip of all environments, passwords in clear. Credentials that do not make sense leave
// their field empty: saving checks them.
func (d *DB) Trunks(ctx context.Context) ([]parley.TrunkAccount, error) {
	docs, err := d.InternalByType(ctx, "", AccountConnections, "account_connection_sip")
	if err != nil {
		return nil, err
	}
	trunks := make([]parley.TrunkAccount, len(docs))
	for i, doc := range docs {
		trunks[i] = Trunk(doc)
	}
	return trunks, nil
}

// Trunk reads an account_connection_sip, secrets in clear.
func Trunk(doc Doc) parley.TrunkAccount {
	c, _ := doc["credentials"].(map[string]any)
	config, _ := doc["config"].(map[string]any)
	port, _ := number(c["port"])
	if port < 0 || port > 65535 {
		port = 0
	}
	perSecond, _ := number(c["calls_per_second"])
	calls, _ := number(c["max_calls"])
	extensions, _ := config["extensions"].(bool)
	register, _ := c["register"].(bool)
	refer, _ := c["allow_refer"].(bool)
	return parley.TrunkAccount{
		ID: str(doc, "id"), UserID: str(doc, "user_id"),
		Host: str(c, "host"), Port: int(port), BackupHosts: texts(c["backup_hosts"]), Transport: str(c, "transport"), TLSCA: str(c, "tls_ca"),
		Username: str(c, "username"), Password: str(c, "password"), AuthUsername: str(c, "auth_username"), Realm: str(c, "realm"),
		OutboundProxy:    str(c, "outbound_proxy"),
		Register:         parley.TrunkRegister{On: register, Expires: max(0, seconds(c["register_expires_seconds"]))},
		Media:            parley.TrunkMedia{Codecs: texts(c["codecs"]), SRTP: srtp(c["srtp"]), DTMF: word(c, "dtmf", parley.DTMFInfo, parley.DTMFInband)},
		AllowedAddresses: texts(c["allowed_addresses"]), AllowRefer: refer,
		SessionExpires: seconds(c["session_expires_seconds"]), Health: seconds(c["options_interval_seconds"]),
		Limits: parley.TrunkLimits{CallsPerSecond: max(0, perSecond), Calls: max(0, int(calls))},
		Policy: parley.DialPolicy{Countries: texts(strings.ToUpper(str(c, "country"))), Prefixes: texts(c["allowed_prefixes"]), Extensions: extensions},
	}
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
	var numbers []string
	err := d.r.NewSelect().Model((*numberRow)(nil)).Column("number").Where("environment_id = ? AND doc LIKE ?", clean(t.UserID), `%"`+clean(t.ID)+`"%`).
		Limit(homesMost).Scan(ctx, &numbers)
	if err != nil {
		return p, wrap(err, "reading the numbers of a trunk")
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
