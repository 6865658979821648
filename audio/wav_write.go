package audio

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

const wavHeader = 44 // bytes before the sound

// A WAV writes a 16-bit PCM file. Its header can be brought up to date at any time, so that a file whose writer is killed
// plays up to the last Sync. Not safe for concurrent use.
type WAV struct {
	w              io.WriteSeeker
	rate, channels int
	written        int64 // bytes of sound
	synced         int64 // written as the header has it
	buf            []byte
	head           [wavHeader]byte
}

// NewWAV writes the header of an empty file to w, which must stand at its start.
func NewWAV(w io.WriteSeeker, rate, channels int) (*WAV, error) {
	f := &WAV{w: w, rate: rate, channels: channels}
	f.header()
	if _, err := w.Write(f.head[:]); err != nil {
		return nil, fmt.Errorf("starting WAV: %w", err)
	}
	return f, nil
}

// WAVHeader is that of a file which never ends.
func WAVHeader(rate, channels int) []byte {
	f := &WAV{rate: rate, channels: channels, written: math.MaxUint32}
	f.header()
	return f.head[:]
}

// Write appends samples, channels interleaved, by one Write below.
func (f *WAV) Write(pcm []int16) error {
	f.buf = f.buf[:0]
	for _, s := range pcm {
		f.buf = append(f.buf, byte(s), byte(uint16(s)>>8))
	}
	n, err := f.w.Write(f.buf)
	f.written += int64(n)
	if err != nil {
		return fmt.Errorf("writing WAV: %w", err)
	}
	return nil
}

// Ahead writes samples that are not final behind what was written, and a header that has them: what is written next takes their place.
func (f *WAV) Ahead(pcm []int16) error {
	written := f.written
	if err := f.Write(pcm); err != nil {
		return err
	}
	err := f.Sync()
	f.written = written
	if _, e := f.w.Seek(wavHeader+written, io.SeekStart); err == nil && e != nil {
		err = fmt.Errorf("writing WAV: %w", e)
	}
	return err
}

// Samples is how many were written of each channel.
func (f *WAV) Samples() int64 { return f.written / int64(2*f.channels) }

// Sync brings the header up to date. It does not force the file to the disk.
func (f *WAV) Sync() error {
	if f.written == f.synced {
		return nil
	}
	f.header()
	if err := f.rewrite(); err != nil {
		return fmt.Errorf("writing WAV header: %w", err)
	}
	f.synced = f.written
	return nil
}

func (f *WAV) rewrite() error {
	if at, ok := f.w.(io.WriterAt); ok { // a file: one system call, and the position stays
		_, err := at.WriteAt(f.head[:], 0)
		return err
	}
	if _, err := f.w.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := f.w.Write(f.head[:])
	if _, e := f.w.Seek(wavHeader+f.written, io.SeekStart); err == nil {
		err = e
	}
	return err
}

func (f *WAV) header() {
	le, h := binary.LittleEndian, f.head[:]
	size := uint32(min(f.written, math.MaxUint32-wavHeader)) // beyond 4 GB players go by the file's length
	copy(h, "RIFF")
	le.PutUint32(h[4:], size+wavHeader-8)
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 16)
	le.PutUint16(h[20:], wavPCM)
	le.PutUint16(h[22:], uint16(f.channels))
	le.PutUint32(h[24:], uint32(f.rate))
	le.PutUint32(h[28:], uint32(f.rate*f.channels*2))
	le.PutUint16(h[32:], uint16(f.channels*2))
	le.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	le.PutUint32(h[40:], size)
}

// HasSound says whether the file of a WAV has any, by its header: of one whose writer was killed, as of the last Sync. An error is one of reading.
func HasSound(r io.Reader) (bool, error) {
	var h [wavHeader]byte
	_, err := io.ReadFull(r, h[:])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading a WAV's header: %w", err)
	}
	return string(h[:4]) == "RIFF" && string(h[36:40]) == "data" && binary.LittleEndian.Uint32(h[40:]) > 0, nil
}
