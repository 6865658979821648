package answer

import "time"

// talk is how somebody talks, without the words.
type talk struct {
	began  time.Duration // of the first speech; 0: none yet
	burst  time.Duration // the speech that runs, or ran last, began
	last   time.Duration // end of the last speech
	loud   time.Duration // end of the last frame of it above the noise: before last, as the detector goes on saying speech
	total  time.Duration // of speech
	sound  time.Duration // of speech without a breath, the longest
	talks  bool
	bursts int
}

// talks is talk, and what it was in the frames before: it takes a while to tell that a sound is a tone.
type talks struct {
	talk
	past [8]talk
	at   int
}

func (t *talks) hear(speech, loud bool, now time.Duration) {
	t.past[t.at&7] = t.talk
	t.at++
	t.talk.hear(speech, loud, now)
}

// forget takes back what was heard for so long.
func (t *talks) forget(d time.Duration) {
	n := min(int((d+79*time.Millisecond)/(20*time.Millisecond)), len(t.past), t.at)
	if n > 0 {
		t.talk = t.past[(t.at-n)&7]
		t.talks = false
	}
}

// breath is a pause that one can talk on over.
const breath = 280 * time.Millisecond

func (t *talk) hear(speech, loud bool, now time.Duration) {
	if speech {
		if t.began == 0 {
			t.began = max(now-60*time.Millisecond, 1)
		}
		if !t.talks && (t.bursts == 0 || now-t.last > breath) {
			t.burst = now
			t.bursts++
		}
		t.total += 20 * time.Millisecond
		t.last = now
		t.sound = max(t.sound, now-t.burst)
		if loud {
			t.loud = now
		}
	}
	t.talks = speech
}

// hang is how long the detector goes on saying speech after its end.
const hang = 180 * time.Millisecond

// pause is how long nobody has talked.
func (t *talk) pause(now time.Duration) time.Duration {
	if t.began == 0 || t.talks {
		return 0
	}
	return now - t.last + hang
}

// length is from the first speech to the end of the last.
func (t *talk) length() time.Duration {
	if t.began == 0 {
		return 0
	}
	return max(t.last-hang-t.began, 0)
}
