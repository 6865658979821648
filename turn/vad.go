package turn

import (
	"math"
	"math/bits"

	"github.com/parley-voice/parley/audio"
)

// Levels are dB of full scale, rates dB per frame of 20 ms.
const (
	learning    = 15    // frames that only learn the floor, unless they are loud
	loud        = -33.0 // speech even while the floor is unknown
	margin      = 8.0   // speech is that much above the floor
	range_      = 32.0  // and no further below the loudest of late
	quietest    = -55.0 // never speech below it
	highFloor   = -42.0 // the floor starts no higher
	lowFloor    = -95.0
	floorRise   = 0.2
	levelFall   = 0.06
	minWindow   = 75   // frames over which the floor is the minimum
	highPass    = 0.93 // pole: about 180 Hz at 16 kHz, twice
	onsetOf     = 4    // speech begins with onsetFrames of onsetOf
	onsetFrames = 3
	hangOver    = 10 // frames
	sustainOf   = 6  // sounds go on with sustainFrames of sustainOf
	sustained   = 5
)

// A VAD tells speech from silence: loudness over a noise floor that it learns and follows. The zero value is ready.
type VAD struct {
	MinRMS   float64 // 0–1 of full scale; a frame below is silence
	x1, y1   float64 // high-pass, first stage
	y2       float64 // second stage
	frames   int     // seen, no more counted than needed
	means    [minWindow]float64
	quad     [4]float64
	at       int // in means
	floor    float64
	level    float64 // loudest of late
	recent   uint32  // a bit per frame, newest lowest: above the threshold
	hang     int
	speaking bool
	db       float64 // of the newest frame
}

// Frame hears 20 ms and reports whether they are above the threshold, which one click is, too.
func (v *VAD) Frame(f *audio.Frame) bool {
	db, rms := v.loudness(f)
	v.db = db
	if v.frames == 0 {
		v.level, v.floor = quietest, highFloor
		v.quad = [4]float64{db, db, db, db}
		for i := range v.means {
			v.means[i] = math.Inf(1)
		}
	}
	v.follow(db)
	active := db > max(v.floor+margin, v.level-range_, quietest)
	if v.frames <= learning {
		active = db > loud
	}
	if rms < v.MinRMS {
		active = false
	}
	v.level -= levelFall
	if active && db > v.level {
		v.level = db
	}
	v.recent <<= 1
	if active {
		v.recent |= 1
	}
	switch {
	case !v.speaking:
		if v.count(onsetOf) >= onsetFrames {
			v.speaking, v.hang = true, hangOver
		}
	case v.Active():
		v.hang = hangOver
	default:
		if v.hang--; v.hang <= 0 {
			v.speaking = false
		}
	}
	return active
}

// begin is told that there is speech, by whoever knows it sooner: a vowel over noise may be shorter than an onset.
func (v *VAD) begin() { v.speaking, v.hang = true, hangOver }

// Speaking reports whether there is speech, pauses within it included.
func (v *VAD) Speaking() bool { return v.speaking }

// Active reports whether the newest frame is speech: above the threshold, and not alone.
func (v *VAD) Active() bool { return v.recent&1 == 1 && v.count(3) >= 2 }

// Rising reports whether speech may be about to begin.
func (v *VAD) Rising() bool { return !v.speaking && v.count(3) >= 2 }

// Sustained reports whether the sound goes on: more than a click or a cough's first burst.
func (v *VAD) Sustained() bool { return v.count(sustainOf) >= sustained }

func (v *VAD) count(of int) int { return bits.OnesCount32(v.recent & (1<<of - 1)) }

// loudness is of the frame without what lies below speech (hum, rumble), in dB of full scale, and as it came.
func (v *VAD) loudness(f *audio.Frame) (db, rms float64) {
	x1, y1, y2 := v.x1, v.y1, v.y2
	var sum, raw float64
	for _, s := range f {
		x := float64(s)
		raw += x * x
		n := x - x1 + highPass*y1
		y2 = n - y1 + highPass*y2
		x1, y1 = x, n
		sum += y2 * y2
	}
	if math.Abs(y1)+math.Abs(y2) < 1e-3 { // digital silence: numbers too small to be normal cost a hundred times more
		y1, y2 = 0, 0
	}
	v.x1, v.y1, v.y2 = x1, y1, y2
	const full = audio.Samples * 32768.0 * 32768.0
	return 10 * math.Log10(sum/full+1e-12), math.Sqrt(raw / full)
}

// follow learns the floor: the least mean of four frames in 1.5 s. It falls at once and rises slowly.
func (v *VAD) follow(db float64) {
	v.quad[v.frames&3] = db
	mean := (v.quad[0] + v.quad[1] + v.quad[2] + v.quad[3]) / 4
	v.means[v.at] = mean
	if v.at++; v.at == minWindow {
		v.at = 0
	}
	least := math.Inf(1)
	for _, m := range v.means {
		least = min(least, m)
	}
	least = max(least, lowFloor)
	switch {
	case v.frames < learning:
		v.floor = min(least, highFloor)
	case least < v.floor:
		v.floor = least
	case v.frames >= minWindow:
		v.floor = min(least, v.floor+floorRise)
	}
	if v.frames < minWindow {
		v.frames++
		return
	}
	v.frames = minWindow + (v.frames-minWindow+1)&3
}
