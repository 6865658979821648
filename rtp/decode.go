package rtp

import (
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/g722"
	"github.com/parley-voice/parley/audio/opus"
)

// longest is the samples at 16 kHz of the longest packet decoded at once: 120 ms of Opus. Longer ones of G.711 and G.722 come in
// pieces.
const longest = 1920

// ticks is how long the sound of a payload is, in samples at 8 kHz; 0: it is none.
func (c Codec) ticks(payload []byte) int {
	if c == Opus {
		n, err := opus.Samples(payload)
		if err != nil {
			return 0
		}
		return n * clock / audio.Rate
	}
	return len(payload)
}

// A decoder makes 16 kHz sound of payloads, and of those that are missing. What a codec needs is made at its first packet.
type decoder struct {
	codec Codec // of the last payload
	up    *audio.Resampler
	plc   concealer // of all but Opus, which has its own
	g722  *g722.Decoder
	opus  *opus.Decoder
	lost  int // Opus: samples made up in this loss
	noise noise
	pcm   [longest / 4]int16 // 8 kHz
	wide  [longest]int16     // 16 kHz
}

// decode makes sound of the first part of a payload, and gives what is left of it. The sound is the decoder's until the next call.
func (d *decoder) decode(c Codec, payload []byte) (pcm []int16, rest []byte) {
	if c != d.codec {
		d.change(c)
	}
	d.noise.amplitude = 0
	if c == Opus {
		return d.decodeOpus(payload), nil
	}
	part := payload[:min(len(payload), len(d.pcm))]
	rest = payload[len(part):]
	switch c {
	case PCMU:
		pcm = audio.DecodeUlaw(d.pcm[:0], part)
	case PCMA:
		pcm = audio.DecodeAlaw(d.pcm[:0], part)
	case G722:
		pcm = d.g722.Decode(d.wide[:0], part)
		d.plc.heard(pcm)
		return pcm, rest
	}
	d.plc.heard(pcm)
	return d.up.Process(d.wide[:0], pcm), rest
}

// change makes ready for another codec. Between the G.711s nothing is forgotten.
func (d *decoder) change(c Codec) {
	wide := 0
	if c == G722 {
		wide = 1
	}
	if d.codec == G722 || d.codec == Opus || wide == 1 {
		d.plc = concealer{wide: wide}
		d.up.Reset()
	}
	d.codec, d.lost = c, 0
	d.renew()
}

// renew is for another stream of the same far end: its encoder knows nothing of what was before.
func (d *decoder) renew() {
	switch d.codec {
	case G722:
		d.g722 = g722.NewDecoder()
	case Opus:
		d.close()
		d.opus, _ = opus.NewDecoder() // fails on settings only, which are constant
	}
}

func (d *decoder) decodeOpus(payload []byte) []int16 {
	pcm, err := d.opus.Decode(d.wide[:0], payload)
	if err != nil { // framed as it should be, and rubbish within
		return d.conceal(Opus.ticks(payload))
	}
	d.lost = 0
	return pcm
}

// conceal makes up n ≤ slot samples at 8 kHz.
func (d *decoder) conceal(n int) []int16 {
	switch d.codec {
	case Opus:
		pcm := d.concealOpus(2 * n)
		d.noise.add(pcm)
		return pcm
	case G722:
		pcm := d.wide[:2*n]
		d.plc.conceal(pcm)
		d.noise.add(pcm)
		return pcm
	}
	pcm := d.pcm[:n]
	d.plc.conceal(pcm)
	d.noise.add(pcm)
	return d.up.Process(d.wide[:0], pcm)
}

// concealOpus is the codec's own concealment, ended like that of the others.
func (d *decoder) concealOpus(n int) []int16 {
	pcm := d.wide[:n]
	if d.lost >= fadeLoss<<1 {
		clear(pcm)
		return pcm
	}
	pcm = d.opus.Conceal(pcm[:0], n)
	for i, v := range pcm {
		pcm[i] = int16(float32(v) * fade(d.lost, 1))
		d.lost++
	}
	return pcm
}

// recover makes up the n samples at 8 kHz before the payload that came after a loss, from what that payload says of them.
func (d *decoder) recover(payload []byte, n int) []int16 {
	return d.opus.Recover(d.wide[:0], payload, 2*n)
}

// recovers tells whether a payload may say something of what was lost before it.
func (d *decoder) recovers(c Codec) bool { return c == Opus && d.codec == Opus }

// mute ends the sound on purpose; payload is comfort noise's or nil.
func (d *decoder) mute(payload []byte) {
	d.noise.set(payload)
	if d.codec == Opus {
		d.lost = max(d.lost, (fadeLoss-rejoin)<<1)
		return
	}
	d.plc.mute()
}

func (d *decoder) close() {
	if d.opus != nil {
		d.opus.Close()
	}
}
