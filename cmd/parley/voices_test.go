package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/store"
)

// TestVoicesAreRemembered by who asks with which key, for a while; failures are not.
func TestVoicesAreRemembered(t *testing.T) {
	env := map[string]string{"OPENAI_API_KEY": "one"}
	v, _ := cast(t, env)
	id, _, err := firstStart(t.Context(), v.db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	var fails error
	v.specs[1].Speaking.Voices = func(_ context.Context, a provider.Access) ([]provider.Voice, error) {
		asked = append(asked, a.Key)
		return []provider.Voice{{Name: "of " + a.Key}}, fails
	}
	list := func(account string) string {
		t.Helper()
		voices, err := v.Voices(t.Context(), id, "voice_openai", account)
		if err != nil {
			return err.Error()
		}
		return voices[0].Name
	}
	fails = errors.New("not now")
	if got := list(""); got != "not now" {
		t.Error(got)
	}
	fails = nil
	for range 2 {
		if got := list(""); got != "of one" || len(asked) != 2 {
			t.Error(got, asked)
		}
	}
	env["OPENAI_API_KEY"] = "two"
	if got := list(""); got != "of two" || len(asked) != 3 {
		t.Error(got, asked)
	}
	d, err := v.db.Create(t.Context(), id, store.AccountConnections, store.Doc{"type": "account_connection_openai", "config": store.Doc{}, "credentials": store.Doc{"openai_api_key": "three"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := list(d["id"].(string)); got != "of three" {
		t.Error(got)
	}
	if _, err := v.db.Create(t.Context(), id, store.AccountConnections, store.Doc{"type": "account_connection_openai", "config": store.Doc{}, "credentials": store.Doc{"openai_api_key": "four"}}); err != nil {
		t.Fatal(err)
	}
	if got := list(""); !strings.Contains(got, "there are several") {
		t.Error(got)
	}
	if _, err := v.Voices(t.Context(), id, "voice_deepgram", ""); err == nil {
		t.Error("voices that cannot be listed are")
	}
}

// TestVoicesAreForgotten after ten minutes, and when there are too many lists.
func TestVoicesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b voiceBook
		b.keep([32]byte{1}, nil)
		time.Sleep(voicesLast - time.Second)
		if _, ok := b.find([32]byte{1}); !ok {
			t.Error("forgotten too early")
		}
		time.Sleep(time.Second)
		if _, ok := b.find([32]byte{1}); ok {
			t.Error("remembered too long")
		}
		for i := range 3 * voicesKept {
			b.keep([32]byte{2, byte(i)}, nil)
		}
		if len(b.lists) > voicesKept {
			t.Error(len(b.lists))
		}
	})
}
