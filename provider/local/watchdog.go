package local

import (
	"sync"
	"time"
)

const (
	tookEach  = 25          // steps of sound between the words of a worker that it has heard them: 500 ms
	lookEach  = time.Second // between looks at a worker
	patience  = 6           // looks in which a worker that owes something gives nothing: it hangs
	gettingUp = 20          // the same, until it has said its first word
)

// A watchdog kills a worker that has hung: one that was given sound, or told that the sound is over, and gives no sign of life.
// A worker that is merely slow does. It has no goroutine but its timer's.
type watchdog struct {
	kill func() // called once at most; the worker's output ends then
	each time.Duration

	mu    sync.Mutex // guards all below
	owed  int        // steps given and not taken; more than tookEach: a sign is due
	ended bool       // the worker's input is closed: its last word is due
	begun bool       // it has said something
	deaf  bool       // nobody reads what it says
	alive bool       // it has since the last look
	idle  int        // looks without a sign that was due
	timer *time.Timer
	hung  bool
	over  bool
}

func watchOver(each time.Duration, kill func()) *watchdog {
	d := &watchdog{kill: kill, each: each}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.timer = time.AfterFunc(each, d.look)
	return d
}

func (d *watchdog) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return
	}
	due := !d.begun || d.ended || d.owed > 2*tookEach
	if d.alive || d.deaf || !due {
		d.idle = 0
	} else {
		d.idle++
	}
	d.alive = false
	most := patience
	if !d.begun {
		most = gettingUp
	}
	if d.idle >= most {
		d.hung, d.over = true, true
		d.kill()
		return
	}
	d.timer.Reset(d.each)
}

// gave tells that a step of sound went to the worker, or is about to.
func (d *watchdog) gave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owed++
}

// end tells that no more sound comes.
func (d *watchdog) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
}

// sign tells that the worker has said something; took: that it has heard the next tookEach steps.
func (d *watchdog) sign(took bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.begun, d.alive = true, true
	if took {
		d.owed = max(0, d.owed-tookEach)
	}
}

// read tells whether what the worker says is being read: the time of whoever hears it does not count.
func (d *watchdog) read(is bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deaf = !is
	d.alive = d.alive || is
}

// stop ends the watch, and reports whether it has killed the worker.
func (d *watchdog) stop() (hung bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	d.timer.Stop()
	return d.hung
}
