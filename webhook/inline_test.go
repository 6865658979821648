package webhook

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// TestWebhookOfOneCallSigns: a webhook that exists for one call only is signed with the secret that was made for it.
func TestWebhookOfOneCallSigns(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		env := w.environment()
		agent, err := w.db.AssembleAgent(context.Background(), env, store.Doc{
			"prompt": store.Doc{}, "voice": store.Doc{}, "webhook": store.Doc{"url": there, "subscriptions": every}})
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := json.Marshal(agent)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.CreateCall(context.Background(), parley.Call{ID: "c", UserID: env, Agent: snapshot}); err != nil {
			t.Fatal(err)
		}
		_, stop := w.start()
		defer stop()
		w.say("c", parley.EventMessage, map[string]any{"text": "hi"})
		time.Sleep(time.Second)
		hits := w.got(there)
		if len(hits) != 1 {
			t.Fatalf("%d requests", len(hits))
		}
		verify, err := standardwebhooks.NewWebhook(agent.Webhook.SigningSecret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verify.VerifyIgnoringTimestamp(hits[0].Body, hits[0].Header); err != nil {
			t.Errorf("%v: %v", err, hits[0].Header)
		}
	})
}

// TestACallMayHaveAWebhookOfItsOwn: what a call changes of a stored webhook holds for that call, and no other.
func TestACallMayHaveAWebhookOfItsOwn(t *testing.T) {
	const elsewhere = "https://elsewhere.example/hook"
	bubble(t, func(t *testing.T, w *world) {
		env := w.environment()
		id, _ := w.hook(there, nil)
		for call, hook := range map[string]store.Doc{"own": {"id": id, "url": elsewhere}, "stored": {"id": id}} {
			agent, err := w.db.AssembleAgent(context.Background(), env, store.Doc{"prompt": store.Doc{}, "voice": store.Doc{}, "webhook": hook})
			if err != nil {
				t.Fatal(err)
			}
			snapshot, _ := json.Marshal(agent)
			if err := w.db.CreateCall(context.Background(), parley.Call{ID: call, UserID: env, Agent: snapshot}); err != nil {
				t.Fatal(err)
			}
		}
		_, stop := w.start()
		defer stop()
		w.say("own", parley.EventMessage, nil)
		w.say("stored", parley.EventMessage, nil)
		time.Sleep(time.Second)
		for url, call := range map[string]string{elsewhere: "own", there: "stored"} {
			if hits := w.got(url); len(hits) != 1 || hits[0].body["call_id"] != call {
				t.Errorf("%s got %+v", url, hits)
			}
		}
	})
}

// TestOneBrokenCallHoldsNobodyBack: a snapshot that makes no sense costs that call its webhook, and no other call.
func TestOneBrokenCallHoldsNobodyBack(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		broken := parley.Call{ID: "broken", UserID: w.environment(), Agent: json.RawMessage(`{"webhook":"not an object"}`)}
		if err := w.db.CreateCall(context.Background(), broken); err != nil {
			t.Fatal(err)
		}
		w.call("c", store.Doc{"id": id})
		_, stop := w.start()
		defer stop()
		w.say("broken", parley.EventMessage, nil)
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Minute)
		if hits := w.got(there); len(hits) != 1 || hits[0].body["call_id"] != "c" {
			t.Errorf("%+v", hits)
		}
	})
}
