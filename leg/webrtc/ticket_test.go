package webrtc

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/secret"
)

func TestTicket(t *testing.T) {
	key, other := newKey(t, "one"), newKey(t, "two")
	now := time.Now()
	want := Ticket{ID: "1", Environment: "e", AgentID: "a", Context: map[string]string{"name": "Ünal"}, Origin: "https://shop.example", Expires: now.Add(time.Minute).UTC().Round(0)}
	sealed, err := want.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ReadTicket(key, sealed, now); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ReadTicket(key, sealed, want.Expires); !errors.Is(err, ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	for name, forged := range map[string]string{
		"another key's": mustSeal(t, want, other), "changed": "x" + sealed, "cut": sealed[:len(sealed)-1], "unsigned": strings.Split(sealed, ".")[0],
		"empty": "", "dot": ".", "long": strings.Repeat("a", maxTicket) + sealed, "of something else": "eyJpZCI6IjEifQ." + key.Sign("eyJpZCI6IjEifQ"),
	} {
		if _, err := ReadTicket(key, forged, now); !errors.Is(err, ErrTicket) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want.Context["name"] = strings.Repeat("x", maxTicket)
	if _, err := want.Seal(key); !errors.Is(err, ErrTicketSize) {
		t.Errorf("too long: %v", err)
	}
}

func mustSeal(t *testing.T, x Ticket, s Signer) string {
	t.Helper()
	sealed, err := x.Seal(s)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func newKey(t *testing.T, text string) *secret.Key {
	t.Helper()
	k, err := secret.NewKey(strings.Repeat(text, 12))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
