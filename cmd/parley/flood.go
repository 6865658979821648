package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-voice/parley"
)

// The most that a flood may be.
const (
	maxFloodRate = 10_000
	maxFloodTime = 600 // s
)

// floodTypes are what calls say of themselves, about as often as they do.
var floodTypes = []parley.EventType{parley.EventMessage, parley.EventTurnEnded, parley.EventMessage, parley.EventPaused, parley.EventResumed}

// flood appends rate events a second to the log, for so many seconds, about the calls that are named, and answers with how many they were.
func (h *house) flood(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	rate, err1 := strconv.Atoi(q.Get("rate"))
	seconds, err2 := strconv.Atoi(q.Get("seconds"))
	calls := q["call"]
	if err1 != nil || err2 != nil || rate < 1 || rate > maxFloodRate || seconds < 1 || seconds > maxFloodTime || len(calls) == 0 {
		http.Error(w, "rate (1 to 10000), seconds (1 to 600) and one or more call are needed", http.StatusBadRequest)
		return
	}
	n := appendEvenly(r.Context(), h.db.Log(), calls, rate, time.Duration(seconds)*time.Second)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]int{"events": n})
}

func appendEvenly(ctx context.Context, log parley.Log, calls []string, rate int, d time.Duration) (n int) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); ; {
		past := min(time.Since(start), d)
		for ; n < int(past.Seconds()*float64(rate)); n++ {
			log.Append(parley.NewEvent(calls[n%len(calls)], floodTypes[n%len(floodTypes)], map[string]any{
				"text": "We are open from nine in the morning until six in the evening today.", "sender": parley.Bot, "turn_id": strconv.Itoa(n)}))
		}
		if past == d {
			return n
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return n
		}
	}
}
