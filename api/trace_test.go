package api

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley"
)

// fakeTraces knows one call.
type fakeTraces struct {
	id, carrier string
	running     chan struct{} // a capture lasts until its reader leaves, and says that it has begun
}

func (f *fakeTraces) WriteTrace(_ context.Context, w io.Writer, format, id string, carrier ...string) error {
	if id != f.id || strings.Join(carrier, ",") != f.carrier {
		return parley.NotFound("trace")
	}
	_, err := io.WriteString(w, map[string]string{"json": `{"messages":[]}`, "ladder": "as ladder", "pcap": "as pcap"}[format])
	return err
}

func (f *fakeTraces) Capture(ctx context.Context, w io.Writer, flush func() error, id string, carrier ...string) error {
	if id != f.id || strings.Join(carrier, ",") != f.carrier {
		return parley.NotFound("running call")
	}
	_, _ = io.WriteString(w, "packets")
	if err := flush(); err != nil {
		return err
	}
	if f.running != nil {
		f.running <- struct{}{}
		<-ctx.Done()
	}
	return ctx.Err()
}

func TestCapture(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(c *parley.Call) {})
	path := "/v1/calls/capture?id=" + id
	want := func(n *tenant, path string, status int, has string) {
		t.Helper()
		if r := h.do(n, "GET", path, ""); r.status != status || !strings.Contains(string(r.body), has) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	traces := &fakeTraces{id: "another", carrier: "abc@host"}
	h.api.Traces = traces
	want(h.a, path, 409, notHere)
	traces.id = id
	want(h.a, path, 200, "packets")
	want(h.b, path, 404, "call not found")
	if r := h.do(h.a, "HEAD", path, ""); r.status != 200 || r.header.Get("Content-Type") != "application/vnd.tcpdump.pcap" {
		t.Error(r.status, r.header)
	}
	want(h.a, "/v1/calls/capture?id="+h.call(h.a, func(c *parley.Call) { c.Status = parley.Ended }), 409, "GET /v1/calls/trace")
	want(h.a, "/v1/calls/capture?id="+h.call(h.a, func(c *parley.Call) { c.Private = true }), 404, "hipaa_compliant")

	traces.running = make(chan struct{})
	var wg sync.WaitGroup
	for range maxCaptures {
		wg.Go(func() { want(h.a, path, 200, "packets") })
		<-traces.running
	}
	want(h.a, path, 429, "too_many_captures")
	h.api.Close() // they end with the server
	wg.Wait()
}

func TestTrace(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(c *parley.Call) {})
	path := "/v1/calls/trace?id=" + id
	want := func(n *tenant, path string, status int, has, media string) {
		t.Helper()
		r := h.do(n, "GET", path, "")
		if r.status != status || !strings.Contains(string(r.body), has) || media != "" && r.header.Get("Content-Type") != media {
			t.Errorf("%s: %d %s %s", path, r.status, r.header.Get("Content-Type"), r.body)
		}
	}
	want(h.a, path, 404, "this server keeps none", "")
	traces := &fakeTraces{id: id, carrier: "abc@host"}
	h.api.Traces = traces
	want(h.a, path, 200, `"messages":[]`, "application/json; charset=utf-8")
	want(h.a, path+"&format=ladder", 200, "as ladder", "text/plain; charset=utf-8")
	want(h.a, path+"&format=pcap", 200, "as pcap", "application/vnd.tcpdump.pcap")
	want(h.a, path+"&format=svg", 400, "format must be one of json, ladder, pcap", "")
	want(h.b, path, 404, "call not found", "")

	over := h.call(h.a, func(c *parley.Call) { c.Status, c.TelephonyID = parley.Ended, "" })
	want(h.a, "/v1/calls/trace?id="+over, 404, `"no_trace"`, "")
	traces.id, traces.carrier = over, ""
	want(h.a, "/v1/calls/trace?id="+over, 200, `"messages":[]`, "")
	want(h.a, path, 404, "ask again when it is over", "")

	private := h.call(h.a, func(c *parley.Call) { c.Private, c.TelephonyID = true, "" })
	traces.id = private
	want(h.a, "/v1/calls/trace?id="+private, 404, "hipaa_compliant", "")
}
