package audio

import (
	"io"
	"time"
)

const (
	recordWindow = 50                         // slots that a late frame may still reach: 1 s
	recordBatch  = 25                         // slots written at once
	recordRing   = recordWindow + recordBatch // slots held
	recordJump   = int64(10 * 60 * 50)        // slots: a frame further ahead of all others has a broken clock
	recordStereo = 2 * Samples                // samples of one slot
	recordHeader = int64(2 * recordBatch)     // slots between two headers: 1 s
)

// A Recorder writes both sides of a call into a stereo WAV at 16 kHz, each frame at its slot of one time line of 20 ms slots
// since answer. A slot that nothing came for is silence. The last second is held back, so that a late frame still finds its
// slot; one that is later, or more than ten minutes ahead, is dropped and counted. What is held back is written as it is, too, each second:
// whoever is killed leaves all but the last one. Not safe for concurrent use.
type Recorder struct {
	wav     *WAV
	ring    []int16 // recordRing slots, interleaved
	flushed int64   // first slot not yet written
	end     int64   // one more than the last slot that has sound
	synced  int64   // flushed at the last header
	ahead   []int16 // of held
	dropped int
	peaks   Peaks
	err     error
}

// NewRecorder starts a recording on w.
func NewRecorder(w io.WriteSeeker) (*Recorder, error) {
	wav, err := NewWAV(w, Rate, 2)
	if err != nil {
		return nil, err
	}
	wav.buf = make([]byte, 0, recordRing*recordStereo*2)
	return &Recorder{wav: wav, ring: make([]int16, recordRing*recordStereo), ahead: make([]int16, 0, recordRing*recordStereo)}, nil
}

// AddLeft records what the caller said at the slot that at (since answer) falls into. The error is the file's, and stays.
func (r *Recorder) AddLeft(at time.Duration, f *Frame) error { return r.add(at, f, 0) }

// AddRight records what the agent said.
func (r *Recorder) AddRight(at time.Duration, f *Frame) error { return r.add(at, f, 1) }

func (r *Recorder) add(at time.Duration, f *Frame, side int) error {
	slot := int64((at + FrameDur/2) / FrameDur)
	if at < 0 || slot < r.flushed || slot > r.end+recordJump {
		r.dropped++
		return r.err
	}
	r.end = max(r.end, slot+1)
	for r.end-r.flushed > recordWindow+recordBatch {
		r.flush(recordBatch)
	}
	out := r.ring[slot%recordRing*recordStereo:][:recordStereo]
	for i, s := range f {
		out[2*i+side] = s
	}
	return r.err
}

// flush writes the next n slots and makes them silence for those to come. n divides the ring or is the rest of a recording.
func (r *Recorder) flush(n int64) {
	for n > 0 {
		at := r.flushed % recordRing
		k := min(n, recordRing-at, recordBatch)
		part := r.ring[at*recordStereo : (at+k)*recordStereo]
		if r.err == nil {
			r.err = r.wav.Write(part)
		}
		for i := int64(0); i < k; i++ {
			r.peaks = r.peaks.add(part[i*recordStereo : (i+1)*recordStereo])
		}
		clear(part)
		r.flushed += k
		n -= k
	}
	if r.flushed-r.synced >= recordHeader && r.err == nil {
		r.err = r.wav.Ahead(r.held())
		r.synced = r.flushed
	}
}

// held is what is held back, as it is now, but for the slot whose frame is being taken.
func (r *Recorder) held() []int16 {
	r.ahead = r.ahead[:0]
	for slot := r.flushed; slot < min(r.end-1, r.flushed+recordRing); slot++ {
		at := slot % recordRing * recordStereo
		r.ahead = append(r.ahead, r.ring[at:at+recordStereo]...)
	}
	return r.ahead
}

// Len is how long the recording is, what is held back included.
func (r *Recorder) Len() time.Duration { return time.Duration(r.end) * FrameDur }

// Dropped is how many frames came too late, or with a broken clock.
func (r *Recorder) Dropped() int { return r.dropped }

// Peaks are those of what has been written: of all of it once it is closed.
func (r *Recorder) Peaks() Peaks { return r.peaks }

// Close writes what is held back and the header. It does not close the file.
func (r *Recorder) Close() error {
	r.flush(r.end - r.flushed)
	if r.err == nil {
		r.err = r.wav.Sync()
	}
	return r.err
}
