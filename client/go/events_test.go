package client

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// event is one as it stands in a stream.
func event(sequence int) string {
	return fmt.Sprintf("id: %d\ndata: {\"id\":\"e\",\"call_id\":\"c\",\"sequence\":%d,\r\ndata: \"type\":\"event_message\",\"timestamp\":\"2026-11-24T09:30:00Z\",\"payload\":{}}\n\n", sequence, sequence)
}

func TestEventsTakeUpABrokenStream(t *testing.T) {
	followPause = time.Millisecond
	a, got := answers(t,
		func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, ": alive\n\n", event(1), event(2), "data: {\"sequence\":3") // cut short
		},
		reply(503, "", "Retry-After: 0"),
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, event(2), event(3)) },
		reply(204, ""),
	)
	var seen []int
	for e, err := range a.Events(t.Context(), "c", 0) {
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, e.Sequence)
	}
	if fmt.Sprint(seen) != "[1 2 3]" {
		t.Errorf("events %v", seen)
	}
	var asked []string
	for _, r := range *got {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
	}
	if strings.Join(asked, " ") != "0 2 2 3" {
		t.Errorf("taken up after %v", asked)
	}
}

func TestEventsEnd(t *testing.T) {
	followPause = time.Millisecond
	for name, row := range map[string]struct {
		reply    http.HandlerFunc
		requests int
		want     string
	}{
		"no such call":   {reply(404, `{"message":"there is no such call"}`), 1, "404: there is no such call"},
		"always nothing": {reply(200, ""), 6, "keeps breaking"},
		"too large":      {reply(200, "data: "+strings.Repeat("x", eventLimit)+"\n\n"), 6, "token too long"},
		"no JSON":        {reply(200, "data: x\n\n"), 6, "an event of call c"},
	} {
		a, got := answers(t, row.reply)
		n := 0
		for _, err := range a.Events(t.Context(), "c", 0) {
			if n++; err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n != 1 || len(*got) != row.requests {
			t.Errorf("%s: %d errors after %d requests, want 1 after %d", name, n, len(*got), row.requests)
		}
	}
	a, got := answers(t, reply(200, event(1)+event(2)))
	for range a.Events(t.Context(), "c", 0) {
		break
	}
	if len(*got) != 1 {
		t.Errorf("one who has seen enough makes %d requests", len(*got))
	}
}

func TestRecording(t *testing.T) {
	sound := bytes.Repeat([]byte("RIFF"), 100_000)
	a, got := answers(t,
		func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(sound) },
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(sound[:10])
		},
	)
	var out bytes.Buffer
	if n, err := a.Recording(t.Context(), "c", "wav", &out); err != nil || n != int64(len(sound)) || !bytes.Equal(out.Bytes(), sound) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if q := (*got)[0].URL.Query(); q.Get("id") != "c" || q.Get("format") != "wav" {
		t.Errorf("the question was %v", q)
	}
	if _, err := a.Recording(t.Context(), "c", "mp3", &out); err == nil {
		t.Error("a recording that was cut short is taken for whole")
	}
}
