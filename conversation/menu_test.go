package conversation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
	"github.com/parley-voice/parley/turn/menu"
)

// said is a model that gives deltas.
type said []llm.Delta

func (s said) Chat(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		for _, d := range s {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func called(name, args string) llm.Delta {
	return llm.Delta{Call: &llm.Call{ID: "1", Name: name, Args: json.RawMessage(args)}}
}

func TestWhatAModelChooses(t *testing.T) {
	for name, tc := range map[string]struct {
		says said
		want menu.Choice
	}{
		"keys":                {said{called("press_keys", `{"keys":"2#","why":"billing"}`)}, menu.Choice{Kind: menu.Press, Text: "2#", Why: "billing"}},
		"keys after thinking": {said{{Text: "Billing it is."}, called("press_keys", `{"keys":"2"}`)}, menu.Choice{Kind: menu.Press, Text: "2"}},
		"two":                 {said{called("press_keys", `{"keys":"2"}`), called("press_keys", `{"keys":"3"}`)}, menu.Choice{Kind: menu.Press, Text: "2"}},
		"no keys":             {said{called("press_keys", `{}`)}, menu.Choice{}},
		"a word as keys":      {said{called("press_keys", `{"keys":"two"}`)}, menu.Choice{}},
		"too many keys":       {said{called("press_keys", `{"keys":"`+strings.Repeat("1", 33)+`"}`)}, menu.Choice{}},
		"words":               {said{called("say_words", `{"words":"billing"}`)}, menu.Choice{Kind: menu.Say, Text: "billing"}},
		"unspeakable words":   {said{called("say_words", `{"words":"…"}`)}, menu.Choice{}},
		"too many words":      {said{called("say_words", `{"words":"`+strings.Repeat("a", 201)+`"}`)}, menu.Choice{}},
		"nothing to do":       {said{called("listen_on", ``)}, menu.Choice{Kind: menu.Wait}},
		"a person":            {said{called("person_talks", `{"why":"a name"}`)}, menu.Choice{Kind: menu.Person, Why: "a name"}},
		"voicemail":           {said{called("mailbox_answers", `{}`)}, menu.Choice{Kind: menu.Record}},
		"nothing":             {said{called("nothing_serves", `{"why":"closed"}`)}, menu.Choice{Kind: menu.Leave, Why: "closed"}},
		"another tool":        {said{called("end_conversation", `{}`)}, menu.Choice{}},
		"keys in words":       {said{{Text: "Press "}, {Text: "2."}}, menu.Choice{Kind: menu.Press, Text: "2"}},
		"bare keys":           {said{{Text: "`12#`"}}, menu.Choice{Kind: menu.Press, Text: "12#"}},
		"just words":          {said{{Text: "I would press 2, since it is about a bill."}}, menu.Choice{}},
		"nothing at all":      {said{}, menu.Choice{}},
	} {
		got, _ := chooseWay(t.Context(), &Setup{Think: tc.says}, nil)
		if got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
	usage := &Setup{Think: said{{Usage: &llm.Usage{In: 7, Out: 2}}, {Usage: &llm.Usage{In: 1, Out: 1}}}}
	if _, u := chooseWay(t.Context(), usage, nil); u.In != 8 || u.Out != 3 {
		t.Errorf("it cost %+v", u)
	}
}

// fallen is a model that fails.
type fallen struct{}

func (fallen) Chat(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		_ = yield(called("press_keys", `{"keys":"1"}`), nil) && yield(llm.Delta{}, errors.New("gone"))
	}
}

func TestAModelThatFailsChoosesNothing(t *testing.T) {
	if got, _ := chooseWay(t.Context(), &Setup{Think: fallen{}}, nil); got.Kind != menu.None {
		t.Errorf("%+v", got)
	}
}

// TestToolsOfTheWay: every choice that a model has is a tool of its own, whose schema is one.
func TestToolsOfTheWay(t *testing.T) {
	names := map[string]bool{}
	for _, w := range wayTools {
		if names[w.Name] || w.Description == "" || compile(w.Schema) == nil {
			t.Errorf("%q: %s", w.Name, w.Schema)
		}
		names[w.Name] = true
	}
	if len(names) != int(menu.Leave) {
		t.Errorf("%d tools", len(names))
	}
}

func TestWhatAModelReadsOfTheWay(t *testing.T) {
	g := menu.New(menu.Options{})
	g.Begin(0)
	now := time.Duration(0)
	read := func(text string, c menu.Choice) (place *menu.Place) {
		g.Piece(menu.Piece{Text: text, Start: now + time.Second, End: now + 2*time.Second})
		now += 10 * time.Second
		s := g.Tick(now, 0, false)
		place = s.Place
		if s.Kind == menu.Ask && c.Kind != menu.None {
			g.Answer(s.Ask, c)
			g.Tick(now, 0, false)
		}
		return place
	}
	first := "for sales press one for billing press two " + strings.Repeat("and so on ", 200)
	read(first, menu.Choice{Kind: menu.Press, Text: "2"})
	read("say what your bill is about in a few words", menu.Choice{Kind: menu.Say, Text: "the last one"})
	for i := range wayPlaces {
		read(fmt.Sprintf("press 1%[1]d for 2%[1]d or 3%[1]d for 4%[1]d", i), menu.Choice{Kind: menu.Wait})
	}
	got := wayOf(g.Path(), read("say what your bill is about in a few words", menu.Choice{}))
	for _, want := range []string{"Announcement 2: \"say what your bill is about in a few words\"\n  There you said \"the last one\", and announcement 3 followed.\n", "There you waited, and announcement 5 followed.\n",
		"Newest: announcement 2, for the 2. time."} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "and so on") {
		t.Errorf("the oldest is in\n%s", got)
	}
	got = wayOf(g.Path()[:1], g.Path()[0])
	if !strings.HasPrefix(got, "Newest: \"…") || len(got) > wayText+50 {
		t.Errorf("%d bytes: %.60s", len(got), got)
	}
}

// TestOnTheWayNothingIsAllocated: a frame on hold costs nothing.
func TestOnTheWayNothingIsAllocated(t *testing.T) {
	voice := babble.New(11)
	sound := frames(time.Second, voice.Fill)
	c := newLoop(idleLeg{}, Setup{CallID: "call", Callee: &Callee{Navigate: true}})
	ctx, now := context.Background(), time.Duration(0)
	c.navigate(ctx, 0)
	n := testing.AllocsPerRun(100, func() {
		now += audio.FrameDur
		c.calleeSound(ctx, &sound[int(now/audio.FrameDur)%25], now)
		c.nextDue(now)
	})
	if n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// TestAQuestionThatIsForgotten: whoever is asked when the call ends is waited for, and does not hold it up.
func TestAQuestionThatIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := newLoop(idleLeg{}, Setup{CallID: "call", Callee: &Callee{Navigate: true}, Think: said{called("listen_on", "{}")}})
		c.askWay(ctx, menu.Step{Place: &menu.Place{N: 1, Text: "press one", Times: 1}, Ask: 1})
		c.askWay(ctx, menu.Step{Place: &menu.Place{N: 1, Text: "press two", Times: 1}, Ask: 2})
		synctest.Wait()
		cancel()
		c.wg.Wait()
	})
}

func TestNobodyToAskNavigatesNowhere(t *testing.T) {
	var w *callee
	if w.navigates() || w.ways() != nil || newCallee(&Setup{Callee: &Callee{}}, journal.New(turn.Options{}, nil, nil)).ways() != nil {
		t.Error("a way is looked for")
	}
	w.pressed("1", 0)
}
