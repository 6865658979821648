package twilio

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// fates are callbacks in the order in which Twilio sends them.
var fates = map[string][]url.Values{
	"talked":    {{"CallStatus": {"initiated"}}, {"CallStatus": {"ringing"}}, {"CallStatus": {"in-progress"}}, {"AnsweredBy": {"human"}}, {"CallStatus": {"completed"}, "CallDuration": {"12"}, "SipResponseCode": {"200"}}},
	"machine":   {{"CallStatus": {"initiated"}}, {"CallStatus": {"ringing"}}, {"CallStatus": {"in-progress"}}, {"AnsweredBy": {"machine_start"}}, {"CallStatus": {"completed"}, "CallDuration": {"3"}}},
	"busy":      {{"CallStatus": {"initiated"}}, {"CallStatus": {"ringing"}}, {"CallStatus": {"busy"}, "SipResponseCode": {"486"}, "CallDuration": {"0"}}},
	"no answer": {{"CallStatus": {"initiated"}}, {"CallStatus": {"ringing"}}, {"CallStatus": {"no-answer"}, "SipResponseCode": {"487"}}},
	"failed":    {{"CallStatus": {"initiated"}}, {"CallStatus": {"failed"}, "SipResponseCode": {"503"}}},
	"canceled":  {{"CallStatus": {"queued"}}, {"CallStatus": {"ringing"}}, {"CallStatus": {"canceled"}}},
}

// TestShuffles: 1,000 random orders of a call's callbacks, some more than once, end in the state of the straight order.
func TestShuffles(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for name, straight := range fates {
		var want state
		for _, f := range straight {
			want.add(f)
		}
		for n := range 1000 {
			order := append([]url.Values(nil), straight...)
			for range r.IntN(8) {
				order = append(order, straight[r.IntN(len(straight))])
			}
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			var got state
			for _, f := range order {
				got.add(f)
			}
			if got != want {
				t.Fatalf("%s, %d: %+v, want %+v, by %v", name, n, got, want, order)
			}
			for _, f := range straight {
				if got.add(f) {
					t.Fatalf("%s: %v is news after the end", name, f)
				}
			}
		}
	}
}

func TestRejected(t *testing.T) {
	for name, want := range map[string]leg.Rejected{
		"busy": {Cause: parley.Busy, Code: 486}, "no answer": {Cause: parley.NoAnswer, Code: 487}, "failed": {Cause: parley.Unreachable, Code: 503},
		"canceled": {Cause: parley.Cancelled, Code: 487}, "talked": {Cause: parley.CallerHungUp, Code: 200},
	} {
		var s state
		for _, f := range fates[name] {
			s.add(f)
		}
		if got := s.rejected(); *got != want {
			t.Errorf("%s: %v, want %v", name, got, &want)
		}
	}
	for code, want := range map[string]leg.Rejected{"": {Cause: parley.Unreachable, Code: 500}, "603": {Cause: parley.Declined, Code: 603}, "600": {Cause: parley.Busy, Code: 600},
		"408": {Cause: parley.NoAnswer, Code: 408}, "99": {Cause: parley.Unreachable, Code: 500}, "x": {Cause: parley.Unreachable, Code: 500}} {
		var s state
		s.add(url.Values{"CallStatus": {"failed"}, "SipResponseCode": {code}})
		if got := s.rejected(); *got != want {
			t.Errorf("%q: %v, want %v", code, got, &want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	for code, want := range map[string]parley.Cause{"21211": parley.Unreachable, "21210": parley.Configuration, "21215": parley.Configuration, "20003": parley.Configuration} {
		if got := verdict(400, code); got != want {
			t.Errorf("%s: %s", code, got)
		}
	}
	if got := verdict(429, "20429"); got != parley.Unreachable {
		t.Error(got)
	}
}

func TestPast(t *testing.T) {
	var p past
	for i := range pastMost + 10 {
		p.add(key{"a", string(rune('a'+i%26)) + url.QueryEscape(string(rune(i)))})
		p.add(key{"a", "same"})
	}
	if len(p.known) > pastMost || len(p.ring) > pastMost {
		t.Errorf("%d and %d are remembered", len(p.known), len(p.ring))
	}
}

func TestTwiML(t *testing.T) {
	text := connect(`wss://x/"<&`, `"'>`)
	for _, s := range []string{`"<`, `&"`, `'>"`} {
		if strings.Contains(text, s+"<") {
			t.Error(text)
		}
	}
	if !strings.Contains(text, `<Stream url="wss://x/&#34;&lt;&amp;">`) {
		t.Error(text)
	}
}

func TestSpellings(t *testing.T) {
	for in, want := range map[string]string{"https://a.b/c?d=e": "https://a.b/c?d=e https://a.b:443/c?d=e", "wss://a.b:8443/c": "wss://a.b/c wss://a.b:8443/c"} {
		if got := strings.Join(spellings(in), " "); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
