package conversation

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

// A rough wire stands between a phone and the conversation: packets of the caller are lost or late, those behind a gap wait, what is
// lost is made up from what was before it, and Run is told of all of it late. What passed it when, it keeps for itself.
type rough struct {
	leg.Leg
	dice   *rand.Rand
	loss   float64
	jitter time.Duration
	late   time.Duration // Run is told up to so much later
	hold   time.Duration // what is played leaves so much later: packets longer than a frame

	began time.Time
	told  time.Time // Run was told last
	last  audio.Frame

	mu    sync.Mutex // guards all below
	came  []time.Time
	heard []time.Time
}

func (w *rough) upTo(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return time.Duration(w.dice.Int64N(int64(d)))
}

func (w *rough) Read(ctx context.Context) (leg.Event, error) {
	e, err := w.Leg.Read(ctx)
	if err != nil {
		return e, err
	}
	now := w.began.Add(e.At + audio.FrameDur) // not when it is read: what was told late holds up what comes after it
	tell := now.Add(w.upTo(w.late))
	switch e.Kind {
	case leg.Audio:
		if w.dice.Float64() < w.loss {
			e.Frame, tell = w.last, tell.Add(60*time.Millisecond)
			break
		}
		e.Edge = now.Add(w.upTo(w.jitter))
		if tell.Before(e.Edge) {
			tell = e.Edge
		}
		w.passed(&w.came, e)
		w.last = e.Frame
	case leg.Played:
		e.Edge = now.Add(w.hold)
		w.passed(&w.heard, e)
	}
	if tell.Before(w.told) {
		tell = w.told
	}
	w.told = tell
	sleep(ctx, time.Until(tell))
	return e, nil
}

// passed notes a packet with sound in it.
func (w *rough) passed(to *[]time.Time, e leg.Event) {
	if audible(&e.Frame) {
		w.mu.Lock()
		*to = append(*to, e.Edge)
		w.mu.Unlock()
	}
}

// gap is what was measured on the wire: the agent's first sound after a silence that was under way at a moment, and the caller's last
// before it.
func (w *rough) gap(first time.Time) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var spoke time.Time
	for _, t := range w.came {
		if t.Before(first) && t.After(spoke) {
			spoke = t
		}
	}
	if spoke.IsZero() {
		return 0, errors.New("the caller said nothing before")
	}
	return first.Sub(spoke), nil
}

// spurts are the agent's first packets after silences.
func (w *rough) spurts() (all []time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var last time.Time
	for _, t := range w.heard {
		if t.Sub(last) > 300*time.Millisecond {
			all = append(all, t)
		}
		last = t
	}
	return all
}

// TestLatencyIsWhatPassedTheWire: for every turn the parts of the latency add up to the gap that whoever listens at the wire hears,
// whatever the network loses and delays and however late Run is told, and each vendor is charged what it took.
func TestLatencyIsWhatPassedTheWire(t *testing.T) {
	ahead := 0
	for seed := range uint64(90) {
		synctest.Test(t, func(t *testing.T) { ahead += wireCall(t, seed, seed%3 == 2) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if ahead < 20 {
		t.Errorf("%d replies were begun early", ahead)
	}
}

// wireCall is a call of three questions. Replies may be begun early; so many were, and used.
func wireCall(t *testing.T, seed uint64, early bool) int {
	dice := rand.New(rand.NewPCG(seed, 9))
	pick := func(all ...time.Duration) time.Duration { return all[dice.IntN(len(all))] }
	p := newPlay(t)
	acting := pick(0, 300*time.Millisecond)
	p.voice.lead = pick(0, 60*time.Millisecond, 200*time.Millisecond)
	p.prepare(split(`tool look ` + acting.String() + ` result "nothing"`))
	for range 3 {
		if acting > 0 {
			p.prepare(split(`model 100ms tool look {}`))
		}
		p.prepare(split(`model 200ms "We are open until six today, as always."`))
	}
	if p.setup.Thinking.Early = early; early {
		p.setup.Turns.EndpointingSensitivity = "auto"
	}
	ctx, unplug := context.WithCancel(context.Background())
	defer unplug()
	p.wire = ctx
	phone, l := legtest.Pipe(ctx)
	w := &rough{Leg: l, dice: rand.New(rand.NewPCG(seed, 10)), loss: []float64{0, 0.02, 0.1}[dice.IntN(3)], jitter: pick(0, 10*time.Millisecond, 40*time.Millisecond),
		late: pick(0, 15*time.Millisecond, 50*time.Millisecond), hold: pick(0, 40*time.Millisecond)}
	p.phone, p.began, w.began = phone, time.Now(), time.Now()
	p.setup.History = &History{}
	over := make(chan error, 1)
	go func() {
		_, err := Run(ctx, w, p.setup)
		over <- err
	}()
	for range 3 {
		p.speak(700*time.Millisecond+time.Duration(dice.Int64N(int64(time.Second))), "what are your opening hours today please")
		sleep(ctx, 7*time.Second)
	}
	phone.Hangup()
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	unplug()
	synctest.Wait()
	n, spurts := 0, w.spurts()
	for _, turn := range p.setup.History.Turns {
		if turn.Who != parley.Bot {
			continue
		}
		if n >= len(spurts) || turn.Latency == nil {
			t.Fatalf("%d spurts of sound, turn %+v", len(spurts), turn)
		}
		gap, err := w.gap(spurts[n])
		if err != nil {
			t.Fatal(err)
		}
		checkSum(t, gap, *turn.Latency)
		if !early {
			checkParts(t, *turn.Latency, p.voice.lead, acting)
		}
		n++
	}
	if n != 3 || len(spurts) != 3 {
		t.Errorf("%d turns of the agent, %d spurts", n, len(spurts))
	}
	return p.setup.History.Usage.Early.Used
}

func checkSum(t *testing.T, gap time.Duration, l parley.Latency) {
	t.Helper()
	if off := gap - l.Total; off.Abs() > time.Microsecond {
		t.Errorf("%v passed on the wire, the call says %v: %+v", gap, l.Total, l)
	}
	if sum := l.Endpointing + l.STT + l.Queue + l.LLM + l.Actions + l.Chunking + l.TTS + l.Playout; sum != l.Total {
		t.Errorf("the parts add up to %v of %v", sum, l.Total)
	}
	if least := min(l.Endpointing, l.STT, l.Queue, l.LLM, l.Actions, l.Chunking, l.TTS-l.Silence, l.Playout); least < 0 {
		t.Errorf("a part is negative: %+v", l)
	}
}

func checkParts(t *testing.T, l parley.Latency, lead, acting time.Duration) {
	t.Helper()
	thought := 203 * time.Millisecond
	if acting > 0 {
		thought += 103 * time.Millisecond
	}
	for _, part := range []struct {
		name      string
		is, least time.Duration
	}{
		{"queue", l.Queue, 0}, {"actions", l.Actions, acting}, {"llm", l.LLM, thought}, {"chunking", l.Chunking, 50 * time.Millisecond},
		{"tts", l.TTS, 152*time.Millisecond + lead}, {"tts silence", l.Silence, lead},
	} {
		if part.is < part.least-time.Microsecond || part.is > part.least+time.Millisecond {
			t.Errorf("%s took %v, the call says %v", part.name, part.least, part.is)
		}
	}
}

// TestOpening: of the silence with which a voice begins what had been played before its first sound is not waited for again.
func TestOpening(t *testing.T) {
	k := &clock{origin: time.Now()}
	at := func(d time.Duration) time.Time { return k.origin.Add(d) }
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		mutes                        int
		begun, first, sounding, left time.Duration
	}{
		"no silence":                      {0, 100 * ms, 100 * ms, 100 * ms, 0},
		"all at once":                     {10, 100 * ms, 100 * ms, 100 * ms, 200 * ms},
		"at the pace of speech":           {10, 100 * ms, 300 * ms, 300 * ms, 0},
		"half of it":                      {10, 100 * ms, 200 * ms, 200 * ms, 100 * ms},
		"silence, and a long wait":        {2, 100 * ms, 900 * ms, 900 * ms, 0},
		"sound before any of it could go": {10, 700 * ms, 100 * ms, 100 * ms, 200 * ms},
	} {
		m := mouth{mutes: c.mutes, begun: at(c.begun), first: at(c.first)}
		sound, silence, left := m.opening(k)
		if sound != c.sounding || silence != time.Duration(c.mutes)*20*ms || left != c.left {
			t.Errorf("%s: sound at %v after %v, of which %v were left", name, sound, silence, left)
		}
	}
}

// TestEdgeOfLegsThatDoNotTell: where the leg knows nothing of the wire, what Run hears is the wire; once it tells, only what came counts.
func TestEdgeOfLegsThatDoNotTell(t *testing.T) {
	k := &clock{origin: time.Now()}
	var g edge
	ends := func(heard, last, want time.Duration) {
		t.Helper()
		if got := g.end(k, heard, last); got != want {
			t.Errorf("it ended at %v, not %v", got, want)
		}
	}
	tone := legtest.Tone(300, audio.FrameDur, 8000)[0]
	var joined audio.Frame
	copy(joined[:joining], tone[:])
	at := func(d time.Duration) time.Time { return k.origin.Add(d) }
	hears := func(came time.Time, f audio.Frame) { g.heard(&leg.Event{Edge: came, Frame: f}, true) }
	ends(time.Second, time.Second, time.Second)
	hears(time.Time{}, tone)
	ends(time.Second, time.Second, time.Second)
	hears(at(2800*time.Millisecond), joined) // all of it was made up
	ends(time.Second, time.Second, time.Second)
	hears(at(3*time.Second), joined)
	hears(at(2900*time.Millisecond), tone) // overtaken
	hears(at(3050*time.Millisecond), audio.Frame{})
	g.heard(&leg.Event{Edge: at(3080 * time.Millisecond), Frame: tone}, false)
	ends(3100*time.Millisecond, 3100*time.Millisecond, 3*time.Second)
	ends(2*time.Second, 2*time.Second, 2*time.Second)
	ends(5*time.Second, 3100*time.Millisecond, 5*time.Second) // words without sound
	hears(time.Time{}, tone)
	hears(at(4*time.Second), tone)
	ends(5*time.Second, 5*time.Second, 4*time.Second)
}
