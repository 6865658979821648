package conversation

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/tts"
)

var turnLine = regexp.MustCompile(`(?m)^[0-9.]+–[0-9.]+ (human|bot): (.*)$`)

// told is what was said on a call, and how it ended.
func told(out string) []string {
	var all []string
	for _, m := range turnLine.FindAllStringSubmatch(out, -1) {
		all = append(all, m[1]+": "+m[2])
	}
	_, end, _ := strings.Cut(out, " outcome: ")
	return append(all, end)
}

// same reports whether the same was said. Of what the agent was cut off in, more was heard when it had begun sooner.
func same(a, b string) bool {
	x, cutA := strings.CutSuffix(a, " (cut)")
	y, cutB := strings.CutSuffix(b, " (cut)")
	return a == b || cutA && cutB && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x))
}

// TestEarlyIsNotHeard: whatever happens on a call, replies that are begun early change when something is said, never what.
func TestEarlyIsNotHeard(t *testing.T) {
	files, err := filepath.Glob("testdata/calls/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	used, discarded := 0, 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		script, want, _ := strings.Cut(string(b), line)
		if strings.Contains(script, "\nearly\n") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			got := playScript(t, "early\n"+script)
			used += strings.Count(got, `result="used"`)
			discarded += strings.Count(got, `result="discarded"`)
			if g, w := told(got), told(want); !slices.EqualFunc(g, w, same) {
				t.Errorf("got %q\nwant %q\nas follows\n%s", g, w, got)
			}
		})
	}
	if used < 5 || discarded < 1 {
		t.Errorf("%d were used, %d thrown away: this tests little", used, discarded)
	}
}

// TestHold: a reply that fails before it is wanted is not wanted any more, and one that is wanted fails like any other.
func TestHold(t *testing.T) {
	h := newHold("hello")
	if held, _ := h.held(); !held {
		t.Error("a new one holds nothing")
	}
	if !h.fail() || h.want() {
		t.Error("one that has failed was wanted")
	}
	h = newHold("hello")
	if !h.want() || h.fail() {
		t.Error("one that is wanted failed unheard")
	}
	if held, _ := h.held(); held || h.wait(t.Context()) != nil {
		t.Error("one that is wanted holds")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if newHold("").wait(ctx) == nil {
		t.Error("it is wanted because the call is over")
	}
	var none *hold
	if held, chars := none.held(); held || chars != 0 || none.fail() || none.wait(ctx) != nil {
		t.Error("a reply without one is held")
	}
}

// TestSparedPieces: the voice gets the first piece, and the others when the reply is wanted.
func TestSparedPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := make(chan string, 3)
		in <- "Grüß Gott, "
		in <- "how are you? "
		in <- "Well?"
		close(in)
		h := newHold("hello")
		pieces, spoken := h.spared(t.Context(), in)
		if p := <-pieces; p != "Grüß Gott, " {
			t.Errorf("first %q", p)
		}
		synctest.Wait()
		select {
		case p := <-pieces:
			t.Errorf("%q was spoken before anybody wanted it", p)
		default:
		}
		if _, chars := h.held(); chars != 11 {
			t.Errorf("%d characters", chars)
		}
		h.want()
		rest := ""
		for p := range pieces {
			rest += p
		}
		spoken()
		if rest != "how are you? Well?" {
			t.Errorf("the rest is %q", rest)
		}

		endless := make(chan string)
		pieces, spoken = newHold("").spared(t.Context(), endless)
		spoken() // a voice that has ended takes no more
		if _, ok := <-pieces; ok {
			t.Error("a piece came from nowhere")
		}
		var none *hold
		if pieces, spoken := none.spared(t.Context(), endless); pieces != (<-chan string)(endless) {
			t.Error("a reply that is not held gets its pieces from somebody else")
		} else {
			spoken()
		}
	})
}

// TestAlike: a reply answers what is asked now, however the transcriber has written it in the end.
func TestAlike(t *testing.T) {
	user := func(s string) llm.Message { return llm.Message{Role: llm.User, Text: s} }
	call := []llm.Call{{ID: "1"}}
	for _, tc := range []struct {
		a, b llm.Message
		want bool
	}{
		{user("when do you open"), user("When do you open?"), true},
		{user("when do you open"), user("When do you open it?"), false},
		{user("it's"), user("its"), true},
		{user("十時に"), user("十時に。"), true},
		{llm.Message{Role: llm.System, Text: "rain"}, llm.Message{Role: llm.System, Text: "Rain."}, false},
		{llm.Message{Role: llm.Assistant, Text: "yes"}, llm.Message{Role: llm.User, Text: "yes"}, false},
		{llm.Message{Role: llm.Assistant, Calls: call}, llm.Message{Role: llm.Assistant}, false},
		{llm.Message{Role: llm.ToolRole, CallID: "1", Text: "a"}, llm.Message{Role: llm.ToolRole, CallID: "2", Text: "a"}, false},
	} {
		if got := alike(tc.a, tc.b); got != tc.want {
			t.Errorf("%+v and %+v: %v", tc.a, tc.b, got)
		}
	}
}

// TestSaidBy: words that wait for an answer are one message, and the history is left alone.
func TestSaidBy(t *testing.T) {
	c := newLoop(idleLeg{}, Setup{Prompt: "be kind"})
	c.add("my name is")
	asked := saidBy(c.messages(), "Ann")
	if len(asked) != 2 || asked[1].Text != "my name is Ann" || c.History.Messages[0].Text != "my name is" {
		t.Errorf("%+v of %+v", asked, c.History.Messages)
	}
	c.History.Messages = append(c.History.Messages, llm.Message{Role: llm.Assistant, Text: "Hello."})
	if asked = saidBy(c.messages(), "bye"); len(asked) != 4 || asked[3].Role != llm.User || len(c.History.Messages) != 2 {
		t.Errorf("%+v", asked)
	}
}

// TestCutOffUsage: what a request cost that was cut off is estimated as far as its vendor has not told.
func TestCutOffUsage(t *testing.T) {
	r := llm.Request{Messages: []llm.Message{{Role: llm.System, Text: strings.Repeat("x", 397)}, {Role: llm.Assistant, Calls: []llm.Call{{Name: "find", Args: json.RawMessage(`{"a":1}`)}}}},
		Tools: []llm.Tool{{Name: "find", Description: "finds", Schema: json.RawMessage(`{}`)}}}
	for _, tc := range []struct {
		came int
		told llm.Usage
		want llm.Usage
	}{
		{0, llm.Usage{}, llm.Usage{In: 105}},
		{9, llm.Usage{}, llm.Usage{In: 105, Out: 3}},
		{40, llm.Usage{In: 90, Out: 1}, llm.Usage{Out: 9}}, // told at the beginning: the input, and one token
		{40, llm.Usage{In: 90, Out: 12}, llm.Usage{}},
	} {
		if got := cutOff(&r, tc.came, tc.told); got != tc.want {
			t.Errorf("%d bytes came, told %+v: %+v, want %+v", tc.came, tc.told, got, tc.want)
		}
	}
}

// TestHeldVoice: what a voice begins with silently has passed when the reply is wanted; words, and sound that follows, are kept.
func TestHeldVoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lateLeg{let: make(chan struct{})}
		m := mouth{leg: l, id: func() uint64 { return 1 }, loud: func() {}, wake: make(chan struct{}, 1), paused: true}
		over := make(chan error)
		go func() {
			for _, ch := range []tts.Chunk{{}, {}, {}, {Frame: audio.Frame{900}}, {}, {Frame: audio.Frame{900}, Text: "Hello"}} {
				if err := m.play(t.Context(), &ch); err != nil {
					over <- err
					return
				}
			}
			close(over)
		}()
		synctest.Wait()
		m.mu.Lock()
		if len(m.kept) != 1 || m.first.IsZero() || m.mutes != 0 || !m.begun.IsZero() {
			t.Errorf("%d frames are kept, %d silent before the first sound", len(m.kept), m.mutes)
		}
		m.mu.Unlock()
		time.Sleep(time.Second)
		m.resume()
		for range 3 {
			l.let <- struct{}{}
		}
		if err := <-over; err != nil {
			t.Fatal(err)
		}
		if queued, _ := l.state(); queued != 3 || m.begun.Before(m.first.Add(time.Second)) {
			t.Errorf("%d frames are queued, the first at %s", queued, m.begun)
		}

		ahead := mouth{leg: l, id: func() uint64 { return 1 }, loud: func() {}, wake: make(chan struct{}, 1)}
		ahead.pause() // by the caller: what was begun goes on with all it has
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := ahead.play(ctx, &tts.Chunk{}); err == nil || len(ahead.kept) != 1 || ahead.mutes != 1 {
			t.Errorf("%v, %d frames kept", err, len(ahead.kept))
		}
	})
}

// TestEarlyLatency: of what was begun before the end of the turn only what was waited for after it is told, and it adds up.
func TestEarlyLatency(t *testing.T) {
	const ms = time.Millisecond
	at := func(d time.Duration) time.Time { return time.Unix(0, 0).Add(d) }
	for name, tc := range map[string]struct {
		asked, token, piece, first, wire time.Duration // the turn is over at 1.5 s
		queue, llm, tts                  time.Duration
	}{
		"all of it before":        {1200 * ms, 1300 * ms, 1310 * ms, 1450 * ms, 1510 * ms, 0, 0, 0},
		"the model's word after":  {1200 * ms, 1600 * ms, 1610 * ms, 1750 * ms, 1760 * ms, 0, 100 * ms, 140 * ms},
		"the voice's sound after": {1200 * ms, 1300 * ms, 1310 * ms, 1560 * ms, 1580 * ms, 0, 0, 60 * ms},
		"begun at the end":        {1500 * ms, 1700 * ms, 1710 * ms, 1850 * ms, 1860 * ms, 0, 200 * ms, 140 * ms},
	} {
		r := &reply{answers: question{speechEnd: time.Second, wordsAt: 1150 * ms, endedAt: 1500 * ms}, wireAt: tc.wire}
		r.mind.times = thought{asked: at(tc.asked), token: at(tc.token), piece: at(tc.piece)}
		r.mouth.first = at(tc.first)
		l := r.latency(&clock{origin: at(0)})
		sum := l.STT + l.Endpointing + l.Queue + l.LLM + l.Chunking + l.TTS + l.Playout
		if l.Total != tc.wire-time.Second || sum != l.Total || l.Endpointing != 350*ms || l.Queue != tc.queue || l.LLM != tc.llm || l.TTS != tc.tts {
			t.Errorf("%s: %+v, the sum is %s", name, *l, sum)
		}
	}
}
