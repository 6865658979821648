package api

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// recorded makes a call of half a second of sound.
func (h *house) recorded() (id string, wav []byte) {
	h.t.Helper()
	id = h.call(h.a, func(c *parley.Call) { c.Recording, c.Status = "sound.wav", parley.Ended })
	w, err := h.blobs.Create("sound.wav")
	if err != nil {
		h.t.Fatal(err)
	}
	rec, err := audio.NewRecorder(w)
	if err != nil {
		h.t.Fatal(err)
	}
	var f audio.Frame
	for i := range f {
		f[i] = int16(i * 50)
	}
	for i := range 25 {
		if err := rec.AddLeft(time.Duration(i)*audio.FrameDur, &f); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := rec.Close(); err != nil {
		h.t.Fatal(err)
	}
	w.Close()
	r, _, err := h.blobs.Open("sound.wav")
	if err != nil {
		h.t.Fatal(err)
	}
	defer r.Close()
	wav, err = io.ReadAll(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return id, wav
}

func TestRecordingWAV(t *testing.T) {
	h := newHouse(t)
	id, wav := h.recorded()
	path := "/v1/calls/recording?format=wav&id=" + id
	r := h.do(h.a, "GET", path, "")
	if r.status != 200 || !bytes.Equal(r.body, wav) || r.header.Get("Content-Type") != "audio/wav" || r.header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%d, %d bytes of %d, %v", r.status, len(r.body), len(wav), r.header)
	}
	if channels := binary.LittleEndian.Uint16(r.body[22:]); channels != 2 {
		t.Errorf("%d channels", channels)
	}
	if r := h.do(h.a, "GET", path, "", "Range", "bytes=44-103"); r.status != 206 || !bytes.Equal(r.body, wav[44:104]) {
		t.Errorf("a range: %d, %d bytes", r.status, len(r.body))
	}
	if r := h.do(h.a, "GET", path, "", "Range", "bytes=99999999-"); r.status != 416 {
		t.Errorf("a range beyond the end: %d", r.status)
	}
	if r := h.do(h.a, "HEAD", path, ""); r.status != 200 || r.header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %d %v", r.status, r.header)
	}
}

func TestRecordingMP3(t *testing.T) {
	h := newHouse(t)
	id, _ := h.recorded()
	r := h.do(h.a, "GET", "/v1/calls/recording?id="+id, "")
	if _, lame := exec.LookPath("lame"); lame != nil {
		if _, ffmpeg := exec.LookPath("ffmpeg"); ffmpeg != nil {
			if r.status != 406 || !strings.Contains(string(r.body), "format=wav") {
				t.Errorf("without an encoder: %d %s", r.status, r.body)
			}
			return
		}
	}
	if r.status != 200 || r.header.Get("Content-Type") != "audio/mpeg" || len(r.body) < 1000 {
		t.Fatalf("%d, %d bytes, %v", r.status, len(r.body), r.header)
	}
	if id3, sync := bytes.HasPrefix(r.body, []byte("ID3")), r.body[0] == 0xff && r.body[1]&0xe0 == 0xe0; !id3 && !sync {
		t.Errorf("it is no MP3: % x", r.body[:8])
	}
	if r := h.do(h.a, "GET", "/v1/calls/recording?id="+id, "", "Range", "bytes=0-99"); r.status != 206 || len(r.body) != 100 {
		t.Errorf("a range: %d, %d bytes", r.status, len(r.body))
	}
}

// Retention has turned it into an MP3: that is served as it is, without an encoder; the WAV is no more.
func TestRecordingThatIsKeptAsMP3(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(c *parley.Call) { c.Recording, c.Status = "sound.mp3", parley.Ended })
	w, err := h.blobs.Create("sound.mp3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("ID3 sound"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Setenv("PATH", t.TempDir())
	for _, q := range []string{"", "&format=mp3"} {
		r := h.do(h.a, "GET", "/v1/calls/recording?id="+id+q, "")
		if r.status != 200 || string(r.body) != "ID3 sound" || r.header.Get("Content-Type") != "audio/mpeg" || !strings.Contains(r.header.Get("Content-Disposition"), id+".mp3") {
			t.Errorf("%q: %d %s %v", q, r.status, r.body, r.header)
		}
	}
	if r := h.do(h.a, "GET", "/v1/calls/recording?id="+id, "", "Range", "bytes=4-"); r.status != 206 || string(r.body) != "sound" {
		t.Errorf("a range: %d %s", r.status, r.body)
	}
	if r := h.do(h.a, "GET", "/v1/calls/recording?format=wav&id="+id, ""); r.status != 406 || !strings.Contains(string(r.body), "?format=mp3 works") {
		t.Errorf("WAV: %d %s", r.status, r.body)
	}
}

func TestNoEncoder(t *testing.T) {
	h := newHouse(t)
	id, _ := h.recorded()
	t.Setenv("PATH", t.TempDir())
	if r := h.do(h.a, "GET", "/v1/calls/recording?id="+id, ""); r.status != 406 || !strings.Contains(string(r.body), "?format=wav works") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestSignedAddress(t *testing.T) {
	h := newHouse(t)
	id, wav := h.recorded()
	address := func(until time.Time) string {
		return strings.TrimPrefix(h.api.RecordingURL(id, "wav", until), "https://parley.example.com")
	}
	good := address(time.Now().Add(time.Hour))
	if r := h.send(httptest.NewRequest("GET", good, nil)); r.status != 200 || !bytes.Equal(r.body, wav) {
		t.Errorf("a signed address: %d %s", r.status, good)
	}
	other := h.call(h.a, func(*parley.Call) {})
	for name, bad := range map[string]string{
		"expired":        address(time.Now().Add(-time.Second)),
		"another call":   strings.Replace(good, id, other, 1),
		"another format": strings.Replace(good, "format=wav", "format=mp3", 1),
		"later":          strings.Replace(good, "expires=", "expires=9", 1),
		"no signature":   good[:strings.Index(good, "&signature")],
	} {
		if r := h.send(httptest.NewRequest("GET", bad, nil)); r.status != 401 {
			t.Errorf("%s: %d %s", name, r.status, bad)
		}
	}
	if r := h.send(httptest.NewRequest("GET", strings.Replace(good, "/v1/calls/recording", "/v1/calls/events", 1), nil)); r.status != 401 {
		t.Errorf("the signature of a recording opens the events: %d", r.status)
	}
}

func TestRecordingIsErased(t *testing.T) {
	h := newHouse(t)
	id, _ := h.recorded()
	if r := h.do(h.a, "DELETE", "/v1/calls/delete?id="+id, ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if _, _, err := h.blobs.Open("sound.wav"); !parley.IsNotFound(err) {
		t.Errorf("the sound is still there: %v", err)
	}
}
