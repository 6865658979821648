package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/after"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/leg/sip/register"
	"github.com/parley-voice/parley/leg/sip/route"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/store"
)

// line is a check in one line.
func line(c api.Check) string {
	return strings.Join([]string{c.What, c.Verdict, c.Said, c.ToDo, c.Answer.Credentials}, "|")
}

// TestWhatTrunksAreTold: each way in which a far end answers, or does not, has its words and what to do.
func TestWhatTrunksAreTold(t *testing.T) {
	at := route.Hop{Network: "UDP", Addr: netip.MustParseAddrPort("203.0.113.20:5060"), Name: "sip.example.com"}
	own := netip.MustParseAddrPort("198.51.100.7:5060")
	public := &x509.Certificate{DNSNames: []string{"other.example"}, NotBefore: time.Unix(0, 0), NotAfter: time.Date(2020, 5, 6, 7, 8, 9, 0, time.UTC)}
	certificate := func(err error) error {
		return fmt.Errorf("sip: connect: %w", &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{public}, Err: err})
	}
	refused := func(method string, code int, asked bool) sip.Probe {
		return sip.Probe{Method: method, Code: code, Reason: "No", Asked: asked, Failure: &register.Refusal{Code: code}}
	}
	silent := func(err error) sip.Probe { return sip.Probe{Method: "OPTIONS", Failure: err} }
	user := parley.TrunkAccount{Username: "u", Password: "p", AllowedAddresses: []string{"203.0.113.20"}}
	registers := user
	registers.Register.On = true
	narrow := user
	narrow.Media.Codecs = []string{"opus"}
	for name, row := range map[string]struct {
		a    parley.TrunkAccount
		x    sip.Probe
		want string // fragments, separated by ¦
	}{
		"it answers":           {user, sip.Probe{Method: "OPTIONS", Code: 200, Reason: "OK"}, "options|ok|it answers (200 OK); it did not ask for the password¦|not_asked"},
		"404 is an answer":     {user, sip.Probe{Method: "OPTIONS", Code: 404}, "options|ok|it answers (404)"},
		"it takes the word":    {user, sip.Probe{Method: "OPTIONS", Code: 200, Asked: true, Proven: true}, "options|ok|it answers (200) and takes the password||taken"},
		"registered":           {registers, sip.Probe{Method: "REGISTER", Code: 200, Asked: true, Proven: true}, "register|ok|it would register u (200) and takes the password||taken"},
		"no codec":             {narrow, sip.Probe{Method: "OPTIONS", Code: 200, Codecs: []string{"PCMU", "PCMA"}}, "options|note¦Put one of PCMU, PCMA into credentials.codecs"},
		"wrong":                {registers, refused("REGISTER", 401, true), "register|failed|it does not take the password of u (401 No)|Check credentials.username¦|refused"},
		"none":                 {parley.TrunkAccount{Username: "u", AllowedAddresses: []string{"::1"}}, refused("OPTIONS", 407, true), "asks for a password¦and there is none|Set credentials.username¦|missing"},
		"forbidden by address": {user, refused("OPTIONS", 403, false), "it refuses us (403 No)|Have the far end allow our address 198.51.100.7¦|not_asked"},
		"forbidden by name":    {registers, refused("REGISTER", 403, true), "Check credentials.username, auth_username and password¦|refused"},
		"unknown":              {registers, refused("REGISTER", 404, false), "knows nobody by that name"},
		"no registrar":         {registers, refused("REGISTER", 405, false), "takes no registrations: leave credentials.register out"},
		"down":                 {user, refused("OPTIONS", 503, false), "does not work now"},
		"odd":                  {registers, refused("REGISTER", 421, false), "far end's log"},
		"silence":              {user, silent(context.DeadlineExceeded), "options|failed|it does not answer OPTIONS in time|Check credentials.host, port and transport¦198.51.100.7"},
		"closed":               {user, silent(fmt.Errorf("connect: %w", syscall.ECONNREFUSED)), "nothing listens there|Check credentials.port and transport"},
		"no way":               {user, silent(syscall.EHOSTUNREACH), "there is no way there"},
		"no TLS":               {user, silent(tls.RecordHeaderError{Msg: "x"}), "it does not speak TLS on that port|Set credentials.port"},
		"alert":                {user, silent(tls.AlertError(40)), "breaks the TLS handshake off¦PARLEY_TLS_CERT"},
		"other name":           {user, silent(certificate(x509.HostnameError{Certificate: public, Host: "sip.example.com"})), "its certificate is for other.example, and not for sip.example.com|Write into credentials.host"},
		"stranger":             {user, silent(certificate(x509.UnknownAuthorityError{Cert: public})), "whom nobody here trusts|¦into credentials.tls_ca, as PEM."},
		"expired":              {user, silent(certificate(x509.CertificateInvalidError{Cert: public, Reason: x509.Expired})), "its certificate has expired on 2020-05-06|Have the far end renew"},
		"unfit":                {user, silent(certificate(x509.CertificateInvalidError{Cert: public, Reason: x509.IncompatibleUsage})), "its certificate does not hold"},
		"anything":             {user, silent(errors.New("odd")), "options|failed|odd|Check credentials.host"},
	} {
		row.x.Hop, row.x.Own = at, own
		p := prober{trunk: func(context.Context, parley.TrunkAccount) ([]sip.Probe, error) { return []sip.Probe{row.x}, nil }}
		checks := p.sip(t.Context(), row.a)
		if len(checks) != 1 {
			t.Fatalf("%s: %+v", name, checks)
		}
		for _, want := range strings.Split(row.want, "¦") {
			if !strings.Contains(line(checks[0]), want) {
				t.Errorf("%s: no %q in %s", name, want, line(checks[0]))
			}
		}
		if checks[0].Verdict == api.CheckFailed && checks[0].ToDo == "" {
			t.Errorf("%s: and what is to be done?", name)
		}
		if got := checks[0]; got.Target != (api.Target{Transport: "udp", Address: "203.0.113.20:5060", Name: "sip.example.com"}) || got.Answer.Contact != "198.51.100.7:5060" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestWhatSeveralAddressesAmountTo: one that is silent beside one that answers is no failure, nor is OPTIONS where REGISTER is answered; nobody
// may call in by a trunk that lets nobody in.
func TestWhatSeveralAddressesAmountTo(t *testing.T) {
	good, dead := sip.Probe{Method: "OPTIONS", Code: 200}, sip.Probe{Method: "OPTIONS", Failure: context.DeadlineExceeded}
	registered := sip.Probe{Method: "REGISTER", Code: 200}
	for name, row := range map[string]struct {
		probes []sip.Probe
		want   string
	}{
		"both answer":   {[]sip.Probe{good, good}, "ok ok"},
		"one does":      {[]sip.Probe{dead, good}, "note ok"},
		"none does":     {[]sip.Probe{dead, dead}, "failed failed"},
		"no OPTIONS":    {[]sip.Probe{dead, registered}, "note ok"},
		"no registrar":  {[]sip.Probe{good, {Method: "REGISTER", Failure: context.DeadlineExceeded}}, "ok failed"},
		"nobody at all": {[]sip.Probe{dead, {Method: "REGISTER", Failure: context.DeadlineExceeded}}, "failed failed"},
	} {
		p := prober{trunk: func(context.Context, parley.TrunkAccount) ([]sip.Probe, error) { return row.probes, nil }}
		var got []string
		for _, c := range p.sip(t.Context(), parley.TrunkAccount{Password: "p"}) {
			got = append(got, c.Verdict)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	p := prober{trunk: func(context.Context, parley.TrunkAccount) ([]sip.Probe, error) { return []sip.Probe{good}, nil }}
	if checks := p.sip(t.Context(), parley.TrunkAccount{}); len(checks) != 2 || !strings.Contains(line(checks[1]), "settings|note|nobody may call in") {
		t.Errorf("%+v", checks)
	}
	for want, err := range map[string]error{"misspelling in credentials.host": &net.DNSError{IsNotFound: true}, "offers: udp, tcp": route.ErrRefused,
		"and whether this machine's name server": &net.DNSError{Name: "h", Server: "10.0.0.1:53", IsTemporary: true}, "name server works": context.DeadlineExceeded, "Try again": errors.New("x")} {
		p.trunk = func(context.Context, parley.TrunkAccount) ([]sip.Probe, error) { return nil, err }
		if checks := p.sip(t.Context(), parley.TrunkAccount{Host: "h"}); len(checks) != 1 || checks[0].Verdict != api.CheckFailed || !strings.Contains(checks[0].ToDo, want) || strings.Contains(line(checks[0]), "10.0.0.1") {
			t.Errorf("%v: %+v", err, checks)
		}
	}
}

// TestBehindANAT: where a far end sees us at another address, what to set is said.
func TestBehindANAT(t *testing.T) {
	own, seen := netip.MustParseAddrPort("10.0.0.7:5060"), netip.MustParseAddrPort("198.51.100.4:1024")
	for name, row := range map[string]struct {
		public, own netip.Addr
		verdict     string
		want        string
	}{
		"nothing is set":   {netip.Addr{}, own.Addr(), api.CheckNote, "which is a NAT's and not our own 10.0.0.7|Set PARLEY_PUBLIC_IP to 198.51.100.4"},
		"another is set":   {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.1"), api.CheckNote, "where PARLEY_PUBLIC_IP says 192.0.2.1|Set PARLEY_PUBLIC_IP to 198.51.100.4"},
		"the right is set": {seen.Addr(), seen.Addr(), api.CheckFine, "it answers"},
	} {
		p := prober{public: row.public, trunk: func(context.Context, parley.TrunkAccount) ([]sip.Probe, error) {
			return []sip.Probe{{Method: "OPTIONS", Code: 200, Own: netip.AddrPortFrom(row.own, 5060), Seen: seen}}, nil
		}}
		c := p.sip(t.Context(), parley.TrunkAccount{Password: "p"})[0]
		if c.Verdict != row.verdict || !strings.Contains(line(c), row.want) || c.Answer.SeenAs != "198.51.100.4:1024" {
			t.Errorf("%s: %s", name, line(c))
		}
	}
}

// TestProbesOfConnections: the real program asks vendors, other systems and trunks; what they say of secrets is not told.
func TestProbesOfConnections(t *testing.T) {
	r := start(t, t.TempDir())
	deepgram := providertest.NewDeepgram(t)
	system := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.URL.Path == "/token" && q.FormValue("password") != "right-4711":
			w.WriteHeader(http.StatusUnauthorized)
		case q.URL.Path == "/token":
			fmt.Fprint(w, `{"access_token":"t-4712"}`)
		case q.Header.Get("Authorization") != "Bearer t-4712" && q.Header.Get("X-Key") != "right-4711":
			w.Header().Set("Server", "knows "+q.Header.Get("X-Key"))
			w.WriteHeader(http.StatusForbidden)
		case q.URL.Path != "/":
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer system.Close()
	far, err := sip.New(sip.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- far.Serve(ctx, refuseAll) }()
	defer func() { stop(); <-served }()
	carriers := httptest.NewServer(&carriertest.Carrier{})
	defer carriers.Close()
	oauth := func(password string) string {
		return fmt.Sprintf(`{"type":"account_connection_un_pw_oauth","credentials":{"base_url":"%s","token_url":"%[1]s/token","username":"u","password":%q}}`, system.URL, password)
	}
	for name, row := range map[string]struct {
		body string
		ok   bool
		want string
	}{
		"a vendor":             {fmt.Sprintf(`{"type":"account_connection_deepgram","credentials":{"api_key":"right-key-4712","base_url":%q}}`, deepgram.URL), true, `"what":"key"¦Deepgram takes the key¦"credentials":"taken"`},
		"a vendor that is not": {fmt.Sprintf(`{"type":"account_connection_deepgram","credentials":{"api_key":"wrong-key-4711","base_url":%q}}`, deepgram.URL), false, `does not take the key¦"status":401¦Make a new key`},
		"a system":             {fmt.Sprintf(`{"type":"account_connection_external_api_key","credentials":{"base_url":%q,"header":"X-Key","api_key":"right-4711"}}`, system.URL+"/"), true, `"what":"reach"¦it answers (200)`},
		"one without a page":   {fmt.Sprintf(`{"type":"account_connection_external_api_key","credentials":{"base_url":%q,"header":"X-Key","api_key":"right-4711"}}`, system.URL+"/x?q=4713"), true, `"verdict":"note"¦tells nothing of the credentials¦/x"`},
		"a wrong key":          {fmt.Sprintf(`{"type":"account_connection_external_api_key","credentials":{"base_url":%q,"header":"X-Key","api_key":"wrong-4711"}}`, system.URL+"/"), false, `does not let us in (403)¦"credentials":"refused"¦"server":"knows …"`},
		"oauth":                {oauth("right-4711"), true, `"what":"token"¦it gives a token¦"what":"reach"`},
		"oauth refused":        {oauth("wrong-4711"), false, `token_url: it answered 401¦"credentials":"refused"`},
		"nobody there":         {`{"type":"account_connection_external_api_key","credentials":{"base_url":"http://127.0.0.1:9/","api_key":"k"}}`, false, `nothing listens there`},
		"mail":                 {`{"type":"account_connection_un_pw_oauth","credentials":{"base_url":"smtp://127.0.0.1:9","username":"u","password":"wrong-4711"}}`, false, `"what":"mail"¦nothing listens there`},
		"twilio":               {fmt.Sprintf(`{"type":"account_connection_twilio","credentials":{"twilio_account_sid":%q,"twilio_auth_token":%q,"base_url":%q}}`, carriertest.SID, carriertest.Token, carriers.URL), true, `"what":"account"¦name Acme; type Full; status active¦"credentials":"taken"`},
		"twilio's wrong token": {fmt.Sprintf(`{"type":"account_connection_twilio","credentials":{"twilio_account_sid":%q,"twilio_auth_token":"wrong-4711","base_url":%q}}`, carriertest.SID, carriers.URL), false, `20003: Authenticate¦"status":401¦"code":"20003"¦"reason":"Authenticate"¦"credentials":"refused"`},
		"telnyx":               {fmt.Sprintf(`{"type":"account_connection_telnyx","credentials":{"api_key":%q,"base_url":%q}}`, carriertest.Key, carriers.URL), true, `credit 400.00 USD`},
		"telnyx's wrong key":   {fmt.Sprintf(`{"type":"account_connection_telnyx","credentials":{"api_key":"wrong-4711","base_url":%q}}`, carriers.URL), false, `"code":"10009"¦Authentication failed`},
		"nothing to ask":       {`{"type":"account_connection_azure_speech","credentials":{"api_key":"k","region":"x y"}}`, false, `"what":`},
		"a trunk": {fmt.Sprintf(`{"type":"account_connection_sip","credentials":{"host":"127.0.0.1","port":%d}}`, far.Addr().Port()), true,
			`"what":"options"¦"status":200¦nobody may call in`},
	} {
		id := r.made("/v1/account_connections/create", row.body)["id"]
		b, err := io.ReadAll(r.ask("POST", fmt.Sprintf("/v1/account_connections/test?id=%v", id), "").Body)
		if err != nil {
			t.Fatal(err)
		}
		said := string(b)
		if strings.Contains(said, `"ok":true`) != row.ok {
			t.Errorf("%s: %s", name, said)
		}
		for _, want := range strings.Split(row.want, "¦") {
			if !strings.Contains(said, want) {
				t.Errorf("%s: no %q in %s", name, want, said)
			}
		}
		for _, secret := range []string{"4711", "4712", "4713"} {
			if strings.Contains(said, secret) {
				t.Errorf("%s tells a secret: %s", name, said)
			}
		}
	}
}

// TestWhatAccountsAreTold: an account that carries nothing is a failure, one on trial is worth a word.
func TestWhatAccountsAreTold(t *testing.T) {
	for want, w := range map[string]carrier.Portrait{"account|note|the carrier knows the account; type Trial; status active|A trial account": {Kind: "Trial", State: "active"},
		"account|failed|the carrier knows the account; name x; status suspended|The account carries nothing": {Name: "x", State: "suspended"}} {
		c := api.Check{What: api.CheckAccount, Verdict: api.CheckFine}
		if portrayed(&c, w); !strings.HasPrefix(line(c), want) {
			t.Errorf("no %q in %s", want, line(c))
		}
	}
	p := prober{open: func(string, map[string]any) (carrier.Account, error) { return nil, carrier.ErrNoCredentials }}
	if c := p.account(t.Context(), "account_connection_fluents_twilio", nil); c.Verdict != api.CheckFailed || !strings.Contains(c.ToDo, "PARLEY_TWILIO_ACCOUNT_SID") {
		t.Errorf("%+v", c)
	}
	carriers := httptest.NewServer(&carriertest.Carrier{})
	defer carriers.Close()
	net := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	defer net.Close()
	p.open = (&carrier.Client{Net: net, Bases: map[string]string{"twilio": carriers.URL}, Own: func() map[string]any {
		return map[string]any{"twilio_account_sid": carriertest.SID, "twilio_auth_token": carriertest.Token}
	}}).Open
	if c := p.account(t.Context(), "account_connection_fluents_twilio", nil); c.Said != "the carrier knows the account; type Full; status active" {
		t.Errorf("the operator's account: %+v", c)
	}
	for want, err := range map[string]error{"Check the account's id": &carrier.Error{Status: 404}, "Wait a minute": &carrier.Error{Status: 429}, "Leave credentials.base_url out": &carrier.Error{Err: &fetch.BlockedError{Reason: "leads home"}},
		"Try again": &carrier.Error{Status: 500}} {
		var c api.Check
		if unknown(&c, err); c.Verdict != api.CheckFailed || !strings.Contains(c.ToDo, want) {
			t.Errorf("no %q in %s", want, line(c))
		}
	}
}

// TestFilledIn: what a preset adds is told, with a trunk's test.
func TestFilledIn(t *testing.T) {
	if got := filledIn(store.Doc{"preset": "vonage", "codecs": []any{"PCMU"}, "allowed_addresses": []any{}}); len(got) != 1 ||
		got[0].Said != "the preset vonage fills in host sip.nexmo.com; caller_id from; number_format plain; options_interval_seconds 60; transport udp" {
		t.Errorf("%+v", got)
	}
	for _, c := range []store.Doc{{"host": "h"}, {"host": "h", "preset": "generic"}} {
		if got := filledIn(c); got != nil {
			t.Errorf("%+v", got)
		}
	}
}

// TestHush: secrets are taken out of what is told, names are not.
func TestHush(t *testing.T) {
	c := api.Check{Said: "no hunter22 for bob", Target: api.Target{Address: "http://h/hunter22"}, Answer: api.Answer{Reason: "hunter22", Server: "key-123", Code: "abc"}}
	hush(&c, store.Doc{"password": "hunter22", "username": "bob", "openai_api_key": "key-123", "key": "abc", "port": 5060.0})
	if c.Said != "no … for bob" || c.Target.Address != "http://h/…" || c.Answer.Reason != "…" || c.Answer.Server != "…" || c.Answer.Code != "abc" {
		t.Errorf("%+v", c)
	}
}

// TestWhatSystemsAreTold: failures of other systems and mail servers have their words, too.
func TestWhatSystemsAreTold(t *testing.T) {
	for want, x := range map[string]after.Trial{
		"the address leads home|Write a public address into credentials.base_url": {What: after.TrialReach, Err: &fetch.BlockedError{Reason: "leads home"}},
		"misspelling in credentials.token_url":                                    {What: after.TrialToken, Err: &net.DNSError{IsNotFound: true}},
		"Check the name and the password":                                         {What: after.TrialMail, Status: 535, Err: errors.New("535 no")},
		"it does not answer in time":                                              {What: after.TrialReach, Err: context.DeadlineExceeded},
		"is for no name, and not for h|Write into credentials.base_url":           {What: after.TrialReach, Address: "https://h:1/", Err: &tls.CertificateVerificationError{UnverifiedCertificates: []*x509.Certificate{{}}, Err: x509.HostnameError{}}},
		"it is there and does not work (500)":                                     {What: after.TrialReach, Status: 500},
		"the mail server lets us in||taken":                                       {What: after.TrialMail, Status: 250, Proven: true},
		"Look at that system's own log":                                           {What: after.TrialToken, Status: 502, Err: errors.New("502")},
		"the mail server refuses|Check credentials.base_url.":                     {What: after.TrialMail, Err: errors.New("the mail server refuses")},
	} {
		if got := line(tried(x)); !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}
