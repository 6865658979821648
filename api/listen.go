package api

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/parley-voice/parley"
)

// listenWithin is how long an address at which a call can be listened to without a key is good: a player opens it at once.
const listenWithin = 5 * time.Minute

// listen streams the sound of a call that runs.
func (a *API) listen(w http.ResponseWriter, r *request) error {
	channels, err := channelsOf(r)
	if err != nil {
		return err
	}
	c, err := a.listened(r)
	if err != nil {
		return err
	}
	ctx, cancel := a.whileOpen(r.Context())
	defer cancel()
	s := streaming(w, "audio/wav")
	if r.Method == http.MethodHead {
		return nil
	}
	return a.audited(r, c, Listen, nil, func() error {
		err := a.Live.Listen(ctx, c.ID, channels, w, s.flush)
		switch {
		case s.began:
			return nil // the listener has left
		case parley.IsNotFound(err):
			return errElsewhere()
		}
		return err
	})
}

// listened is a call that may be listened to.
func (a *API) listened(r *request) (parley.Call, error) {
	c, err := a.Store.Call(r.Context(), r.env, r.id) // of any environment when the address is signed
	switch {
	case err != nil:
		return c, err
	case c.Private:
		return c, refused(http.StatusConflict, "private", "the call is hipaa_compliant: nobody listens to it")
	case over(c) || a.Live == nil:
		return c, &parley.Error{Status: http.StatusConflict, Code: "not_running", Message: "the call is not running: its status is " + string(c.Status)}
	}
	return c, nil
}

func channelsOf(r *request) (int, error) {
	switch r.q("channels") {
	case "", "1":
		return 1, nil
	case "2":
		return 2, nil
	}
	return 0, parley.Invalid("channels", "channels must be 1 (both sides mixed) or 2 (the caller left, whoever talks to them right)")
}

// listenURL gives an address at which a call can be listened to without a key, for players that send no headers.
func (a *API) listenURL(r *request) (any, error) {
	channels, err := channelsOf(r)
	if err != nil {
		return nil, err
	}
	c, err := a.listened(r)
	if err != nil {
		return nil, err
	}
	if a.Signer == nil {
		return nil, refused(http.StatusConflict, "no_signer", "this server signs no addresses: send the key in the Authorization header instead")
	}
	expires := time.Now().Add(listenWithin)
	q := url.Values{"id": {c.ID}, "channels": {strconv.Itoa(channels)}, "by": {r.key.Prefix}, "expires": {strconv.FormatInt(expires.Unix(), 10)}}
	q.Set("signature", a.Signer.Sign(listenClaim(q.Get)))
	return map[string]any{"url": a.PublicURL + "/v1/calls/listen?" + q.Encode(), "expires_at": when(expires)}, nil
}

// listenClaim is what a signature vouches for.
func listenClaim(q func(string) string) string {
	return "GET /v1/calls/listen " + q("id") + " " + q("channels") + " " + q("by") + " " + q("expires")
}

// mayListen reports whether an address to listen at carries a signature that holds.
func (a *API) mayListen(r *request) bool {
	sig := r.q("signature")
	if sig == "" || a.Signer == nil {
		return false
	}
	seconds, err := strconv.ParseInt(r.q("expires"), 10, 64)
	return err == nil && time.Now().Unix() < seconds && a.Signer.Verify(listenClaim(r.q), sig)
}
