package provider

import (
	"bytes"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/audiotest"
	"github.com/parley-voice/parley/audio/babble"
)

func frames(pcm []int16) (out []audio.Frame) {
	for len(pcm) >= audio.Samples {
		out = append(out, audio.Frame(pcm))
		pcm = pcm[audio.Samples:]
	}
	return out
}

// TestCoding: what the vendor decodes is what was said.
func TestCoding(t *testing.T) {
	said := babble.Speak(7, 2e9)
	low := audio.NewResampler(audio.Rate, audio.Rate/2).Process(nil, said)
	for _, tc := range []struct {
		ulaw  bool
		want  []int16
		least float64
	}{{false, said, 90}, {true, low, 30}} {
		c := NewCoding(tc.ulaw)
		var got []int16
		wire := make([]byte, 3*c.Size)
		for i, f := range frames(said) {
			c.Write(wire, i%3, &f)
			if i%3 < 2 {
				continue
			}
			if tc.ulaw {
				got = audio.DecodeUlaw(got, wire)
				continue
			}
			for j := 0; j < len(wire); j += 2 {
				got = append(got, int16(uint16(wire[j])|uint16(wire[j+1])<<8))
			}
		}
		if n := c.Rate * 2 * 99 / 100; len(got) < n {
			t.Errorf("µ-law %v: %d samples of %d", tc.ulaw, len(got), n)
		}
		if snr, delay := audiotest.SNR(tc.want[:len(got)], got, 20); snr < tc.least || delay != 0 {
			t.Errorf("µ-law %v: %.1f dB, %d samples late", tc.ulaw, snr, delay)
		}
	}
}

func TestCodingSilence(t *testing.T) {
	for ulaw, quiet := range map[bool]byte{false: 0, true: 0xff} {
		c := NewCoding(ulaw)
		wire := bytes.Repeat([]byte{7}, 3*c.Size)
		c.Silence(wire, 1)
		if !bytes.Equal(wire, append(bytes.Repeat([]byte{7}, c.Size), bytes.Repeat([]byte{quiet}, 2*c.Size)...)) {
			t.Errorf("µ-law %v: % x", ulaw, wire[c.Size-2:c.Size+2])
		}
	}
}

func TestCodingAllocatesNothing(t *testing.T) {
	for _, ulaw := range []bool{false, true} {
		c, f := NewCoding(ulaw), new(audio.Frame)
		wire := make([]byte, c.Size)
		if n := testing.AllocsPerRun(100, func() { c.Write(wire, 0, f) }); n != 0 {
			t.Errorf("µ-law %v: %v allocations a frame", ulaw, n)
		}
	}
}

// BenchmarkCoding is a frame's way to its message.
func BenchmarkCoding(b *testing.B) {
	for name, ulaw := range map[string]bool{"linear16": false, "mulaw": true} {
		b.Run(name, func(b *testing.B) {
			c, f := NewCoding(ulaw), new(audio.Frame)
			wire := make([]byte, c.Size)
			b.ReportAllocs()
			for b.Loop() {
				c.Write(wire, 0, f)
			}
		})
	}
}
