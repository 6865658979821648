package turns

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/menu"
)

func TestOutcomeOfAMenu(t *testing.T) {
	for want, p := range map[string]pressed{
		rightKey:  {kind: menu.Press, key: "2", by: menu.ByModel, after: time.Second},
		tooEarly:  {kind: menu.Press, key: "2", by: menu.ByModel, after: -time.Second},
		wrongKey:  {kind: menu.Press, key: "3", by: menu.ByWords, after: time.Second},
		operator:  {kind: menu.Press, key: "0", by: menu.ByOperator, after: time.Second},
		noneAtAll: {kind: menu.Person},
	} {
		if got := p.outcome("2"); got != want {
			t.Errorf("%+v is %q, want %q", p, got, want)
		}
	}
	if got := (pressed{kind: menu.Press, key: "2", more: 1}).outcome("2"); got != wrongKey {
		t.Errorf("pressed twice: %q", got)
	}
	if got := (pressed{kind: menu.Press, key: "0", by: menu.ByOperator}).outcome("0"); got != rightKey {
		t.Errorf("the operator's is the right one: %q", got)
	}
}

// TestHearMenu: a menu is heard to its end, and then the key pressed that who is asked names; with nobody to ask the words choose.
func TestHearMenu(t *testing.T) {
	c, err := parse(`tuning | en | voice | a/1
		tuning | en | menu | For sales, press one. <0.5> For billing, press two. <0.5> For anything else, press nine. | a question about billing | 2`)
	if err != nil {
		t.Fatal(err)
	}
	st, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	it := c.items()[0]
	for i, p := range it.Parts {
		if err := st.put(it.Voice, p.Say, utterance(uint64(i), len(strings.Fields(p.Say)))); err != nil {
			t.Fatal(err)
		}
	}
	it.Noise, it.SNR = "", 0
	for seed := range uint64(5) {
		it.Seed = seed
		r := hear(t.Context(), st, &it, turn.Options{}, Options{Trace: true})
		if got := r.Way.asked; got.outcome("2") != rightKey || got.by != menu.ByModel || got.after > 5*time.Second {
			t.Errorf("seed %d, asked: %+v\n%s", seed, got, strings.Join(r.Trace, "\n"))
		}
		if got := r.Way.alone; got.outcome("2") != rightKey || got.by != menu.ByWords {
			t.Errorf("seed %d, alone: %+v", seed, got)
		}
		report := &Report{}
		report.score([]Result{r})
		var b strings.Builder
		report.Print(&b)
		if !strings.Contains(b.String(), "menus: 1") || report.Menus.P50 != r.Way.asked.after {
			t.Errorf("%s", b.String())
		}
	}
	for _, bad := range []string{"tuning | en | menu | For sales, press one.", "tuning | en | menu | For sales, press one. | sales"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
