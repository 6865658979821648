package local

import "math"

// A vad tells speech from silence, step by step: the energy above 120 Hz against a floor that follows the quietest of the
// last second and a half. It is used by one goroutine.
type vad struct {
	lastIn, lastOut float64 // high-pass
	mean            [4]float64
	floors          [vadWindows]float64 // least mean of each stretch of vadWindow steps, 0: none yet
	window, in      int
	recent          uint8 // the last steps, newest lowest
	hang            int
	on              bool
	heard           int
}

const (
	vadMargin  = 8.0   // dB above the floor
	vadLeast   = -52.0 // dBFS: nothing below is speech
	vadMost    = -30.0 // dBFS: a floor is not believed above
	vadWindow  = 15    // steps, 300 ms
	vadWindows = 5
	vadHang    = 4 // steps that speech goes on after the last loud one: stops have gaps
	vadOnset   = 5 // loud steps out of
	vadRecent  = 6 // the last: clicks and keys are shorter
	vadLearn   = 5 // first steps, which only teach the floor
	vadPole    = 0.91
)

// frame reports whether there is speech in the step.
func (v *vad) frame(pcm *[step]int16) bool {
	sum := 0.0
	for _, s := range pcm {
		x := float64(s)
		v.lastOut = x - v.lastIn + vadPole*v.lastOut
		v.lastIn = x
		sum += v.lastOut * v.lastOut
	}
	level := max(-100, 10*math.Log10(sum/step/(32768*32768)+1e-12))
	copy(v.mean[:], v.mean[1:])
	v.mean[3] = level
	v.heard++
	loud := level > max(v.floor()+vadMargin, vadLeast)
	v.learn()
	v.recent <<= 1
	if loud {
		v.recent |= 1
		v.hang = vadHang
	} else if v.hang > 0 {
		v.hang--
	}
	n := 0
	for i := range vadRecent {
		n += int(v.recent >> i & 1)
	}
	v.on = v.heard > vadLearn && n >= vadOnset || v.on && v.hang > 0
	return v.on
}

// floor is the least mean of the windows; −60 dBFS until the first is over.
func (v *vad) floor() float64 {
	least := 0.0
	for _, f := range v.floors {
		least = min(least, f)
	}
	if least == 0 {
		return -60
	}
	return min(least, vadMost)
}

func (v *vad) learn() {
	if v.heard < len(v.mean) {
		return
	}
	mean := (v.mean[0] + v.mean[1] + v.mean[2] + v.mean[3]) / 4
	if v.in == 0 || mean < v.floors[v.window] {
		v.floors[v.window] = mean
	}
	if v.in++; v.in == vadWindow {
		v.in, v.window = 0, (v.window+1)%vadWindows
	}
}
