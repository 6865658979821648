package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPrivateCall: what is said, pressed and asked on a call with hipaa_compliant is in no file of the data folder, no answer of the API,
// no webhook and no line of the log; the same of another call is.
func TestPrivateCall(t *testing.T) {
	dir := t.TempDir()
	r := start(t, dir)
	person := newStation(t)
	var answers bytes.Buffer
	talk := func(word, private string) {
		c := r.made("/v1/calls/create", `{"from_number":"1000","to_number":"sip:person@`+person.trunk.Addr().String()+`","hipaa_compliant":`+private+`,
			"context":{"patient":"`+word+` context"},
			"agent":{"prompt":{"content":"`+word+` prompt of ${patient}"},"initial_message":"`+word+` greeting","voice":{"type":"voice_local"},"actions":[]}}`)
		id, _ := c["id"].(string)
		l := <-person.taken
		if err := l.SendDTMF(person.ctx, "97531#"); err != nil {
			t.Error(err)
		}
		for range 100 { // until the digits are taken in
			e, err := l.Read(person.ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = e
		}
		for _, do := range []string{"say", "add_context"} {
			if res := r.ask("POST", "/v1/calls/"+do+"?id="+id, `{"text":"`+word+` `+do+`"}`); res.StatusCode >= 300 {
				t.Errorf("%s: %s", do, res.Status)
			}
		}
		for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); {
			if _, err := l.Read(person.ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Hangup(person.ctx, "agent_ended"); err != nil {
			t.Error(err)
		}
		for range 100 {
			var got map[string]any
			if err := json.NewDecoder(r.ask("GET", "/v1/calls?id="+id, "").Body).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if got["end_time"] != nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		for _, path := range []string{"/v1/calls?id=", "/v1/calls/events?id="} {
			res := r.ask("GET", path+id, "")
			if _, err := io.Copy(&answers, res.Body); err != nil {
				t.Fatal(err)
			}
		}
	}
	talk("sardine", "true")
	talk("pelican", "false")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if strings.Count(answers.String(), `"digit":""`) != 6 || strings.Count(answers.String(), `"digit":"9"`) != 1 {
		t.Errorf("digits in the answers: %s", answers.String())
	}
	all := map[string][]byte{"an answer": answers.Bytes(), "the log": r.log.Bytes()}
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
	found := 0
	for where, b := range all {
		if i := bytes.Index(b, []byte("sardine")); i >= 0 {
			t.Errorf("%s has it: %q", where, b[max(0, i-200):min(len(b), i+80)])
		}
		if bytes.Contains(b, []byte("pelican")) {
			found++
		}
		if strings.HasSuffix(where, ".wav") {
			found += 10
		}
	}
	if found < 12 || found > 20 {
		t.Errorf("of the other call's words and sound this test finds %d", found)
	}
}
