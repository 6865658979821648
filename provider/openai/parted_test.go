package openai

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

// TestTheEndOfALongUtterance: who has talked for so long that it was parted has stopped in the end, though nothing is said in the last part.
func TestTheEndOfALongUtterance(t *testing.T) {
	for name, behind := range map[string]int{"and nothing more": 0, "and sound goes on": 50} {
		var sound []audio.Frame
		for len(sound) < breathe {
			sound = append(append(sound, providertest.Voiced("five")[:5]...), providertest.Silence(2)...)
		}
		sound = append(sound, providertest.Silence(gap+behind)...)
		o := providertest.NewOpenAI(t)
		said, ends := "", 0
		for e, err := range utterances(t, o, `{"model":"w"}`).Transcribe(t.Context(), given(sound), stt.Options{Language: "en"}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Final {
				said += e.Text
			}
			if e.End {
				ends++
			}
		}
		if said == "" || ends != 1 {
			t.Errorf("%s: %d ends of %q", name, ends, said)
		}
	}
}

// TestAnUtteranceWithoutEnd: a server that goes on about one for ever is not believed, nor kept.
func TestAnUtteranceWithoutEnd(t *testing.T) {
	line := fmt.Sprintf(`{"type":"conversation.item.input_audio_transcription.delta","item_id":"i","delta":"%s"}`, strings.Repeat("x", 10_000))
	longest := 0
	var last error
	for e, err := range talking(t, line, line, line, line, line, line).Transcribe(t.Context(), make(chan audio.Frame), stt.Options{}) {
		last, longest = err, max(longest, len(e.Text))
	}
	var v *parley.VendorError
	if !errors.As(last, &v) || v.Code != parley.VendorBadOutput || longest > maxPartial {
		t.Errorf("%d bytes, then %v", longest, last)
	}
}
