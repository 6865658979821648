package call

import "github.com/parley-voice/parley/turn/journal"

// keep writes a journal of taking turns beside the recording, with which it can be played to the engine once more. It goes where the
// recording goes, and is kept of no call that is not recorded. One that cannot be begun is a warning.
func (t *tap) keep(s *Switchboard, callID string, suppress float64) {
	if t.rec == nil {
		return
	}
	to, err := s.Recordings.Create(callID + journal.Ending)
	if err != nil {
		t.f.warn("recording", "why the agent spoke when it did is not kept: "+err.Error())
		return
	}
	t.notes = s.disk.file(to)
	t.journal = journal.NewWriter(t.notes)
	t.journal.Suppress = suppress
}

// closeJournal finishes it.
func (t *tap) closeJournal() {
	if t.journal == nil {
		return
	}
	t.note(t.journal.Close())
	t.note(t.notes.Close())
	if t.notes.lost > 0 {
		t.f.warn("recording", "the disk was too slow: why the agent spoke when it did is kept of a part of the call only")
	}
}
