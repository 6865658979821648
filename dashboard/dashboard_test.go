package dashboard

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func site(t testing.TB) *Site {
	t.Helper()
	s, err := New("parley_session")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve asks as the server does: by Paths.
func serve(t testing.TB, s *Site, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	for _, p := range Paths {
		mux.Handle(p, s)
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

var own = regexp.MustCompile(`(?:src|href)="([^"]+)"`)

// TestPages: each page is the one file, which runs nothing but the dashboard's own scripts, and is asked for anew each time.
func TestPages(t *testing.T) {
	s := site(t)
	for _, path := range []string{"/", "/agents", "/agents/new", "/agents/01a21e22-fcf8-7cb7-8772-366392850214", "/calls", "/calls/x", "/live", "/talk"} {
		w := serve(t, s, "GET", path)
		h := w.Header()
		if w.Code != 200 || !strings.Contains(w.Body.String(), `id="app"`) || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", path, w.Code, h)
		}
		if p := h.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") || strings.Contains(p, "http") || strings.Contains(p, "*") {
			t.Errorf("%s: %s", path, p)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("Permissions-Policy"), "microphone=(self)") {
			t.Errorf("%s: %v", path, h)
		}
	}
	for _, path := range []string{"/v1/agents", "/agents/a/b", "/nothing", "/index.html"} {
		if w := serve(t, s, "GET", path); w.Code != 404 {
			t.Errorf("%s is the dashboard's: %d", path, w.Code)
		}
	}
	if w := serve(t, s, "POST", "/"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	page := serve(t, s, "GET", "/").Body.String()
	if strings.Contains(page, "<style") || strings.Contains(page, " style=") || strings.Contains(page, "onload=") || strings.Contains(page, "http") {
		t.Errorf("the page has what its policy forbids: %s", page)
	}
	for _, m := range own.FindAllStringSubmatch(page, -1) {
		if w := serve(t, s, "GET", m[1]); w.Code != 200 {
			t.Errorf("%s: %d", m[1], w.Code)
		}
	}
}

// TestSign: the page says whether the login's cookie came with the request for it, and a browser does not take one for the other.
func TestSign(t *testing.T) {
	s := site(t)
	fresh := serve(t, s, "GET", "/agents", "Cookie", "other=1; parley_session=")
	known := serve(t, s, "GET", "/agents", "Cookie", "other=1; parley_session=x")
	if strings.Contains(fresh.Body.String(), sign) || strings.Replace(known.Body.String(), "  "+sign+"\n  ", "", 1) != fresh.Body.String() || !strings.Contains(known.Body.String(), sign) {
		t.Errorf("without: %s\nwith: %s", fresh.Body, known.Body)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{"without": fresh, "with": known} {
		if h := w.Header(); h.Get("Vary") != "Accept-Encoding, Cookie" || h.Get("Cache-Control") != "no-cache" || h.Get("Content-Security-Policy") != Policy {
			t.Errorf("%s: %v", name, h)
		}
	}
	if w := serve(t, s, "GET", "/agents", "Cookie", "parley_session=x", "If-None-Match", fresh.Header().Get("ETag")); w.Code != 200 {
		t.Errorf("who has logged in since has the page already: %d", w.Code)
	}
	if w := serve(t, s, "GET", "/calls", "Cookie", "parley_session=x", "If-None-Match", known.Header().Get("ETag")); w.Code != 304 {
		t.Errorf("%d", w.Code)
	}
	if w := serve(t, s, "GET", "/mark.svg", "Cookie", "parley_session=x"); w.Header().Get("Vary") != "Accept-Encoding" {
		t.Errorf("%v", w.Header())
	}
}

// TestAssets: files whose names have their hashes are kept for good; each form of one is the same file.
func TestAssets(t *testing.T) {
	s := site(t)
	for path, f := range s.files {
		plain := serve(t, s, "GET", path)
		if plain.Code != 200 || !bytes.Equal(plain.Body.Bytes(), f.plain) || plain.Header().Get("Content-Encoding") != "" || f.kind == "" {
			t.Fatalf("%s: %d %v", path, plain.Code, plain.Header())
		}
		hashed := strings.HasPrefix(path, "/assets/")
		if got := plain.Header().Get("Cache-Control"); strings.Contains(got, "immutable") != hashed {
			t.Errorf("%s: %s", path, got)
		}
		if hashed && f.packed == nil {
			t.Errorf("%s is not packed", path)
		}
		zipped := serve(t, s, "GET", path, "Accept-Encoding", "gzip, deflate")
		if f.gzip != nil {
			z, err := gzip.NewReader(zipped.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, f.plain) || zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s by gzip: %v", path, err)
			}
		}
		packed := serve(t, s, "GET", path, "Accept-Encoding", "gzip, br")
		if f.packed != nil && (packed.Header().Get("Content-Encoding") != "br" || packed.Body.Len() >= len(f.plain)+8 || packed.Header().Get("ETag") == plain.Header().Get("ETag")) {
			t.Errorf("%s by brotli: %v", path, packed.Header())
		}
		again := serve(t, s, "GET", path, "Accept-Encoding", "gzip, br", "If-None-Match", `"x", W/`+packed.Header().Get("ETag"))
		if again.Code != 304 || again.Body.Len() != 0 || again.Header().Get("ETag") != packed.Header().Get("ETag") {
			t.Errorf("%s again: %d", path, again.Code)
		}
		if head := serve(t, s, "HEAD", path); head.Body.Len() != 0 || head.Header().Get("Content-Length") != plain.Header().Get("Content-Length") {
			t.Errorf("HEAD %s: %v", path, head.Header())
		}
	}
	if w := serve(t, s, "GET", "/assets/index-old.js"); w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "<") {
		t.Errorf("a file of another version: %d %s", w.Code, w.Body)
	}
}

func TestEncodings(t *testing.T) {
	for header, want := range map[string][2]bool{
		"": {}, "br": {true, false}, "gzip, BR;q=0.5": {true, true}, "br;q=0, gzip;q=1.0": {false, true}, "*": {}, "x-br, gzipped": {}, "br;q=x": {}, " gzip ;q=0.001": {false, true},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if got := [2]bool{takes(r, "br"), takes(r, "gzip")}; got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// TestLicences: what others wrote is told with their terms.
func TestLicences(t *testing.T) {
	w := serve(t, site(t), "GET", "/licences.txt")
	for _, want := range []string{"svelte 5.", "openapi-fetch 0.", "Permission is hereby granted, free of charge"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q is not in the licences: %.300s", want, w.Body)
		}
	}
}

// TestFirstLoad: what a browser loads before the first page is there, compressed, stays small.
func TestFirstLoad(t *testing.T) {
	const most = 250_000
	s := site(t)
	sum := serve(t, s, "GET", "/", "Accept-Encoding", "br, gzip").Body.Len()
	for _, m := range own.FindAllStringSubmatch(string(s.page.plain), -1) {
		sum += serve(t, s, "GET", m[1], "Accept-Encoding", "br, gzip").Body.Len()
	}
	t.Logf("%d bytes", sum)
	if sum > most {
		t.Errorf("the first load is %d bytes, %d is the most", sum, most)
	}
}

// TestNothingFromElsewhere: no built file names an address that a browser would load something from.
func TestNothingFromElsewhere(t *testing.T) {
	known := regexp.MustCompile(`^https?://(www\.w3\.org/|svelte\.dev/|localhost|[a-z.]*example\b|api\.example\.com|parley\.example|my-resource\.|\W)`)
	for path, f := range site(t).files {
		if path == "/licences.txt" {
			continue // is read by people
		}
		for _, at := range regexp.MustCompile(`https?://[^\s"'`+"`"+`\\)<>]*`).FindAllString(string(f.plain), -1) {
			if !known.MatchString(at) && strings.Contains(at, ".") {
				t.Errorf("%s names %s", path, at)
			}
		}
	}
}

// TestMissing: a person who goes where nothing is gets a page, and a program gets what the API says.
func TestMissing(t *testing.T) {
	s := site(t)
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/docs" {
			_, _ = io.WriteString(w, "there")
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":"not_found"}`)
	})
	ask := func(method, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		s.Missing(api).ServeHTTP(w, r)
		return w
	}
	const browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
	w := ask("GET", "/agentz", browser)
	if h := w.Header(); w.Code != 404 || !strings.Contains(w.Body.String(), `id="app"`) || strings.Contains(w.Body.String(), "not_found") || h.Get("Content-Security-Policy") != Policy || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("ETag") != "" {
		t.Errorf("%d %v %.200s", w.Code, h, w.Body)
	}
	for _, c := range [][3]string{{"GET", "/agentz", "*/*"}, {"GET", "/v1/agentz", browser}, {"POST", "/agentz", browser}} {
		if w := ask(c[0], c[1], c[2]); w.Code != 404 || w.Body.String() != `{"code":"not_found"}` || w.Header().Get("Content-Security-Policy") != "" {
			t.Errorf("%q: %d %s", c, w.Code, w.Body)
		}
	}
	if w := ask("GET", "/docs", browser); w.Code != 200 || w.Body.String() != "there" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
