package hammer

import (
	"bytes"
	"testing"
)

func TestStrike(t *testing.T) {
	seeds := [][]byte{[]byte("INVITE sip:a@b SIP/2.0\r\n"), {0x80, 0, 1}, nil}
	var first, second [][]byte
	t.Setenv("PARLEY_HAMMER", "2000")
	Strike(t, seeds, func(b []byte) { first = append(first, bytes.Clone(b)) })
	Strike(t, seeds, func(b []byte) { second = append(second, bytes.Clone(b)) })
	if len(first) != 2000+len(seeds) || len(first) != len(second) {
		t.Fatalf("%d and %d inputs", len(first), len(second))
	}
	same, changed := 0, map[string]bool{}
	for i := range first {
		if bytes.Equal(first[i], second[i]) {
			same++
		}
		changed[string(first[i])] = true
		if len(first[i]) > most {
			t.Fatalf("%d bytes", len(first[i]))
		}
	}
	if same != len(first) {
		t.Error("not the same inputs the second time")
	}
	if len(changed) < 1500 {
		t.Errorf("%d different inputs", len(changed))
	}
	if string(seeds[0]) != "INVITE sip:a@b SIP/2.0\r\n" {
		t.Error("a seed was changed")
	}
}

func TestBlows(t *testing.T) {
	for s, want := range map[string]int{"": ordinary, "x": ordinary, "-1": ordinary, "7": 7} {
		t.Setenv("PARLEY_HAMMER", s)
		if got := Blows(); got != want {
			t.Errorf("%q: %d", s, got)
		}
	}
}
