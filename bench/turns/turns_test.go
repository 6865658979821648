package turns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/testdata/speech"
)

func TestLabels(t *testing.T) {
	c, err := parse(speech.Labels, speech.Former, speech.HeldOut)
	if err != nil {
		t.Fatal(err)
	}
	items := c.items()
	names := map[string]bool{}
	voices, words := map[string]Split{}, map[string]Split{}
	humans := map[Split]int{}
	for i := range items {
		it := &items[i]
		if names[it.ID] {
			t.Errorf("two items are called %s", it.ID)
		}
		names[it.ID] = true
		if it.Answer && it.Class == "human" {
			humans[it.Split]++
		}
		for _, p := range it.Parts {
			if p.Sound != "" {
				if _, err := soundOf(p.Sound, 1); err != nil {
					t.Errorf("%s: %v", it.ID, err)
				}
			}
			if p.Say == "" {
				continue
			}
			if other := voices[it.Voice]; other != "" && other != it.Split {
				t.Errorf("%s is said by %s, which is one of %s", it.ID, it.Voice, other)
			}
			voices[it.Voice] = it.Split
			if said := words[it.Lang+bare(p.Say)]; said != "" && said != it.Split && len(it.Parts) == 1 && len(strings.Fields(p.Say)) > 3 {
				t.Errorf("%s says what a line of %s does", it.ID, said)
			}
			words[it.Lang+bare(p.Say)] = it.Split
		}
	}
	for _, s := range []Split{Validation, Former, HeldOut} {
		if humans[s] < 1000 {
			t.Errorf("%s has %d humans who answer", s, humans[s])
		}
	}
}

func TestLines(t *testing.T) {
	c, err := parse("# a\n\ntuning | en | voice | a/1 a/2\ntuning | en | answer/human*3 | Hello?\nvalidation | en | finished | Yes. | Is it?")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, l := range c.lines {
		got += fmt.Sprintln(l.name, l.split, l.class, l.answer, l.asked)
	}
	want := "t-en-answer-human-01 tuning human true \nt-en-answer-human-02 tuning human true \nt-en-answer-human-03 tuning human true \nv-en-finished-01 validation finished false Is it?\n"
	if got != want {
		t.Errorf("lines are\n%swant\n%s", got, want)
	}
	for _, bad := range []string{"held | en | finished | a", "tuning | en | a", "tuning | en | a*0 | b", "tuning | en | a*x | b", "tuning | en | a | <b>"} {
		if _, err := parse("\n" + bad); err == nil || !strings.Contains(err.Error(), "line 2: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestParts(t *testing.T) {
	got, err := parts("My number <0.5> is {eto=えと}<1> [cough] <0.2> so")
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{{"My number", "My number", "", 500 * time.Millisecond}, {"is", "is", "", 0}, {"eto", "えと", "", time.Second},
		{"", "", "cough", 200 * time.Millisecond}, {"so", "so", "", 0}}
	if len(got) != len(want) {
		t.Fatalf("%d parts, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("part %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	for _, bad := range []string{"a <b> c", "a <0.5", "[cough", "{a}", "{a", "<99>"} {
		if _, err := parts(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzParts(f *testing.F) {
	f.Add("My number <0.5> is {eto=えと}<1> [cough] <0.2> so")
	f.Add("{=}")
	f.Fuzz(func(t *testing.T, s string) { _, _ = parts(s) })
}

func TestDials(t *testing.T) {
	o, err := dialled([]string{"endpointing_sensitivity=relaxed", "conversation_speed=1.5", "enable_dynamic_turns=true", "interrupt_sensitivity=high", "min_volume=3"})
	if err != nil {
		t.Fatal(err)
	}
	if o.EndpointingSensitivity != "relaxed" || o.Speed != 1.5 || !o.Dynamic || o.DynamicMaxSilence != 3 || o.InterruptSensitivity != "high" || o.MinVolume != 3 {
		t.Errorf("dials are %+v", o)
	}
	for _, bad := range []string{"speed", "x=1", "conversation_speed=9", "endpointing_sensitivity=fast", "enable_dynamic_turns=perhaps"} {
		if _, err := dialled([]string{bad}); err == nil {
			t.Errorf("--set %s was taken", bad)
		}
	}
}

// The transcriber tells no word before it was said, and ends with all of them.
func TestScribe(t *testing.T) {
	it := Item{Lang: "en", Class: Unfinished, Seed: 5}
	sc := &scene{words: [][]Word{spread("my number is", time.Second), spread("four one five", time.Second)}, texts: []string{"my number is", "four one five"}}
	for i := range sc.words[1] {
		sc.words[1][i].Start += 2 * time.Second
		sc.words[1][i].End += 2 * time.Second
	}
	for seed := range uint64(50) {
		it.Seed = seed
		finals := ""
		var last time.Duration
		for _, h := range newScribe(&it).hear(&it, sc) {
			if h.at < last {
				t.Fatal("it goes back in time")
			}
			last = h.at
			if h.Final {
				finals += bare(h.Text) + "|"
			}
			if strings.Contains(h.Text, "five") && h.at < 3*time.Second+partialLeast {
				t.Errorf("seed %d: %q came at %v, before it can be known", seed, h.Text, h.at)
			}
		}
		if finals != "my number is|four one five|" {
			t.Errorf("seed %d: finals are %s", seed, finals)
		}
	}
}

// The same corpus gives the same decisions.
func TestRunAgain(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); errors.Is(err, exec.ErrNotFound) {
		t.Skip("this machine has no espeak-ng")
	}
	dir := t.TempDir()
	run := func() string {
		r, err := Run(context.Background(), Options{Splits: []Split{Tuning}, Only: []string{"t-en-backchannel-0"}, Cache: dir, Trace: true})
		if err != nil {
			t.Fatal(err)
		}
		r.Print(io.Discard)
		var b strings.Builder
		r.Explain(&b, true)
		return b.String()
	}
	if a, b := run(), run(); a != b || a == "" {
		t.Error("it was decided otherwise the second time")
	}
}
