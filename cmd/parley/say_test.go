package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// TestSay: the voice that is asked for speaks, or says why it cannot; no other speaks in its place.
func TestSay(t *testing.T) {
	v, seen := cast(t, map[string]string{"DEEPGRAM_API_KEY": "k"})
	env, _, err := firstStart(t.Context(), v.db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	say := func(voice map[string]any) (frames int, err error) {
		for _, err := range v.Say(t.Context(), env, parley.Agent{Language: "en", Voice: voice}, "Good morning.") {
			if err != nil {
				return frames, err
			}
			frames++
		}
		return frames, nil
	}
	_, err = say(map[string]any{"type": "voice_openai"})
	var vendor *parley.VendorError
	if !errors.As(err, &vendor) || vendor.Code != parley.VendorUnauthorized || !strings.Contains(err.Error(), "there is no key") {
		t.Errorf("without a key: %v", err)
	}
	var wrong *parley.Error
	if _, err := say(map[string]any{"type": "voice_hal"}); !errors.As(err, &wrong) || wrong.Field != "voice" {
		t.Errorf("a vendor that is none: %v", err)
	}
	if len(*seen) != 0 {
		t.Errorf("others were opened: %v", *seen)
	}
}
