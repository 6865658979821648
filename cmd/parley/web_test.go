package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/parley-voice/parley/leg/webrtc"
)

func TestRelays(t *testing.T) {
	c := webConfig{TURN: []string{"turn:me:s%40cret@turn.example.com:3478?transport=udp", " turns:a:b@[2001:db8::1]:5349"}}
	got, err := c.relays()
	want := []webrtc.Relay{{URL: "turn:turn.example.com:3478?transport=udp", Username: "me", Password: "s@cret"}, {URL: "turns:[2001:db8::1]:5349", Username: "a", Password: "b"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"stun:turn.example.com", "turn:turn.example.com", "turn:me@turn.example.com", "turn:me:hush@", "http://me:hush@turn.example.com", "turn::hush@x", "turn:me:%zz@x"} {
		_, err := (&webConfig{TURN: []string{bad}}).relays()
		if err == nil || !strings.Contains(err.Error(), "PARLEY_TURN") || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	c = webConfig{TURN: []string{"turn:turn.example.com:3478?transport=tcp", "turn:me:mine@other.example.com"}, Secret: "hush"}
	got, err = c.relays()
	want = []webrtc.Relay{{URL: "turn:turn.example.com:3478?transport=tcp", Secret: "hush"}, {URL: "turn:other.example.com", Username: "me", Password: "mine"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with a secret: %+v, %v", got, err)
	}
	for _, bad := range []webConfig{{Secret: "hush"}, {Secret: "hush", TURN: []string{"turn:me@turn.example.com"}}, {Secret: "hush", TURN: []string{"turn:"}}} {
		if err := bad.check(); err == nil || !strings.Contains(err.Error(), "PARLEY_TURN") || strings.Contains(err.Error(), "hush") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, bad := range []webConfig{{ICE: "nowhere"}, {ICE: ":99999"}} {
		if err := bad.check(); err == nil || !strings.Contains(err.Error(), "PARLEY_ICE") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, good := range []webConfig{{}, {ICE: "off"}, {ICE: ":5066"}, {ICE: "127.0.0.1:0"}} {
		if err := good.check(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
}

func TestBeside(t *testing.T) {
	for sip, want := range map[string]string{":5060": ":5066", "127.0.0.1:0": "127.0.0.1:0", "[::1]:5080": "[::1]:5086"} {
		if got := beside(sip); got != want {
			t.Errorf("%s: %s, want %s", sip, got, want)
		}
	}
}
