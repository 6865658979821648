package api

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/swaggest/swgui/v5/static"
)

//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load its own files and ask this server, and nothing else. The data: images are in Swagger UI's styles.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docs is the contract as an interactive page: Swagger UI, from this server alone.
func (a *API) docs(w http.ResponseWriter, r *request) error {
	w.Header().Set("Referrer-Policy", "no-referrer")
	return pageFile(w, "docs.html", "text/html; charset=utf-8")
}

func pageStyle(w http.ResponseWriter, _ *request) error {
	return pageFile(w, "page.css", "text/css; charset=utf-8")
}

func pageScript(w http.ResponseWriter, _ *request) error {
	return pageFile(w, "page.js", "text/javascript; charset=utf-8")
}

func pageFile(w http.ResponseWriter, name, kind string) error {
	b, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		return fmt.Errorf("the page's %s: %w", name, err)
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	return text(w, kind, b)
}

// bundled is a file of Swagger UI, packed as it is kept, or not for those who cannot unpack.
func bundled(w http.ResponseWriter, r *request) error {
	name := path.Base(r.URL.Path)
	b, err := static.FS.ReadFile(name + ".gz")
	if err != nil {
		return fmt.Errorf("a file of Swagger UI, %s: %w", name, err)
	}
	kind := "text/css; charset=utf-8"
	if strings.HasSuffix(name, ".js") {
		kind = "text/javascript; charset=utf-8"
	}
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "public, max-age=3600")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		return text(w, kind, b)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if b, err = io.ReadAll(unpacked); err != nil {
		return err
	}
	return text(w, kind, b)
}
