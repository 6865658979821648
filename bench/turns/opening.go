package turns

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
)

const (
	// answering is how long the agent's answer to the caller's first words may be waited for. Then it speaks of its own accord.
	answering = 4500 * time.Millisecond
	// thinking is how long the agent thinks about an answer.
	thinking = 600 * time.Millisecond
)

// An opening is what the caller has said before the agent speaks: on a call nobody is interrupted before they were spoken to.
type opening struct{ Voice, Say, Text string }

// open gives an item for which the agent speaks its opening: a turn of the same part of the corpus, said by the voice of the item, or,
// where that is not the caller's, by another.
func (c *corpus) open(it *Item, name string) {
	if it.Answer || it.Class == Finished || it.Class == Unfinished || it.Class == Menu {
		return
	}
	var turns []string
	for i := range c.lines {
		if l := &c.lines[i]; l.split == it.Split && l.lang == it.Lang && l.class == Finished && !l.answer {
			turns = append(turns, l.text)
		}
	}
	voices := c.voices[key(it.Split, it.Lang)]
	if len(turns) == 0 || len(voices) == 0 {
		return
	}
	h := hash("opening" + name + it.Voice)
	v := it.Voice
	at := slices.Index(voices, v)
	switch {
	case at < 0:
		v = voices[h>>16%uint64(len(voices))]
	case it.Class == Television || it.Class == Bystander:
		v = voices[(at+1)%len(voices)]
	}
	p, _ := parts(turns[h%uint64(len(turns))])
	it.Opening = opening{v, p[0].Say, p[0].Text}
}

// open puts the opening before an item's sound, so loud: silence of that length stands around it.
func (sc *scene) open(st *store, it *Item, gain float64, wait time.Duration) ([]float64, error) {
	x := make([]float64, samples(wait))
	o := it.Opening
	if o.Say == "" {
		return x, nil
	}
	v, err := st.get(o.Voice, o.Say)
	if err != nil {
		return nil, err
	}
	from := len(x)
	x = append(x, spoken(v.pcm, gain)...)
	sc.opening = Span{at(from), at(len(x))}
	sc.tell(o.Text, v.Words, at(from))
	sc.openingWords, sc.openingText = sc.words[0], sc.texts[0]
	sc.words, sc.texts = nil, nil
	return append(x, make([]float64, samples(answering+wait))...), nil
}

// spoken is a voice's sound at the loudness of speech over a line.
func spoken(pcm []int16, gain float64) []float64 {
	x := make([]float64, len(pcm))
	for i, s := range pcm {
		x[i] = float64(s)
	}
	level := gain * spokenRMS / math.Sqrt(max(1, power(x)))
	for i := range x {
		x[i] *= level
	}
	return x
}

// hearOpening is what the transcriber makes of an opening.
func hearOpening(it *Item, sc *scene) []told {
	if sc.opening.End == 0 {
		return nil
	}
	s := newScribe(it)
	s.rng = rand.New(rand.NewPCG(it.Seed, 17))
	first := Item{Lang: it.Lang, Class: Finished}
	return s.segment(&first, [][]Word{sc.openingWords}, []string{sc.openingText}, true)
}

// answers begins the agent's reply when the opening has ended, or has lasted too long.
func (v *driver) answers(now time.Duration, over bool) {
	if !v.floor || v.begun || !over && (v.sc.opening.End > 0 && now < v.sc.opening.End+answering) {
		return
	}
	v.d.Flush()
	v.begun, v.agent, v.speaks = true, turn.Busy, now
	if v.sc.opening.End > 0 {
		v.speaks += thinking
	}
	v.d.Agent(turn.Thinks)
}

// plays gives the agent's next 20 ms; silence while it thinks, or is paused.
func (v *driver) plays(out *audio.Frame, now time.Duration) {
	if v.agent == turn.Busy && !v.paused && now > v.speaks && v.at+audio.Samples <= len(v.voice) {
		if v.at == 0 {
			v.d.Agent(turn.Busy)
		}
		copy(out[:], v.voice[v.at:])
		v.at += audio.Samples
	}
}
