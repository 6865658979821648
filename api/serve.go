package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

// A request is a checked request: its environment is known, its id is a UUID, its body is as the contract says.
type request struct {
	*http.Request
	env     string
	rid     string
	id      string
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
	r := &request{Request: hr, rid: rand.Text()}
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
		a.Logger.Info("request", "method", hr.Method, "path", hr.URL.Path, "status", sw.status, "environment", r.env,
			"ms", time.Since(began).Milliseconds(), "request_id", r.rid)
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
	if err := r.readQuery(); err != nil {
		return err
	}
	if rt.open == nil || !rt.open(r) {
		if r.env, err = a.environment(r.Context(), r.Header.Get("Authorization")); err != nil {
			return err
		}
	}
	if rt.takesID {
		if r.id, err = uuidOf("id", r.q("id")); err != nil {
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
	v, err := rt.answer(r)
	if err != nil {
		return err
	}
	writeJSON(w, rt.status, v)
	return nil
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

// environment is whose key the Authorization header carries.
func (a *API) environment(ctx context.Context, header string) (string, error) {
	kind, key, _ := strings.Cut(header, " ")
	if key = strings.TrimSpace(key); !strings.EqualFold(kind, "Bearer") || key == "" {
		return "", refused(http.StatusUnauthorized, "unauthorized", "send the header Authorization: Bearer <key>")
	}
	row, err := a.Store.LookupKey(ctx, secret.HashAPIKey(key))
	if parley.IsNotFound(err) {
		return "", refused(http.StatusUnauthorized, "unauthorized", "this key is not known here")
	}
	if err != nil {
		return "", fmt.Errorf("looking up a key: %w", err)
	}
	return row.EnvironmentID, nil
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
