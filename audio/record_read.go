package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A Recorded gives back what a Recorder wrote, frame by frame. Not safe for concurrent use.
type Recorded struct {
	r     io.ReaderAt
	slots int64
	block [recordBatch * recordStereo * 2]byte
	first int64 // slot of block; -1: none
}

// OpenRecorded reads a recording of size bytes. What a Recorder did not write is ErrNotWAV.
func OpenRecorded(r io.ReaderAt, size int64) (*Recorded, error) {
	var got [wavHeader]byte
	if _, err := r.ReadAt(got[:], 0); err != nil {
		return nil, refused("too short", err)
	}
	want := (&WAV{rate: Rate, channels: 2})
	want.header()
	if !bytes.Equal(got[:4], want.head[:4]) || !bytes.Equal(got[8:40], want.head[8:40]) {
		return nil, fmt.Errorf("%w: it is none of a call's recordings", ErrNotWAV)
	}
	return &Recorded{r: r, slots: (size - wavHeader) / (recordStereo * 2), first: -1}, nil
}

// Slots is how many there are.
func (r *Recorded) Slots() int64 { return r.slots }

// Caller is what the caller said in a slot; false when the recording ends before it.
func (r *Recorded) Caller(slot int64, f *Frame) (bool, error) { return r.frame(slot, 0, f) }

// Agent is what the agent said in a slot.
func (r *Recorded) Agent(slot int64, f *Frame) (bool, error) { return r.frame(slot, 1, f) }

func (r *Recorded) frame(slot int64, side int, f *Frame) (bool, error) {
	*f = Frame{}
	if slot < 0 || slot >= r.slots {
		return false, nil
	}
	if first := slot - slot%recordBatch; first != r.first {
		r.first = -1
		n, err := r.r.ReadAt(r.block[:], wavHeader+first*recordStereo*2)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, fmt.Errorf("reading a recording: %w", err)
		}
		clear(r.block[n:])
		r.first = first
	}
	b := r.block[(slot-r.first)*recordStereo*2:]
	for i := range f {
		f[i] = int16(binary.LittleEndian.Uint16(b[4*i+2*side:]))
	}
	return true, nil
}
