package sip

import "github.com/parley-voice/parley/leg"

var _ leg.Measured = (*call)(nil)

// Quality implements leg.Measured.
func (c *call) Quality() leg.Quality {
	s := c.stream.Stats()
	return leg.Quality{
		Codec: s.Codec.String(), Encrypted: s.Encrypted, Sent: s.Sent, Received: s.Received, Lost: s.Lost, Late: s.Late, Concealed: s.Concealed, Jitter: s.Jitter,
		FarLost: s.FarLost, FarJitter: s.FarJitter, RoundTrip: s.RoundTrip,
	}
}
