package turn

import "time"

const (
	// tardyRoom is how much longer than they have been known to take words are waited for.
	tardyRoom = 350 * time.Millisecond
	// startedRoom is how long they are where the transcriber has noticed speech, and nothing is known of how long it takes.
	startedRoom = 700 * time.Millisecond
	// mostResume bounds it: who said nothing that was understood is not to sit in silence.
	mostResume = 850 * time.Millisecond
	// mostTardy is how late words may come of a sound: later ones are of another.
	mostTardy = 1500 * time.Millisecond
	// tardyFades is what is left of it after a turn.
	tardyFades = 0.95
	// crowdRoom and mostInCrowd are the same where others speak: the end of the caller's words is not to be heard there.
	crowdRoom   = 500 * time.Millisecond
	mostInCrowd = 1200 * time.Millisecond
	// spokenFrames are frames of a voice that are a syllable, and no grunt.
	spokenFrames = 2
)

// A tardy transcriber tells words some time after their sound has ended.
type tardy struct {
	most    time.Duration // of late; 0: not known
	started time.Duration // when it last noticed speech; 0: never, or its words have come
}

// words: new ones came at now, and the last sound that may have been theirs ended at sound.
func (t *tardy) words(sound, now time.Duration) {
	if lag := now - sound; sound > 0 && lag <= mostTardy {
		t.most = max(t.most, lag)
	}
	t.started = 0
}

func (t *tardy) turn() { t.most = times(t.most, tardyFades) }

// toResume is the silence after which an agent that a sound has silenced goes on: where it was a voice's, as long as this call's
// transcriber takes to tell of words.
func (d *Detector) toResume() time.Duration {
	if !d.wordless {
		return toResume
	}
	room, most := tardyRoom, mostResume
	switch {
	case d.near.crowd.talks():
		room, most = crowdRoom, mostInCrowd
	case d.near.voice.run < spokenFrames:
		return toResume
	}
	wait := d.tardy.most + room
	if d.tardy.started > 0 && d.tardy.started > d.pausedAt-mostTardy {
		wait = max(wait, startedRoom)
	}
	return min(max(wait, toResume), most)
}
