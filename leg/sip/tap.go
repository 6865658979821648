package sip

import "github.com/parley-voice/parley/rtp"

// Tap shows f the media's packets of an answered dialog with that Call-ID, until stop or its end. false: there is none, or somebody
// looks already.
func (t *Trunk) Tap(callID string, f rtp.Tap) (stop func(), ok bool) {
	if l := t.legOf(callID); l != nil {
		return l.stream.Tap(f)
	}
	return nil, false
}

func (t *Trunk) legOf(callID string) *call {
	t.mu.Lock()
	var found []*dialog
	for k, d := range t.dialogs {
		if k.callID == callID {
			found = append(found, d)
		}
	}
	t.mu.Unlock()
	for _, d := range found {
		if l := d.answered(); l != nil && !l.over.Load() {
			return l
		}
	}
	return nil
}
