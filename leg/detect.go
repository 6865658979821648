package leg

// An Answerer is who answered a call of ours, as the carrier's own detector has it. It may be wrong.
type Answerer uint8

// What carriers tell apart. One that is not sure says nothing.
const (
	HumanAnswered Answerer = iota + 1
	MachineAnswered
	FaxAnswered
)
