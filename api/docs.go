package api

import (
	_ "embed"
	"net/http"
)

//go:embed docs.html
var docsPage []byte

// docs is the contract as a page. It loads nothing but /openapi.json.
func (a *API) docs(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
	return text(w, "text/html; charset=utf-8", docsPage)
}
