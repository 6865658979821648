package after

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

const (
	smtpTimeout = 30 * time.Second // of one step
	smtpWithin  = 2 * time.Minute  // of all of them: mail servers may think a while about a stranger
	submission  = 587              // RFC 6409
	submissions = 465              // RFC 8314
)

// smtp hands an e-mail to a mail server: over TLS from the first byte (smtps), or by STARTTLS where the server has it (smtp). Without
// TLS a password goes to this machine alone. A retry has the same Message-ID.
func (c *Clerk) smtp(ctx context.Context, e *errand, a account, l letter) {
	ctx, cancel := context.WithTimeout(ctx, smtpWithin)
	defer cancel()
	var line net.Conn // go-mail leaves it open when it is not let in
	client, err := c.mailClient(a, &line)
	if err != nil {
		e.fail(true, err)
		return
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(l.from)
	m.ToMailAddress(l.to...)
	m.Subject(l.subject)
	m.SetDateWithValue(e.call.End)
	_, domain, _ := strings.Cut(l.from.Address, "@")
	m.SetMessageIDWithValue(e.key + "@" + domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("Idempotency-Key", e.key)
	kind := gomail.TypeTextPlain
	if l.html {
		kind = gomail.TypeTextHTML
	}
	m.SetBodyString(kind, l.body)
	err = client.DialAndSendWithContext(ctx, m)
	if line != nil {
		line.Close()
	}
	if err == nil || m.IsDelivered() { // what comes after that is good manners
		e.status, e.err = 250, nil
		return
	}
	e.status = smtpStatus(err)
	e.fail(blocked(err) || e.status >= 500, fmt.Errorf("the mail server: %w", err))
}

// smtpStatus is what the server answered; 0: nothing.
func smtpStatus(err error) int {
	var said *textproto.Error
	var sent *gomail.SendError
	switch {
	case errors.As(err, &sent) && sent.ErrorCode() > 0:
		return sent.ErrorCode()
	case errors.As(err, &said):
		return said.Code
	}
	return 0
}

// mailClient is one that connects once; line is what it connected by.
func (c *Clerk) mailClient(a account, line *net.Conn) (*gomail.Client, error) {
	u, err := url.Parse(a.text("base_url"))
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("provider_config.destination_id: base_url is no address of a mail server, such as smtps://mail.example.com")
	}
	host, port := u.Hostname(), submission
	direct := u.Scheme == "smtps"
	if direct {
		port = submissions
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, errors.New("provider_config.destination_id: base_url has a port that does not exist")
		}
	}
	conf := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
	options := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(smtpTimeout), gomail.WithTLSConfig(conf),
		gomail.WithDialContextFunc(func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := c.Net.Dial(ctx, network, addr)
			*line = conn
			if err != nil || !direct {
				return conn, err
			}
			over := tls.Client(conn, conf)
			if err := over.HandshakeContext(ctx); err != nil {
				conn.Close()
				return nil, err
			}
			return over, nil
		})}
	if direct {
		options = append(options, gomail.WithSSL())
	} else {
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if user := a.text("username"); user != "" {
		options = append(options, gomail.WithUsername(user), gomail.WithPassword(a.text("password")),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5))
	}
	client, err := gomail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("provider_config.destination_id: %w", err)
	}
	return client, nil
}
