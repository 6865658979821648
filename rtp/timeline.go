package rtp

import (
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	// A far end whose clock is faster than ours, or whose packets come in a burst after a stall, gets ahead of the time line;
	// beyond mostLead its packets are dropped.
	mostLead  = 200 * time.Millisecond
	quietMean = 100 // mean of the absolute samples below which a frame is quiet, −50 dBFS
)

// A timeline turns what arrives in order into frames at their slots: decoded, losses concealed, at 16 kHz. It holds the
// far end's clock and ours together.
type timeline struct {
	emit   func(Received)
	take   func(*audio.Frame) // t.frame, bound once
	voice  decoder
	framer audio.Framer
	tones  *audio.DTMFFinder // nil: digits come as events
	slots  int64             // emitted
	made   bool              // the frame being filled has samples that were not received
	came   time.Duration     // the packet whose sound is being taken; 0: none did

	pace      pace
	patient   bool // Agreed.Patient
	quiet     bool // the last frame was
	fading    bool // from is to be faded into the next frame
	from      audio.Frame
	concealed uint64
	inserted  uint64
	removed   uint64
}

func (t *timeline) init() {
	t.voice.up = audio.NewResampler(clock, audio.Rate)
	t.take = t.frame
	t.pace.renew()
}

// listen sets whether digits are found in the sound.
func (t *timeline) listen(tones bool) {
	switch {
	case !tones:
		t.tones = nil
	case t.tones == nil:
		t.tones = audio.NewDTMFFinder()
	}
}

// lead is by how much the time line is ahead of now; usually it is somewhat behind.
func (t *timeline) lead(now time.Duration) time.Duration {
	return time.Duration(t.slots)*audio.FrameDur + time.Duration(t.framer.Pending())*time.Second/audio.Rate - now
}

// at is where the next frame will stand.
func (t *timeline) at() time.Duration { return time.Duration(t.slots) * audio.FrameDur }

// sound takes the payload of the next packet in order; false: it is too far ahead of time and was dropped. stall is how far
// the time line may fall behind before it is filled.
func (t *timeline) sound(now, stall time.Duration, c Codec, payload []byte) bool {
	lead := t.lead(now)
	if lead > mostLead && (!t.patient || lead > patience) {
		return false
	}
	t.pace.compare(lead, stall)
	if t.pace.cut(&t.pace.fill, t.quiet) {
		t.inserted++
		t.conceal(slot)
	}
	for len(payload) > 0 {
		var pcm []int16
		pcm, payload = t.voice.decode(c, payload)
		t.framer.Write(pcm, t.take)
	}
	return true
}

// conceal makes up n samples at 8 kHz.
func (t *timeline) conceal(n int) {
	for n > 0 {
		part := min(n, slot)
		n -= part
		t.makeUp(t.voice.conceal(part))
	}
}

// recover makes up the n samples at 8 kHz before a payload from what it says of them.
func (t *timeline) recover(payload []byte, n int) { t.makeUp(t.voice.recover(payload, n)) }

func (t *timeline) makeUp(pcm []int16) {
	t.made, t.came = true, 0
	t.framer.Write(pcm, t.take)
	t.made = t.framer.Pending() > 0
}

// rest is how many samples at 8 kHz the frame being filled still needs.
func (t *timeline) rest() int { return slot - t.framer.Pending()*clock/audio.Rate }

// frame places one completed frame.
func (t *timeline) frame(f *audio.Frame) {
	if t.tones != nil {
		if digit, ok := t.tones.Find(f); ok {
			t.emit(Received{Kind: Digit, At: t.at(), Digit: digit})
		}
	}
	sum := 0
	for _, s := range f {
		sum += max(int(s), -int(s))
	}
	t.quiet = sum < quietMean*len(f)
	if !t.made && t.pace.cut(&t.pace.trim, t.quiet) {
		t.removed++
		if !t.fading {
			t.from, t.fading = *f, true
		}
		return
	}
	r := Received{Kind: Frame, At: t.at(), Frame: *f, Concealed: t.made, Came: t.came}
	if t.fading {
		t.fading = false
		for i, s := range t.from {
			r.Frame[i] = int16((int(s)*(audio.Samples-i) + int(f[i])*i) / audio.Samples)
		}
	}
	if t.made {
		t.concealed++
	}
	t.made = false
	t.slots++
	t.emit(r)
}
