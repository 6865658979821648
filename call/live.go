package call

import (
	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
)

// live is what others than the conversation see and want of a call that runs. It may be used from any goroutine.
type live struct {
	discretion conversation.Discretion // what is said is not written down
	listeners  listeners
	takeover   takeover
}

// PauseRecording keeps what is said and pressed on a call from being written down from now on, whoever talks there. Not running: parley.NotFound.
func (s *Switchboard) PauseRecording(id string) error {
	l := s.line(id)
	if l == nil {
		return parley.NotFound("running call")
	}
	if l.discretion.Begin() {
		l.facts.add(parley.EventRecordingPaused, struct{}{})
	}
	return nil
}

// ResumeRecording lets what is said be written down again, once what is being said, and answered by an agent, is over.
func (s *Switchboard) ResumeRecording(id string) error {
	l := s.line(id)
	if l == nil {
		return parley.NotFound("running call")
	}
	if l.discretion.End() {
		l.facts.add(parley.EventRecordingResumed, struct{}{})
	}
	return nil
}

// Discreet reports whether the recording of a call that runs here is paused.
func (s *Switchboard) Discreet(id string) bool {
	l := s.line(id)
	return l != nil && l.discretion.On()
}
