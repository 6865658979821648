package rtp

import "math"

// loudestNoise, in −dBov, is the most that a far end's comfort noise is played at: more would be no comfort.
const loudestNoise = 40

// A noise is comfort noise (RFC 3389): white, at the level the far end says. The zero value is none.
type noise struct {
	amplitude int32 // of its uniform samples; 0: none
	state     uint32
}

// set takes a comfort noise payload, of which only the level counts; an empty one is none.
func (n *noise) set(payload []byte) {
	n.amplitude = 0
	if len(payload) > 0 {
		level := max(loudestNoise, float64(payload[0]&0x7f))
		n.amplitude = int32(math.Round(32767 * math.Sqrt(3) * math.Pow(10, -level/20)))
	}
}

// add mixes noise into pcm.
func (n *noise) add(pcm []int16) {
	if n.amplitude == 0 {
		return
	}
	x := n.state | 1
	for i, v := range pcm {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		pcm[i] = int16(max(-32768, min(32767, int32(v)+int32(int16(x>>8))*n.amplitude>>15)))
	}
	n.state = x
}
