package call

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/stt"
)

// real gives f a store on a file, in virtual time, with an environment of so many calls.
func real(t *testing.T, most int, f func(t *testing.T, db *store.DB, env, dir string)) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		key, err := secret.NewKey(strings.Repeat("k", 32))
		if err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(t.Context(), filepath.Join(dir, "parley.db"), key)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		e, err := db.CreateEnvironment(t.Context(), store.Environment{Name: "e", MaxCalls: most})
		if err != nil {
			t.Fatal(err)
		}
		f(t, db, e.ID, dir)
	})
}

// Words of a private call are in no file of the data folder, those of another one are.
func TestPrivateCallInTheRealStore(t *testing.T) {
	real(t, 0, func(t *testing.T, db *store.DB, env, folder string) {
		var log bytes.Buffer
		b := newBench(t)
		b.Calls, b.Log, b.Recordings = db, db.Log(), dir(folder)
		b.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
			p, l := legtest.Pipe(t.Context())
			time.AfterFunc(8*time.Second, func() { p.Press("9871") })
			return l, nil
		}
		talk := func(id, word string, secretly bool) {
			b.model = lines(llm.Delta{Text: word + "said indeed."}, llm.Delta{Text: word + "said again."})
			content, greeting := word+"prompt ${patient}", word+"greeting"
			agent := agent()
			agent.Prompt.Content, agent.InitialMessage = &content, &greeting
			snapshot, err := json.Marshal(agent)
			if err != nil {
				t.Fatal(err)
			}
			c := parley.Call{ID: id, UserID: env, Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true, Private: secretly,
				From: "+15550001111", To: "+15552223333", Agent: snapshot, Context: map[string]string{"patient": word + "context"}}
			if err := db.PlaceCall(t.Context(), c, nil); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() { defer close(done); _ = b.Dial(t.Context(), id) }()
			time.Sleep(3 * time.Second)
			b.ear <- stt.Event{Text: word + "heard", Final: true, End: true}
			time.Sleep(12 * time.Second)
			if err := b.End(t.Context(), id); err != nil {
				t.Error(err)
			}
			<-done
		}
		talk("secret", "canary", true)
		talk("public", "parrot", false)
		b.Close()
		row, err := db.Call(t.Context(), env, "secret")
		if err != nil || !row.Private || row.Status != parley.Ended || row.Recording != "" || row.Usage.TTSCharacters == 0 {
			t.Errorf("%+v %v", row, err)
		}
		events, err := db.Log().Events(t.Context(), "secret", 0, 0)
		if err != nil || len(events) < 6 {
			t.Errorf("%d events, %v", len(events), err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		all := log.Bytes()
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Name() == "secret.wav" {
				t.Error("it was recorded")
			}
			if strings.HasSuffix(f.Name(), ".wav") {
				continue
			}
			content, err := os.ReadFile(filepath.Join(folder, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, content...)
		}
		for _, what := range []string{"said", "heard", "greeting", "prompt", "context"} {
			if i := bytes.Index(all, []byte("canary"+what)); i >= 0 {
				t.Errorf("what was %s is there: %q", what, all[max(0, i-100):i+40])
			}
			if !bytes.Contains(all, []byte("parrot"+what)) {
				t.Errorf("this test does not find what was %s", what)
			}
		}
	})
}

// The queue on the real store: calls that wait go one after the other, the one due first before all; who waited too long and
// who is not to be called is told of.
func TestQueueOnTheRealStore(t *testing.T) {
	real(t, 1, func(t *testing.T, db *store.DB, env, _ string) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			q := &Queue{Freed: db.SlotsFreed(), Log: db.Log(), Admit: func(ctx context.Context) ([]parley.Call, time.Time, error) {
				a, err := db.Admit(ctx)
				return a.Expired, a.Next, err
			}}
			if err := q.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		var dialled []string
		wg.Go(func() { // each call takes ten seconds
			for ctx.Err() == nil {
				jobs, err := db.ClaimJobs(ctx, store.Claim{Owner: "o", Kind: "dial", Limit: 10, Lease: time.Hour})
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				for _, j := range jobs {
					dialled = append(dialled, j.Subject+" at "+time.Since(began).Truncate(time.Second).String())
					wg.Go(func() {
						time.Sleep(10 * time.Second)
						if err := db.UpdateCall(context.Background(), j.Subject, func(c *parley.Call) error {
							c.Status, c.Cause, c.End = parley.Ended, parley.CallerHungUp, time.Now()
							return nil
						}); err != nil {
							t.Error(err)
						}
					})
				}
				select {
				case <-db.JobsAdded():
				case <-ctx.Done():
				}
			}
		})
		place := func(id, to string, from, until time.Duration) {
			time.Sleep(time.Millisecond)
			c := parley.Call{ID: id, UserID: env, Status: parley.NotStarted, Stage: parley.StageCreated, IsOutgoing: true, To: to, Created: time.Now(),
				Schedule: parley.Schedule{Queued: true}}
			if from > 0 {
				c.NotBefore = began.Add(from)
			}
			if until > 0 {
				c.NotAfter = began.Add(until)
			}
			if err := db.PlaceCall(ctx, c, nil, store.Job{Kind: "dial", Subject: id, DedupeKey: id, Once: true}); err != nil {
				t.Fatal(err)
			}
		}
		place("a", "+15550000001", 0, 0)
		place("b", "+15550000002", 0, 0)
		place("late", "+15550000003", 0, 5*time.Second)
		place("evening", "+15550000004", time.Minute, 0)
		place("listed", "+15550000005", 0, 0)
		if _, err := db.AddDoNotCall(ctx, store.DoNotCall{EnvironmentID: env, Number: "+15550000005"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		cancel()
		wg.Wait()
		if want := []string{"a at 0s", "b at 10s", "evening at 1m0s"}; !slices.Equal(dialled, want) {
			t.Errorf("dialled %q, want %q", dialled, want)
		}
		for id, want := range map[string]parley.Cause{"late": parley.Expired, "listed": parley.Cancelled} {
			c, err := db.Call(t.Context(), env, id)
			if err != nil || c.Cause != want || c.Status != parley.Ended || c.ErrorMessage == "" {
				t.Errorf("%s: %+v %v", id, c, err)
			}
			events, err := db.Log().Events(t.Context(), id, 0, 0)
			if err != nil || len(events) != 1 || events[0].Type != parley.EventDidNotConnect || !strings.Contains(string(events[0].Payload), string(want)) {
				t.Errorf("%s: %v %v", id, events, err)
			}
		}
		if c, err := db.Call(t.Context(), env, "late"); err != nil || c.End.Sub(began) > 6*time.Second {
			t.Errorf("it expired after %v (%v)", c.End.Sub(began), err)
		}
	})
}

// After a crash a call keeps the agent it had, and a private one loses what it said.
func TestBuryOnTheRealStore(t *testing.T) {
	real(t, 0, func(t *testing.T, db *store.DB, env, _ string) {
		for _, id := range []string{"private", "other"} {
			c := parley.Call{ID: id, UserID: env, Status: parley.InProgress, Stage: parley.StagePickedUp, Start: time.Now(), Private: id == "private",
				Agent: json.RawMessage(`{"id":"a","name":"N","prompt":{"content":"words"}}`), Context: map[string]string{"x": "words"}}
			if err := db.CreateCall(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		lost, err := db.ReconcileCalls(t.Context())
		if err != nil || len(lost) != 2 {
			t.Fatal(lost, err)
		}
		for _, c := range lost {
			if err := Bury(t.Context(), db.Log(), db, func(string) bool { return true }, c); err != nil {
				t.Error(err)
			}
			got, err := db.Call(t.Context(), env, c.ID)
			if err != nil || got.Cause != parley.NodeLost {
				t.Errorf("%+v %v", got, err)
			}
			words := strings.Contains(string(got.Agent), "words") && got.Context["x"] == "words"
			if words == got.Private || !strings.Contains(string(got.Agent), `"N"`) {
				t.Errorf("%s: %s %v", c.ID, got.Agent, got.Context)
			}
		}
	})
}
