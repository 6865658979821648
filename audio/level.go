package audio

import "math"

// Silence is the level in dBFS that stands for no sound at all.
const Silence = -100.0

// RMS is the root mean square of pcm, 0 to 32768.
func RMS(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	var sum uint64
	for _, s := range pcm {
		sum += uint64(int64(s) * int64(s))
	}
	return math.Sqrt(float64(sum) / float64(len(pcm)))
}

// DBFS is the level of pcm in dB below a full-scale square wave (a full-scale sine is −3), Silence at least.
func DBFS(pcm []int16) float64 { return ToDB(RMS(pcm) / 32768) }

// ToDB turns an amplitude ratio into dB, Silence at least.
func ToDB(ratio float64) float64 {
	if ratio <= 0 {
		return Silence
	}
	return max(Silence, 20*math.Log10(ratio))
}

// RMS is the frame's root mean square, 0 to 32768.
func (f *Frame) RMS() float64 { return RMS(f[:]) }

// DBFS is the frame's level in dB, Silence at least.
func (f *Frame) DBFS() float64 { return DBFS(f[:]) }

// Mix adds g as it is scaled by gain onto f; what is too loud is clipped.
func (f *Frame) Mix(g *Frame, gain float32) {
	for i, s := range g {
		f[i] = round16(float32(f[i]) + gain*float32(s))
	}
}
