package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/otlp"
)

// watchConfig is who is told how the server is doing, and who may look.
type watchConfig struct {
	Debug   bool     `env:"PARLEY_DEBUG" help:"Serve /debug/state and /debug/pprof on the API's address, to this machine only."`
	OTLP    string   `name:"otlp-url" env:"PARLEY_OTLP_URL" help:"Collector of OpenTelemetry that is told of each call as a trace, by OTLP over HTTP, such as http://127.0.0.1:4318. Default: nobody is."`
	Headers []string `name:"otlp-headers" env:"PARLEY_OTLP_HEADERS" help:"What it wants in each request, such as api-key=…; values are percent-encoded."`
}

// check says what is wrong with it.
func (c watchConfig) check() error {
	_, err := c.header()
	if u, bad := url.Parse(c.OTLP); c.OTLP != "" && (bad != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || strings.HasSuffix(u.Path, "/v1/traces")) {
		err = errors.Join(err, fmt.Errorf("PARLEY_OTLP_URL: %q is no address of a collector; write http://127.0.0.1:4318, without /v1/traces", c.OTLP))
	}
	return err
}

// header reads pairs as OTEL_EXPORTER_OTLP_HEADERS has them.
func (c watchConfig) header() (http.Header, error) {
	h := http.Header{}
	for i, pair := range c.Headers {
		key, v, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(v))
		if key = strings.TrimSpace(key); !ok || err != nil || key == "" || strings.ContainsFunc(key, notToken) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("PARLEY_OTLP_HEADERS: what is number %d of them is no header; write api-key=secret, more of them with commas between", i+1) // which may hold the secret
		}
		h.Add(key, value)
	}
	return h, nil
}

// notToken is what the name of a header may not have.
func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

// teller tells the collector of calls; nil: there is none. Its address is the operator's own: it may be anywhere.
func (h *house) teller() *otlp.Teller {
	if h.cfg.Watch.OTLP == "" {
		return nil
	}
	header, _ := h.cfg.Watch.header() // check has read them
	node, _ := os.Hostname()
	anywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	return otlp.New(otlp.Config{Log: h.db.Log(), Fetch: fetch.New(fetch.Options{Allow: anywhere}), URL: h.cfg.Watch.OTLP, Header: header,
		Version: version, Node: node, Logger: h.log})
}
