package rtp

import (
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	// A far end whose clock is faster than ours, or whose packets come in a burst after a stall, gets ahead of the time line;
	// beyond mostLead its packets are dropped.
	mostLead = 200 * time.Millisecond
	// Every clockWindow packets the earliest of them says how the two clocks stand to each other.
	clockWindow = 50
	aheadTrim   = 20 * time.Millisecond  // ahead by more: leave out frames, quiet ones first
	aheadForce  = 60 * time.Millisecond  // by more: any frame
	behindFill  = -40 * time.Millisecond // behind by more: put in frames where it is quiet
	behindForce = -80 * time.Millisecond // by more: anywhere
	quietMean   = 100                    // mean of the absolute samples below which a frame is quiet, −50 dBFS
)

// A timeline turns what arrives in order into frames at their slots: decoded, losses concealed, at 16 kHz. It holds the
// far end's clock and ours together.
type timeline struct {
	emit   func(Received)
	take   func(*audio.Frame) // t.frame, bound once
	up     *audio.Resampler
	framer audio.Framer
	plc    concealer
	slots  int64 // emitted
	made   bool  // the frame being filled has samples that were not received

	best      time.Duration // greatest lead in this window of packets
	packets   int           // in the window
	trim      int           // frames to leave out
	fill      int           // frames to put in
	forced    int           // of these where it is not quiet
	quiet     bool          // the last frame was
	fading    bool          // from is to be faded into the next frame
	from      audio.Frame
	concealed uint64
	inserted  uint64
	removed   uint64

	pcm  [480]int16 // 8 kHz
	wide [960]int16 // 16 kHz
}

func (t *timeline) init() {
	t.up = audio.NewResampler(clock, audio.Rate)
	t.take = t.frame
	t.best = -time.Hour
}

// lead is by how much the time line is ahead of now; usually it is somewhat behind.
func (t *timeline) lead(now time.Duration) time.Duration {
	return time.Duration(t.slots)*audio.FrameDur + time.Duration(t.framer.Pending())*time.Second/audio.Rate - now
}

// at is where the next frame will stand.
func (t *timeline) at() time.Duration { return time.Duration(t.slots) * audio.FrameDur }

// sound takes the payload of the next packet in order; false: it is too far ahead of time and was dropped.
func (t *timeline) sound(now time.Duration, c Codec, payload []byte) bool {
	lead := t.lead(now)
	if lead > mostLead {
		return false
	}
	t.compare(lead)
	if t.fill > 0 && t.mayCut() {
		t.fill--
		t.inserted++
		t.conceal(slot)
	}
	for len(payload) > 0 {
		part := payload[:min(len(payload), len(t.pcm))]
		payload = payload[len(part):]
		var pcm []int16
		if c == PCMA {
			pcm = audio.DecodeAlaw(t.pcm[:0], part)
		} else {
			pcm = audio.DecodeUlaw(t.pcm[:0], part)
		}
		t.plc.heard(pcm)
		t.framer.Write(t.up.Process(t.wide[:0], pcm), t.take)
	}
	return true
}

// conceal makes up n samples.
func (t *timeline) conceal(n int) {
	for n > 0 {
		pcm := t.pcm[:min(n, slot)]
		n -= len(pcm)
		t.plc.conceal(pcm)
		t.made = true
		t.framer.Write(t.up.Process(t.wide[:0], pcm), t.take)
		t.made = t.framer.Pending() > 0
	}
}

// rest is how many samples the frame being filled still needs.
func (t *timeline) rest() int { return slot - t.framer.Pending()*clock/audio.Rate }

// frame places one completed frame.
func (t *timeline) frame(f *audio.Frame) {
	sum := 0
	for _, s := range f {
		sum += max(int(s), -int(s))
	}
	t.quiet = sum < quietMean*len(f)
	if t.trim > 0 && !t.made && t.mayCut() {
		t.trim--
		t.removed++
		if !t.fading {
			t.from, t.fading = *f, true
		}
		return
	}
	r := Received{Kind: Frame, At: t.at(), Frame: *f, Concealed: t.made}
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

// compare watches how early packets come. Only the earliest of a window counts: the others were held up on the way.
func (t *timeline) compare(lead time.Duration) {
	t.best = max(t.best, lead)
	if t.packets++; t.packets < clockWindow {
		return
	}
	t.trim, t.fill = 0, 0
	switch {
	case t.best > aheadTrim:
		t.trim = int(t.best / audio.FrameDur)
	case t.best < behindFill:
		t.fill = int(-t.best/audio.FrameDur) - 1
	}
	t.forced = 0
	if t.best > aheadForce || t.best < behindForce {
		t.forced = 1 // one cut a second where it can be heard
	}
	t.best, t.packets = -time.Hour, 0
}

// mayCut allows a frame to be put in or left out: where it is quiet, or when it must be.
func (t *timeline) mayCut() bool {
	if t.quiet {
		return true
	}
	if t.forced == 0 {
		return false
	}
	t.forced--
	return true
}
