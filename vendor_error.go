package parley

import "fmt"

// A VendorCode is what kind of failure a vendor had; it is a metric label, so the list is closed.
type VendorCode string

const (
	VendorUnauthorized VendorCode = "unauthorized" // 401, 403: the key is missing, wrong or not allowed to
	VendorRateLimited  VendorCode = "rate_limited" // 429: too many requests, or the account is out of credit
	VendorRefused      VendorCode = "refused"      // other 4xx: the request itself is wrong; asking again is useless
	VendorUnavailable  VendorCode = "unavailable"  // 5xx, connection refused, dropped or closed early
	VendorTimeout      VendorCode = "timeout"      // nothing useful in time
	VendorBadOutput    VendorCode = "bad_output"   // what came back cannot be read
	VendorUnsupported  VendorCode = "unsupported"  // the vendor cannot do what was asked: a language, a voice
	VendorEmpty        VendorCode = "empty"        // an answer without words
	VendorSlow         VendorCode = "slow"         // another that was asked beside it was sooner
	VendorShunned      VendorCode = "shunned"      // not asked: it has kept failing, its breaker is open
)

// A VendorError is a failure of a vendor that hears, thinks or speaks. Message never holds a key.
type VendorError struct {
	Vendor  string // deepgram, openai, …
	Code    VendorCode
	Status  int    // HTTP status or websocket close code, 0 when there was none
	Message string // one line, the vendor's own words where it gave any
	Err     error  // what caused it; may be nil
}

func (e *VendorError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s: %s (%d): %s", e.Vendor, e.Code, e.Status, e.Message)
	}
	return fmt.Sprintf("%s: %s: %s", e.Vendor, e.Code, e.Message)
}

func (e *VendorError) Unwrap() error { return e.Err }

// Temporary reports whether the same request may succeed when it is made again.
func (e *VendorError) Temporary() bool {
	switch e.Code {
	case VendorUnavailable, VendorTimeout, VendorRateLimited:
		return true
	}
	return false
}
