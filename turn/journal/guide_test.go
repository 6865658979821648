package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/menu"
)

var announcements = []string{"thank you for calling acme for sales press one for billing press two for all other questions press nine",
	"for a copy of your last invoice press one for an open invoice press two to go back to the main menu press star", "please hold while we connect you",
	"good morning billing department how may I help", "to leave a message press one or to go back press two now", "that number is not valid", "hello?"}

// A way through menus at random: what is read out, and what is chosen.
func wander(r *rand.Rand, d *Detector, g *Guide, now time.Duration) {
	g.Begin(now)
	for range 40 {
		text := announcements[r.IntN(len(announcements))]
		from := now
		for i := range strings.Fields(text) {
			now += 300 * time.Millisecond
			g.Words(strings.Join(strings.Fields(text)[:i+1], " "), now)
		}
		s := g.Piece(menu.Piece{Text: text, Start: from, End: now, Waits: strings.Contains(text, "hold")})
		for range 200 {
			now += 20 * time.Millisecond
			at, ok := g.Due(from, false)
			if ok && at <= now {
				s = g.Tick(now, from, false)
			}
			if s.Kind == menu.Ask {
				now += 300 * time.Millisecond
				s = g.Answer(s.Ask, menu.Choice{Kind: menu.Kind(r.IntN(int(menu.Ask))), Text: "1", Why: "who knows"})
			}
		}
		switch r.IntN(8) {
		case 0:
			g.Pressed("4", now)
		case 1:
			g.Beep(now)
		case 2:
			g.Stop()
			g.Begin(now)
		case 3:
			d.Heard(turn.Words{Text: "yes", Final: true, End: true}, now)
		}
	}
}

// TestReplayOfAWay: what was decided on the way through menus is decided again, also by detectors with other dials.
func TestReplayOfAWay(t *testing.T) {
	kinds := map[string]bool{}
	for seed := range uint64(6) {
		var b bytes.Buffer
		w := NewWriter(&b)
		var was []Decision
		d := New(turn.Options{}, w, func(d Decision) { was = append(was, d) })
		now := time.Second
		d.Clock(func() time.Duration { return now })
		g := d.Guide(menu.Options{Purpose: "an open invoice"})
		r := rand.New(rand.NewPCG(seed, 5))
		wander(r, d, g, now)
		other := d.Guide(menu.Options{Language: "de", Speed: 2})
		wander(r, d, other, now)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, d := range was {
			if d.What == Menu {
				kinds[d.Class] = true
			}
		}
		again, err := Play(bytes.NewReader(b.Bytes()), &sides{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again.Decisions, was) {
			t.Errorf("seed %d: %d decisions, and %d were made", seed, len(again.Decisions), len(was))
		}
		would, err := WouldBe(bytes.NewReader(b.Bytes()), &sides{}, func(o *turn.Options) { o.Speed = 1.5 })
		if err != nil {
			t.Fatal(err)
		}
		ofMenus := func(all []Decision) []Decision {
			return slices.DeleteFunc(slices.Clone(all), func(d Decision) bool { return d.What != Menu })
		}
		if !reflect.DeepEqual(ofMenus(would.Decisions), ofMenus(was)) {
			t.Errorf("seed %d: with other dials another way", seed)
		}
	}
	for _, k := range []string{"press", "say", "wait", "person", "ask", "end", "voicemail"} {
		if !kinds[k] {
			t.Errorf("no decision was %q: %v", k, kinds)
		}
	}
}

// TestBrokenWay: records of no Guide are an error, not a panic.
func TestBrokenWay(t *testing.T) {
	for name, tell := range map[string]any{"nobody": guided{ID: 3, Do: doTick}, "no guided": []int{1}} {
		var b bytes.Buffer
		w := NewWriter(&b)
		New(turn.Options{}, w, nil)
		w.json(opMenu, 0, tell)
		w.Close()
		if _, err := Play(&b, &sides{}); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLongWay: an announcement too long for a record is not written, and the journal stays whole.
func TestLongWay(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	g := New(turn.Options{}, w, nil).Guide(menu.Options{})
	g.Words(strings.Repeat("x", 2*longText), time.Second)
	g.Begin(2 * time.Second)
	w.Close()
	if r, err := Play(&b, &sides{}); err != nil || r.Cut {
		t.Errorf("%v %+v", err, r)
	}
	g = New(turn.Options{}, nil, nil).Guide(menu.Options{})
	g.Begin(0)
	if !g.Active() {
		t.Error("without a writer it is no guide")
	}
}

// What was said, by either side, is in text and evidence alone: those are withheld of a private call.
func TestStepped(t *testing.T) {
	p := &menu.Place{N: 2, Text: "secret menu"}
	for _, s := range []menu.Step{
		{Choice: menu.Choice{Kind: menu.Press, Text: "secret", Why: "secret"}, By: menu.ByModel, Place: p},
		{Choice: menu.Choice{Kind: menu.Ask}, Place: p, Ask: 1},
		{Choice: menu.Choice{Kind: menu.Is, Why: "said secret"}, By: menu.ByWords, Class: "voicemail", Sure: 0.914, Place: p},
	} {
		d := stepped(s, time.Second)
		if d.What != Menu || d.At != 1000 || d.Class == "" || d.Menu != 2 {
			t.Errorf("%+v", d)
		}
		d.Text, d.Evidence = "", nil
		if b, _ := json.Marshal(d); strings.Contains(string(b), "secret") {
			t.Errorf("%s tells", b)
		}
	}
}
