package turn

import (
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
)

// vouchFrames is how long a transcriber's notice of speech makes less of a voice enough.
const vouchFrames = 15

const (
	// toResume is the silence without stopping words after which a paused agent goes on, if what sounded need not have had any.
	toResume = 400 * time.Millisecond
	// longestPause is how long sound without a word may hold the agent silent: longer is noise.
	longestPause = 10 * time.Second
	// falseAlarms is how many pauses in a row may turn out to be nothing: after them wordless sound does not pause the agent
	// for a while, lest a noisy street make it stammer. A word ends that.
	falseAlarms = 3
	alarmWait   = 10 * time.Second
	// lateAnswer is how long a backchannel may be the answer to what the agent was just finishing.
	lateAnswer = 1500 * time.Millisecond
	// doubt is how long words that may yet become a backchannel do not stop the agent: shortly, if it still speaks, and until the
	// voice falls silent if it has fallen silent itself.
	doubt     = 400 * time.Millisecond
	longDoubt = 550 * time.Millisecond
	mostDoubt = 1200 * time.Millisecond
	// recently is how old the sound may be that words are the words of.
	recently = 2 * time.Second
	// moreWords is how long words that are signs of listening, and not final, hold a paused agent silent: yes is how many objections begin.
	moreWords = 420 * time.Millisecond
	// lateFinal is how long after it a turn's final may come that ended with a partial; then the next segment has begun.
	lateFinal = 2 * time.Second
	// rising puts the end of a turn off once when speech seems to begin again.
	rising = 60 * time.Millisecond
	onset  = onsetFrames * audio.FrameDur
)

// A Detector decides whose turn it is. It is told everything with the time since answer at which it happened, which must
// not go back, and belongs to one goroutine. After each call whose Due has come, call Tick.
type Detector struct {
	o     Options
	lang  *language
	vad   VAD
	near  nearby
	agent Agent
	pace  float64 // of the caller, 1 is 150 words a minute
	marks bool    // the transcriber writes punctuation

	request request // of the agent's last words
	melody  prosody
	rhythm  rhythm
	tardy   tardy
	score   float64 // how finished the words last judged are
	streams bool    // the transcriber tells words as they come

	utterance
	taken string // partial that a turn ended with, while its final has not come

	lastSpeech time.Duration // end of it, in this call
	wordless   bool          // nothing was recognised since speech last began
	hushed
}

// A hushed agent is silent because the caller made sounds, or was.
type hushed struct {
	paused   bool
	pausedAt time.Duration
	alarms   int           // pauses in a row that were nothing
	alarmAt  time.Duration // the end of the last
	deaf     bool          // sound paused the agent for too long: it is noise until it stops
	held     time.Duration // for which it has kept back what the agent is about to say
}

// An utterance is what is known of a turn of the caller's that has not ended.
type utterance struct {
	finals    []string // segments
	partial   string
	partialAt time.Duration // the first of partial's segment came
	wordsAt   time.Duration // the last of the words came
	ended     bool          // the vendor says so, and nothing has come since
	semantic  bool          // and judged it by more than a silence
	eager     bool          // the vendor says that it probably is over, and no other words have come since
	listening bool          // the words are nothing but backchannels
	hold      time.Duration // the silence that ends it
	why       Why
	putOff    bool // hold was lengthened because speech seemed to begin again
	spoke     bool // there was speech
	startedAt time.Duration
	aside     bool          // the words are of somebody who is too far away to be the caller
	doubted   time.Duration // when words came that may yet become a backchannel, or else stop the agent; 0: none are
}

// A turn does not begin longer before its first words come than they may last, and may be late.
const (
	wordLasts = time.Second
	wordsLate = 3 * time.Second
)

// New makes a detector for one conversation.
func New(o Options) *Detector {
	return &Detector{o: o, lang: languageOf(o.Language), vad: VAD{MinRMS: o.MinVolume / 100}, pace: 1}
}

// Frame hears 20 ms of the caller that ended at now.
func (d *Detector) Frame(f *audio.Frame, now time.Duration) Signal {
	was := d.vad.Speaking()
	d.near.frame(f, &d.vad, d.vad.Frame(f), now)
	began := onset
	if d.agent.yields() && !was && d.near.calls() && d.near.voice.newest() && !d.vad.Speaking() {
		d.vad.begin()
		began -= audio.FrameDur
	}
	if d.melody.frame(f, d.vad.Active()) {
		d.judge()
	}
	if !d.vad.Speaking() {
		if was {
			d.deaf = false
		}
		return Signal{}
	}
	if !was {
		d.wordless = true
		d.ended, d.semantic = false, false
		if now-d.wordsAt > lateFinal {
			d.taken = ""
		}
		if !d.spoke {
			d.spoke, d.startedAt = true, max(0, now-began)
		}
		if d.lastSpeech > 0 {
			d.rhythm.resumes(now-began-d.lastSpeech, d.score, now)
		}
		d.judge()
	}
	if d.vad.Active() {
		d.lastSpeech = now
		if !d.spoke { // it never stopped after the turn before
			d.spoke, d.startedAt = true, now
		}
	}
	if d.near.begun && now-d.wordsAt > toResume { // where others speak the sound itself never ends
		d.wordless = true
	}
	if d.near.calls() {
		return d.sound(now)
	}
	return Signal{}
}

// Played takes 20 ms of the agent that were put on the wire, silence included, at now: what comes back of them is not the
// caller. A detector that is told of none knows of no echo.
func (d *Detector) Played(f *audio.Frame, now time.Duration) { d.near.echo.played(f) }

// sound: the caller makes sounds without words while the agent has the floor.
func (d *Detector) sound(now time.Duration) Signal {
	if d.deaf || !d.wordless || !d.agent.yields() {
		return Signal{}
	}
	if d.agent == Thinks {
		if d.held >= mostHeld {
			return Signal{}
		}
	} else if d.alarms >= falseAlarms && now < d.alarmAt+alarmWait {
		return Signal{}
	}
	if d.near.afar() {
		return Signal{}
	}
	return d.hush(now)
}

// hush makes the agent fall silent until it is known what was said.
func (d *Detector) hush(now time.Duration) Signal {
	if d.paused {
		return Signal{}
	}
	d.paused, d.pausedAt = true, now
	return Signal{Kind: Pause, Thinking: d.agent == Thinks, Inputs: d.inputs(now)}
}

// Heard takes what the transcriber made of the sound.
func (d *Detector) Heard(w Words, now time.Duration) Signal {
	if w.Started {
		d.tardy.started = now
		d.near.vouched = vouchFrames
		if d.near.calls() {
			return d.sound(now)
		}
	}
	text := strings.TrimSpace(w.Text)
	if d.taken != "" && text != "" {
		if w.Final && !d.spoke {
			text = amended(text, d.taken)
		} else {
			text = beyond(text, d.taken)
		}
		if w.Final {
			d.taken = ""
		}
	}
	d.marks = d.marks || w.Final && written(text)
	changed := text != "" && (w.Final || text != d.partial)
	first := changed && !d.pending()
	switch {
	case w.Final:
		if text != "" {
			d.finals = append(d.finals, text)
		} else if d.partial != "" && w.Text == "" && !w.End {
			changed = true // the partial was taken back
		}
		if text != "" || !w.End {
			d.partial = ""
		}
	case text != "":
		if d.partial == "" {
			d.partialAt = now
		}
		d.partial = text
		d.streams = d.streams || now-d.partialAt >= streamsFor
	}
	if changed {
		d.rhythm.words(now)
		d.tardy.words(d.near.soundAt, now)
		d.wordsAt, d.wordless, d.ended, d.semantic, d.putOff, d.alarms = now, false, false, false, false, 0
		d.near.words(now)
		d.eager = false
	}
	if first { // what sounded long before is not how the words began
		d.startedAt = max(d.startedAt, now-wordsLate-time.Duration(d.lang.count(text)*float64(wordLasts)))
	}
	if w.End && d.pending() {
		d.ended, d.semantic = true, d.semantic || w.Semantic
	}
	d.eager = d.eager || w.Eager && d.pending()
	if changed || w.End {
		d.judge()
	}
	if text == "" || !d.agent.yields() {
		return Signal{}
	}
	return d.interrupt(w.Final, now)
}

// interrupt decides whether the words so far stop the agent.
func (d *Detector) interrupt(final bool, now time.Duration) Signal {
	all := d.text()
	if d.aside = d.afar(now); d.aside {
		d.doubted = 0
		return Signal{}
	}
	if d.o.InterruptSensitivity != "high" {
		remnant := d.agent != Thinks && d.lang.remnant(all)
		if d.lang.backchannel(all) || final && remnant {
			d.doubted = 0
			return Signal{}
		}
		if !final && (d.lang.mayListen(all) || remnant) {
			if d.doubted == 0 {
				d.doubted = now
			}
			if now < d.doubtAt() {
				return d.hush(now)
			}
		}
	}
	s := Signal{Kind: BargeIn, Text: all, Thinking: d.agent == Thinks, Inputs: d.inputs(now)}
	d.paused, d.doubted = false, 0
	return s
}

// afar reports whether the words that came now were said too quietly to be the caller's: by somebody in the room, or a
// television. Words that stand alone, without sound that could be theirs, are taken as the transcriber took them.
func (d *Detector) afar(now time.Duration) bool {
	if now-d.lastSpeech > recently || d.lastSpeech == 0 {
		return false
	}
	return d.near.said < d.near.least()
}

// doubtAt is when words in doubt stop the agent.
func (d *Detector) doubtAt() time.Duration {
	if !d.paused {
		return d.doubted + doubt
	}
	return min(max(d.doubted, d.lastSpeech)+longDoubt, d.doubted+mostDoubt)
}

// resumeAt is when a pause ends that no words have followed.
func (d *Detector) resumeAt() time.Duration {
	if d.doubted > 0 {
		return d.doubtAt()
	}
	at := max(d.near.soundAt, d.pausedAt) + d.toResume()
	if d.listening && d.partial != "" && d.wordsAt >= d.pausedAt {
		at = max(at, d.wordsAt+moreWords)
	}
	return min(at, d.pausedAt+d.longest())
}

// Agent says what the agent does now. A pause ends with what was paused.
func (d *Detector) Agent(a Agent) {
	d.agent = a
	if !a.yields() {
		d.paused = false
	}
	if a == Thinks {
		d.held = 0
	}
}

// Due is when Tick is to be called; false while nothing waits.
func (d *Detector) Due() (time.Duration, bool) {
	at, ok := time.Duration(0), false
	if d.pending() {
		at, ok = d.endAt(), true
	}
	if d.paused {
		if r := d.resumeAt(); !ok || r < at {
			at, ok = r, true
		}
	}
	if d.doubted > 0 && (!ok || d.doubtAt() < at) {
		at, ok = d.doubtAt(), true
	}
	return at, ok
}

// Tick decides what has become due by now.
func (d *Detector) Tick(now time.Duration) Signal {
	if d.doubted > 0 && now >= d.doubtAt() {
		in := d.inputs(now)
		d.doubted = 0
		if d.agent.yields() && d.pending() {
			d.paused = false
			return Signal{Kind: BargeIn, Text: d.text(), Thinking: d.agent == Thinks, Inputs: in}
		}
	}
	if d.paused && now >= d.resumeAt() {
		d.paused = false
		if d.agent == Thinks {
			d.held += now - d.pausedAt
		} else if d.wordless {
			d.alarms++
			d.alarmAt = now
		}
		d.deaf = now < d.near.soundAt+toResume
		return Signal{Kind: Resume, Thinking: d.agent == Thinks, Inputs: d.inputs(now)}
	}
	if !d.pending() || now < d.endAt() {
		return Signal{}
	}
	if d.vad.Rising() && !d.putOff && d.why != ByVendor {
		d.putOff = true
		d.hold += rising
		return Signal{}
	}
	s := Signal{Kind: TurnEnd, Text: d.text(), Why: d.why, WordsAt: d.wordsAt, SpeechEnd: d.wordsAt, Start: d.wordsAt, Inputs: d.inputs(now)}
	if d.partial != "" && d.why != ByVendor && !d.settled() {
		s.Why = ByPatience
	}
	d.rhythm.turn()
	d.tardy.turn()
	if d.spoke {
		s.Start, s.SpeechEnd = d.startedAt, d.lastSpeech
		d.learnPace(s.Text, d.lastSpeech-d.startedAt)
	}
	switch {
	case (d.listening || d.aside) && d.agent != Idle:
		s.Kind = Backchannel
		if d.aside {
			d.near.aside()
		}
	case d.agent == Idle:
		d.near.turn()
	}
	d.taken = d.partial
	d.forget()
	return s
}

// Flush gives what the caller has said of a turn that did not end, and forgets it.
func (d *Detector) Flush() (Signal, bool) {
	if !d.pending() {
		return Signal{}, false
	}
	s := Signal{Kind: TurnEnd, Text: d.text(), WordsAt: d.wordsAt, SpeechEnd: d.wordsAt, Start: d.wordsAt}
	if d.spoke {
		s.Start, s.SpeechEnd = d.startedAt, d.lastSpeech
	}
	d.forget()
	return s, true
}

// Pending reports whether the caller has said words of a turn that has not ended.
func (d *Detector) Pending() bool { return d.pending() }

// LastSpeech is the end of the last speech in the caller's sound; 0: there was none.
func (d *Detector) LastSpeech() time.Duration { return d.lastSpeech }

// Speech reports whether the newest frame is of it.
func (d *Detector) Speech() bool { return d.vad.Speaking() && d.vad.Active() }

func (d *Detector) pending() bool { return d.partial != "" || len(d.finals) > 0 }

func (d *Detector) text() string {
	if len(d.finals) == 0 {
		return d.partial
	}
	t := strings.Join(d.finals, " ")
	if d.partial != "" {
		t += " " + d.partial
	}
	return t
}

// judge works out anew how long to wait.
func (d *Detector) judge() {
	if d.pending() {
		d.hold, d.why = d.wait(d.text(), d.ended)
		d.listening = d.lang.backchannel(d.text()) || d.partial == "" && d.lang.remnant(d.text())
	}
}

// endAt is when the turn ends if nothing more is heard.
func (d *Detector) endAt() time.Duration {
	floor := d.agent != Idle // the agent has it
	if d.why == ByVendor && !((d.listening || d.aside) && floor) {
		return d.wordsAt
	}
	from := d.wordsAt
	if d.spoke {
		from = min(d.lastSpeech, d.wordsAt+d.wordsWithin())
	}
	at := from + d.hold
	if d.partial != "" && !d.ended && !d.settled() {
		at = max(at, from+forFinal)
	}
	if (d.listening || d.aside) && floor {
		at = max(at, from+lateAnswer)
	}
	return at
}

func (d *Detector) forget() {
	d.utterance = utterance{wordsAt: d.wordsAt}
}
