package call

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// A door lets calls go when the test says so.
type door struct {
	looked []time.Duration // since the beginning
	began  time.Time
	next   func(n int) ([]parley.Call, time.Time, error)
}

func (d *door) admit(context.Context) ([]parley.Call, time.Time, error) {
	d.looked = append(d.looked, time.Since(d.began))
	return d.next(len(d.looked))
}

func queueFor(t *testing.T, d *door, b *book, freed chan struct{}, how time.Duration) {
	t.Helper()
	d.began = time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), how)
	defer cancel()
	if err := (&Queue{Admit: d.admit, Freed: freed, Log: b}).Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestQueueLooksWhenItIsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		d := &door{next: func(n int) ([]parley.Call, time.Time, error) {
			switch n {
			case 1:
				return nil, began.Add(7 * time.Second), nil
			case 2:
				return nil, began, nil // has passed
			case 3:
				return nil, began.Add(time.Hour), nil
			}
			return nil, time.Time{}, nil
		}}
		queueFor(t, d, &book{}, nil, 80*time.Second)
		if want := []time.Duration{0, 7 * time.Second, 7 * time.Second, 37 * time.Second, 67 * time.Second}; !slices.Equal(d.looked, want) {
			t.Errorf("looked at %v, want %v", d.looked, want)
		}
	})
}

func TestQueueLooksWhenASlotIsFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		freed := make(chan struct{}, 1)
		d := &door{next: func(int) ([]parley.Call, time.Time, error) { return nil, time.Time{}, nil }}
		time.AfterFunc(3*time.Second, func() { freed <- struct{}{} })
		queueFor(t, d, &book{}, freed, 10*time.Second)
		if want := []time.Duration{0, 3 * time.Second}; !slices.Equal(d.looked, want) {
			t.Errorf("looked at %v", d.looked)
		}
	})
}

func TestQueueTriesAgainAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{}
		d := &door{next: func(n int) ([]parley.Call, time.Time, error) {
			if n < 3 {
				return []parley.Call{{ID: "late", Status: parley.Ended, Ending: parley.Ending{Cause: parley.Expired}}}, time.Time{}, errors.New("the store is away")
			}
			return nil, time.Time{}, nil
		}}
		queueFor(t, d, b, nil, 10*time.Second)
		if want := []time.Duration{0, time.Second, 2 * time.Second}; !slices.Equal(d.looked, want) || len(b.events) != 2 {
			t.Errorf("looked at %v, %d events", d.looked, len(b.events))
		}
	})
}

func TestQueueTellsTheEndOfCallsThatWaitedTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &book{fail: errors.New("disk full")} // is no reason to stop
		d := &door{next: func(n int) ([]parley.Call, time.Time, error) {
			if n > 1 {
				return nil, time.Time{}, nil
			}
			return []parley.Call{
				{ID: "late", Status: parley.Ended, Ending: parley.Ending{Cause: parley.Expired}},
				{ID: "listed", Status: parley.Ended, Ending: parley.Ending{Cause: parley.Cancelled, ErrorMessage: "on the list"}},
			}, time.Time{}, nil
		}}
		queueFor(t, d, b, nil, time.Second)
		if len(b.events) != 2 || b.flushed != 2 {
			t.Fatalf("%d events, %d flushed", len(b.events), b.flushed)
		}
		for i, want := range []string{"expired", "cancelled"} {
			e := b.events[i]
			if e.Type != parley.EventDidNotConnect || e.CallID != []string{"late", "listed"}[i] || !strings.Contains(string(e.Payload), `"ended_reason":"`+want+`"`) {
				t.Errorf("%s: %s %s", e.CallID, e.Type, e.Payload)
			}
		}
	})
}
