package conversation

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
	"github.com/parley-voice/parley/turn/journal"
)

// Callee is what is done about who answers a call that we placed.
type Callee struct {
	HangUp    bool   // on_no_human_answer: a call that no human answers ends
	Message   string // voicemail_message: left after the beep, and then the call ends
	Dynamic   bool   // enable_dynamic_vm_detection: the verdict may change, also while the message is left
	WordsOnly bool   // llm_vm_detection_only: by the words alone, of which the model is asked
	Navigate  bool   // ivr_navigation_mode: the way through menus is looked for
}

const (
	nobodySpeaks = 2490 * time.Millisecond // of silence after the answer, and the agent begins
	unknown      = 10 * time.Second        // after the answer it begins whoever it is
	stillTalking = 4500 * time.Millisecond // unless something was heard so recently: a telephone may ring behind the answer
	hasEnded     = time.Second             // sound that was so long ago
	ringsOn      = 45 * time.Second        // but then it begins
	beepComes    = 90 * time.Second        // a machine's greeting that is longer is talked into
	menuEnds     = 15 * time.Second        // and so is a menu, unless the way through it is looked for
	screens      = 90 * time.Second        // an assistant that asked who calls has somebody by then
	watched      = 30 * time.Second        // so long after it answered a human may turn out to be a machine, with Dynamic
	statements   = 3                       // at most, of who calls
	fewWords     = 8                       // somebody who says no more and waits is no announcement
	sure         = 0.9                     // of a machine whose own words, or beep, were heard
	echoWords    = 3                       // so many words of our own message are its echo
	never        = time.Duration(math.MaxInt64)
)

// A stage is what is waited for with the callee.
type stage uint8

const (
	open     stage = iota // nothing: they are talked to
	asking                // a sign of who it is
	heeding               // the end of what a human says
	recorder              // the beep of a voicemail
	leaving               // the end of the message
	menus                 // the end of a menu, or the way through them
	screened              // the human behind an assistant that asks who calls
	queued                // a human, on hold
)

// A callee is who answered, as far as is known. A nil one is nobody we called.
type callee struct {
	Callee
	language string
	by       *journal.Detector
	stage    stage
	since    time.Duration       // the stage
	listens  *journal.Classifier // nil: it is no longer of interest who it is
	from     time.Duration       // its time 0
	heard    answer.Class        // the last it gave
	seen     answer.Verdict      // the last that was believed, or supposed
	words    bool                // some came since from
	partial  bool                // the last words that came were not final
	stale    time.Duration       // until then words belong to what was said before from; 0: they do not
	owed     bool                // an assistant waits to be told who calls
	told     int                 // and was so often
	turns    int                 // of theirs since they were greeted
	greeted  time.Duration       // when the greeting began; 0: it has not
	ready    *prepared           // to be said first
	judge    judge
	finder   *pathfinder // nil: no way is looked for
}

func newCallee(s *Setup, by *journal.Detector) *callee {
	w := &callee{Callee: *s.Callee, language: s.Turns.Language, by: by, stage: asking}
	if w.Message != "" {
		w.Message = s.Guard.disclosing(w.Message)
	}
	if w.Navigate {
		w.finder = newPathfinder(s, by)
	}
	w.listen(0)
	return w
}

// holds reports whether nothing is said to them for now.
func (w *callee) holds() bool { return w != nil && w.stage != open && w.stage != leaving }

// listen begins to listen anew. Words that are still to come of what was said before do not count.
func (w *callee) listen(now time.Duration) {
	w.listens = w.by.Who(answer.Options{Language: w.language, WordsOnly: w.WordsOnly, Dynamic: w.Dynamic && w.stage == asking, Guess: !w.WordsOnly && now == 0}, now)
	w.from, w.heard, w.words, w.stale = now, "", false, 0
	if w.partial {
		w.stale = now + 2*time.Second
	}
}

// stop: it no longer matters who it is.
func (w *callee) stop() {
	if w == nil {
		return
	}
	w.stage, w.listens, w.finder = open, nil, nil
	w.judge.open = nil
}

func (w *callee) enter(s stage, now time.Duration) { w.stage, w.since = s, now }

// sound tells the classifier 20 ms of the callee.
func (c *loop) calleeSound(ctx context.Context, f *audio.Frame, now time.Duration) {
	w := c.state.who
	if w == nil || w.listens == nil {
		return
	}
	w.listens.Frame(f, max(now-w.from, 1))
	c.verdict(ctx, now)
}

// calleeWords tells it what was understood.
func (c *loop) calleeWords(ctx context.Context, text string, final bool, now time.Duration) {
	w := c.state.who
	if w == nil || text == "" && !final {
		return
	}
	w.partial = !final
	c.turnsMenu(ctx, text, now)
	if w.navigates() {
		w.finder.Words(text, now)
		return
	}
	if w.stale > 0 {
		late := now < w.stale
		if final || !late {
			w.stale = 0
		}
		if late {
			return
		}
	}
	if w.listens == nil || text == "" {
		return
	}
	if w.stage == leaving && w.echo(text) {
		return
	}
	w.words = true
	w.listens.Heard(answer.Words{Text: text, Final: final}, max(now-w.from, 1))
	if w.WordsOnly && w.stage == asking {
		c.askWho(ctx, text, final, now)
	}
	c.verdict(ctx, now)
}

// echo reports whether words are our own message, come back.
func (w *callee) echo(text string) bool {
	said := turn.Plain(text)
	return strings.Count(said, " ") > echoWords && strings.Contains(turn.Plain(w.Message), said)
}

// verdict acts on a new one.
func (c *loop) verdict(ctx context.Context, now time.Duration) {
	w := c.state.who
	if w.listens == nil {
		return
	}
	v, ok := w.listens.Verdict()
	switch {
	case ok && v.Guess:
		c.detected(v)
		return
	case !ok || v.Class == w.heard:
		c.heeded(ctx, now)
		return
	}
	w.heard = v.Class
	v.At += w.from
	if w.navigates() {
		c.toned(ctx, v, now)
		return
	}
	if c.judged(ctx, v, now) {
		c.answered(ctx, v, now)
	}
}

// believes reports whether a verdict may change what is done.
func (w *callee) believes(v answer.Verdict) bool {
	switch w.stage {
	case leaving:
		return v.Class == answer.Human && w.Dynamic && w.words
	case screened, queued:
		if v.Class == answer.Human {
			return w.words // music pauses, too
		}
		return v.Confidence >= 0.8
	case recorder:
		return v.Class == answer.Human || v.Class == answer.MailboxFull || v.Class == answer.Voicemail || v.Class == answer.IVR && w.finder != nil
	}
	return true
}

// answered acts on who it is.
func (c *loop) answered(ctx context.Context, v answer.Verdict, now time.Duration) {
	w := c.state.who
	if c.outcome != nil || !w.believes(v) {
		if w.stage == queued && v.Class != answer.Silence {
			w.listen(now)
		}
		return
	}
	if w.finder != nil && w.stage == asking && v.Class == answer.Voicemail && v.Confidence < sure { // it may yet be a menu
		c.navigate(ctx, now)
		return
	}
	if v.Class != w.seen.Class || w.seen.Guess {
		c.detected(v)
		c.state.reflexes.answered(v.Class)
	}
	switch v.Class {
	case answer.Human:
		c.person(ctx, now)
	case answer.Silence:
		if heard := c.detect.LastSpeech(); w.stage == asking && (heard == 0 || now > heard+hasEnded) { // sound without words is talked into by nobody
			c.welcome(ctx, now)
		}
	case answer.Voicemail:
		c.machine(ctx, now)
	case answer.MailboxFull:
		c.nobody(parley.Voicemail)
	case answer.Fax:
		c.nobody(parley.NoAnswer)
	case answer.SIT:
		c.nobody(parley.Unreachable)
	case answer.Busy:
		c.nobody(parley.Busy)
	case answer.IVR:
		c.menu(ctx, now)
	case answer.Hold:
		switch {
		case w.stage != asking && w.stage != screened && w.stage != queued && !w.unproven():
		case w.finder != nil:
			c.navigate(ctx, now)
		default:
			c.ungreet(ctx)
			w.enter(queued, now)
			w.listen(now)
		}
	case answer.CallScreening:
		c.screening(ctx, now)
	}
}

// person: a human is there. What they are saying is heard to its end.
func (c *loop) person(ctx context.Context, now time.Duration) {
	w := c.state.who
	if w.stage == open || w.stage == heeding {
		return
	}
	if c.cur != nil { // the message, or what an assistant is told
		c.cut()
	}
	if w.enter(heeding, now); w.listens == nil || w.listens.Waits() {
		c.greetHuman(ctx, now)
	}
}

// welcome lets the agent talk: its greeting first.
func (c *loop) welcome(ctx context.Context, now time.Duration) {
	w := c.state.who
	w.enter(open, now)
	c.idle.quiet = now
	if c.Greeting != "" && w.greeted == 0 && !c.state.muted {
		c.state.greetAt = max(now, c.GreetingDelay, 1)
		c.detect.Agent(turn.Insists)
		return
	}
	c.state.greetAt = 0
	c.next(ctx)
}

// machine: a voicemail has answered.
func (c *loop) machine(ctx context.Context, now time.Duration) {
	w := c.state.who
	switch {
	case w.Message != "":
		if w.stage == recorder {
			return
		}
		c.cut()
		if c.state.greetAt > 0 {
			c.state.greetAt = never
		}
		w.enter(recorder, now)
		c.drop(w.ready)
		w.ready = c.prepare(ctx, w.Message)
	case w.HangUp:
		c.nobody(parley.Voicemail)
	case w.stage == asking || w.stage == screened || w.stage == queued || w.stage == menus || w.unproven():
		c.ungreet(ctx)
		c.cut()
		w.enter(recorder, now)
	}
}

// nobody ends the call.
func (c *loop) nobody(why parley.Cause) {
	c.state.who.stop()
	c.History.Human = "no_human"
	c.cut()
	c.outcome = &parley.Outcome{Cause: why}
}

// calleeTurn: the callee has finished a turn. It reports whether there is nothing to answer.
func (c *loop) calleeTurn(ctx context.Context, s turn.Signal) bool {
	w := c.state.who
	if w == nil {
		return false
	}
	now := c.clock.now()
	c.piece(ctx, s)
	if w.navigates() {
		return true
	}
	switch w.stage {
	case open:
		if w.greeted > 0 && s.SpeechEnd <= w.greeted { // the greeting answers it
			c.state.unanswered = c.state.unanswered && w.seen.Class == answer.IVR
			return true
		}
		if w.listens != nil {
			w.listens.Over(max(now-w.from, 1))
			if c.verdict(ctx, now); w.stage != open {
				return w.holds()
			}
		}
		if w.turns++; w.turns >= 2 || !w.Dynamic && s.Start > w.since && c.cur == nil {
			w.listens = nil // they converse
		}
		return false
	case asking, heeding:
		w.listens.Over(max(now-w.from, 1))
		if c.verdict(ctx, now); w.stage == open {
			return true // the greeting answers it, or an answer has begun
		}
	case menus:
		c.welcome(ctx, now)
	case screened:
		if w.owed {
			c.introduce(ctx, now)
			return true
		}
		if w.listens != nil {
			w.listens.Over(max(now-w.from, 1))
		}
		c.calleeSaid(ctx, s.Text, now)
	case queued, leaving:
		if w.listens != nil {
			w.listens.Over(max(now-w.from, 1))
		}
		c.calleeSaid(ctx, s.Text, now)
	}
	return w.holds()
}

// calleeSaid judges a turn by its words where a human is waited for: whoever says little that no machine says, and waits, is one.
func (c *loop) calleeSaid(ctx context.Context, text string, now time.Duration) {
	w := c.state.who
	if w.stage == leaving && (!w.Dynamic || w.echo(text)) {
		return
	}
	by := w.by.Who(answer.Options{Language: w.language, WordsOnly: true}, now)
	by.Heard(answer.Words{Text: text, Final: true}, 1)
	v, known := by.Verdict()
	v.At = now
	if !known && strings.Count(turn.Plain(text), " ") <= fewWords+1 {
		v, known = answer.Verdict{Class: answer.Human, Confidence: 0.7, Evidence: []string{"a few words that no machine says, and they wait"}, At: now}, true
		by.Take(answer.Verdict{Class: v.Class, Confidence: v.Confidence, Evidence: v.Evidence, At: 1})
	}
	w.words = true
	switch {
	case known && v.Class == answer.CallScreening && w.stage == screened:
		c.introduce(ctx, now)
		return
	case known:
		c.answered(ctx, v, now)
	}
	if w.stage == screened || w.stage == queued || w.stage == leaving {
		w.listen(now)
	}
}

// calleeAt is when something is to be done about them.
func (c *loop) calleeAt() (time.Duration, bool) {
	w := c.state.who
	if w == nil {
		return 0, false
	}
	if at, ok := w.judge.due(); ok {
		return at, true
	}
	if w.navigates() {
		return c.menuAt()
	}
	switch w.stage {
	case asking:
		heard := c.detect.LastSpeech()
		if heard == 0 {
			return nobodySpeaks, true
		}
		return min(max(unknown, heard+stillTalking), ringsOn), true
	case heeding:
		return w.since + unknown, true
	case recorder:
		if w.listens != nil {
			if at, ok := w.listens.Leave(); ok {
				return at + w.from, true
			}
		}
		return w.since + beepComes, true
	case menus:
		return w.since + menuEnds, true
	case screened:
		return w.since + screens, true
	case queued:
		return w.since + onMusic, true
	case open:
		if w.listens != nil && w.Dynamic {
			return watched, true
		}
		if w.listens != nil {
			return w.from + answer.Revisable, true
		}
	}
	return 0, false
}

// calleeDue does it.
func calleeDue(c *loop, ctx context.Context, now time.Duration) {
	w := c.state.who
	if _, ok := w.judge.due(); ok {
		c.unjudged(ctx, now)
		return
	}
	if w.navigates() {
		c.menuDue(ctx, now)
		return
	}
	switch w.stage {
	case heeding:
		c.greetHuman(ctx, now)
	case asking, menus:
		c.welcome(ctx, now) // what is heard from now on may still say who it is
	case recorder:
		c.leaveMessage(ctx, now)
	case screened, queued:
		c.nobody(parley.NoAnswer)
	default:
		w.listens = nil
	}
}

// leaveMessage: it is recorded now.
func (c *loop) leaveMessage(ctx context.Context, now time.Duration) {
	w := c.state.who
	switch {
	case w.Message == "":
		w.listens = nil
		c.welcome(ctx, now)
	case c.state.muted:
		c.nobody(parley.Voicemail)
	default:
		c.state.greetAt, c.state.unanswered = 0, false
		w.enter(leaving, now)
		w.listens = nil
		if w.Dynamic {
			w.listen(now)
		}
		c.begin(ctx, &reply{text: w.Message, insists: true, end: &parley.Outcome{Cause: parley.Voicemail}, ready: c.take()})
	}
}
