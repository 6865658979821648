package after

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley/fetch"
)

// tokens are those that are still good. Its methods may be called from any goroutine.
type tokens struct {
	mu   sync.Mutex // guards kept
	kept map[string]token
}

type token struct {
	value string // with its type, as it stands in the header
	until time.Time
}

const (
	maxTokens    = 1000
	tokenLife    = 5 * time.Minute  // of one that does not say
	maxTokenLife = 24 * time.Hour   //
	tokenEarly   = 30 * time.Second // before its end it is not used any more
)

func (t *tokens) get(k string, now time.Time) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, ok := t.kept[k]
	return x.value, ok && now.Before(x.until)
}

// put keeps a token; where there is no room any other goes.
func (t *tokens) put(k string, x token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = map[string]token{}
	}
	for old := range t.kept {
		if len(t.kept) < maxTokens {
			break
		}
		delete(t.kept, old)
	}
	t.kept[k] = x
}

// A tokenError is why there is no token.
type tokenError struct {
	status  int
	forGood bool
}

func (e *tokenError) Error() string {
	if e.status == 0 {
		return "token_url: its answer has no access_token"
	}
	return fmt.Sprintf("token_url: it answered %d", e.status)
}

func (a account) tokenURL() string {
	if a.kind != passwordAccount && a.kind != loginKeyAccount {
		return ""
	}
	return a.text("token_url")
}

// Types of account connections whose credentials have a form of their own.
const (
	passwordAccount = "account_connection_un_pw_oauth"
	loginKeyAccount = "account_connection_login_key_oauth"
)

// authorization is the header by which the account proves itself: a token (fresh: a new one), a password, or a key.
func (c *Clerk) authorization(ctx context.Context, a account, fresh bool) (name, value string, err error) {
	switch key, header := a.text("api_key"), a.text("header"); {
	case a.tokenURL() != "":
		value, err = c.token(ctx, a, fresh)
		return "Authorization", value, err
	case a.kind == passwordAccount:
		return "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(a.text("username")+":"+a.text("password"))), nil
	case key != "" && header != "" && !strings.EqualFold(header, "Authorization"):
		return header, key, nil
	case strings.Contains(key, " "): // with its scheme
		return "Authorization", key, nil
	case key != "":
		return "Authorization", "Bearer " + key, nil
	}
	return "", "", nil
}

// token gives one that is good: by the password grant (RFC 6749 §4.3) for a name and a password, for {login, key} as JSON.
func (c *Clerk) token(ctx context.Context, a account, fresh bool) (string, error) {
	b, err := json.Marshal(a.credentials)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	k := a.id + string(sum[:]) // other credentials, another token
	now := time.Now()
	if value, ok := c.tokens.get(k, now); ok && !fresh {
		return value, nil
	}
	r := fetch.Request{Method: http.MethodPost, URL: a.tokenURL(), Header: http.Header{"Accept": {"application/json"}}}
	if a.kind == loginKeyAccount {
		r.Header.Set("Content-Type", "application/json")
		r.Body, err = json.Marshal(map[string]string{"login": a.text("login"), "key": a.text("key")})
		if err != nil {
			return "", err
		}
	} else {
		form := url.Values{"grant_type": {"password"}, "username": {a.text("username")}, "password": {a.text("password")}}
		if scope := a.text("scope"); scope != "" {
			form.Set("scope", scope)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body = []byte(form.Encode())
	}
	res, err := c.Net.Do(ctx, r)
	if err != nil {
		return "", fmt.Errorf("token_url: %w", err)
	}
	if res.Status < 200 || res.Status > 299 {
		return "", &tokenError{res.Status, !mayBeBetter(res.Status)}
	}
	x, ok := readToken(res.Body, now)
	if !ok {
		return "", &tokenError{forGood: true}
	}
	c.tokens.put(k, x)
	return x.value, nil
}

// readToken reads {access_token, token_type, expires_in}; token instead of access_token is taken, too.
func readToken(body []byte, now time.Time) (token, bool) {
	var t struct {
		Access  string `json:"access_token"`
		Token   string `json:"token"`
		Type    string `json:"token_type"`
		Expires any    `json:"expires_in"`
	}
	if json.Unmarshal(body, &t) != nil {
		return token{}, false
	}
	value := t.Access
	if value == "" {
		value = t.Token
	}
	if value = oneLine(value); value == "" {
		return token{}, false
	}
	kind := t.Type
	if kind == "" || strings.EqualFold(kind, "bearer") || !isToken(kind) {
		kind = "Bearer"
	}
	life := tokenLife
	switch x := t.Expires.(type) {
	case float64:
		life = time.Duration(min(max(x, 0), maxTokenLife.Seconds()) * float64(time.Second))
	case string:
		if n, err := strconv.ParseFloat(x, 64); err == nil {
			life = time.Duration(min(max(n, 0), maxTokenLife.Seconds()) * float64(time.Second))
		}
	}
	return token{kind + " " + value, now.Add(life - tokenEarly)}, true
}
