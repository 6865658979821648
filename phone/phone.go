// Package phone is the test phone: it rings an agent, says what it is told to say, shows what it hears and measures how long
// the answers take (Run); or it has the API place a call and shows what becomes of it (Follow).
//
// Goroutines of Run, all of which end before it returns: the loop, which owns all state; one that reads the leg; one that
// hears; and one per thing to be said, while it is being said. Follow runs none.
package phone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// How the phone takes turns, all measured at the ear.
const (
	politeness = 1200 * time.Millisecond // of quiet before it speaks
	opening    = 2 * time.Second         // it waits that long for a greeting
	farewell   = 1500 * time.Millisecond // of quiet after the last answer before it hangs up
	patience   = 20 * time.Second        // for an answer, and for the last one's end

	defaultLimit = 10 * time.Minute
	hangupLimit  = 3 * time.Second
	hearingLimit = 10 * time.Second // for the transcriber to finish after the call
)

// Options say what to do in a call. Trunk and Call.To are required; Voice is when there is something to Say.
type Options struct {
	Trunk  leg.Trunk
	Call   leg.Call
	Voice  tts.Synthesizer
	Speech tts.Options
	Ear    stt.Transcriber // nil: only when the agent sounds is shown, not what it says
	Hears  stt.Options

	WAV    string   // a file that is played first
	Say    []string // one turn each, after the file
	DTMF   string   // digits, sent last
	Record string   // where to keep the call: a stereo WAV, left what was said, right what was heard

	Limit time.Duration // of the whole call from answer; 0: 10 min
	Out   io.Writer     // gets a line for all that is said and heard; nil: nobody
}

// A Report is what became of a call.
type Report struct {
	Answered bool
	Heard    bool          // the agent made a sound worth the name: 100 ms in all
	Greeting time.Duration // answer → first sound, when that came before anything was said; 0: none
	Turns    []Turn
	Text     []string      // what the transcriber made of the agent's sound, in order
	Length   time.Duration // since answer
	HungUp   bool          // the phone ended it
	Cause    parley.Cause  // why it ended, or was not answered
}

// A Turn is one thing that the phone said.
type Turn struct {
	Said     string
	Start    time.Duration // since answer: first sound
	End      time.Duration // since answer: last sound
	Answered bool
	Latency  time.Duration // End → the agent's first sound
}

// OK reports whether the call was answered and the agent heard.
func (r Report) OK() bool { return r.Answered && r.Heard }

// Run makes one call and returns when it is over. A call that nobody answers is an error that wraps *leg.Rejected; what went
// wrong in a call (a voice that fails, a file that cannot be written) is an error, too, with the report of what happened.
// When ctx is done it hangs up, and that is no error.
func Run(ctx context.Context, o Options) (Report, error) {
	parts, err := o.parts()
	if err != nil {
		return Report{}, err
	}
	tape, err := openTape(o.Record)
	if err != nil {
		return Report{}, err
	}
	defer tape.close()
	l, err := o.Trunk.Dial(ctx, o.Call)
	if err != nil {
		r := Report{Cause: parley.Unknown}
		var rejected *leg.Rejected
		if errors.As(err, &rejected) {
			r.Cause = rejected.Cause
		}
		return r, fmt.Errorf("calling %s: %w", o.Call.To, err)
	}
	c := newCall(l, o, parts, tape)
	err = c.run(ctx)
	return c.report, errors.Join(err, tape.close())
}

// A part is one turn of the phone's.
type part struct {
	text   string // what is shown
	frames []audio.Frame
	speak  bool   // text is for the voice
	digits string // to be pressed
}

func (o Options) parts() ([]part, error) {
	if o.Trunk == nil || o.Call.To == "" {
		return nil, errors.New("phone: no trunk, or nobody to call")
	}
	var ps []part
	if o.WAV != "" {
		frames, err := readWAV(o.WAV)
		if err != nil {
			return nil, err
		}
		ps = append(ps, part{text: "(" + o.WAV + ")", frames: frames})
	}
	for _, s := range o.Say {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if o.Voice == nil {
			return nil, errors.New("phone: no voice to say it with")
		}
		ps = append(ps, part{text: s, speak: true})
	}
	if o.DTMF != "" {
		if !leg.Digits(o.DTMF) {
			return nil, fmt.Errorf("phone: %q: %w", o.DTMF, leg.ErrDigit)
		}
		ps = append(ps, part{text: "(presses " + o.DTMF + ")", digits: o.DTMF})
	}
	return ps, nil
}

func (o Options) limit() time.Duration { return cmp.Or(o.Limit, defaultLimit) }

func readWAV(path string) ([]audio.Frame, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	defer f.Close()
	s, err := audio.ReadWAV(f)
	if err != nil {
		return nil, fmt.Errorf("phone: %s: %w", path, err)
	}
	frames, err := s.Frames()
	if err != nil {
		return nil, fmt.Errorf("phone: %s: %w", path, err)
	}
	return frames, nil
}
