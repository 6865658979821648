package call

import (
	"math"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// measure notes on a call how the sound of its leg travelled; nothing when the leg does not count, or nothing was ever sent.
func measure(c *parley.Call, l leg.Leg) {
	if on, ok := l.(*moved); ok {
		l = on.Leg
	}
	m, ok := l.(leg.Measured)
	if !ok {
		return
	}
	q := m.Quality()
	if q.Sent == 0 && q.Received == 0 {
		return
	}
	c.Quality = &parley.Quality{Codec: q.Codec, Encrypted: q.Encrypted, Sent: int64(q.Sent), Received: int64(q.Received), Lost: int64(q.Lost),
		Late: int64(q.Late), Concealed: int64(q.Concealed), Jitter: ms(q.Jitter)}
	if q.RoundTrip > 0 || q.FarLost > 0 || q.FarJitter > 0 { // it has sent a report
		lost, jitter := round2(q.FarLost*100), ms(q.FarJitter)
		c.Quality.FarLost, c.Quality.FarJitter = &lost, &jitter
	}
	if q.RoundTrip > 0 {
		trip := ms(q.RoundTrip)
		c.Quality.RoundTrip = &trip
	}
}

// ms is d in milliseconds, to the hundredth.
func ms(d time.Duration) float64 { return round2(float64(d) / float64(time.Millisecond)) }

func round2(x float64) float64 { return math.Round(x*100) / 100 }
