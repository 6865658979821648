package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// PeaksEnding is what the name of a recording's Peaks ends with, behind the call's id.
const PeaksEnding = ".peaks"

// Peaks are what a recording looks like: for each of its slots of 20 ms the caller's loudest sample and the agent's, 255 being full scale.
type Peaks []byte

// Slots is how many there are.
func (p Peaks) Slots() int64 { return int64(len(p) / 2) }

// add takes the next slot, both sides interleaved.
func (p Peaks) add(slot []int16) Peaks {
	var highs, lows [2]int16
	for i := 0; i+1 < len(slot); i += 2 {
		l, r := slot[i], slot[i+1]
		highs[0], lows[0] = max(highs[0], l), min(lows[0], l)
		highs[1], lows[1] = max(highs[1], r), min(lows[1], r)
	}
	loudest := func(side int) byte { // what is not silent is more than 0
		return byte(min((max(int(highs[side]), -int(lows[side]))+127)>>7, 255))
	}
	return append(p, loudest(0), loudest(1))
}

// In gives the loudest of each of n parts, as alike in length as slots allow, into which the slots are cut. There are no more parts than slots.
func (p Peaks) In(n int) (caller, agent []int) {
	slots := int(p.Slots())
	n = max(0, min(n, slots))
	caller, agent = make([]int, n), make([]int, n)
	for i := range n {
		for slot := i * slots / n; slot < (i+1)*slots/n; slot++ {
			caller[i], agent[i] = max(caller[i], int(p[2*slot])), max(agent[i], int(p[2*slot+1]))
		}
	}
	return caller, agent
}

// peaksAtOnce is how many slots are read at once: 10 s.
const peaksAtOnce = 500

// Peaks looks at the slots from–to, those that there are.
func (r *Recorded) Peaks(from, to int64) (Peaks, error) {
	from, to = max(from, 0), min(to, r.slots)
	if from >= to {
		return Peaks{}, nil
	}
	const size = recordStereo * 2
	buf, slot := make([]byte, size*min(peaksAtOnce, to-from)), make([]int16, recordStereo)
	p := make(Peaks, 0, 2*(to-from))
	for from < to {
		part := buf[:size*min(peaksAtOnce, to-from)]
		if n, err := r.r.ReadAt(part, wavHeader+from*size); err != nil && !(errors.Is(err, io.EOF) && n == len(part)) {
			return nil, fmt.Errorf("reading a recording: %w", err)
		}
		for at := 0; at < len(part); at += size {
			for i := range slot {
				slot[i] = int16(binary.LittleEndian.Uint16(part[at+2*i:]))
			}
			p = p.add(slot)
			from++
		}
	}
	return p, nil
}
