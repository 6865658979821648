package main

import (
	"strings"
	"testing"
)

// TestReplayOfNothing: what is not there is named.
func TestReplayOfNothing(t *testing.T) {
	dir := t.TempDir()
	if code, said := command(t, "replay", "x", "--data", dir); code != failed || !strings.Contains(said, "there is no database at") {
		t.Error(code, said)
	}
	r := start(t, dir)
	if code, said := command(t, "replay", "x", "--data", dir); code != failed || !strings.Contains(said, `there is no call "x"`) {
		t.Error(code, said)
	}
	person := newStation(t)
	c := r.made("/v1/calls/create", `{"from_number":"1000","to_number":"sip:person@`+person.trunk.Addr().String()+`","agent":`+silentAgent+`}`)
	id, _ := c["id"].(string)
	l := <-person.taken
	if code, said := command(t, "replay", id, "--data", dir); code != failed || !strings.Contains(said, "it is not over") {
		t.Error(code, said)
	}
	for range 50 {
		if _, err := l.Read(person.ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Hangup(person.ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	r.ended(0)
	if code, said := command(t, "replay", id, "--data", dir, "--json"); code != 0 {
		t.Error(code, said)
	}
	if code, said := command(t, "replay", id, "--data", dir, "--set", "endpointing_sensitivity=fast"); code != failed || !strings.Contains(said, "--set endpointing_sensitivity=fast: it is one of auto") {
		t.Error(code, said)
	}
	if code, said := command(t, "replay", id, "--data", dir, "--set", "endpointing_sensitivity=sensitive"); code != 0 {
		t.Error(code, said)
	}
}
