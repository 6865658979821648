package api

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// TestAudit: what is done to a running call is written down with the key that did it, what came of it, and its words, but for those of a private
// call and of when nothing is to be written down.
func TestAudit(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(*parley.Call) {})
	h.live.running[id] = func() {}
	for _, c := range []struct{ act, body, want string }{
		{"say", `{"text":"hello there"}`, `"act":"say","call_id":"` + id + `"`},
		{"whisper", `{"text":"be kind","act":true}`, `"details":{"act":"true","text":"be kind"}`},
		{"dtmf", `{"digits":"4863"}`, `"details":{"digits":"4"}`},
		{"mute", `{"on":true}`, `"details":{"on":"true"}`},
		{"transfer", `{"phone_number":"+15557770009"}`, `"details":{"to":"+15557770009"}`},
		{"take_over", `{"phone_number":"+15557770008,,12","announce":"Ann is here"}`, `"details":{"announce":"Ann is here","to":"+15557770008"}`},
		{"recording_pause", ``, `"act":"recording_pause"`},
		{"recording_resume", ``, `"act":"recording_resume"`},
	} {
		if r := h.do(h.a, "POST", "/v1/calls/"+c.act+"?id="+id, c.body); r.status != 200 {
			t.Fatalf("%s: %d %s", c.act, r.status, r.body)
		}
		r := h.do(h.a, "GET", `/v1/audit/list?sort_column=created_at&sort_desc=true&size=1`, "")
		if !strings.Contains(string(r.body), c.want) || !strings.Contains(string(r.body), `"act":"`+c.act+`"`) || !strings.Contains(string(r.body), `"status":200`) || !strings.Contains(string(r.body), h.a.key[:10]) {
			t.Errorf("%s: %s", c.act, r.body)
		}
	}
	h.live.discreet = true
	if r := h.do(h.a, "POST", "/v1/calls/say?id="+id, `{"text":"four eight six"}`); r.status != 200 {
		t.Fatal(r.body)
	}
	if r := h.do(h.a, "GET", "/v1/audit/list?size=100", ""); strings.Contains(string(r.body), "eight") || strings.Contains(string(r.body), `"4863`) {
		t.Errorf("words of when the recording was paused: %s", r.body)
	}
}

// TestListen: a call is listened to by key, or by a signed address without one, which says whose it is.
func TestListen(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(*parley.Call) {})
	h.live.running[id] = func() {}
	if r := h.do(h.a, "GET", "/v1/calls/listen?id="+id, ""); r.status != 200 || string(r.body) != "RIFF of 1 channels" || r.header.Get("Content-Type") != "audio/wav" {
		t.Errorf("%d %s", r.status, r.body)
	}
	r := h.do(h.a, "POST", "/v1/calls/listen_url?id="+id+"&channels=2", "")
	_, path, ok := strings.Cut(string(r.body), `"url":"`)
	path, _, _ = strings.Cut(strings.ReplaceAll(path, `\u0026`, "&"), `"`)
	if r.status != 200 || !ok {
		t.Fatal(r.body)
	}
	path = path[strings.Index(path, "/v1/"):]
	if r := h.do(nil, "GET", path, ""); r.status != 200 || string(r.body) != "RIFF of 2 channels" {
		t.Errorf("%d %s", r.status, r.body)
	}
	for _, bad := range []string{strings.Replace(path, "channels=2", "channels=1", 1), strings.Replace(path, "by=", "by=x", 1), strings.Replace(path, "expires=", "expires=9", 1),
		path[:len(path)-2], "/v1/calls/listen?id=" + id} {
		if r := h.do(nil, "GET", bad, ""); r.status != 401 {
			t.Errorf("%s: %d", bad, r.status)
		}
	}
	r = h.do(h.a, "GET", `/v1/audit/list?filters={"act":"listen"}`, "")
	if strings.Count(string(r.body), h.a.key[:10]) != 2 || !strings.Contains(string(r.body), `"total":2`) {
		t.Errorf("who listened: %s", r.body)
	}
}
