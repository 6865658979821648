package turns

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
	"github.com/parley-voice/parley/turn"
)

// utterance is a voice that says as many words.
func utterance(seed uint64, words int) *said {
	v := babble.New(seed)
	s := &said{pcm: make([]int16, words*audio.Rate*2/5)}
	v.Fill(s.pcm)
	for i := range words {
		s.Words = append(s.Words, Word{"word", time.Duration(i) * 400 * time.Millisecond, time.Duration(i+1) * 400 * time.Millisecond})
	}
	return s
}

func TestOpening(t *testing.T) {
	c, err := parse(`tuning | en | voice | a/1 a/2
		tuning | en | finished | What does it cost?
		tuning | en | finished | My order has not arrived yet.
		tuning | en | backchannel | uh huh
		tuning | en | tv | and now the weather
		tuning | en | bystander | where are the keys
		tuning | en | sound | [click]
		tuning | en | answer/human | hello?`)
	if err != nil {
		t.Fatal(err)
	}
	st, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i, voice := range []string{"a/1", "a/2"} {
		for _, l := range c.lines {
			if l.class != Sounds {
				if err := st.put(voice, l.text, utterance(uint64(i), len(strings.Fields(l.text)))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, it := range c.items() {
		o := it.Opening
		if spoken := it.Answer || it.Class == Finished; spoken != (o.Say == "") {
			t.Errorf("%s opens with %q", it.ID, o.Say)
			continue
		} else if spoken {
			continue
		}
		if another := it.Class == Television || it.Class == Bystander; it.Class != Sounds && another != (o.Voice != it.Voice) {
			t.Errorf("%s is opened by %s", it.ID, o.Voice)
		}
		sc, err := stage(st, &it)
		if err != nil {
			t.Fatal(err)
		}
		if sc.opening.Start < lead || sc.begin() < sc.opening.End+answering {
			t.Errorf("%s: the caller speaks from %v to %v, the item begins at %v", it.ID, sc.opening.Start, sc.opening.End, sc.begin())
		}
		told := hearOpening(&it, sc)
		if last := told[len(told)-1]; !last.Final || bare(last.Text) == "" || last.at > sc.opening.End+time.Second {
			t.Errorf("%s: what was heard of %q ends with %+v", it.ID, o.Say, last)
		}
		r := hear(t.Context(), st, &it, turn.Options{}, Options{Trace: true})
		end := slices.IndexFunc(r.Trace, func(s string) bool { return strings.Contains(s, "turn end") })
		begin := slices.IndexFunc(r.Trace, func(s string) bool { return strings.Contains(s, "begins") })
		if end < 0 || end > begin {
			t.Errorf("%s: the first turn does not end before the item:\n%s", it.ID, strings.Join(r.Trace, "\n"))
		}
	}
}

// TestAnswering: the agent speaks when the caller's first turn is over, and of its own accord when that does not end.
func TestAnswering(t *testing.T) {
	begun := func(over time.Duration) (at time.Duration) {
		v := &driver{it: &Item{}, sc: &scene{opening: Span{time.Second, 2 * time.Second}}, d: turn.New(turn.Options{}), floor: true, voice: utterance(1, 30).pcm}
		for now := audio.FrameDur; now < 10*time.Second; now += audio.FrameDur {
			var f, none audio.Frame
			v.answers(now, now == over)
			if v.plays(&f, now); f != none {
				return now
			}
		}
		return 0
	}
	if at := begun(3 * time.Second); at < 3*time.Second+thinking || at > 3*time.Second+2*thinking {
		t.Errorf("it speaks at %v after a turn that ended at 3 s", at)
	}
	if at := begun(0); at < 2*time.Second+answering || at > 2*time.Second+answering+2*thinking {
		t.Errorf("it speaks at %v after a turn that never ended", at)
	}
}

// TestAnsweredTooSoon: a first turn that goes on stops the agent, which is no false stop of the item, and is answered anew.
func TestAnsweredTooSoon(t *testing.T) {
	v := &driver{it: &Item{}, sc: &scene{opening: Span{time.Second, 3 * time.Second}}, d: turn.New(turn.Options{}), floor: true, res: &Result{}}
	v.answers(2*time.Second, true)
	v.decide(turn.Signal{Kind: turn.BargeIn}, 2500*time.Millisecond)
	if v.agent != turn.Idle || len(v.stops) > 0 {
		t.Errorf("the agent is %v, stopped at %v", v.agent, v.stops)
	}
	v.decide(turn.Signal{Kind: turn.TurnEnd}, 3500*time.Millisecond)
	if v.agent != turn.Busy || v.speaks != 3500*time.Millisecond+thinking {
		t.Errorf("the agent is %v, and speaks from %v", v.agent, v.speaks)
	}
	if v.decide(turn.Signal{Kind: turn.BargeIn}, 9*time.Second); len(v.stops) != 1 {
		t.Errorf("stopped at %v", v.stops)
	}
}
