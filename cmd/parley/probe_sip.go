package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/leg/sip/register"
)

// sip asks the far end of a trunk, and looks at what the trunk says.
func (p *prober) sip(ctx context.Context, a parley.TrunkAccount) []api.Check {
	probes, err := p.trunk(ctx, a)
	if errors.Is(err, errNoMedia) {
		return []api.Check{{What: api.CheckSettings, Verdict: api.CheckNote, Said: "not tried: " + err.Error(), ToDo: "Have the test made by a node that has the roles api and media."}}
	}
	if err != nil {
		return []api.Check{lost(a, err)}
	}
	answered := slices.ContainsFunc(probes, func(x sip.Probe) bool { return x.Failure == nil && x.Method == "OPTIONS" })
	registered := slices.ContainsFunc(probes, func(x sip.Probe) bool { return x.Failure == nil && x.Method == "REGISTER" })
	var checks []api.Check
	for _, x := range probes {
		c := asked(a, x)
		if x.Method == "OPTIONS" && x.Code == 0 && c.Verdict == api.CheckFailed {
			switch {
			case answered:
				c.Verdict = api.CheckNote
				c.ToDo = "Calls go by the addresses that answer; if this one is not to be there, take it out of host, backup_hosts or the DNS."
			case registered:
				c.Verdict = api.CheckNote
				c.ToDo = "It answers REGISTER, and OPTIONS is what it leaves unanswered: set credentials.options_interval_seconds to 0."
			}
		}
		if x.Seen.IsValid() && x.Own.Addr() != x.Seen.Addr() {
			p.behind(&c, x)
		}
		checks = append(checks, c)
	}
	if !a.Register.On && a.Password == "" && len(a.AllowedAddresses) == 0 {
		checks = append(checks, api.Check{What: api.CheckSettings, Verdict: api.CheckNote, Said: "nobody may call in by this trunk",
			ToDo: "For calls in set credentials.allowed_addresses to where they come from, or register."})
	}
	return checks
}

// behind tells of an address that is not the one we give.
func (p *prober) behind(c *api.Check, x sip.Probe) {
	seen := x.Seen.Addr()
	todo := fmt.Sprintf("Set PARLEY_PUBLIC_IP to %s, and have the SIP port and PARLEY_RTP_PORTS of that address lead to this machine.", seen)
	if p.public.IsValid() && x.Own.Addr() == p.public {
		c.Said += fmt.Sprintf("; it sees us at %s, where PARLEY_PUBLIC_IP says %s", seen, p.public)
	} else {
		c.Said += fmt.Sprintf("; it sees us at %s, which is a NAT's and not our own %s", seen, x.Own.Addr())
	}
	if c.Verdict == api.CheckFine {
		c.Verdict, c.ToDo = api.CheckNote, todo
	}
}

// lost is why nobody could be asked.
func lost(a parley.TrunkAccount, err error) api.Check {
	c := api.Check{What: api.CheckResolve, Verdict: api.CheckFailed, Target: api.Target{Name: a.Host, Transport: transport(a)}, Said: err.Error(),
		ToDo: "Try again in a moment."}
	var unknown *net.DNSError
	switch sip.Mistaken(err) {
	case "host":
		if errors.As(err, &unknown) {
			c.Said = "no name server knows " + unknown.Name
			if !unknown.IsNotFound {
				c.Said = "no name server tells where " + unknown.Name + " is"
			}
		}
		c.ToDo = "Look for a misspelling in credentials.host, backup_hosts and outbound_proxy, and whether this machine's name server knows them."
	case "transport":
		c.ToDo = "Set credentials.transport to one that the far end offers: udp, tcp or tls."
	case "tls_ca":
		c.What, c.ToDo = api.CheckSettings, "Put the certificates that sign the far end's into credentials.tls_ca, as PEM."
	}
	if errors.Is(err, context.DeadlineExceeded) {
		c.Said = "the name server does not answer in time"
		c.ToDo = "Look whether this machine's name server works, or write an address into credentials.host."
	}
	return c
}

func transport(a parley.TrunkAccount) string {
	if a.Transport == "" {
		return "udp"
	}
	return strings.ToLower(a.Transport)
}

// asked is what one address said.
func asked(a parley.TrunkAccount, x sip.Probe) api.Check {
	c := api.Check{What: strings.ToLower(x.Method), Verdict: api.CheckFine,
		Target: api.Target{Transport: strings.ToLower(x.Network), Address: x.Addr.String(), Name: x.Name},
		Answer: api.Answer{Status: x.Code, Reason: x.Reason, Server: x.Server, RoundTrip: x.RoundTrip, Codecs: x.Codecs}}
	if x.Own.Addr().IsValid() {
		c.Answer.Contact = addressed(x.Own)
	}
	if x.Seen.IsValid() {
		c.Answer.SeenAs = addressed(x.Seen)
	}
	if x.Code != 0 {
		c.Answer.Credentials = api.CredentialsNotAsked
	}
	var no *register.Refusal
	switch {
	case x.Failure == nil:
		answers(&c, a, x)
	case errors.As(x.Failure, &no):
		refuses(&c, a, x)
	default:
		silent(&c, x)
	}
	return c
}

// addressed is an address, with its port where there is one.
func addressed(at netip.AddrPort) string {
	if at.Port() == 0 {
		return at.Addr().String()
	}
	return at.String()
}

func answers(c *api.Check, a parley.TrunkAccount, x sip.Probe) {
	c.Said = fmt.Sprintf("it answers (%s)", status(x))
	if x.Method == "REGISTER" {
		c.Said = fmt.Sprintf("it would register %s (%s)", a.Username, status(x))
	}
	switch {
	case x.Proven:
		c.Answer.Credentials = api.CredentialsTaken
		c.Said += " and takes the password"
	case a.Password != "" && x.Method == "OPTIONS" && !a.Register.On:
		c.Said += "; it did not ask for the password, so whether that is right is told by the first call"
	}
	if len(x.Codecs) > 0 && len(a.Media.Codecs) > 0 && !slices.ContainsFunc(a.Media.Codecs, func(s string) bool {
		return slices.ContainsFunc(x.Codecs, func(o string) bool { return strings.EqualFold(s, o) })
	}) {
		c.Verdict = api.CheckNote
		c.ToDo = "Put one of " + strings.Join(x.Codecs, ", ") + " into credentials.codecs: calls would find no codec in common."
	}
}

func status(x sip.Probe) string { return strings.TrimSpace(fmt.Sprintf("%d %s", x.Code, x.Reason)) }

// refuses is an answer that is a no.
func refuses(c *api.Check, a parley.TrunkAccount, x sip.Probe) {
	c.Verdict, c.Said = api.CheckFailed, fmt.Sprintf("it refuses us (%s)", status(x))
	switch x.Code {
	case 401, 407:
		if a.Password == "" {
			c.Answer.Credentials, c.Said = api.CredentialsMissing, fmt.Sprintf("it asks for a password (%s), and there is none", status(x))
			c.ToDo = "Set credentials.username and credentials.password to those of the far end."
			return
		}
		c.Answer.Credentials, c.Said = api.CredentialsRefused, fmt.Sprintf("it does not take the password of %s (%s)", a.Username, status(x))
		c.ToDo = "Check credentials.username, auth_username and password against those of the far end; realm, if it is set, must be the far end's."
	case 403, 603:
		if c.ToDo = "Have the far end allow our address " + x.Own.Addr().String() + ", and check credentials.username and host."; x.Asked {
			c.Answer.Credentials = api.CredentialsRefused
			c.ToDo = "Check credentials.username, auth_username and password, and whether the far end lets that user in from our address."
		}
	case 404:
		c.ToDo = "Check credentials.username and host: the far end knows nobody by that name there."
	case 405, 501:
		c.ToDo = "It takes no registrations: leave credentials.register out, and have it send calls to our address."
	case 408, 500, 502, 503, 504:
		c.ToDo = "It is there and does not work now: look at the far end, or add another to credentials.backup_hosts."
	default:
		c.ToDo = "Look the answer up in the far end's log: what it refuses is written there."
	}
}

// silent is where nothing came back.
func silent(c *api.Check, x sip.Probe) {
	c.Verdict, c.Said = api.CheckFailed, x.Failure.Error()
	var cert *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(x.Failure, &cert):
		c.Said, c.ToDo = certificateSaid(cert, x.Name, "credentials.host", "credentials.tls_ca, as PEM")
	case errors.As(x.Failure, &plain):
		c.Said = "it does not speak TLS on that port"
		c.ToDo = "Set credentials.port to the one it speaks TLS on, mostly 5061, or transport to tcp or udp."
	case errors.As(x.Failure, &alert):
		c.Said = "it breaks the TLS handshake off: " + alert.Error()
		c.ToDo = "It may want a certificate of ours (PARLEY_TLS_CERT), or speak no TLS 1.2: look at its TLS settings."
	case errors.Is(x.Failure, syscall.ECONNREFUSED):
		c.Said = "nothing listens there"
		c.ToDo = "Check credentials.port and transport: the far end may speak only udp, or on another port."
	case errors.Is(x.Failure, syscall.ENETUNREACH), errors.Is(x.Failure, syscall.EHOSTUNREACH):
		c.Said = "there is no way there from this machine"
		c.ToDo = "Check credentials.host and this machine's routes."
	case sip.Mistaken(x.Failure) == "username":
		c.What, c.Said, c.ToDo = api.CheckSettings, "register is on, and there is no username", "Set credentials.username and password to those of the far end."
	case errors.Is(x.Failure, context.DeadlineExceeded), errors.Is(x.Failure, context.Canceled):
		c.Said = "it does not answer " + x.Method + " in time"
		c.ToDo = fmt.Sprintf("Check credentials.host, port and transport, that no firewall is in between, and that the far end knows our address %s: some leave others without an answer.", x.Own.Addr())
	default:
		c.ToDo = "Check credentials.host, port and transport."
	}
}

// certificateSaid is what is wrong with the certificate of the host that field names; trust is where those go who are trusted.
func certificateSaid(e *tls.CertificateVerificationError, name, field, trust string) (said, todo string) {
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	whose, issuer := "it", "somebody"
	if len(e.UnverifiedCertificates) > 0 {
		leaf := e.UnverifiedCertificates[0]
		whose, issuer = namesIn(leaf), leaf.Issuer.String()
		if errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired {
			if now := time.Now(); now.Before(leaf.NotBefore) {
				return fmt.Sprintf("its certificate holds only from %s", leaf.NotBefore.UTC().Format(time.DateOnly)), "Set the clocks of both machines."
			}
			return fmt.Sprintf("its certificate has expired on %s", leaf.NotAfter.UTC().Format(time.DateOnly)), "Have the far end renew its certificate."
		}
	}
	switch {
	case errors.As(e.Err, &host):
		return fmt.Sprintf("its certificate is for %s, and not for %s", whose, name), "Write into " + field + " the name that the certificate is for."
	case errors.As(e.Err, &unknown):
		return fmt.Sprintf("its certificate is signed by %s, whom nobody here trusts", issuer), "Put the certificate of that authority, or a self-signed one itself, into " + trust + "."
	}
	return "its certificate does not hold: " + e.Err.Error(), "Have the far end renew its certificate, or put who signed it into " + trust + "."
}

// namesMost is how many names of a certificate are told.
const namesMost = 5

func namesIn(c *x509.Certificate) string {
	all := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name"
	}
	if len(all) > namesMost {
		all = append(all[:namesMost], "others")
	}
	return strings.Join(all, ", ")
}
