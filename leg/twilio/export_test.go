package twilio

// Serving reports whether the door takes calls.
func (d *Door) Serving() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answer != nil
}
