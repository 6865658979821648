package parley

// Warmth is what was made ready for a call while its phone rang: the payload of EventWarmed.
type Warmth struct {
	Skill  string `json:"skill"` // hearing, thinking, speaking; prompt: the model has read the prompt already
	Vendor string `json:"vendor"`
	// TookMS is how long it took, SavedMS what of it the call need not wait for any more, in ms to the tenth. That of a prompt only the
	// vendor could tell: it is 0.
	TookMS  float64 `json:"took_ms"`
	SavedMS float64 `json:"saved_ms"`
	Open    bool    `json:"already_open,omitempty"` // a connection of an earlier call was still there
	Resumed bool    `json:"tls_resumed,omitempty"`  // the TLS handshake was a short one
	Skipped string  `json:"skipped,omitempty"`      // why nothing was done
	Error   string  `json:"error,omitempty"`
	// What a prompt cost; it is in the call's usage. Cached tokens are among the tokens in: the vendor knew them already.
	TokensIn     int `json:"tokens_in,omitempty"`
	TokensOut    int `json:"tokens_out,omitempty"`
	TokensCached int `json:"tokens_cached,omitempty"`
}
