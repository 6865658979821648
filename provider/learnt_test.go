package provider

import (
	"strconv"
	"testing"
)

func TestLearnt(t *testing.T) {
	var l Learnt[string]
	if _, known := l.Load("a"); known {
		t.Error("something is known of a server that nobody asked")
	}
	l.Forget("a", "x")
	l.Store("a", "old")
	l.Store("a", "new")
	l.Forget("a", "old")
	if v, known := l.Load("a"); !known || v != "new" {
		t.Errorf("%q, %v", v, known)
	}
	l.Forget("a", "new")
	if _, known := l.Load("a"); known {
		t.Error("it was not forgotten")
	}
	for i := range 10 * maxServers {
		l.Store(strconv.Itoa(i), "m")
		if len(l.of) > maxServers {
			t.Fatalf("%d servers are remembered", len(l.of))
		}
	}
	if v, _ := l.Load(strconv.Itoa(10*maxServers - 1)); v != "m" {
		t.Error("the newest is forgotten")
	}
}
