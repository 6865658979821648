// Package dashboard is the page at /: an ordinary client of the REST API, for people. Its source is in src; the built files that lie in built are
// what a server sends, so that building the server wants Go alone. make dashboard builds them anew.
//
// It starts no goroutine.
package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed built
var embedded embed.FS

// Policy lets the pages run their own files and ask this server, and nothing else: no script and no style in a page counts, whoever wrote
// it there, and no text becomes markup but what the compiler of the pages wrote.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html parley-widget"

//go:embed src/rooms.json
var rooms []byte

// Paths are what the dashboard serves, as http.ServeMux has them: its pages, which are one file and stand in src/rooms.json, and its other files.
var Paths = append(pages(), "/assets/{name}", "/mark.svg", "/licences.txt")

func pages() (paths []string) {
	var groups []struct{ Rooms []struct{ Path string } }
	if err := json.Unmarshal(rooms, &groups); err != nil {
		panic("src/rooms.json: " + err.Error())
	}
	for _, g := range groups {
		for _, r := range g.Rooms {
			if r.Path == "/" {
				r.Path = "/{$}" // and nothing below it
			}
			paths = append(paths, r.Path)
		}
	}
	return paths
}

var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}

// A file is one as it is sent.
type file struct {
	kind, etag          string
	cache, vary         string
	plain, gzip, packed []byte // packed by brotli; nil where there is none
}

// A Site serves the dashboard.
type Site struct {
	cookie string // of a login
	page   *file
	known  *file            // the page, to who sends the cookie
	files  map[string]*file // by path
}

// sign says in the page that the login's cookie came with the request for it, which scripts cannot see.
const sign = `<meta name="parley-session">`

// New reads the built files; cookie is the name of that by which a browser is logged in.
func New(cookie string) (*Site, error) {
	s := &Site{cookie: cookie, files: map[string]*file{}}
	err := fs.WalkDir(embedded, "built", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, ".br") {
			return err
		}
		f, err := read(name)
		if err != nil {
			return err
		}
		s.files[strings.TrimPrefix(name, "built")] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the dashboard: %w", err)
	}
	if s.page = s.files["/index.html"]; s.page == nil {
		return nil, fmt.Errorf("the dashboard was not built: run make dashboard")
	}
	delete(s.files, "/index.html")
	s.page.vary = "Accept-Encoding, Cookie"
	known, err := wrap(".html", bytes.Replace(s.page.plain, []byte("</head>"), []byte("  "+sign+"\n  </head>"), 1))
	if err != nil {
		return nil, err
	}
	known.vary = s.page.vary
	s.known = known
	return s, nil
}

func read(name string) (*file, error) {
	plain, err := embedded.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := wrap(path.Ext(name), plain)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(name, "built/assets/") { // its name has its hash
		f.cache = "public, max-age=31536000, immutable"
	}
	if packed, err := embedded.ReadFile(name + ".br"); err == nil {
		f.packed = packed
	}
	return f, nil
}

// wrap makes what is sent of a file's bytes.
func wrap(ending string, plain []byte) (*file, error) {
	f := &file{kind: kinds[ending], etag: fmt.Sprintf(`"%x"`, sha256.Sum256(plain))[:20] + `"`, cache: "no-cache", vary: "Accept-Encoding", plain: plain}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if b.Len() < len(plain) {
		f.gzip = b.Bytes()
	}
	return f, nil
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	discreet(h)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "this path takes GET, HEAD", http.StatusMethodNotAllowed)
		return
	}
	f := s.files[r.URL.Path]
	if f == nil && (strings.HasPrefix(r.URL.Path, "/assets/") || r.URL.Path == "/mark.svg") {
		h.Set("Cache-Control", "no-store") // a file of another version: it may be there after the update
		http.Error(w, "there is no such file", http.StatusNotFound)
		return
	}
	if f == nil {
		f = s.shown(r)
		guard(h)
	}
	f.send(w, r)
}

// comesWith reports whether a request brings a login's cookie, of which nothing else is said: it may be over.
func (s *Site) comesWith(r *http.Request) bool {
	c, err := r.Cookie(s.cookie)
	return err == nil && c.Value != ""
}

// shown is the page as it is for who asks.
func (s *Site) shown(r *http.Request) *file {
	if s.comesWith(r) {
		return s.known
	}
	return s.page
}

// discreet has browsers take a file for what it is said to be, and tell nobody where it was linked.
func discreet(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// guard lets a page do what the dashboard does, and no more.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", Policy)
	h.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// Missing serves next; where that has nothing and a person asks with a browser, they get the dashboard's page, which says so and leads back.
func (s *Site) Missing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/html") || strings.HasPrefix(r.URL.Path, "/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		m := &missing{ResponseWriter: w}
		next.ServeHTTP(m, r)
		if !m.lost {
			return
		}
		h, page := w.Header(), s.shown(r)
		guard(h)
		h.Set("Content-Type", page.kind)
		h.Set("Cache-Control", "no-store")
		discreet(h)
		h.Set("Content-Length", strconv.Itoa(len(page.plain)))
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write(page.plain) // a browser that has left reads nothing
	})
}

// missing keeps back an answer that says that there is nothing.
type missing struct {
	http.ResponseWriter
	lost bool
}

func (m *missing) WriteHeader(status int) {
	if m.lost = status == http.StatusNotFound; !m.lost {
		m.ResponseWriter.WriteHeader(status)
	}
}

func (m *missing) Write(b []byte) (int, error) {
	if m.lost {
		return len(b), nil
	}
	return m.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (m *missing) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// send sends a file in the form that the client takes, or tells that it has it.
func (f *file) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.cache)
	h.Set("Vary", f.vary)
	body, etag := f.plain, f.etag
	switch {
	case f.packed != nil && takes(r, "br"):
		body, etag = f.packed, f.etag[:len(f.etag)-1]+`-br"`
		h.Set("Content-Encoding", "br")
	case f.gzip != nil && takes(r, "gzip"):
		body, etag = f.gzip, f.etag[:len(f.etag)-1]+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if has(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that has left reads nothing
	}
}

// takes reports whether a client takes an encoding (RFC 9110 §12.5.3); what it only takes by * is not sent.
func takes(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, weighed := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		if !weighed {
			return true
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(weight)), "q="), 64)
		return err == nil && q > 0
	}
	return false
}

// has reports whether a list of tags has one, or all (RFC 9110 §13.1.2).
func has(list, etag string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
