package audio

import "math/bits"

// G.711: one byte per sample at 8 kHz. The tables are small enough to stay in the cache: the encoders see only the 14 (µ)
// and 12 (A) bits of a sample that the code keeps.
var (
	ulawToPCM [256]int16
	alawToPCM [256]int16
	pcmToUlaw [1 << 14]byte
	pcmToAlaw [1 << 12]byte
)

func init() {
	for i := range ulawToPCM {
		ulawToPCM[i] = expandUlaw(byte(i))
		alawToPCM[i] = expandAlaw(byte(i))
	}
	for i := range pcmToUlaw {
		pcmToUlaw[i] = compressUlaw(int16(i << 2))
	}
	for i := range pcmToAlaw {
		pcmToAlaw[i] = compressAlaw(int16(i << 4))
	}
}

// ulawBias makes every segment start at a power of two (on the 14-bit scale).
const ulawBias = 33

func compressUlaw(s int16) byte {
	sign := byte(0x80)
	v := int(s >> 2)
	if v < 0 {
		v, sign = ^v, 0
	}
	v = min(v+ulawBias, 0x1fff)
	segment := bits.Len(uint(v)) - 6
	return sign | ^byte(segment<<4|v>>(segment+1)&0x0f)&0x7f
}

func expandUlaw(b byte) int16 {
	b = ^b
	v := (int(b&0x0f)<<1 + ulawBias) << (b >> 4 & 7)
	v = (v - ulawBias) << 2
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

// alawEven is XORed onto every A-law byte, so that silence has transitions on the line.
const alawEven = 0x55

func compressAlaw(s int16) byte {
	sign := byte(0x80)
	v := int(s >> 4)
	if v < 0 {
		v, sign = ^v, 0
	}
	segment := max(bits.Len(uint(v))-4, 0)
	if segment > 1 {
		v >>= segment - 1
	}
	return (sign | byte(segment<<4) | byte(v&0x0f)) ^ alawEven
}

func expandAlaw(b byte) int16 {
	b ^= alawEven
	v := int(b&0x0f)<<4 + 8
	if segment := b >> 4 & 7; segment > 0 {
		v = (v + 0x100) << (segment - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

// EncodeUlaw appends pcm as G.711 µ-law to dst.
func EncodeUlaw(dst []byte, pcm []int16) []byte {
	n := len(dst)
	dst = grow(dst, len(pcm))
	out := dst[n:]
	for i, s := range pcm {
		out[i] = pcmToUlaw[uint16(s)>>2]
	}
	return dst
}

// EncodeAlaw appends pcm as G.711 A-law to dst.
func EncodeAlaw(dst []byte, pcm []int16) []byte {
	n := len(dst)
	dst = grow(dst, len(pcm))
	out := dst[n:]
	for i, s := range pcm {
		out[i] = pcmToAlaw[uint16(s)>>4]
	}
	return dst
}

// DecodeUlaw appends the samples of G.711 µ-law to dst.
func DecodeUlaw(dst []int16, b []byte) []int16 { return decode(&ulawToPCM, dst, b) }

// DecodeAlaw appends the samples of G.711 A-law to dst.
func DecodeAlaw(dst []int16, b []byte) []int16 { return decode(&alawToPCM, dst, b) }

func decode(table *[256]int16, dst []int16, b []byte) []int16 {
	n := len(dst)
	dst = grow(dst, len(b))
	out := dst[n:]
	for i, c := range b {
		out[i] = table[c]
	}
	return dst
}

// grow lengthens s by n elements of any content; it allocates only when the capacity is short.
func grow[T any](s []T, n int) []T {
	if len(s)+n <= cap(s) {
		return s[:len(s)+n]
	}
	return append(s, make([]T, n)...)
}
