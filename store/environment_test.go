package store

import (
	"errors"
	"testing"

	"github.com/parley-voice/parley"
)

func testEnvironments(t *testing.T, d *DB) {
	ctx := t.Context()
	first, made, err := d.EnsureDefaultEnvironment(ctx)
	if err != nil || !made || first.ID == "" {
		t.Fatal(first, made, err)
	}
	if again, made, err := d.EnsureDefaultEnvironment(ctx); err != nil || made || again != first {
		t.Fatal(again, made, err)
	}
	want := Settings{TimeFormat: "epoch", AudioDays: 30, TextDays: 90, MP3AfterDays: 7, AutoDoNotCall: true}
	second, err := d.CreateEnvironment(ctx, Environment{Name: "second", MaxCalls: 7, Settings: want})
	if err != nil || second.ID == "" || second.Created.IsZero() || second.Settings != want {
		t.Fatal(second, err)
	}
	if e, err := d.Environment(ctx, second.ID); err != nil || e != second || e.MaxCalls != 7 {
		t.Fatal(e, err)
	}
	if _, err := d.Environment(ctx, "none"); status(err) != 404 {
		t.Error(err)
	}
	l, err := d.Environments(ctx, Page{})
	if err != nil || l.Total != 2 || l.HasMore || l.Items[0] != first || l.Items[1] != second {
		t.Errorf("%+v %v", l, err)
	}
	if l, err := d.Environments(ctx, Page{Filters: []Filter{{"name", "eq", "second"}}}); err != nil || l.Total != 1 || l.Items[0] != second {
		t.Errorf("%+v %v", l, err)
	}
	for field, e := range map[string]Environment{
		"max_calls":               {MaxCalls: -1},
		"settings.time_format":    {Settings: Settings{TimeFormat: "unix"}},
		"settings.audio_days":     {Settings: Settings{AudioDays: -1}},
		"settings.text_days":      {Settings: Settings{TextDays: 1 << 30}},
		"settings.mp3_after_days": {Settings: Settings{MP3AfterDays: -5}},
	} {
		_, err := d.CreateEnvironment(ctx, e)
		var refused *parley.Error
		if !errors.As(err, &refused) || refused.Status != 400 || refused.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func testEnvironmentChanges(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	before, err := d.Environment(ctx, env)
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.UpdateEnvironment(ctx, env, func(e *Environment) error {
		e.ID, e.MaxCalls, e.Settings.AudioDays = "another", 3, 10
		return nil
	})
	if err != nil || e.ID != env || e.MaxCalls != 3 || e.Settings.AudioDays != 10 || e.Name != before.Name || e.Created != before.Created {
		t.Fatalf("%+v %v", e, err)
	}
	if got, err := d.Environment(ctx, env); err != nil || got != e {
		t.Errorf("%+v %v", got, err)
	}
	select {
	case <-d.SlotsFreed():
	default:
		t.Error("nobody is told that a limit has changed")
	}
	stop := errors.New("stop")
	if _, err := d.UpdateEnvironment(ctx, env, func(e *Environment) error { e.MaxCalls = 9; return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if _, err := d.UpdateEnvironment(ctx, env, func(e *Environment) error { e.MaxCalls = -9; return nil }); status(err) != 400 {
		t.Error(err)
	}
	if _, err := d.UpdateEnvironment(ctx, "none", func(*Environment) error { t.Error("called"); return nil }); status(err) != 404 {
		t.Error(err)
	}
	if got, err := d.Environment(ctx, env); err != nil || got != e {
		t.Errorf("refused changes were kept: %+v %v", got, err)
	}
}

func testEnvironmentDeletion(t *testing.T, d *DB) {
	ctx := t.Context()
	first, _, err := d.EnsureDefaultEnvironment(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeleteEnvironment(ctx, first.ID); status(err) != 409 {
		t.Error("the first environment:", err)
	}
	for what, use := range map[string]func(env string) (undo func() error, err error){
		"a call": func(env string) (func() error, error) {
			return func() error { _, err := d.DeleteCall(ctx, env, "c"); return err }, d.CreateCall(ctx, parley.Call{ID: "c", UserID: env, Status: parley.Ended})
		},
		"an agent": func(env string) (func() error, error) {
			a, err := d.CreateAgent(ctx, env, Doc{"name": "a"})
			return func() error { _, err := d.DeleteAgent(ctx, env, str(a, "id")); return err }, err
		},
		"a number": func(env string) (func() error, error) {
			_, err := d.LinkNumber(ctx, env, Doc{"number": "100"})
			return func() error { _, err := d.UnlinkNumber(ctx, env, "100"); return err }, err
		},
		"a prompt": func(env string) (func() error, error) {
			p, err := d.Create(ctx, env, Prompts, Doc{"content": "x"})
			return func() error { _, err := d.Delete(ctx, env, Prompts, str(p, "id")); return err }, err
		},
	} {
		env := environment(t, d)
		hash := [32]byte{byte(len(what)), 1}
		if _, err := d.CreateKey(ctx, APIKey{EnvironmentID: env}, hash); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddDoNotCall(ctx, DoNotCall{EnvironmentID: env, Number: "+15550000001"}); err != nil {
			t.Fatal(err)
		}
		undo, err := use(env)
		if err != nil {
			t.Fatal(what, err)
		}
		if _, err := d.DeleteEnvironment(ctx, env); status(err) != 409 {
			t.Errorf("with %s: %v", what, err)
		}
		if err := undo(); err != nil {
			t.Fatal(what, err)
		}
		if e, err := d.DeleteEnvironment(ctx, env); err != nil || e.ID != env {
			t.Errorf("without %s: %v %v", what, e, err)
		}
		if _, err := d.LookupKey(ctx, hash); status(err) != 404 {
			t.Errorf("the key of an environment that is gone works: %v", err)
		}
		if _, err := d.Environment(ctx, env); status(err) != 404 {
			t.Error(err)
		}
	}
	if _, err := d.DeleteEnvironment(ctx, "none"); status(err) != 404 {
		t.Error(err)
	}
}
