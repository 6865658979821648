package after

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-voice/parley/fetch"
)

// A requestConfig is the config of trigger_custom_api. Headers and body are templates; both may also be given as JSON.
type requestConfig struct {
	Method  string          `json:"http_method"`
	URI     string          `json:"relative_uri"`
	Headers json.RawMessage `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// ours are headers that an agent does not set.
var ours = map[string]bool{"Host": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Idempotency-Key": true}

// request makes the request of a trigger_custom_api to the system that its connection names.
func (c *Clerk) request(ctx context.Context, e *errand) {
	r, err := e.made()
	if err != nil {
		e.fail(true, err)
		return
	}
	a, ok := c.connection(ctx, e)
	if !ok {
		return
	}
	if r.URL, err = under(a.text("base_url"), r.URL); err != nil {
		e.fail(true, err)
		return
	}
	c.send(ctx, e, a, r)
}

// made is the request without its place and its key.
func (e *errand) made() (r fetch.Request, err error) {
	var conf requestConfig
	if err := json.Unmarshal(e.want.Config, &conf); err != nil {
		return r, errors.New("config must have http_method, relative_uri, headers and body")
	}
	r.Method = strings.ToUpper(strings.TrimSpace(cmp.Or(conf.Method, http.MethodPost)))
	if !slices.Contains(methods, r.Method) {
		return r, fmt.Errorf("config.http_method must be one of %s", strings.Join(methods, ", "))
	}
	r.URL = e.fillURI(strings.TrimSpace(conf.URI))
	if r.Header, err = e.headers(template(conf.Headers)); err != nil {
		return r, err
	}
	if body := template(conf.Body); strings.TrimSpace(body) != "" && r.Method != http.MethodGet {
		if r.Body, err = e.body(body, r.Header); err != nil {
			return r, err
		}
	}
	return r, nil
}

// template is a field that is a text, or JSON that stands for itself.
func template(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// fillURI fills a path and a query: a value is one step of the path, or one value of the query.
func (e *errand) fillURI(uri string) string {
	var b strings.Builder
	esc := escape(inPath)
	for _, p := range parse(uri, e.values) {
		if p.name == "" {
			b.WriteString(p.text)
			if strings.Contains(p.text, "?") {
				esc = url.QueryEscape
			}
			continue
		}
		x, ok := p.value(e.values)
		if !ok {
			e.warnings = addTo(e.warnings, missingOf(e.want.ID+".relative_uri", []string{p.name})...)
		}
		b.WriteString(esc(asText(x)))
	}
	return b.String()
}

// under puts a relative address behind the base of a connection; a whole one must lie within it.
func under(base, uri string) (string, error) {
	root, err := url.Parse(strings.TrimSpace(base))
	if err != nil || root.Host == "" || root.Scheme != "http" && root.Scheme != "https" {
		return "", errors.New("provider_config.destination_id: the account connection has no base_url of http or https")
	}
	root.RawQuery, root.Fragment = "", ""
	whole := uri
	if !strings.Contains(strings.SplitN(uri, "?", 2)[0], "://") {
		whole = strings.TrimRight(root.String(), "/")
		if rest := strings.TrimLeft(uri, "/"); rest != "" && rest[0] != '?' {
			whole += "/" + rest
		} else {
			whole += rest
		}
	}
	u, err := url.Parse(whole)
	if err != nil {
		return "", errors.New("config.relative_uri is no address once its values are put in")
	}
	if u.Scheme != root.Scheme || u.Host != root.Host || u.User != nil {
		return "", errors.New("config.relative_uri must lie within the base_url of the account connection")
	}
	return u.String(), nil
}

// headers reads a JSON object of headers.
func (e *errand) headers(tmpl string) (http.Header, error) {
	h := http.Header{}
	if strings.TrimSpace(tmpl) == "" {
		return h, nil
	}
	doc, missing := fillJSON(tmpl, e.values)
	e.warnings = addTo(e.warnings, missingOf(e.want.ID+".headers", missing)...)
	var given map[string]any
	if json.Unmarshal(doc, &given) != nil {
		return nil, errors.New(`config.headers must be a JSON object such as {"X-Source": "calls"}`)
	}
	for name, v := range given {
		if !isToken(name) {
			return nil, fmt.Errorf("config.headers: %q is no name of a header", clip(name, 40))
		}
		if k := http.CanonicalHeaderKey(name); !ours[k] {
			h.Set(k, oneLine(asText(v)))
		}
	}
	return h, nil
}

// isToken reports whether s can be the name of a header (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r > 126 || r <= ' ' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// body fills a body by what its Content-Type says it is; without one it is JSON if it can be.
func (e *errand) body(tmpl string, h http.Header) ([]byte, error) {
	kind := strings.ToLower(h.Get("Content-Type"))
	isJSON := strings.Contains(kind, "json")
	if isJSON || kind == "" {
		doc, missing := fillJSON(tmpl, e.values)
		if isDocument(doc) {
			if kind == "" {
				h.Set("Content-Type", "application/json")
			}
			e.warnings = addTo(e.warnings, missingOf(e.want.ID+".body", missing)...)
			return doc, nil
		}
		if isJSON {
			return nil, errors.New("config.body is not JSON once its values are put in")
		}
	}
	esc := escape(plainly)
	switch {
	case strings.Contains(kind, "form-urlencoded"):
		esc = url.QueryEscape
	case strings.Contains(kind, "xml"), strings.Contains(kind, "html"):
		esc = inHTML
	case kind == "":
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return []byte(e.fill("body", tmpl, esc)), nil
}

// send makes a request as the account, under the action's key. A token that is no longer taken is fetched anew, once.
func (c *Clerk) send(ctx context.Context, e *errand, a account, r fetch.Request) {
	r.Header.Set("Idempotency-Key", e.key)
	for fresh := false; ; fresh = true {
		name, value, err := c.authorization(ctx, a, fresh)
		if err != nil {
			var refused *tokenError
			e.fail(errors.As(err, &refused) && refused.forGood || blocked(err), err)
			return
		}
		if name != "" {
			r.Header.Set(name, value)
		}
		res, err := c.Net.Do(ctx, r)
		if err != nil && !errors.Is(err, fetch.ErrTooLarge) {
			e.fail(blocked(err), err)
			return
		}
		e.status = res.Status
		if res.Status == http.StatusUnauthorized && a.tokenURL() != "" && !fresh {
			continue
		}
		e.judge(res)
		return
	}
}

// judge says whether the far end took it, and whether it may do so later.
func (e *errand) judge(res *fetch.Response) {
	e.err = nil
	if res.Status >= 200 && res.Status <= 299 {
		return
	}
	e.fail(!mayBeBetter(res.Status), fmt.Errorf("it answered %d", res.Status))
	e.after = retryAfter(res.Header.Get("Retry-After"), time.Now())
}

// mayBeBetter reports whether the same request may succeed later.
func mayBeBetter(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// blocked reports whether an address may not be reached at all.
func blocked(err error) bool {
	var b *fetch.BlockedError
	return errors.As(err, &b)
}

// retryAfter reads the header of that name, seconds or a date (RFC 9110 §10.2.3); 0 when there is none.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
