package store

import (
	"time"

	"github.com/parley-voice/parley"
)

// Company is the other nodes as they are reached without the database. What goes this way may be lost: then it is found in the
// database a little later. Its methods do not wait, and do not call the store.
type Company interface {
	// Choose says which node is to do a job of a kind; "": whichever comes first.
	Choose(kind string) (node string)
	// Wake has the others look for what was written.
	Wake(what string)
	// Tell shows the others what was committed here, and partial events.
	Tell(events []parley.Event)
	// Follow has DB.Heard called with what others tell of a call, until done.
	Follow(callID string) (done func())
}

// What others are woken for.
const (
	WakeJobs   = "jobs"
	WakeSlots  = "slots"
	WakeEvents = "events"
)

// Accompany says who the others are; nobody is followed before.
func (d *DB) Accompany(c Company) { d.company.Store(&c) }

// others are nil when there are none.
func (d *DB) others() Company {
	if c := d.company.Load(); c != nil {
		return *c
	}
	return nil
}

// Woken is called when another node has written something.
func (d *DB) Woken(what string) {
	switch what {
	case WakeJobs:
		signal(d.jobs)
	case WakeSlots:
		signal(d.slots)
	case WakeEvents:
		d.log.mu.Lock()
		defer d.log.mu.Unlock()
		close(d.log.changed)
		d.log.changed = make(chan struct{})
	}
}

// Heard shows those who follow calls here what another node tells of them.
func (d *DB) Heard(events []parley.Event) {
	d.log.mu.Lock()
	defer d.log.mu.Unlock()
	d.log.hand(events, true)
}

func (d *DB) wake(what string) {
	if c := d.others(); c != nil {
		c.Wake(what)
	}
}

func (d *DB) jobsAdded() {
	signal(d.jobs)
	d.wake(WakeJobs)
}

// slotsFreed says that Admit may find something to do.
func (d *DB) slotsFreed() {
	signal(d.slots)
	d.wake(WakeSlots)
}

// dispatchFor is how long a job is left to the node that was chosen for it.
const dispatchFor = 2 * time.Second

// dispatch chooses who is to do jobs that are about to be written.
func (d *DB) dispatch(jobs []Job) []Job {
	c := d.others()
	if c == nil {
		return jobs
	}
	out := make([]Job, len(jobs))
	for i, j := range jobs {
		j.node = c.Choose(j.Kind)
		out[i] = j
	}
	return out
}
