package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// A Prober asks the far end of an account connection whether it would serve.
type Prober interface {
	// Probe tries a connection: a stored one by its id, else one as create takes it. That it does not serve is an answer and no error.
	Probe(ctx context.Context, env, id string, doc store.Doc) ([]Check, error)
}

// A Check is one thing that was asked, and what became of it. The zero value of a field: nothing is known of it.
type Check struct {
	What    string // CheckResolve, …
	Verdict string // CheckFine, CheckNote or CheckFailed
	Said    string // in a sentence; it holds no secret
	ToDo    string // and what to do about it, in another
	Target  Target
	Answer  Answer
}

// A Target is whom a Check asked.
type Target struct {
	Transport, Address, Name string // udp, 203.0.113.20:5060, sip.example.com; of HTTP the address is a URL without its query
}

// An Answer is what came back.
type Answer struct {
	Status      int    // of SIP, HTTP or SMTP
	Code        string // the carrier's or vendor's own
	Reason      string // in the far end's words
	Server      string // the program it says it is
	RoundTrip   time.Duration
	Credentials string   // CredentialsTaken, …
	Contact     string   // our address as we give it
	SeenAs      string   // and as the far end sees it
	Codecs      []string // it speaks
}

// What a Check can be about, what it comes to, and what became of the credentials.
const (
	CheckResolve  = "resolve"  // the host's addresses
	CheckOptions  = "options"  // a SIP OPTIONS at one of them
	CheckRegister = "register" // a SIP REGISTER
	CheckAccount  = "account"  // the account at a carrier
	CheckKey      = "key"      // a key at a vendor that hears, thinks or speaks
	CheckReach    = "reach"    // an address by HTTP
	CheckToken    = "token"    // an address that gives tokens
	CheckMail     = "mail"     // a mail server
	CheckSettings = "settings" // what the connection says, before anybody is asked

	CheckFine   = "ok"
	CheckNote   = "note" // it works, and may not be what was meant; or it could not be told
	CheckFailed = "failed"

	CredentialsTaken    = "taken"
	CredentialsRefused  = "refused"
	CredentialsNotAsked = "not_asked"
	CredentialsMissing  = "missing" // they were asked for, and there are none
)

const (
	probeWithin = 10 * time.Second // all that is asked of one connection
	probesFirst = 5                // tests of one connection, or of what an environment has not saved, made at once
	probesEvery = 5                // seconds; then one
)

type (
	connectionTestDto struct {
		ID     any        `json:"id"`
		Type   string     `json:"type"`
		OK     bool       `json:"ok"`
		Took   float64    `json:"took_ms"`
		Checks []checkDto `json:"checks"`
	}
	checkDto struct {
		What        string   `json:"what"`
		Verdict     string   `json:"verdict"`
		Said        string   `json:"said"`
		ToDo        any      `json:"to_do"`
		Transport   any      `json:"transport"`
		Address     any      `json:"address"`
		Name        any      `json:"name"`
		Status      any      `json:"status"`
		Code        any      `json:"code"`
		Reason      any      `json:"reason"`
		Server      any      `json:"server"`
		RoundTrip   any      `json:"round_trip_ms"`
		Credentials any      `json:"credentials"`
		Contact     any      `json:"contact"`
		SeenAs      any      `json:"seen_as"`
		Codecs      []string `json:"codecs"`
	}
)

// testConnection tries a stored connection, or one as create takes it, which is not stored.
func (a *API) testConnection(r *request) (any, error) {
	ctx, id, doc := r.Context(), "", store.Doc(r.body)
	anonymous(doc)
	switch given := r.q("id"); {
	case given != "" && len(doc) > 0:
		return nil, parley.Invalid("id", "id is of a connection that is stored, and the body one that is not: send one of them")
	case given != "":
		var err error
		if id, err = uuidOf("id", given); err != nil {
			return nil, err
		}
		if doc, err = a.Store.Get(ctx, r.env, store.AccountConnections, id); err != nil {
			return nil, err
		}
	case len(doc) == 0:
		return nil, parley.Invalid("id", "id is required in the query, or a connection in the body as /v1/account_connections/create takes it")
	default:
		if err := a.checkPart(ctx, r.env, part{kind: store.AccountConnections, given: doc}); err != nil {
			return nil, err
		}
	}
	if a.Prober == nil {
		return nil, refused(http.StatusBadRequest, "not_supported", "this server tests no connections")
	}
	if err := a.probes.take(r.env + " " + id); err != nil {
		return nil, err
	}
	kind, _ := doc["type"].(string)
	details := map[string]string{"type": kind}
	if id != "" {
		details["account_connection"] = id
	}
	began := time.Now()
	var checks []Check
	err := a.audited(r, parley.Call{UserID: r.env}, "test_connection", details, func() (err error) {
		ctx, stop := context.WithTimeout(ctx, probeWithin)
		defer stop()
		checks, err = a.Prober.Probe(ctx, r.env, id, doc)
		return err
	})
	if err != nil {
		return nil, err
	}
	ok := !slices.ContainsFunc(checks, func(c Check) bool { return c.Verdict == CheckFailed })
	dto := connectionTestDto{ID: orNull(id), Type: kind, OK: ok, Took: milliseconds(time.Since(began)), Checks: []checkDto{}}
	for _, c := range checks {
		dto.Checks = append(dto.Checks, c.dto())
	}
	return dto, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (c Check) dto() checkDto {
	d := checkDto{What: c.What, Verdict: c.Verdict, Said: c.Said, ToDo: orNull(c.ToDo), Transport: orNull(c.Target.Transport), Address: orNull(c.Target.Address),
		Name: orNull(c.Target.Name), Code: orNull(c.Answer.Code), Reason: orNull(c.Answer.Reason), Server: orNull(c.Answer.Server),
		Credentials: orNull(c.Answer.Credentials), Contact: orNull(c.Answer.Contact), SeenAs: orNull(c.Answer.SeenAs), Codecs: c.Answer.Codecs}
	if c.Answer.Status != 0 {
		d.Status = c.Answer.Status
	}
	if c.Answer.RoundTrip > 0 {
		d.RoundTrip = milliseconds(c.Answer.RoundTrip)
	}
	if d.Codecs == nil {
		d.Codecs = []string{}
	}
	return d
}
