package turn

import (
	"testing"
	"time"
)

// likely is when the turn is probably over, counted from the end of the sound.
func likely(t *testing.T, sc *scene) time.Duration {
	t.Helper()
	at, ok := sc.d.Likely()
	if !ok {
		return -1
	}
	if end := sc.d.endAt(); at > end {
		t.Errorf("probably over at %s, and over at %s", at, end)
	}
	return at - sc.d.lastSpeech
}

// TestLikely: when an answer may be begun.
func TestLikely(t *testing.T) {
	const question = "could you tell me when the shop opens on a Sunday"
	for name, tc := range map[string]struct {
		play func(*scene)
		want time.Duration // after the sound; -1: not yet
	}{
		"silence":                           {func(sc *scene) { sc.quiet(time.Second) }, -1},
		"sound without words":               {func(sc *scene) { sc.speaks(time.Second).quiet(200 * ms) }, -1},
		"finished words, closed":            {func(sc *scene) { sc.speaks(4 * time.Second).quiet(100 * ms).final("That is all, thank you.") }, likelyAfter},
		"the same, later":                   {func(sc *scene) { sc.speaks(4 * time.Second).quiet(300 * ms).final("That is all, thank you.") }, 300 * ms},
		"finished words, of a partial":      {func(sc *scene) { sc.speaks(4 * time.Second).quiet(160 * ms).partial(question) }, likelyAfter},
		"more words may come":               {func(sc *scene) { sc.speaks(4 * time.Second).quiet(40 * ms).partial(question) }, likelyWords},
		"words that say nothing of it":      {func(sc *scene) { sc.speaks(4 * time.Second).quiet(200 * ms).partial("the red one we saw") }, 702 * ms},
		"half a sentence":                   {func(sc *scene) { sc.speaks(4 * time.Second).quiet(300 * ms).final("I would like to") }, -1},
		"let me see":                        {func(sc *scene) { sc.speaks(4 * time.Second).quiet(300 * ms).final("Let me see.") }, -1},
		"half a sentence, eagerly":          {func(sc *scene) { sc.speaks(time.Second).heard(Words{Text: "I would like to", Eager: true}) }, 0},
		"an eager end of words told":        {func(sc *scene) { sc.speaks(time.Second).partial("so").heard(Words{Text: "so", Eager: true}) }, 0},
		"an eager end that was none":        {func(sc *scene) { sc.speaks(time.Second).heard(Words{Text: "so", Eager: true}).partial("so I") }, -1},
		"the vendor's end, half a sentence": {func(sc *scene) { sc.speaks(time.Second).quiet(300 * ms).end("I would like to") }, 280 * ms},
		"sound goes on without words":       {func(sc *scene) { sc.speaks(2 * time.Second).final("That is all, thank you.").speaks(time.Second) }, likelyStale + likelyAfter - time.Second},
		"words without sound":               {func(sc *scene) { sc.final("That is all, thank you.") }, sceneBegins + likelyAfter},
		"the agent speaks": {func(sc *scene) {
			sc.d.Agent(Busy)
			sc.speaks(time.Second).quiet(200 * ms).final("That is all, thank you.")
		}, -1},
		"the agent insists": {func(sc *scene) {
			sc.d.Agent(Insists)
			sc.speaks(time.Second).quiet(200 * ms).final("That is all, thank you.")
		}, -1},
	} {
		sc := newScene(Options{})
		tc.play(sc)
		if got := likely(t, sc); got != tc.want {
			t.Errorf("%s: probably over after %s, want %s", name, got, tc.want)
		}
	}
}

// sceneBegins is the silence before anything happens.
const sceneBegins = time.Second

// TestLikelyEnds: once the turn is over, nothing is likely any more.
func TestLikelyEnds(t *testing.T) {
	sc := newScene(Options{})
	sc.speaks(2 * time.Second).quiet(100 * ms).final("That is all, thank you.")
	if got := sc.d.Said(); got != "That is all, thank you." {
		t.Errorf("said %q", got)
	}
	sc.quiet(time.Second)
	sc.want(t, TurnEnd)
	if _, ok := sc.d.Likely(); ok || sc.d.Said() != "" {
		t.Errorf("%q is likely over after its end", sc.d.Said())
	}
	sc.speaks(time.Second).heard(Words{Text: "and", Eager: true})
	if _, ok := sc.d.Likely(); !ok {
		t.Error("an eager end of the next turn is not heard")
	}
	sc.quiet(2 * time.Second)
	sc.speaks(time.Second).partial("but")
	if _, ok := sc.d.Likely(); ok {
		t.Error("the eager end of the turn before counts in the next")
	}
}

// TestLikelyBeforeTheEnd: whatever is said, and however it is dialled, what is probable comes before what is certain.
func TestLikelyBeforeTheEnd(t *testing.T) {
	for _, o := range []Options{{}, {EndpointingSensitivity: "sensitive"}, {EndpointingSensitivity: "relaxed"}, {Dynamic: true, DynamicMinWait: 0.2, DynamicMaxSilence: 3}, {Speed: 2}} {
		for _, text := range []string{"yes", "That is all.", "my number is 5 5 5", "the red one we saw", "I would like to", "could you tell me when the shop opens", "hm"} {
			for _, said := range []Words{{Text: text}, {Text: text, Final: true}, {Text: text, Final: true, End: true}, {Text: text, Eager: true}} {
				sc := newScene(o)
				sc.speaks(time.Second).quiet(100 * ms)
				begun := time.Duration(-1)
				sc.heard(said)
				for len(sc.signals) == 0 {
					if at, ok := sc.d.Likely(); ok && begun < 0 {
						begun = at
					}
					sc.quiet(20 * ms)
				}
				if begun > sc.at[0] {
					t.Errorf("%+v, %+v: probably over at %s, after the end at %s", o, said, begun, sc.at[0])
				}
			}
		}
	}
}
