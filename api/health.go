package api

import (
	"context"
	"net/http"
	"time"
)

func (a *API) alive(w http.ResponseWriter, _ *request) error {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	return nil
}

// ready asks whatever says that calls can be taken; what is wrong goes to the log, not to strangers.
func (a *API) ready(w http.ResponseWriter, r *request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	check := a.Ready
	if check == nil {
		check = a.Store.Ping
	}
	if err := check(ctx); err != nil {
		a.Logger.Warn("not ready", "error", err)
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "unavailable"})
		return nil
	}
	said := map[string]any{"status": "ok"}
	if a.Lacking != nil {
		if roles := a.Lacking(); len(roles) > 0 {
			said["missing_roles"] = roles
		}
	}
	writeJSON(w, http.StatusOK, said)
	return nil
}
