package after

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"

	"github.com/parley-voice/parley/fetch"
)

// An emailConfig is the config of an e-mail; all of it are templates.
type emailConfig struct {
	From    string `json:"from_email"`
	To      string `json:"to_email"`
	Subject string `json:"subject"`
	Body    string `json:"body"`
}

// A letter is an e-mail with its values put in.
type letter struct {
	from    *mail.Address
	to      []*mail.Address
	subject string
	body    string
	html    bool
}

// maxTo is how many an e-mail may go to.
const maxTo = 50

var markup = regexp.MustCompile(`(?i)^\s*<(!doctype|html|body|head|div|p|table|h[1-6]|span|style|center|section|article|ul|ol|b|a|br|img|strong|em|i)\b`)

// email sends an e-mail by the mail server or the SendGrid account that its connection names.
func (c *Clerk) email(ctx context.Context, e *errand) {
	l, err := e.letter()
	if err != nil {
		e.fail(true, err)
		return
	}
	a, ok := c.connection(ctx, e)
	if !ok {
		return
	}
	base := a.text("base_url")
	switch {
	case strings.HasPrefix(base, "smtp://") || strings.HasPrefix(base, "smtps://"):
		c.smtp(ctx, e, a, l)
	case strings.HasPrefix(base, "http") && a.text("api_key") != "":
		c.sendGrid(ctx, e, a, l)
	default:
		e.fail(true, errors.New("provider_config.destination_id: e-mail goes by a connection with base_url smtp:// or smtps://, a username and a password, or by SendGrid's address and an api_key"))
	}
}

// letter puts the values in. A value is part of one address: it adds no recipients, and no headers.
func (e *errand) letter() (l letter, err error) {
	var conf emailConfig
	if err := json.Unmarshal(e.want.Config, &conf); err != nil {
		return l, errors.New("config must have from_email, to_email, subject and body")
	}
	from := e.fill("from_email", conf.From, oneLine)
	if l.from, err = mail.ParseAddress(from); err != nil {
		return l, fmt.Errorf("config.from_email: %q is no e-mail address", clip(from, 100))
	}
	for _, one := range strings.FieldsFunc(conf.To, func(r rune) bool { return r == ',' || r == ';' }) {
		if strings.TrimSpace(one) == "" {
			continue
		}
		to := strings.TrimSpace(e.fill("to_email", one, oneLine))
		if to == "" {
			continue
		}
		a, err := mail.ParseAddress(to)
		if err != nil {
			return l, fmt.Errorf("config.to_email: %q is no e-mail address", clip(to, 100))
		}
		l.to = append(l.to, a)
	}
	switch {
	case len(l.to) == 0:
		return l, errors.New("config.to_email names nobody")
	case len(l.to) > maxTo:
		return l, fmt.Errorf("config.to_email names more than %d", maxTo)
	}
	l.subject = e.fill("subject", conf.Subject, oneLine)
	l.html = markup.MatchString(conf.Body)
	esc := escape(plainly)
	if l.html {
		esc = inHTML
	}
	l.body = e.fill("body", conf.Body, esc)
	return l, nil
}

// sendGrid sends it by SendGrid's v3 API.
func (c *Clerk) sendGrid(ctx context.Context, e *errand, a account, l letter) {
	type person struct {
		Email string `json:"email"`
		Name  string `json:"name,omitempty"`
	}
	to := make([]person, len(l.to))
	for i, x := range l.to {
		to[i] = person{x.Address, x.Name}
	}
	kind := "text/plain"
	if l.html {
		kind = "text/html"
	}
	body, err := json.Marshal(map[string]any{
		"personalizations": []any{map[string]any{"to": to, "custom_args": map[string]string{"idempotency_key": e.key}}},
		"from":             person{l.from.Address, l.from.Name},
		"subject":          l.subject,
		"content":          []any{map[string]string{"type": kind, "value": l.body}},
	})
	if err != nil {
		e.fail(true, err)
		return
	}
	u, err := url.Parse(a.text("base_url"))
	if err != nil {
		e.fail(true, errors.New("provider_config.destination_id: base_url is no address"))
		return
	}
	if path := strings.TrimRight(u.Path, "/"); !strings.HasSuffix(path, "/mail/send") {
		u.Path = strings.TrimSuffix(path, "/v3") + "/v3/mail/send"
	}
	c.send(ctx, e, a, fetch.Request{Method: http.MethodPost, URL: u.String(), Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
}
