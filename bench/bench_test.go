package bench

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func TestUtterance(t *testing.T) {
	u, err := newUtterance()
	if err != nil {
		t.Fatal(err)
	}
	if len(u.frames) < 100 || u.first < 0 || u.last <= u.first || u.last >= len(u.frames) {
		t.Fatalf("%d frames, speech from %d to %d", len(u.frames), u.first, u.last)
	}
	if !audible(u.frames[u.first][:]) || !audible(u.frames[u.last][:]) {
		t.Error("the first and the last frame of speech are silent")
	}
	if audible(bytes.Repeat([]byte{mulawSilence}, packet)) || audible(nil) {
		t.Error("silence is audible")
	}
}

func TestHistogram(t *testing.T) {
	h := new(histogram)
	if h.quantile(0.5) != 0 || h.stats().N != 0 {
		t.Error("nothing has quantiles")
	}
	for i := range 1000 {
		h.add(time.Duration(i) * 100 * time.Microsecond)
	}
	other := new(histogram)
	other.add(5 * time.Second)
	h.merge(other)
	s := h.stats()
	if s.N != 1001 || s.Max != 5000 {
		t.Errorf("%+v", s)
	}
	if s.P50 < 49.9 || s.P50 > 50.2 || s.P99 < 98.9 || s.P99 > 99.2 {
		t.Errorf("%+v", s)
	}
}

func TestStats(t *testing.T) {
	var ms []float64
	for i := range 101 {
		ms = append(ms, float64(100-i))
	}
	if s := statsOf(ms); s != (Stats{101, 50, 50, 95, 99, 100}) {
		t.Errorf("%+v", s)
	}
	if statsOf(nil) != (Stats{}) {
		t.Error("nothing has quantiles")
	}
}

// TestStagesAddUp: whatever the parts are, their means are the mean of what was added.
func TestStagesAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	d := func(n int64) time.Duration { return time.Duration(rng.Int64N(n)) * time.Microsecond }
	var s stages
	for range 100 {
		l := &parley.Latency{Endpointing: d(50000), STT: 300*time.Millisecond + d(5000), Queue: d(900), LLM: 200*time.Millisecond + d(4000),
			Chunking: d(30000), TTS: 150*time.Millisecond + d(9000), Playout: d(20000)}
		l.Total = l.Endpointing + l.STT + l.Queue + l.LLM + l.Chunking + l.TTS + l.Playout
		s.add(l, l.Total+d(15000), FixedDelays())
	}
	m, sum := s.stats(), 0.0
	for _, name := range stageNames[:len(stageNames)-1] {
		sum += m[name].Mean
	}
	if diff := sum - m["added"].Mean; diff > 0.05 || diff < -0.05 {
		t.Errorf("the parts add up to %.3f ms, %.3f were added", sum, m["added"].Mean)
	}
}

func TestMatch(t *testing.T) {
	l := &parley.Latency{}
	turns := []parley.Turn{
		{ID: "greeting", Who: parley.Bot, Start: 1000 * time.Millisecond},
		{ID: "caller", Who: parley.Human, Start: 3000 * time.Millisecond, Latency: l},
		{ID: "one", Who: parley.Bot, Start: 3100 * time.Millisecond, Latency: l},
		{ID: "two", Who: parley.Bot, Start: 3900 * time.Millisecond, Latency: l},
	}
	for at, want := range map[time.Duration]string{3000: "one", 3600: "two", 4500: "two"} {
		if got := match(turns, at*time.Millisecond); got == nil || got.ID != want {
			t.Errorf("at %d: %v", at, got)
		}
	}
	if got := match(turns, 1000*time.Millisecond); got != nil {
		t.Errorf("a turn without latency, or one far away: %v", got)
	}
}

func TestMeter(t *testing.T) {
	parent, cpu, ok := parseStat("12 (a) b (c) S 7 12 12 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 1 0 5 6 7")
	if !ok || parent != 7 || cpu != 2*time.Second {
		t.Errorf("%d, %v, %v", parent, cpu, ok)
	}
	for _, bad := range []string{"", "12 (x", "12 (x) S 1", "12 (x) S a b c d e f g h i j k l m n"} {
		if _, _, ok := parseStat(bad); ok {
			t.Errorf("%q is read", bad)
		}
	}
	if got := parsePSS("Rss:  10 kB\nPss:   4 kB\nPss_Dirty: 9 kB\n"); got != 4096 {
		t.Errorf("PSS %d", got)
	}
	if _, err := os.Stat("/proc/self/smaps_rollup"); err != nil {
		return // no Linux
	}
	if u := usageOf(os.Getpid()); u.pss < 1<<20 {
		t.Errorf("this process holds %d bytes", u.pss)
	}
}

func TestStamp(t *testing.T) {
	b := make([]byte, 32)
	binary.NativeEndian.PutUint64(b, 32)
	binary.NativeEndian.PutUint32(b[8:], 1)
	binary.NativeEndian.PutUint32(b[12:], 35)
	binary.NativeEndian.PutUint64(b[16:], 1700000000)
	binary.NativeEndian.PutUint64(b[24:], 42)
	at, ok := stamp(b)
	if ok && !at.Equal(time.Unix(1700000000, 42)) {
		t.Errorf("%v", at)
	}
	for n := range b {
		if _, ok := stamp(b[:n]); ok {
			t.Errorf("%d bytes are read", n)
		}
	}
	if _, ok := stamp(make([]byte, 64)); ok {
		t.Error("a message of no length is read")
	}
}

func TestTail(t *testing.T) {
	var all bytes.Buffer
	l := tail{also: &all}
	for range 100 {
		l.Write(bytes.Repeat([]byte("x"), 1000))
	}
	l.Write([]byte("the end"))
	if s := l.String(); len(s) != tailLimit || !strings.HasSuffix(s, "xthe end") || all.Len() != 100007 {
		t.Errorf("%d bytes kept, %d passed on", len(s), all.Len())
	}
}

func TestPrint(t *testing.T) {
	var b strings.Builder
	Report{Calls: 3, Endpointing: "auto", Recorded: true, Stages: map[string]Stats{"llm": {N: 1, Mean: 7.25}}, Heard: Heard{Notes: []string{"INVITE: 503"}, Webhooks: 2},
		Resources: Resources{Before: State{Goroutines: 11}, After: State{Goroutines: 12}}}.Print(&b)
	for _, want := range []string{"3 at once, endpointing auto, recorded", "  llm ", "7.2", "INVITE: 503", "11, 12", "webhooks"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	Report{SetupsPerSecond: 200}.Print(&b)
	if !strings.Contains(b.String(), "200 a second") || strings.Contains(b.String(), "barge-in") {
		t.Error(b.String())
	}
	if (Resources{After: State{Goroutines: slack + 1}}).Back() || !(Resources{}).Back() {
		t.Error("Back is wrong")
	}
}
