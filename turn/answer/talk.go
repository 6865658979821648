package answer

import "time"

// talk is how somebody talks, without the words.
type talk struct {
	began  time.Duration // of the first speech; 0: none yet
	burst  time.Duration // the speech that runs, or ran last, began
	last   time.Duration // end of the last speech
	first  time.Duration // how long the first burst was, once a pause of longest has followed
	total  time.Duration // of speech
	sound  time.Duration // of speech without a breath, the longest
	talks  bool
	bursts int
}

// breath is a pause that one can talk on over.
const breath = 280 * time.Millisecond

func (t *talk) hear(speech bool, now time.Duration) {
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
