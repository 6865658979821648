package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

type shelf struct {
	mu     sync.Mutex
	kept   map[string][]byte
	writes int
	broken error
}

func (s *shelf) KeepTrace(ctx context.Context, id string, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil || ctx.Err() != nil {
		return errors.Join(s.broken, ctx.Err())
	}
	s.kept[id] = b
	s.writes++
	return nil
}

func (s *shelf) Trace(_ context.Context, id string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.kept[id]; b != nil {
		return b, nil
	}
	return nil, parley.NotFound("trace")
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

func keeping(t *testing.T, f func(k *Keeper, s *shelf)) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{kept: map[string][]byte{}}
		k := &Keeper{Recorder: New(0), Store: s, Logger: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = k.Run(ctx) }()
		f(k, s)
		stop()
		<-done
	})
}

func (k *Keeper) waiting() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.due)
}

func has(t *testing.T, k *Keeper, want string) {
	t.Helper()
	ms, err := k.Messages(t.Context(), "call", "in")
	if got := seqs(ms); got != want || (err == nil) != (want != "") || err != nil && !parley.IsNotFound(err) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// A call is written soon after its end, with the answer to the BYE, and once more when repetitions are over; then memory is free.
func TestTheEndOfACallIsWritten(t *testing.T) {
	keeping(t, func(k *Keeper, s *shelf) {
		has(t, k, "")
		k.Keep("in", "")
		k.Keep("out", "call")
		k.See(invite("in", 1))
		k.See(invite("out", 2))
		has(t, k, "1 2")
		k.Ended("call", "in")
		k.See(invite("in", 3))
		if s.count() != 0 {
			t.Error("written at once")
		}
		time.Sleep(5 * time.Second)
		if k.See(invite("in", 4)); s.count() != 1 {
			t.Error(s.count())
		}
		has(t, k, "1 2 3 4")
		time.Sleep(time.Minute)
		if has(t, k, "1 2 3 4"); s.count() != 2 || k.Held() != 0 || k.waiting() != 0 {
			t.Error(s.count(), k.Held(), k.waiting())
		}
	})
}

func TestNothingNewIsNotWrittenAgain(t *testing.T) {
	keeping(t, func(k *Keeper, s *shelf) {
		k.Keep("in", "")
		k.See(invite("in", 1))
		k.Ended("call", "in")
		k.Ended("nothing was seen of it")
		time.Sleep(time.Minute)
		if s.count() != 1 || s.count() != len(s.kept) {
			t.Error(s.count())
		}
	})
}

func TestWhatIsLeftIsWrittenWhenTheServerStops(t *testing.T) {
	s := &shelf{kept: map[string][]byte{}}
	k := &Keeper{Recorder: New(0), Store: s}
	k.Keep("in", "")
	k.See(invite("in", 7))
	k.Ended("call", "in")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_ = k.Run(ctx)
	has(t, k, "7")
	again := &Keeper{Recorder: New(0), Store: s} // after the next start
	has(t, again, "7")
}

// A store that is away for a while costs nothing.
func TestAStoreThatIsAway(t *testing.T) {
	keeping(t, func(k *Keeper, s *shelf) {
		k.Keep("in", "")
		k.See(invite("in", 1))
		s.mu.Lock()
		s.broken = errors.New("away")
		s.mu.Unlock()
		k.Ended("call", "in")
		time.Sleep(10 * time.Second)
		s.mu.Lock()
		s.broken = nil
		s.mu.Unlock()
		time.Sleep(time.Minute)
		has(t, k, "1")
	})
}

func TestWhatIsStoredIsReadBack(t *testing.T) {
	for name, ms := range scripts(t) {
		b, err := pack(ms)
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpack(b)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(ms) {
			t.Errorf("%s: %v %v", name, got, err)
		}
		for _, bad := range [][]byte{nil, b[:len(b)/2], []byte("x")} {
			if _, err := unpack(bad); err == nil {
				t.Error("read", bad)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	k := &Keeper{Recorder: New(0), Store: &shelf{}}
	k.Keep("in", "call")
	for format, begins := range map[string]string{"json": `{"messages":[{"time":"2026-11-27T02:10:00.124000Z","offset_ms":0,"direction":"in","transport":"udp","local_address":"192.0.2.1:5060"`,
		"ladder": "2026-11-27 02:10:00.124 UTC", "pcap": "\xd4\xc3\xb2\xa1"} {
		var b bytes.Buffer
		if err := k.WriteTrace(t.Context(), &b, format, "other"); !parley.IsNotFound(err) || b.Len() > 0 {
			t.Error(format, b.String(), err)
		}
		k.Forget("call")
		k.Keep("in", "call")
		k.See(invite("in", 1))
		if err := k.WriteTrace(t.Context(), &b, format, "call"); err != nil || !strings.HasPrefix(b.String(), begins) {
			t.Error(format, b.String(), err)
		}
	}
}

func TestJSONIsOfAnyBytes(t *testing.T) {
	for name, ms := range scripts(t) {
		var b bytes.Buffer
		if err := JSON(&b, ms); err != nil {
			t.Fatal(name, err)
		}
		var got struct{ Messages []Shown }
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || len(got.Messages) != len(ms) {
			t.Fatal(name, err)
		}
		if strings.Contains(name, "hostile") && !strings.Contains(got.Messages[0].Message, `From: \xff\xfe`+"\a") {
			t.Errorf("%q", got.Messages[0].Message)
		}
		if strings.Contains(name, "inbound") && (!got.Messages[3].Retransmission || got.Messages[5].SDP == "" || got.Messages[5].Offset != 5000.25 || got.Messages[1].Direction != "out") {
			t.Errorf("%+v", got.Messages)
		}
	}
}

// stopping is a shelf in whose first writing the end comes.
type stopping struct {
	*shelf
	stop context.CancelFunc
}

func (s stopping) KeepTrace(ctx context.Context, id string, b []byte) error {
	s.stop()
	return s.shelf.KeepTrace(ctx, id, b)
}

// TestKeeperIsStoppedWhileItWrites: what is being written when the end comes is written, and nothing is complained of.
func TestKeeperIsStoppedWhileItWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s, said := &shelf{kept: map[string][]byte{}}, &bytes.Buffer{}
		k := &Keeper{Recorder: New(0), Store: stopping{s, stop}, Logger: slog.New(slog.NewTextHandler(said, nil))}
		k.Keep("in", "")
		k.See(invite("in", 1))
		k.Ended("call", "in")
		if err := k.Run(ctx); err != nil || said.Len() > 0 {
			t.Errorf("%v: %s", err, said)
		}
		if s.count() == 0 {
			t.Error("nothing is written")
		}
	})
}
