package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// seekBuffer is a file in memory without WriteAt.
type seekBuffer struct {
	b      []byte
	at     int
	writes int
	broken error
}

func (s *seekBuffer) Write(p []byte) (int, error) {
	if s.broken != nil {
		return 0, s.broken
	}
	s.writes++
	if need := s.at + len(p); need > len(s.b) {
		s.b = append(s.b, make([]byte, need-len(s.b))...)
	}
	s.at += copy(s.b[s.at:], p)
	return len(p), nil
}

func (s *seekBuffer) Seek(to int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, errors.ErrUnsupported
	}
	s.at = int(to)
	return to, nil
}

// wavFile builds a file by hand.
func wavFile(tag, bits, channels, rate int, data []byte, before ...byte) []byte {
	le := binary.LittleEndian
	format := le.AppendUint16(nil, uint16(tag))
	format = le.AppendUint16(format, uint16(channels))
	format = le.AppendUint32(format, uint32(rate))
	format = le.AppendUint32(format, uint32(rate*channels*bits/8))
	format = le.AppendUint16(format, uint16(channels*bits/8))
	format = le.AppendUint16(format, uint16(bits))
	b := []byte("RIFF\x00\x00\x00\x00WAVE")
	b = append(b, before...)
	b = append(b, "fmt "...)
	b = le.AppendUint32(b, uint32(len(format)))
	b = append(b, format...)
	b = append(b, "data"...)
	b = le.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestReadWAVFormats(t *testing.T) {
	float := binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.5))
	float = binary.LittleEndian.AppendUint32(float, math.Float32bits(-7))
	float = binary.LittleEndian.AppendUint32(float, math.Float32bits(float32(math.NaN())))
	extensible := wavFile(wavPCM, 16, 1, 8000, []byte{1, 2})
	extensible = slices.Concat(extensible[:16], []byte{40, 0, 0, 0, 0xfe, 0xff}, extensible[22:36],
		make([]byte, 8), []byte{1, 0}, make([]byte, 14), extensible[36:])
	for name, c := range map[string]struct {
		file           []byte
		rate, channels int
		pcm            []int16
	}{
		"8 bit":         {wavFile(wavPCM, 8, 1, 8000, []byte{0, 128, 255}), 8000, 1, []int16{-32768, 0, 32512}},
		"16 bit":        {wavFile(wavPCM, 16, 1, 44100, []byte{0x34, 0x12, 0xff, 0xff}), 44100, 1, []int16{0x1234, -1}},
		"stereo":        {wavFile(wavPCM, 16, 2, 48000, []byte{1, 0, 2, 0, 3, 0, 4, 0}), 48000, 2, []int16{1, 2, 3, 4}},
		"24 bit":        {wavFile(wavPCM, 24, 1, 16000, []byte{9, 0x34, 0x12}), 16000, 1, []int16{0x1234}},
		"32 bit":        {wavFile(wavPCM, 32, 1, 16000, []byte{9, 9, 0x34, 0x12}), 16000, 1, []int16{0x1234}},
		"float":         {wavFile(wavFloat, 32, 1, 16000, float), 16000, 1, []int16{16384, -32767, 0}},
		"µ-law":         {wavFile(wavUlaw, 8, 1, 8000, []byte{0x80, 0xff}), 8000, 1, []int16{32124, 0}},
		"A-law":         {wavFile(wavAlaw, 8, 1, 8000, []byte{0xd5, 0xaa}), 8000, 1, []int16{8, 32256}},
		"extensible":    {extensible, 8000, 1, []int16{0x201}},
		"other chunks":  {wavFile(wavPCM, 16, 1, 8000, []byte{5, 0}, []byte("LIST\x03\x00\x00\x00abc\x00")...), 8000, 1, []int16{5}},
		"half a sample": {wavFile(wavPCM, 16, 2, 8000, []byte{1, 0, 2, 0, 3, 0}), 8000, 2, []int16{1, 2}},
		"cut off":       {wavFile(wavPCM, 16, 1, 8000, []byte{1, 0, 2, 0, 3, 0})[:48], 8000, 1, []int16{1, 2}},
	} {
		s, err := ReadWAV(bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Rate != c.rate || s.Channels != c.channels || !slices.Equal(s.PCM, c.pcm) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestReadWAVNeverFinished(t *testing.T) {
	for _, size := range []uint32{0, math.MaxUint32} {
		file := wavFile(wavPCM, 16, 1, 8000, []byte{1, 0, 2, 0})
		binary.LittleEndian.PutUint32(file[40:], size)
		s, err := ReadWAV(bytes.NewReader(file))
		if err != nil || len(s.PCM) != 2 {
			t.Errorf("size %d: %v %v", size, s, err)
		}
	}
}

func TestReadWAVRefuses(t *testing.T) {
	good := wavFile(wavPCM, 16, 1, 8000, nil)
	for name, file := range map[string][]byte{
		"nothing":        {},
		"text":           []byte("this is not a sound file at all, is it"),
		"no data":        good[:36],
		"MP3 inside":     wavFile(0x55, 16, 1, 8000, nil),
		"no channels":    wavFile(wavPCM, 16, 0, 8000, nil),
		"many channels":  wavFile(wavPCM, 16, 500, 8000, nil),
		"rate 1":         wavFile(wavPCM, 16, 1, 1, nil),
		"rate 4 GHz":     wavFile(wavPCM, 16, 1, math.MaxUint32, nil),
		"12 bits":        wavFile(wavPCM, 12, 1, 8000, nil),
		"data first":     []byte("RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd"),
		"endless chunk":  []byte("RIFF\x00\x00\x00\x00WAVELIST\xff\xff\xff\xffabcd"),
		"endless format": []byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xffabcd"),
		"short format":   []byte("RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x00ab"),
	} {
		if s, err := ReadWAV(bytes.NewReader(file)); !errors.Is(err, ErrNotWAV) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	broken := errors.New("broken disk")
	if _, err := ReadWAV(io.MultiReader(bytes.NewReader(good[:20]), failing{broken})); !errors.Is(err, broken) || errors.Is(err, ErrNotWAV) {
		t.Errorf("a reader's own error became %v", err)
	}
	if _, err := (&Sound{Rate: 44101, Channels: 1}).Frames(); !errors.Is(err, ErrNotWAV) {
		t.Errorf("44101 Hz: %v", err)
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestSoundChannels(t *testing.T) {
	s := &Sound{Rate: 16000, Channels: 2, PCM: []int16{100, 300, -100, -300}}
	if got := s.Mono(); !slices.Equal(got, []int16{200, -200}) {
		t.Errorf("mono %v", got)
	}
	if got := s.Channel(1); !slices.Equal(got, []int16{300, -300}) {
		t.Errorf("right %v", got)
	}
	if s.Channel(2) != nil || s.Channel(-1) != nil {
		t.Error("a channel that is not there")
	}
	if f, err := s.Frames(); err != nil || len(f) != 1 || f[0][1] != -200 || f[0][2] != 0 {
		t.Errorf("frames %v %v", len(f), err)
	}
}

func TestWAVComesBack(t *testing.T) {
	for _, w := range []io.WriteSeeker{&seekBuffer{}, tempFile(t)} {
		f, err := NewWAV(w, 24000, 2)
		if err != nil {
			t.Fatal(err)
		}
		pcm := []int16{1, -1, 32767, -32768, 5, 6}
		for range 3 {
			if err := f.Write(pcm); err != nil {
				t.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		if f.Samples() != 9 {
			t.Errorf("%d samples", f.Samples())
		}
		s, err := ReadWAV(bytes.NewReader(contents(t, w)))
		if err != nil || s.Rate != 24000 || s.Channels != 2 || !slices.Equal(s.PCM, slices.Repeat(pcm, 3)) {
			t.Errorf("%T came back as %+v, %v", w, s, err)
		}
	}
}

func TestWAVHeaderIsTrueAtEverySync(t *testing.T) {
	w := &seekBuffer{}
	f, _ := NewWAV(w, 8000, 1)
	for i := range 5 {
		f.Write(make([]int16, 100))
		f.Sync()
		data, riff := binary.LittleEndian.Uint32(w.b[40:]), binary.LittleEndian.Uint32(w.b[4:])
		if want := uint32(200 * (i + 1)); data != want || riff != want+36 || len(w.b) != int(want)+44 {
			t.Fatalf("after %d: data %d, RIFF %d, file %d", i, data, riff, len(w.b))
		}
	}
	before := w.writes
	if f.Sync(); w.writes != before {
		t.Error("nothing new, and still written")
	}
	w.broken = errors.New("disk full")
	if err := f.Write([]int16{1}); !errors.Is(err, w.broken) {
		t.Errorf("a write error became %v", err)
	}
	if _, err := NewWAV(w, 8000, 1); !errors.Is(err, w.broken) {
		t.Errorf("a write error became %v", err)
	}
}

func tempFile(t *testing.T) *os.File {
	f, err := os.Create(filepath.Join(t.TempDir(), "a.wav"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func contents(t *testing.T, w io.WriteSeeker) []byte {
	if m, ok := w.(*seekBuffer); ok {
		return m.b
	}
	b, err := os.ReadFile(w.(*os.File).Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wavFile(wavPCM, 16, 1, 8000, []byte{1, 2, 3, 4}))
	f.Add(wavFile(wavUlaw, 8, 2, 44100, []byte{1, 2, 3, 4}))
	f.Add(wavFile(wavFloat, 32, 1, 22050, []byte{1, 2, 3, 4}, []byte("LIST\x01\x00\x00\x00ab")...))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt "))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadWAV(bytes.NewReader(b))
		if err != nil {
			if s != nil || !errors.Is(err, ErrNotWAV) {
				t.Fatalf("%v with %v", s, err)
			}
			return
		}
		if len(s.PCM)%s.Channels != 0 || len(s.PCM) > len(b) {
			t.Fatalf("%d samples of %d channels from %d bytes", len(s.PCM), s.Channels, len(b))
		}
		frames, err := s.Frames()
		if err == nil && len(frames) > len(s.PCM)*4/Samples+1 {
			t.Fatalf("%d frames from %d samples", len(frames), len(s.PCM))
		}
	})
}

func TestHasSound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	has := func() bool {
		r, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		has, err := HasSound(r)
		if err != nil {
			t.Fatal(err)
		}
		return has
	}
	if has() {
		t.Error("an empty file has")
	}
	w, err := NewWAV(f, 8000, 2)
	if err != nil {
		t.Fatal(err)
	}
	if has() {
		t.Error("a header has")
	}
	if err := w.Write(make([]int16, 320)); err != nil {
		t.Fatal(err)
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	if !has() {
		t.Error("sound has none")
	}
	if has, err := HasSound(strings.NewReader(strings.Repeat("x", 100))); has || err != nil {
		t.Errorf("what is no WAV: %v, %v", has, err)
	}
	if _, err := HasSound(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("what cannot be read: %v", err)
	}
}
