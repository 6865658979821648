package audio

// A Framer cuts a stream of 16 kHz sound that comes in pieces of any length into frames. The zero value is ready.
// Not safe for concurrent use.
type Framer struct {
	frame Frame
	n     int
}

// Write takes pcm and calls emit for every frame that it completes. The frame is emit's for the time of the call.
func (c *Framer) Write(pcm []int16, emit func(*Frame)) {
	for len(pcm) > 0 {
		n := copy(c.frame[c.n:], pcm)
		pcm = pcm[n:]
		if c.n += n; c.n == Samples {
			c.n = 0
			emit(&c.frame)
		}
	}
}

// Pending is how many samples wait for the rest of their frame.
func (c *Framer) Pending() int { return c.n }

// Flush emits what is pending, filled up with silence; nothing when nothing is.
func (c *Framer) Flush(emit func(*Frame)) {
	if c.n == 0 {
		return
	}
	clear(c.frame[c.n:])
	c.n = 0
	emit(&c.frame)
}

// Reset forgets what is pending.
func (c *Framer) Reset() { c.n = 0 }

// Frames cuts pcm, at rate Hz, into frames; the last is filled up with silence. It panics when rate and Rate are not ValidRates.
func Frames(pcm []int16, rate int) []Frame {
	r := NewResampler(rate, Rate)
	var c Framer
	frames := make([]Frame, 0, int(int64(len(pcm))*Rate/int64(rate))/Samples+2)
	keep := func(f *Frame) { frames = append(frames, *f) }
	c.Write(r.Process(nil, pcm), keep)
	c.Flush(keep)
	return frames
}
