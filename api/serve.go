package api

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/store"
)

// A request is a checked request: its environment is known, its id is a UUID, its body is as the contract says.
type request struct {
	*http.Request
	route   *route // nil: there is none
	key     store.APIKey
	until   time.Time // when the login ends that it came by; zero: it came with a key
	env     string
	rid     string
	id      string
	at      clock  // how times of calls are written
	raw     []byte // the body as it came
	body    map[string]any
	query   map[string][]string
	subject string // the id for what is made, when the request may be made again; see once
}

// q is a query parameter, "" when it is not there.
func (r *request) q(name string) string {
	if v := r.query[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// ServeHTTP is every request, top to bottom: found, allowed, read, checked, answered, logged.
func (a *API) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	began := time.Now()
	r := &request{Request: hr, rid: requestID(hr)}
	sw := &statusWriter{ResponseWriter: w}
	sw.Header().Set("X-Request-Id", r.rid)
	sw.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			a.Logger.Error("request panicked", "request_id", r.rid, "panic", p, "stack", string(debug.Stack()))
			if sw.status == 0 {
				refuse(sw, fmt.Errorf("panic: %v", p), r.rid)
			}
		}
		a.note(r, sw.status, time.Since(began))
	}()
	if err := a.serve(sw, r); err != nil {
		if status := refusal(err, r.rid).StatusCode; status >= 500 {
			a.Logger.Error("request failed", "request_id", r.rid, "error", err)
		}
		if sw.status == 0 {
			refuse(sw, err, r.rid)
		}
	}
}

func (a *API) serve(w http.ResponseWriter, r *request) error {
	rt, err := a.find(w, r)
	if err != nil {
		return err
	}
	r.route = rt
	if err := r.readQuery(); err != nil {
		return err
	}
	if rt.open == nil || !rt.open(r) {
		if err := a.admit(r, rt); err != nil {
			return err
		}
	}
	if rt.takesID {
		if r.id, err = uuidOf("id", r.q("id")); err != nil {
			return err
		}
	}
	if rt.timed {
		if r.at, err = a.clock(r.Context(), r, strings.HasSuffix(rt.path, "/list")); err != nil {
			return err
		}
	}
	if rt.body != nil {
		if err := r.readBody(w, rt.body); err != nil {
			return err
		}
	}
	if rt.stream != nil {
		return rt.stream(w, r)
	}
	if key, ok := r.Header["Idempotency-Key"]; ok && r.Method == http.MethodPost {
		return a.once(w, r, rt, strings.Join(key, ","))
	}
	v, err := a.answer(rt, r)
	if err != nil {
		return err
	}
	writeJSON(w, rt.status, v)
	return nil
}

// answer is what a route says, in the shape that the client knows.
func (a *API) answer(rt *route, r *request) (any, error) {
	v, err := rt.answer(r)
	if err == nil && r.fromSDK() {
		v, err = a.shapeForSDK(r, v)
	}
	return v, err
}

// find looks the route up. HEAD goes where GET goes; the server leaves the body out.
func (a *API) find(w http.ResponseWriter, r *request) (*route, error) {
	methods, ok := a.routes[r.URL.Path]
	if !ok {
		return nil, refused(http.StatusNotFound, "not_found", "there is nothing at this path; GET /openapi.json lists what there is")
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if rt, ok := methods[method]; ok {
		return rt, nil
	}
	var allow []string
	for m := range methods {
		if allow = append(allow, m); m == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return nil, refused(http.StatusMethodNotAllowed, "method_not_allowed", "this path takes "+strings.Join(allow, ", "))
}

// givenID is an X-Request-Id that is taken over.
var givenID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); givenID.MatchString(id) {
		return id
	}
	return rand.Text()
}

// note writes the access log and counts the request. Neither has what a client may put anything into: no address that is not a
// route's, no query, no body.
func (a *API) note(r *request, status int, took time.Duration) {
	path, method := "none", "other"
	if r.route != nil {
		path, method = r.route.path, r.route.method
	}
	a.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", method), slog.String("path", path), slog.Int("status", status),
		slog.Int64("ms", took.Milliseconds()), slog.String("environment", r.env), slog.String("key", r.key.Prefix), slog.String("request_id", r.rid))
	if a.Meter != nil {
		a.Meter.Request(path, method, status, took)
	}
}

// statusWriter remembers the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
