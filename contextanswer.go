package parley

// ContextAnswer is what came of asking a context endpoint about whoever is at the other end of a call: the payload of EventContext.
// Values stand on the call, in its context.
type ContextAnswer struct {
	Field   string   `json:"field"`              // context_endpoint, prompt.context_endpoint
	TookMS  float64  `json:"took_ms"`            //
	Cached  bool     `json:"cached,omitempty"`   // an answer was given again
	Status  int      `json:"status,omitempty"`   // of HTTP; 0: there was no answer
	Names   []string `json:"names"`              // of the variables it gave
	LeftOut []string `json:"left_out,omitempty"` // what cannot be a variable, and why
	Error   string   `json:"error,omitempty"`
}
