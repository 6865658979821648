package client

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestEventData(t *testing.T) {
	in := ": hello\n\nid: 1\nevent: x\ndata: one\n\ndata:two\r\ndata: three\r\n\r\n\n\ndata: lost"
	var got []string
	for d, err := range eventData(strings.NewReader(in)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(d))
	}
	if !slices.Equal(got, []string{"one", "two\nthree"}) {
		t.Errorf("%q", got)
	}
	var err error
	for _, err = range eventData(strings.NewReader("data: " + strings.Repeat("x", 2*eventLimit))) {
	}
	if err == nil {
		t.Error("a line without end is read")
	}
	err = nil
	for _, err = range eventData(strings.NewReader(strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 2000))) {
	}
	if err == nil {
		t.Error("an event without end is read")
	}
}

func FuzzEventData(f *testing.F) {
	f.Add([]byte("id: 1\ndata: {\"sequence\":1}\n\n"))
	f.Add([]byte(": c\r\n\r\ndata:a\ndata:b\n\ndata\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for d, err := range eventData(bytes.NewReader(b)) {
			if err == nil && len(d) == 0 {
				t.Fatal("an empty event")
			}
			n += len(d)
		}
		if n > len(b) {
			t.Fatalf("%d bytes of data from %d", n, len(b))
		}
	})
}
