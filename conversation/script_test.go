package conversation

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/collect"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

var update = flag.Bool("update", false, "write what came out into the call scripts")

const line = "----------\n"

// TestCalls plays every script of testdata/calls in virtual time and compares what came out. testdata/calls/README.md has
// the language.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/calls/*.txt")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			script, want, _ := strings.Cut(string(b), line)
			got := playScript(t, script)
			if *update {
				if err := os.WriteFile(f, []byte(script+line+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func playScript(t *testing.T, script string) string {
	var out string
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t)
		var late []string
		sc := bufio.NewScanner(strings.NewReader(script))
		for sc.Scan() {
			l := strings.TrimSpace(sc.Text())
			if l == "" || l[0] == '#' {
				continue
			}
			if l[0] >= '0' && l[0] <= '9' {
				late = append(late, l)
				continue
			}
			p.prepare(split(l))
		}
		out = p.run(late)
	})
	return out
}

// split cuts a line at spaces, but not within "…" or {…}.
func split(l string) (words []string) {
	for l = strings.TrimSpace(l); l != ""; l = strings.TrimSpace(l) {
		switch l[0] {
		case '"':
			q, err := strconv.QuotedPrefix(l)
			if err != nil {
				panic(l)
			}
			l = l[len(q):]
			q, _ = strconv.Unquote(q)
			words = append(words, q)
		case '{':
			var raw json.RawMessage
			d := json.NewDecoder(strings.NewReader(l))
			if err := d.Decode(&raw); err != nil {
				panic(l)
			}
			words = append(words, string(raw))
			l = l[d.InputOffset():]
		default:
			w, rest, _ := strings.Cut(l, " ")
			words, l = append(words, w), rest
		}
	}
	return words
}

// A play is one scripted call.
type play struct {
	t     *testing.T
	setup Setup
	model *scripted
	voice *voice
	ears  chan stt.Event
	fail  chan error
	phone *legtest.Phone
	ctrl  chan Command
	stop  context.CancelFunc
	wire  context.Context // done when the call is over
	limit leg.Limits
	wait  time.Duration // of the transcriber after speech
	bare  bool          // its finals come without an end event
	hedge time.Duration // of the model that somebody stands behind
	tape  *tape
	shown bool // decisions are shown
	words bool // and the agent's words as they are heard
	mu    sync.Mutex
	lines []lineAt
	out   strings.Builder
	began time.Time
}

// A lineAt is something that happened. Of what several goroutines do at one moment no order is promised: it is written down
// by rank.
type lineAt struct {
	at   time.Duration
	rank int
	text string
}

// ranks of those that write beside Run.
var ranks = map[string]int{"action_start": 1, "event_action": 1, "warning": 1, "knowledge": 1, "model": 2, "voice": 3, "judge": 4}

func newPlay(t *testing.T) *play {
	p := &play{t: t, ears: make(chan stt.Event, 64), fail: make(chan error, 1), ctrl: make(chan Command, 16), wait: 300 * time.Millisecond}
	p.model = &scripted{p: p}
	p.voice = &voice{p: p, first: 150 * time.Millisecond, word: 200 * time.Millisecond}
	p.setup = Setup{CallID: "call", Prompt: "be kind", Hear: p, Think: p.model, Speak: p.voice, Log: p, Control: p.ctrl, Keeping: Keeping{Discretion: &Discretion{}}}
	p.setup.Turns.EndpointingSensitivity = "sensitive"
	return p
}

func dur(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

func number(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return f
}

// prepare reads what stands before the timeline.
func (p *play) prepare(w []string) {
	s := &p.setup
	switch w[0] {
	case "greeting":
		s.Greeting = w[1]
		if len(w) > 2 {
			s.GreetingDelay = dur(w[2])
		}
	case "endpointing":
		s.Turns.EndpointingSensitivity = w[1]
	case "interrupt":
		s.Turns.InterruptSensitivity = w[1]
	case "dynamic":
		s.Turns.Dynamic, s.Turns.DynamicMinWait, s.Turns.DynamicMaxSilence = true, number(w[1]), number(w[2])
	case "speed":
		s.Turns.Speed = number(w[1])
	case "language":
		s.Turns.Language, s.Hearing.Language, s.Speaking.Language = w[1], w[1], w[1]
	case "apology":
		s.Apology = w[1]
	case "idle":
		s.Idle = Idle{Ask: true, After: dur(w[1]), AfterInteraction: dur(w[2]), MaxInARow: int(number(w[3])), MaxInCall: int(number(w[4]))}
	case "transcriber":
		p.wait, p.bare = dur(w[1]), len(w) > 2 && w[2] == "bare"
	case "voice":
		p.voice.first, p.voice.word = dur(w[1]), dur(w[2])
		if len(w) > 3 {
			p.voice.fails = int(number(w[3]))
		}
	case "hedge":
		p.hedge = dur(w[1])
	case "behind":
		p.behind(w[1], w[2:])
	case "limit":
		p.limit.MaxDuration = dur(w[1])
	case "callee":
		s.Callee = calleeOf(w[1:])
	case "decisions":
		p.shown = true
	case "words":
		p.words = true
	case "early":
		s.Thinking.Early = true
	case "knowledge":
		s.Thinking.Knowledge = newDocuments(w[1:])
	case "untransferred":
		s.Untransferred = true
	case "tool":
		s.Actions = append(s.Actions, newTool(w[1:]))
	case "reflex":
		x, rest := Reflex{On: Happening(w[1])}, w[2:]
		switch x.On {
		case PhraseSaid:
			x.Who, x.Phrase, rest = parley.Who(rest[0]), rest[1], rest[2:]
		case KeyPressed:
			x.Phrase, rest = rest[0], rest[1:]
		case TimeElapsed:
			x.After, rest = dur(rest[0]), rest[1:]
		}
		x.Action = newTool(rest)
		s.Reflexes = append(s.Reflexes, x)
	case "collect":
		fields, bad := collect.ReadSkill(json.RawMessage(`{"fields":[` + strings.Join(w[1:], ",") + `]}`))
		if len(bad) > 0 {
			p.t.Fatal(bad)
		}
		s.Collect = Collect{Fields: fields, Near: "+15559870000"}
	case "disclosure":
		s.Guard.Disclosure = w[1]
	case "never-say":
		s.Guard.NeverSay = w[1:]
	case "topics":
		s.Guard.Topics = w[1:]
	case "judge":
		p.model.judge.answers = append(p.model.judge.answers, w[1:])
	case "max-cost": // a second of hearing costs 1
		s.Guard.MaxCost, s.Guard.Cost = number(w[1]), func(u Usage) float64 { return u.STT.Seconds() }
	case "end_conversation":
		a, err := action.New(parley.Action{ID: "a-end", Type: "action_end_conversation", Config: json.RawMessage("{}")}, action.Site{})
		if err != nil {
			p.t.Fatal(err)
		}
		s.Actions = append(s.Actions, a)
	case "model":
		p.model.answers = append(p.model.answers, w[1:])
	default:
		p.t.Fatalf("unknown line %q", w)
	}
}

func (p *play) run(timeline []string) string {
	ctx, cancel := context.WithCancel(p.t.Context())
	defer cancel()
	p.stop = cancel
	var l leg.Leg
	wire, unplug := context.WithCancel(context.Background())
	defer unplug()
	p.wire = wire
	p.phone, l = legtest.PipeLimits(wire, p.limit)
	p.began = time.Now()
	go func() {
		for _, step := range timeline {
			w := split(step)
			if !sleep(wire, time.Until(p.began.Add(dur(w[0])+7*time.Millisecond))) { // never together with a frame
				return
			}
			p.step(w[1:])
		}
	}()
	p.setup.History = &History{}
	p.tape = newTape(p.t, l)
	p.setup.Journal = p.tape.journal
	res, err := Run(ctx, later{p.tape, p.began}, p.setup)
	end := time.Since(p.began)
	unplug()
	synctest.Wait()
	p.tape.free(p.t, p.tape.check(p.t))
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(p.lines, func(a, b lineAt) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank)) })
	for _, l := range p.lines {
		p.out.WriteString(l.text + "\n")
	}
	p.ear()
	for _, t := range p.setup.History.Turns {
		cut := ""
		if t.Interrupted {
			cut = " (cut)"
		}
		fmt.Fprintf(&p.out, "%s–%s %s: %s%s\n", clockOf(t.Start), clockOf(t.End), t.Who, t.Text, cut)
	}
	if d := p.phone.Digits(); d != "" {
		fmt.Fprintf(&p.out, "digits sent: %s\n", d)
	}
	if e := p.setup.History.Usage.Early; e != (Early{}) {
		fmt.Fprintf(&p.out, "begun early: %d used, %d discarded: %d tokens in, %d out, %d characters\n", e.Used, e.Discarded, e.TokensIn, e.TokensOut, e.TTSCharacters)
	}
	fmt.Fprintf(&p.out, "%s outcome: %s", clockOf(end), res.Cause)
	if res.Transfer != nil {
		fmt.Fprintf(&p.out, " to %s", res.Transfer.To)
	}
	if res.Detail != "" {
		fmt.Fprintf(&p.out, " (%s)", res.Detail)
	}
	if err != nil {
		fmt.Fprintf(&p.out, " error: %v", err)
	}
	return p.out.String() + "\n"
}

// later gives what happens on the wire a millisecond after it, so that what the conversation does about it and the next
// step of the wire are never at one moment.
type later struct {
	leg.Leg
	began time.Time
}

func (l later) Read(ctx context.Context) (leg.Event, error) {
	e, err := l.Leg.Read(ctx)
	if time.Since(l.began)%audio.FrameDur == 0 {
		time.Sleep(time.Millisecond)
	}
	return e, err
}

// ear writes when sound was heard: stretches without a gap longer than two frames.
func (p *play) ear() {
	var from, to time.Duration = -1, -1
	put := func() {
		if from >= 0 {
			fmt.Fprintf(&p.out, "sound %s–%s\n", clockOf(from), clockOf(to))
		}
	}
	for _, h := range p.phone.Heard() {
		if h.At > to+40*time.Millisecond {
			put()
			from = h.At
		}
		to = h.At + audio.FrameDur
	}
	put()
}

func clockOf(d time.Duration) string {
	return fmt.Sprintf("%.2f", d.Round(10*time.Millisecond).Seconds())
}

// step is one line of the timeline.
func (p *play) step(w []string) {
	switch w[0] {
	case "speaks": // speaks 1.5s "words": sound, partials as it goes, a final after it
		p.speak(dur(w[1]), w[2])
	case "talks":
		p.talk(dur(w[1]), w[2])
	case "beeps":
		p.phone.Say(beep(number(w[1]), dur(w[2]))...)
	case "music":
		p.phone.Say(music(dur(w[1]))...)
	case "sounds":
		p.phone.SayTone(300, dur(w[1]))
	case "partial", "final", "end", "over":
		give(p.wire, p.ears, stt.Event{Text: w[1], Final: w[0] != "partial", End: w[0] == "end" || w[0] == "over", Semantic: w[0] == "over"})
	case "eager":
		give(p.wire, p.ears, stt.Event{Text: w[1], Eager: true})
	case "presses":
		p.phone.Press(w[1])
	case "hangs-up":
		p.phone.Hangup()
	case "vanishes":
		p.phone.Vanish()
	case "hold":
		p.phone.Hold()
	case "back":
		p.phone.Resume()
	case "lost":
		give(p.wire, p.ears, stt.Event{Lost: true})
	case "refused":
		give(p.wire, p.fail, error(&parley.VendorError{Vendor: "first", Code: parley.VendorUnauthorized, Message: w[1]}))
	case "deaf":
		give(p.wire, p.fail, errors.New(w[1]))
	case "cancel":
		p.stop()
	case "say":
		give(p.wire, p.ctrl, Command{Kind: Say, Text: w[1]})
	case "context":
		give(p.wire, p.ctrl, Command{Kind: AddContext, Text: w[1]})
	case "carrier":
		p.phone.Detect(map[string]leg.Answerer{"human": leg.HumanAnswered, "machine": leg.MachineAnswered, "fax": leg.FaxAnswered}[w[1]])
	case "press":
		give(p.wire, p.ctrl, Command{Kind: Press, Text: w[1]})
	case "mute":
		give(p.wire, p.ctrl, Command{Kind: Mute})
	case "unmute":
		give(p.wire, p.ctrl, Command{Kind: Unmute})
	case "transfer":
		give(p.wire, p.ctrl, Command{Kind: Transfer, Text: w[1]})
	case "tell":
		give(p.wire, p.ctrl, Command{Kind: Tell, Text: w[1]})
	case "whisper":
		give(p.wire, p.ctrl, Command{Kind: Whisper, Text: w[1], Now: len(w) > 2})
	case "yield":
		give(p.wire, p.ctrl, Command{Kind: Yield, Text: w[1]})
	case "pause-recording":
		p.setup.Discretion.Begin()
		p.print("recording_paused", nil)
	case "resume-recording":
		if p.setup.Discretion.End() {
			p.t.Error("the conversation was not asked")
		}
	case "end-call":
		give(p.wire, p.ctrl, Command{Kind: End})
	default:
		panic(w[0])
	}
}

// give sends unless the call is over.
func give[T any](ctx context.Context, to chan<- T, v T) {
	select {
	case to <- v:
	case <-ctx.Done():
	}
}

func (p *play) speak(d time.Duration, text string) {
	p.phone.SayTone(300, d)
	p.understand(d, text)
}

// understand gives partials as it goes, and a final.
func (p *play) understand(d time.Duration, text string) {
	words := strings.Fields(text)
	go func() {
		for i := 1; i < len(words); i++ {
			if !sleep(p.wire, d/time.Duration(len(words))) {
				return
			}
			give(p.wire, p.ears, stt.Event{Text: strings.Join(words[:i], " ")})
		}
		if !sleep(p.wire, d/time.Duration(len(words))+p.wait) {
			return
		}
		give(p.wire, p.ears, stt.Event{Text: text, Final: true, End: !p.bare})
	}()
}

// Transcribe hears nothing by itself: the script says what is understood.
func (p *play) Transcribe(ctx context.Context, in <-chan audio.Frame, _ stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		for {
			select {
			case e := <-p.ears:
				if !yield(e, nil) {
					return
				}
			case err := <-p.fail:
				if err.Error() != "" {
					yield(stt.Event{}, err)
				}
				return
			case <-in:
			case <-ctx.Done():
				return
			}
		}
	}
}

// behind puts another vendor behind the one of the script: transcriber, model 200ms "text" …, voice 150ms 200ms.
func (p *play) behind(skill string, w []string) {
	s, own := &p.setup, func(vendor string) string { return p.t.Name() + skill + vendor }
	switch skill {
	case "transcriber":
		s.Hear = stt.Fallback(stt.Vendor{Name: "first", Breaker: own("1"), Transcriber: p}, stt.Vendor{Name: "second", Breaker: own("2"), Transcriber: p})
	case "model":
		s.Think = llm.Fallback(llm.Vendor{Name: "first", Breaker: own("1"), Hedge: p.hedge, Model: p.model},
			llm.Vendor{Name: "second", Breaker: own("2"), Model: &scripted{p: p, answers: [][]string{w}}})
	case "voice":
		s.Speak = tts.Fallback(tts.Vendor{Name: "first", Breaker: own("1"), Synthesizer: p.voice},
			tts.Vendor{Name: "second", Breaker: own("2"), Synthesizer: &voice{p: p, first: dur(w[0]), word: dur(w[1])}})
	default:
		p.t.Fatalf("nobody is behind a %q", skill)
	}
}

// Append writes an event down as the script shows it.
func (p *play) Append(e parley.Event) {
	var m map[string]any
	if err := json.Unmarshal(e.Payload, &m); err != nil {
		panic(err)
	}
	if e.Withheld && e.Type != parley.EventDecision && (e.Type != parley.EventPartial || m["sender"] != "bot" || p.words) {
		p.print(string(e.Type), map[string]any{"withheld": true})
		return
	}
	if e.Type == parley.EventDecision {
		p.tape.decided(e.Payload)
		if !p.shown {
			return
		}
		delete(m, "at_ms")
		delete(m, "dials")
	}
	if e.Type == parley.EventPartial {
		if m["sender"] == "bot" {
			if p.words {
				p.print("heard", map[string]any{"text": m["text"]})
			}
			return
		}
		delete(m, "sender")
	}
	for _, k := range []string{"timestamp", "turn_id", "sender", "ms", "document_id", "speech_end_ms", "words_at_ms", "action_id", "event_type"} {
		if e.Type != parley.EventMessage && k == "sender" {
			continue
		}
		if k == "sender" {
			m["who"] = m[k]
		}
		delete(m, k)
	}
	if e.Type == parley.EventMessage && m["interrupted"] == false {
		delete(m, "interrupted")
	}
	p.print(string(e.Type), m)
}

func (p *play) print(what string, m map[string]any) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	p.mu.Lock()
	defer p.mu.Unlock()
	at := time.Since(p.began)
	text := clockOf(at) + " " + what
	for _, k := range keys {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m[k]); err != nil {
			panic(err)
		}
		text += fmt.Sprintf(" %s=%s", k, strings.TrimSpace(b.String()))
	}
	p.lines = append(p.lines, lineAt{at, ranks[what], text})
}

// scripted is a model that answers request after request as the script says, the last answer again and again.
type scripted struct {
	p       *play
	answers [][]string
	n       int
	judge   judging // of what may be talked about
}

// judging are the model's answers to whether something may be talked about.
type judging struct {
	answers [][]string
	n       int
}

func (s *scripted) Chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if rest, ok := strings.CutPrefix(r.Messages[0].Text, mayTalk); ok {
			s.p.print("judge", map[string]any{"topics": rest, "asked": r.Messages[1].Text})
			a := s.judge.answers[min(s.judge.n, len(s.judge.answers)-1)]
			s.judge.n++
			s.answer(ctx, a, yield)
			return
		}
		var asked []any
		for _, m := range r.Messages {
			text := string(m.Role) + ": " + strings.ReplaceAll(m.Text, theWay, "(the way)")
			for _, c := range m.Calls {
				text += " [" + c.Name + string(c.Args) + "]"
			}
			asked = append(asked, text)
		}
		s.p.print("model", map[string]any{"asked": asked, "tools": len(r.Tools)})
		if len(s.answers) == 0 {
			return
		}
		a := s.answers[min(s.n, len(s.answers)-1)]
		s.n++
		s.answer(ctx, a, yield)
	}
}

// answer: 200ms "text" tool name {args} fail "why" 50ms … one after the other. Text comes a word at a time, 10 ms apart.
func (s *scripted) answer(ctx context.Context, a []string, yield func(llm.Delta, error) bool) {
	for i := 0; i < len(a); i++ {
		switch {
		case a[i] == "tool":
			c := &llm.Call{ID: fmt.Sprintf("c%d.%d", s.n, i), Name: a[i+1], Args: json.RawMessage(a[i+2])}
			if !yield(llm.Delta{Call: c}, nil) {
				return
			}
			i += 2
		case a[i] == "fail":
			yield(llm.Delta{}, errors.New(a[i+1]))
			return
		case a[i] == "hang":
			<-ctx.Done()
			yield(llm.Delta{}, ctx.Err())
			return
		case isTime(a[i]):
			if !sleep(ctx, dur(a[i])+3*time.Millisecond) {
				yield(llm.Delta{}, ctx.Err())
				return
			}
		default:
			for j, w := range strings.SplitAfter(a[i], " ") {
				if j > 0 && !sleep(ctx, 10*time.Millisecond) {
					yield(llm.Delta{}, ctx.Err())
					return
				}
				if !yield(llm.Delta{Text: w}, nil) {
					return
				}
			}
		}
	}
	yield(llm.Delta{Usage: &llm.Usage{In: 10, Out: 5}}, nil)
}

func isTime(s string) bool { _, err := time.ParseDuration(s); return err == nil }

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// voice speaks a tone of so long a word, the first after a while. Each piece is logged as it comes.
type voice struct {
	p           *play
	first, word time.Duration
	fails       int           // so many streams fail; -1: all; -2: hang
	lead        time.Duration // of silence, with which its sound begins
}

func (v *voice) Speak(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		for first := true; ; {
			var piece string
			var ok bool
			select {
			case piece, ok = <-text:
			case <-ctx.Done():
				yield(tts.Chunk{}, ctx.Err())
				return
			}
			if !ok {
				return
			}
			v.p.print("voice", map[string]any{"piece": piece})
			if v.fails == -2 {
				<-ctx.Done()
				return
			}
			if v.fails != 0 {
				v.fails = max(v.fails-1, -1)
				yield(tts.Chunk{}, errors.New("no voice"))
				return
			}
			if first && !sleep(ctx, v.first+2*time.Millisecond) {
				yield(tts.Chunk{}, ctx.Err())
				return
			}
			for quiet := v.lead; first && quiet > 0; quiet -= audio.FrameDur {
				if !yield(tts.Chunk{}, nil) {
					return
				}
			}
			first = false
			for _, w := range strings.SplitAfter(piece, " ") {
				if w == "" {
					continue
				}
				fs := legtest.Tone(440, v.word, 9000)
				for i, f := range fs {
					c := tts.Chunk{Frame: f}
					if i == len(fs)-1 {
						c.Text = w
					}
					if !yield(c, nil) {
						return
					}
				}
			}
		}
	}
}

// tool is an action of the script: tool NAME 300ms result "data" | fail "why" | digits 12# | schema {…}
type tool struct {
	name   string
	wait   time.Duration
	schema json.RawMessage
	res    action.Result
	manner action.Manner
	err    error
}

func newTool(w []string) *tool {
	t := &tool{name: w[0], wait: dur(w[1]), schema: json.RawMessage(`{"type":"object"}`)}
	for i := 2; i < len(w); i += 2 {
		switch w[i] {
		case "result":
			t.res.Data = w[i+1]
		case "fail":
			t.err = errors.New(w[i+1])
		case "digits":
			t.res.DTMF = w[i+1]
		case "schema":
			t.schema = json.RawMessage(w[i+1])
		case "say":
			t.res.Say = w[i+1]
		case "before":
			t.manner.Before = w[i+1]
		case "after":
			t.manner.After = w[i+1]
		case "manner":
			m := &t.manner
			for _, word := range strings.Split(w[i+1], ",") {
				*map[string]*bool{"lasts": &m.Lasts, "deaf": &m.Deaf, "waits": &m.Waits, "silent-before": &m.SilentBefore, "silent-after": &m.SilentAfter}[word] = true
			}
		case "transfer":
			t.res.End = &parley.Outcome{Cause: parley.Transferred, Transfer: &parley.Transfer{To: w[i+1]}}
		}
	}
	return t
}

func (t *tool) Describe() action.Info {
	return action.Info{ID: "a-" + t.name, Type: "action_" + t.name, Label: t.name}
}

func (t *tool) Manner() action.Manner { return t.manner }

func (t *tool) Tool() llm.Tool { return llm.Tool{Name: t.name, Schema: t.schema} }

func (t *tool) Run(ctx context.Context, in action.Input) (action.Result, error) {
	if !sleep(ctx, t.wait) {
		return action.Result{}, ctx.Err()
	}
	return t.res, t.err
}
