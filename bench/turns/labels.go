package turns

import (
	"errors"
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
	Menu         Class = "menu"         // a machine reads out choices: neither has the floor
)

// A Split is a part of the corpus, with words and voices of its own.
type Split string

// The splits.
const (
	Tuning     Split = "tuning"
	Validation Split = "validation" // its figures may be looked at while tuning
	Former     Split = "former"     // and so may this one's, which was held out until its figures led to changes
	HeldOut    Split = "held-out"   // nobody who tunes has seen its lines, or its figures
)

var splits = []Split{Tuning, Validation, Former, HeldOut}

// A Word is when a word was said, in its part or its item.
type Word struct {
	Text       string
	Start, End time.Duration
}

// An Item is one thing to be heard.
type Item struct {
	ID      string
	Split   Split
	Lang    string
	Class   Class
	Answer  bool   // of those who answer a call
	Parts   []Part // said, with what stands between
	Asked   string // what the agent had asked; of a menu, what the call is for
	Key     string // of a menu, the right one
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

// entry is a line of a file.
type entry struct {
	split  Split
	lang   string
	class  Class
	answer bool
	text   string
	asked  string
	key    string
	name   string
}

// corpus is the files.
type corpus struct {
	voices map[string][]string // split/language → engine/name
	lines  []entry
}

func key(split Split, lang string) string { return string(split) + "/" + lang }

// parse reads files: fields between bars, comments after #.
func parse(files ...string) (*corpus, error) {
	c := &corpus{voices: map[string][]string{}}
	count := map[string]int{}
	for _, text := range files {
		for i, l := range strings.Split(text, "\n") {
			if l = strings.TrimSpace(l); l == "" || strings.HasPrefix(l, "#") {
				continue
			}
			if err := c.line(l, count); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	return c, nil
}

// line reads one. count is how many lines there were of each split, language and class.
func (c *corpus) line(l string, count map[string]int) error {
	f := strings.Split(l, "|")
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	if len(f) < 4 {
		return fmt.Errorf("it has %d fields and needs split | language | class | text", len(f))
	}
	split := Split(f[0])
	if !slices.Contains(splits, split) {
		return fmt.Errorf("it begins with %q; it must be one of %v", f[0], splits)
	}
	if k := key(split, f[1]); f[2] == "voice" {
		c.voices[k] = append(c.voices[k], strings.Fields(f[3])...)
		return nil
	}
	kind, often, _ := strings.Cut(f[2], "*")
	times := 1
	if often != "" {
		n, err := strconv.Atoi(often)
		if err != nil || n < 1 || n > 99 {
			return fmt.Errorf("%q is not how often", often)
		}
		times = n
	}
	if _, err := parts(f[3]); err != nil {
		return err
	}
	class, answer := strings.CutPrefix(kind, "answer/")
	ln := entry{split: split, lang: f[1], class: Class(class), answer: answer, text: f[3]}
	if len(f) > 4 {
		ln.asked = f[4]
	}
	if len(f) > 5 {
		ln.key = f[5]
	}
	if ln.class == Menu && (ln.asked == "" || ln.key == "") {
		return errors.New("a menu needs what the call is for, and the right key")
	}
	for range times {
		k := f[0] + f[1] + kind
		count[k]++
		ln.name = fmt.Sprintf("%s-%s-%s-%02d", f[0][:1], f[1], strings.ReplaceAll(kind, "/", "-"), count[k])
		c.lines = append(c.lines, ln)
	}
	return nil
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

var (
	noises  = []string{"office", "street", "babble", "keyboard"}
	unheard = []string{"car", "rain", "canteen", "fan"} // those of the held-out part
)

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
func (c *corpus) items() []Item { return c.draw(1) }

// draw gives every item so often, each time with noises and a transcriber of another seed.
func (c *corpus) draw(often int) []Item {
	var out []Item
	for i := range c.lines {
		l := &c.lines[i]
		voices := c.voices[key(l.split, l.lang)]
		if len(voices) == 0 {
			continue
		}
		p, _ := parts(l.text)
		if !slices.ContainsFunc(p, func(p Part) bool { return p.Say != "" }) && l.class != Echo {
			voices = []string{"none/1", "none/2", "none/3"}
		}
		first := int(hash(l.name) % uint64(len(voices)))
		for k := range l.voicesPer(len(voices)) {
			for n := range often {
				it := Item{Split: l.split, Lang: l.lang, Class: l.class, Answer: l.answer, Parts: p, Asked: l.asked, Key: l.key, Voice: voices[(first+k)%len(voices)]}
				it.settle(l.name, (first+k)%3, n)
				c.open(&it, l.name)
				out = append(out, it)
			}
		}
	}
	return out
}

// settle gives an item its name and what chance has of it: the place, at the level of that number, and a seed, for the so manieth time.
func (it *Item) settle(line string, level, draw int) {
	_, name, _ := strings.Cut(it.Voice, "/")
	id := line + "." + name
	again := ""
	if draw > 0 {
		again = fmt.Sprintf("#%d", draw+1)
	}
	it.Seed = hash(line + it.Voice + again)
	if level > 0 {
		it.SNR = []float64{0, 15, 5}[level]
		places := noises
		if it.Split == HeldOut {
			places = unheard
		}
		it.Noise = places[it.Seed>>8%uint64(len(places))]
		id += fmt.Sprintf(".%s%g", it.Noise, it.SNR)
	}
	it.ID = id + again
}
