package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/sip/trace"
)

// fakeTraces can capture every call.
type fakeTraces struct{ *trace.Keeper }

func (fakeTraces) Capture(_ context.Context, w io.Writer, flush func() error, _ string, _ ...string) error {
	_, _ = io.WriteString(w, "packets")
	return flush()
}

func TestCaptures(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.ids["call"] = d.call(func(*parley.Call) {})
	d.ids["over"] = d.call(func(c *parley.Call) { c.Status = parley.Ended })
	for _, args := range []string{"sip trace {call} --media -", "sip trace --media=- {call}", "calls capture {call} -o -"} {
		if out, _, err := d.run(strings.Fields(args)...); err != nil || out != "packets" {
			t.Errorf("%s: %q %v", args, out, err)
		}
	}
	if _, said, err := d.run("sip", "trace", "{call}", "--media", "x.pcap"); err != nil || said != "7 bytes in x.pcap\n" {
		t.Errorf("%q %v", said, err)
	}
	if _, _, err := d.run("sip", "trace", "{over}", "--media", "x.pcap"); err == nil || !strings.Contains(err.Error(), "the call is over") {
		t.Errorf("a call that is over: %v", err)
	}
	if b, err := os.ReadFile("x.pcap"); err != nil || string(b) != "packets" {
		t.Errorf("a capture that failed took the place of another: %q %v", b, err)
	}
	if _, _, err := d.run("sip", "trace", "{call}", "--media", "no/folder.pcap"); err == nil || !strings.Contains(err.Error(), "-o: ") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestTraces(t *testing.T) {
	d := newDesk(t)
	d.atWork()
	d.ids["call"] = d.call(func(c *parley.Call) { c.TelephonyID = "one@host" })
	d.ids["silent"] = d.call(func(c *parley.Call) { c.Status = parley.Ended })
	d.traces.Keep("one@host", "")
	d.traces.See(trace.Message{At: time.Now(), Network: "UDP", Local: netip.MustParseAddrPort("192.0.2.1:5060"), Remote: netip.MustParseAddrPort("192.0.2.7:5060"),
		Raw: []byte("INVITE sip:1@192.0.2.1 SIP/2.0\r\nCall-ID: one@host\r\nX-Note: \u009b2J\r\nAuthorization: Digest response=\"beef\"\r\n\r\n")})
	for args, want := range map[string]string{
		"sip trace {call}":                          "Call-ID one@host¦─ INVITE ─¦192.0.2.7:5060",
		"calls trace {call}":                        "─ INVITE ─",
		"calls trace {call} -o table":               "─ INVITE ─",
		"calls trace {call} format=ladder -o -":     "─ INVITE ─",
		"calls trace {call} format=json":            `"summary":"INVITE"`,
		"sip trace {call} -o json":                  `"summary": "INVITE"¦xxxx¦!beef¦!` + "\u009b",
		"sip trace -o yaml {call}":                  "summary: INVITE¦!beef¦!\u009b",
		"sip trace --pcap - {call}":                 "\xd4\xc3\xb2\xa1¦INVITE",
		"sip trace {call} --pcap=-":                 "\xd4\xc3\xb2\xa1",
		"calls trace {call} format=pcap -o - --all": "",
	} {
		out, _, err := d.run(strings.Fields(args)...)
		if (err == nil) == (want == "") {
			t.Errorf("%s: %v", args, err)
		}
		expect(t, args, out, want)
	}
	for file, begins := range map[string]string{"x.pcap": "\xd4\xc3\xb2\xa1", "x.json": `{"messages":[`, "x.txt": "2"} {
		if _, said, err := d.run("sip", "trace", "{call}", "-o", file); err != nil || !strings.Contains(said, "bytes in "+file) {
			t.Errorf("%s: %v %s", file, err, said)
		}
		if b, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(b, []byte(begins)) || file == "x.json" && !json.Valid(b) {
			t.Errorf("%s: %q %v", file, b, err)
		}
	}
	if _, said, err := d.run("sip", "trace", "{call}", "--pcap", "json"); err != nil || !strings.Contains(said, "bytes in json") {
		t.Errorf("a file of any name: %v %s", err, said)
	}
	if _, _, err := d.run("sip", "trace", "{silent}"); err == nil || !strings.Contains(err.Error(), "no SIP messages of this call") {
		t.Errorf("a call of which nothing is known: %v", err)
	}
}
