package trace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	began = time.Date(2026, 11, 27, 2, 10, 0, 123e6, time.UTC)
	us    = netip.MustParseAddrPort("192.0.2.1:5060")
	them  = netip.MustParseAddrPort("192.0.2.7:5060")
)

func invite(id string, n int) Message {
	return Message{At: began.Add(time.Duration(n) * time.Millisecond), Network: "UDP", Local: us, Remote: them, Raw: []byte(fmt.Sprintf(
		"INVITE sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK%d\r\nCall-ID: %s\r\nCSeq: %d INVITE\r\nContent-Length: 0\r\n\r\n", n, id, n))}
}

func seqs(ms []Message) string {
	var out []string
	for _, m := range ms {
		seq := strings.Fields(string(field(m.Raw, "cseq", "cseq")))[0]
		if m.Skipped > 0 {
			seq = fmt.Sprintf("(%d)", m.Skipped) + seq
		}
		out = append(out, seq)
	}
	return strings.Join(out, " ")
}

func TestACallIsRemembered(t *testing.T) {
	r := New(0)
	r.See(invite("one", 1)) // comes before anybody knows that it is a call
	r.See(invite("two", 2))
	r.Keep("one", "")
	again := invite("one", 3)
	r.See(again)
	clear(again.Raw) // the caller's to use again
	if got := seqs(r.Of("", "one")); got != "1 3" {
		t.Error(got)
	}
	if got := r.Of("", "two"); len(got) != 0 {
		t.Error("a stranger's message is shown", got)
	}
	r.Forget("", "one")
	if got := r.Of("", "one"); len(got) != 0 || r.Held() != 0 {
		t.Error(got, r.Held())
	}
}

func TestACallOwnsAllItsLegs(t *testing.T) {
	r := New(0)
	r.Keep("in", "") // nobody knew yet whose it is
	r.Keep("out", "call")
	r.Keep("out", "other") // the first one has it
	r.Keep("retried", "call")
	r.Keep("", "call")
	for n, id := range []string{"retried", "in", "out", "in", "out"} {
		r.See(invite(id, 5-n)) // not in order of time
	}
	if got := seqs(r.Of("call", "in", "in", "out", "unknown")); got != "1 2 3 4 5" {
		t.Error(got)
	}
	if got := seqs(r.Of("call")); got != "1 3 5" {
		t.Error(got)
	}
	if got := r.Of("other"); len(got) > 0 {
		t.Error(got)
	}
	r.Keep("in", "call")
	r.Forget("call")
	if r.Held() != 0 || len(r.owned) != 0 || len(r.calls) != 0 || r.nobodys != (list{}) || r.ours != (list{}) {
		t.Error(r.Held(), r.owned, r.calls)
	}
}

func TestTheMiddleOfALongCallGoes(t *testing.T) {
	r := New(0)
	r.Keep("long", "")
	for n := range 1000 {
		r.See(invite("long", n))
	}
	got := r.Of("", "long")
	skipped := 0
	for _, m := range got {
		skipped += m.Skipped
	}
	if all := seqs(got); len(got) != messageMost || skipped != 800 || !strings.HasPrefix(all, "0 1 2 3") || !strings.HasSuffix(all, "998 999") {
		t.Error(len(got), skipped, all)
	}
	r.Keep("fat", "")
	for n := range 20 {
		m := invite("fat", n)
		m.Raw = append(m.Raw, make([]byte, 100_000)...)
		r.See(m)
	}
	got, held := r.Of("", "fat"), 0
	for _, m := range got {
		held += len(m.Raw)
	}
	if all := seqs(got); held > callMost || !strings.HasPrefix(all, "0 ") || !strings.HasSuffix(all, " 19") || len(got[0].Raw) != rawMost {
		t.Error(held, all)
	}
}

func TestTheOldestCallsGoFirst(t *testing.T) {
	r := New(20 * 1024)
	for i := range 100 {
		id := fmt.Sprint("call", i)
		r.See(invite(id, i))
		r.Keep(id, fmt.Sprint("owner", i%7))
		r.See(invite(id, i))
		if r.Held() > 20*1024 {
			t.Fatal(i, r.Held())
		}
	}
	if len(r.Of("", "call99")) != 2 || len(r.Of("", "call0")) != 0 || len(r.calls) < 10 {
		t.Error(len(r.calls))
	}
	n := 0
	for x := r.ours.oldest; x != nil; x = x.next {
		n++
	}
	if n != len(r.calls) || len(r.owned) > 7 {
		t.Error(n, len(r.calls), len(r.owned))
	}
}

// A call that runs long is not lost for many that are refused.
func TestWhatNobodyOwnsGoesFirst(t *testing.T) {
	r := New(20 * 1024)
	r.Keep("long", "")
	r.See(invite("long", 1))
	r.Keep("long", "call")
	r.Keep("long", "call")
	for i := range 1000 {
		id := fmt.Sprint("refused", i)
		r.Keep(id, "")
		r.See(invite(id, i))
	}
	if got := seqs(r.Of("call")); got != "1" || len(r.calls) < 5 || r.Held() > 20*1024 {
		t.Error(got, len(r.calls), r.Held())
	}
	for i := range 100 {
		id := fmt.Sprint("call", i)
		r.Keep(id, id)
		r.See(invite(id, i))
	}
	if got := r.Of("call"); len(got) != 0 || len(r.Of("call99")) != 1 || r.nobodys != (list{}) {
		t.Error(got, r.nobodys)
	}
}

// Strangers take no memory but the ring's, and of a call that begins in a flood of them the latest is there.
func TestAFloodOfStrangers(t *testing.T) {
	r := New(0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for n := range 50_000 {
		m := invite(fmt.Sprint("stranger", n), n)
		m.Raw = append(m.Raw, make([]byte, rand.IntN(1000))...)
		r.See(m)
	}
	r.See(invite("known", 1))
	for n := range 500 {
		r.See(invite(fmt.Sprint("stranger", n), n))
	}
	r.Keep("known", "")
	if got := seqs(r.Of("", "known")); got != "1" {
		t.Error(got)
	}
	r.Forget("", "known")
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 256<<10 || r.Held() != 0 {
		t.Error(grown, r.Held())
	}
}

// Whatever is put into the ring, what comes out is what was put in, and always the latest of it.
func TestRing(t *testing.T) {
	r := newRing(1 << 14)
	var put []string
	for n := range 20_000 {
		b := bytes.Repeat([]byte{byte(n)}, rand.IntN(5000))
		r.put(1, Message{Raw: b})
		if len(b) <= 1<<12 {
			put = append(put, string(b))
		}
		var got []string
		r.each(1, func(m Message) { got = append(got, string(m.Raw)) })
		if len(got) == 0 && len(put) > 0 || len(got) > 1<<14/ringShare {
			t.Fatal(n, len(got))
		}
		for i, s := range got {
			if s != put[len(put)-len(got)+i] {
				t.Fatalf("after %d: message %d of %d is not what was put there", n, i, len(got))
			}
		}
	}
}

func TestCallIDIsFound(t *testing.T) {
	for raw, want := range map[string]string{
		"INVITE x SIP/2.0\r\nCall-ID: a@b\r\n\r\n":                  "a@b",
		"\r\n\r\nINVITE x SIP/2.0\nCALL-id \t:  a b \n\n":           "a b",
		"SIP/2.0 200 OK\r\nVia: i: no\r\ni:short\r\nCall-ID: late":  "short",
		"BYE x SIP/2.0\r\nCall-ID:\r\n\tfolded\r\n":                 "folded",
		"BYE x SIP/2.0\r\nTo: a\r\n\r\nCall-ID: in the body\r\n":    "",
		"BYE x SIP/2.0\r\nCall-ID":                                  "",
		"":                                                          "",
		"\r\n\r\n":                                                  "",
		"Call-ID: the first line is no header\r\nCSeq: 1 BYE\r\n\n": "",
	} {
		if got := string(callID([]byte(raw))); got != want {
			t.Errorf("%q: %q", raw, got)
		}
	}
	r := New(0)
	r.See(Message{Raw: []byte("\r\n")})
	if r.strange.n != 0 {
		t.Error("a keep-alive is kept")
	}
}

func TestFromManyGoroutines(t *testing.T) {
	r := New(1 << 20)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 2000 {
				id := fmt.Sprint(g, "-", n/8)
				r.See(invite(id, n))
				r.Keep(id, fmt.Sprint("owner", n%3))
				if n%50 == 0 {
					r.Of("owner1", id)
					r.Forget("owner2")
				}
			}
		})
	}
	wg.Wait()
	if r.Held() > 1<<20 || r.Held() < 0 {
		t.Error(r.Held())
	}
}

// A message of a call costs one copy of its bytes, one of a stranger nothing.
func TestAllocations(t *testing.T) {
	r := New(0)
	m, strange := invite("call", 1), invite("stranger", 1)
	r.Keep("call", "")
	if n := testing.AllocsPerRun(100, func() { r.See(m) }); n > 1 {
		t.Error(n, "allocations for a message of a call")
	}
	if n := testing.AllocsPerRun(5000, func() { r.See(strange) }); n > 0 {
		t.Error(n, "allocations for a message of a stranger")
	}
}

func BenchmarkSee(b *testing.B) {
	for _, what := range []string{"call", "stranger"} {
		b.Run(what, func(b *testing.B) {
			r := New(0)
			m := invite("call", 1)
			m.Raw = append(m.Raw, make([]byte, 600)...)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%10 == 0 && what == "call" {
					r.Forget("", "call")
					r.Keep("call", "")
				}
				r.See(m)
			}
		})
	}
}
