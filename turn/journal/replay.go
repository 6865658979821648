package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/denoise"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
)

// Sound is a recording. *audio.Recorded is one.
type Sound interface {
	Caller(slot int64, f *audio.Frame) (bool, error)
	Agent(slot int64, f *audio.Frame) (bool, error)
}

// A Replay is what a journal came to when it was played once more.
type Replay struct {
	Decisions []Decision
	Frames    int           // of the caller
	Length    time.Duration // since answer
	Differs   []Span        // where the sound is not what was heard: decisions after it may be others
	Cut       bool          // the journal ends before the call: the server was killed, or the recording paused
}

// A Span is a stretch of the call.
type Span struct{ From, To time.Duration }

// Play plays a journal to new detectors, each thing at its moment, and says what they decide.
func Play(r io.Reader, s Sound) (*Replay, error) {
	p := &player{sound: s, by: follower{}}
	return p.run(r)
}

// WouldBe plays it to detectors with other dials. Until the first decision that differs all is as it was. After it the caller and the agent
// still say what they said on the call, though they might have said something else: what would have been decided later is a likelihood.
func WouldBe(r io.Reader, s Sound, set func(*turn.Options)) (*Replay, error) {
	p := &player{sound: s, by: follower{}, set: set}
	return p.run(r)
}

// player plays a journal.
type player struct {
	sound  Sound
	set    func(*turn.Options) // nil: everything is as it was
	d      *Detector           // as it was
	other  *Detector           // with other dials
	by     follower
	noise  *denoise.Suppressor // nil: there was none
	whos   map[int]*Classifier
	guides map[int]*Guide
	frame  audio.Frame // the caller's newest
	sum    sum
	sumAt  time.Duration // since when
	out    Replay
}

func (p *player) run(from io.Reader) (*Replay, error) {
	r := &reader{r: bufio.NewReaderSize(from, 64<<10), slots: none}
	p.whos, p.guides = map[int]*Classifier{}, map[int]*Guide{}
	for {
		rec, cut, err := r.next()
		switch {
		case errors.Is(err, io.EOF) && p.d == nil:
			return nil, fmt.Errorf("%w: it is empty", ErrBroken)
		case errors.Is(err, io.EOF):
			p.out.Cut = cut
			return &p.out, nil
		case err != nil:
			return nil, err
		case p.d == nil && rec.op != opBegin:
			return nil, fmt.Errorf("%w: it has no beginning", ErrBroken)
		}
		p.out.Length = max(p.out.Length, rec.at)
		if err := p.take(&rec); err != nil {
			return nil, err
		}
	}
}

// take plays one record.
func (p *player) take(rec *record) error {
	switch rec.op {
	case opBegin:
		return p.begin(rec)
	case opFrame, opPlayed:
		return p.hear(rec)
	case opSum:
		if rec.sum != p.sum {
			p.out.differs(p.sumAt, rec.at)
		}
		p.sum, p.sumAt = 0, rec.at
	case opWho, opWhoFrame, opWhoHeard, opWhoTake, opWhoOver:
		return p.who(rec)
	case opMenu:
		return p.guide(rec)
	default:
		if p.other != nil {
			p.by.before(p, rec.at)
		}
		if err := p.tell(p.d, rec); err != nil || p.other == nil {
			return err
		}
		return p.by.tell(p, rec)
	}
	return nil
}

func (p *player) begin(rec *record) error {
	b, err := decode[begin](rec)
	if err != nil {
		return err
	}
	if b.Format != format {
		return fmt.Errorf("%w: it is of format %d, and this version reads %d", ErrBroken, b.Format, format)
	}
	tell := func(d Decision) { p.out.Decisions = append(p.out.Decisions, d) }
	p.noise = nil
	if b.Suppress > 0 {
		p.noise = denoise.New(b.Suppress)
	}
	clear(p.whos)
	clear(p.guides)
	if p.set == nil {
		p.d = New(b.Dials, nil, tell)
		return nil
	}
	p.by = follower{}
	p.d = New(b.Dials, nil, func(d Decision) { p.by.was(d) })
	p.set(&b.Dials)
	p.other = New(b.Dials, nil, func(d Decision) {
		p.out.Decisions = append(p.out.Decisions, d)
		p.by.is(p, d)
	})
	return nil
}

// hear plays a frame.
func (p *player) hear(rec *record) error {
	side := p.sound.Caller
	if rec.op == opPlayed {
		side = p.sound.Agent
	}
	var f audio.Frame
	if _, err := side(rec.slot, &f); err != nil {
		return err
	}
	if rec.op == opPlayed {
		p.sum.add(&f)
		p.d.Played(&f, 0, rec.at)
		if p.other != nil {
			p.other.Played(&f, 0, rec.at)
		}
		return nil
	}
	if p.noise != nil {
		p.noise.Frame(&f)
	}
	p.sum.add(&f)
	p.frame = f
	p.out.Frames++
	if p.other != nil {
		p.by.before(p, rec.at)
	}
	p.d.Frame(&f, 0, rec.at)
	if p.other != nil {
		p.by.frame(p)
		p.other.Frame(&f, 0, rec.at)
	}
	return nil
}

// tell tells d what is no sound.
func (p *player) tell(d *Detector, rec *record) error {
	switch rec.op {
	case opHeard:
		w, err := decode[turn.Words](rec)
		if err != nil {
			return err
		}
		d.Heard(w, rec.at)
	case opAgent:
		d.Agent(turn.Agent(rec.byte))
	case opAsked:
		d.Asked(string(rec.text))
	case opTick:
		d.Tick(rec.at)
	case opFlush:
		d.Flush()
	}
	return nil
}

// who plays what a classifier was told. The agent's dials are none of its.
func (p *player) who(rec *record) error {
	c := p.whos[rec.who]
	if rec.op == opWho {
		o, err := decode[answer.Options](rec)
		if err != nil {
			return err
		}
		d := p.d
		if p.other != nil {
			d = p.other
		}
		delete(p.whos, rec.who-keptWhos)
		p.whos[rec.who] = d.Who(o, rec.at)
		return nil
	}
	if c == nil {
		return fmt.Errorf("%w: nobody listens as %d", ErrBroken, rec.who)
	}
	switch now := rec.at - c.from; rec.op {
	case opWhoFrame:
		c.Frame(&p.frame, now)
	case opWhoHeard:
		w, err := decode[answer.Words](rec)
		if err != nil {
			return err
		}
		c.Heard(w, now)
	case opWhoTake:
		v, err := decode[answer.Verdict](rec)
		if err != nil {
			return err
		}
		c.Take(v)
	case opWhoOver:
		c.Over(now)
	}
	return nil
}

// keptWhos is how many classifiers, or guides, there are at one time, at most.
const keptWhos = 64

// differs notes a stretch, and joins it to the one before.
func (r *Replay) differs(from, to time.Duration) {
	if n := len(r.Differs); n > 0 && r.Differs[n-1].To >= from {
		r.Differs[n-1].To = to
		return
	}
	r.Differs = append(r.Differs, Span{from, to})
}
