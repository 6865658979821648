// Package all is the table of vendors: one row each. It starts no goroutine.
package all

import (
	"slices"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/anthropic"
	"github.com/parley-voice/parley/provider/assemblyai"
	"github.com/parley-voice/parley/provider/azure"
	"github.com/parley-voice/parley/provider/cartesia"
	"github.com/parley-voice/parley/provider/deepgram"
	"github.com/parley-voice/parley/provider/deepseek"
	"github.com/parley-voice/parley/provider/elevenlabs"
	"github.com/parley-voice/parley/provider/gladia"
	"github.com/parley-voice/parley/provider/google"
	"github.com/parley-voice/parley/provider/local"
	"github.com/parley-voice/parley/provider/openai"
	"github.com/parley-voice/parley/provider/playht"
	"github.com/parley-voice/parley/provider/rime"
	"github.com/parley-voice/parley/provider/togetherai"
)

// Specs is THE table. Local comes last: it is what is left when nobody has a key. l runs its workers.
func Specs(l *local.Local) []provider.Spec {
	return []provider.Spec{
		deepgram.Spec(),
		assemblyai.Spec(),
		gladia.Spec(),
		openai.Spec(),
		azure.Spec(),
		google.Spec(),
		anthropic.Spec(),
		deepseek.Spec(),
		togetherai.Spec(),
		openai.Compatible(),
		elevenlabs.Spec(),
		cartesia.Spec(),
		playht.Spec(),
		rime.Spec(),
		l.Spec(),
	}
}

// speakFirst is who speaks first of several with a key, which is not the table's order (SPEC §5).
var speakFirst = []string{"elevenlabs", "cartesia", "playht", "rime", "azure", "google", "openai", "deepgram"}

// hearFirst is who hears first of several with a key, which is not the table's order either.
var hearFirst = []string{"deepgram", "assemblyai", "gladia", "azure", "google", "openai"}

// Hearers are the vendors of this version that hear, the one to take by default first.
func Hearers(specs []provider.Spec) []provider.Spec {
	return ranked(with(specs, func(s provider.Spec) bool { return s.Hearing != nil && s.Hearing.Open != nil }), hearFirst)
}

// Thinkers are the vendors of this version that think, as they are reached to, the one to take by default first.
func Thinkers(specs []provider.Spec) []provider.Spec {
	out := with(specs, func(s provider.Spec) bool { return s.Thinking != nil && s.Thinking.Open != nil })
	for i := range out {
		out[i] = out[i].Thinks()
	}
	return out
}

// Speakers are the vendors of this version that speak, the one to take by default first.
func Speakers(specs []provider.Spec) []provider.Spec {
	return ranked(with(specs, func(s provider.Spec) bool { return s.Speaking != nil && s.Speaking.Open != nil }), speakFirst)
}

// ranked sorts vendors; those that first does not name come last, as they are.
func ranked(specs []provider.Spec, first []string) []provider.Spec {
	rank := func(s provider.Spec) int {
		if i := slices.Index(first, s.Name); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(specs, func(a, b provider.Spec) int { return rank(a) - rank(b) })
	return specs
}

func with(specs []provider.Spec, has func(provider.Spec) bool) []provider.Spec {
	return slices.DeleteFunc(slices.Clone(specs), func(s provider.Spec) bool { return !has(s) })
}

// Find is the vendor of that name.
func Find(specs []provider.Spec, name string) (provider.Spec, bool) {
	i := slices.IndexFunc(specs, func(s provider.Spec) bool { return s.Name == name })
	if i < 0 {
		return provider.Spec{}, false
	}
	return specs[i], true
}
