package telnyx

import "time"

// Hurry has the door wait less for Telnyx.
func (d *Door) Hurry(sound, doubt time.Duration) { d.waits.sound, d.waits.doubt = sound, doubt }

// Calls are how many calls the door knows of.
func (d *Door) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.calls) + len(d.dialled) + len(d.awaiting)
}
