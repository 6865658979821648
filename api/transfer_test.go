package api

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

func TestTransferOfABody(t *testing.T) {
	for _, tc := range []struct {
		body store.Doc
		want parley.Transfer
		warm *parley.Warm
	}{
		{store.Doc{"phone_number": " 15559990000"}, parley.Transfer{To: "+15559990000"}, nil},
		{store.Doc{"phone_number": "+15559990000,,204"}, parley.Transfer{To: "+15559990000", Extension: ",,204"}, nil},
		{store.Doc{"phone_number": "+15559990000", "extension": "9"}, parley.Transfer{To: "+15559990000", Extension: "9"}, nil},
		{store.Doc{"phone_number": "alice", "mode": "cold"}, parley.Transfer{To: "alice"}, nil},
		{store.Doc{"phone_number": "204", "mode": "warm"}, parley.Transfer{To: "204"}, &parley.Warm{}},
		{store.Doc{"phone_number": "+15559990000;ext=7", "mode": "warm", "briefing": " Ann. ", "hold_sound": "ringing", "answer_timeout_seconds": 12.5, "on_failure": "hangup"},
			parley.Transfer{To: "+15559990000", Extension: "7"}, &parley.Warm{Briefing: "Ann.", HoldSound: "ringing", Answer: 12500 * time.Millisecond, HangUp: true}},
	} {
		got, err := transferOf(tc.body)
		warm := got.Warm
		got.Warm = nil
		if err != nil || got.To != tc.want.To || got.Extension != tc.want.Extension || (warm == nil) != (tc.warm == nil) || warm != nil && *warm != *tc.warm {
			t.Errorf("%v: %+v %+v, %v", tc.body, got, warm, err)
		}
	}
	for field, body := range map[string]store.Doc{
		"phone_number": {"phone_number": "+1 555"}, "extension": {"phone_number": "204", "extension": "x"}, "briefing": {"phone_number": "204", "briefing": "x"},
		"on_failure": {"phone_number": "204", "mode": "cold", "on_failure": "hangup"},
	} {
		_, err := transferOf(body)
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != field || e.Status != 400 {
			t.Errorf("%v: %v", body, err)
		}
	}
}
