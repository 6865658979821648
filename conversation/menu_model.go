package conversation

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/turn/menu"
)

const (
	wayWait   = 8 * time.Second // for the model: a menu waits no longer
	wayPlaces = 12              // announcements that it reads, the newest
	wayText   = 800             // bytes of each: their end
)

// theWay is what the model reads before what was read out.
const theWay = "You have placed this call, and an automatic telephone system has answered. Find the way to a person who can serve the purpose that your instructions state. " +
	"You are given what was read out and what you did so far, as a speech recogniser wrote it, and choose what to do about the newest announcement by calling exactly one tool. " +
	"Prefer the choice that serves the purpose; else the one for an operator, an agent or anything else; do not repeat what led nowhere. Wait where nothing is asked for, while you are on hold, and where staying on the line reaches a person. " +
	"Enter or say only what your instructions contain: invent no number, name or date."

// A wayTool is one thing that it can choose.
type wayTool struct {
	kind menu.Kind
	llm.Tool
}

var wayTools = []wayTool{
	{menu.Press, chooseBy("press_keys", "Press keys of the telephone.", `"keys":{"type":"string","pattern":"^[0-9*#]{1,32}$"},`, `"keys",`)},
	{menu.Say, chooseBy("say_words", "Say a few words to the machine, where it asks for words.", `"words":{"type":"string","minLength":1,"maxLength":200},`, `"words",`)},
	{menu.Wait, chooseBy("listen_on", "Do nothing and listen on.", "", "")},
	{menu.Person, chooseBy("person_talks", "The newest words are not read out: a person has said them and waits for you.", "", "")},
	{menu.Record, chooseBy("mailbox_answers", "It is a voicemail, and a message may be left.", "", "")},
	{menu.Leave, chooseBy("nothing_serves", "No choice here can serve the purpose.", "", "")},
}

func chooseBy(name, description, properties, required string) llm.Tool {
	return llm.Tool{Name: name, Description: description, Schema: json.RawMessage(`{"type":"object","properties":{` + properties +
		`"why":{"type":"string","description":"in a few words"}},"required":[` + strings.TrimSuffix(required, ",") + `]}`)}
}

// askWay asks the model what to do about an announcement.
func (c *loop) askWay(ctx context.Context, s menu.Step) {
	f := c.state.who.finder
	f.unask()
	asking, unask := context.WithTimeout(ctx, wayWait)
	f.unask = unask
	messages := append(c.prompt(nil), llm.Message{Role: llm.System, Text: theWay}, llm.Message{Role: llm.User, Text: wayOf(f.Path(), s.Place)})
	c.wg.Go(func() {
		defer unask()
		g := way{ask: s.Ask}
		if c.Think != nil {
			g.choice, g.usage = chooseWay(asking, &c.Setup, messages)
		}
		select {
		case f.ways <- g:
		case <-ctx.Done():
		}
	})
}

// chooseWay gives the model's choice; None where it makes none in time.
func chooseWay(ctx context.Context, s *Setup, messages []llm.Message) (choice menu.Choice, u llm.Usage) {
	r := s.Thinking.request(messages)
	for _, t := range wayTools {
		r.Tools = append(r.Tools, t.Tool)
	}
	var text strings.Builder
	for d, err := range s.Think.Chat(ctx, r) {
		if err != nil || ctx.Err() != nil {
			return menu.Choice{}, u
		}
		text.WriteString(d.Text)
		if d.Call != nil && choice.Kind == menu.None {
			choice = wayCalled(d.Call)
		}
		if d.Usage != nil {
			u.In += d.Usage.In
			u.Out += d.Usage.Out
		}
	}
	if choice.Kind == menu.None {
		choice = wayWritten(text.String())
	}
	return choice, u
}

// wayCalled is the choice that a tool's call is; None: it does not fit.
func wayCalled(call *llm.Call) menu.Choice {
	at := slices.IndexFunc(wayTools, func(t wayTool) bool { return t.Name == call.Name })
	args := call.Args
	if len(strings.TrimSpace(string(args))) == 0 {
		args = json.RawMessage("{}")
	}
	if at < 0 || fits(args, wayTools[at].Schema) != nil {
		return menu.Choice{}
	}
	var a struct{ Keys, Words, Why string }
	if json.Unmarshal(args, &a) != nil || wayTools[at].kind == menu.Say && !speakable(a.Words) {
		return menu.Choice{}
	}
	return menu.Choice{Kind: wayTools[at].kind, Text: a.Keys + a.Words, Why: a.Why}
}

// keysAlone is a model's answer that is nothing but keys.
var keysAlone = regexp.MustCompile(`^(?i:press )?["'` + "`" + `]?([0-9*#]{1,32})["'` + "`" + `]?\.?$`)

// wayWritten is the choice of a model that writes it instead of calling a tool.
func wayWritten(text string) menu.Choice {
	if m := keysAlone.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		return menu.Choice{Kind: menu.Press, Text: m[1]}
	}
	return menu.Choice{}
}

// wayChosen takes the model's choice.
func (c *loop) wayChosen(ctx context.Context, g way) {
	w := c.state.who
	c.History.Usage.TokensIn += g.usage.In
	c.History.Usage.TokensOut += g.usage.Out
	if w.navigates() {
		c.step(ctx, w.finder.Answer(g.ask, g.choice), c.clock.now())
	}
}

// wayOf writes down what was read out and done, for the model.
func wayOf(path []*menu.Place, now *menu.Place) string {
	var b strings.Builder
	for i, p := range path {
		if p == now && p.Times == 1 || i < len(path)-wayPlaces && p != now {
			continue
		}
		fmt.Fprintf(&b, "Announcement %d: %q\n", p.N, endOf(p.Text))
		for _, m := range p.Choices {
			b.WriteString("  There you " + didOf(m.Choice) + ledOf(m, p) + "\n")
		}
	}
	if now.Times > 1 {
		fmt.Fprintf(&b, "Newest: announcement %d, for the %d. time.", now.N, now.Times)
	} else {
		fmt.Fprintf(&b, "Newest: %q", endOf(now.Text))
	}
	return b.String()
}

func didOf(c menu.Choice) string {
	switch c.Kind {
	case menu.Press:
		return "pressed " + c.Text
	case menu.Say:
		return fmt.Sprintf("said %q", c.Text)
	}
	return "waited"
}

func ledOf(m *menu.Made, from *menu.Place) string {
	switch m.Led {
	case nil:
		return "."
	case from:
		return ", and it was read out once more."
	}
	return fmt.Sprintf(", and announcement %d followed.", m.Led.N)
}

// endOf is the last of a long text.
func endOf(text string) string {
	if len(text) > wayText {
		text = "…" + strings.ToValidUTF8(text[len(text)-wayText:], "")
	}
	return text
}
