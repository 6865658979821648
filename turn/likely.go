package turn

import "time"

// How long the caller is silent before their turn is probably over. To be wrong costs an answer that nobody hears.
const (
	// likelyAfter is for words that have all come and are finished.
	likelyAfter = 200 * time.Millisecond
	// likelyWords is for those of which more may be on their way: a transcriber tells a word within 300 ms of its end.
	likelyWords = 350 * time.Millisecond
	// likelyStale is how long sound without a new word is speech: what is begun in a pause of a noisy place costs little.
	likelyStale = 700 * time.Millisecond
	// likelyShare is the part of its wait that a turn has behind it whose words do not say whether they are finished.
	likelyShare = 0.6
)

// Likely is when the turn that the caller is in is probably over, so that an answer may be begun that is thrown away should they go
// on; false: nothing says that it will be. It is never later than the end itself.
func (d *Detector) Likely() (time.Duration, bool) {
	if !d.pending() || d.agent != Idle || d.aside {
		return 0, false
	}
	if d.eager || d.ended {
		return d.wordsAt, true
	}
	end := d.endAt()
	if d.score < open {
		return 0, false
	}
	from := d.wordsAt
	if d.spoke {
		from = min(d.lastSpeech, d.wordsAt+likelyStale)
	}
	after := likelyAfter
	if d.partial != "" && !(d.spoke && d.wordsAt >= d.lastSpeech+settledAfter) {
		after = likelyWords
	}
	if d.score < enough {
		after = max(after, times(d.hold, likelyShare))
	}
	return min(max(from+after, d.wordsAt), end), true
}

// Said is the words of the turn that the caller is in; "" when they are in none.
func (d *Detector) Said() string { return d.text() }
