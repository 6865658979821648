package main

import (
	"context"
	"fmt"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// demoNumber is what a phone dials to meet the demo agent: sip:demo@host.
const demoNumber = "demo"

const demoPrompt = `You are the receptionist of Harbor Dental, a dental practice. Be brief and friendly, and answer in one or two sentences.
We are open from nine in the morning until six in the evening, Monday to Friday, and on Saturday from ten until two.
We are closed on Sunday and on public holidays.
Our address is twelve Harbor Street, opposite the old lighthouse.
There is free parking behind the building.
A check up costs eighty dollars, and a cleaning costs sixty dollars.
We take all major insurance plans, and you can pay by card or in cash.
To make an appointment we need your name and a day that suits you.
In an emergency, come to the practice at once, we see emergencies the same day.
Doctor Lee and Doctor Moreno are our two dentists.
Children are welcome from the age of three.
You can cancel an appointment free of charge until the day before.
When the caller says goodbye, end the call.`

// firstStart makes what a new installation needs: the environment, an agent worth ringing, and last the key, which is kept
// before it counts: a start that was cut short is made up for by the next. On later starts it changes nothing, but that a key
// given by PARLEY_API_KEY opens the default environment. made is the key of a first start, to be shown once.
func firstStart(ctx context.Context, db *store.DB, given string, keep func(key string) error) (env, made string, err error) {
	e, _, err := db.EnsureDefaultEnvironment(ctx)
	if err != nil {
		return "", "", fmt.Errorf("making the first environment: %w", err)
	}
	keys, err := db.Keys(ctx, e.ID, store.Page{Size: 1})
	if err != nil {
		return "", "", err
	}
	if keys.Total == 0 {
		if err := makeDemo(ctx, db, e.ID); err != nil {
			return "", "", err
		}
	}
	key := given
	if key == "" && keys.Total == 0 {
		key, _, _ = secret.NewAPIKey(true)
		made = key
		if err := keep(key); err != nil {
			return "", "", err
		}
	}
	if key == "" {
		return e.ID, "", nil
	}
	if _, err := db.CreateKey(ctx, store.APIKey{EnvironmentID: e.ID, Prefix: secret.KeyPrefix(key), Role: store.Operator}, secret.HashAPIKey(key)); err != nil {
		return "", "", fmt.Errorf("keeping the API key: %w", err)
	}
	return e.ID, made, nil
}

// makeDemo makes the demo agent, unless an earlier start got as far as that.
func makeDemo(ctx context.Context, db *store.DB, env string) error {
	if _, err := db.Number(ctx, env, demoNumber); !parley.IsNotFound(err) {
		return err
	}
	agent, err := db.CreateAgent(ctx, env, demoAgent())
	if err != nil {
		return fmt.Errorf("making the demo agent: %w", err)
	}
	_, err = db.LinkNumber(ctx, env, store.Doc{"number": demoNumber, "active": true, "label": "Demo", "inbound_agent": agent["id"]})
	if err != nil {
		return fmt.Errorf("linking the demo agent: %w", err)
	}
	return nil
}

func demoAgent() store.Doc {
	return store.Doc{
		"name": "Harbor Dental", "description": "The demo agent: change it, or make your own.", "language": "en",
		"prompt":          store.Doc{"content": demoPrompt},
		"initial_message": "Hello, this is Harbor Dental. How can I help you?",
		"voice":           store.Doc{}, // the server's default
		"actions": []any{store.Doc{
			"type": "action_end_conversation", "label": "End the call", "config": store.Doc{},
			"description": "The caller said goodbye and wants nothing more.",
		}},
	}
}
