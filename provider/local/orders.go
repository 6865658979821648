package local

import "time"

// The work a worker may be ordered to do.
const (
	workPrepare = "prepare" // build the models for the telephone into Cache, and end
	workHear    = "hear"
	workSpeak   = "speak"
)

// An orderBody is the first message to a worker.
type orderBody struct {
	Work  string
	Cache string // prepare: where the models go
	Model string // hear: the directory that prepare made
	Voice string // speak: voice to load at once
}

// An expectation is what the caller may say. It builds the search.
type expectation struct {
	Phrases  []string
	Keywords map[string]float64
}

// A result is something heard.
type result struct {
	Text                string
	Final, End, Started bool
	Words               []timedWord
	At                  time.Duration // of the sound that was heard by then
}

type timedWord struct {
	Text       string
	Start, End time.Duration // since the first sound
}

// An utterance is a sentence to be spoken.
type utterance struct {
	Voice, Text string
	Rate, Pitch float64
}

// spokenBody tells the rate of the sound to come, and where words end in it.
type spokenBody struct {
	Rate   int
	Tokens []token
}

// A token is a stretch of the text in bytes, and when it ends.
type token struct {
	Len int
	End time.Duration
}
