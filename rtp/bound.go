package rtp

import "time"

const (
	leastBound = 20 * time.Millisecond
	mostBound  = 120 * time.Millisecond
	stallExtra = 60 * time.Millisecond // an empty line proves less than a packet that overtook another
	silentWait = 40 * time.Millisecond // while the far end is known to be silent
	patience   = time.Second           // of a wire that loses nothing: what is late will come
)

// A bound is how long a gap may hold up what is behind it. It follows the jitter measured, and how late packets that were
// overtaken did come in.
type bound struct {
	jitter  float64 // RFC 3550 §6.4.1, in samples at 8 kHz
	transit int64   // of the last packet, in ticks of the codec's clock
	units   uint32  // Codec.units of the last packet; 0: transit is not set
	overdue time.Duration
	patient bool // Agreed.Patient
}

// arrived takes a sound packet's arrival, its timestamp and its codec's units.
func (b *bound) arrived(now time.Duration, timestamp, units uint32) {
	transit := int64(now*clock/time.Second)*int64(units) - int64(timestamp)
	d := int64(int32(transit-b.transit)) / int64(units)
	b.transit = transit
	b.overdue -= b.overdue / 2048
	if d = max(d, -d); b.units != units || d > clock {
		b.units = units // the first, or the far end's clock was set
		return
	}
	b.jitter += (float64(d) - b.jitter) / 16
}

// overtaken takes by how much a packet came after one that was sent later.
func (b *bound) overtaken(by time.Duration) { b.overdue = max(b.overdue, min(by, mostBound)) }

func (b *bound) jitterTime() time.Duration {
	return time.Duration(b.jitter * float64(time.Second) / clock)
}

func (b *bound) gap() time.Duration {
	return max(leastBound, min(mostBound, max(3*b.jitterTime(), b.overdue*5/4)))
}

// stall is how far the time line may fall behind while nothing comes at all.
func (b *bound) stall() time.Duration {
	if b.patient {
		return patience
	}
	return min(mostBound, b.gap()+stallExtra)
}
