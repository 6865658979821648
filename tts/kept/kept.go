// Package kept remembers how fixed words were spoken: an agent's greeting, its question whether anybody is there, its goodbye. The
// second call that needs them has their sound at once, and nobody is paid again. It starts no goroutines.
package kept

import (
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/tts"
)

// Whole is how many bytes of sound a process keeps: 100 greetings of 10 s in 32 MiB.
const Whole = 32 << 20

// A Memory is what was spoken, by whom and in which words, in the memory of the process alone. What has been asked for once gives way
// before what has been asked for again, so that greetings with a name in them, each said once, do not push out the others. It is safe
// from any goroutine.
type Memory struct {
	size int // bytes, at most

	mu    sync.Mutex // guards all below
	takes map[key]*list.Element
	once  list.List // *take, the one asked for last in front
	often list.List
	bytes [2]int // of once, of often
}

type key = [sha256.Size]byte

// A take is one stream of a voice, as it came.
type take struct {
	key    key
	frames []audio.Frame
	texts  []text
	often  bool
}

// A text has become complete at the end of a frame.
type text struct {
	frame int
	text  string
}

func (t *take) bytes() int {
	n := len(t.frames) * audio.Samples * 2
	for _, x := range t.texts {
		n += len(x.text) + 24
	}
	return n + 256
}

// NewMemory is an empty one of size bytes.
func NewMemory(size int) *Memory { return &Memory{size: size, takes: map[key]*list.Element{}} }

// find is the take by that key; nil: there is none.
func (m *Memory) find(k key) *take {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.takes[k]
	if e == nil {
		return nil
	}
	t := e.Value.(*take)
	if t.often {
		m.often.MoveToFront(e)
		return t
	}
	m.once.Remove(e)
	m.bytes[0] -= t.bytes()
	t.often = true
	m.takes[k] = m.often.PushFront(t)
	m.bytes[1] += t.bytes()
	m.shrink()
	return t
}

// keep adds t. A quarter of the memory is for what was never asked for again; one take has no more than that.
func (m *Memory) keep(t *take) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.takes[t.key] != nil || t.bytes() > m.size/4 {
		return
	}
	m.takes[t.key] = m.once.PushFront(t)
	m.bytes[0] += t.bytes()
	m.shrink()
}

func (m *Memory) shrink() {
	for m.bytes[0] > m.size/4 {
		m.forget(&m.once, 0)
	}
	for m.bytes[0]+m.bytes[1] > m.size {
		m.forget(&m.often, 1)
	}
}

func (m *Memory) forget(l *list.List, i int) {
	t := l.Remove(l.Back()).(*take)
	delete(m.takes, t.key)
	m.bytes[i] -= t.bytes()
}

// Voice is inner, with what it has said of fixed words (tts.Options.Fixed) out of m. Whose tells apart those voices that do not sound
// alike or must not know of each other: the environment, the vendor and its options. A nil m is inner alone.
func Voice(m *Memory, inner tts.Synthesizer, whose ...string) tts.Synthesizer {
	if m == nil {
		return inner
	}
	return &voice{Inner: tts.Inner{Synthesizer: inner}, memory: m, whose: whose}
}

type voice struct {
	tts.Inner
	memory *Memory
	whose  []string
}

// Phonetic is what inner says of itself.
func (v *voice) Phonetic(language string) bool {
	p, ok := v.Synthesizer.(tts.Phonetic)
	return ok && p.Phonetic(language)
}

func (v *voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	if !o.Fixed {
		return v.Inner.Speak(ctx, text, o)
	}
	return func(yield func(tts.Chunk, error) bool) {
		var pieces []string
		for open := true; open; {
			var p string
			select {
			case p, open = <-text:
				if open {
					pieces = append(pieces, p)
				}
			case <-ctx.Done():
				yield(tts.Chunk{}, ctx.Err())
				return
			}
		}
		k := v.key(pieces, o)
		if t := v.memory.find(k); t != nil {
			t.speak(ctx, yield)
			return
		}
		v.learn(ctx, k, pieces, o, yield)
	}
}

// key is the same for pieces that sound the same.
func (v *voice) key(pieces []string, o tts.Options) key {
	h := sha256.New()
	add := func(s string) {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		_, _ = io.WriteString(h, s)
	}
	for _, s := range v.whose {
		add(s)
	}
	add(o.Language)
	for _, p := range pieces {
		add(p)
	}
	for part, ipa := range o.Lexicon.Parts(strings.Join(pieces, "")) {
		add(part)
		add(ipa)
	}
	return key(h.Sum(nil))
}

// speak gives the take as inner gave it.
func (t *take) speak(ctx context.Context, yield func(tts.Chunk, error) bool) {
	texts := t.texts
	for i := range t.frames {
		if ctx.Err() != nil {
			yield(tts.Chunk{}, ctx.Err())
			return
		}
		c := tts.Chunk{Frame: t.frames[i], Kept: true}
		if len(texts) > 0 && texts[0].frame == i {
			c.Text, texts = texts[0].text, texts[1:]
		}
		if !yield(c, nil) {
			return
		}
	}
}

// learn has inner speak, and keeps it once it was spoken whole.
func (v *voice) learn(ctx context.Context, k key, pieces []string, o tts.Options, yield func(tts.Chunk, error) bool) {
	in := make(chan string, len(pieces))
	for _, p := range pieces {
		in <- p
	}
	close(in)
	t := &take{key: k}
	told := 0
	for c, err := range v.Inner.Speak(ctx, in, o) {
		if err == nil && t != nil {
			if c.Text != "" {
				t.texts = append(t.texts, text{len(t.frames), c.Text})
				told += len(c.Text)
			}
			if t.frames = append(t.frames, c.Frame); len(t.frames)*audio.Samples*2 > v.memory.size/4 {
				t = nil
			}
		}
		if err != nil {
			t = nil
		}
		if !yield(c, err) {
			return
		}
	}
	if t == nil || ctx.Err() != nil || told != len(strings.Join(pieces, "")) {
		return
	}
	t.frames = slices.Clip(t.frames)
	v.memory.keep(t)
}
