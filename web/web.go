// Package web is what browsers reach without an API key: a page's visitors call an agent, with a ticket that somebody with a key has
// bought them, or because the agent's owner has named the page. It serves the script that does it, too.
//
// It starts no goroutine; a call runs in one of the door's.
package web

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/webrtc"
)

// A Door takes offers of browsers. *webrtc.Door is one.
type Door interface {
	Take(ctx context.Context, sdp []byte, r leg.Ringing, answer func(context.Context, leg.Offer)) (id string, ours []byte, err error)
	Trickle(id string, fragment []byte) error
	Hangup(id string) bool
	Left(id string)
	Has(id string) bool
}

// A Log shows the events of calls as they happen. *store.Log is one.
type Log interface {
	Subscribe(callID string) (events <-chan parley.Event, cancel func())
}

// An Inviting is an agent whose owner lets pages have their visitors call it.
type Inviting struct {
	Environment, ID string
	Origins         []string // such as https://shop.example
}

// Config is what the site is made of.
type Config struct {
	Door   Door
	Answer func(context.Context, leg.Offer) // who answers; returns when the call is over
	// TakeOver has who offers a leg take over a call that runs; it returns when they are gone.
	TakeOver func(ctx context.Context, o leg.Offer, callID, announce string)
	Log      Log
	Signer   webrtc.Signer
	// Inviting finds an agent by its id. Nobody: parley.NotFound.
	Inviting func(ctx context.Context, agentID string) (Inviting, error)
	// Demo is the agent that this machine's own browser may call; "" none.
	Demo   func(ctx context.Context) (env, agentID string)
	Relays func(who string) []webrtc.Server // what a browser is told of them that has a ticket with this id
	Logger *slog.Logger
}

// ticketLife is how long a ticket that a page gets is good for: its visitor is asked for the microphone meanwhile.
const ticketLife = 2 * time.Minute

// A Site serves browsers.
type Site struct {
	Config
	mux  *http.ServeMux
	used used
	pace pace
}

//go:embed widget.js try.html try.js
var files embed.FS

// New makes a site. Handler serves it.
func New(c Config) *Site {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	s := &Site{Config: c, mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /web/tickets", s.ticket)
	s.mux.HandleFunc("POST /web/calls", s.call)
	s.mux.HandleFunc("PATCH /web/calls/{id}", s.trickle)
	s.mux.HandleFunc("DELETE /web/calls/{id}", s.hangup)
	s.mux.HandleFunc("POST /web/calls/{id}/end", s.hangup) // what navigator.sendBeacon can do as a page closes
	s.mux.HandleFunc("GET /web/calls/{id}/events", s.events)
	s.mux.HandleFunc("OPTIONS /web/", s.options)
	s.mux.HandleFunc("GET /widget.js", file("widget.js", "text/javascript; charset=utf-8"))
	s.mux.HandleFunc("GET /try", file("try.html", "text/html; charset=utf-8"))
	s.mux.HandleFunc("GET /try.js", file("try.js", "text/javascript; charset=utf-8"))
	return s
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.HasPrefix(r.URL.Path, "/web/") {
		// No cookie and no key is ever sent here: a ticket, or the page's own name, is what counts.
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Location, Retry-After")
		h.Set("Cache-Control", "no-store")
	}
	s.mux.ServeHTTP(w, r)
}

// Paths are what the site serves.
var Paths = []string{"/web/", "/widget.js", "/try", "/try.js"}

func (s *Site) options(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST, PATCH, DELETE, GET")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

func file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := files.ReadFile(name)
		if err != nil {
			http.NotFound(w, nil)
			return
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "max-age=300")
		if strings.HasPrefix(kind, "text/html") {
			h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; media-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'")
		}
		_, _ = w.Write(b)
	}
}

// ticket gives a page of an agent's owner a ticket for its visitor.
func (s *Site) ticket(w http.ResponseWriter, r *http.Request) {
	if !s.pace.take(r, time.Now()) {
		refuse(w, http.StatusTooManyRequests, "too_many_requests", "too many calls from this address: wait a few seconds")
		return
	}
	var body struct {
		Agent string `json:"agent"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&body); err != nil || body.Agent == "" {
		refuse(w, http.StatusBadRequest, "invalid", `agent must be the id of an agent, as in {"agent": "…"}`)
		return
	}
	origin := r.Header.Get("Origin")
	t := webrtc.Ticket{ID: uuid.NewString(), Origin: origin, Expires: time.Now().Add(ticketLife)}
	if body.Agent == DemoAgent {
		if !own(r) || s.Demo == nil {
			refuse(w, http.StatusForbidden, "not_this_page", "the demo agent is for a browser on the server's own machine")
			return
		}
		t.Environment, t.AgentID = s.Demo(r.Context())
	} else {
		a, err := s.Inviting(r.Context(), strings.ToLower(body.Agent))
		switch {
		case parley.IsNotFound(err) || err == nil && !slices.Contains(a.Origins, origin):
			// one answer for both: which agents there are is nobody's business
			refuse(w, http.StatusForbidden, "not_this_page", fmt.Sprintf("no agent with this id takes calls from %q: its owner names the pages that may in web_origins", origin))
			return
		case err != nil:
			s.Logger.Error("reading an agent for a web call", "error", err)
			refuse(w, http.StatusServiceUnavailable, "unavailable", "the agent could not be read: try again")
			return
		}
		t.Environment, t.AgentID = a.Environment, a.ID
	}
	sealed, err := t.Seal(s.Signer)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "internal", "the ticket could not be made")
		return
	}
	answer(w, http.StatusCreated, map[string]any{"token": sealed, "expires_at": t.Expires.UTC().Format(time.RFC3339), "ice_servers": s.Relays(t.ID)})
}

// DemoAgent stands for the demo agent.
const DemoAgent = "demo"

// call takes an offer (RFC 9725 §4.2).
func (s *Site) call(w http.ResponseWriter, r *http.Request) {
	scheme, sealed, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		sealed = ""
	}
	t, err := webrtc.ReadTicket(s.Signer, strings.TrimSpace(sealed), time.Now())
	if err != nil {
		refuse(w, http.StatusUnauthorized, "unauthorized", err.Error())
		return
	}
	if o := r.Header.Get("Origin"); t.Origin != "" && o != t.Origin {
		refuse(w, http.StatusForbidden, "not_this_page", fmt.Sprintf("the ticket is for %s", t.Origin))
		return
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/sdp" {
		refuse(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type must be application/sdp")
		return
	}
	sdp, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid", "the offer could not be read: it may have 64 KB")
		return
	}
	if !s.used.first(t.ID, t.Expires, time.Now()) {
		refuse(w, http.StatusUnauthorized, "ticket_used", "the ticket was used before: each is for one call")
		return
	}
	ring := leg.Ringing{From: "web", To: t.AgentID, Environment: t.Environment, Carrier: "webrtc", Headers: t.Context, Source: remote(r)}
	answer := s.Answer
	if t.TakesOver != "" {
		answer = func(ctx context.Context, o leg.Offer) { s.TakeOver(ctx, o, t.TakesOver, t.Announce) }
	}
	id, ours, err := s.Door.Take(r.Context(), sdp, ring, answer)
	if err != nil {
		if errors.As(err, new(*webrtc.RefusedError)) && t.TakesOver != "" {
			refuse(w, http.StatusConflict, "not_talking", "the call cannot be taken over: no agent talks on it now, or somebody is taking it over already")
			return
		}
		s.unanswered(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/web/calls/"+id)
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(ours)
}

func (s *Site) unanswered(w http.ResponseWriter, err error) {
	var no *webrtc.RefusedError
	switch {
	case errors.Is(err, webrtc.ErrOffer):
		refuse(w, http.StatusBadRequest, "invalid", err.Error())
	case errors.Is(err, webrtc.ErrCodec):
		refuse(w, http.StatusNotAcceptable, "no_codec", err.Error())
	case errors.Is(err, webrtc.ErrClosed):
		refuse(w, http.StatusServiceUnavailable, "stopping", err.Error())
	case errors.As(err, &no) && no.Cause == parley.Busy:
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusTooManyRequests, "too_many_calls", "all lines are busy: try again in a moment")
	case errors.As(err, &no) && no.Cause == parley.Unreachable:
		refuse(w, http.StatusNotFound, "not_found", "the agent is gone")
	case errors.As(err, &no):
		refuse(w, http.StatusServiceUnavailable, "unavailable", "nobody can answer now: try again later")
	default:
		s.Logger.Error("taking a web call", "error", err)
		refuse(w, http.StatusInternalServerError, "internal", "the call could not be set up")
	}
}

// trickle takes candidates that came after the offer (RFC 9725 §4.3.1).
func (s *Site) trickle(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/trickle-ice-sdpfrag" {
		refuse(w, http.StatusUnsupportedMediaType, "unsupported_media_type", "Content-Type must be application/trickle-ice-sdpfrag")
		return
	}
	fragment, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<10))
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid", "the candidates could not be read: they may have 16 KB")
		return
	}
	switch err := s.Door.Trickle(r.PathValue("id"), fragment); {
	case errors.Is(err, webrtc.ErrNoCall):
		refuse(w, http.StatusNotFound, "not_found", "there is no such call, or it is over")
	case err != nil:
		refuse(w, http.StatusUnprocessableEntity, "no_restart", err.Error())
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// hangup ends a call. Its id is known to whoever made it.
func (s *Site) hangup(w http.ResponseWriter, r *http.Request) {
	if !s.Door.Hangup(r.PathValue("id")) {
		refuse(w, http.StatusNotFound, "not_found", "there is no such call")
		return
	}
	w.WriteHeader(http.StatusOK)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a browser that has left reads nothing
}

// refuse answers as the API does.
func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"message": message, "error": http.StatusText(status), "statusCode": status, "code": code})
}
