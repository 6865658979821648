package audio

// A Sum is several frames heard at once. What is too loud together is bent, not clipped; one frame alone is as it was. The zero
// value is silence.
type Sum struct {
	all    [Samples]int32
	voices int
}

// Reset makes it silence again.
func (s *Sum) Reset() { *s = Sum{} }

// Add takes one more frame in. Digital silence costs next to nothing.
func (s *Sum) Add(f *Frame) {
	if *f == (Frame{}) {
		return
	}
	s.voices++
	for i, v := range f {
		s.all[i] += int32(v)
	}
}

// Whole fills out with all of it.
func (s *Sum) Whole(out *Frame) {
	switch s.voices {
	case 0:
		*out = Frame{}
	case 1:
		for i, v := range s.all {
			out[i] = int16(v)
		}
	default:
		for i, v := range s.all {
			out[i] = bend(v)
		}
	}
}

// Without fills out with all but own, which has been added.
func (s *Sum) Without(own, out *Frame) {
	if *own == (Frame{}) {
		s.Whole(out)
		return
	}
	switch s.voices {
	case 1:
		*out = Frame{}
	case 2:
		for i, v := range s.all {
			out[i] = int16(v - int32(own[i]))
		}
	default:
		for i, v := range s.all {
			out[i] = bend(v - int32(own[i]))
		}
	}
}

// knee is where bend begins: −2.5 dBFS.
const knee = 24576

// bend leaves what is quieter than knee as it is, and lets the rest come ever closer to full scale.
func bend(v int32) int16 {
	const most = 32767 - knee
	switch {
	case v > knee:
		over := int64(v - knee)
		return int16(knee + over*most/(over+most))
	case v < -knee:
		over := int64(-knee - v)
		return int16(-knee - over*most/(over+most))
	}
	return int16(v)
}
