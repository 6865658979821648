package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Formats of a WAV file's fmt chunk (RFC 2361).
const (
	wavPCM        = 1
	wavFloat      = 3
	wavAlaw       = 6
	wavUlaw       = 7
	wavExtensible = 0xfffe

	maxWAV      = 512 << 20 // bytes of sound that ReadWAV takes
	maxChannels = 8
)

// ErrNotWAV is wrapped by what ReadWAV returns for a file it cannot use.
var ErrNotWAV = errors.New("not a usable WAV file")

// A Sound is a piece of sound at any rate, its channels interleaved.
type Sound struct {
	Rate, Channels int
	PCM            []int16
}

// ReadWAV reads PCM of 8 to 32 bits, 32-bit float, µ-law and A-law files of 4 to 192 kHz with up to 8 channels. A file whose header was
// never completed, or that was cut off, gives what is there. Errors wrap ErrNotWAV or are r's.
func ReadWAV(r io.Reader) (*Sound, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, refused("too short", err)
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF/WAVE header", ErrNotWAV)
	}
	var f *wavFormat
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return nil, refused("no sound in it", err)
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		switch string(chunk[:4]) {
		case "fmt ":
			var err error
			if f, err = readFormat(r, size); err != nil {
				return nil, err
			}
		case "data":
			if f == nil {
				return nil, fmt.Errorf("%w: sound before its format", ErrNotWAV)
			}
			return readData(r, f, size)
		default:
			if _, err := io.CopyN(io.Discard, r, size+size&1); err != nil {
				return nil, refused("no sound in it", err)
			}
		}
	}
}

// refused keeps a reader's own error and calls the end of the file what it means here.
func refused(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %s", ErrNotWAV, what)
	}
	return fmt.Errorf("reading WAV: %w", err)
}

type wavFormat struct {
	tag, bits      uint16
	rate, channels int
}

func readFormat(r io.Reader, size int64) (*wavFormat, error) {
	if size < 16 || size > 1024 {
		return nil, fmt.Errorf("%w: format chunk of %d bytes", ErrNotWAV, size)
	}
	b := make([]byte, size+size&1)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, refused("format cut off", err)
	}
	f := &wavFormat{
		tag:      binary.LittleEndian.Uint16(b),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
		bits:     binary.LittleEndian.Uint16(b[14:]),
	}
	if f.tag == wavExtensible && size >= 26 {
		f.tag = binary.LittleEndian.Uint16(b[24:])
	}
	if f.channels < 1 || f.channels > maxChannels {
		return nil, fmt.Errorf("%w: %d channels", ErrNotWAV, f.channels)
	}
	if f.rate < 4000 || f.rate > 192000 {
		return nil, fmt.Errorf("%w: %d Hz", ErrNotWAV, f.rate)
	}
	if f.width() == 0 {
		return nil, fmt.Errorf("%w: format %d with %d bits", ErrNotWAV, f.tag, f.bits)
	}
	return f, nil
}

// width is the bytes of one sample, 0 for a format we cannot read.
func (f *wavFormat) width() int {
	switch {
	case f.tag == wavPCM && (f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32):
		return int(f.bits / 8)
	case f.tag == wavFloat && f.bits == 32:
		return 4
	case (f.tag == wavAlaw || f.tag == wavUlaw) && f.bits == 8:
		return 1
	}
	return 0
}

func readData(r io.Reader, f *wavFormat, size int64) (*Sound, error) {
	if size == 0 || size >= math.MaxUint32-1 {
		size = maxWAV // the writer never came back to say: all that follows
	}
	b, err := io.ReadAll(io.LimitReader(r, min(size, maxWAV)))
	if err != nil {
		return nil, fmt.Errorf("reading WAV: %w", err)
	}
	whole := f.width() * f.channels
	b = b[:len(b)/whole*whole]
	return &Sound{Rate: f.rate, Channels: f.channels, PCM: f.samples(b)}, nil
}

func (f *wavFormat) samples(b []byte) []int16 {
	switch f.tag {
	case wavAlaw:
		return DecodeAlaw(nil, b)
	case wavUlaw:
		return DecodeUlaw(nil, b)
	}
	w := f.width()
	pcm := make([]int16, len(b)/w)
	for i := range pcm {
		switch s := b[i*w : i*w+w]; {
		case f.tag == wavFloat:
			v := math.Float32frombits(binary.LittleEndian.Uint32(s))
			if v == v { // not NaN
				pcm[i] = round16(max(-1, min(1, v)) * 32767)
			}
		case w == 1: // the one unsigned format
			pcm[i] = int16(int(s[0])-128) << 8
		default: // the upper 16 bits of 16, 24 or 32
			pcm[i] = int16(binary.LittleEndian.Uint16(s[w-2:]))
		}
	}
	return pcm
}

// Channel is a copy of one channel's samples, nil when there is no such channel.
func (s *Sound) Channel(i int) []int16 {
	if i < 0 || i >= s.Channels {
		return nil
	}
	pcm := make([]int16, 0, len(s.PCM)/s.Channels)
	for ; i < len(s.PCM); i += s.Channels {
		pcm = append(pcm, s.PCM[i])
	}
	return pcm
}

// Mono is the mean of the channels.
func (s *Sound) Mono() []int16 {
	if s.Channels == 1 {
		return s.PCM
	}
	pcm := make([]int16, len(s.PCM)/s.Channels)
	for i := range pcm {
		sum := 0
		for _, v := range s.PCM[i*s.Channels : (i+1)*s.Channels] {
			sum += int(v)
		}
		pcm[i] = int16(sum / s.Channels)
	}
	return pcm
}

// Frames is the sound as the house has it: mono, 16 kHz, the last frame filled up with silence.
func (s *Sound) Frames() ([]Frame, error) {
	if !ValidRates(s.Rate, Rate) {
		return nil, fmt.Errorf("%w: %d Hz", ErrNotWAV, s.Rate)
	}
	return Frames(s.Mono(), s.Rate), nil
}
