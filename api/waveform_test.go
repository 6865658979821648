package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

func (h *house) look(n *tenant, query string, status int, fragments ...string) (w waveform) {
	h.t.Helper()
	r := h.do(n, "GET", "/v1/calls/waveform?id="+query, "")
	if r.status != status {
		h.t.Errorf("%s: %d %s", query, r.status, r.body)
	}
	for _, want := range fragments {
		if !strings.Contains(string(r.body), want) {
			h.t.Errorf("%s: no %s in %s", query, want, r.body)
		}
	}
	if err := json.Unmarshal(r.body, &w); status == 200 && err != nil {
		h.t.Error(err)
	}
	return w
}

// TestWaveform: as it was noted, and as the sound has it.
func TestWaveform(t *testing.T) {
	h := newHouse(t)
	id, _ := h.recorded() // half a second of the caller's
	seen := h.look(h.a, id, 200)
	if seen.From != 0 || seen.To != 500 || seen.Length != 500 || len(seen.Caller) != 25 || slices.Min(seen.Caller) != slices.Max(seen.Caller) || seen.Caller[0] != 125 || slices.Max(seen.Agent) != 0 {
		t.Errorf("%+v", seen)
	}
	if part := h.look(h.a, id+"&from_ms=110&to_ms=199&points=3", 200); part.From != 100 || part.To != 200 || part.Length != 500 || len(part.Caller) != 3 {
		t.Errorf("%+v", part)
	}
	if after := h.look(h.a, id+"&from_ms=900", 200, `"caller":[]`); after.From != 500 || after.To != 500 || after.Length != 500 {
		t.Errorf("%+v", after)
	}
	noted, err := h.blobs.Create(id + audio.PeaksEnding)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := noted.Write([]byte{1, 2, 3, 4, 5, 6, 9, 8}); err != nil {
		t.Fatal(err)
	}
	noted.Close()
	if w := h.look(h.a, id+"&points=2", 200); w.Length != 80 || !slices.Equal(w.Caller, []int{3, 9}) || !slices.Equal(w.Agent, []int{4, 8}) {
		t.Errorf("%+v", w)
	}
	if w := h.look(h.a, id+"&from_ms=20&to_ms=60", 200); !slices.Equal(w.Caller, []int{3, 5}) {
		t.Errorf("%+v", w)
	}
	h.look(h.a, id+"&from_ms=-1&points=20000", 400, "from_ms must be a whole number between 0 and", "points must be a whole number between 1 and 10000")
	h.look(h.a, id+"&from_ms=5&to_ms=5", 400, "to_ms must be more than from_ms")
	h.look(h.b, id, 404, "call not found")
	old := h.call(h.a, func(c *parley.Call) { c.Recording = "old.mp3" })
	h.look(h.a, old, 404, "no_waveform", "became an MP3")
	gone := h.call(h.a, func(c *parley.Call) { c.Recording = "gone.wav" })
	h.look(h.a, gone, 404, "recording not found")
	if r := h.do(h.a, "DELETE", "/v1/calls/delete?id="+id, ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if _, _, err := h.blobs.Open(id + audio.PeaksEnding); !parley.IsNotFound(err) {
		t.Errorf("of an erased call there is left: %v", err)
	}
}
