package turn

import "time"

// Bounds of the waits (SPEC §4).
const (
	// forFinal is the silence after which a segment that the transcriber never closed is taken as it stands.
	forFinal = 900 * time.Millisecond
	// forWords is how long sound without a new word holds a turn open that has words: longer is noise, not speech.
	forWords = 3 * time.Second
	// vendorSays shortens the wait on auto when the transcriber holds the utterance to be over.
	vendorSays = 0.8
	plainPace  = 150.0 // words per minute
	paceWeight = 0.3   // of the newest turn in the moving average
	minPace    = 0.6
	maxPace    = 1.6
)

// wait is the silence that ends the turn, counted from the last speech in the sound.
func (d *Detector) wait(text string, ended bool) (time.Duration, Why) {
	score := d.lang.finished(text, d.marks)
	why := BySilence
	if score >= enough {
		why = ByFinished
	}
	var w time.Duration
	switch {
	case d.o.Dynamic:
		if ended {
			score = min(1, score+0.2)
		}
		w = slide(d.o.DynamicMinWait, d.o.DynamicMaxSilence, score)
	case d.o.EndpointingSensitivity == "sensitive":
		if ended {
			return 0, ByVendor
		}
		w = pick(why, 250*time.Millisecond, 600*time.Millisecond)
	case d.o.EndpointingSensitivity == "relaxed":
		w = pick(why, 1000*time.Millisecond, 2000*time.Millisecond)
	default:
		w = pick(why, 500*time.Millisecond, 1000*time.Millisecond)
		if ended {
			w = time.Duration(float64(w) * vendorSays)
		}
	}
	return time.Duration(float64(w) / (d.pace * d.speed())), why
}

func pick(why Why, finished, otherwise time.Duration) time.Duration {
	if why == ByFinished {
		return finished
	}
	return otherwise
}

// slide goes from longest to shortest as score goes from 0 to 1, faster at the long end.
func slide(shortest, longest, score float64) time.Duration {
	if longest < shortest {
		longest = shortest
	}
	open := 1 - score
	return time.Duration((shortest + (longest-shortest)*open*open) * float64(time.Second))
}

func (d *Detector) speed() float64 {
	if d.o.Speed <= 0 {
		return 1
	}
	return min(max(d.o.Speed, 0.5), 2)
}

// learnPace takes a turn's words per minute into the moving average. Short turns say nothing.
func (d *Detector) learnPace(text string, took time.Duration) {
	n := d.lang.count(text)
	if n < 4 || took < time.Second {
		return
	}
	now := min(max(n/took.Minutes()/plainPace, minPace), maxPace)
	d.pace += paceWeight * (now - d.pace)
}
