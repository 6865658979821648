package turn

import "time"

// Bounds of the waits (SPEC §4).
const (
	// forFinal is the silence after which a segment that the transcriber never closed is taken as it stands.
	forFinal = 900 * time.Millisecond
	// forWords is how long sound without a new word holds a turn open that has words: longer is noise, not speech.
	forWords = 3 * time.Second
	// closedWords is the same when the transcriber, one that tells words as they come, has closed the segment: it would have told of more
	// by then. Where it holds the utterance to be over it has heard a silence, too, and less is waited: overWords, and overEnough and
	// nothing where the words are finished.
	closedWords = 900 * time.Millisecond
	overWords   = 600 * time.Millisecond
	overEnough  = 250 * time.Millisecond
	// streamsFor is how long a segment's words must have come one after the other to show that a transcriber tells them as they come.
	streamsFor = 400 * time.Millisecond
	// settledAfter is how long after the last speech a partial must have come to have all of its words.
	settledAfter = 150 * time.Millisecond
	// forMore bounds how long more words are waited for, before the dials divide it.
	forMore = 2500 * time.Millisecond
	// vendorSays shortens the wait on auto when the transcriber holds the utterance to be over.
	vendorSays = 0.8
	// noDoubt shortens it when the words leave none.
	noDoubt    = 0.7
	owedEach   = 1.7
	plainPace  = 150.0 // words per minute
	paceWeight = 0.3   // of the newest turn in the moving average
	minPace    = 0.6
	maxPace    = 1.6
)

// wait is the silence that ends the turn, counted from the last speech in the sound.
func (d *Detector) wait(text string, ended bool) (time.Duration, Why) {
	score := d.lang.fits(d.request, text, d.lang.finished(text, d.marks))
	d.score = score
	why := BySilence
	if score >= enough {
		why = ByFinished
	}
	var w time.Duration
	switch {
	case d.o.Dynamic:
		switch {
		case d.semantic && score >= open:
			score = 1
		case ended && score >= open:
			score = min(1, score+0.2)
		}
		return d.scaled(slide(d.o.DynamicMinWait, d.o.DynamicMaxSilence, d.melody.weigh(score))), why
	case d.o.EndpointingSensitivity == "sensitive":
		if ended {
			return 0, ByVendor
		}
		w = pick(why, 250*time.Millisecond, 600*time.Millisecond)
	case d.o.EndpointingSensitivity == "relaxed":
		w = pick(why, 1000*time.Millisecond, 2000*time.Millisecond)
	case d.semantic && score >= open: // what is missing for certain is waited for all the same
		return 0, ByVendor
	default:
		w = pick(why, 500*time.Millisecond, 1000*time.Millisecond)
		switch {
		case score >= 0.9, ended && score >= 0.85:
			w = times(w, noDoubt)
		case ended && score >= enough:
			w = times(w, vendorSays)
		}
	}
	w = times(w, d.melody.factor(score)*d.owed(score))
	return d.scaled(max(min(w, forMore), d.rhythm.least(score))), why
}

// owed stretches the wait for words that are missing for certain; on auto, the more, the likelier it is that some are.
func (d *Detector) owed(score float64) float64 {
	if d.o.EndpointingSensitivity == "sensitive" || d.o.EndpointingSensitivity == "relaxed" {
		return 1 + 4*max(0, open-score)
	}
	return 1 + owedEach*max(0, enough-score)
}

// scaled divides a wait by the caller's pace and the dial of it.
func (d *Detector) scaled(w time.Duration) time.Duration { return times(w, 1/(d.pace*d.speed())) }

func times(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

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

// settled: words that leave no doubt have all come, so that the segment's final is not waited for.
func (d *Detector) settled() bool {
	return d.partial != "" && d.spoke && d.score >= sure && d.wordsAt >= d.lastSpeech+settledAfter
}

// wordsWithin is how long sound without a new word is taken for speech.
func (d *Detector) wordsWithin() time.Duration {
	switch {
	case !d.streams || d.partial != "":
		return forWords
	case !d.ended:
		return closedWords
	case d.score >= sure:
		return 0
	case d.score >= enough:
		return overEnough
	}
	return overWords
}
