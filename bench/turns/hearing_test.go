package turns

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
)

func TestSample(t *testing.T) {
	var items []Item
	for i := range 40 {
		for _, c := range []Class{Finished, Echo, "human"} {
			for _, l := range []string{"en", "de"} {
				items = append(items, Item{ID: fmt.Sprint(c, l, i), Lang: l, Class: c})
			}
		}
	}
	got, again := sample(items), sample(items)
	if len(got) != 2*perClass || len(items) != 240 {
		t.Errorf("%d of %d items", len(got), len(items))
	}
	for i, it := range got {
		if it.Lang != "en" || it.Class == Echo || again[i].ID != it.ID {
			t.Errorf("%s is one of them", it.ID)
		}
	}
}

func TestMisheard(t *testing.T) {
	for heard, want := range map[string]int{"I lost my password": 0, "i lost password": 1, "i lost my old password": 1, "eye lost my password": 1, "": 4, "no no no no no no": 6} {
		sc := &scene{openingText: "", texts: []string{"I lost", "my password."}}
		said, wrong := misheard(sc, []told{{0, turn.Words{Text: "what"}}, {0, turn.Words{Text: heard, Final: true}}})
		if said != 4 || wrong != want {
			t.Errorf("%q: %d of %d words are wrong, want %d", heard, wrong, said, want)
		}
	}
}

// TestReallyHeard: words come when they had been heard, and computed, and an item that nobody hears is named.
func TestReallyHeard(t *testing.T) {
	st, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := st.put("a/1", "what does it cost", utterance(1, 4)); err != nil {
		t.Fatal(err)
	}
	it := Item{ID: "x", Lang: "en", Class: Finished, Voice: "a/1", Parts: []Part{{Say: "what does it cost", Text: "What does it cost?"}}, Asked: "Anything else?"}
	var frames int
	hears := stt.Func(func(_ context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
		return func(yield func(stt.Event, error) bool) {
			for range in {
				frames++
			}
			if o.Language != "en" || o.Phrases[0] != "Anything else?" {
				t.Errorf("it expects %+v", o)
			}
			if yield(stt.Event{Text: "what does", At: 2500 * time.Millisecond}, nil) {
				yield(stt.Event{Text: "what does it cost", Final: true, End: true, At: 4 * time.Second}, nil)
			}
		}
	})
	r := hear(t.Context(), st, &it, turn.Options{}, Options{Hearing: hears, Trace: true})
	if got := strings.Join(r.Trace, "\n"); frames != r.Frames || !strings.Contains(got, "2.560  heard        \"what does\"") || !strings.Contains(got, "4.060  heard") || r.Outcome != OneTurn || r.said != 4 || r.wrong != 0 {
		t.Errorf("%d frames, %s, %d of %d wrong\n%s", frames, r.Outcome, r.wrong, r.said, got)
	}
	deaf := stt.Func(func(context.Context, <-chan audio.Frame, stt.Options) iter.Seq2[stt.Event, error] {
		return func(yield func(stt.Event, error) bool) { yield(stt.Event{}, errors.New("deaf")) }
	})
	report := &Report{ears: ears{Heard: "nobody"}}
	report.score([]Result{hear(t.Context(), st, &it, turn.Options{}, Options{Hearing: deaf}), r})
	var b strings.Builder
	if report.Print(&b); report.Items != 1 || !strings.Contains(b.String(), "1 items were not heard: x: deaf") {
		t.Errorf("%s", b.String())
	}
}

// TestSettled: a guess is a verdict, and none that is settled.
func TestSettled(t *testing.T) {
	human := Item{Class: "human", Answer: true}
	guessed := answered{Verdict: answer.Verdict{Class: answer.Human, At: time.Second, Guess: true}, Decided: true, Settled: 3 * time.Second}
	guessed.Stands = guessed.Verdict
	never := guessed
	never.Settled = 0
	var a Answers
	a.add(&Result{Item: &human, Answer: guessed})
	a.add(&Result{Item: &human, Answer: never})
	if a.settle(); a.P50 != time.Second || a.SettledP50 != 3*time.Second || a.Humans != 2 {
		t.Errorf("%+v", a)
	}
}
