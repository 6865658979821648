package rtp

// Codec is how sound is written into packets.
type Codec uint8

const (
	PCMU Codec = iota + 1 // G.711 µ-law
	PCMA                  // G.711 A-law
	G722                  // 16 kHz at 64 kb/s; its RTP clock is 8000 all the same (RFC 3551 §4.5.2)
	Opus                  // RFC 7587; 16 kHz mono is all we make of it
)

// DefaultCodecs is what is taken when nothing else is asked for, in the far end's order of preference.
var DefaultCodecs = []Codec{G722, PCMU, PCMA, Opus}

// OfferedCodecs is what is offered when nothing else is asked for, best first. G.722 leads: what hears the caller hears better at
// 16 kHz, its number is static, and a trunk that does not have it passes over it. Opus is offered only by name: some trunks
// refuse a whole offer for a dynamic type in it.
var OfferedCodecs = []Codec{G722, PCMU, PCMA}

const (
	offeredOpus       = 111 // the payload type under which we offer Opus
	offeredEvents     = 101 // RFC 4733 events at 8 kHz
	offeredWideEvents = 110 // at 48 kHz, as Opus has them
)

const opusFmtp = "maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1" // RFC 7587 §6.1

func (c Codec) String() string {
	switch c {
	case PCMU:
		return "PCMU"
	case PCMA:
		return "PCMA"
	case G722:
		return "G722"
	case Opus:
		return "opus"
	}
	return "?"
}

// PayloadType is the static number of RFC 3551, or the dynamic one under which we offer.
func (c Codec) PayloadType() uint8 {
	switch c {
	case PCMA:
		return 8
	case G722:
		return 9
	case Opus:
		return offeredOpus
	}
	return 0
}

// rtpmap is the codec as SDP names it.
func (c Codec) rtpmap() string {
	if c == Opus {
		return "opus/48000/2" // whatever the channels are (RFC 7587 §7)
	}
	return c.String() + "/8000"
}

// units is how many ticks of the codec's RTP clock are one sample at 8 kHz.
func (c Codec) units() uint32 {
	if c == Opus {
		return 6
	}
	return 1
}

// rate is the RTP clock in Hz.
func (c Codec) rate() int { return clock * int(c.units()) }

// ptime is the packet time, in ms, nearest to what a far end wishes (0: nothing) and no more than its most (0: no limit) that
// the codec can write.
func (c Codec) ptime(wish, most int) int {
	if wish <= 0 {
		wish = 20
	}
	if most > 0 {
		wish = min(wish, most)
	}
	p := max(10, min(60, wish)) / 10 * 10
	if c == Opus && (p == 30 || p == 50) {
		p -= 10 // RFC 6716 §2.1.4
	}
	return p
}

// codec is what a format stands for.
func (f *Format) codec() (Codec, bool) {
	switch f.Name {
	case "PCMU":
		return PCMU, f.Clock == clock && f.Channels <= 1
	case "PCMA":
		return PCMA, f.Clock == clock && f.Channels <= 1
	case "G722": // some say what it sounds like, not what its clock is
		return G722, (f.Clock == clock || f.Clock == 2*clock) && f.Channels <= 1
	case "OPUS":
		return Opus, f.Clock == Opus.rate()
	}
	return 0, false
}

const events = "TELEPHONE-EVENT" // as Format.Name
