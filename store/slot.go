package store

// SlotsFreed has a value after this process ended a call, changed a limit or queued a call: Admit may find something to do. It is
// for one reader.
func (d *DB) SlotsFreed() <-chan struct{} { return d.slots }
