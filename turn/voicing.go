package turn

import "github.com/parley-voice/parley/audio"

// A Voicing tells human voices from other sounds, frame by frame. The zero value is ready.
type Voicing struct{ v voice }

// Frame hears 20 ms and reports whether a voice can be heard in them.
func (v *Voicing) Frame(f *audio.Frame) bool {
	v.v.take(f)
	alike, _ := v.v.period()
	return alike >= (half+clear)/2
}
