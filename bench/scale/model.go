package main

import (
	"math"
	"slices"
)

// A need is what so many calls at once take.
type need struct {
	calls, setups, answers float64 // at once; a second; a second
	perNode                float64 // calls that one node carries
	bound                  string  // by what of it
	nodes                  float64
	rows, wal, kept        float64 // PostgreSQL: a second; MB a second; GB a day
	record, sounds         float64 // recordings: MB a second; TB kept
	streams                float64 // of vendors, one for each skill of a call
	requests               float64 // to models, a second
	webhooks               float64 // a second
	messages               float64 // of NATS, a second
}

// What a call and a turn tell: events of a call without turns and of a turn with its answer, those of them that webhooks get, and the NATS
// messages of both, as docs/performance.md counts them: events, what is heard and not final yet (24 a turn), and wakings (8 a call).
const (
	callWebhooks, turnWebhooks = 3, 2
	callMessages, turnMessages = 8 + 8, 4.7 + 24
)

// oneNode is how many calls a node carries, and which of its parts has no room for more.
func oneNode(c [lastCost]cost) (calls float64, bound string) {
	v := func(i int) float64 { return c[i].value }
	perCall := v(callCPU)/100 + v(setupCPU)/1000/(60*v(minutes)) // cores
	parts := []struct {
		name string
		most float64
	}{
		{"CPU", v(cores) * v(busy) / 100 / perCall},
		{"memory", (v(memory)*1024 - v(restMemory)) / v(callMemory)},
		{"network", v(network) * 1e6 / (v(wire) + v(upstream))},
		{"disk", v(disk) * 1000 / (v(sound) * v(recorded) / 100)},
		{"ports", v(ports) / 2},
	}
	least := slices.MinFunc(parts, func(a, b struct {
		name string
		most float64
	}) int {
		return int(math.Copysign(1, a.most-b.most))
	})
	return math.Floor(least.most), least.name
}

// reckon is what so many calls need.
func reckon(c [lastCost]cost, calls float64) need {
	v := func(i int) float64 { return c[i].value }
	n := need{calls: calls, setups: calls / (60 * v(minutes)), answers: calls * v(turns) / 60}
	n.perNode, n.bound = oneNode(c)
	full := math.Ceil(calls / max(1, n.perNode))
	n.nodes = full + math.Ceil(full*v(spare)/100)
	n.rows = n.setups*v(callRows) + n.answers*v(turnRows)
	n.wal = (n.setups*v(callWAL) + n.answers*v(turnWAL)) / 1000
	aDay := 86400 * v(quieter) / 100
	n.kept = aDay * (n.setups*v(callKept) + n.answers*v(turnKept)) / 1e6
	n.record = calls * v(sound) * v(recorded) / 100 / 1000
	n.sounds = n.record * aDay * v(days) / 1e6
	n.streams, n.requests = 3*calls, n.answers
	n.webhooks = n.setups*callWebhooks + n.answers*turnWebhooks
	n.messages = n.setups*callMessages + n.answers*turnMessages + n.nodes // each says its load once a second
	return n
}

// A part is one of which there is one at first, and what is done when it does not suffice.
type part struct {
	name string
	full float64 // how many of it are needed: 1 is all that one gives
	then string
}

// parts are those, the one that gives out first in front.
func (n need) parts(c [lastCost]cost) []part {
	v := func(i int) float64 { return c[i].value }
	all := []part{
		{"a vendor's streams, of one skill and one account", n.calls / v(streamMost), "ask for more; several accounts and vendors, by environment; models and voices of one's own"},
		{"a carrier's set-ups by one trunk", n.setups / v(dialMost), "ask for more; several trunks and carriers, by number"},
		{"one environment's slots", n.setups * v(slotTime) / 1000, "several environments: the row of each is held apart"},
		{"PostgreSQL's rows", n.rows / v(rowsMost), "partition by environment: several databases, each with nodes of its own"},
		{"PostgreSQL's WAL", n.wal / v(walMost), "the same; events of old calls to the object store"},
		{"the object store", n.record / v(storeMost), "several buckets, by environment; MP3, an eighth of it"},
		{"NATS", n.messages / v(natsMost), "live events only to nodes where somebody reads them; a cluster for each partition"},
	}
	slices.SortStableFunc(all, func(a, b part) int {
		switch {
		case a.full > b.full:
			return -1
		case a.full < b.full:
			return 1
		}
		return 0
	})
	return all
}
