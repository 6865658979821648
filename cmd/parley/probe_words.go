package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/after"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/fetch"
)

// unkeyed is why a vendor does not take a key, or did not say.
func unkeyed(c *api.Check, vendor string, err error) {
	c.Verdict, c.Answer.Credentials, c.Said = api.CheckFailed, "", err.Error()
	c.ToDo = "Try again; if it stays so, look whether " + vendor + " is down, and at credentials.base_url."
	var v *parley.VendorError
	if !errors.As(err, &v) {
		if errors.Is(err, context.DeadlineExceeded) {
			c.Said = vendor + " does not answer in time"
		}
		return
	}
	c.Answer.Status, c.Answer.Code, c.Answer.Reason = v.Status, string(v.Code), v.Message
	switch v.Code {
	case parley.VendorUnauthorized:
		c.Answer.Credentials = api.CredentialsRefused
		c.Said = fmt.Sprintf("%s does not take the key: %s (%d)", vendor, v.Message, v.Status)
		c.ToDo = "Make a new key in the console of " + vendor + ", and put it into the credentials."
	case parley.VendorRateLimited:
		c.Said = fmt.Sprintf("%s takes no more requests: %s (%d)", vendor, v.Message, v.Status)
		c.ToDo = "Look at the account's credit and limits with " + vendor + "."
	case parley.VendorTimeout:
		c.Said = vendor + " does not answer in time"
	case parley.VendorRefused, parley.VendorBadOutput, parley.VendorUnsupported:
		c.ToDo = "Check what the credentials have beside the key: base_url, endpoint, region, deployment."
	}
}

// portrayed is what a carrier says of an account.
func portrayed(c *api.Check, w carrier.Portrait) {
	c.Said = "the carrier knows the account"
	for _, s := range []struct{ what, is string }{{"name", w.Name}, {"type", w.Kind}, {"status", w.State}, {"credit", w.Credit}} {
		if s.is != "" {
			c.Said += fmt.Sprintf("; %s %s", s.what, s.is)
		}
	}
	switch {
	case w.State != "" && w.State != "active":
		c.Verdict, c.ToDo = api.CheckFailed, "The account carries nothing while it is "+w.State+": see the carrier's console."
	case w.Kind == "Trial":
		c.Verdict, c.ToDo = api.CheckNote, "A trial account calls only numbers that were verified there, and says so to who is called: upgrade it to call others."
	}
}

// unknown is why a carrier does not know an account, or did not say.
func unknown(c *api.Check, err error) {
	c.Verdict, c.Answer.Credentials, c.Said = api.CheckFailed, "", err.Error()
	c.ToDo = "Try again; if it stays so, look whether the carrier is down, and at credentials.base_url."
	var e *carrier.Error
	if !errors.As(err, &e) {
		return
	}
	c.Answer.Status, c.Answer.Code, c.Answer.Reason = e.Status, e.Code, e.Message
	var blocked *fetch.BlockedError
	switch {
	case errors.As(err, &blocked):
		c.Said, c.ToDo = "credentials.base_url "+blocked.Reason, "Leave credentials.base_url out, or write a public address."
	case e.Status == 401 || e.Status == 403:
		c.Answer.Credentials = api.CredentialsRefused
		c.ToDo = "Copy the account's id and token, or the key, from the carrier's console once more, and see there whether the account is active."
	case e.Status == 404:
		c.Answer.Credentials = api.CredentialsRefused
		c.ToDo = "Check the account's id: the carrier knows none by it."
	case e.Status == 429:
		c.ToDo = "Wait a minute: the carrier has had too many requests of this account."
	}
}

// tried is what another system, or a mail server, said.
func tried(t after.Trial) api.Check {
	c := api.Check{What: t.What, Verdict: api.CheckFine, Target: api.Target{Address: t.Address}, Answer: api.Answer{Status: t.Status, Server: t.Server, RoundTrip: t.Took}}
	if t.Proven {
		c.Answer.Credentials = api.CredentialsTaken
	}
	switch {
	case t.Err != nil:
		unreached(&c, t)
	case t.What == after.TrialToken:
		c.Said = "it gives a token"
	case t.What == after.TrialMail:
		c.Said = "the mail server lets us in"
	case t.Status == 401 || t.Status == 403:
		c.Verdict, c.Answer.Credentials = api.CheckFailed, api.CredentialsRefused
		c.Said, c.ToDo = fmt.Sprintf("it does not let us in (%d)", t.Status), "Check the credentials, and whether they may be used for base_url itself."
	case t.Status >= 500:
		c.Verdict = api.CheckFailed
		c.Said, c.ToDo = fmt.Sprintf("it is there and does not work (%d)", t.Status), "Look at that system's own log."
	case t.Status >= 400:
		c.Verdict = api.CheckNote
		c.Said = fmt.Sprintf("it is there; base_url itself has nothing to read (%d), which tells nothing of the credentials", t.Status)
	default:
		c.Said = fmt.Sprintf("it answers (%d)", t.Status)
	}
	return c
}

// unreached is why a system gave no answer, or no token.
func unreached(c *api.Check, t after.Trial) {
	field := "credentials.base_url"
	if t.What == after.TrialToken {
		field = "credentials.token_url"
	}
	c.Verdict, c.Said, c.ToDo = api.CheckFailed, t.Err.Error(), "Check "+field+"."
	var blocked *fetch.BlockedError
	var unknown *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(t.Err, &blocked):
		c.Said = "the address " + blocked.Reason
		c.ToDo = "Write a public address into " + field + ", or have the operator allow that network."
	case t.Status == 400 || t.Status == 401 || t.Status == 403 || t.Status == 535 || t.Status == 534:
		c.Answer.Credentials = api.CredentialsRefused
		c.ToDo = "Check the name and the password, or the login and the key."
	case errors.As(t.Err, &cert):
		u, _ := url.Parse(t.Address) // it was connected to
		c.Said, c.ToDo = certificateSaid(cert, u.Hostname(), field, "what this machine trusts")
	case errors.As(t.Err, &unknown):
		c.ToDo = "Look for a misspelling in " + field + ", and whether this machine's name server knows the host."
	case errors.Is(t.Err, syscall.ECONNREFUSED):
		c.Said, c.ToDo = "nothing listens there", "Check host and port of "+field+"."
	case errors.Is(t.Err, context.DeadlineExceeded):
		c.Said, c.ToDo = "it does not answer in time", "Check "+field+", and that no firewall is in between."
	case t.Status != 0:
		c.ToDo = "Look at that system's own log."
	}
}

// shortestSecret is how long a text has to be, in bytes, to be looked for in answers.
const shortestSecret = 4

// hush takes the secrets of the credentials out of what is told: a far end may say what it was sent.
func hush(c *api.Check, credentials map[string]any) {
	var pairs []string
	for name, v := range credentials {
		s, _ := v.(string)
		kept := name == "key" || name == "password"
		for _, end := range []string{"_key", "_token", "_secret", "_password"} {
			kept = kept || strings.HasSuffix(name, end)
		}
		if kept && len(s) >= shortestSecret {
			pairs = append(pairs, s, "…")
		}
	}
	r := strings.NewReplacer(pairs...)
	for _, s := range []*string{&c.Said, &c.ToDo, &c.Target.Address, &c.Answer.Code, &c.Answer.Reason, &c.Answer.Server, &c.Answer.Contact} {
		*s = r.Replace(*s)
	}
}
