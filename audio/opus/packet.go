package opus

// Samples checks a packet's framing by all rules of RFC 6716 §3.4 and says how long its sound is, in samples at Rate. The decoder
// below sees only what passes.
func Samples(b []byte) (int, error) {
	if len(b) == 0 { // R1
		return 0, ErrPacket
	}
	one := frameSamples(b[0])
	frames, ok := 0, false
	switch rest := b[1:]; b[0] & 3 {
	case 0:
		frames, ok = 1, len(rest) <= maxPacket
	case 1: // R3
		frames, ok = 2, len(rest)%2 == 0 && len(rest)/2 <= maxPacket
	case 2: // R4
		n, size := frameLength(rest)
		frames, ok = 2, size > 0 && n <= len(rest)-size && len(rest)-size-n <= maxPacket
	case 3:
		frames, ok = manyFrames(rest)
	}
	if !ok || frames*one > maxSamples { // R5: 120 ms
		return 0, ErrPacket
	}
	return frames * one, nil
}

// frameSamples is the length of each frame of a packet by its first byte (RFC 6716 §3.1, table 2).
func frameSamples(toc byte) int {
	switch config := toc >> 3; {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [4]int{Rate / 100, Rate / 50, Rate / 25, Rate * 3 / 50}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return Rate / 100 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		return Rate / 400 << (config & 3)
	}
}

// frameLength reads a length of §3.2.1: of one byte or two, size 0 when it is cut off.
func frameLength(b []byte) (n, size int) {
	switch {
	case len(b) > 0 && b[0] < 252:
		return int(b[0]), 1
	case len(b) > 1:
		return int(b[1])*4 + int(b[0]), 2
	}
	return 0, 0
}

// manyFrames counts the frames of a packet of code 3 (§3.2.5) by what follows its first byte: R5, R6, R7.
func manyFrames(b []byte) (frames int, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	count := b[0]
	frames, b = int(count&0x3f), b[1:]
	if frames == 0 || frames > 48 {
		return 0, false
	}
	if count&0x40 != 0 {
		padding, more := 0, true
		for more {
			if len(b) == 0 {
				return 0, false
			}
			more = b[0] == 255
			padding += int(b[0])
			if more {
				padding--
			}
			b = b[1:]
		}
		if padding > len(b) {
			return 0, false
		}
		b = b[:len(b)-padding]
	}
	if count&0x80 == 0 {
		return frames, len(b)%frames == 0 && len(b)/frames <= maxPacket
	}
	before := 0 // bytes of all frames but the last
	for range frames - 1 {
		n, size := frameLength(b)
		if size == 0 {
			return 0, false
		}
		before += n
		b = b[size:]
	}
	return frames, before <= len(b) && len(b)-before <= maxPacket
}
