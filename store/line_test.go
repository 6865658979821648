package store

import (
	"sync"
	"sync/atomic"
	"testing"
)

// testLines: however many nodes and goroutines want lines of an account, never more than it has are in use, and those of a node that is
// gone are free.
func testLines(t *testing.T, a *DB) {
	const most, many = 5, 24
	ctx := t.Context()
	b := two(t, a)
	env := environment(t, a)
	doc, err := a.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_sip", "credentials": map[string]any{"host": "sip.example.com", "max_calls": float64(most)}})
	if err != nil {
		t.Fatal(err)
	}
	account := str(doc, "id")
	var mu sync.Mutex
	var taken []string
	var ofB atomic.Int32
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			d := []*DB{a, b}[i%2]
			id, err := d.TakeLine(ctx, account, most)
			if err != nil {
				t.Error(err)
			}
			if id == "" {
				return
			}
			if d == b {
				ofB.Add(1)
			}
			mu.Lock()
			defer mu.Unlock()
			taken = append(taken, id)
		})
	}
	all.Wait()
	if len(taken) != most {
		t.Fatalf("%d lines are in use of %d", len(taken), most)
	}
	if id, err := b.TakeLine(ctx, "another", 1); id == "" || err != nil {
		t.Errorf("of another account: %v", err)
	}
	if id, err := a.TakeLine(ctx, account, most, taken[0]); id == "" || err != nil {
		t.Errorf("one that is given back at once: %v", err)
	} else {
		taken[0] = id
	}
	if err := a.GiveLines(ctx, taken[:1]); err != nil {
		t.Error(err)
	}
	if id, _ := a.TakeLine(ctx, account, most); id == "" {
		t.Error("one that was given back")
	}
	if id, _ := a.TakeLine(ctx, account, most); id != "" {
		t.Error("one more than there are")
	}
	if err := b.Leave(ctx); err != nil {
		t.Fatal(err)
	}
	free := 0
	for range many {
		if id, _ := a.TakeLine(ctx, account, most); id != "" {
			free++
		}
	}
	if n := int(ofB.Load()); free < n-1 || free > n {
		t.Errorf("%d lines are free after a node is gone that had %d", free, n)
	}
}
