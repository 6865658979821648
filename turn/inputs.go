package turn

import (
	"math"
	"time"

	"github.com/parley-voice/parley/audio"
)

// Inputs are what a decision was made from, as they stood when it was made.
type Inputs struct {
	Silence  time.Duration // since the last speech in the caller's sound
	Waiting  time.Duration // since the newest words
	Wait     time.Duration // the silence that was to end the turn
	Pauses   time.Duration // of it, what this caller is known to pause for
	Finished float64       // how finished the words sounded, 0–1
	Ended    bool          // the transcriber held the utterance to be over
	Open     bool          // it had not closed the segment
	Marks    bool          // it is one that writes punctuation
	Asked    string        // what the agent had asked for; "" nothing with a shape
	Melody   string        // of the voice before the pause: falling, lifted, drawn; "" none of these
	Pace     float64       // of the caller, 1 is 150 words a minute

	Voiced    float64       // the caller's voice in the last frames; 1.5 are more than a grunt
	Loudness  float64       // dB, of the last tenth of a second; of the newest words where there are some
	Least     float64       // dB, how loud the caller is at least
	Place     float64       // dB, what a voice must exceed
	Echo      time.Duration // after which the agent's voice comes back; 0: not known
	Doubt     time.Duration // for which the words might have become a sign of listening
	Listening bool          // the words are nothing but signs of listening
	Aside     bool          // they are too quiet to be the caller's
	Alarms    int           // pauses in a row that were nothing
}

// inputs are those of a decision made now.
func (d *Detector) inputs(now time.Duration) Inputs {
	in := Inputs{
		Ended: d.ended, Open: d.partial != "" && !d.ended, Marks: d.marks, Pace: d.pace, Asked: wanted[d.request.want],
		Voiced: d.near.voice.sum, Loudness: decibel(d.near.place.now()), Least: d.near.least(), Place: decibel(d.near.limit.smooth),
		Listening: d.listening, Aside: d.aside, Alarms: d.alarms, Melody: melodies[d.melody.contour],
	}
	if d.lastSpeech > 0 {
		in.Silence = max(0, now-d.lastSpeech)
	}
	if d.pending() {
		in.Waiting, in.Wait, in.Pauses, in.Finished = now-d.wordsAt, d.hold, d.rhythm.least(d.score), d.score
		in.Loudness = decibel(d.near.said)
	}
	if d.near.echo.proof >= proven {
		in.Echo = time.Duration(d.near.echo.delay) * audio.FrameDur / stepsOf
	}
	if d.doubted > 0 {
		in.Doubt = now - d.doubted
	}
	return in
}

// decibel is one that can be written down: of nothing there is no loudness.
func decibel(db float64) float64 {
	if math.IsInf(db, 0) || math.IsNaN(db) {
		return audio.Silence
	}
	return db
}

// wanted are the words for what was asked for.
var wanted = map[want]string{aYes: "yes or no", aNumber: "number", aPhone: "phone number", anEmail: "email", aName: "name", anAddress: "address", aDate: "date", aSpelling: "spelling"}

// melodies are the words for contours.
var melodies = map[contour]string{falling: "falling", lifted: "lifted", drawn: "drawn"}
