// Package turn decides whose turn it is: voice activity, end of turn, interruptions, backchannels. State machines that are
// told everything and do nothing; no I/O, no clock, no goroutine.
package turn

// Options are the agent's dials, as in the contract.
type Options struct {
	Language               string  // contract code; "" is en
	InterruptSensitivity   string  // low (default), high
	EndpointingSensitivity string  // auto (default), relaxed, sensitive
	Speed                  float64 // conversation_speed: divides every wait; 0 is 1
	Dynamic                bool    // enable_dynamic_turns
	DynamicMinWait         float64 // seconds, 0.2
	DynamicMaxSilence      float64 // seconds, 3
	MinVolume              float64 // 0–100, % of full-scale RMS; below counts as silence
}
