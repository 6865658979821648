package conversation

import (
	"testing"
	"time"
)

func TestAsksToWait(t *testing.T) {
	for _, tc := range []struct {
		language, text string
		want           bool
	}{
		{"en", "One moment, please.", true},
		{"en", "Hold on, let me get my glasses", true},
		{"en", "I'll be right back", true},
		{"en", "Please stay on the line, your call is important to us", true},
		{"", "just a sec", true},
		{"en", "That was the one moment I remember", true}, // costs a minute of patience, no more
		{"en", "I was told to hold on to the receipt until somebody from your company calls me back next week", false},
		{"en", "I need an appointment on Monday", false},
		{"en", "momentarily", false},
		{"en", "", false},
		{"de", "Moment bitte!", true},
		{"de", "Einen kleinen Hund", false},
		{"es", "Espere un momento, por favor", true},
		{"pt", "Só um minutinho", true},
		{"pt", "um minutinho, por favor", true},
		{"fr", "Ne quittez pas, s'il vous plaît.", true},
		{"nl", "Wacht even", true},
		{"id", "tunggu sebentar ya", true},
		{"it", "Un attimo, per favore", true},
		{"hi", "एक मिनट रुकिए", true},
		{"ja", "少々お待ちください。", true},
		{"ja", "はい、そうです。", false},
		{"ko", "잠시만 기다려 주세요", true},
		{"ko", "네, 맞아요", false},
	} {
		if got := asksToWait(tc.language, tc.text); got != tc.want {
			t.Errorf("%s %q: %v", tc.language, tc.text, got)
		}
	}
}

func TestWait(t *testing.T) {
	w := wait{since: 10 * time.Second, sound: 10 * time.Second}
	for _, tc := range []struct{ heard, want time.Duration }{
		{0, 70 * time.Second},                // of before
		{14 * time.Second, 70 * time.Second}, // music begins
		{60 * time.Second, 70 * time.Second}, // sound after a long silence is not that music
		{18 * time.Second, 70 * time.Second},
	} {
		if got := w.until(tc.heard); got != tc.want {
			t.Errorf("with sound at %s it lasts until %s, want %s", tc.heard, got, tc.want)
		}
	}
	for at := 20 * time.Second; at < 20*time.Minute; at += time.Second {
		w.until(at)
	}
	if got := w.until(20 * time.Minute); got != 10*time.Minute+10*time.Second {
		t.Errorf("music for ever holds the line until %s", got)
	}
}
