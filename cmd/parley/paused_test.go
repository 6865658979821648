package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// TestPausedRecording: what is pressed on a call while its recording is paused is in no file of the data folder (database, its log, recording,
// journal), no answer of the API, no webhook, no SIP trace, no capture and no line of the server's log; what is pressed before and after it is.
func TestPausedRecording(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	person := newStation(t)
	var answers, captured bytes.Buffer
	hooked := &page{}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		_, _ = hooked.Write(append(b, '\n'))
	}))
	defer hook.Close()
	c := r.made("/v1/calls/create", `{"from_number":"1000","to_number":"sip:person@`+person.trunk.Addr().String()+`",
		"agent":{"prompt":{"content":"You take orders."},"initial_message":"Hello.","voice":{"type":"voice_local"},"actions":[],
		"webhook":{"url":"`+hook.URL+`","subscriptions":["event_message","event_transcript","event_phone_call_ended"]}}}`)
	id, _ := c["id"].(string)
	l := <-person.taken
	go func() {
		for {
			if _, err := l.Read(person.ctx); err != nil {
				return
			}
		}
	}()
	watched := make(chan error, 1)
	res := r.ask("GET", "/v1/calls/capture?id="+id, "")
	go func() {
		_, err := io.Copy(&captured, res.Body)
		watched <- err
	}()
	told := &page{}
	stream := r.ask("GET", "/v1/calls/events?id="+id, "")
	go func() { _, _ = io.Copy(told, stream.Body) }()
	events := told.String
	until := func(what string, ok func(all string) bool) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); !ok(events()); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not come:\n%s", what, events())
			}
		}
	}
	act := func(what string) {
		t.Helper()
		if res := r.ask("POST", "/v1/calls/"+what+"?id="+id, ""); res.StatusCode != 200 {
			t.Errorf("%s: %s", what, res.Status)
		}
	}
	until("the answer", func(all string) bool { return strings.Contains(all, "event_phone_call_connected") })
	presses(t, person, l, "170#")
	until("a row of digits", func(all string) bool { return strings.Contains(all, "1 7 0") })
	act("recording_pause")
	presses(t, person, l, "48635#")
	until("another", func(all string) bool {
		return strings.Count(all, `"digit":""`) == 6 && strings.Count(all, "recording was paused") > 0
	})
	act("recording_resume")
	until("its end", func(all string) bool { return strings.Contains(all, "recording_resumed") })
	presses(t, person, l, "921#")
	until("a third", func(all string) bool { return strings.Contains(all, "9 2 1") })
	answers.WriteString(events())
	if err := l.Hangup(person.ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	until("the end", func(all string) bool { return strings.Contains(all, "event_phone_call_ended") })
	if err := <-watched; err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/v1/calls?id=", "/v1/calls/events?id=", "/v1/calls/trace?id=", "/v1/calls/decisions?id="} {
		if _, err := io.Copy(&answers, r.ask("GET", path+id, "").Body); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second) // for the webhook
	all := files(t, dir)    // while it runs: the database's own log is there, too
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	for name, b := range files(t, dir) {
		all[name+", afterwards"] = b
	}
	all["the answers"], all["the log"], all["the webhook"] = answers.Bytes(), r.log.Bytes(), []byte(hooked.String())
	checkPaused(t, all)
	keys := map[string]string{"the capture": telephoneEvents(captured.Bytes())}
	for name, b := range all {
		if strings.HasSuffix(name, ".wav") {
			keys[name] = keysOf(t, b)
		}
	}
	for where, got := range keys {
		if strings.ContainsAny(got, "48635") || !strings.Contains(got, "1") {
			t.Errorf("%s has the keys %q", where, got)
		}
	}
	if len(keys) != 2 {
		t.Errorf("sound was looked for in %v", keys)
	}
}

// A page is written by one and read by another.
type page struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// presses sends keys as telephones do that send both: events and tones.
func presses(t *testing.T, person *station, l leg.Leg, keys string) {
	t.Helper()
	for _, k := range []byte(keys) {
		tone, _ := audio.DTMF(k, audio.Rate)
		for i := range 15 {
			var f audio.Frame
			if i < 6 {
				tone.Fill(f[:])
			}
			if err := l.Play(person.ctx, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.SendDTMF(person.ctx, keys); err != nil {
		t.Fatal(err)
	}
}

// files are all below a folder.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// checkPaused looks for the digits that were pressed meanwhile, and for the others, in all that is kept.
func checkPaused(t *testing.T, all map[string][]byte) {
	t.Helper()
	found := 0
	for where, b := range all {
		for _, w := range []string{"4 8 6", "48635", `"digit":"4"`, `"digit":"8"`, `"digit":"6"`, `"digit":"3"`, `"digit":"5"`} {
			if i := bytes.Index(b, []byte(w)); i >= 0 {
				t.Errorf("%s has %q: %q", where, w, b[max(0, i-200):min(len(b), i+80)])
			}
		}
		for _, w := range []string{"1 7 0", "9 2 1"} {
			if bytes.Contains(b, []byte(w)) {
				found++
			}
		}
	}
	if found < 6 {
		t.Errorf("of what was pressed before and after this test finds %d", found)
	}
	if !json.Valid(bytes.SplitN(all["the webhook"], []byte("\n"), 2)[0]) {
		t.Error("the webhook was told nothing")
	}
}

// keysOf are those in a recording, of both sides.
func keysOf(t *testing.T, wav []byte) (keys string) {
	t.Helper()
	s, err := audio.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		t.Fatal(err)
	}
	for side := range 2 {
		find := audio.NewDTMFFinder()
		for at := side; at+2*audio.Samples <= len(s.PCM); at += 2 * audio.Samples {
			var f audio.Frame
			for i := range f {
				f[i] = s.PCM[at+2*i]
			}
			if k, ok := find.Find(&f); ok {
				keys += string(rune(k))
			}
		}
	}
	return keys
}

// telephoneEvents are the keys in the RTP of a capture (RFC 4733 payloads of 4 bytes), each once.
func telephoneEvents(pcap []byte) (keys string) {
	const fileHeader, packetHeader, linkIPUDP = 24, 16, 28
	var last []byte
	for at := fileHeader; at+packetHeader < len(pcap); {
		n := int(pcap[at+8]) | int(pcap[at+9])<<8
		p := pcap[at+packetHeader : min(len(pcap), at+packetHeader+n)]
		at += packetHeader + n
		if len(p) != linkIPUDP+12+4 || p[linkIPUDP]>>6 != 2 {
			continue
		}
		rtp := p[linkIPUDP:]
		if stamp := rtp[4:8]; !bytes.Equal(stamp, last) {
			last = stamp
			keys += string("0123456789*#ABCD"[rtp[12]&15])
		}
	}
	return keys
}
