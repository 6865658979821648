package call

import (
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
)

// used is what a conversation used, as the call shows it.
func used(u conversation.Usage) parley.Usage {
	e := u.Early
	return parley.Usage{STTSeconds: seconds2(u.STT), LLMTokensIn: int64(u.TokensIn), LLMTokensOut: int64(u.TokensOut), TTSCharacters: int64(u.TTSCharacters),
		Early: parley.Early{Used: int64(e.Used), Discarded: int64(e.Discarded),
			LLMTokensIn: int64(e.TokensIn), LLMTokensOut: int64(e.TokensOut), TTSCharacters: int64(e.TTSCharacters)}}
}

// seconds2 is d in seconds, to the hundredth.
func seconds2(d time.Duration) float64 { return float64(d.Milliseconds()/10) / 100 }

// charge completes what a call has used, and what that costs by the operator's prices.
func (s *Switchboard) charge(line *line) {
	c := line.call
	c.Usage.LLMTokensIn += int64(line.warming.tokens.In)
	c.Usage.LLMTokensOut += int64(line.warming.tokens.Out)
	if !c.Start.IsZero() {
		c.Usage.TelephonySeconds = seconds2(max(c.End.Sub(c.Start), 0) + line.other)
	}
	if s.Prices == nil {
		return
	}
	cost, missing := s.Prices.cost(c.Usage, line.ready.Vendors, c.Telephony)
	for _, m := range missing {
		line.facts.warn("prices", "the price file has no price for "+m+": what the call costs is not known")
	}
	if len(missing) == 0 {
		c.Usage.Cost = &cost
	}
}
