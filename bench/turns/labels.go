package turns

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Class says how an item is to be taken.
type Class string

// Classes of turns. In the first two the caller has the floor, in the others the agent.
const (
	Finished     Class = "finished"     // one turn, to be answered soon
	Unfinished   Class = "unfinished"   // pauses within one turn
	Backchannel  Class = "backchannel"  // must not stop the agent
	Interruption Class = "interruption" // must
	Sounds       Class = "sound"        // no speech: a cough, a click; should not even pause it
	Echo         Class = "echo"         // the agent's own voice comes back
	Television   Class = "tv"           // speech of others, far away
	Bystander    Class = "bystander"    // speech of one other, near
)

// A Word is when a word was said, in its part or its item.
type Word struct {
	Text       string
	Start, End time.Duration
}

// An Item is one thing to be heard.
type Item struct {
	ID      string
	HeldOut bool
	Lang    string
	Class   Class
	Answer  bool   // of those who answer a call
	Parts   []Part // said, with what stands between
	Asked   string // what the agent had asked
	Voice   string // engine/name
	Noise   string // "": a quiet line
	SNR     float64
	Seed    uint64
	Opening opening
}

// A Part is words said in one breath, or something that is no words.
type Part struct {
	Say   string        // for the synthesizer
	Text  string        // as a transcriber writes it
	Sound string        // or: the sound of that name
	After time.Duration // silence after it
}

// entry is a line of the file.
type entry struct {
	n       int
	heldOut bool
	lang    string
	class   Class
	answer  bool
	text    string
	asked   string
	name    string
}

// corpus is the file.
type corpus struct {
	voices map[string][]string // split/language → engine/name
	lines  []entry
}

func key(heldOut bool, lang string) string {
	if heldOut {
		return "held-out/" + lang
	}
	return "tuning/" + lang
}

// parse reads the file: fields between bars, comments after #.
func parse(text string) (*corpus, error) {
	c := &corpus{voices: map[string][]string{}}
	count := map[string]int{}
	for i, l := range strings.Split(text, "\n") {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		f := strings.Split(l, "|")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		if len(f) < 4 {
			return nil, fmt.Errorf("line %d has %d fields; it needs split | language | class | text", i+1, len(f))
		}
		if f[0] != "tuning" && f[0] != "held-out" {
			return nil, fmt.Errorf("line %d begins with %q; it must be tuning or held-out", i+1, f[0])
		}
		held := f[0] == "held-out"
		if f[2] == "voice" {
			c.voices[key(held, f[1])] = append(c.voices[key(held, f[1])], strings.Fields(f[3])...)
			continue
		}
		class, answer := strings.CutPrefix(f[2], "answer/")
		k := f[0] + f[1] + f[2]
		count[k]++
		ln := entry{n: i + 1, heldOut: held, lang: f[1], class: Class(class), answer: answer, text: f[3],
			name: fmt.Sprintf("%s-%s-%s-%02d", f[0][:1], f[1], strings.ReplaceAll(f[2], "/", "-"), count[k])}
		if len(f) > 4 {
			ln.asked = f[4]
		}
		if _, err := parts(ln.text); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		c.lines = append(c.lines, ln)
	}
	return c, nil
}

// parts reads a text: <0.8> is silence in seconds, [cough] a sound, {a=b} says a and is written b.
func parts(text string) ([]Part, error) {
	var out []Part
	for text != "" {
		switch text[0] {
		case '<':
			end := strings.IndexByte(text, '>')
			if end < 0 {
				return nil, fmt.Errorf("%q has no >", text)
			}
			s, err := strconv.ParseFloat(text[1:end], 64)
			if err != nil || s < 0 || s > 60 {
				return nil, fmt.Errorf("%q is no number of seconds", text[1:end])
			}
			if len(out) == 0 {
				out = append(out, Part{})
			}
			out[len(out)-1].After += time.Duration(s * float64(time.Second))
			text = strings.TrimSpace(text[end+1:])
		case '[':
			end := strings.IndexByte(text, ']')
			if end < 0 {
				return nil, fmt.Errorf("%q has no ]", text)
			}
			out = append(out, Part{Sound: text[1:end]})
			text = strings.TrimSpace(text[end+1:])
		case '{':
			end := strings.IndexByte(text, '}')
			say, written, ok := strings.Cut(text[1:max(end, 1)], "=")
			if !ok {
				return nil, fmt.Errorf("%q is not {said=written}", text)
			}
			out = append(out, Part{Say: say, Text: written})
			text = strings.TrimSpace(text[end+1:])
		default:
			end := strings.IndexAny(text, "<[{")
			if end < 0 {
				end = len(text)
			}
			t := strings.TrimSpace(text[:end])
			out = append(out, Part{Say: t, Text: t})
			text = text[end:]
		}
	}
	return out, nil
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

var noises = []string{"office", "street", "babble", "keyboard"}

// voicesPer is how many voices say a line.
func (l *entry) voicesPer(n int) int {
	switch {
	case l.answer && l.class == "human":
		return n
	case l.answer:
		return min(n, 3)
	case l.lang == "en":
		return min(n, 5)
	}
	return min(n, 3)
}

// items gives every line to voices of its part, each at one of clean, 15 and 5 dB.
func (c *corpus) items() []Item {
	var out []Item
	for i := range c.lines {
		l := &c.lines[i]
		voices := c.voices[key(l.heldOut, l.lang)]
		if len(voices) == 0 {
			continue
		}
		p, _ := parts(l.text)
		if !slices.ContainsFunc(p, func(p Part) bool { return p.Say != "" }) && l.class != Echo {
			voices = []string{"none/1", "none/2", "none/3"}
		}
		first := int(hash(l.name) % uint64(len(voices)))
		for k := range l.voicesPer(len(voices)) {
			v := voices[(first+k)%len(voices)]
			it := Item{HeldOut: l.heldOut, Lang: l.lang, Class: l.class, Answer: l.answer, Parts: p, Asked: l.asked, Voice: v}
			_, name, _ := strings.Cut(v, "/")
			it.Seed = hash(l.name + v)
			id := l.name + "." + name
			if level := (first + k) % 3; level > 0 {
				it.SNR = []float64{0, 15, 5}[level]
				it.Noise = noises[it.Seed>>8%uint64(len(noises))]
				id += fmt.Sprintf(".%s%g", it.Noise, it.SNR)
			}
			it.ID = id
			c.open(&it, l.name)
			out = append(out, it)
		}
	}
	return out
}
