package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// loginStore keeps which browsers have shown a key.
type loginStore interface {
	OpenLogin(ctx context.Context, keyID string, hash [32]byte, until time.Time) error
	Login(ctx context.Context, hash [32]byte) (key store.APIKey, until time.Time, err error)
	CloseLogin(ctx context.Context, hash [32]byte) error
}

// LoginCookie is the name of the cookie by which a browser is logged in.
const LoginCookie = "parley_session"

const (
	loginLife     = 12 * time.Hour
	wrongKeys     = 10               // in a row, from one address
	wrongKeyEvery = 10 * time.Second // and then one
)

// login gives a browser that shows a key a cookie that stands for it: random, kept here by its hash alone.
func (a *API) login(w http.ResponseWriter, r *request) error {
	if err := a.ownPage(r); err != nil {
		return err
	}
	given, _ := r.body["key"].(string)
	key, err := a.Store.LookupKey(r.Context(), secret.HashAPIKey(strings.TrimSpace(given)))
	if parley.IsNotFound(err) { // who knows a key is let in, whatever others try from the same proxy
		if err := a.wrong.take(network(r.Request)); err != nil {
			return err
		}
		return &parley.Error{Status: http.StatusUnauthorized, Code: "unauthorized", Field: "key", Message: "key: this key is not known here, or it was revoked"}
	}
	if err != nil {
		return err
	}
	r.key, r.env = key, key.EnvironmentID
	if old, ok := cookieOf(r.Request); ok {
		if err := a.Store.CloseLogin(r.Context(), old); err != nil {
			return err
		}
	}
	token, until := rand.Text()+rand.Text(), time.Now().Add(loginLife)
	if err := a.Store.OpenLogin(r.Context(), key.ID, sha256.Sum256([]byte(token)), until); err != nil {
		return err
	}
	v, err := a.who(r, until)
	if err != nil {
		return err
	}
	a.setCookie(w, r, token, int(loginLife.Seconds()))
	writeJSON(w, http.StatusOK, v)
	return nil
}

// logout ends the login that the request came by, at once.
func (a *API) logout(w http.ResponseWriter, r *request) error {
	if hash, ok := cookieOf(r.Request); ok {
		if err := a.Store.CloseLogin(r.Context(), hash); err != nil {
			return err
		}
	}
	a.setCookie(w, r, "", -1)
	v, err := a.who(r, r.until)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// whoAmI is what the key of a request may do, and where.
func (a *API) whoAmI(r *request) (any, error) { return a.who(r, r.until) }

func (a *API) who(r *request, until time.Time) (any, error) {
	e, err := a.Store.Environment(r.Context(), r.env)
	if err != nil {
		return nil, err
	}
	return map[string]any{"user_id": r.env, "environment_id": r.env, "environment": e.Name, "key": r.key.Prefix, "label": orNull(r.key.Label), "role": r.key.Role, "expires_at": when(until)}, nil
}

func (a *API) setCookie(w http.ResponseWriter, r *request, token string, seconds int) {
	http.SetCookie(w, &http.Cookie{Name: LoginCookie, Value: token, Path: "/", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: a.encrypted(r.Request)})
	w.Header().Set("Cache-Control", "no-store")
}

// encrypted reports whether a browser reached us by https, as far as can be told: then its cookie goes by nothing else. The page says so itself,
// where the proxy does not (its Origin was checked). Who lies about it loses the own cookie alone.
func (a *API) encrypted(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(r.Header.Get("Origin"), "https://") || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") || strings.HasPrefix(a.PublicURL, "https://") && r.Host == hostOf(a.PublicURL)
}

// cookieOf is the hash of the login that a request carries.
func cookieOf(r *http.Request) (hash [32]byte, ok bool) {
	c, err := r.Cookie(LoginCookie)
	if err != nil || c.Value == "" {
		return hash, false
	}
	return sha256.Sum256([]byte(c.Value)), true
}

// byCookie is the key that the login of a request stands for. What changes something must come from a page of this server.
func (a *API) byCookie(r *request, hash [32]byte) (store.APIKey, error) {
	key, until, err := a.Store.Login(r.Context(), hash)
	if parley.IsNotFound(err) {
		return key, refused(http.StatusUnauthorized, "logged_out", "the login is over: log in again, or send the header Authorization: Bearer <key>")
	}
	if err != nil {
		return key, err
	}
	if r.until = until; r.Method != http.MethodGet && r.Method != http.MethodHead {
		err = a.ownPage(r)
	}
	return key, err
}

// ownPage refuses what the page of somebody else had a browser send. A program that is no browser sends neither header.
func (a *API) ownPage(r *request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "same-origin" || site == "none" {
		return nil
	} else if origin := r.Header.Get("Origin"); site == "" && (origin == "" || hostOf(origin) == r.Host || a.PublicURL != "" && strings.EqualFold(origin, originOf(a.PublicURL))) {
		return nil
	}
	return refused(http.StatusForbidden, "cross_origin", "a login counts for pages of this server alone; elsewhere send the header Authorization: Bearer <key>")
}

// hostOf is the host, and the port where there is one, of an address; "" when it is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// originOf is an address without its path.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// network is whom an address belongs to, as far as it tells: IPv6 is given out by the /64.
func network(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	if ip = ip.Unmap(); ip.Is6() {
		p, _ := ip.WithZone("").Prefix(64)
		return p.String()
	}
	return ip.String()
}
