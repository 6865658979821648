package cluster

import (
	"testing"
	"testing/synctest"
	"time"
)

func own(calls int) Load { return Load{Roles: []string{Media}, Calls: calls, Weight: 2} }

// TestLeastLoaded: calls go where there is least for what a node carries, and what was given counts until it is told of.
func TestLeastLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRegistry("a")
		big := Load{Node: "b", Roles: []string{Media}, Calls: 0, Weight: 4}
		r.heard(big)
		n := map[string]int{}
		for range 60 {
			n[r.choose(own(0))]++
		}
		if n["a"] != 20 || n["b"] != 40 {
			t.Errorf("a node twice as big gets twice as much: %v", n)
		}
		big.Calls = 40
		r.heard(big)
		if at := r.choose(own(2)); at != "a" {
			t.Errorf("it goes to %s", at)
		}
		big.Calls = 1
		r.heard(big)
		if at := r.choose(own(2)); at != "b" {
			t.Errorf("it goes to %s", at)
		}
		time.Sleep(heardWithin)
		if at := r.choose(own(99)); at != "a" || r.Alive("b") || len(r.Peers()) != 0 {
			t.Errorf("a node that is not heard gets calls: %s", at)
		}
	})
}

// TestWhoTakesCalls: nobody who drains, is full or has no telephone is given a call.
func TestWhoTakesCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for what, l := range map[string]Load{"draining": {Roles: []string{Media}, Draining: true}, "full": {Roles: []string{Media}, Full: true}, "api alone": {Roles: []string{API}}} {
			r := newRegistry("a")
			l.Node, l.Weight = "b", 99
			r.heard(l)
			if at := r.choose(own(1000)); at != "a" {
				t.Errorf("%s: it goes to %q", what, at)
			}
			l.Weight = 2
			if at := r.choose(l); at != "" {
				t.Errorf("%s: when nobody takes calls they go to %q", what, at)
			}
			r.heard(Load{Node: "b", Roles: []string{Jobs, Media}})
			if at := r.choose(l); at != "b" {
				t.Errorf("%s: it goes to %q", what, at)
			}
		}
	})
}

// TestElsewhere: a call is sent to another node that takes calls, the one with the least, and what was sent counts; never to one that tells no
// address, or none that fits, and never to this one.
func TestElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		any := func(string) bool { return true }
		r := newRegistry("a")
		r.choose(Load{Roles: []string{Media}, Weight: 99, SIP: "sip:a"})
		r.heard(Load{Node: "mute", Roles: []string{Media}, Weight: 99})
		for id, l := range map[string]Load{"full": {Roles: []string{Media}, Full: true}, "out": {Roles: []string{Media}, Draining: true}, "api": {Roles: []string{API}}} {
			l.Node, l.SIP, l.Weight = id, "sip:"+id, 99
			r.heard(l)
		}
		if at := r.Elsewhere(any); at != "" {
			t.Errorf("it is sent to %s", at)
		}
		r.heard(Load{Node: "b", Roles: []string{Media}, Weight: 2, SIP: "sip:b"})
		r.heard(Load{Node: "c", Roles: []string{Media}, Weight: 4, SIP: "sip:c"})
		n := map[string]int{}
		for range 60 {
			n[r.Elsewhere(any)]++
		}
		if n["sip:b"] != 20 || n["sip:c"] != 40 {
			t.Errorf("a node twice as big gets twice as much: %v", n)
		}
		if at := r.Elsewhere(func(uri string) bool { return uri != "sip:c" && uri != "sip:b" }); at != "" {
			t.Errorf("what does not fit: %s", at)
		}
		time.Sleep(heardWithin)
		if at := r.Elsewhere(any); at != "" {
			t.Errorf("a node that is not heard: %s", at)
		}
	})
}
