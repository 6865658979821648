package api

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// fakeTraces knows one call.
type fakeTraces struct{ id, carrier string }

func (f *fakeTraces) WriteTrace(_ context.Context, w io.Writer, format, id string, carrier ...string) error {
	if id != f.id || strings.Join(carrier, ",") != f.carrier {
		return parley.NotFound("trace")
	}
	_, err := io.WriteString(w, map[string]string{"json": `{"messages":[]}`, "ladder": "as ladder", "pcap": "as pcap"}[format])
	return err
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
