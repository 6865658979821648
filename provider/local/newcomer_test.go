package local

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider/local/responder"
	"github.com/parley-voice/parley/stt"
)

// TestNewcomersAreHeard: what first callers say beside the questions that the prompt itself suggests, half in one voice and half in another. One may
// go wrong.
func TestNewcomersAreHeard(t *testing.T) {
	t.Parallel()
	l := speech(t)
	phrases := append([]string{"In an emergency, come to the practice at once, we see emergencies the same day.", "Children are welcome from the age of three."}, practice...)
	lines := []struct{ said, answer string }{
		{"My tooth hurts.", "emergency"},
		{"How are you doing today?", "I am fine"},
		{"Can I speak to Doctor Moreno?", "take a message"},
		{"Can I bring my son?", "Children"},
		{"Sorry, can you repeat that?", "How can I help you?"},
		{"I'm in a lot of pain.", "emergency"},
	}
	model, prompt := responder.New(), strings.Join(phrases, "\n")
	wrong := 0
	for turn, voice := range []string{"kal16", "slt"} {
		lines := lines[turn*len(lines)/2 : (turn+1)*len(lines)/2]
		var frames []audio.Frame
		for _, u := range lines {
			frames = append(frames, telephone(say(t, l, `{"voice":"`+voice+`"}`, "en", u.said), 20)...)
		}
		var heard []string
		for _, e := range hear(t, l, frames, stt.Options{Language: "en", Phrases: phrases}) {
			if e.Final {
				heard = append(heard, e.Text)
			}
		}
		if len(heard) != len(lines) {
			t.Fatalf("%s: %d utterances of %d: %q", voice, len(heard), len(lines), heard)
		}
		for i, u := range lines {
			answer := ""
			for d := range model.Chat(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.System, Text: prompt},
				{Role: llm.Assistant, Text: practice[0]}, {Role: llm.User, Text: heard[i]}}}) {
				answer += d.Text
			}
			if !strings.Contains(answer, u.answer) {
				t.Logf("%s: %q, heard as %q, is answered %q", voice, u.said, heard[i], answer)
				wrong++
			}
		}
	}
	if wrong > 1 {
		t.Errorf("%d of %d were misunderstood", wrong, len(lines))
	}
}
