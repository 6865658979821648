package local

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/parley-voice/parley/provider/local/flite"
	"github.com/parley-voice/parley/provider/local/vocabulary"
)

// Worker is the whole life of a worker process: it takes its order from stdin, does it, and returns when stdin ends. The
// speech libraries are opened only here. An error has been told to the server already, as far as it could be.
func Worker(stdin io.Reader, stdout io.Writer) error {
	in := bufio.NewReaderSize(stdin, 1<<14)
	k, body, err := readMessage(in, nil)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil || k != order {
		return fmt.Errorf("worker: no order: %w", err)
	}
	var o orderBody
	if err := json.Unmarshal(body, &o); err != nil {
		return fmt.Errorf("worker: order: %w", err)
	}
	switch o.Work {
	case workPrepare:
		err = prepare(in, stdout, o.Cache)
	case workHear:
		err = hearAll(in, stdout, o.Model)
	case workSpeak:
		err = speakAll(in, stdout, o.Voice)
	default:
		err = fmt.Errorf("worker: no such work: %q", o.Work)
	}
	if err != nil {
		writeMessage(stdout, nil, failed, []byte(err.Error()))
	}
	return err
}

// prepare makes the models. The server may be killed meanwhile: when its pipe ends, so does this process, without what it began.
func prepare(in io.Reader, out io.Writer, cache string) error {
	go func() {
		io.Copy(io.Discard, in)
		abandon(cache)
		os.Exit(1)
	}()
	dir, err := prepareModels(debianModels, cache)
	if err == nil {
		_, err = writeMessage(out, nil, ready, []byte(dir))
	}
	return err
}

// speakAll speaks one utterance after the other.
func speakAll(in io.Reader, out io.Writer, voice string) error {
	s, err := flite.New()
	if err == nil {
		err = s.Load(voice)
	}
	if err != nil {
		return err
	}
	if _, err := writeMessage(out, nil, ready, nil); err != nil {
		return err
	}
	var body, buf, bytes []byte
	for {
		var k kind
		if k, body, err = readMessage(in, body); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var u utterance
		if k != speak || json.Unmarshal(body, &u) != nil {
			return errors.New("worker: not an utterance")
		}
		said := vocabulary.ToASCII(u.Text)
		prosody, faster := raise(u)
		var tokens []token
		var broken error
		rate := 0
		err := s.Speak(u.Voice, said.Text, prosody, func(t []flite.Token) {
			tokens = place(t, said, faster)
		}, func(p []int16, hz int) bool {
			if rate == 0 {
				rate = int(float64(hz)*faster/rateStep+0.5) * rateStep
				broken = writeJSON(out, spoken, spokenBody{Rate: rate, Tokens: tokens})
			}
			if broken == nil {
				bytes = putSamples(bytes[:0], p)
				buf, broken = writeMessage(out, buf, pcm, bytes)
			}
			return broken == nil
		})
		switch {
		case broken != nil:
			return broken
		case err != nil:
			_, err = writeMessage(out, buf, failed, []byte(err.Error()))
		default:
			_, err = writeMessage(out, buf, done, nil)
		}
		if err != nil {
			return err
		}
	}
}

// rateStep keeps the rates of raised voices to those that resample cheaply.
const rateStep = 160

// raise is how flite is to speak, and how many times faster its sound is to be played: one voice has no pitch of its own
// to set, so it speaks the slower and is played the faster.
func raise(u utterance) (p flite.Prosody, faster float64) {
	if flite.HasPitch(u.Voice) {
		return flite.Prosody{Rate: u.Rate, Pitch: u.Pitch}, 1
	}
	return flite.Prosody{Rate: u.Rate / u.Pitch, Pitch: 1}, u.Pitch
}

// slack is how far on a token may be found: flite drops marks it has understood, such as the stop of "Dr.".
const slack = 16 // bytes

// place finds flite's tokens in the text that was sent. Nil when they are not to be found there.
func place(tokens []flite.Token, said vocabulary.ASCII, faster float64) []token {
	out := make([]token, 0, len(tokens))
	at, from := 0, 0
	for _, t := range tokens {
		core := strings.TrimSpace(t.Text)
		i := strings.Index(said.Text[at:min(len(said.Text), at+len(t.Text)+slack)], core)
		if i < 0 {
			return nil
		}
		at += i + len(core)
		for at < len(said.Text) && strings.IndexByte(".,;:!?\"')]}", said.Text[at]) >= 0 {
			at++
		}
		to := said.Origin(at)
		out = append(out, token{Len: to - from, End: time.Duration(float64(t.End) / faster)})
		from = to
	}
	return out
}
