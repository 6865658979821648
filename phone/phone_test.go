package phone

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const (
	ourTone   = 700.0
	agentTone = 1100.0
)

// trunk is a trunk whose calls are answered by agent, which is the far end's life.
type trunk struct {
	agent func(context.Context, *legtest.Phone)
	err   error
	call  leg.Call
	far   *legtest.Phone
	done  sync.WaitGroup
}

func (t *trunk) Serve(context.Context, func(context.Context, leg.Offer)) error {
	return errors.ErrUnsupported
}

func (t *trunk) Dial(ctx context.Context, c leg.Call) (leg.Leg, error) {
	t.call = c
	if t.err != nil {
		return nil, t.err
	}
	far, near := legtest.Pipe(context.WithoutCancel(ctx))
	t.far = far
	if t.agent != nil {
		t.done.Go(func() { t.agent(ctx, far) })
	}
	return near, nil
}

// answers says a tone of d as greeting after delay (0: none), and after each sound of the caller that ended 300 ms ago, an
// answer of a second.
func answers(greeting time.Duration, turns int) func(context.Context, *legtest.Phone) {
	return func(ctx context.Context, p *legtest.Phone) {
		if greeting > 0 {
			time.Sleep(greeting)
			p.SayTone(agentTone, time.Second)
			p.Said(ctx)
		}
		said := 0
		for range turns {
			heard, changed := said, time.Now()
			for heard == said || time.Since(changed) < 300*time.Millisecond {
				time.Sleep(10 * time.Millisecond)
				select {
				case <-p.Gone():
					return
				default:
				}
				if n := len(p.Heard()); n > heard {
					heard, changed = n, time.Now()
				}
			}
			said = heard
			p.SayTone(agentTone, time.Second)
			p.Said(ctx)
		}
	}
}

// tones is a voice that says each piece as a tone of 20 ms a letter, and 200 ms of silence after it.
var tones = tts.Func(func(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		for s := range text {
			fs := legtest.Tone(ourTone, time.Duration(len(s))*audio.FrameDur, 8000)
			for _, f := range append(fs, make([]audio.Frame, 10)...) {
				if !yield(tts.Chunk{Frame: f}, nil) {
					return
				}
			}
		}
	}
})

// counter is a transcriber that closes a segment after 400 ms of silence and says how long its sound was.
var counter = stt.Func(func(ctx context.Context, in <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		loud, quiet := 0, 0
		flush := func() bool {
			n := loud
			loud, quiet = 0, 0
			return n == 0 || yield(stt.Event{Text: "sound of " + (time.Duration(n) * audio.FrameDur).String(), Final: true}, nil)
		}
		for f := range in {
			if legtest.Loud(f) {
				loud, quiet = loud+1, 0
			} else if quiet++; quiet == 20 && !flush() {
				return
			}
		}
		flush()
	}
})

func options(t *trunk, out io.Writer) Options {
	return Options{Trunk: t, Call: leg.Call{To: "sip:demo@127.0.0.1"}, Voice: tones, Ear: counter, Out: out}
}

// ring makes a call in virtual time and checks that nothing is left of it.
func ring(t *testing.T, tr *trunk, change func(*Options)) (r Report, out string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		o := options(tr, &b)
		if change != nil {
			change(&o)
		}
		r, err = Run(t.Context(), o)
		out = b.String()
		if tr.far != nil {
			<-tr.far.Gone()
		}
		tr.done.Wait()
	})
	return r, out, err
}

func TestTurns(t *testing.T) {
	tr := &trunk{agent: answers(500*time.Millisecond, 2)}
	r, out, err := ring(t, tr, func(o *Options) { o.Say = []string{strings.Repeat("a", 50), strings.Repeat("b", 25)} })
	if err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Greeting < 400*time.Millisecond || r.Greeting > 600*time.Millisecond {
		t.Errorf("greeting after %v", r.Greeting)
	}
	if len(r.Turns) != 2 {
		t.Fatalf("turns %+v", r.Turns)
	}
	// the greeting ends at 1.5 s and 1.2 s of quiet follow; the answer comes 500 ms after our last sound: the voice ends in 200 ms of silence
	if s := r.Turns[0].Start; s < 2600*time.Millisecond || s > 2900*time.Millisecond {
		t.Errorf("the first turn began at %v", s)
	}
	for i, turn := range r.Turns {
		if !turn.Answered || turn.Latency < 460*time.Millisecond || turn.Latency > 580*time.Millisecond {
			t.Errorf("turn %d: %+v", i, turn)
		}
		if d := turn.End - turn.Start; d != time.Duration(50-25*i)*audio.FrameDur {
			t.Errorf("turn %d lasted %v", i, d)
		}
	}
	if gap := r.Turns[1].Start - r.Turns[0].End; gap < 2600*time.Millisecond || gap > 2900*time.Millisecond {
		t.Errorf("the second turn began %v after the first, whose answer took 1.5 s", gap)
	}
	last := r.Turns[1].End + r.Turns[1].Latency + time.Second
	if d := r.Length - last; d < 1400*time.Millisecond || d > 1700*time.Millisecond {
		t.Errorf("hung up %v after the last answer", d)
	}
	if !r.HungUp || r.Cause != parley.CallerHungUp || tr.far.Cause() != parley.CallerHungUp {
		t.Errorf("cause %s, at the far end %s", r.Cause, tr.far.Cause())
	}
	if strings.Join(r.Text, "|") != "sound of 1s|sound of 1s|sound of 1s" {
		t.Errorf("heard %q", r.Text)
	}
	want := []string{"[00:00.", "] agent: sound of 1s", "[00:02.", "] you: aaa", "[00:04.", "] agent: sound of 1s", "] you: bbb", "agent: sound of 1s"}
	for _, w := range want {
		i := strings.Index(out, w)
		if i < 0 {
			t.Fatalf("%q does not follow in\n%s", w, out)
		}
		out = out[i+len(w):]
	}
}

func TestNoGreeting(t *testing.T) {
	r, _, err := ring(t, &trunk{agent: answers(0, 1)}, func(o *Options) { o.Say = []string{"hello there"} })
	if err != nil || !r.OK() || r.Greeting != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if s := r.Turns[0].Start; s < opening || s > opening+100*time.Millisecond {
		t.Errorf("spoke at %v", s)
	}
}

func TestNobodyThere(t *testing.T) {
	r, _, err := ring(t, &trunk{}, func(o *Options) { o.Say = []string{"one", "two"} })
	if err != nil || r.OK() || !r.Answered || r.Heard {
		t.Fatalf("%+v, %v", r, err)
	}
	if len(r.Turns) != 2 || r.Turns[0].Answered || r.Turns[1].Answered {
		t.Errorf("turns %+v", r.Turns)
	}
	if d := r.Length - r.Turns[1].End; d < patience || d > patience+time.Second {
		t.Errorf("hung up %v after the last turn", d)
	}
}

func TestOnlyListening(t *testing.T) {
	r, out, err := ring(t, &trunk{agent: answers(300*time.Millisecond, 0)}, func(o *Options) { o.Ear = nil })
	if err != nil || !r.OK() || len(r.Turns) != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if r.Length < 2700*time.Millisecond || r.Length > 3100*time.Millisecond {
		t.Errorf("the call took %v", r.Length)
	}
	if !strings.Contains(out, "[00:00.3] agent: (speaks)\n") {
		t.Errorf("shown: %s", out)
	}
}

// TestTalksOn: an agent that never falls silent does not hold the phone for ever.
func TestTalksOn(t *testing.T) {
	talk := func(_ context.Context, p *legtest.Phone) { p.SayTone(agentTone, 2*time.Minute) }
	r, _, err := ring(t, &trunk{agent: talk}, func(o *Options) { o.Say = []string{"stop"} })
	if err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	if d := r.Length - r.Turns[0].End; d > patience+time.Second {
		t.Errorf("hung up %v after the last turn", d)
	}
}

func TestDigits(t *testing.T) {
	tr := &trunk{agent: answers(300*time.Millisecond, 0)}
	r, out, err := ring(t, tr, func(o *Options) { o.DTMF = "12#" })
	if err != nil || tr.far.Digits() != "12#" || len(r.Turns) != 1 {
		t.Fatalf("%q, %+v, %v", tr.far.Digits(), r, err)
	}
	if !strings.Contains(out, "you: (presses 12#)") {
		t.Errorf("shown: %s", out)
	}
	if _, _, err := ring(t, &trunk{}, func(o *Options) { o.DTMF = "12x" }); !errors.Is(err, leg.ErrDigit) {
		t.Errorf("x is pressed: %v", err)
	}
}

func TestDigitsHeard(t *testing.T) {
	press := func(_ context.Context, p *legtest.Phone) { time.Sleep(time.Second); p.Press("7") }
	_, out, _ := ring(t, &trunk{agent: press}, nil)
	if !strings.Contains(out, "[00:01.0] agent: (presses 7)") {
		t.Errorf("shown: %s", out)
	}
}

func TestHungUpOn(t *testing.T) {
	leave := func(ctx context.Context, p *legtest.Phone) {
		answers(200*time.Millisecond, 0)(ctx, p)
		p.Hangup()
	}
	r, out, err := ring(t, &trunk{agent: leave}, func(o *Options) { o.Say = []string{"never said"} })
	if err != nil || !r.OK() || r.HungUp || r.Cause != parley.CallerHungUp || len(r.Turns) != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if !strings.Contains(out, "the agent hung up") || !strings.Contains(out, "agent: sound of 1s") {
		t.Errorf("shown: %s", out)
	}
}

func TestNotAnswered(t *testing.T) {
	r, _, err := ring(t, &trunk{err: &leg.Rejected{Cause: parley.Busy, Code: 486}}, nil)
	var rejected *leg.Rejected
	if !errors.As(err, &rejected) || rejected.Code != 486 || r.Cause != parley.Busy || r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestVoiceFails(t *testing.T) {
	broken := errors.New("broken")
	r, _, err := ring(t, &trunk{}, func(o *Options) {
		o.Say = []string{"hello"}
		o.Voice = tts.Func(func(context.Context, <-chan string, tts.Options) iter.Seq2[tts.Chunk, error] {
			return func(yield func(tts.Chunk, error) bool) { yield(tts.Chunk{}, broken) }
		})
	})
	if !errors.Is(err, broken) || !r.Answered {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestEarFails(t *testing.T) {
	broken := errors.New("broken")
	r, _, err := ring(t, &trunk{agent: answers(100*time.Millisecond, 0)}, func(o *Options) {
		o.Ear = stt.Func(func(context.Context, <-chan audio.Frame, stt.Options) iter.Seq2[stt.Event, error] {
			return func(yield func(stt.Event, error) bool) { yield(stt.Event{}, broken) }
		})
	})
	if !errors.Is(err, broken) || !r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestDeafEar: a transcriber that takes nothing neither stops the call nor its end.
func TestDeafEar(t *testing.T) {
	r, _, err := ring(t, &trunk{agent: answers(100*time.Millisecond, 0)}, func(o *Options) {
		o.Ear = stt.Func(func(ctx context.Context, _ <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
			return func(func(stt.Event, error) bool) { <-ctx.Done() }
		})
	})
	if err != nil || !r.OK() || r.Length > 4*time.Second {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCancelledAndLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		tr := &trunk{}
		r, err := Run(ctx, options(tr, nil))
		if err != nil || !r.HungUp || r.Length > 1100*time.Millisecond {
			t.Errorf("%+v, %v", r, err)
		}
		<-tr.far.Gone()
	})
	r, _, err := ring(t, &trunk{}, func(o *Options) { o.Limit = 3 * time.Second })
	if err != nil || r.Cause != parley.DurationLimit || r.Length > 3100*time.Millisecond {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRecordAndWAV(t *testing.T) {
	dir := t.TempDir()
	source, record := filepath.Join(dir, "in.wav"), filepath.Join(dir, "out.wav")
	f, err := os.Create(source)
	if err != nil {
		t.Fatal(err)
	}
	w, err := audio.NewWAV(f, audio.Rate, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, fr := range legtest.Tone(ourTone, time.Second, 8000) {
		w.Write(fr[:])
	}
	w.Sync()
	f.Close()
	r, _, err := ring(t, &trunk{agent: answers(300*time.Millisecond, 1)}, func(o *Options) { o.WAV, o.Record = source, record })
	if err != nil || !r.OK() {
		t.Fatalf("%+v, %v", r, err)
	}
	f, err = os.Open(record)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	side := func(i int) []audio.Frame { return audio.Frames(s.Channel(i), s.Rate) }
	if n := legtest.Count(side(0), ourTone); n != 50 {
		t.Errorf("%d of 50 frames of ours are on the left", n)
	}
	if n := legtest.Count(side(1), agentTone); n != 100 {
		t.Errorf("%d of 100 frames of the agent's are on the right", n)
	}
	if legtest.Count(side(0), agentTone)+legtest.Count(side(1), ourTone) > 0 {
		t.Error("the sides are mixed up")
	}
}

func TestRefusedBeforeCalling(t *testing.T) {
	dir := t.TempDir()
	for name, change := range map[string]func(*Options){
		"nobody to call": func(o *Options) { o.Call.To = "" },
		"no trunk":       func(o *Options) { o.Trunk = nil },
		"no voice":       func(o *Options) { o.Voice, o.Say = nil, []string{"x"} },
		"no such file":   func(o *Options) { o.WAV = filepath.Join(dir, "none.wav") },
		"no WAV":         func(o *Options) { o.WAV = "phone.go" },
		"no such folder": func(o *Options) { o.Record = filepath.Join(dir, "none", "x.wav") },
	} {
		tr := &trunk{}
		o := options(tr, nil)
		change(&o)
		if _, err := Run(t.Context(), o); err == nil || tr.call.To != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
