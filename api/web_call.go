package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/store"
)

// WebCalls is what browsers are told when they may call.
type WebCalls struct {
	Relays func(who string) []webrtc.Server // for one of them, who has a ticket with this id
	// At is the address of a node that may have a browser's call, or has the one that it takes over. nil: this process, and no other.
	At func(ctx context.Context, takesOver string) (url string, err error)
}

// A ticket for a web call is good for so long.
const (
	defaultTicketLife = 2 * time.Minute
	maxTicketLife     = time.Hour
)

// errNoBrowsers is for a server that no browser can call.
func errNoBrowsers() error {
	return refused(http.StatusConflict, "web_calls_off", "browsers cannot call this server: PARLEY_ICE is off")
}

// takeOverByBrowser makes a ticket with which a browser takes a running call over from its agent, once.
func (a *API) takeOverByBrowser(r *request) (any, error) {
	c, err := a.Store.Call(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	announce, _ := r.body["announce"].(string)
	cmd := Command{Act: TakeOver, Text: announce, Transfer: &parley.Transfer{To: "web"}}
	var made any
	err = a.audited(r, c, cmd.Act, cmd.details(), func() error {
		switch {
		case over(c) || a.Live == nil:
			return &parley.Error{Status: http.StatusConflict, Code: "not_running", Message: "the call is not running: its status is " + string(c.Status)}
		case a.Web == nil:
			return errNoBrowsers()
		case a.Web.At == nil && !a.Live.Runs(c.ID):
			return refused(http.StatusConflict, notHere, "the call runs in another node of this installation: a browser takes it over by that node's own address, or a telephone does (calls/take_over)")
		}
		t := webrtc.Ticket{ID: uuid.NewString(), Environment: r.env, TakesOver: c.ID, Announce: announce, Expires: time.Now().Add(defaultTicketLife).UTC()}
		sealed, err := t.Seal(a.Signer)
		if err != nil {
			return parley.Invalid("announce", "announce is too long for a ticket: 4 KB are the most")
		}
		made, err = a.issued(r.Context(), t, sealed)
		return err
	})
	return made, err
}

// issued is a ticket as its answer has it.
func (a *API) issued(ctx context.Context, t webrtc.Ticket, sealed string) (_ any, err error) {
	at := a.PublicURL
	if a.Web.At != nil {
		if at, err = a.Web.At(ctx, t.TakesOver); err != nil {
			return nil, err
		}
	}
	return map[string]any{"token": sealed, "expires_at": t.Expires.Format(time.RFC3339), "url": at + "/web/calls", "ice_servers": a.Web.Relays(t.ID)}, nil
}

// webCall makes a ticket with which a browser calls an agent, once.
func (a *API) webCall(r *request) (any, error) {
	if a.Web == nil {
		return nil, errNoBrowsers()
	}
	id, _ := r.body["agent"].(string)
	agent, err := a.agentOf(r.Context(), r.env, store.Doc{"agent": id})
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	given, _ := r.body["context"].(map[string]any)
	for k, v := range given {
		values[k], _ = v.(string) // the contract sees to it
	}
	if err := contextComplete(agent, values); err != nil {
		return nil, err
	}
	origin, _ := r.body["origin"].(string)
	if bad := isOrigin("origin", origin); bad != nil && origin != "" {
		return nil, bad
	}
	life := defaultTicketLife
	if n, ok := float(r.body["expires_in_seconds"]); ok {
		life = time.Duration(n * float64(time.Second))
	}
	t := webrtc.Ticket{ID: uuid.NewString(), Environment: r.env, AgentID: agent.ID, Context: values, Origin: origin, Expires: time.Now().Add(life).UTC()}
	sealed, err := t.Seal(a.Signer)
	if err != nil {
		return nil, parley.Invalid("context", err.Error())
	}
	return a.issued(r.Context(), t, sealed)
}

// isOrigin says whether a text is a page's origin as browsers send it (RFC 6454 §6.2): scheme, host, and a port that is not the scheme's own.
func isOrigin(field, s string) invalid {
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && s == u.Scheme+"://"+strings.ToLower(u.Host) &&
		!(u.Scheme == "https" && u.Port() == "443") && !(u.Scheme == "http" && u.Port() == "80") {
		return nil
	}
	return invalid{{field, fmt.Sprintf("%s must be the origin of a page as browsers send it, such as https://shop.example or http://localhost:3000", field)}}
}

// checkOrigins is isOrigin for an agent's web_origins.
func checkOrigins(doc store.Doc, path string) (bad invalid) {
	origins, _ := doc["web_origins"].([]any)
	for i, x := range origins {
		s, _ := x.(string)
		bad = append(bad, isOrigin(join(join(path, "web_origins"), itoa(i)), s)...)
	}
	return bad
}
